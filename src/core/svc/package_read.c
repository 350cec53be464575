/* SPDX-License-Identifier: MIT */
#include "svc/package_read.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "util/str.h"

#define BLOCK 65536

/* One pass over the archive; out >= 0: contents go there. */
struct pass {
	struct archive *a;
	struct package *p;
	const char *label;
	int dir; /* -1: look only */
	struct err *e;
};

void package_free(struct package *p)
{
	if (!p)
		return;
	wrapper_release(&p->wrapper);
	vec_release(&p->members);
	yaml_doc_free(p->doc);
	free(p->manifest);
	free(p);
}

void package_cleanup(struct package **p)
{
	package_free(*p);
}

static void archive_cleanup(struct archive **a)
{
	if (*a)
		archive_read_free(*a);
}

/* ---- the manifest ---- */

static int read_tree(struct package *p, const char *label, struct err *e)
{
	static const char *const keys[] = {"format", "version", "wrapper", "members", NULL};
	const struct yaml_node *root;
	int64_t format;
	int r = yaml_parse(&p->doc, label, p->manifest, strlen(p->manifest), e);

	if (r < 0)
		return r;
	root = yaml_root(p->doc);
	if ((r = yaml_only_keys(root, keys, e)) < 0 ||
		(r = yaml_i64(yaml_get(root, "format"), "format", 1, 1, &format, e)) < 0 ||
		(r = yaml_text(yaml_get(root, "version"), "version", &p->version, e)) < 0)
		return r;
	if (!ident_is_version(p->version))
		return yaml_err(e, yaml_get(root, "version"), "this is no version");
	if ((r = wrapper_read(&p->wrapper, yaml_get(root, "wrapper"), e)) < 0 ||
		(r = package_members_read(&p->members, yaml_get(root, "members"), e)) < 0)
		return r;
	vec_each(&p->members, m)
		p->unpacked += m->size;
	return package_members_complete(&p->members, &p->wrapper, e);
}

int package_read_manifest(const char *text, size_t n, const char *label, struct package **out,
	struct err *e)
{
	autopackage *p = mem_zalloc(sizeof(*p));
	autofree char *name = str_fmt("%s:%s", label, PACKAGE_MANIFEST);
	struct err why;

	if (memchr(text, '\0', n))
		return package_refuse(e, label, PACKAGE_MANIFEST, "holds a NUL byte");
	p->manifest = mem_strndup(text, n);
	if (read_tree(p, name, &why) < 0)
		return err_set(e, E_INTEGRITY, "%s refused: %s", label, why.msg);
	*out = steal(&p);
	return 0;
}

/* ---- reading the archive ---- */

static int damaged(struct pass *s)
{
	const char *why = archive_error_string(s->a);

	return package_refuse(s->e, s->label, NULL, why ? why : "it is damaged");
}

static int open_archive(struct pass *s, int fd)
{
	if (lseek(fd, 0, SEEK_SET) < 0)
		return err_sys(s->e, "%s", s->label);
	s->a = archive_read_new();
	archive_read_support_filter_zstd(s->a);
	archive_read_support_format_tar(s->a);
	return archive_read_open_fd(s->a, fd, BLOCK) == ARCHIVE_OK ? 0 : damaged(s);
}

/* 1 with an entry whose name is fit, 0 at the end. */
static int next_entry(struct pass *s, struct archive_entry **en, const char **name)
{
	int rc = archive_read_next_header(s->a, en), r;

	if (rc == ARCHIVE_EOF)
		return 0;
	if (rc < ARCHIVE_WARN)
		return damaged(s);
	if ((r = package_entry_name(*en, s->label, name, s->e)) < 0)
		return r;
	return rc == ARCHIVE_OK ? 1 : damaged(s);
}

static int read_manifest(struct pass *s, struct str *text)
{
	struct archive_entry *en;
	const char *name;
	char buf[4096];
	la_ssize_t n;
	int r = next_entry(s, &en, &name);

	if (r < 0)
		return r;
	if (r == 0 || strcmp(name, PACKAGE_MANIFEST) != 0)
		return package_refuse(s->e, s->label, r ? name : NULL,
			"a package begins with " PACKAGE_MANIFEST);
	while ((n = archive_read_data(s->a, buf, sizeof(buf))) > 0) {
		str_addn(text, buf, (size_t)n);
		if (text->len > PACKAGE_MAX_MANIFEST)
			return package_refuse(s->e, s->label, name, "is larger than 1 MiB");
	}
	return n < 0 ? damaged(s) : 0;
}

static int write_all(int fd, const char *p, size_t n, struct err *e)
{
	while (n > 0) {
		ssize_t w = write(fd, p, n);

		if (w < 0 && errno == EINTR)
			continue;
		if (w < 0)
			return err_sys(e, "cannot unpack");
		p += w;
		n -= (size_t)w;
	}
	return 0;
}

