/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "agent/agent.h"
#include "agent/launch.h"

/* Of <sys/mount.h>, which does not go with <linux/mount.h> here. */
int mount(const char *, const char *, const char *, unsigned long, const void *);
int umount2(const char *, int);
#define UMOUNT_DETACH 2

#define STRICT (MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC)

static int mount_attr(int fd, uint64_t attr, int userns)
{
	struct mount_attr a = {.attr_set = attr, .userns_fd = userns >= 0 ? (uint64_t)userns : 0};

	return (int)syscall(SYS_mount_setattr, fd, "", AT_EMPTY_PATH, &a, sizeof(a));
}

static int tree_clone(int dir, const char *path)
{
	return (int)syscall(SYS_open_tree, dir, path,
		OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_SYMLINK_NOFOLLOW |
			(*path ? 0 : AT_EMPTY_PATH));
}

static int attach(int fd, int target)
{
	return (int)syscall(SYS_move_mount, fd, "", target, "",
		MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH);
}

static int attach_path(int fd, const char *path)
{
	return (int)syscall(SYS_move_mount, fd, "", AT_FDCWD, path, MOVE_MOUNT_F_EMPTY_PATH);
}

/* What stands at path inside, never through a link: the tree may have been prepared against us. */
static int place(int root, const char *path, bool cross)
{
	struct open_how how = {
		.flags = O_PATH | O_CLOEXEC | O_NOFOLLOW,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | (cross ? 0 : RESOLVE_NO_XDEV),
	};

	return (int)syscall(SYS_openat2, root, path, &how, sizeof(how));
}

int stage_layers(const struct ps_conf *c, int userns, struct err *e)
{
	char path[PATH_MAX];
	autoclose int image = -1, layer = -1;

	snprintf(path, sizeof(path), "%s/%s", AGENT_IMAGES, c->image);
	image = tree_clone(AT_FDCWD, path);
	if (image < 0)
		return errno == ENOENT ? err_set(e, E_NOTFOUND,
						 "image %.16s… is not on this server", c->image)
		                       : err_sys(e, "%s", path);
	layer = tree_clone(AT_FDCWD, ps_path(path, c->name, "layer"));
	if (layer < 0)
		return err_sys(e, "%s", path);
	if (mount_attr(image, MOUNT_ATTR_IDMAP | MOUNT_ATTR_RDONLY, userns) < 0 ||
		mount_attr(layer, MOUNT_ATTR_IDMAP, userns) < 0)
		return err_sys(e, "mapping the ids of its files");
	/* Covered from here on in this mount namespace: nothing of the server's state shows. */
	if (mount("sxc", STAGE, "tmpfs", 0, "mode=0755,size=64k") < 0 ||
		mkdir(STAGE_IMAGE, 0755) < 0 || mkdir(STAGE_LAYER, 0755) < 0 ||
		mkdir(STAGE_ROOT, 0755) < 0)
		return err_sys(e, "making the stage");
	if (attach_path(image, STAGE_IMAGE) < 0 || attach_path(layer, STAGE_LAYER) < 0)
		return err_sys(e, "attaching image and layer");
	return 0;
}

/* ---- the tree ---- */

static int put(int fd, int root, const char *path, struct err *e)
{
	autoclose int target = place(root, path, false);

	if (target < 0 || attach(fd, target) < 0)
		return err_sys(e, "mounting /%s inside", path);
	return 0;
}

static int put_all(const int fs[FS_COUNT], struct err *e)
{
	static const struct {
		int fs, in;
		const char *at;
	} order[] = {
		{FS_PROC, FS_ROOT, "proc"},
		{FS_SYS, FS_ROOT, "sys"},
		{FS_CGROUP, FS_SYS, "fs/cgroup"},
		{FS_DEV, FS_ROOT, "dev"},
		{FS_PTS, FS_DEV, "pts"},
		{FS_SHM, FS_DEV, "shm"},
		{FS_MQUEUE, FS_DEV, "mqueue"},
		{FS_RUN, FS_ROOT, "run"},
	};
	int rc = 0;

	for (size_t i = 0; i < ARRAY_LEN(order) && rc == 0; i++)
		rc = put(fs[order[i].fs], fs[order[i].in], order[i].at, e);
	return rc;
}

static int put_devices(int dev, struct err *e)
{
	static const struct {
		const char *name;
		unsigned major, minor; /* kernel doc admin-guide/devices.txt */
	} nodes[] = {{"null", 1, 3}, {"zero", 1, 5}, {"full", 1, 7}, {"random", 1, 8},
		{"urandom", 1, 9}, {"tty", 5, 0}};
	char path[32];
	struct stat st;
	int rc = 0;

	for (size_t i = 0; i < ARRAY_LEN(nodes) && rc == 0; i++) {
		autoclose int fd = -1;

		snprintf(path, sizeof(path), "/dev/%s", nodes[i].name);
		fd = tree_clone(AT_FDCWD, path);
		if (fd < 0 || fstat(fd, &st) < 0)
			return err_sys(e, "%s", path);
		if (!S_ISCHR(st.st_mode) || st.st_rdev != makedev(nodes[i].major, nodes[i].minor))
			return err_set(e, E_STATE,
				"%s of this server is not the device it should be", path);
		if (mount_attr(fd, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC, -1) < 0)
			return err_sys(e, "%s", path);
		rc = put(fd, dev, nodes[i].name, e);
	}
	return rc;
}

