/* SPDX-License-Identifier: MIT */
/*
 * net_sxps - contexts of the kernel module, where it is loaded: its net lock on the host's side of
 * the pair, and what it counts. The agreement is kmod/uapi/sxps.h.
 *
 * Without the module all of this does nothing: nftables holds the addresses then.
 * Must not know about: interfaces' making, nftables.
 */
#ifndef SXC_AGENT_NET_SXPS_H
#define SXC_AGENT_NET_SXPS_H

#include <stdbool.h>

#include "agent/ps_conf.h"
#include "util/err.h"
#include "util/str.h"

bool sxps_loaded(void);
/* The context of c, in force for its device, which exists and is not up yet. A new one goes on with
 * the transfer that was written down. */
int sxps_add(const struct ps_conf *c, const char *device, const unsigned char mac[6],
	struct err *e);
/* The bounds of a running one as c has them; nothing without a context. */
int sxps_bound(const struct ps_conf *c, struct err *e);
/* E_STATE when a bound of c is the module's to enforce, is not best effort, and would not be. */
int sxps_check(const struct ps_conf *c, struct err *e);
/* What holds for any context here: the group's file `enforcing`; E_STATE without the module. */
int sxps_health(struct str *out, struct err *e);
/* Bytes transferred as the context counts them, -1 without one; and setting that. */
int64_t sxps_transfer(const struct ps_conf *c);
int sxps_transfer_set(const struct ps_conf *c, int64_t bytes, struct err *e);
/* The addresses of c instead of those it has; without a context nothing. */
int sxps_addresses(const struct ps_conf *c, struct err *e);
/* Absent is success. The device is gone already. */
int sxps_remove(const struct ps_conf *c, struct err *e);

/* One line of the context's counters; -1 where it says nothing. */
struct sxps_counter {
	int64_t held, peak, bound, failures;
};
/* False when there is no such line, or no module. */
bool sxps_counter(const struct ps_conf *c, const char *name, struct sxps_counter *out);
/* Packets dropped for foreign addresses of all kinds; -1 without the module. */
int64_t sxps_dropped(const struct ps_conf *c);
/* True if the module says that it enforces that part ("net", "sessions", "transfer"). */
bool sxps_enforces(const struct ps_conf *c, const char *part);

#endif
