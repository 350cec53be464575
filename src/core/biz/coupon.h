/* SPDX-License-Identifier: MIT */
/*
 * coupon - what is taken off the price of a subscription: percent or an amount, for which plans,
 * how often.
 *
 * Must not know about: invoices, how a discount is spread over lines.
 */
#ifndef SXC_BIZ_COUPON_H
#define SXC_BIZ_COUPON_H

#include <stdint.h>

#include "biz/account.h"
#include "svc/sxc.h"

/* Texts NULL, numbers 0: not given. set: an empty day takes the bound away, plans replace
 * those it had, "all" is none. */
struct coupon_new {
	const char *name;
	const char *percent;        /* "20%", up to 100%; or */
	const char *amount;         /* a decimal, off a whole period, in */
	const char *currency;       /* ISO 4217 */
	const char *from, *until;   /* first and last day on which it can be used */
	const struct strvec *plans; /* it holds for; NULL or empty: all */
	int64_t uses;               /* by so many subscriptions */
	int64_t periods;            /* of each subscription */
};
struct coupon_row {
	const char *coupon, *percent, *currency, *plans, *from, *until;
	int64_t amount, uses, used, periods, created; /* INT64_MIN: none */
};

/* E_EXISTS, E_USAGE, E_NOTFOUND for a plan. */
int coupon_add(struct sxc *s, const struct coupon_new *n, struct err *e);
/* Other days, plans or number of uses; what it takes off never changes. E_NOTFOUND, E_USAGE. */
int coupon_set(struct sxc *s, const struct coupon_new *n, struct err *e);
/* E_INUSE when a subscription uses it. */
int coupon_remove(struct sxc *s, const char *name, struct err *e);
int coupon_list(struct sxc *s, account_row_fn fn, void *arg, struct err *e);
int coupon_exists(struct sxc *s, const char *name, struct err *e);
int coupon_names(struct sxc *s, const char *prefix, int limit,
	void (*fn)(void *arg, const char *name, const char *help), void *arg, struct err *e);

/*
 * Use it for a subscription of a plan that is ordered on a day; inside the caller's transaction.
 * E_NOTFOUND; E_STATE for another plan, currency or day; E_LIMIT when it is used up.
 */
int coupon_redeem(struct sxc *s, const char *name, const struct account *a, int64_t subscription,
	int64_t plan, int64_t day, struct err *e);

/* What it takes off. */
struct coupon {
	char name[64];
	int64_t percent; /* millionths of a percent, or 0 and */
	int64_t amount;  /* minor units for a whole period */
	int64_t periods; /* 0: all */
};
/* E_INTEGRITY when there is no such row. */
int coupon_get_id(struct sxc *s, int64_t id, struct coupon *c, struct err *e);

#endif
