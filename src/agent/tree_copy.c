/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/openat2.h>
#include <limits.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "agent/tree.h"
#include "util/mem.h"
#include "util/str.h"

#define XATTR_BYTES 65536      /* of one value, and of all names: xattr(7) */
#define STEP        (16 << 20) /* bytes between two reports */

struct copying {
	struct tree_copy *c;
	struct tree_links links;
	int to;
	int64_t reported;
};

/* ---- attributes ---- */

bool tree_keeps(const char *xattr)
{
	return str_starts(xattr, "user.") || str_eq(xattr, "security.capability") ||
	       str_eq(xattr, "system.posix_acl_access") ||
	       str_eq(xattr, "system.posix_acl_default");
}

static int copy_xattrs(int from, int to, struct err *e)
{
	autofree char *names = mem_alloc(XATTR_BYTES), *value = mem_alloc(XATTR_BYTES);
	ssize_t n = flistxattr(from, names, XATTR_BYTES), k;

	if (n < 0)
		return errno == ENOTSUP ? 0 : err_sys(e, "reading its attributes");
	for (const char *p = names; p < names + n; p += strlen(p) + 1) {
		if (!tree_keeps(p))
			continue;
		k = fgetxattr(from, p, value, XATTR_BYTES);
		if (k < 0 || fsetxattr(to, p, value, (size_t)k, 0) < 0)
			return err_sys(e, "copying attribute %.60s", p);
	}
	return 0;
}

/* Order matters: a change of owner clears set-id bits and capabilities. */
int tree_attributes(int from, int to, const struct stat *st, struct err *e)
{
	struct timespec t[2] = {st->st_atim, st->st_mtim};
	int rc;

	if (fchown(to, st->st_uid, st->st_gid) < 0 || fchmod(to, st->st_mode & 07777) < 0)
		return err_sys(e, "setting owner and mode");
	if ((rc = copy_xattrs(from, to, e)) < 0)
		return rc;
	return futimens(to, t) < 0 ? err_sys(e, "setting the time") : 0;
}

/* ---- contents ---- */

static int open_beneath(int dir, const char *path, uint64_t flags)
{
	struct open_how how = {.flags = flags | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS};

	return (int)syscall(SYS_openat2, dir, path, &how, sizeof(how));
}

static int report(struct copying *c, struct err *e)
{
	if (c->c->bytes > c->c->max || c->c->files > c->c->max_files)
		return err_set(e, E_LIMIT,
			"the copy takes more than the %lld MiB or %lld files left",
			(long long)(c->c->max >> 20), (long long)c->c->max_files);
	if (!c->c->progress || c->c->bytes - c->reported < STEP)
		return 0;
	c->reported = c->c->bytes;
	return c->c->progress(c->c->arg, c->c->bytes, e);
}

/* One run of data; the kernel copies. */
static int copy_run(int from, int to, off_t at, off_t end, struct err *e)
{
	if (lseek(to, at, SEEK_SET) < 0)
		return err_sys(e, "seeking");
	while (at < end) {
		size_t want = end - at > STEP ? STEP : (size_t)(end - at);
		ssize_t n = sendfile(to, from, &at, want);

		if (n < 0 && errno != EINTR)
			return err_sys(e, "copying");
		if (n == 0)
			return 0; /* shorter than it was */
	}
	return 0;
}

static int copy_data(int from, int to, off_t size, struct err *e)
{
	off_t data = 0, hole;
	int rc = 0;

	if (ioctl(to, FICLONE, from) == 0)
		return 0;
	while (rc == 0 && (data = lseek(from, data, SEEK_DATA)) >= 0) {
		hole = lseek(from, data, SEEK_HOLE);
		if (hole < 0)
			break;
		rc = copy_run(from, to, data, hole, e);
		data = hole;
	}
	if (rc == 0 && data < 0 && errno != ENXIO)
		return err_sys(e, "reading");
	return rc < 0 ? rc : ftruncate(to, size) < 0 ? err_sys(e, "setting the size") : 0;
}

static int copy_file(struct copying *c, const struct tree_entry *en, int dir, const char *base,
	struct err *e)
{
	autoclose int from = openat(en->dir, en->name,
		O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOATIME | O_CLOEXEC);
	autoclose int to = openat(dir, base, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
		0600);
	int rc;

