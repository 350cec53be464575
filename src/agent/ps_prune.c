/* SPDX-License-Identifier: MIT */
#include "agent/ps_prune.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "agent/tree.h"
#include "util/mem.h"
#include "util/str.h"

#define CHUNK      65536
#define XATTR_SIZE 65536

struct pruning {
	int image;
	char *a, *b; /* CHUNK bytes each */
};

static int image_open(const struct pruning *p, const char *path, uint64_t flags)
{
	struct open_how how = {.flags = flags | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV};

	return (int)syscall(SYS_openat2, p->image, path, &how, sizeof(how));
}

/* ---- is it the same? ---- */

static bool same_contents(const struct pruning *p, int a, int b)
{
	ssize_t n, k;

	do {
		n = read(a, p->a, CHUNK);
		k = read(b, p->b, CHUNK);
		if (n < 0 || n != k || memcmp(p->a, p->b, (size_t)n) != 0)
			return false;
	} while (n > 0);
	return true;
}

/* Every kept attribute of a stands the same on b; *count says how many. */
static bool attributes_on(const struct pruning *p, int a, int b, int *count)
{
	autofree char *names = mem_alloc(XATTR_SIZE);
	ssize_t n = flistxattr(a, names, XATTR_SIZE), k;

	*count = 0;
	for (const char *x = names; n > 0 && x < names + n; x += strlen(x) + 1) {
		if (!tree_keeps(x))
			continue;
		++*count;
		k = fgetxattr(a, x, p->a, CHUNK);
		if (k < 0 || fgetxattr(b, x, p->b, CHUNK) != k ||
			memcmp(p->a, p->b, (size_t)k) != 0)
			return false;
	}
	return n >= 0 || errno == ENOTSUP;
}

static bool same_attributes(const struct pruning *p, int a, int b)
{
	int na, nb;

	return attributes_on(p, a, b, &na) && attributes_on(p, b, a, &nb) && na == nb;
}

static bool same_stat(const struct stat *a, const struct stat *b)
{
	return a->st_mode == b->st_mode && a->st_uid == b->st_uid && a->st_gid == b->st_gid &&
	       a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

static bool same_open(const struct pruning *p, const struct tree_entry *en, uint64_t flags)
{
	autoclose int a = openat(en->dir, en->name,
		(int)flags | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	autoclose int b = image_open(p, en->path, flags);

	return a >= 0 && b >= 0 && same_attributes(p, a, b) &&
	       (S_ISDIR(en->st->st_mode) || same_contents(p, a, b));
}

static bool same_link(const struct pruning *p, const struct tree_entry *en, int image)
{
	ssize_t n = readlinkat(en->dir, en->name, p->a, PATH_MAX);
	ssize_t k = readlinkat(image, "", p->b, PATH_MAX);

	return n >= 0 && n == k && memcmp(p->a, p->b, (size_t)n) == 0;
}

static bool is_same(const struct pruning *p, const struct tree_entry *en)
{
	autoclose int image = image_open(p, en->path, O_PATH | O_NOFOLLOW);
	struct stat st;

	if (image < 0 || fstat(image, &st) < 0 || !same_stat(&st, en->st))
		return false;
	switch (st.st_mode & S_IFMT) {
	case S_IFREG:
		return st.st_size == en->st->st_size && same_open(p, en, O_RDONLY);
	case S_IFDIR:
		return same_open(p, en, O_RDONLY | O_DIRECTORY);
	case S_IFLNK:
		return same_link(p, en, image);
	}
	return S_ISFIFO(st.st_mode);
}

/* ---- what is gone ---- */

static void close_dir(DIR **d)
{
	if (*d)
		closedir(*d);
}

/* Of a directory: what the image has in it and the tree has not. */
static int mark_gone(int tree, int image, struct err *e)
{
	autoclean(close_dir) DIR *d = fdopendir(openat(image, ".", O_RDONLY | O_CLOEXEC));
	struct dirent *de;
	struct stat st;

	if (!d)
		return err_sys(e, "reading the image");
	while ((de = readdir(d))) {
		if (str_eq(de->d_name, ".") || str_eq(de->d_name, "..") ||
			fstatat(tree, de->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0)
			continue;
		if (errno != ENOENT || mknodat(tree, de->d_name, S_IFCHR | 0600, makedev(0, 0)) < 0)
			return err_sys(e, "marking %.200s as gone", de->d_name);
	}
	return 0;
}

static int prune_enter(void *arg, const struct tree_entry *en, struct err *e)
{
	struct pruning *p = arg;

	if (S_ISDIR(en->st->st_mode)) {
		autoclose int image = image_open(p, en->path, O_RDONLY | O_DIRECTORY);
		autoclose int tree = openat(en->dir, en->name,
			O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

		if (tree < 0)
			return err_sys(e, "opening %.200s", en->path);
		return image < 0 ? 0 : mark_gone(tree, image, e);
	}
	if (S_ISCHR(en->st->st_mode) || !is_same(p, en))
		return 0;
	return unlinkat(en->dir, en->name, 0) < 0 ? err_sys(e, "removing %.200s", en->path) : 0;
}

static int prune_leave(void *arg, const struct tree_entry *en, struct err *e)
{
	struct timespec t[2] = {en->st->st_atim, en->st->st_mtim};

	if (is_same(arg, en) && unlinkat(en->dir, en->name, AT_REMOVEDIR) == 0)
		return 0;
	return utimensat(en->dir, en->name, t, AT_SYMLINK_NOFOLLOW) < 0
	               ? err_sys(e, "setting the time of %.200s", en->path)
	               : 0;
}

int prune(int tree, int image, struct err *e)
{
	autofree char *a = mem_alloc(CHUNK), *b = mem_alloc(CHUNK);
	struct pruning p = {image, a, b};
	struct tree_visitor v = {prune_enter, prune_leave, &p};
	int rc = mark_gone(tree, image, e);

	return rc < 0 ? rc : tree_walk(tree, &v, e);
}
