// SPDX-License-Identifier: MIT
/* Against the neighbour, and against whoever enters. */
#define _GNU_SOURCE
#include "escape.h"

#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

static bool try_signal(void)
{
	if (other_pid <= 0)
		return reached("no process to try on");
	if (kill(other_pid, 0) == 0)
		return reached("signals the neighbour's process %d", other_pid);
	if (ptrace(PTRACE_SEIZE, other_pid, 0, 0) == 0)
		return reached("traces it");
	return refused();
}

static bool try_read_memory(void)
{
	char b[8];
	struct iovec mine = {b, 8}, theirs = {(void *)0x400000, 8};

	return process_vm_readv(other_pid, &mine, 1, &theirs, 1, 0) > 0
	               ? reached("reads its memory")
	               : refused();
}

static bool try_realtime(void)
{
	struct sched_param p = {.sched_priority = 50};

	if (sched_setscheduler(0, SCHED_FIFO, &p) == 0)
		return reached("runs before everybody (SCHED_FIFO)");
	if (setpriority(PRIO_PROCESS, 0, -20) == 0)
		return stopped("nice within its own group only");
	return refused();
}

/* Looks at all processes for a while: one that is not of this file system comes from outside. */
static bool look_at(const char *pid)
{
	char path[128], to[256];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%s/exe", pid);
	n = readlink(path, to, sizeof(to) - 1);
	to[n > 0 ? n : 0] = '\0';
	if (n > 0 && !strstr(to, "memfd") && !strstr(to, "sxc-agent"))
		return false;
	fd = open(path, O_RDONLY);
	if (fd >= 0 && n > 0) {
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		if (open(path, O_WRONLY | O_TRUNC) >= 0)
			return reached("%s opened for writing", to);
		close(fd);
	}
	snprintf(path, sizeof(path), "/proc/%s/mem", pid);
	if (n > 0 && open(path, O_RDWR) >= 0)
		return reached("memory of %s", to);
	if (n > 0 && ptrace(PTRACE_SEIZE, atoi(pid), 0, 0) == 0)
		return reached("traces %s", to);
	return false;
}

static bool try_enterer(void)
{
	time_t end = time(NULL) + 8;
	long seen = 0;

	while (time(NULL) < end) {
		DIR *d = opendir("/proc");
		struct dirent *de;

		while (d && (de = readdir(d)))
			if (de->d_name[0] >= '1' && de->d_name[0] <= '9' && look_at(de->d_name))
				return true;
		closedir(d);
		seen++;
	}
	return seen ? stopped("nothing of the entering process can be opened") : refused();
}

/* Types on the terminal of whoever entered. */
static bool try_tiocsti(void)
{
	static const char typed[] = "touch /root/host-pwned\n";

	for (const char *p = typed; *p; p++)
		if (ioctl(0, TIOCSTI, p) < 0)
			return refused();
	return stopped("the terminal is of its own devpts");
}

const struct attempt others_attempts[] = {
	{"signal", "signal and trace the neighbour", try_signal},
	{"read-memory", "read the neighbour's memory", try_read_memory},
	{"realtime", "run before everybody", try_realtime},
	{"enterer", "open what enters it", try_enterer},
	{"tiocsti", "type on the terminal that entered", try_tiocsti},
	{NULL, NULL, NULL},
};
