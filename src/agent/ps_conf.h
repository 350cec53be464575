/* SPDX-License-Identifier: MIT */
/*
 * ps_conf - what is written down about one private server: AGENT_PS/NAME/config, key=value lines.
 *
 * The file is the agent's only memory of a private server; everything else is made from it. Values
 * are checked when they come in a request and again when the file is read.
 * Must not know about: how any of it is put into force.
 */
#ifndef SXC_AGENT_PS_CONF_H
#define SXC_AGENT_PS_CONF_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#include "svc/msg.h"
#include "util/err.h"
#include "util/vec.h"

#define PS_IDS      65536    /* ids a private server has of its own */
#define PS_ID_MAX   16777215 /* fits the last three bytes of its MAC address */
#define PS_SLOT_MIN 0x10     /* minor numbers of HTB classes: below are the host's own */
#define PS_SLOT_MAX 0xfffe

struct ps_conf {
	char *name;
	int64_t id;
	char *image;      /* SHA-256 of its OS image */
	int64_t uid_base; /* host uid of inside id 0 */
	char *hostname;
	char *uplink;          /* interface, or NULL: the server's own choice */
	struct strvec address; /* IPv4 and IPv6, canonical text, without prefix */
	struct strvec nameserver;
	struct strvec key; /* authorized_keys lines; used when it is made, not kept */
	int64_t slot;      /* HTB class minor, unique on this server */
	/* bounds; 0: none */
	int64_t cpu, cpu_max;     /* hundredths of a per cent of all the server's CPU time */
	int64_t net, link;        /* bit/s guaranteed, bit/s of the uplink */
	int64_t memory, vm, disk; /* bytes */
	int64_t inodes, procs;
	int64_t sessions, transfer; /* terminals; bytes a month: by the kernel module alone */
	int64_t best_effort;        /* BEST_…: bounds that may go unenforced */
};
enum { BEST_SESSIONS = 1, BEST_TRANSFER = 2 };

void ps_conf_release(struct ps_conf *c);
#define autoconf_ps autoclean(ps_conf_release) struct ps_conf

/* From a ps.create request: everything checked. E_USAGE naming the field. */
int ps_conf_from_msg(struct ps_conf *c, const struct msg *m, struct err *e);
/* Take over the bounds that a ps.set request names; the others stay. */
int ps_conf_bounds_from_msg(struct ps_conf *c, const struct msg *m, struct err *e);
/* Take over host name, addresses, nameservers, keys where the request has them ("addresses" and
 * "nameservers" say that those lists are whole). */
int ps_conf_names_from_msg(struct ps_conf *c, const struct msg *m, struct err *e);
/* E_EXISTS when another private server of this server has an id or address of it; takes a free slot
 * unless it has one. In ps_create.c. */
int ps_check_others(struct ps_conf *c, struct err *e);
/* E_NOTFOUND when there is no such private server; E_INTEGRITY when the file is not one of ours. */
int ps_conf_read(struct ps_conf *c, const char *name, struct err *e);
/* Durably to dir/config. */
int ps_conf_write(const struct ps_conf *c, const char *dir, struct err *e);
/* Call fn for each private server of this server, in no order; stops at its first nonzero
 * result. */
int ps_conf_each(int (*fn)(void *arg, const struct ps_conf *c, struct err *e), void *arg,
	struct err *e);
/* Address family of a text, AF_INET or AF_INET6; 0 when it is neither. */
int ps_address_family(const char *text);
/* AGENT_PS/NAME and AGENT_PS/NAME/rest into buf of PATH_MAX bytes; returns buf. */
const char *ps_path(char buf[PATH_MAX], const char *name, const char *rest);

#endif
