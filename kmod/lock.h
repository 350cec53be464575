/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The net lock: hooks on the host's side of a veth pair. It knows contexts only through the
 * pointer it was given, and outlives them: without one it drops everything.
 */
#ifndef SXPS_LOCK_H
#define SXPS_LOCK_H

#include <linux/types.h>

struct sxps_context;

/* Puts the hooks on the device of that name in the caller's network namespace, or takes over the
 * ones a removed context left there. -ENODEV; -EBUSY when the context has another device, or the
 * device another context; -EINVAL: not Ethernet; -ENOMEM. Takes rtnl and sxps_mutex. */
int sxps_lock_device(struct sxps_context *ctx, const char *name);

/* The context's lock, if it has one, drops everything from now on. Holds sxps_mutex. */
void sxps_lock_orphan(struct sxps_context *ctx);

/* Name of the context's device, or "". `name` has IFNAMSIZ bytes. Takes sxps_mutex. */
void sxps_lock_name(struct sxps_context *ctx, char *name);

/* Why the lock is not in force, NULL if it is. Takes sxps_mutex. */
const char *sxps_lock_reason(struct sxps_context *ctx);

/* Listens to devices that go. 0 or a negative errno. */
int sxps_locks_register(void);
void sxps_locks_unregister(void);

#endif
