/* SPDX-License-Identifier: MIT */
#include "util/modinfo.h"

#include <elf.h>
#include <stdint.h>
#include <string.h>

#include "util/mem.h"
#include "util/str.h"

static const char SIGNED[] = "~Module signature appended~\n"; /* kernel: module_signature.h */

struct bytes {
	const char *p;
	size_t n;
};

/* The part of b at `at` that is `n` long; p NULL when b does not have it. */
static struct bytes part(struct bytes b, uint64_t at, uint64_t n)
{
	return at <= b.n && n <= b.n - at ? (struct bytes){b.p + at, n} : (struct bytes){0};
}

static bool header(struct bytes file, Elf64_Ehdr *h)
{
	struct bytes b = part(file, 0, sizeof(*h));

	if (!b.p)
		return false;
	memcpy(h, b.p, sizeof(*h));
	return memcmp(h->e_ident, ELFMAG, SELFMAG) == 0 && h->e_ident[EI_CLASS] == ELFCLASS64 &&
	       h->e_ident[EI_DATA] == ELFDATA2LSB && h->e_type == ET_REL &&
	       h->e_shentsize == sizeof(Elf64_Shdr);
}

static bool section(struct bytes file, const Elf64_Ehdr *h, unsigned i, Elf64_Shdr *s)
{
	struct bytes b = part(file, h->e_shoff, (uint64_t)h->e_shnum * sizeof(*s));

	if (!b.p || i >= h->e_shnum)
		return false;
	memcpy(s, b.p + i * sizeof(*s), sizeof(*s));
	return true;
}

static struct bytes find(struct bytes file, const char *name)
{
	struct bytes names;
	Elf64_Ehdr h;
	Elf64_Shdr s;

	if (!header(file, &h) || !section(file, &h, h.e_shstrndx, &s))
		return (struct bytes){0};
	names = part(file, s.sh_offset, s.sh_size);
	for (unsigned i = 0; names.p && section(file, &h, i, &s); i++) {
		struct bytes b = part(names, s.sh_name, strlen(name) + 1);

		if (b.p && memcmp(b.p, name, b.n) == 0)
			return part(file, s.sh_offset, s.sh_size);
	}
	return (struct bytes){0};
}

static void take(struct modinfo *m, const char *text)
{
	const struct {
		const char *key;
		const char **value;
	} keys[] = {{"name=", &m->name}, {"version=", &m->version}, {"srcversion=", &m->srcversion},
		{"vermagic=", &m->vermagic}};

	for (size_t i = 0; i < ARRAY_LEN(keys); i++)
		if (str_starts(text, keys[i].key))
			*keys[i].value = text + strlen(keys[i].key);
}

/* It becomes a directory's name. */
static bool release_of(const char *vermagic, char out[80])
{
	size_t n = strcspn(vermagic, " ");

	if (n == 0 || n >= 80 || vermagic[0] == '.' || memchr(vermagic, '/', n))
		return false;
	memcpy(out, vermagic, n);
	out[n] = '\0';
	return true;
}

int modinfo_parse(const char *p, size_t n, struct modinfo *out, struct err *e)
{
	struct bytes file = {p, n}, info = find(file, ".modinfo");
	size_t len, end = sizeof(SIGNED) - 1;

	*out = (struct modinfo){0};
	for (size_t at = 0; at < info.n; at += len + 1) {
		len = strnlen(info.p + at, info.n - at);
		if (at + len < info.n)
			take(out, info.p + at);
	}
	if (!out->vermagic || !release_of(out->vermagic, out->release))
		return err_set(e, E_INTEGRITY, "it is not a kernel module");
	out->is_signed = n >= end && memcmp(p + n - end, SIGNED, end) == 0;
	return 0;
}
