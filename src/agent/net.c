/* SPDX-License-Identifier: MIT */
#include "agent/net.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/agent.h"
#include "agent/launch.h"
#include "agent/net_filter.h"
#include "agent/net_rtnl.h"
#include "agent/net_sxps.h"
#include "agent/net_transfer.h"

#define GATEWAY4 "169.254.0.1"
#define GATEWAY6 "fe80::1"

const char *net_device(const struct ps_conf *c, char buf[IFNAMSIZ])
{
	snprintf(buf, IFNAMSIZ, "sxps%" PRId64, c->id);
	return buf;
}

/* Locally administered (IEEE 802, second bit of the first byte), unique by the id in the fleet. */
static void inner_mac(const struct ps_conf *c, unsigned char mac[6])
{
	mac[0] = 0x02;
	mac[1] = 0x73;
	mac[2] = 0x78;
	mac[3] = (unsigned char)(c->id >> 16);
	mac[4] = (unsigned char)(c->id >> 8);
	mac[5] = (unsigned char)c->id;
}

void net_link_local(const struct ps_conf *c, char text[INET6_ADDRSTRLEN])
{
	unsigned char mac[6];
	unsigned char a[16] = {0xfe, 0x80};

	inner_mac(c, mac); /* RFC 4291, appendix A: modified EUI-64 */
	a[8] = mac[0] ^ 2;
	a[9] = mac[1];
	a[10] = mac[2];
	a[11] = 0xff;
	a[12] = 0xfe;
	memcpy(a + 13, mac + 3, 3);
	inet_ntop(AF_INET6, a, text, INET6_ADDRSTRLEN);
}

/* ---- the uplink ---- */

/* Interface of the default route in the kernel's table, see proc(5) /proc/net/route. */
static bool default_route(char buf[IFNAMSIZ])
{
	autofclose FILE *f = fopen("/proc/net/route", "re");
	char line[512], dev[16], dst[16], gw[16], mask[16];
	unsigned metric, best = UINT_MAX;

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "%15s %15s %15s %*s %*s %*s %u %15s", dev, dst, gw, &metric,
			    mask) == 5 &&
			str_eq(dst, "00000000") && str_eq(mask, "00000000") && metric < best) {
			best = metric;
			snprintf(buf, IFNAMSIZ, "%s", dev);
		}
	return best != UINT_MAX;
}

static bool default_route6(char buf[IFNAMSIZ])
{
	autofclose FILE *f = fopen("/proc/net/ipv6_route", "re");
	char line[512], dst[40], len[8], dev[16];

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "%32s %2s %*s %*s %*s %*s %*s %*s %*s %15s", dst, len, dev) == 3 &&
			str_eq(len, "00") && strspn(dst, "0") == 32 && !str_eq(dev, "lo")) {
			snprintf(buf, IFNAMSIZ, "%s", dev);
			return true;
		}
	return false;
}

static bool only_hardware(char buf[IFNAMSIZ])
{
	DIR *d = opendir("/sys/class/net");
	struct dirent *de;
	int found = 0;

	while (d && (de = readdir(d))) {
		char path[PATH_MAX];

		snprintf(path, sizeof(path), "/sys/class/net/%s/device", de->d_name);
		if (access(path, F_OK) < 0)
			continue;
		found++;
		snprintf(buf, IFNAMSIZ, "%.15s", de->d_name);
	}
	if (d)
		closedir(d);
	return found == 1;
}

int net_uplink(const struct ps_conf *c, char buf[IFNAMSIZ], struct err *e)
{
	if (c->uplink) {
		if (!if_nametoindex(c->uplink))
			return err_set(e, E_STATE, "no interface %s for the uplink", c->uplink);
		snprintf(buf, IFNAMSIZ, "%s", c->uplink);
		return 0;
	}
	if (default_route(buf) || default_route6(buf) || only_hardware(buf))
		return 0;
	return err_set(e, E_STATE,
		"no default route and several interfaces: give the server's uplink");
}

/* ---- sysctls ---- */

static int sysctl_set(const char *family, const char *dev, const char *name, const char *value,
	struct err *e)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "/proc/sys/net/%s/conf/%s/%s", family, dev, name);
	return file_poke(path, value, e);
}

static bool has_ipv6(void)
{
	return access("/proc/sys/net/ipv6", F_OK) == 0;
}

/* Forwarding makes the kernel ignore router advertisements unless accept_ra is 2
 * (kernel doc networking/ip-sysctl): the server must not lose its own route. */
static int forward6(struct err *e)
{
	autostr now = STR_INIT;
	char up[IFNAMSIZ];
	struct ps_conf none = {0};
	int rc;

	if (file_read("/proc/sys/net/ipv6/conf/all/forwarding", &now, 16, NULL) == 0 &&
		str_c(&now)[0] == '1')
		return 0;
	if (net_uplink(&none, up, NULL) == 0 &&
		(rc = sysctl_set("ipv6", up, "accept_ra", "2", e)) < 0)
		return rc;
	return sysctl_set("ipv6", "all", "forwarding", "1", e);
}

