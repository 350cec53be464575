// SPDX-License-Identifier: GPL-2.0
#include <linux/cgroup.h>
#include <linux/hashtable.h>
#include <linux/nsproxy.h>
#include "context.h"
#include "member.h"

static DEFINE_HASHTABLE(members, 8); /* by cgroup; changes under sxps_mutex, read under RCU */

static struct sxps_context *context_of(const struct cgroup *cgroup)
{
	struct sxps_context *ctx;

	hash_for_each_possible_rcu(members, ctx, member, (unsigned long)cgroup,
		lockdep_is_held(&sxps_mutex))
		if (READ_ONCE(ctx->cgroup) == cgroup)
			return ctx;
	return NULL;
}

/* A reader may stand on the node until the grace period ends: only then may it be hung in again. */
void sxps_member_leave(struct sxps_context *ctx)
{
	struct cgroup *old = ctx->cgroup;

	if (!old)
		return;
	hash_del_rcu(&ctx->member);
	WRITE_ONCE(ctx->cgroup, NULL);
	synchronize_rcu();
	cgroup_put(old);
}

int sxps_member_join(struct sxps_context *ctx, const char *path)
{
	struct cgroup *cgroup = cgroup_get_from_path(path);
	struct sxps_context *owner;

	if (IS_ERR(cgroup))
		return PTR_ERR(cgroup);
	if (!cgroup_parent(cgroup)) {
		cgroup_put(cgroup);
		return -EINVAL;
	}
	owner = context_of(cgroup);
	if (owner) {
		cgroup_put(cgroup);
		return owner == ctx ? 0 : -EBUSY;
	}
	sxps_member_leave(ctx);
	WRITE_ONCE(ctx->cgroup, cgroup);
	hash_add_rcu(members, &ctx->member, (unsigned long)cgroup);
	return 0;
}

int sxps_member_path(struct sxps_context *ctx, char *path, size_t n)
{
	path[0] = '\0';
	if (!ctx->cgroup)
		return 0;
	return cgroup_path_ns(ctx->cgroup, path, n, current->nsproxy->cgroup_ns);
}

struct sxps_context *sxps_member_of(struct task_struct *task)
{
	struct cgroup *cgroup;
	struct sxps_context *ctx;

	for (cgroup = task_dfl_cgroup(task); cgroup; cgroup = cgroup_parent(cgroup)) {
		ctx = context_of(cgroup);
		if (ctx)
			return ctx;
	}
	return NULL;
}

bool sxps_member_each(void (*visit)(struct sxps_context *ctx))
{
	struct sxps_context *ctx;
	bool any = false;
	int i;

	hash_for_each_rcu(members, i, ctx, member) {
		visit(ctx);
		any = true;
	}
	return any;
}
