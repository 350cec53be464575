/* SPDX-License-Identifier: MIT */
/*
 * exchange_int - what the files of exchange share among themselves; not for others.
 *
 * Must not know about: commands.
 */
#ifndef SXC_BIZ_EXCHANGE_INT_H
#define SXC_BIZ_EXCHANGE_INT_H

#include "biz/app_int.h"
#include "biz/exchange.h"
#include "biz/exchange_index.h"
#include "svc/fetch.h"

/* One that is trusted; release with exchange_release. */
struct exchange {
	int64_t id, serial;
	char *name, *url, *key, *host_key, *ca, *digest, *identity;
};
void exchange_release(struct exchange *x);
int exchange_get(struct sxc *s, const char *name, struct exchange *out, struct err *e);
/* How to get at it; borrows from x. */
struct fetch exchange_place(struct sxc *s, const struct exchange *x);

#endif
