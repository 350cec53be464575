// SPDX-License-Identifier: MIT
/* What the neighbour measures meanwhile. */
#define _GNU_SOURCE
#include "escape.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static long usec(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

/* One process a processor computes; together their time as a share of all there is. */
int share(int seconds)
{
	int cpus = (int)sysconf(_SC_NPROCESSORS_ONLN);
	long begin = usec(CLOCK_MONOTONIC), wall;
	struct rusage u;

	for (int i = 0; i < cpus; i++)
		if (fork() == 0) {
			while (usec(CLOCK_MONOTONIC) - begin < seconds * 1000000L)
				;
			_exit(0);
		}
	while (wait(NULL) > 0)
		;
	wall = usec(CLOCK_MONOTONIC) - begin;
	getrusage(RUSAGE_CHILDREN, &u);
	printf("%ld\n", ((u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1000000L + u.ru_utime.tv_usec +
				u.ru_stime.tv_usec) *
				100 / (wall / 100 * cpus));
	return 0;
}

/* One of each thing that a bomb may have taken from everybody. */
int usable(void)
{
	union sigval v = {0};
	aio_context_t ctx = 0;
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	if (pid < 0)
		return printf("no process: %s\n", strerror(errno)), 1;
	waitpid(pid, NULL, 0);
	if (posix_openpt(O_RDWR | O_NOCTTY) < 0)
		return printf("no terminal: %s\n", strerror(errno)), 1;
	if (inotify_init1(0) < 0)
		return printf("no inotify: %s\n", strerror(errno)), 1;
	signal(SIGRTMIN + 5, SIG_IGN);
	if (sigqueue(getpid(), SIGRTMIN + 5, v) < 0)
		return printf("no signal: %s\n", strerror(errno)), 1;
	if (syscall(SYS_io_setup, 1024, &ctx) < 0)
		return printf("no asynchronous I/O: %s\n", strerror(errno)), 1;
	if (open("/tmp/usable", O_CREAT | O_WRONLY, 0600) < 0)
		return printf("no file: %s\n", strerror(errno)), 1;
	if (socket(AF_INET, SOCK_STREAM, 0) < 0)
		return printf("no socket: %s\n", strerror(errno)), 1;
	printf("everything is to be had\n");
	return 0;
}
