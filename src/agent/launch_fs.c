/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "agent/agent.h"
#include "agent/launch.h"

#define STRICT (MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC)

struct option {
	const char *key, *value; /* value NULL: a flag */
};

static const struct fs {
	const char *type;
	unsigned attr;
	struct option opt[5];
} table[FS_COUNT] = {
	[FS_ROOT] = {"overlay", 0,
		{{"lowerdir", STAGE_IMAGE}, {"upperdir", STAGE_LAYER "/upper"},
			{"workdir", STAGE_LAYER "/work"}, {"userxattr", NULL}}},
	[FS_PROC] = {"proc", STRICT, {{0}}},
	[FS_SYS] = {"sysfs", STRICT | MOUNT_ATTR_RDONLY, {{0}}},
	[FS_CGROUP] = {"cgroup2", STRICT, {{0}}},
	[FS_DEV] = {"tmpfs", MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC,
		{{"mode", "0755"}, {"size", "65536"}, {"nr_inodes", "1024"}}},
	[FS_PTS] = {"devpts", MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC,
		{{"ptmxmode", "0666"}, {"mode", "0620"}, {"gid", "5"}}},
	[FS_SHM] = {"tmpfs", MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV, {{"mode", "1777"}}},
	[FS_MQUEUE] = {"mqueue", STRICT, {{0}}},
	[FS_RUN] = {"tmpfs", MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV, {{"mode", "0755"}}},
};

static int fs_options(int ctx, const struct fs *f)
{
	for (const struct option *o = f->opt; o->key; o++)
		if (syscall(SYS_fsconfig, ctx, o->value ? FSCONFIG_SET_STRING : FSCONFIG_SET_FLAG,
			    o->key, o->value, 0) < 0)
			return -1;
	return (int)syscall(SYS_fsconfig, ctx, FSCONFIG_CMD_CREATE, NULL, NULL, 0);
}

static int fs_one(const struct fs *f, struct err *e)
{
	autoclose int ctx = (int)syscall(SYS_fsopen, f->type, FSOPEN_CLOEXEC);
	int fd;

	if (ctx < 0 || fs_options(ctx, f) < 0)
		return err_sys(e, "making its %s file system", f->type);
	fd = (int)syscall(SYS_fsmount, ctx, FSMOUNT_CLOEXEC, f->attr);
	return fd < 0 ? err_sys(e, "mounting its %s file system", f->type) : fd;
}

/* Devices are bound over empty files by the launcher: nodes made in here would not work. */
static int fill_dev(int dev)
{
	static const char *const files[] = {"null", "zero", "full", "random", "urandom", "tty"};
	static const char *const dirs[] = {"pts", "shm", "mqueue"};
	static const char *const links[][2] = {
		{"/proc/self/fd", "fd"},
		{"/proc/self/fd/0", "stdin"},
		{"/proc/self/fd/1", "stdout"},
		{"/proc/self/fd/2", "stderr"},
		{"pts/ptmx", "ptmx"},
	};

	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		autoclose int fd = openat(dev, files[i], O_CREAT | O_WRONLY | O_CLOEXEC, 0666);

		if (fd < 0)
			return -1;
	}
	for (size_t i = 0; i < ARRAY_LEN(dirs); i++)
		if (mkdirat(dev, dirs[i], 0755) < 0)
			return -1;
	for (size_t i = 0; i < ARRAY_LEN(links); i++)
		if (symlinkat(links[i][0], dev, links[i][1]) < 0)
			return -1;
	return 0;
}

/* An empty unit file over what belongs to the machine: systemd.unit(5), masked units. */
static int fill_run(int run)
{
	static const char *const masked[] = {"sys-kernel-config.mount", "sys-kernel-debug.mount",
		"sys-kernel-tracing.mount", "systemd-udevd.service",
		"systemd-udev-trigger.service"};
	autoclose int dir = -1;

	if (mkdirat(run, "systemd", 0755) < 0 || mkdirat(run, "systemd/system", 0755) < 0)
		return -1;
	dir = openat(run, "systemd/system", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	for (size_t i = 0; dir >= 0 && i < ARRAY_LEN(masked); i++)
		if (symlinkat("/dev/null", dir, masked[i]) < 0)
			return -1;
	return dir < 0 ? -1 : 0;
}

/* What the tree needs and its owner may have removed. */
static int fill_root(int root)
{
	static const char *const dirs[] = {"proc", "sys", "dev", "run"};

	for (size_t i = 0; i < ARRAY_LEN(dirs); i++)
		if (mkdirat(root, dirs[i], 0755) < 0 && errno != EEXIST)
			return -1;
	return 0;
}

int fs_make(int fs[FS_COUNT], struct err *e)
{
	umask(0);
	for (size_t i = 0; i < FS_COUNT; i++) {
		fs[i] = fs_one(&table[i], e);
		if (fs[i] < 0)
			return fs[i];
	}
	if (fill_root(fs[FS_ROOT]) < 0)
		return err_sys(e, "preparing its root directory");
	if (fill_dev(fs[FS_DEV]) < 0)
		return err_sys(e, "filling its /dev");
	return fill_run(fs[FS_RUN]) < 0 ? err_sys(e, "filling its /run") : 0;
}
