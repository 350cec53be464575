/* SPDX-License-Identifier: MIT */
#include "agent/net_rtnl.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_addr.h>
#include <linux/neighbour.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "util/mem.h"

struct request {
	struct nlmsghdr h;
	unsigned char body[1024];
};

bool net_addr_parse(struct net_addr *a, const char *text)
{
	*a = (struct net_addr){0};
	if (inet_pton(AF_INET, text, a->b) == 1)
		a->family = AF_INET;
	else if (inet_pton(AF_INET6, text, a->b) == 1)
		a->family = AF_INET6;
	return a->family != 0;
}

static size_t addr_len(const struct net_addr *a)
{
	return a->family == AF_INET ? 4 : 16;
}

int rtnl_open(struct rtnl *r, struct err *e)
{
	r->seq = 0;
	r->fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	return r->fd < 0 ? err_sys(e, "opening a netlink socket") : 0;
}

void rtnl_close(struct rtnl *r)
{
	if (r->fd >= 0)
		close(r->fd);
	r->fd = -1;
}

/* ---- building: all of our requests are far smaller than the body ---- */

static void *start(struct request *q, uint16_t type, uint16_t flags, size_t header)
{
	*q = (struct request){0};
	q->h.nlmsg_type = type;
	q->h.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | flags;
	q->h.nlmsg_len = NLMSG_LENGTH(header);
	return q->body;
}

static struct rtattr *attr(struct request *q, uint16_t type, const void *p, size_t n)
{
	struct rtattr *a = (struct rtattr *)((char *)q + NLMSG_ALIGN(q->h.nlmsg_len));

	a->rta_type = type;
	a->rta_len = (uint16_t)RTA_LENGTH(n);
	if (n)
		memcpy(RTA_DATA(a), p, n);
	q->h.nlmsg_len = NLMSG_ALIGN(q->h.nlmsg_len) + RTA_ALIGN(a->rta_len);
	return a;
}

static void attr_end(struct request *q, struct rtattr *a)
{
	a->rta_len = (uint16_t)((char *)q + NLMSG_ALIGN(q->h.nlmsg_len) - (char *)a);
}

/* Send and wait for the acknowledgement: 0 or a negative errno. */
static int talk(struct rtnl *r, struct request *q)
{
	union {
		struct nlmsghdr h;
		char room[8192];
	} in;
	const struct nlmsgerr *ack = NLMSG_DATA(&in.h);
	ssize_t n;

	q->h.nlmsg_seq = ++r->seq;
	if (send(r->fd, q, q->h.nlmsg_len, 0) < 0)
		return -errno;
	do {
		n = recv(r->fd, &in, sizeof(in), 0);
		if (n < 0 && errno != EINTR)
			return -errno;
	} while (n < (ssize_t)NLMSG_LENGTH(sizeof(*ack)) || in.h.nlmsg_type != NLMSG_ERROR ||
		 in.h.nlmsg_seq != r->seq);
	return ack->error;
}

static int outcome(int rc, int fine, struct err *e, const char *what)
{
	if (rc == 0 || rc == -fine)
		return 0;
	errno = -rc;
	return err_sys(e, "%s", what);
}

/* ---- requests ---- */

int rtnl_veth(struct rtnl *r, const char *host, const char *inner, const unsigned char *mac,
	uint32_t mtu, pid_t pid, struct err *e)
{
	struct request q;
	struct rtattr *info, *data, *peer;
	uint32_t ns = (uint32_t)pid;

	start(&q, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, sizeof(struct ifinfomsg));
	attr(&q, IFLA_IFNAME, host, strlen(host) + 1);
	attr(&q, IFLA_MTU, &mtu, sizeof(mtu));
	info = attr(&q, IFLA_LINKINFO, NULL, 0);
	attr(&q, IFLA_INFO_KIND, "veth", 5);
	data = attr(&q, IFLA_INFO_DATA, NULL, 0);
	peer = attr(&q, VETH_INFO_PEER, NULL, 0);
	q.h.nlmsg_len += NLMSG_ALIGN(sizeof(struct ifinfomsg)); /* the peer's header, zero */
	attr(&q, IFLA_IFNAME, inner, strlen(inner) + 1);
	attr(&q, IFLA_ADDRESS, mac, 6);
	attr(&q, IFLA_MTU, &mtu, sizeof(mtu));
	attr(&q, IFLA_NET_NS_PID, &ns, sizeof(ns));
	attr_end(&q, peer);
	attr_end(&q, data);
	attr_end(&q, info);
	return outcome(talk(r, &q), 0, e, "making the network interface");
}

int rtnl_link_remove(struct rtnl *r, const char *name, struct err *e)
{
	struct request q;

	start(&q, RTM_DELLINK, 0, sizeof(struct ifinfomsg));
	attr(&q, IFLA_IFNAME, name, strlen(name) + 1);
	return outcome(talk(r, &q), ENODEV, e, "removing the network interface");
}

