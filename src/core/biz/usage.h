/* SPDX-License-Identifier: MIT */
/*
 * usage - metered usage: readings, what they make of an invoice, what they come to so far.
 *
 * A reading is sealed. It counts on the day on which it began where the account lives. What several
 * sources say of a resource adds up. A calendar month of the anchor is billed once it is over;
 * readings that come later take back its line and charge it anew, on the next invoice.
 * Must not know about: how servers are asked, how documents are numbered.
 */
#ifndef SXC_BIZ_USAGE_H
#define SXC_BIZ_USAGE_H

#include "biz/account.h"
#include "biz/bill.h"
#include "biz/settle.h"
#include "biz/usage_plan.h"
#include "svc/sxc.h"
#include "util/str.h"

/* ---- readings ---- */

struct usage_reading {
	int64_t subscription; /* row id, 0: of nobody's */
	const char *resource, *source;
	int64_t start, until; /* seconds since 1970 */
	int64_t day;          /* on which it began, where the account lives */
	int64_t value;
	int64_t seq; /* of the source, 0: the next one */
};
/*
 * Write a reading down, inside the caller's transaction. 1: it is new; 0: it is there already,
 * the same. E_EXISTS: another one is there for that start or sequence number. A month that was
 * billed already is opened again: *late is set then, and the subscription wants a refresh.
 */
int usage_reading_add(struct sxc *s, const struct usage_reading *r, bool *late, struct err *e);

/* After late readings of a subscription: it falls due again. */
int usage_refresh(struct sxc *s, int64_t subscription, struct job_ids *jobs, struct err *e);

struct usage_import_done {
	int64_t added, known;
};
/*
 * Take the readings of a file, all or none. CSV (RFC 4180) with a header line: see sxc-usage(1).
 * E_USAGE, E_NOTFOUND, E_EXISTS with file:line.
 */
int usage_import(struct sxc *s, const char *path, struct usage_import_done *done,
	struct job_ids *jobs, struct err *e);

struct usage_reading_row {
	const char *subscription, *account, *resource, *source, *day;
	int64_t sequence, start, end, value, created;
};
struct usage_filter {
	const char *account, *subscription, *resource, *source, *from, *to; /* NULL: any */
};
int usage_list(struct sxc *s, const struct usage_filter *f, account_row_fn fn, void *arg,
	struct err *e);

/* ---- what it costs ---- */

/* A month that has not been billed, up to now. */
struct usage_now_row {
	const char *subscription, *plan, *resource, *measure, *start, *end, *currency, *per;
	int64_t included, used, readings, units, amount;
};
/* Of each subscription of an account that is metered. */
int usage_now(struct sxc *s, const char *account, account_row_fn fn, void *arg, struct err *e);

/* ---- for billing ---- */

/*
 * Append what the usage of a subscription comes to for months that ended up to and on the day
 * horizon, after bill_subscription; moves sub's terms and next_bill on. items NULL: only find out
 * when it falls due. Reads only.
 */
int usage_bill(struct usage_cache *c, struct sxc *s, struct bill_sub *sub, const char *currency,
	int64_t horizon, struct bill_items *items, struct err *e);
bool usage_is_item(const char *item);
/* Keep what a line was reckoned from; how far the usage of a term is billed. */
int usage_keep_line(struct sxc *s, const struct bill_item *it, int64_t line, struct err *e);
int usage_keep_term(struct sxc *s, const struct bill_term *t, struct err *e);
/* The line was taken back by a void: what it billed is to be billed again. */
int usage_reopen(struct sxc *s, int64_t line, int64_t term, int64_t start, struct err *e);

/* Work out a usage line again from what was kept with it, and say how. */
int usage_explain(struct sxc *s, int64_t line, struct str *how, int64_t *gross, struct err *e);

/* Count the readings of a resource on the days [from, to). */
int usage_measure(struct sxc *s, int64_t subscription, const struct usage_rate *rate, int64_t from,
	int64_t to, struct usage_count *out, struct err *e);

#endif
