/* SPDX-License-Identifier: MIT */
/* A module tells its kernel and version; what is cut short or twisted is refused, never overrun. */
#include "util/modinfo.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include "test.h"

/* ELF header, names, .modinfo, then three section headers. */
struct module {
	Elf64_Ehdr h;
	char names[32];
	char info[96];
	Elf64_Shdr s[3];
};

static const char INFO[] = "license=GPL\0name=sxps\0version=0.1.0\0srcversion=ABC\0"
			   "vermagic=6.1.0-9-amd64 SMP preempt ";

static struct module make(void)
{
	struct module m;

	memset(&m, 0, sizeof(m));
	memcpy(m.h.e_ident, ELFMAG, SELFMAG);
	m.h.e_ident[EI_CLASS] = ELFCLASS64;
	m.h.e_ident[EI_DATA] = ELFDATA2LSB;
	m.h.e_type = ET_REL;
	m.h.e_shentsize = sizeof(Elf64_Shdr);
	m.h.e_shnum = 3;
	m.h.e_shstrndx = 1;
	m.h.e_shoff = offsetof(struct module, s);
	memcpy(m.names, "\0.names\0.modinfo", 17);
	memcpy(m.info, INFO, sizeof(INFO));
	m.s[1] = (Elf64_Shdr){.sh_name = 1,
		.sh_offset = offsetof(struct module, names),
		.sh_size = 17};
	m.s[2] = (Elf64_Shdr){.sh_name = 8,
		.sh_offset = offsetof(struct module, info),
		.sh_size = sizeof(INFO)};
	return m;
}

static int parse(const struct module *m, size_t n, struct modinfo *out)
{
	/* Of exactly that size, so that the sanitizers see a byte too many. */
	char *copy = malloc(n ? n : 1);
	struct err e = {0};
	int r;

	memcpy(copy, m, n);
	r = modinfo_parse(copy, n, out, &e);
	if (r == 0)
		CHECK(out->vermagic >= copy && out->vermagic < copy + n);
	free(copy);
	return r;
}

static void test_good(void)
{
	struct module m = make();
	struct modinfo i;
	struct err e = {0};

	CHECK(modinfo_parse((const char *)&m, sizeof(m), &i, &e) == 0);
	CHECK(strcmp(i.name, "sxps") == 0 && strcmp(i.version, "0.1.0") == 0);
	CHECK(strcmp(i.srcversion, "ABC") == 0 && strcmp(i.release, "6.1.0-9-amd64") == 0);
	CHECK(!i.is_signed);
}

static void test_bad(void)
{
	struct module m = make();
	struct modinfo i;

	for (size_t n = 0; n < sizeof(m); n++)
		CHECK(parse(&m, n, &i) == E_INTEGRITY);
	for (size_t at = 0; at < sizeof(m); at++)
		for (int v = 0; v < 256; v += 51) {
			struct module bad = make();

			((unsigned char *)&bad)[at] = (unsigned char)v;
			parse(&bad, sizeof(bad), &i);
		}
	/* It becomes a directory's name. */
	memcpy(memmem(m.info, sizeof(m.info), "6.1.0", 5), "../.0", 5);
	CHECK(parse(&m, sizeof(m), &i) == E_INTEGRITY);
}

int main(void)
{
	test_good();
	test_bad();
	return test_end();
}
