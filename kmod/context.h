/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A context: what the module knows of one private server. Made and removed through configfs;
 * read by the packet hooks and the terminal hooks under RCU. Knows nothing of text formats.
 */
#ifndef SXPS_CONTEXT_H
#define SXPS_CONTEXT_H

#include <linux/atomic.h>
#include <linux/configfs.h>
#include <linux/mutex.h>
#include <linux/rcupdate.h>
#include <linux/spinlock.h>
#include "bucket.h"
#include "load.h"
#include "packet.h"

enum sxps_way { SXPS_OUT, SXPS_IN, SXPS_WAYS };

/* Identity as the hooks see it: replaced as a whole. */
struct sxps_ident_rcu {
	struct sxps_ident ident;
	struct rcu_head rcu;
};

struct sxps_transfer {
	atomic64_t used;
	u64 max;         /* bytes, U64_MAX: no bound */
	u64 rate;        /* bits a second */
	spinlock_t lock; /* of the buckets */
	struct sxps_bucket bucket[SXPS_WAYS];
	atomic64_t throttled; /* packets */
};

/* Terminals; guarded by the lock in sessions.c. */
struct sxps_sessions {
	u32 held, peak, max; /* max U32_MAX: no bound */
	u64 failures;
};

struct sxps_lock;
struct cgroup;

struct sxps_context {
	struct config_item item;
	struct rcu_head rcu;
	struct sxps_ident_rcu __rcu *ident;
	struct sxps_lock *lock; /* guarded by sxps_mutex; NULL: no device */
	u32 mark;
	struct sxps_transfer transfer;
	atomic64_t bytes[SXPS_WAYS], packets[SXPS_WAYS];
	atomic64_t drops[SXPS_VERDICTS];
	struct hlist_node member; /* member.c */
	struct cgroup *cgroup;    /* changes under sxps_mutex; NULL: none */
	struct sxps_sessions sessions;
	struct sxps_load load, counted; /* the second while counting, load.c */
};

/* Guards what is set up and taken down: contexts, locks, memberships. Taken inside rtnl. */
extern struct mutex sxps_mutex;

static inline struct sxps_context *to_context(struct config_item *item)
{
	return container_of(item, struct sxps_context, item);
}

/* A copy of the identity with `change` applied takes its place. 0, -ENOMEM. Holds sxps_mutex. */
int sxps_context_set_mac(struct sxps_context *ctx, const u8 *mac);
/* The addresses of `from` replace the context's; its MAC stays. 0, -ENOMEM. Holds sxps_mutex. */
int sxps_context_set_addresses(struct sxps_context *ctx, const struct sxps_ident *from);

/* The subsystem in configfs. 0 or a negative errno. */
int sxps_contexts_register(void);
/* Only without contexts; waits until the last one's memory is free and says so if one is lost. */
void sxps_contexts_unregister(void);

/* attr.c: the attribute tables. */
extern struct configfs_attribute *sxps_context_attrs[];
extern struct configfs_attribute *sxps_group_attrs[];
/* Leaves out the attributes that this kernel cannot enforce; once, before registering. */
void sxps_attrs_prepare(void);

/* Contexts made and removed since the module was loaded. */
extern atomic64_t sxps_created, sxps_destroyed;

#endif
