/* SPDX-License-Identifier: MIT */
#include "svc/package_check.h"

#include <archive.h>
#include <archive_entry.h>
#include <stdlib.h>
#include <string.h>

#include "svc/sign.h"

int package_refuse(struct err *e, const char *label, const char *name, const char *why)
{
	autostr clean = STR_INIT;

	if (!name)
		return err_set(e, E_INTEGRITY, "%s refused: %s", label, why);
	str_add_clean(&clean, name, strnlen(name, 200), false);
	return err_set(e, E_INTEGRITY, "%s refused: %s: %s", label, str_c(&clean), why);
}

/* ---- the manifest's list ---- */

static int read_member(const struct yaml_node *n, struct package_member *m, struct err *e)
{
	static const char *const keys[] = {"path", "size", "sha256", "mode", NULL};
	const char *mode;
	int r = yaml_only_keys(n, keys, e);

	*m = (struct package_member){0};
	if (r < 0 || (r = yaml_text(yaml_get(n, "path"), "path", &m->path, e)) < 0 ||
		(r = yaml_i64(yaml_get(n, "size"), "size", 0, PACKAGE_MAX_UNPACKED, &m->size, e)) <
			0 ||
		(r = yaml_text(yaml_get(n, "sha256"), "sha256", &m->sha256, e)) < 0 ||
		(r = yaml_text(yaml_get(n, "mode"), "mode", &mode, e)) < 0)
		return r;
	if (!ident_is_path(m->path) || strcmp(m->path, PACKAGE_MANIFEST) == 0)
		return yaml_err(e, n, "path must be relative, without empty, . and .. parts");
	if (!sha256_is_hex(m->sha256))
		return yaml_err(e, n, "sha256 must be 64 digits 0-9 a-f");
	if (strcmp(mode, "0644") != 0 && strcmp(mode, "0755") != 0)
		return yaml_err(e, n, "mode must be \"0644\" or \"0755\"");
	m->mode = mode[2] == '4' ? 0644 : 0755;
	return 0;
}

/* A file that stands where another member needs a directory: "a" and "a/b". */
static bool is_below(const char *path, const char *file)
{
	size_t n = strlen(file);

	return strncmp(path, file, n) == 0 && path[n] == '/';
}

static const struct package_member *file_above(const struct package_members *m, const char *path)
{
	for (size_t i = m->n; i-- > 0;)
		if (is_below(path, m->v[i].path))
			return &m->v[i];
	return NULL;
}

int package_members_read(struct package_members *m, const struct yaml_node *list, struct err *e)
{
	int64_t total = 0;
	int r = yaml_need_list(list, "members", e);

	if (r == 0 && list->n > PACKAGE_MAX_MEMBERS)
		return yaml_err(e, list, "more than %d members", PACKAGE_MAX_MEMBERS);
	for (size_t i = 0; r == 0 && i < list->n; i++) {
		struct package_member one;

		if ((r = read_member(list->items[i], &one, e)) < 0)
			return r;
		if (m->n && strcmp(m->v[m->n - 1].path, one.path) >= 0)
			return yaml_err(e, list->items[i],
				"members must be sorted, each there once");
		if (file_above(m, one.path))
			return yaml_err(e, list->items[i], "path lies below that of a file");
		if ((total += one.size) > PACKAGE_MAX_UNPACKED)
			return yaml_err(e, list->items[i],
				"members are larger than 4 GiB together");
		vec_push(m, one);
	}
	return r;
}

static int by_path(const void *key, const void *member)
{
	return strcmp(key, ((const struct package_member *)member)->path);
}

struct package_member *package_member_find(const struct package_members *m, const char *path)
{
	return m->n ? bsearch(path, m->v, m->n, sizeof(*m->v), by_path) : NULL;
}

int package_members_complete(const struct package_members *m, const struct wrapper *w,
	struct err *e)
{
	for (size_t i = 0; i < w->templates.n; i++)
		if (!package_member_find(m, w->templates.v[i].from))
			return err_set(e, E_USAGE, "the template %.200s is not there",
				w->templates.v[i].from);
	for (int i = 0; i < SCRIPT_COUNT; i++) {
		const struct package_member *p = w->scripts[i]
		                                         ? package_member_find(m, w->scripts[i])
		                                         : NULL;

		if (w->scripts[i] && (!p || p->mode != 0755))
			return err_set(e, E_USAGE,
				"the script %.200s is not there or not executable", w->scripts[i]);
	}
	return 0;
}

/* ---- entries of the archive ---- */

static const char *bad_type(struct archive_entry *en)
{
	if (archive_entry_hardlink(en) || archive_entry_hardlink_utf8(en))
		return "is a hard link: a package holds regular files only";
	switch (archive_entry_filetype(en)) {
	case AE_IFREG:
		return NULL;
	case AE_IFLNK:
		return "is a symbolic link: a package holds regular files only";
	case AE_IFDIR:
		return "is a directory: a package holds regular files only";
	case AE_IFCHR:
	case AE_IFBLK:
		return "is a device";
	case AE_IFIFO:
	case AE_IFSOCK:
		return "is a pipe or socket";
	default:
		return "is of an unknown kind";
	}
}

static const char *bad_name(const char *name)
{
	if (!str_is_utf8(name, strlen(name)))
		return "its name is not UTF-8";
	if (name[0] == '/')
		return "its path is absolute";
	if (ident_is_path(name))
		return NULL;
	for (const char *p = name; *p; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			return "its name holds control characters";
	return "its path leads outward or is not plain";
}

static const char *bad_extra(struct archive_entry *en)
{
	if (archive_entry_mode(en) & 07000)
		return "has the set-uid, set-gid or sticky bit";
	if (archive_entry_sparse_count(en) > 0)
		return "is sparse";
	if (archive_entry_xattr_count(en) > 0 || archive_entry_acl_types(en) != 0)
		return "has extended attributes";
	return NULL;
}

int package_entry_name(struct archive_entry *en, const char *label, const char **name,
	struct err *e)
{
	const char *n = archive_entry_pathname(en), *why;

	if (!n)
		n = archive_entry_pathname_utf8(en);
	if (!n)
		return package_refuse(e, label, NULL, "an entry has a name that is not UTF-8");
	if ((why = bad_name(n)) || (why = bad_type(en)) || (why = bad_extra(en)))
		return package_refuse(e, label, n, why);
	*name = n;
	return 0;
}

int package_entry_check(struct archive_entry *en, const char *name, const struct package_members *m,
	size_t at, const char *label, struct err *e)
{
	const struct package_member *want = package_member_find(m, name);

	if (!want)
		return package_refuse(e, label, name, "the manifest lacks it");
	if (want->seen)
		return package_refuse(e, label, name, "is there twice");
	if (want != &m->v[at])
		return package_refuse(e, label, name, "is not in its place");
	if (!archive_entry_size_is_set(en) || archive_entry_size(en) != want->size)
		return package_refuse(e, label, name, "its size is not that of the manifest");
	if ((archive_entry_perm(en) & 0777) != want->mode)
		return package_refuse(e, label, name, "its mode is not that of the manifest");
	return 0;
}
