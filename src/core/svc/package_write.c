/* SPDX-License-Identifier: MIT */
#include "svc/package_write.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "svc/package_read.h"
#include "svc/sign.h"
#include "svc/template.h"
#include "util/slurp.h"
#include "util/str.h"

#define BLOCK        65536
#define TEMPLATE_MAX (1u << 20)

/* A file on its way in. */
struct source {
	char *path, *from; /* member; local file */
	unsigned mode;
	int64_t size;
	char sha256[SHA256_HEX];
};

struct sources {
	struct source *v;
	size_t n, cap;
};

static void sources_release(struct sources *s)
{
	for (size_t i = 0; i < s->n; i++) {
		free(s->v[i].path);
		free(s->v[i].from);
	}
	vec_release(s);
}

static int by_path(const void *a, const void *b)
{
	return strcmp(((const struct source *)a)->path, ((const struct source *)b)->path);
}

char *package_file_name(const char *app, const char *version)
{
	autostr s = STR_INIT;

	str_addf(&s, "%s-", app);
	for (const char *p = version; *p; p++)
		*p == ':' ? str_add(&s, "%3a") : str_addc(&s, *p);
	str_add(&s, ".sxa");
	return str_steal(&s);
}

int package_load_wrapper(const char *dir, struct yaml **doc, struct wrapper *w, struct err *e)
{
	autofree char *path = str_fmt("%s/" WRAPPER_FILE, dir);
	int r;

	if (access(path, F_OK) != 0)
		return err_set(e, E_NOTFOUND,
			"%s is no wrapper directory: there is no " WRAPPER_FILE " in it", dir);
	if ((r = yaml_load(doc, path, NULL, e)) < 0)
		return r;
	return wrapper_read(w, yaml_root(*doc), e);
}

/* ---- what goes in ---- */

static int add_source(struct sources *all, const char *path, const char *from, unsigned mode,
	struct err *e)
{
	struct source s = {.mode = mode};
	int r = sha256_file(from, s.sha256, &s.size, e);

	if (r < 0)
		return r;
	s.path = mem_strdup(path);
	s.from = mem_strdup(from);
	vec_push(all, s);
	return 0;
}

static bool is_left_out(const char *name)
{
	return name[0] == '.' || str_ends(name, "~");
}

static int add_file(struct sources *all, FTSENT *f, const char *rel, struct err *e)
{
	if (f->fts_info != FTS_F)
		return err_set(e, E_USAGE, "%s is %s: a wrapper holds regular files only",
			f->fts_path,
			f->fts_info == FTS_SL || f->fts_info == FTS_SLNONE ? "a link"
									   : "a special file");
	if (f->fts_statp->st_mode & 07000)
		return err_set(e, E_USAGE, "%s has the set-uid, set-gid or sticky bit",
			f->fts_path);
	if (!ident_is_path(rel) || !str_is_utf8(rel, strlen(rel)))
		return err_set(e, E_USAGE, "%s: its name cannot stand in a package", f->fts_path);
	if (strcmp(rel, PACKAGE_MANIFEST) == 0 || str_starts(rel, "packages/"))
		return err_set(e, E_USAGE, "%s: the name %s is taken by the package itself",
			f->fts_path, rel);
	return add_source(all, rel, f->fts_accpath, f->fts_statp->st_mode & 0100 ? 0755 : 0644, e);
}

static int add_tree(struct sources *all, const char *dir, struct err *e)
{
	autofree char *top = mem_strdup(dir);
	char *const roots[] = {top, NULL};
	FTS *fts = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
	FTSENT *f;
	int r = 0;

	while (fts && r == 0 && (f = fts_read(fts))) {
		const char *rel = f->fts_path + strlen(dir);

		rel += strspn(rel, "/");
		if (f->fts_level > 0 && is_left_out(f->fts_name))
			fts_set(fts, f, FTS_SKIP);
		else if (f->fts_info == FTS_ERR || f->fts_info == FTS_DNR || f->fts_info == FTS_NS)
			r = err_set(e, E_FAIL, "%s: %s", f->fts_path, strerror(f->fts_errno));
		else if (f->fts_info != FTS_D && f->fts_info != FTS_DP &&
			 strcmp(rel, WRAPPER_FILE) != 0)
			r = add_file(all, f, rel, e);
	}
	if (!fts)
		return err_sys(e, "%s", dir);
	fts_close(fts);
	return r;
}