int net_server_up(struct err *e)
{
	int rc = file_poke("/proc/sys/net/ipv4/ip_forward", "1", e);

	if (rc == 0 && has_ipv6())
		rc = forward6(e);
	return rc < 0 ? rc : net_filter_base(e);
}

static int device_sysctls(const char *dev, struct err *e)
{
	static const struct {
		const char *family, *name, *value;
	} set[] = {
		{"ipv4", "rp_filter", "1"},
		{"ipv4", "send_redirects", "0"},
		{"ipv4", "accept_redirects", "0"},
		{"ipv6", "accept_ra", "0"},
		{"ipv6", "accept_redirects", "0"},
		{"ipv6", "forwarding", "1"},
	};
	int rc = 0;

	for (size_t i = 0; i < ARRAY_LEN(set) && rc == 0; i++)
		if (str_eq(set[i].family, "ipv4") || has_ipv6())
			rc = sysctl_set(set[i].family, dev, set[i].name, set[i].value, e);
	return rc;
}

/* ---- one private server, from outside ---- */

static uint32_t mtu_of(const char *dev)
{
	autostr s = STR_INIT;
	char path[PATH_MAX];
	long mtu;

	snprintf(path, sizeof(path), "/sys/class/net/%s/mtu", dev);
	if (file_read(path, &s, 32, NULL) < 0)
		return 1500;
	mtu = strtol(str_c(&s), NULL, 10);
	return mtu >= 576 && mtu <= 65535 ? (uint32_t)mtu : 1500;
}

static int gateway_up(struct rtnl *r, int host, struct err *e)
{
	struct net_addr gw;
	int rc = rtnl_link_up(r, host, e);

	net_addr_parse(&gw, GATEWAY4);
	if (rc == 0)
		rc = rtnl_addr_add(r, host, &gw, 32, true, e);
	net_addr_parse(&gw, GATEWAY6);
	if (rc == 0 && has_ipv6())
		rc = rtnl_addr_add(r, host, &gw, 64, true, e);
	return rc;
}

static int address_up(struct rtnl *r, const struct ps_conf *c, const char *text, int host,
	const char *up, struct err *e)
{
	struct net_addr a;
	unsigned char mac[6];
	int rc;

	inner_mac(c, mac);
	net_addr_parse(&a, text);
	if ((rc = rtnl_route_set(r, host, a.family, &a, NULL, e)) < 0 ||
		(rc = rtnl_neigh_set(r, host, &a, mac, e)) < 0)
		return rc;
	if (a.family == AF_INET6 && (rc = sysctl_set("ipv6", up, "proxy_ndp", "1", e)) < 0)
		return rc;
	return rtnl_proxy(r, true, (int)if_nametoindex(up), &a, e);
}

static int outside_up(struct rtnl *r, const struct ps_conf *c, const char *dev, const char *up,
	struct err *e)
{
	int host = (int)if_nametoindex(dev);
	int rc = device_sysctls(dev, e);

	if (rc == 0)
		rc = gateway_up(r, host, e);
	for (size_t i = 0; i < c->address.n && rc == 0; i++)
		rc = address_up(r, c, c->address.v[i], host, up, e);
	return rc;
}

int net_up(const struct ps_conf *c, pid_t pid, struct err *e)
{
	autortnl r = {.fd = -1};
	char dev[IFNAMSIZ], up[IFNAMSIZ] = "";
	unsigned char mac[6];
	int rc;

	net_device(c, dev);
	inner_mac(c, mac);
	if (c->address.n && (rc = net_uplink(c, up, e)) < 0)
		return rc;
	if ((rc = rtnl_open(&r, e)) < 0 || (rc = rtnl_link_remove(&r, dev, e)) < 0)
		return rc;
	/* The lock is in force before there is anything to lock. */
	if ((rc = net_filter_add(c, e)) < 0 ||
		(rc = rtnl_veth(&r, dev, NET_INNER, mac, *up ? mtu_of(up) : 1500, pid, e)) < 0 ||
		(rc = sxps_add(c, dev, mac, e)) < 0 || (rc = outside_up(&r, c, dev, up, e)) < 0)
		return rc;
	return net_shape(c, e);
}

int net_relock(const struct ps_conf *c, struct err *e)
{
	unsigned char mac[6];
	char dev[IFNAMSIZ];

	inner_mac(c, mac);
	return sxps_add(c, net_device(c, dev), mac, e);
}

int net_down(const struct ps_conf *c, struct err *e)
{
	autortnl r = {.fd = -1};
	char dev[IFNAMSIZ], up[IFNAMSIZ];
	struct net_addr a;
	int rc = rtnl_open(&r, e), first;

	if (rc < 0)
		return rc;
	/* Without the module the interface is what counts, and goes. */
	first = transfer_checkpoint(c, e);
	rc = rtnl_link_remove(&r, net_device(c, dev), first ? NULL : e);
	first = first ? first : rc;
	if (net_uplink(c, up, NULL) == 0)
		for (size_t i = 0; i < c->address.n; i++) {
			net_addr_parse(&a, c->address.v[i]);
			rc = rtnl_proxy(&r, false, (int)if_nametoindex(up), &a, first ? NULL : e);
			first = first ? first : rc;
		}
	rc = net_filter_remove(c, first ? NULL : e);
	first = first ? first : rc;
	rc = net_unshape(c, first ? NULL : e);
	first = first ? first : rc;
	rc = sxps_remove(c, first ? NULL : e);
	return first ? first : rc;
}

