/* SPDX-License-Identifier: MIT */
/*
 * net - the network of private servers: a routed veth each, its own addresses and no others, and
 * what leaves through the uplink in proportion to the guarantees.
 *
 * The host's side of a pair is named sxps<id>; the inner side is eth0. The server answers for the
 * addresses on its uplink (proxy ARP and ND). nftables drops what does not come from an own
 * address and marks the rest; the mark is the HTB class on the uplink.
 * Must not know about: how private servers are started.
 */
#ifndef SXC_AGENT_NET_H
#define SXC_AGENT_NET_H

#include <net/if.h>
#include <sys/types.h>

#include "agent/ps_conf.h"
#include "util/err.h"

#define NET_INNER "eth0"

/* Host side of a private server's interface. */
const char *net_device(const struct ps_conf *c, char buf[IFNAMSIZ]);
/* Its uplink: the one configured, else the interface of the default route, else the only one with
 * hardware behind it. E_STATE when there is none. */
int net_uplink(const struct ps_conf *c, char buf[IFNAMSIZ], struct err *e);

/* For the server, at boot and before each private server; idempotent: forwarding, the nftables
 * tables. */
int net_server_up(struct err *e);
/* Take the tables and HTB away again; forwarding stays as it is. */
int net_server_down(struct err *e);
/* HTB on the uplink (10 % for the server itself) and the private server's class; also changes the
 * rates of a running one. Without a link rate nothing is shaped. */
int net_shape(const struct ps_conf *c, struct err *e);
/* The pair, with the inner side in the network namespace of pid; routes, locks, class. */
int net_up(const struct ps_conf *c, pid_t pid, struct err *e);
/* Put one that runs already under the kernel module, which was loaded after it. */
int net_relock(const struct ps_conf *c, struct err *e);
/* Called in that network namespace: loopback, eth0 with addresses, default routes. */
int net_inside_up(const struct ps_conf *c, struct err *e);
/* From the addresses of was to those of c, while it runs with its init at pid: lock, routes, what
 * the server answers for, and the interface inside. */
int net_readdress(const struct ps_conf *was, const struct ps_conf *c, pid_t pid, struct err *e);
/* The interface inside alone; was may be NULL: it has just been made. */
int net_inside_again(const struct ps_conf *was, const struct ps_conf *c, pid_t pid, struct err *e);
/* Undo net_up; what is not there is fine. The first failure is reported, the rest still undone. */
int net_down(const struct ps_conf *c, struct err *e);
/* Packets of foreign source dropped since it started, -1 if unknown. */
int64_t net_dropped(const struct ps_conf *c);

#endif