static int add_bundle(struct sources *all, const struct lock_platform *pl, const char *cache,
	struct err *e)
{
	for (size_t i = 0; i < pl->packages.n; i++) {
		const struct apt_package *p = &pl->packages.v[i];
		autofree char *from = str_fmt("%s/%s.deb", cache, p->sha256);
		autostr path = STR_INIT;
		int r;

		str_addf(&path, "packages/%s/%s_", pl->name, p->name);
		for (const char *v = p->version; *v; v++)
			*v == ':' ? str_add(&path, "%3a") : str_addc(&path, *v);
		str_addf(&path, "_%s.deb", p->arch);
		if ((r = add_source(all, str_c(&path), from, 0644, e)) < 0)
			return r;
		if (strcmp(all->v[all->n - 1].sha256, p->sha256) != 0)
			return err_set(e, E_INTEGRITY, "%s is not what the lock names", from);
	}
	return 0;
}

/* ---- the manifest ---- */

static void emit(struct str *s, const struct yaml_node *n, int depth);

static void emit_scalar(struct str *s, const struct yaml_node *n)
{
	if (n->quoted)
		yaml_emit_scalar(s, n->text);
	else
		str_add(s, n->text); /* plain it was read, plain it is written */
	str_addc(s, '\n');
}

static void emit_child(struct str *s, const struct yaml_node *n, int depth)
{
	if (n->kind == YAML_SCALAR) {
		str_addc(s, ' ');
		emit_scalar(s, n);
	} else if (n->n == 0) {
		str_add(s, n->kind == YAML_MAP ? " {}\n" : " []\n");
	} else {
		str_addc(s, '\n');
		emit(s, n, depth);
	}
}

static void emit(struct str *s, const struct yaml_node *n, int depth)
{
	for (size_t i = 0; i < n->n; i++) {
		str_addf(s, "%*s", depth * 2, "");
		if (n->kind == YAML_MAP) {
			yaml_emit_scalar(s, n->keys[i]->text);
			str_addc(s, ':');
		} else {
			str_addc(s, '-');
		}
		emit_child(s, n->items[i], depth + 1);
	}
}

static void make_manifest(struct str *s, const struct yaml_node *root, const char *version,
	const struct sources *all)
{
	str_addf(s, "format: 1\nversion: \"%s\"\nwrapper:\n", version);
	emit(s, root, 1);
	str_add(s, all->n ? "members:\n" : "members: []\n");
	for (size_t i = 0; i < all->n; i++) {
		const struct source *f = &all->v[i];

		str_add(s, "  - path: ");
		yaml_emit_scalar(s, f->path);
		str_addf(s, "\n    size: %lld\n    sha256: \"%s\"\n    mode: \"%04o\"\n",
			(long long)f->size, f->sha256, f->mode);
	}
}

/* ---- trying the templates ---- */

/* Any setting has a value; what counts is that the name is one and the syntax holds. */
static bool pretend(void *arg, const char *name, struct template_value *out)
{
	static const char *const items[] = {"item"};
	const struct wrapper_setting *s = wrapper_setting(arg, name);

	if (!s)
		return false;
	if (s->type.kind == TYPED_LIST)
		*out = (struct template_value){.list = items, .n = 1, .truth = true};
	else
		*out = (struct template_value){.text = "value", .truth = true};
	return true;
}

int package_try_template(const char *dir, const struct wrapper *w, const struct wrapper_template *t,
	struct err *e)
{
	autofree char *path = str_fmt("%s/%s", dir, t->from);
	autostr text = STR_INIT, out = STR_INIT;
	int r = slurp(path, TEMPLATE_MAX, &text, e);

	return r < 0 ? r
	             : template_render(path, str_c(&text), text.len, pretend, (void *)w, &out, e);
}

static int try_templates(const char *dir, const struct wrapper *w, struct err *e)
{
	int r = 0;

	for (size_t i = 0; i < w->templates.n && r == 0; i++)
		r = package_try_template(dir, w, &w->templates.v[i], e);
	return r;
}

/* ---- writing ---- */

static void out_cleanup(struct archive **a)
{
	if (*a)
		archive_write_free(*a);
}

static void entry_cleanup(struct archive_entry **en)
{
	archive_entry_free(*en);
}

static int out_error(struct archive *a, struct err *e)
{
	return err_set(e, archive_errno(a) == ENOSPC ? E_LIMIT : E_FAIL,
		"cannot write the package: %s", archive_error_string(a));
}

static int put_header(struct archive *a, const char *path, int64_t size, unsigned mode,
	struct err *e)
{
	autoclean(entry_cleanup) struct archive_entry *en = archive_entry_new();

