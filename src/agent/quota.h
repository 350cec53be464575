/* SPDX-License-Identifier: MIT */
/*
 * quota - project quotas: how much of the file system a directory tree may hold.
 *
 * A tree is given a project id, which files made in it inherit; the kernel counts and bounds blocks
 * and inodes by it, on ext4 and xfs alike. See quotactl(2), quotactl_fd(2), FS_IOC_FSSETXATTR.
 * Must not know about: private servers.
 */
#ifndef SXC_AGENT_QUOTA_H
#define SXC_AGENT_QUOTA_H

#include <stdbool.h>
#include <stdint.h>

#include "util/err.h"

struct quota_use {
	int64_t bytes, bytes_max; /* held and bound; bound 0: none */
	int64_t inodes, inodes_max;
};

/* True if the file system of path counts and enforces project quotas. */
bool quota_usable(const char *path);
/* Give the directory open at fd the project id; what is made in it from now on has it too. */
int quota_mark(int fd, uint32_t project, struct err *e);
/* Bounds of a project on the file system of path; 0: none. */
int quota_set(const char *path, uint32_t project, int64_t bytes, int64_t inodes, struct err *e);
/* What a project holds there; all zero when nothing is known of it. E_STATE without quotas. */
int quota_get(const char *path, uint32_t project, struct quota_use *out, struct err *e);

#endif
