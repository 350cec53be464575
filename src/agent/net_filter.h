/* SPDX-License-Identifier: MIT */
/*
 * net_filter - the address lock in nftables and the bandwidth guarantee in HTB: what net.c sets up
 * through nft(8) and tc(8).
 *
 * Must not know about: interfaces' making, routes.
 */
#ifndef SXC_AGENT_NET_FILTER_H
#define SXC_AGENT_NET_FILTER_H

#include <netinet/in.h>

#include "agent/ps_conf.h"
#include "util/err.h"

/* The tables; there already is fine. */
int net_filter_base(struct err *e);
/* What one private server may send from, its mark and its counter of drops. */
int net_filter_add(const struct ps_conf *c, struct err *e);
int net_filter_remove(const struct ps_conf *c, struct err *e);
/* Mark of its packets, which is its class on the uplink. */
uint32_t net_mark(const struct ps_conf *c);
/* Take its class off the uplink; absent is fine. */
int net_unshape(const struct ps_conf *c, struct err *e);
/* Link-local address that belongs to its MAC address; in net.c. */
void net_link_local(const struct ps_conf *c, char text[INET6_ADDRSTRLEN]);

#endif
