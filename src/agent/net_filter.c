/* SPDX-License-Identifier: MIT */
#include "agent/net_filter.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "agent/agent.h"
#include "agent/net.h"

#define TOOL_TIME 30 /* seconds */

/* Major number 1 of the uplink's HTB, and the class in it: cls_fw takes a mark for a class id. */
uint32_t net_mark(const struct ps_conf *c)
{
	return UINT32_C(0x10000) | (uint32_t)c->slot;
}

static int nft(struct str *script, struct err *e)
{
	char *argv[] = {(char[]){"nft"}, (char[]){"-f"}, (char[]){"-"}, NULL};

	return run_cmd_in(argv, TOOL_TIME, script->p, script->len, e);
}

/*
 * One transaction: tables and chains are added if missing, the rules written anew. An address that
 * does not belong to the interface is counted and dropped before routing, and so is ARP that
 * speaks of one, since it would fill the server's neighbour table.
 */
int net_filter_base(struct err *e)
{
	static const char text[] =
		"add table inet sxc\n"
		"add set inet sxc own4 { type ifname . ipv4_addr; }\n"
		"add set inet sxc own6 { type ifname . ipv6_addr; }\n"
		"add map inet sxc class { type ifname : mark; }\n"
		"add map inet sxc foreign { type ifname : counter; }\n"
		"add chain inet sxc from_ps { type filter hook prerouting priority -310; }\n"
		"flush chain inet sxc from_ps\n"
		"add rule inet sxc from_ps iifname != \"sxps*\" accept\n"
		"add rule inet sxc from_ps meta mark set iifname map @class\n"
		"add rule inet sxc from_ps iifname . ip saddr @own4 accept\n"
		"add rule inet sxc from_ps iifname . ip6 saddr @own6 accept\n"
		"add rule inet sxc from_ps ip6 saddr :: icmpv6 type { nd-neighbor-solicit, "
		"mld-listener-report, mld2-listener-report } accept\n"
		"add rule inet sxc from_ps counter name iifname map @foreign\n"
		"add rule inet sxc from_ps drop\n"
		"add table arp sxc\n"
		"add set arp sxc own4 { type ifname . ipv4_addr; }\n"
		"add chain arp sxc from_ps { type filter hook input priority 0; }\n"
		"flush chain arp sxc from_ps\n"
		"add rule arp sxc from_ps iifname != \"sxps*\" accept\n"
		"add rule arp sxc from_ps iifname . arp saddr ip @own4 accept\n"
		"add rule arp sxc from_ps drop\n";
	autostr s = STR_INIT;

	str_add(&s, text);
	return nft(&s, e);
}

static void element(struct str *s, const char *verb, const char *set, const char *dev,
	const char *sep, const char *value)
{
	str_addf(s, "%s element %s { \"%s\" %s %s }\n", verb, set, dev, sep, value);
}

static void elements(struct str *s, const char *verb, const struct ps_conf *c, const char *dev)
{
	char text[64];

	for (size_t i = 0; i < c->address.n; i++) {
		const char *a = c->address.v[i];

		if (ps_address_family(a) == AF_INET6) {
			element(s, verb, "inet sxc own6", dev, ".", a);
			continue;
		}
		element(s, verb, "inet sxc own4", dev, ".", a);
		element(s, verb, "arp sxc own4", dev, ".", a);
	}
	net_link_local(c, text);
	element(s, verb, "inet sxc own6", dev, ".", text);
	snprintf(text, sizeof(text), "0x%08x", net_mark(c));
	element(s, verb, "inet sxc class", dev, ":", text);
	element(s, verb, "inet sxc foreign", dev, ":", dev);
}

int net_filter_add(const struct ps_conf *c, struct err *e)
{
	autostr s = STR_INIT;
	char dev[IFNAMSIZ];

	net_device(c, dev);
	str_addf(&s, "add counter inet sxc %s\n", dev);
	elements(&s, "add", c, dev);
	return nft(&s, e);
}

/* Added first, since deleting what is missing would fail the whole transaction. */
int net_filter_remove(const struct ps_conf *c, struct err *e)
{
	autostr s = STR_INIT;
	char dev[IFNAMSIZ];
	int rc = net_filter_base(e);

	if (rc < 0)
		return rc;
	net_device(c, dev);
	str_addf(&s, "add counter inet sxc %s\n", dev);
	elements(&s, "add", c, dev);
	elements(&s, "delete", c, dev);
	str_addf(&s, "delete counter inet sxc %s\n", dev);
	return nft(&s, e);
}

