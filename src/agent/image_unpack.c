/* SPDX-License-Identifier: MIT */
#include "agent/image_unpack.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <locale.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "agent/tree.h"
#include "svc/sign.h"
#include "util/mem.h"
#include "util/str.h"
#include "util/vec.h"

#define CHUNK  (256 << 10)
#define ID_MAX 65535

struct dir_time {
	char *path;
	struct timespec mtime;
};

struct job {
	struct unpack *u;
	struct archive *ar;
	int64_t read, reported;
	int read_err;
	char *parent; /* path of the directory that parent_fd is */
	int parent_fd;
	VEC(struct dir_time) dirs;
	unsigned char buf[CHUNK];
};

static void job_release(struct job **jp)
{
	struct job *j = *jp;

	if (j->ar)
		archive_read_free(j->ar);
	if (j->parent_fd >= 0)
		close(j->parent_fd);
	free(j->parent);
	vec_each(&j->dirs, d)
		free(d->path);
	vec_release(&j->dirs);
	free(j);
}

/* ---- the stream ---- */

static la_ssize_t stream_read(struct archive *ar, void *arg, const void **p)
{
	struct job *j = arg;
	ssize_t n;

	(void)ar;
	do
		n = read(j->u->fd, j->buf, sizeof(j->buf));
	while (n < 0 && errno == EINTR);
	if (n < 0) {
		j->read_err = errno;
		return -1;
	}
	j->read += n;
	*p = j->buf;
	return n;
}

/* Before anything is made of it: nothing but what the control center sent is looked at closer. */
static int check_digest(struct job *j, struct err *e)
{
	struct sha256 hash;
	char hex[SHA256_HEX];
	off_t start = lseek(j->u->fd, 0, SEEK_CUR);
	const void *p;
	la_ssize_t n;

	sha256_init(&hash);
	while ((n = stream_read(NULL, j, &p)) > 0)
		sha256_add(&hash, p, (size_t)n);
	if (n < 0)
		return err_set(e, E_FAIL, "reading the archive: %s", strerror(j->read_err));
	sha256_end_hex(&hash, hex);
	if (strcmp(hex, j->u->digest) != 0)
		return err_set(e, E_INTEGRITY, "the archive has digest %.16s…, not %.16s…", hex,
			j->u->digest);
	j->read = 0;
	return start < 0 || lseek(j->u->fd, start, SEEK_SET) < 0
	               ? err_sys(e, "rewinding the archive")
	               : 0;
}

static int report(struct job *j, struct err *e)
{
	if (!j->u->progress || j->read - j->reported < 1 << 20)
		return 0;
	j->reported = j->read;
	return j->u->progress(j->u->arg, j->read, e);
}

/* ---- paths ---- */

/*
 * Copy path without leading "./", doubled and trailing slashes. E_INTEGRITY if it is absolute or
 * holds "..". The archive's own top directory becomes "".
 */
static int normalise(const char *path, char out[PATH_MAX], struct err *e)
{
	autostr shown = STR_INIT;
	size_t n = 0, len;

	str_add_clean(&shown, path ? path : "", path ? strnlen(path, 200) : 0, false);
	if (!path || path[0] == '/' || strlen(path) >= PATH_MAX)
		return err_set(e, E_INTEGRITY, "entry '%s' is not a relative path", str_c(&shown));
	for (const char *p = path; *p; p += len + (p[len] == '/')) {
		len = strcspn(p, "/");
		if (len == 2 && p[0] == '.' && p[1] == '.')
			return err_set(e, E_INTEGRITY, "entry '%s' points outward", str_c(&shown));
		if (len > NAME_MAX)
			return err_set(e, E_INTEGRITY, "entry '%s' has too long a name",
				str_c(&shown));
		if (len == 0 || (len == 1 && p[0] == '.'))
			continue;
		if (n)
			out[n++] = '/';
		memcpy(out + n, p, len);
		n += len;
	}
	out[n] = '\0';
	return 0;
}

