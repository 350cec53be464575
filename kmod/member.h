/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Whose is a process: the context of the nearest cgroup above it that has one. Knows cgroups and
 * contexts, not what is done with the answer.
 */
#ifndef SXPS_MEMBER_H
#define SXPS_MEMBER_H

struct sxps_context;
struct task_struct;

/* The processes in and below the cgroup at `path` belong to the context from now on; one that was
 * set before is let go. -ENOENT; -EINVAL: the machine's root; -EBUSY: another context has it.
 * Holds sxps_mutex. */
int sxps_member_join(struct sxps_context *ctx, const char *path);
/* No process belongs to the context any more; nothing happens if none did. Holds sxps_mutex. */
void sxps_member_leave(struct sxps_context *ctx);
/* Path of the context's cgroup as the caller's cgroup namespace sees it, "" for none, into `path`
 * of `n` bytes; its length or a negative errno. Holds sxps_mutex. */
int sxps_member_path(struct sxps_context *ctx, char *path, size_t n);
/* Calls `visit` for each context that has a cgroup; whether there was any. Under RCU. */
bool sxps_member_each(void (*visit)(struct sxps_context *ctx));
/* The context of a process, or NULL. Any context; under RCU, as is the answer. */
struct sxps_context *sxps_member_of(struct task_struct *task);

#endif
