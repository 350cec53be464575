// SPDX-License-Identifier: GPL-2.0
#include <linux/ctype.h>
#include <linux/module.h>
#include <linux/slab.h>
#include "context.h"
#include "lock.h"
#include "member.h"
#include "sessions.h"

DEFINE_MUTEX(sxps_mutex);
atomic64_t sxps_created, sxps_destroyed;

static int swap_ident(struct sxps_context *ctx, struct sxps_ident_rcu *fresh)
{
	struct sxps_ident_rcu *old;

	old = rcu_replace_pointer(ctx->ident, fresh, lockdep_is_held(&sxps_mutex));
	kfree_rcu(old, rcu);
	return 0;
}

static struct sxps_ident_rcu *copy_ident(struct sxps_context *ctx)
{
	return kmemdup(rcu_dereference_protected(ctx->ident, lockdep_is_held(&sxps_mutex)),
		sizeof(struct sxps_ident_rcu), GFP_KERNEL);
}

int sxps_context_set_mac(struct sxps_context *ctx, const u8 *mac)
{
	struct sxps_ident_rcu *fresh = copy_ident(ctx);

	if (!fresh)
		return -ENOMEM;
	memcpy(fresh->ident.mac, mac, sizeof(fresh->ident.mac));
	fresh->ident.has_mac = true;
	return swap_ident(ctx, fresh);
}

int sxps_context_set_addresses(struct sxps_context *ctx, const struct sxps_ident *from)
{
	struct sxps_ident_rcu *fresh = copy_ident(ctx);

	if (!fresh)
		return -ENOMEM;
	fresh->ident.n4 = from->n4;
	fresh->ident.n6 = from->n6;
	memcpy(fresh->ident.v4, from->v4, sizeof(from->v4));
	memcpy(fresh->ident.v6, from->v6, sizeof(from->v6));
	return swap_ident(ctx, fresh);
}

/* ---- birth and death ---- */

static void free_context(struct rcu_head *rcu)
{
	struct sxps_context *ctx = container_of(rcu, struct sxps_context, rcu);

	kfree(rcu_dereference_raw(ctx->ident));
	kfree(ctx);
	atomic64_inc(&sxps_destroyed);
}

static void release_context(struct config_item *item)
{
	call_rcu(&to_context(item)->rcu, free_context);
}

static struct configfs_item_operations item_ops = {
	.release = release_context,
};

static struct config_item_type context_type = {
	.ct_owner = THIS_MODULE,
	.ct_item_ops = &item_ops,
	.ct_attrs = sxps_context_attrs,
};

static bool name_is_valid(const char *name)
{
	size_t n = strlen(name);

	if (!n || n > SXPS_NAME_MAX || !(islower(name[0]) || isdigit(name[0])))
		return false;
	return strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789._-") == n;
}

static struct config_item *make_context(struct config_group *group, const char *name)
{
	struct sxps_context *ctx;
	struct sxps_ident_rcu *ident;

	if (!name_is_valid(name))
		return ERR_PTR(-EINVAL);
	ctx = kzalloc(sizeof(*ctx), GFP_KERNEL);
	if (!ctx)
		return ERR_PTR(-ENOMEM);
	ident = kzalloc(sizeof(*ident), GFP_KERNEL);
	if (!ident)
		goto free_ctx;
	rcu_assign_pointer(ctx->ident, ident);
	spin_lock_init(&ctx->transfer.lock);
	ctx->transfer.max = U64_MAX;
	ctx->sessions.max = U32_MAX;
	config_item_init_type_name(&ctx->item, name, &context_type);
	if (!ctx->item.ci_name)
		goto free_ident;
	atomic64_inc(&sxps_created);
	return &ctx->item;

free_ident:
	kfree(ident);
free_ctx:
	kfree(ctx);
	return ERR_PTR(-ENOMEM);
}

/* From here on nothing finds it; a device that is still there stays shut. */
static void drop_context(struct config_group *group, struct config_item *item)
{
	struct sxps_context *ctx = to_context(item);

	mutex_lock(&sxps_mutex);
	sxps_lock_orphan(ctx);
	sxps_member_leave(ctx);
	mutex_unlock(&sxps_mutex);
	sxps_sessions_forget(ctx);
	config_item_put(item);
}

static struct configfs_group_operations group_ops = {
	.make_item = make_context,
	.drop_item = drop_context,
};

static struct config_item_type group_type = {
	.ct_owner = THIS_MODULE,
	.ct_group_ops = &group_ops,
	.ct_attrs = sxps_group_attrs,
};

static struct configfs_subsystem subsystem = {
	.su_group.cg_item.ci_namebuf = "sxps",
	.su_group.cg_item.ci_type = &group_type,
};

int sxps_contexts_register(void)
{
	config_group_init(&subsystem.su_group);
	mutex_init(&subsystem.su_mutex);
	return configfs_register_subsystem(&subsystem);
}

void sxps_contexts_unregister(void)
{
	configfs_unregister_subsystem(&subsystem);
	rcu_barrier();
	WARN(atomic64_read(&sxps_created) != atomic64_read(&sxps_destroyed),
		"sxps: %lld contexts created, %lld destroyed\n", atomic64_read(&sxps_created),
		atomic64_read(&sxps_destroyed));
}