int rtnl_link_up(struct rtnl *r, int ifindex, struct err *e)
{
	struct request q;
	struct ifinfomsg *m = start(&q, RTM_NEWLINK, 0, sizeof(*m));

	m->ifi_index = ifindex;
	m->ifi_flags = m->ifi_change = IFF_UP;
	return outcome(talk(r, &q), 0, e, "setting the network interface up");
}

int rtnl_addr_add(struct rtnl *r, int ifindex, const struct net_addr *a, int prefix,
	bool link_scope, struct err *e)
{
	struct request q;
	struct ifaddrmsg *m = start(&q, RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE, sizeof(*m));

	m->ifa_family = (uint8_t)a->family;
	m->ifa_prefixlen = (uint8_t)prefix;
	m->ifa_flags = a->family == AF_INET6 ? IFA_F_NODAD : 0;
	m->ifa_scope = link_scope ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE;
	m->ifa_index = (uint32_t)ifindex;
	attr(&q, IFA_LOCAL, a->b, addr_len(a));
	attr(&q, IFA_ADDRESS, a->b, addr_len(a));
	return outcome(talk(r, &q), EEXIST, e, "adding an address");
}

int rtnl_addr_remove(struct rtnl *r, int ifindex, const struct net_addr *a, int prefix,
	struct err *e)
{
	struct request q;
	struct ifaddrmsg *m = start(&q, RTM_DELADDR, 0, sizeof(*m));

	m->ifa_family = (uint8_t)a->family;
	m->ifa_prefixlen = (uint8_t)prefix;
	m->ifa_index = (uint32_t)ifindex;
	attr(&q, IFA_LOCAL, a->b, addr_len(a));
	attr(&q, IFA_ADDRESS, a->b, addr_len(a));
	return outcome(talk(r, &q), EADDRNOTAVAIL, e, "removing an address");
}

int rtnl_route_set(struct rtnl *r, int ifindex, int family, const struct net_addr *dst,
	const struct net_addr *gw, struct err *e)
{
	struct request q;
	struct rtmsg *m = start(&q, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE, sizeof(*m));

	m->rtm_family = (uint8_t)family;
	m->rtm_dst_len = dst ? (uint8_t)(addr_len(dst) * 8) : 0;
	m->rtm_table = RT_TABLE_MAIN;
	m->rtm_protocol = RTPROT_STATIC;
	m->rtm_scope = gw || family == AF_INET6 ? RT_SCOPE_UNIVERSE : RT_SCOPE_LINK;
	m->rtm_type = RTN_UNICAST;
	m->rtm_flags = gw ? RTNH_F_ONLINK : 0;
	if (dst)
		attr(&q, RTA_DST, dst->b, addr_len(dst));
	if (gw)
		attr(&q, RTA_GATEWAY, gw->b, addr_len(gw));
	attr(&q, RTA_OIF, &ifindex, sizeof(ifindex));
	return outcome(talk(r, &q), 0, e, "setting a route");
}

static int neigh(struct rtnl *r, uint16_t type, uint8_t flags, int ifindex,
	const struct net_addr *a, const unsigned char *mac)
{
	struct request q;
	struct ndmsg *m = start(&q, type, type == RTM_NEWNEIGH ? NLM_F_CREATE | NLM_F_REPLACE : 0,
		sizeof(*m));

	m->ndm_family = (uint8_t)a->family;
	m->ndm_ifindex = ifindex;
	m->ndm_state = NUD_PERMANENT;
	m->ndm_flags = flags;
	attr(&q, NDA_DST, a->b, addr_len(a));
	if (mac)
		attr(&q, NDA_LLADDR, mac, 6);
	return talk(r, &q);
}

int rtnl_proxy(struct rtnl *r, bool add, int ifindex, const struct net_addr *a, struct err *e)
{
	return outcome(neigh(r, add ? RTM_NEWNEIGH : RTM_DELNEIGH, NTF_PROXY, ifindex, a, NULL),
		add ? EEXIST : ENOENT, e, "answering for an address on the uplink");
}

int rtnl_neigh_set(struct rtnl *r, int ifindex, const struct net_addr *a, const unsigned char *mac,
	struct err *e)
{
	return outcome(neigh(r, RTM_NEWNEIGH, 0, ifindex, a, mac), 0, e, "setting a neighbour");
}

int rtnl_route_remove(struct rtnl *r, int ifindex, const struct net_addr *dst, struct err *e)
{
	struct request q;
	struct rtmsg *m;
	int rc = outcome(neigh(r, RTM_DELNEIGH, 0, ifindex, dst, NULL), ENOENT, e,
		"removing a neighbour");

	if (rc < 0)
		return rc;
	m = start(&q, RTM_DELROUTE, 0, sizeof(*m));
	m->rtm_family = (uint8_t)dst->family;
	m->rtm_dst_len = (uint8_t)(addr_len(dst) * 8);
	m->rtm_table = RT_TABLE_MAIN;
	m->rtm_scope = RT_SCOPE_NOWHERE; /* of any scope */
	attr(&q, RTA_DST, dst->b, addr_len(dst));
	attr(&q, RTA_OIF, &ifindex, sizeof(ifindex));
	return outcome(talk(r, &q), ESRCH, e, "removing a route");
}
