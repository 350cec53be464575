/* SPDX-License-Identifier: MIT */
/*
 * net_rtnl - the few rtnetlink requests private servers need: a veth pair, addresses, routes,
 * neighbour entries. See rtnetlink(7) and linux/rtnetlink.h.
 *
 * Works on the network namespace of the calling process. Must not know about: private servers.
 */
#ifndef SXC_AGENT_NET_RTNL_H
#define SXC_AGENT_NET_RTNL_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "util/err.h"

/* An IPv4 or IPv6 address in network order. */
struct net_addr {
	int family;
	unsigned char b[16];
};

/* False if text is neither. */
bool net_addr_parse(struct net_addr *a, const char *text);

struct rtnl {
	int fd;
	uint32_t seq;
};
#define autortnl autoclean(rtnl_close) struct rtnl

int rtnl_open(struct rtnl *r, struct err *e);
void rtnl_close(struct rtnl *r);

/* A pair: host here, inner (with mac, 6 bytes) in the network namespace of process pid. */
int rtnl_veth(struct rtnl *r, const char *host, const char *inner, const unsigned char *mac,
	uint32_t mtu, pid_t pid, struct err *e);
/* Remove an interface; absent is success. */
int rtnl_link_remove(struct rtnl *r, const char *name, struct err *e);
int rtnl_link_up(struct rtnl *r, int ifindex, struct err *e);
/* Add an address, without duplicate address detection; there already is success. */
int rtnl_addr_add(struct rtnl *r, int ifindex, const struct net_addr *a, int prefix,
	bool link_scope, struct err *e);
/* Take it off again; absent is success. */
int rtnl_addr_remove(struct rtnl *r, int ifindex, const struct net_addr *a, int prefix,
	struct err *e);
/* No route to dst on the interface and no neighbour; absent is success. */
int rtnl_route_remove(struct rtnl *r, int ifindex, const struct net_addr *dst, struct err *e);
/* Set the route to dst (NULL: default) through gw (NULL: directly) on the interface. */
int rtnl_route_set(struct rtnl *r, int ifindex, int family, const struct net_addr *dst,
	const struct net_addr *gw, struct err *e);
/* Answer ARP or neighbour solicitations for a on the interface, or stop it (absent is success). */
int rtnl_proxy(struct rtnl *r, bool add, int ifindex, const struct net_addr *a, struct err *e);
/* A permanent neighbour: a is at mac. */
int rtnl_neigh_set(struct rtnl *r, int ifindex, const struct net_addr *a, const unsigned char *mac,
	struct err *e);

#endif