static int open_beneath(int dir, const char *path, uint64_t flags)
{
	struct open_how how = {
		.flags = flags | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV,
	};

	return (int)syscall(SYS_openat2, dir, *path ? path : ".", &how, sizeof(how));
}

/* Directory that the last part of path goes into, kept open for the next entry; *base is that
 * part. */
static int open_parent(struct job *j, const char *path, const char **base, struct err *e)
{
	const char *slash = strrchr(path, '/');
	autofree char *parent = mem_strndup(path, slash ? (size_t)(slash - path) : 0);
	int fd;

	*base = slash ? slash + 1 : path;
	if (j->parent_fd >= 0 && str_eq(j->parent, parent))
		return j->parent_fd;
	fd = open_beneath(j->u->dir, parent, O_RDONLY | O_DIRECTORY);
	if (fd < 0)
		return errno == ENOENT || errno == ENOTDIR || errno == ELOOP || errno == EXDEV
		               ? err_set(e, E_INTEGRITY, "its directory is none in the archive")
		               : err_sys(e, "opening its directory");
	if (j->parent_fd >= 0)
		close(j->parent_fd);
	j->parent_fd = fd;
	free(j->parent);
	j->parent = steal(&parent);
	return fd;
}

/* ---- entries ---- */

static int created(int rc, const char *what, struct err *e)
{
	if (rc >= 0)
		return rc;
	if (errno == EEXIST)
		return err_set(e, E_INTEGRITY, "it comes twice");
	return err_sys(e, "making the %s", what);
}

static int write_all(int fd, const char *p, size_t n, struct err *e)
{
	while (n) {
		ssize_t k = write(fd, p, n);

		if (k < 0 && errno == EINTR)
			continue;
		if (k < 0)
			return err_sys(e, "writing");
		p += k;
		n -= (size_t)k;
	}
	return 0;
}

static int archive_fail(struct job *j, struct err *e)
{
	autostr why = STR_INIT;
	const char *text = archive_error_string(j->ar);

	if (j->read_err)
		return err_set(e, E_FAIL, "reading the archive: %s", strerror(j->read_err));
	str_add_clean(&why, text ? text : "damaged", text ? strlen(text) : 7, false);
	return err_set(e, E_INTEGRITY, "%s", str_c(&why));
}

static int write_data(struct job *j, int fd, int64_t size, struct err *e)
{
	const void *p;
	size_t n;
	la_int64_t off;
	int rc;

	while ((rc = archive_read_data_block(j->ar, &p, &n, &off)) == ARCHIVE_OK) {
		j->u->bytes += (int64_t)n;
		if (j->u->bytes > j->u->max_bytes)
			return err_set(e, E_LIMIT, "the archive unpacks to over %lld bytes",
				(long long)j->u->max_bytes);
		if (off != lseek(fd, off, SEEK_SET))
			return err_sys(e, "seeking");
		if ((rc = write_all(fd, p, n, e)) < 0 || (rc = report(j, e)) < 0)
			return rc;
	}
	if (rc != ARCHIVE_EOF)
		return archive_fail(j, e);
	return ftruncate(fd, size) < 0 ? err_sys(e, "setting the size") : 0;
}

/* Not what says something to overlayfs. */
static bool xattr_kept(const char *name)
{
	return tree_keeps(name) && !str_starts(name, "user.overlay.");
}

/* Order matters: a change of owner clears set-id bits and capabilities. */
static int set_attributes(struct archive_entry *ent, int fd, struct err *e)
{
	struct timespec t[2];
	const char *name;
	const void *value;
	size_t n;

	if (fchown(fd, (uid_t)archive_entry_uid(ent), (gid_t)archive_entry_gid(ent)) < 0)
		return err_sys(e, "setting the owner");
	if (fchmod(fd, archive_entry_perm(ent)) < 0)
		return err_sys(e, "setting the mode");
	archive_entry_xattr_reset(ent);
	while (archive_entry_xattr_next(ent, &name, &value, &n) == ARCHIVE_OK)
		if (xattr_kept(name) && fsetxattr(fd, name, value, n, 0) < 0)
			return err_sys(e, "setting attribute %.60s", name);
	t[0].tv_sec = t[1].tv_sec = archive_entry_mtime(ent);
	t[0].tv_nsec = t[1].tv_nsec = archive_entry_mtime_nsec(ent);
	return futimens(fd, t) < 0 ? err_sys(e, "setting the time") : 0;
}