static int copy_member(struct pass *s, const struct package_member *m, int out)
{
	char buf[BLOCK], hex[SHA256_HEX];
	unsigned char digest[SHA256_SIZE];
	struct sha256 h;
	int64_t total = 0;
	la_ssize_t n;
	int r;

	sha256_init(&h);
	while ((n = archive_read_data(s->a, buf, sizeof(buf))) > 0) {
		if ((total += n) > m->size)
			return package_refuse(s->e, s->label, m->path,
				"is larger than the manifest says");
		sha256_add(&h, buf, (size_t)n);
		if (out >= 0 && (r = write_all(out, buf, (size_t)n, s->e)) < 0)
			return r;
		if (interrupted)
			return err_interrupted(s->e);
	}
	if (n < 0)
		return damaged(s);
	sha256_end(&h, digest);
	sha256_hex(digest, hex);
	if (total != m->size || strcmp(hex, m->sha256) != 0)
		return package_refuse(s->e, s->label, m->path,
			"its digest is not that of the manifest");
	return 0;
}

/* ---- writing below a directory ---- */

/* Each directory of the path, one part after the other, never through a link. */
static int open_parent(int dir, const char *path, const char **last, struct err *e)
{
	int at = dup(dir);

	for (const char *slash; at >= 0 && (slash = strchr(path, '/')); path = slash + 1) {
		autofree char *part = mem_strndup(path, (size_t)(slash - path));
		autoclose int above = at;

		if (mkdirat(above, part, 0755) < 0 && errno != EEXIST)
			return err_sys(e, "%s", part);
		at = openat(above, part, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	}
	*last = path;
	return at < 0 ? err_sys(e, "%s", path) : at;
}

static int create_member(struct pass *s, const struct package_member *m)
{
	struct open_how how = {.flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
		.mode = m->mode,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS};
	const char *last = NULL;
	autoclose int parent = open_parent(s->dir, m->path, &last, s->e);
	int fd;

	if (parent < 0)
		return parent;
	fd = (int)syscall(SYS_openat2, parent, last, &how, sizeof(how));
	return fd < 0 ? err_sys(s->e, "cannot unpack %s", m->path) : fd;
}

static int take_member(struct pass *s, const struct package_member *m)
{
	autoclose int out = -1;
	int r;

	if (s->dir < 0)
		return copy_member(s, m, -1);
	if ((out = create_member(s, m)) < 0)
		return out;
	r = copy_member(s, m, out);
	return r == 0 && fchmod(out, m->mode) < 0 ? err_sys(s->e, "%s", m->path) : r;
}

static int take_members(struct pass *s)
{
	struct archive_entry *en;
	const char *name;
	size_t at = 0;
	int r;

	vec_each(&s->p->members, m)
		m->seen = false;
	while ((r = next_entry(s, &en, &name)) > 0) {
		struct package_member *m = package_member_find(&s->p->members, name);

		r = package_entry_check(en, name, &s->p->members, at, s->label, s->e);
		if (r < 0 || (r = take_member(s, m)) < 0)
			return r;
		m->seen = true;
		at++;
	}
	if (r == 0 && at < s->p->members.n)
		return package_refuse(s->e, s->label, s->p->members.v[at].path, "is missing");
	return r;
}

int package_read(int fd, const char *label, struct package **out, struct err *e)
{
	autoclean(archive_cleanup) struct archive *a = NULL;
	autopackage *p = NULL;
	autostr text = STR_INIT;
	char digest[SHA256_HEX];
	struct pass s = {.label = label, .dir = -1, .e = e};
	int64_t size;
	int r;

	if (lseek(fd, 0, SEEK_SET) < 0)
		return err_sys(e, "%s", label);
	if ((r = sha256_fd(fd, digest, &size, e)) < 0)
		return err_wrap(e, "%s", label);
	r = open_archive(&s, fd);
	a = s.a;
	if (r < 0 || (r = read_manifest(&s, &text)) < 0 ||
		(r = package_read_manifest(str_c(&text), text.len, label, &p, e)) < 0)
		return r;
	s.p = p;
	if ((r = take_members(&s)) < 0)
		return r;
	memcpy(p->digest, digest, sizeof(digest));
	p->size = size;
	*out = steal(&p);
	return 0;
}

int package_unpack(int fd, struct package *p, int dir, const char *label, struct err *e)
{
	autoclean(archive_cleanup) struct archive *a = NULL;
	autostr text = STR_INIT;
	struct pass s = {.p = p, .label = label, .dir = dir, .e = e};
	int r = open_archive(&s, fd);

	a = s.a;
	if (r < 0 || (r = read_manifest(&s, &text)) < 0)
		return r;
	if (strcmp(str_c(&text), p->manifest) != 0)
		return package_refuse(e, label, PACKAGE_MANIFEST, "changed while it was read");
	if ((r = take_members(&s)) < 0)
		return r;
	return syncfs(dir) < 0 ? err_sys(e, "cannot sync what was unpacked") : 0;
}

int package_check_signature(const char *digest, const char *signature,
	const unsigned char pub[SIGN_PUBLIC_SIZE], const char *label, struct err *e)
{
	unsigned char raw[SHA256_SIZE], sig[SIGN_SIZE];

	if (hex_decode(digest, raw, sizeof(raw)) < 0 || hex_decode(signature, sig, sizeof(sig)) < 0)
		return package_refuse(e, label, NULL, "its signature is not 128 digits 0-9 a-f");
	if (sign_check(pub, raw, sizeof(raw), sig, NULL) < 0)
		return package_refuse(e, label, NULL,
			"its signature was not made with the key that is trusted here");
	return 0;
}
