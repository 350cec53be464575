/* SPDX-License-Identifier: MIT */
/*
 * fail - a preloaded library that makes a disk fail at a chosen moment.
 *
 * FAIL_UNDER=DIR   only what is under this directory (absolute, without symbolic links)
 * FAIL_AT=N        the N-th call that changes a disk fails (from 1); 0: none does
 * FAIL_WITH=ENOSPC that one and all that follow fail: a full disk
 * FAIL_WITH=EIO    that one fails: a bad one
 * FAIL_CALL=TEXT   only calls with TEXT in their name count: sync
 * FAIL_MARK=FILE   is created when a call was made to fail, with its name
 *
 * Counted are open with O_CREAT, write, pwrite, writev, fsync, fdatasync, ftruncate, fallocate,
 * rename, link, mkdir.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

static long calls;

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static void mark(const char *what, const char *path)
{
	const char *file = getenv("FAIL_MARK");
	int fd = file ? REAL(open)(file, O_WRONLY | O_CREAT | O_TRUNC, 0600) : -1;
	char text[PATH_MAX + 64];
	int n = snprintf(text, sizeof(text), "%s %s\n", what, path);

	if (fd < 0)
		return;
	if (REAL(write)(fd, text, (size_t)n) != n)
		abort();
	close(fd);
}

static bool under(const char *path)
{
	const char *dir = getenv("FAIL_UNDER");
	size_t n = dir ? strlen(dir) : 0;

	return n && strncmp(path, dir, n) == 0 && (path[n] == '/' || path[n] == '\0');
}

/* True, with errno set, when this call is to fail. */
static bool fails(const char *what, const char *path)
{
	const char *at = getenv("FAIL_AT"), *with = getenv("FAIL_WITH"),
		   *only = getenv("FAIL_CALL");
	long n = at ? strtol(at, NULL, 10) : 0;
	bool full = with && strcmp(with, "ENOSPC") == 0;

	if (n <= 0 || !under(path) || (only && !strstr(what, only)))
		return false;
	calls++;
	if (full ? calls < n : calls != n)
		return false;
	if (calls == n)
		mark(what, path);
	errno = full ? ENOSPC : EIO;
	return true;
}

static bool fails_fd(const char *what, int fd)
{
	char link[64], path[PATH_MAX];
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, path, sizeof(path) - 1);
	if (n < 0)
		return false;
	path[n] = '\0';
	return fails(what, path);
}

static bool fails_path(const char *what, const char *path)
{
	char full[2 * PATH_MAX], cwd[PATH_MAX];

	if (*path == '/' || !getcwd(cwd, sizeof(cwd)))
		return fails(what, path);
	snprintf(full, sizeof(full), "%s/%s", cwd, path);
	return fails(what, full);
}

#define FD_CALL(type, name, args, pass)                                                            \
	type name args;                                                                            \
	type name args                                                                             \
	{                                                                                          \
		return fails_fd(#name, fd) ? -1 : REAL(name) pass;                                 \
	}

FD_CALL(ssize_t, write, (int fd, const void *p, size_t n), (fd, p, n))
FD_CALL(ssize_t, writev, (int fd, const struct iovec *v, int n), (fd, v, n))
FD_CALL(ssize_t, pwrite, (int fd, const void *p, size_t n, off_t at), (fd, p, n, at))
FD_CALL(ssize_t, pwrite64, (int fd, const void *p, size_t n, off64_t at), (fd, p, n, at))
FD_CALL(int, fsync, (int fd), (fd))
FD_CALL(int, fdatasync, (int fd), (fd))
FD_CALL(int, ftruncate, (int fd, off_t n), (fd, n))
FD_CALL(int, ftruncate64, (int fd, off64_t n), (fd, n))
FD_CALL(int, fallocate, (int fd, int mode, off_t at, off_t n), (fd, mode, at, n))

int posix_fallocate(int fd, off_t at, off_t n)
{
	return fails_fd("posix_fallocate", fd) ? errno : REAL(posix_fallocate)(fd, at, n);
}

int rename(const char *from, const char *to)
{
	return fails_path("rename", to) ? -1 : REAL(rename)(from, to);
}

int link(const char *from, const char *to)
{
	return fails_path("link", to) ? -1 : REAL(link)(from, to);
}

int mkdir(const char *path, mode_t mode)
{
	return fails_path("mkdir", path) ? -1 : REAL(mkdir)(path, mode);
}

#define OPEN_CALL(name)                                                                            \
	int name(const char *path, int flags, ...)                                                 \
	{                                                                                          \
		mode_t mode = 0;                                                                   \
		va_list ap;                                                                        \
                                                                                                   \
		va_start(ap, flags);                                                               \
		if (flags & O_CREAT)                                                               \
			mode = va_arg(ap, mode_t);                                                 \
		va_end(ap);                                                                        \
		if (flags & O_CREAT && access(path, F_OK) != 0 && fails_path(#name, path))         \
			return -1;                                                                 \
		return REAL(name)(path, flags, mode);                                              \
	}

OPEN_CALL(open)
OPEN_CALL(open64)

FILE *fopen(const char *path, const char *mode)
{
	if (*mode != 'r' && access(path, F_OK) != 0 && fails_path("fopen", path))
		return NULL;
	return REAL(fopen)(path, mode);
}
