/* SPDX-License-Identifier: MIT */
/*
 * plan - what is sold: plans and their versions in the store. A version never changes; who is
 * subscribed keeps theirs.
 *
 * Must not know about: YAML, accounts, invoices.
 */
#ifndef SXC_BIZ_PLAN_H
#define SXC_BIZ_PLAN_H

#include <stdbool.h>
#include <stdint.h>

#include "biz/bill.h"
#include "biz/plan_file.h"
#include "svc/sxc.h"

struct plan_row {
	const char *plan, *title, *state, *currency, *every, *bill, *provision;
	int64_t id, version, price, subscribers, setup, stock, created;
};
struct plan_price_row {
	const char *currency;
	int64_t price, setup; /* setup INT64_MIN: none in this currency */
};
struct plan_option_row {
	const char *option, *currency;
	int64_t price, max; /* max INT64_MIN: no limit */
};
/* One part of what a version says, by its path: "provides.private-server.cpu". */
struct plan_fact_row {
	const char *key, *value;
};
struct plan_diff_row {
	const char *key, *before, *after;
};
typedef int (*plan_row_fn)(void *arg, const void *row, struct err *e);

/*
 * Put a definition in the store: a new plan, a new version when it says something else than the
 * current one, or nothing. A retired plan that gets a new version is sold again. *version: the
 * current one, *changed: whether it is new. Inside the caller's transaction.
 */
int plan_apply(struct sxc *s, const struct plan_def *d, int64_t *version, bool *changed,
	struct err *e);
/* Read the files and apply them all, or none. fn is told of each. */
int plan_apply_files(struct sxc *s, char *const *paths,
	void (*fn)(void *arg, const char *plan, int64_t version, bool changed), void *arg,
	struct err *e);

/* Put an edited definition of a plan in the store, in a transaction of its own. E_USAGE when it is
 * of another plan; E_BUSY when the plan has another version than the one that was edited. */
int plan_apply_edited(struct sxc *s, const char *plan, int64_t edited, const struct plan_def *d,
	int64_t *version, bool *changed, struct err *e);

/* Row id of a plan or "#id"; 1 found, 0 not. */
int plan_find(struct sxc *s, const char *name, int64_t *id, struct err *e);
int plan_name_of(struct sxc *s, int64_t id, char **name, struct err *e);
/* For completion: fn with name and title of those that start with prefix. */
int plan_names(struct sxc *s, const char *prefix, int limit,
	void (*fn)(void *arg, const char *name, const char *help), void *arg, struct err *e);

int plan_list(struct sxc *s, plan_row_fn fn, void *arg, struct err *e);
/* One version; version 0 is the current one. E_NOTFOUND. */
int plan_show(struct sxc *s, const char *name, int64_t version, plan_row_fn fn, void *arg,
	struct err *e);
int plan_prices(struct sxc *s, const char *name, int64_t version, plan_row_fn fn, void *arg,
	struct err *e);
int plan_options(struct sxc *s, const char *name, int64_t version, plan_row_fn fn, void *arg,
	struct err *e);
/* What it provides and meters, and its attributes, as plan_fact_row. */
int plan_facts(struct sxc *s, const char *name, int64_t version, plan_row_fn fn, void *arg,
	struct err *e);
/* All versions, the first first, as plan_row. */
int plan_history(struct sxc *s, const char *name, plan_row_fn fn, void *arg, struct err *e);
/* The file as it was applied; the caller's. */
int plan_source(struct sxc *s, const char *name, int64_t version, char **text, struct err *e);
/* What a version (0: the current one) says; the caller's. */
int plan_content(struct sxc *s, const char *name, int64_t version, char **json, struct err *e);
/* Each part that differs between two contents, as plan_diff_row; number of them. */
int plan_diff(const char *before, const char *after, plan_row_fn fn, void *arg, struct err *e);

/* No longer sold; who has it keeps it. E_STATE when it is retired already. */
int plan_retire(struct sxc *s, const char *name, struct err *e);
/* E_INUSE when it was ever subscribed to. */
int plan_remove(struct sxc *s, const char *name, struct err *e);

/* ---- for subscriptions ---- */

/* What a subscription needs to know of a version, in one currency. Released by
 * plan_offer_release. */
struct plan_offer {
	int64_t plan, version; /* row ids */
	int64_t number;        /* of the version */
	char *name, *title, *state;
	struct every every;
	bool arrears, taxable, tax_included, paid_first;
	int align;
	int64_t trial_n;
	enum period_unit trial_unit;
	char *upgrade, *downgrade, *cancel;
	int64_t stock, per_account; /* -1, 0: no limit */
	char *provides, *best_effort;
	bool reseller;        /* a plan for resellers */
	bool priced;          /* has a price in that currency */
	int64_t price, setup; /* setup -1: not priced in it */
};
void plan_offer_release(struct plan_offer *o);
/* The current version of a plan. E_NOTFOUND. */
int plan_offer_current(struct sxc *s, const char *name, const char *currency, struct plan_offer *o,
	struct err *e);
/* Of a version by its row id. */
int plan_offer_version(struct sxc *s, int64_t version, const char *currency, struct plan_offer *o,
	struct err *e);
/* Price of an option in a currency; E_NOTFOUND, E_LIMIT when there are at most fewer. */
int plan_option_price(struct sxc *s, const struct plan_offer *o, const char *currency,
	const char *option, int64_t quantity, int64_t *price, struct err *e);

#endif