static int make_file(struct job *j, struct archive_entry *ent, int dir, const char *base,
	struct err *e)
{
	autoclose int fd = openat(dir, base, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
		0600);
	int rc = created(fd, "file", e);

	if (rc < 0 || (rc = write_data(j, fd, archive_entry_size(ent), e)) < 0)
		return rc;
	return set_attributes(ent, fd, e);
}

static int make_dir(struct job *j, struct archive_entry *ent, int parent, const char *base,
	const char *path, struct err *e)
{
	autoclose int fd = -1;
	struct dir_time t = {NULL, {archive_entry_mtime(ent), archive_entry_mtime_nsec(ent)}};

	if (*base && mkdirat(parent, base, 0700) < 0 && errno != EEXIST)
		return err_sys(e, "making the directory");
	fd = openat(parent, *base ? base : ".", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOTDIR || errno == ELOOP
		               ? err_set(e, E_INTEGRITY, "it comes twice")
		               : err_sys(e, "opening the directory");
	t.path = mem_strdup(path);
	vec_push(&j->dirs, t);
	return set_attributes(ent, fd, e);
}

/* Cut the directory that only is unpacked off a normalised path: 1, or 0 for what is left out. */
static int cut_below(const struct unpack *u, char path[PATH_MAX], struct err *e)
{
	size_t n = u->below ? strlen(u->below) : 0;

	if (!u->below)
		return 1;
	if (strncmp(path, u->below, n) == 0 && (path[n] == '/' || !path[n])) {
		memmove(path, path + n + (path[n] == '/'), strlen(path + n) + (path[n] != '/'));
		return 1;
	}
	return str_eq(path, u->beside) ? 0 : err_set(e, E_INTEGRITY, "it has no business here");
}

static int make_hardlink(struct job *j, const char *target, int dir, const char *base,
	struct err *e)
{
	char path[PATH_MAX];
	autoclose int fd = -1;
	struct stat st;
	int rc = normalise(target, path, e);

	if (rc < 0 || (rc = cut_below(j->u, path, e)) <= 0)
		return rc < 0 ? err_wrap(e, "its link")
		              : err_set(e, E_INTEGRITY, "it links to what is left out");
	fd = open_beneath(j->u->dir, path, O_PATH | O_NOFOLLOW);
	if (fd < 0 || fstat(fd, &st) < 0 || S_ISDIR(st.st_mode))
		return err_set(e, E_INTEGRITY, "it links to what is no file in the archive");
	return created(linkat(fd, "", dir, base, AT_EMPTY_PATH), "hard link", e);
}

static int make_symlink(struct archive_entry *ent, int dir, const char *base, struct err *e)
{
	const char *target = archive_entry_symlink(ent);
	struct timespec t[2];
	int rc;

	if (!target || !*target)
		return err_set(e, E_INTEGRITY, "symbolic link without a target");
	rc = created(symlinkat(target, dir, base), "symbolic link", e);
	if (rc < 0)
		return rc;
	t[0].tv_sec = t[1].tv_sec = archive_entry_mtime(ent);
	t[0].tv_nsec = t[1].tv_nsec = archive_entry_mtime_nsec(ent);
	if (fchownat(dir, base, (uid_t)archive_entry_uid(ent), (gid_t)archive_entry_gid(ent),
		    AT_SYMLINK_NOFOLLOW) < 0 ||
		utimensat(dir, base, t, AT_SYMLINK_NOFOLLOW) < 0)
		return err_sys(e, "setting the owner");
	return 0;
}

static int make_fifo(struct archive_entry *ent, int dir, const char *base, struct err *e)
{
	autoclose int fd = -1;
	int rc = created(mkfifoat(dir, base, 0600), "fifo", e);

	if (rc < 0)
		return rc;
	fd = openat(dir, base, O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? err_sys(e, "opening the fifo") : set_attributes(ent, fd, e);
}

static int make_entry(struct job *j, struct archive_entry *ent, const char *path, struct err *e)
{
	const char *base;
	mode_t type = archive_entry_filetype(ent);
	int dir;

	if (archive_entry_uid(ent) < 0 || archive_entry_uid(ent) > ID_MAX ||
		archive_entry_gid(ent) < 0 || archive_entry_gid(ent) > ID_MAX)
		return err_set(e, E_INTEGRITY, "its owner is beyond %d", ID_MAX);
	if (++j->u->files > j->u->max_files)
		return err_set(e, E_LIMIT, "the archive holds over %lld files",
			(long long)j->u->max_files);
	dir = open_parent(j, path, &base, e);
	if (dir < 0)
		return dir;
	if (!*base && type != AE_IFDIR)
		return err_set(e, E_INTEGRITY, "the top of the archive is not a directory");
	if (archive_entry_hardlink(ent))
		return make_hardlink(j, archive_entry_hardlink(ent), dir, base, e);
	switch (type) {
	case AE_IFREG:
		return make_file(j, ent, dir, base, e);
	case AE_IFDIR:
		return make_dir(j, ent, dir, base, path, e);
	case AE_IFLNK:
		return make_symlink(ent, dir, base, e);
	case AE_IFIFO:
		return make_fifo(ent, dir, base, e);
	}
	return 0; /* devices and sockets: the launcher gives what is needed */
}

static int next_entry(struct job *j, struct archive_entry *ent, struct err *e)
{
	autostr shown = STR_INIT;
	char path[PATH_MAX];
	int rc = normalise(archive_entry_pathname(ent), path, e);

	if (rc < 0 || (rc = report(j, e)) < 0)
		return rc;
	rc = cut_below(j->u, path, e);
	if (rc > 0)
		rc = make_entry(j, ent, path, e);
	if (rc >= 0)
		return 0;
	str_add_clean(&shown, path, strnlen(path, 200), false);
	return err_wrap(e, "entry '%s'", str_c(&shown));
}

/* Directories got newer as they were filled. */
static int set_dir_times(struct job *j, struct err *e)
{
	vec_each(&j->dirs, d) {
		autoclose int fd = open_beneath(j->u->dir, d->path, O_RDONLY | O_DIRECTORY);
		struct timespec t[2] = {d->mtime, d->mtime};

		if (fd < 0 || futimens(fd, t) < 0)
			return err_sys(e, "setting the time of %.200s", d->path);
	}
	return 0;
}

int image_unpack(struct unpack *u, struct err *e)
{
	autoclean(job_release) struct job *j = mem_zalloc(sizeof(*j));
	struct archive_entry *ent;
	int rc;

	setlocale(LC_CTYPE, "C.UTF-8"); /* else libarchive takes names for ASCII only */
	j->u = u;
	j->parent_fd = -1;
	rc = check_digest(j, e);
	if (rc < 0)
		return rc;
	j->ar = archive_read_new();
	if (!j->ar)
		mem_on_oom();
	if (archive_read_support_filter_zstd(j->ar) != ARCHIVE_OK ||
		archive_read_support_format_tar(j->ar) != ARCHIVE_OK)
		return archive_fail(j, e);
	if (archive_read_open(j->ar, j, NULL, stream_read, NULL) != ARCHIVE_OK)
		return archive_fail(j, e);
	while ((rc = archive_read_next_header(j->ar, &ent)) == ARCHIVE_OK) {
		rc = next_entry(j, ent, e);
		if (rc < 0)
			return rc;
	}
	if (rc != ARCHIVE_EOF)
		return archive_fail(j, e);
	if (u->files == 0)
		return err_set(e, E_INTEGRITY, "the archive is empty");
	return set_dir_times(j, e);
}