/* An empty directory nobody can write to, attached so that it can be cloned. */
static int empty_fs(struct err *e)
{
	autoclose int ctx = (int)syscall(SYS_fsopen, "tmpfs", FSOPEN_CLOEXEC);
	autoclose int fd = -1;

	if (ctx >= 0 && syscall(SYS_fsconfig, ctx, FSCONFIG_SET_STRING, "mode", "0555", 0) == 0 &&
		syscall(SYS_fsconfig, ctx, FSCONFIG_SET_STRING, "nr_inodes", "2", 0) == 0 &&
		syscall(SYS_fsconfig, ctx, FSCONFIG_CMD_CREATE, NULL, NULL, 0) == 0)
		fd = (int)syscall(SYS_fsmount, ctx, FSMOUNT_CLOEXEC, STRICT | MOUNT_ATTR_RDONLY);
	if (fd < 0 || mkdir(STAGE_EMPTY, 0755) < 0 || attach_path(fd, STAGE_EMPTY) < 0)
		return err_sys(e, "making an empty directory");
	return 0;
}

/* Cover what tells of the machine or commands it; what a kernel does not have needs no cover. */
static int mask(int root, const char *path, struct err *e)
{
	autoclose int target = place(root, path, false);
	autoclose int cover = -1;
	struct stat st;

	if (target < 0)
		return errno == ENOENT ? 0 : err_sys(e, "covering %s", path);
	if (fstat(target, &st) < 0)
		return err_sys(e, "covering %s", path);
	cover = tree_clone(AT_FDCWD, S_ISDIR(st.st_mode) ? STAGE_EMPTY : "/dev/null");
	return cover < 0 || attach(cover, target) < 0 ? err_sys(e, "covering %s", path) : 0;
}

static int mask_all(const int fs[FS_COUNT], struct err *e)
{
	static const char *const in_proc[] = {"acpi", "asound", "kcore", "keys", "key-users",
		"latency_stats", "timer_list", "sched_debug", "scsi", "sysrq-trigger", "kmsg",
		"kpagecount", "kpageflags", "kpagecgroup", "interrupts", "slabinfo", "vmallocinfo"};
	static const char *const in_sys[] = {"firmware", "devices/virtual/powercap", "hypervisor",
		"kernel/slab", "kernel/notes", "kernel/vmcoreinfo"};
	int rc = empty_fs(e);

	for (size_t i = 0; i < ARRAY_LEN(in_proc) && rc == 0; i++)
		rc = mask(fs[FS_PROC], in_proc[i], e);
	for (size_t i = 0; i < ARRAY_LEN(in_sys) && rc == 0; i++)
		rc = mask(fs[FS_SYS], in_sys[i], e);
	return rc;
}

static int read_only(int proc, const char *path, struct err *e)
{
	autoclose int fd = tree_clone(proc, path);
	autoclose int target = -1;

	if (fd < 0)
		return errno == ENOENT ? 0 : err_sys(e, "/proc/%s", path);
	if (mount_attr(fd, STRICT | MOUNT_ATTR_RDONLY, -1) < 0)
		return err_sys(e, "/proc/%s", path);
	target = place(proc, path, true);
	return target < 0 || attach(fd, target) < 0 ? err_sys(e, "binding /proc/%s", path) : 0;
}

/* The network's settings are its own; the rest of /proc/sys is the machine's. The clone of
 * /proc/sys/net must be taken from the tree before that became read-only. */
static int lock_proc(int proc, struct err *e)
{
	static const char *const ro[] = {"bus", "fs", "irq", "sys"};
	autoclose int net = tree_clone(proc, "sys/net");
	autoclose int target = -1;
	int rc = 0;

	if (net < 0 || mount_attr(net, STRICT, -1) < 0)
		return err_sys(e, "/proc/sys/net");
	for (size_t i = 0; i < ARRAY_LEN(ro) && rc == 0; i++)
		rc = read_only(proc, ro[i], e);
	if (rc < 0)
		return rc;
	target = place(proc, "sys/net", true);
	return target < 0 || attach(net, target) < 0 ? err_sys(e, "binding /proc/sys/net") : 0;
}

/* Where the kernel module is loaded, its views: they answer for the private server that reads. */
static int put_views(int proc, struct err *e)
{
	static const char *const names[] = {"meminfo", "stat", "loadavg", "cpuinfo", "swaps"};
	char path[32];
	int rc = 0;

	for (size_t i = 0; i < ARRAY_LEN(names) && rc == 0; i++) {
		autoclose int fd = -1;

		snprintf(path, sizeof(path), "/proc/sxps/%s", names[i]);
		fd = tree_clone(AT_FDCWD, path);
		if (fd < 0 && errno == ENOENT)
			continue;
		if (fd < 0 || mount_attr(fd, STRICT | MOUNT_ATTR_RDONLY, -1) < 0)
			return err_sys(e, "%s", path);
		rc = put(fd, proc, names[i], e);
	}
	return rc;
}

static int pivot(int root, struct err *e)
{
	if (fchdir(root) < 0 || syscall(SYS_pivot_root, ".", ".") < 0 ||
		umount2(".", UMOUNT_DETACH) < 0 || chdir("/") < 0)
		return err_sys(e, "changing its root directory");
	return 0;
}

int stage_root(const int fs[FS_COUNT], struct err *e)
{
	int rc;

	if (attach_path(fs[FS_ROOT], STAGE_ROOT) < 0)
		return err_sys(e, "attaching its file system");
	if ((rc = put_all(fs, e)) < 0 || (rc = put_devices(fs[FS_DEV], e)) < 0 ||
		(rc = mask_all(fs, e)) < 0 || (rc = lock_proc(fs[FS_PROC], e)) < 0 ||
		(rc = put_views(fs[FS_PROC], e)) < 0)
		return rc;
	return pivot(fs[FS_ROOT], e);
}