	archive_entry_copy_pathname(en, path);
	archive_entry_set_filetype(en, AE_IFREG);
	archive_entry_set_perm(en, mode);
	archive_entry_set_size(en, size);
	archive_entry_set_mtime(en, 0, 0);
	archive_entry_set_uid(en, 0);
	archive_entry_set_gid(en, 0);
	return archive_write_header(a, en) == ARCHIVE_OK ? 0 : out_error(a, e);
}

static int put_source(struct archive *a, const struct source *f, struct err *e)
{
	autoclose int fd = open(f->from, O_RDONLY | O_CLOEXEC);
	char buf[BLOCK];
	ssize_t n;
	int r;

	if (fd < 0)
		return err_sys(e, "%s", f->from);
	if ((r = put_header(a, f->path, f->size, f->mode, e)) < 0)
		return r;
	while ((n = read(fd, buf, sizeof(buf))) > 0)
		if (archive_write_data(a, buf, (size_t)n) != n)
			return out_error(a, e);
	return n < 0 ? err_sys(e, "%s", f->from) : 0;
}

static bool all_ascii(const struct sources *all)
{
	for (size_t i = 0; i < all->n; i++)
		for (const char *p = all->v[i].path; *p; p++)
			if ((unsigned char)*p >= 0x80)
				return false;
	return true;
}

static int write_archive(const char *path, const struct str *manifest, const struct sources *all,
	struct err *e)
{
	autoclean(out_cleanup) struct archive *a = archive_write_new();
	int r;

	archive_write_set_format_pax_restricted(a);
	archive_write_add_filter_zstd(a);
	archive_write_set_options(a, "zstd:compression-level=6");
	if (!all_ascii(all)) /* names go in as the bytes they are, whatever the locale */
		archive_write_set_options(a, "hdrcharset=BINARY");
	if (archive_write_open_filename(a, path) != ARCHIVE_OK)
		return out_error(a, e);
	if ((r = put_header(a, PACKAGE_MANIFEST, (int64_t)manifest->len, 0644, e)) < 0)
		return r;
	if (archive_write_data(a, manifest->p, manifest->len) != (la_ssize_t)manifest->len)
		return out_error(a, e);
	for (size_t i = 0; i < all->n; i++)
		if ((r = put_source(a, &all->v[i], e)) < 0)
			return r;
	return archive_write_close(a) == ARCHIVE_OK ? 0 : out_error(a, e);
}

static int read_back(const char *path, const char *label, struct err *e)
{
	autoclose int fd = open(path, O_RDONLY | O_CLOEXEC);
	autopackage *p = NULL;

	if (fd < 0 || fsync(fd) < 0)
		return err_sys(e, "%s", path);
	return package_read(fd, label, &p, e);
}

static int gather(struct sources *all, const char *dir, const struct package_lock *lock,
	const char *cache, struct err *e)
{
	int r = add_tree(all, dir, e);

	for (size_t i = 0; i < lock->platforms.n && r == 0; i++)
		r = add_bundle(all, &lock->platforms.v[i], cache, e);
	if (r == 0 && all->n)
		qsort(all->v, all->n, sizeof(*all->v), by_path);
	return r;
}

/* Is every file there that the wrapper speaks of? */
static int check_complete(const struct sources *all, const char *dir, const struct wrapper *w,
	struct err *e)
{
	struct package_members m = {0};
	int r;

	for (size_t i = 0; i < all->n; i++) {
		struct package_member one = {.path = all->v[i].path, .mode = all->v[i].mode};

		vec_push(&m, one);
	}
	r = package_members_complete(&m, w, e);
	vec_release(&m);
	return r < 0 ? err_wrap(e, "%s", dir) : 0;
}

int package_write(const char *dir, const struct yaml_node *root, const struct wrapper *w,
	const struct package_lock *lock, const char *cache, const char *path, struct err *e)
{
	autoclean(sources_release) struct sources all = {0};
	autofree char *tmp = str_fmt("%s.part", path);
	autostr manifest = STR_INIT;
	int r;

	if ((r = gather(&all, dir, lock, cache, e)) < 0 ||
		(r = check_complete(&all, dir, w, e)) < 0 || (r = try_templates(dir, w, e)) < 0)
		return r;
	make_manifest(&manifest, root, lock->version, &all);
	r = write_archive(tmp, &manifest, &all, e);
	if (r == 0)
		r = read_back(tmp, dir, e);
	if (r == 0 && rename(tmp, path) < 0)
		r = err_sys(e, "%s", path);
	if (r < 0)
		unlink(tmp);
	return r;
}
