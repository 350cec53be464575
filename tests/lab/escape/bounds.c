// SPDX-License-Identifier: MIT
/* Its own bounds: control group, quota, terminals. */
#define _GNU_SOURCE
#include "escape.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <unistd.h>

static bool try_cgroup_bounds(void)
{
	static const char *const files[][2] = {{"memory.max", "max"}, {"pids.max", "max"},
		{"cpu.max", "max 100000"}, {"cpu.weight", "10000"}, {"memory.swap.max", "max"},
		{"memory.oom.group", "1"}, {"cgroup.freeze", "0"}, {"memory.low", "max"},
		{"memory.min", "max"}, {NULL}};
	char path[256];

	for (int i = 0; files[i][0]; i++) {
		snprintf(path, sizeof(path), "/sys/fs/cgroup/%s", files[i][0]);
		if (write_to(path, files[i][1]))
			return true;
	}
	return refused();
}

static bool cgroup_above(void)
{
	static const char *const up[] = {"/mnt/../sxc.slice", "/mnt/..", "/mnt/system.slice"};
	char path[256];

	if (mount("x", "/mnt", "cgroup2", 0, NULL) < 0)
		return refused();
	for (int i = 0; i < 3; i++) {
		snprintf(path, sizeof(path), "%s/cgroup.procs", up[i]);
		if (write_to(path, "0"))
			return true;
	}
	return stopped("its own group is the top");
}

static bool try_cgroup_above(void)
{
	return in_namespaces(CLONE_NEWNS, cgroup_above) ||
	       in_namespaces(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWCGROUP, cgroup_above);
}

static bool try_project(void)
{
	struct fsxattr x;
	int fd = open("/root/project", O_RDWR | O_CREAT, 0600);

	if (fd < 0 || ioctl(fd, FS_IOC_FSGETXATTR, &x) < 0)
		return refused();
	x.fsx_projid = 0;
	return ioctl(fd, FS_IOC_FSSETXATTR, &x) == 0 ? reached("its files count for nobody")
	                                             : refused();
}

static bool try_file_caps(void)
{
	int fd = open("/root/flags", O_RDWR | O_CREAT, 0600), flags = FS_IMMUTABLE_FL;

	if (fd >= 0 && ioctl(fd, FS_IOC_SETFLAGS, &flags) == 0)
		return reached("a file nobody can remove");
	return refused();
}

/* A second instance of devpts has a bound of its own in the stock kernel. */
static int terminals(const char *ptmx)
{
	int n = 0;

	while (n < 100 && open(ptmx, O_RDWR | O_NOCTTY) >= 0)
		n++;
	return n;
}

static bool second_devpts(void)
{
	int first = terminals("/dev/ptmx"), second;

	if (mount("x", "/mnt", "devpts", 0, "newinstance,ptmxmode=0666") < 0)
		return refused();
	second = terminals("/mnt/ptmx");
	if (second > 0)
		return reached("%d terminals beside its %d", second, first);
	return stopped("no terminal more than its bound, in whatever instance");
}

static bool try_devpts(void)
{
	return in_namespaces(CLONE_NEWNS, second_devpts) ||
	       in_namespaces(CLONE_NEWUSER | CLONE_NEWNS, second_devpts);
}

const struct attempt bounds_attempts[] = {
	{"cgroup-bounds", "lift its bounds", try_cgroup_bounds},
	{"cgroup-above", "leave its control group", try_cgroup_above},
	{"project", "change its project id", try_project},
	{"immutable", "make a file immutable", try_file_caps},
	{"devpts", "have more terminals by a second devpts", try_devpts},
	{NULL, NULL, NULL},
};
