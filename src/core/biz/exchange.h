/* SPDX-License-Identifier: MIT */
/*
 * exchange - places where packages are offered: trusted one by one by their keys, asked what they
 * have, fetched from; and making one out of what is registered here.
 *
 * An index that is older than the last one, another under the same number, or out of date is
 * refused unless that was said to be wanted. What is fetched is verified whole, then signed with
 * this control center's key, which servers trust.
 * Must not know about: commands, private servers.
 */
#ifndef SXC_BIZ_EXCHANGE_H
#define SXC_BIZ_EXCHANGE_H

#include <stdbool.h>
#include <stdint.h>

#include "biz/app.h"
#include "svc/sxc.h"
#include "util/vec.h"

struct exchange_new {
	const char *name, *url;
	const char *key;      /* 64 hex digits; NULL: the place is asked, and confirm about that */
	const char *host_key; /* for ssh */
	const char *ca;       /* file of certificates for https, or NULL */
	bool (*confirm)(void *arg, const char *key, struct err *e);
	void *arg;
};
/* E_EXISTS, E_USAGE; with no key also what fetching gives. */
int exchange_add(struct sxc *s, const struct exchange_new *n, struct err *e);
int exchange_remove(struct sxc *s, const char *name, struct err *e);

struct exchange_row {
	const char *exchange, *url, *key;
	int64_t serial, packages, expires, synced, created;
};
int exchange_list(struct sxc *s, app_row_fn fn, void *arg, struct err *e);
int exchange_exists(struct sxc *s, const char *name, struct err *e);
int exchange_complete(struct sxc *s, const char *prefix, int limit,
	void (*fn)(void *arg, const char *name, const char *help), void *arg, struct err *e);

/* What is taken although it looks wrong. */
struct exchange_sync {
	bool expired; /* an index out of date */
	bool older;   /* one with a lower number than the last */
};
/*
 * Fetch, verify and write down the index of one, or of all (name NULL; failures are noted, the
 * others go on). E_UNREACH; E_INTEGRITY; E_PARTIAL.
 */
int exchange_sync(struct sxc *s, const char *name, const struct exchange_sync *how, struct err *e);

/* An application of which an exchange offers more than is registered: the newest of it. */
struct exchange_offer_row {
	const char *app, *version, *have, *exchange, *title,
		*state;    /* state: new, behind, security */
	int64_t instances; /* installed ones that are older */
	int64_t size;
};
/* From the indexes that were synced last (name NULL: of all), security fixes first, then what is
 * installed. */
int exchange_offers(struct sxc *s, const char *name, app_row_fn fn, void *arg, struct err *e);

/*
 * Sync, then fetch and register an application (version NULL: the newest; app NULL: the newest of
 * all that are registered here and behind). told hears of each. E_NOTFOUND; E_EXISTS; E_STATE for
 * an older one that was not asked for by version.
 */
typedef void (*exchange_told_fn)(void *arg, const char *app, const char *version);
int exchange_fetch(struct sxc *s, const char *name, const char *app, const char *version,
	const struct exchange_sync *how, exchange_told_fn told, void *arg, struct err *e);

struct exchange_publish {
	const char *dir;
	int64_t seconds;               /* until the index expires */
	const struct strvec *security; /* "APP=VERSION": fixes of security; earlier marks stay */
};
/*
 * Bring all registered packages to a directory, with an index signed by this control center's key
 * and numbered one higher than the one there. E_INTEGRITY when that is another's.
 */
int exchange_publish(struct sxc *s, const struct exchange_publish *p, int64_t *serial,
	int64_t *packages, struct err *e);

#endif
