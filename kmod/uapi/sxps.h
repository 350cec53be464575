/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * sxps: what the kernel module and its users have agreed on. This text is the specification.
 *
 * The module knows contexts. Each is a directory of configfs, made and removed by the
 * superuser of the first user namespace:
 *
 *	mkdir /sys/kernel/config/sxps/NAME	NAME: 1 to 63 of a-z 0-9 . _ -, the
 *	rmdir /sys/kernel/config/sxps/NAME	first a letter or digit
 *
 * Beside the contexts stand three read-only files:
 *
 *	interface	the version of this agreement, a decimal number (SXPS_INTERFACE)
 *	health		"created N" and "destroyed N", contexts since the module was loaded
 *	enforcing	as in a context below, of what a context can have on this kernel now
 *
 * A write replaces the value; it succeeds as a whole or changes nothing. Text ends with an
 * optional newline. Numbers are decimal, "max" is no bound. Attributes of a context:
 *
 *	mac		xx:xx:xx:xx:xx:xx, the only Ethernet source that may leave the private
 *			server; until it is set nothing leaves. Not a group address, not all zero.
 *	addresses	IPv4 and IPv6 addresses apart by blanks, the only sources that may leave;
 *			at most SXPS_ADDRESSES_MAX of each family; an empty line clears them.
 *			Neither unspecified, loopback nor multicast ones; no link-local IPv6 ones:
 *			the one made of the MAC (EUI-64) is always known.
 *	device		name of the host's side of the veth pair, in the writer's network namespace.
 *			From the write on, up or down, its traffic is checked both ways. It cannot
 *			be exchanged for another while it exists (EBUSY), nor be shared (EBUSY).
 *			When the device is unregistered or leaves its network namespace this reads
 *			as an empty line and may be written anew. When the context is removed and
 *			the device is still there, nothing passes it any more, either way, until
 *			another context takes it over or it is unregistered; till then the module
 *			cannot be unloaded.
 *	mark		packet mark given to what leaves, 0 to 4294967295; 0 at first
 *	transfer_used	bytes of Ethernet frames that passed, both ways; writable, so that a count
 *			can be carried over a reboot
 *	transfer_max	bytes; once transfer_used has reached it, the throttle holds
 *	transfer_rate	bits a second each way under the throttle, 0 (at first): nothing passes;
 *			at most SXPS_RATE_MAX
 *	cgroup		path of a cgroup v2 below the writer's cgroup root, "/a/b", not the
 *			machine's root: the processes in
 *			it and below it are the context's. Held by reference: when the cgroup is
 *			removed and made again it must be written again. An empty line lets go.
 *			One cgroup belongs to one context (EBUSY).
 *	sessions_max	terminals (ptys) that processes of the context may hold open, over all
 *			instances of devpts. It is there only on kernels where it can be enforced.
 *			A lower bound than is held closes nothing, but refuses further ones.
 *			Opening one too many fails with ENOSPC, as when the system's are used up.
 *	enforcing	read only: a line a part, "net yes", "transfer yes", "sessions yes",
 *			"views yes", or "PART no REASON"
 *	counters	read only: lines of five fields apart by one blank, "NAME HELD PEAK BOUND
 *			FAILURES", "-" where a field has no meaning:
 *			terminals, transfer (bytes; failures are packets the throttle dropped),
 *			bytes_out packets_out bytes_in packets_in (passed; out is what leaves the
 *			private server), and the kinds of drop below (failures: packets).
 *			Super-packets count as the frames they become on a wire.
 *
 * /proc/sxps holds meminfo, stat, loadavg, cpuinfo and swaps: what the files of those names in
 * /proc say, about the context of the process that reads; the machine's own for a process of none.
 * They are meant to be bound over those in /proc.
 *
 * New versions append lines to enforcing and counters and add attributes; they do not change
 * the meaning of old ones without a new SXPS_INTERFACE.
 */
#ifndef SXPS_H
#define SXPS_H

#define SXPS_INTERFACE	    1
#define SXPS_NAME_MAX	    63
#define SXPS_ADDRESSES_MAX  32
#define SXPS_SESSIONS_MAX   1048576
#define SXPS_RATE_MAX	    80000000000ULL
#define SXPS_CONFIGFS	    "/sys/kernel/config/sxps"
#define SXPS_PROC	    "/proc/sxps"

/* Kinds of drop, in the order of counters: the number's name, the name there. */
#define SXPS_DROPS(X)                                                                   \
	X(MALFORMED, "drop_malformed")	 /* short or contradictory headers, or beyond 256 B */ \
	X(UNSET, "drop_unset")		 /* the context has no mac yet */              \
	X(MAC, "drop_mac")		 /* foreign Ethernet source */                 \
	X(VLAN, "drop_vlan")		 /* any VLAN or QinQ tag */                    \
	X(ETHERTYPE, "drop_ethertype")	 /* neither IPv4, IPv6 nor ARP */               \
	X(SOURCE, "drop_source")	 /* foreign IPv4 or IPv6 source */             \
	X(ARP, "drop_arp")		 /* speaks of others' addresses or MAC */      \
	X(ND, "drop_nd")		 /* IPv6: target, link-layer option, querier */ \
	X(RA, "drop_ra")		 /* router advertisement, IPv4 or IPv6 */      \
	X(REDIRECT, "drop_redirect")	 /* ICMP or ICMPv6 redirect */                  \
	X(DHCP, "drop_dhcp")		 /* what a DHCP or DHCPv6 server sends */      \
	X(6IN4, "drop_6in4")		 /* IPv6 inside IPv4 or IPv6, protocol 41 */

#endif