int64_t net_dropped(const struct ps_conf *c)
{
	autostr out = STR_INIT;
	char dev[IFNAMSIZ];
	char *argv[] = {(char[]){"nft"}, (char[]){"list"}, (char[]){"counter"}, (char[]){"inet"},
		(char[]){"sxc"}, dev, NULL};
	const char *p;

	net_device(c, dev);
	if (run_cmd_out(argv, TOOL_TIME, &out, 4096, NULL) < 0)
		return -1;
	p = strstr(str_c(&out), "packets ");
	return p ? strtoll(p + 8, NULL, 10) : -1;
}

/* ---- HTB ---- */

static int tc(struct str *script, struct err *e)
{
	char *argv[] = {(char[]){"tc"}, (char[]){"-batch"}, (char[]){"-"}, NULL};

	return run_cmd_in(argv, TOOL_TIME, script->p, script->len, e);
}

static int has_root(char *up, bool *yes, struct err *e)
{
	autostr out = STR_INIT;
	char *argv[] = {(char[]){"tc"}, (char[]){"qdisc"}, (char[]){"show"}, (char[]){"dev"}, up,
		(char[]){"root"}, NULL};
	int rc = run_cmd_out(argv, TOOL_TIME, &out, 65536, e);

	*yes = rc == 0 && strstr(str_c(&out), "qdisc htb 1: root");
	return rc < 0 ? rc : 0;
}

/* What is left of the link is shared in proportion to the guarantees: so are the quanta. */
static int64_t quantum(int64_t rate, int64_t link)
{
	int64_t q = (int64_t)((double)rate / (double)link * 100 * 1514);

	return q < 1514 ? 1514 : q > 200000 ? 200000 : q;
}

static void add_class(struct str *s, const char *up, int64_t minor, int64_t rate, int64_t link)
{
	str_addf(s,
		"class replace dev %s parent 1:1 classid 1:%" PRIx64 " htb rate %" PRId64
		"bit ceil %" PRId64 "bit quantum %" PRId64 "\n",
		up, minor, rate, link, quantum(rate, link));
	str_addf(s, "qdisc replace dev %s parent 1:%" PRIx64 " handle %" PRIx64 ": fq_codel\n", up,
		minor, minor);
}

/* Who has no guarantee still gets through, last. */
static int64_t least_rate(int64_t link)
{
	return link / 1000 > 64000 ? link / 1000 : 64000;
}

int net_shape(const struct ps_conf *c, struct err *e)
{
	autostr s = STR_INIT;
	char up[IFNAMSIZ];
	bool root;
	int rc;

	if (!c->link)
		return 0;
	if ((rc = net_uplink(c, up, e)) < 0 || (rc = has_root(up, &root, e)) < 0)
		return rc;
	if (!root)
		str_addf(&s, "qdisc replace dev %s root handle 1: htb default 2\n", up);
	str_addf(&s,
		"class replace dev %s parent 1: classid 1:1 htb rate %" PRId64 "bit ceil %" PRId64
		"bit quantum 60000\n",
		up, c->link, c->link);
	if (!root) {
		add_class(&s, up, 2, c->link / 10, c->link);
		str_addf(&s, "filter add dev %s parent 1: protocol all prio 1 fw\n", up);
	}
	add_class(&s, up, c->slot, c->net ? c->net : least_rate(c->link), c->link);
	return tc(&s, e);
}

int net_unshape(const struct ps_conf *c, struct err *e)
{
	autostr s = STR_INIT, out = STR_INIT;
	char up[IFNAMSIZ], class[16];
	char *argv[] = {(char[]){"tc"}, (char[]){"class"}, (char[]){"show"}, (char[]){"dev"}, up,
		(char[]){"classid"}, class, NULL};

	if (!c->link || net_uplink(c, up, NULL) < 0)
		return 0;
	snprintf(class, sizeof(class), "1:%" PRIx64, c->slot);
	if (run_cmd_out(argv, TOOL_TIME, &out, 65536, NULL) < 0 ||
		!strstr(str_c(&out), "class htb"))
		return 0;
	str_addf(&s, "class delete dev %s classid %s\n", up, class);
	return tc(&s, e);
}

int net_server_down(struct err *e)
{
	autostr s = STR_INIT, t = STR_INIT;
	struct ps_conf none = {0};
	char up[IFNAMSIZ];
	bool root = false;
	int rc;

	str_add(&s,
		"add table inet sxc\ndelete table inet sxc\nadd table arp sxc\ndelete table arp sxc\n");
	rc = nft(&s, e);
	if (rc < 0 || net_uplink(&none, up, NULL) < 0 || has_root(up, &root, NULL) < 0 || !root)
		return rc;
	str_addf(&t, "qdisc delete dev %s root\n", up);
	return tc(&t, e);
}
