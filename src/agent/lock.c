/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "agent/agent.h"

static int say_holder(int fd, const char *what, struct err *e)
{
	char note[256] = "";
	ssize_t n = pread(fd, note, sizeof(note) - 1, 0);

	if (n <= 0)
		return err_set(e, E_BUSY, "%s is being worked on", what);
	note[n] = '\0';
	return err_set(e, E_BUSY, "%s is being worked on by %s", what, note);
}

static void say_myself(int fd, const char *note)
{
	time_t now = time(NULL);
	struct tm tm;
	char when[32];

	gmtime_r(&now, &tm);
	strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%SZ", &tm);
	autofree char *text = str_fmt("%s (process %d, since %s)", note, (int)getpid(), when);
	if (ftruncate(fd, 0) == 0)
		(void)!pwrite(fd, text, strlen(text), 0);
}

/* The holder of a job's lock removes its file: what we locked must still be what stands there. */
static bool still_there(int fd, const char *path)
{
	struct stat a, b;

	return fstat(fd, &a) == 0 && stat(path, &b) == 0 && a.st_dev == b.st_dev &&
	       a.st_ino == b.st_ino;
}

int lock_take(const char *name, const char *what, const char *note, int *fd, struct err *e)
{
	autofree char *path = str_fmt("%s/%s.lock", AGENT_RUN, name);
	int r = dir_make(AGENT_RUN, 0700, e);

	while (r == 0) {
		autoclose int f = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

		if (f < 0)
			return err_sys(e, "%s", path);
		if (flock(f, LOCK_EX | LOCK_NB) < 0)
			return errno == EWOULDBLOCK ? say_holder(f, what, e)
			                            : err_sys(e, "%s", path);
		if (!still_there(f, path))
			continue;
		say_myself(f, note);
		*fd = f;
		f = -1;
		return 0;
	}
	return r;
}