/* ---- from inside ---- */

int net_inside_up(const struct ps_conf *c, struct err *e)
{
	autortnl r = {.fd = -1};
	struct net_addr a, gw4, gw6;
	bool v4 = false, v6 = false;
	int dev = (int)if_nametoindex(NET_INNER), rc;

	if ((rc = rtnl_open(&r, e)) < 0 ||
		(rc = rtnl_link_up(&r, (int)if_nametoindex("lo"), e)) < 0 ||
		(rc = rtnl_link_up(&r, dev, e)) < 0)
		return rc;
	for (size_t i = 0; i < c->address.n && rc == 0; i++) {
		net_addr_parse(&a, c->address.v[i]);
		v4 |= a.family == AF_INET;
		v6 |= a.family == AF_INET6;
		rc = rtnl_addr_add(&r, dev, &a, a.family == AF_INET ? 32 : 128, false, e);
	}
	net_addr_parse(&gw4, GATEWAY4);
	net_addr_parse(&gw6, GATEWAY6);
	if (rc == 0 && v4)
		rc = rtnl_route_set(&r, dev, AF_INET, NULL, &gw4, e);
	if (rc == 0 && v6)
		rc = rtnl_route_set(&r, dev, AF_INET6, NULL, &gw6, e);
	return rc;
}

/* ---- other addresses ---- */

static bool has_address(const struct ps_conf *c, const char *text)
{
	for (size_t i = 0; i < c->address.n; i++)
		if (str_eq(c->address.v[i], text))
			return true;
	return false;
}

static int address_down(struct rtnl *r, const char *text, int host, const char *up, struct err *e)
{
	struct net_addr a;
	int rc;

	net_addr_parse(&a, text);
	if ((rc = rtnl_proxy(r, false, (int)if_nametoindex(up), &a, e)) < 0)
		return rc;
	return rtnl_route_remove(r, host, &a, e);
}

static int outside_readdress(const struct ps_conf *was, const struct ps_conf *c, struct err *e)
{
	autortnl r = {.fd = -1};
	char dev[IFNAMSIZ], up[IFNAMSIZ];
	int host = (int)if_nametoindex(net_device(c, dev));
	int rc = net_uplink(c, up, e);

	if (rc < 0 || (rc = rtnl_open(&r, e)) < 0)
		return rc;
	for (size_t i = 0; i < was->address.n && rc == 0; i++)
		if (!has_address(c, was->address.v[i]))
			rc = address_down(&r, was->address.v[i], host, up, e);
	for (size_t i = 0; i < c->address.n && rc == 0; i++)
		rc = address_up(&r, c, c->address.v[i], host, up, e);
	return rc;
}

/* In its network namespace. */
static int inside_readdress(const struct ps_conf *was, const struct ps_conf *c, struct err *e)
{
	autortnl r = {.fd = -1};
	int dev = (int)if_nametoindex(NET_INNER), rc = rtnl_open(&r, e);

	for (size_t i = 0; was && i < was->address.n && rc == 0; i++) {
		struct net_addr a;

		if (has_address(c, was->address.v[i]))
			continue;
		net_addr_parse(&a, was->address.v[i]);
		rc = rtnl_addr_remove(&r, dev, &a, a.family == AF_INET ? 32 : 128, e);
	}
	return rc < 0 ? rc : net_inside_up(c, e);
}

/* A child goes in: this process stays where it is. */
int net_inside_again(const struct ps_conf *was, const struct ps_conf *c, pid_t pid, struct err *e)
{
	autofree char *path = str_fmt("/proc/%d/ns/net", (int)pid);
	autoclose int ns = open(path, O_RDONLY | O_CLOEXEC);
	int rc, pair[2];
	pid_t child;

	if (ns < 0 || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return err_sys(e, "%s", path);
	child = fork();
	if (child == 0) {
		struct err why = {0};

		rc = setns(ns, CLONE_NEWNET) < 0 ? err_sys(&why, "joining its network")
		                                 : inside_readdress(was, c, &why);
		note_send(pair[1], rc < 0 ? &why : NULL, NULL, 0);
		_exit(0);
	}
	close(pair[1]);
	rc = child < 0 ? err_sys(e, "starting a process") : note_wait(pair[0], NULL, 0, e);
	close(pair[0]);
	while (child > 0 && waitpid(child, NULL, 0) < 0 && errno == EINTR)
		;
	return rc;
}

int net_readdress(const struct ps_conf *was, const struct ps_conf *c, pid_t pid, struct err *e)
{
	int rc;

	/* The lock is in force before there is anything new to lock. */
	if ((rc = net_filter_remove(was, e)) < 0 || (rc = net_filter_add(c, e)) < 0 ||
		(rc = sxps_addresses(c, e)) < 0 || (rc = outside_readdress(was, c, e)) < 0)
		return rc;
	return net_inside_again(was, c, pid, e);
}
