/* SPDX-License-Identifier: MIT */
/*
 * tax - taxes, their rates from a day on, and which of them an account bears.
 *
 * Must not know about: invoices, plans.
 */
#ifndef SXC_BIZ_TAX_H
#define SXC_BIZ_TAX_H

#include <stdint.h>

#include "biz/account.h"
#include "biz/bill_doc.h"
#include "svc/sxc.h"

struct tax_new {
	const char *name;
	const char *rate;     /* "9.975%" */
	const char *from;     /* YYYY-MM-DD; NULL: since ever (set: today, UTC) */
	const char *country;  /* NULL: only for accounts that name it */
	const char *customer; /* consumer, business, any; NULL: any */
	const char *note;     /* printed with it */
};
struct tax_row {
	const char *tax, *rate, *start, *country, *customer, *note;
	int64_t accounts;
};

/* E_EXISTS, E_USAGE. */
int tax_add(struct sxc *s, const struct tax_new *t, struct err *e);
/* Another rate from a day on, or another note; invoices that are open keep theirs. E_NOTFOUND. */
int tax_set(struct sxc *s, const struct tax_new *t, struct err *e);
/* E_INUSE while an account names it. */
int tax_remove(struct sxc *s, const char *name, struct err *e);
/* A row a tax and rate. */
int tax_list(struct sxc *s, account_row_fn fn, void *arg, struct err *e);
int tax_exists(struct sxc *s, const char *name, struct err *e);
int tax_names(struct sxc *s, const char *prefix, int limit,
	void (*fn)(void *arg, const char *name, const char *help), void *arg, struct err *e);

/*
 * Append the rates that hold for an account on a day: of the taxes it names, else of those that
 * match its country and kind. Amounts are left 0.
 */
int tax_of_account(struct sxc *s, const struct account *a, int64_t day, struct tax_shares *out,
	struct err *e);

#endif
