// SPDX-License-Identifier: MIT
/*
 * escape NAME runs one attempt and prints one line, "reached WHAT" or "stopped WHY"; escape list names
 * them all. escape bomb-NAME holds what it got, and prints how much that was,
 * until standard input ends. escape share SECONDS and escape usable are for the neighbour. Static, so
 * that it runs in any image.
 */
#define _GNU_SOURCE
#include "escape.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static char said[512];
int other_pid;

bool reached(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(said, sizeof(said), fmt, ap);
	va_end(ap);
	return true;
}

bool stopped(const char *by)
{
	snprintf(said, sizeof(said), "%s", by);
	return false;
}

bool refused(void)
{
	return stopped(strerror(errno));
}

/* In the child's child, for a pid namespace begins with one; what it said goes through the pipe. */
static void grandchild(int flags, bool (*fn)(void), int to)
{
	int status;
	pid_t pid;

	if (unshare(flags) < 0)
		_exit(100);
	pid = fork();
	if (pid == 0) {
		bool r = fn();

		if (write(to, said, sizeof(said)) < 0)
			_exit(2);
		_exit(r);
	}
	waitpid(pid, &status, 0);
	_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 3);
}

bool in_namespaces(int flags, bool (*fn)(void))
{
	int pair[2], status;
	pid_t pid;

	if (pipe(pair) < 0)
		return refused();
	pid = fork();
	if (pid == 0)
		grandchild(flags, fn, pair[1]);
	waitpid(pid, &status, 0);
	if (!WIFEXITED(status) || WEXITSTATUS(status) > 1)
		return stopped("no such namespaces");
	if (read(pair[0], said, sizeof(said)) < 0)
		return refused();
	return WEXITSTATUS(status);
}

bool write_to(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);
	bool ok = fd >= 0 && write(fd, text, strlen(text)) >= 0;

	if (fd >= 0)
		close(fd);
	return ok && reached("wrote %s", path);
}

static const struct attempt *const groups[] = {root_attempts, kernel_attempts, bounds_attempts,
	others_attempts};
#define GROUPS (sizeof(groups) / sizeof(groups[0]))

static int attempt(const char *name)
{
	for (size_t g = 0; g < GROUPS; g++)
		for (const struct attempt *a = groups[g]; a->name; a++)
			if (strcmp(a->name, name) == 0) {
				bool r = a->fn();

				printf("%s %s\n", r ? "reached" : "stopped", said);
				return 0;
			}
	for (const struct bomb *b = bombs; b->name; b++)
		if (strcmp(b->name, name) == 0)
			return b->fn(), 0;
	return 2;
}

static int list(void)
{
	for (size_t g = 0; g < GROUPS; g++)
		for (const struct attempt *a = groups[g]; a->name; a++)
			printf("%s %s\n", a->name, a->what);
	return 0;
}

int main(int argc, char **argv)
{
	other_pid = argc > 2 ? atoi(argv[2]) : 0;
	if (argc < 2)
		return 2;
	if (strcmp(argv[1], "list") == 0)
		return list();
	if (strcmp(argv[1], "share") == 0)
		return share(other_pid ? other_pid : 5);
	if (strcmp(argv[1], "usable") == 0)
		return usable();
	return attempt(argv[1]);
}
