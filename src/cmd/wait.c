/* SPDX-License-Identifier: MIT */
#include "cmd/wait.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include "util/err.h"

/* The signals are let in only while ppoll sleeps: one that comes earlier is seen in interrupted. */
static int sleep_until_readable(int fd)
{
	struct pollfd pfd = {.fd = fd, .events = POLLIN};
	sigset_t block, old;
	int r = -1;

	sigemptyset(&block);
	sigaddset(&block, SIGINT);
	sigaddset(&block, SIGTERM);
	sigprocmask(SIG_BLOCK, &block, &old);
	do {
		errno = EINTR;
		r = interrupted ? -1 : ppoll(&pfd, 1, NULL, &old);
	} while (r < 0 && errno == EINTR && !interrupted);
	int saved = errno;

	sigprocmask(SIG_SETMASK, &old, NULL);
	errno = saved;
	return r;
}

ssize_t wait_read(int fd, void *p, size_t n)
{
	return sleep_until_readable(fd) < 0 ? -1 : read(fd, p, n);
}
