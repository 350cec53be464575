/* SPDX-License-Identifier: MIT */
#include "agent/quota.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/dqblk_xfs.h>
#include <linux/fs.h>
#include <linux/quota.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "util/mem.h"

#define BLOCK 1024 /* unit of dqb_bhardlimit, quotactl(2) */

static long quota_call(const char *path, int cmd, uint32_t id, void *addr)
{
	autoclose int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return -1;
	return syscall(SYS_quotactl_fd, fd, QCMD(cmd, PRJQUOTA), id, addr);
}

bool quota_usable(const char *path)
{
	struct fs_quota_statv st = {.qs_version = FS_QSTATV_VERSION1};

	return quota_call(path, Q_XGETQSTATV, 0, &st) == 0 && (st.qs_flags & FS_QUOTA_PDQ_ACCT) &&
	       (st.qs_flags & FS_QUOTA_PDQ_ENFD);
}

int quota_mark(int fd, uint32_t project, struct err *e)
{
	struct fsxattr x;

	if (ioctl(fd, FS_IOC_FSGETXATTR, &x) < 0)
		return err_sys(e, "reading the project id");
	x.fsx_projid = project;
	x.fsx_xflags |= FS_XFLAG_PROJINHERIT;
	if (ioctl(fd, FS_IOC_FSSETXATTR, &x) < 0)
		return err_sys(e, "setting project id %u", project);
	return 0;
}

int quota_set(const char *path, uint32_t project, int64_t bytes, int64_t inodes, struct err *e)
{
	struct if_dqblk d = {
		.dqb_bhardlimit = (uint64_t)(bytes + BLOCK - 1) / BLOCK,
		.dqb_ihardlimit = (uint64_t)inodes,
		.dqb_valid = QIF_BLIMITS | QIF_ILIMITS,
	};

	d.dqb_bsoftlimit = d.dqb_bhardlimit;
	d.dqb_isoftlimit = d.dqb_ihardlimit;
	if (quota_call(path, Q_SETQUOTA, project, &d) < 0)
		return err_sys(e, "setting the quota of project %u", project);
	return 0;
}

int quota_get(const char *path, uint32_t project, struct quota_use *out, struct err *e)
{
	struct if_dqblk d = {0};

	*out = (struct quota_use){0};
	if (quota_call(path, Q_GETQUOTA, project, &d) < 0) {
		if (errno == ENOENT)
			return 0;
		if (errno == ESRCH || errno == ENOSYS)
			return err_set(e, E_STATE, "%s has no project quota", path);
		return err_sys(e, "reading the quota of project %u", project);
	}
	out->bytes = (int64_t)d.dqb_curspace;
	out->bytes_max = (int64_t)d.dqb_bhardlimit * BLOCK;
	out->inodes = (int64_t)d.dqb_curinodes;
	out->inodes_max = (int64_t)d.dqb_ihardlimit;
	return 0;
}