	if (from < 0 || to < 0)
		return err_sys(e, "opening it");
	c->c->bytes += (int64_t)en->st->st_blocks * 512;
	if ((rc = report(c, e)) < 0 || (rc = copy_data(from, to, en->st->st_size, e)) < 0)
		return rc;
	return tree_attributes(from, to, en->st, e);
}

static int copy_link(const struct tree_entry *en, int dir, const char *base, struct err *e)
{
	struct timespec t[2] = {en->st->st_atim, en->st->st_mtim};
	char target[PATH_MAX];
	ssize_t n = readlinkat(en->dir, en->name, target, sizeof(target) - 1);

	if (n < 0)
		return err_sys(e, "reading the link");
	target[n] = '\0';
	if (symlinkat(target, dir, base) < 0 ||
		fchownat(dir, base, en->st->st_uid, en->st->st_gid, AT_SYMLINK_NOFOLLOW) < 0 ||
		utimensat(dir, base, t, AT_SYMLINK_NOFOLLOW) < 0)
		return err_sys(e, "making the link");
	return 0;
}

/* Fifos, sockets and what says in a layer that a name is gone: a device 0/0. */
static int copy_node(const struct tree_entry *en, int dir, const char *base, struct err *e)
{
	struct timespec t[2] = {en->st->st_atim, en->st->st_mtim};
	mode_t mode = en->st->st_mode;

	if (S_ISBLK(mode) || (S_ISCHR(mode) && en->st->st_rdev != makedev(0, 0)))
		return 0;
	if (mknodat(dir, base, (mode & S_IFMT) | 0600, 0) < 0 ||
		fchownat(dir, base, en->st->st_uid, en->st->st_gid, AT_SYMLINK_NOFOLLOW) < 0 ||
		(!S_ISCHR(mode) && fchmodat(dir, base, mode & 07777, 0) < 0) ||
		utimensat(dir, base, t, AT_SYMLINK_NOFOLLOW) < 0)
		return err_sys(e, "making it");
	return 0;
}

static int copy_again(struct copying *c, const char *first, int dir, const char *base,
	struct err *e)
{
	autoclose int fd = open_beneath(c->to, first, O_PATH | O_NOFOLLOW);

	if (fd < 0 || linkat(fd, "", dir, base, AT_EMPTY_PATH) < 0)
		return err_sys(e, "making the hard link");
	return 0;
}

static int copy_one(struct copying *c, const struct tree_entry *en, int dir, const char *base,
	struct err *e)
{
	const char *first = tree_links_seen(&c->links, en->st, en->path);

	c->c->files += !first;
	if (first)
		return copy_again(c, first, dir, base, e);
	switch (en->st->st_mode & S_IFMT) {
	case S_IFDIR:
		return mkdirat(dir, base, 0700) < 0 ? err_sys(e, "making the directory") : 0;
	case S_IFREG:
		return copy_file(c, en, dir, base, e);
	case S_IFLNK:
		return copy_link(en, dir, base, e);
	}
	return copy_node(en, dir, base, e);
}

static int enter(void *arg, const struct tree_entry *en, struct err *e)
{
	struct copying *c = arg;
	const char *slash = strrchr(en->path, '/');
	autofree char *parent = slash ? mem_strndup(en->path, (size_t)(slash - en->path))
	                              : mem_strdup(".");
	autoclose int dir = open_beneath(c->to, parent, O_RDONLY | O_DIRECTORY);
	int rc = dir < 0 ? err_sys(e, "its directory") : 0;

	if (rc == 0)
		rc = copy_one(c, en, dir, en->name, e);
	return rc < 0 ? err_wrap(e, "%.200s", en->path) : 0;
}

static int leave(void *arg, const struct tree_entry *en, struct err *e)
{
	struct copying *c = arg;
	autoclose int from = openat(en->dir, en->name,
		O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	autoclose int to = open_beneath(c->to, en->path, O_RDONLY | O_DIRECTORY);
	int rc = from < 0 || to < 0 ? err_sys(e, "opening it")
	                            : tree_attributes(from, to, en->st, e);

	return rc < 0 ? err_wrap(e, "%.200s", en->path) : 0;
}

int tree_copy(int from, int to, struct tree_copy *c, struct err *e)
{
	struct copying k = {.c = c, .to = to};
	struct tree_visitor v = {enter, leave, &k};
	int rc = tree_walk(from, &v, e);

	tree_links_release(&k.links);
	return rc;
}
