/* SPDX-License-Identifier: MIT */
#include "util/slurp.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/mem.h"

#define CHUNK (64 * 1024)

const char *slurp_name(const char *path)
{
	return strcmp(path, "-") == 0 ? "standard input" : path;
}

static int open_it(const char *path, struct err *e)
{
	bool in = strcmp(path, "-") == 0;
	int fd = in ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3) : open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0) {
		if (fd >= 0)
			close(fd);
		return err_sys(e, "cannot read %s", slurp_name(path));
	}
	if (S_ISREG(st.st_mode) || S_ISFIFO(st.st_mode) || S_ISSOCK(st.st_mode) || in)
		return fd;
	close(fd);
	return err_set(e, E_USAGE, "%s is a %s, not a file", path,
		S_ISDIR(st.st_mode) ? "directory" : "device");
}

int slurp(const char *path, size_t max, struct str *out, struct err *e)
{
	autoclose int fd = open_it(path, e);
	size_t start = out->len;
	ssize_t n;

	if (fd < 0)
		return fd;
	do {
		str_reserve(out, CHUNK);
		n = read(fd, out->p + out->len, CHUNK);
		if (n < 0 && interrupted)
			return err_interrupted(e);
		if (n < 0 && errno != EINTR)
			return err_sys(e, "cannot read %s", slurp_name(path));
		if (n > 0)
			str_setlen(out, out->len + (size_t)n);
		if (out->len - start > max)
			return err_set(e, E_USAGE, "%s is larger than %zu bytes, the most allowed",
				slurp_name(path), max);
	} while (n != 0);
	return 0;
}
