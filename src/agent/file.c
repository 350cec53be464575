/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/agent.h"

static int write_fd(int fd, const char *p, size_t n)
{
	while (n) {
		ssize_t k = write(fd, p, n);

		if (k < 0 && errno != EINTR)
			return -1;
		if (k > 0) {
			p += k;
			n -= (size_t)k;
		}
	}
	return 0;
}

static int sync_dir_of(const char *path)
{
	autofree char *copy = mem_strdup(path);
	autoclose int fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? -1 : fsync(fd);
}

static int fill(int fd, const void *p, size_t n, unsigned mode)
{
	return fchmod(fd, mode) < 0 || write_fd(fd, p, n) < 0 || fsync(fd) < 0 ? -1 : 0;
}

int file_write(const char *path, const void *p, size_t n, unsigned mode, struct err *e)
{
	autofree char *tmp = str_fmt("%s.XXXXXX", path);
	autoclose int fd = mkostemp(tmp, O_CLOEXEC);

	if (fd < 0)
		return err_sys(e, "%s", path);
	if (fill(fd, p, n, mode) < 0 || rename(tmp, path) < 0 || sync_dir_of(path) < 0) {
		int r = err_sys(e, "%s", path);

		unlink(tmp);
		return r;
	}
	return 0;
}

int file_poke(const char *path, const char *text, struct err *e)
{
	autoclose int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		return err_sys(e, "%s", path);
	return 0;
}

int file_read(const char *path, struct str *out, size_t max, struct err *e)
{
	autoclose int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t got = 0;
	ssize_t k = 1;

	if (fd < 0)
		return err_sys(e, "%s", path);
	while (k > 0) {
		str_reserve(out, 4096);
		k = read(fd, out->p + out->len, 4096);
		if (k < 0 && errno == EINTR) {
			k = 1;
			continue;
		}
		if (k < 0)
			return err_sys(e, "%s", path);
		str_setlen(out, out->len + (size_t)k);
		got += (size_t)k;
		if (got > max)
			return err_set(e, E_LIMIT, "%s is larger than %zu bytes", path, max);
	}
	return 0;
}
