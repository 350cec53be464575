/* SPDX-License-Identifier: MIT */
/*
 * address - pools of IP addresses and who has which.
 *
 * Must not know about: servers' own addresses, DNS.
 */
#ifndef SXC_BIZ_ADDRESS_H
#define SXC_BIZ_ADDRESS_H

#include <stdbool.h>
#include <stdint.h>

#include "svc/sxc.h"

/* Add a pool: "198.51.100.0/24" or "2001:db8:1::/64". Network and broadcast address of an IPv4 net
 * shorter than /31 are left out, the subnet-router anycast address of an IPv6 one (RFC 4291).
 * on: server or NULL; purpose: ps, domain, any. E_USAGE, E_EXISTS (also when it overlaps). */
int address_pool_add(struct sxc *s, const char *cidr, const char *on, const char *purpose,
	struct err *e);
/* E_INUSE while an address of it is taken. */
int address_pool_remove(struct sxc *s, const char *cidr, struct err *e);

/* Is that the text of an IPv4 or IPv6 address? */
bool address_is(const char *text);

/*
 * Take one for a private server, inside the caller's transaction. want: an address, or NULL or
 * "auto" for the first free one of family 4 or 6. 1 taken, 0 no pool of that family serves that
 * server; E_LIMIT all taken; E_INUSE that one is; E_NOTFOUND in no pool.
 */
int address_take(struct sxc *s, const char *want, int family, int64_t server, int64_t ps,
	struct err *e);
int address_release_ps(struct sxc *s, int64_t ps, struct err *e);
/* Keep one away from use, with a reason; give it back. */
int address_reserve(struct sxc *s, const char *ip, const char *note, struct err *e);
int address_release(struct sxc *s, const char *ip, struct err *e);

struct address_pool_row {
	const char *cidr, *purpose, *server;
	int64_t total, used;
};
struct address_row {
	const char *ip, *ps, *note;
};
typedef int (*address_row_fn)(void *arg, const void *row, struct err *e);
int address_pool_list(struct sxc *s, address_row_fn fn, void *arg, struct err *e);
/* 0, or E_NOTFOUND. */
int address_pool_known(struct sxc *s, const char *cidr, struct err *e);
/* Addresses taken of one pool (cidr NULL: of all). */
int address_list(struct sxc *s, const char *cidr, address_row_fn fn, void *arg, struct err *e);

#endif
