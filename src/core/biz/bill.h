/* SPDX-License-Identifier: MIT */
/*
 * bill - the rules by which subscriptions become items to be billed.
 *
 * A subscription is a row of terms that meet; each was agreed on for its days. What comes out
 * depends on terms and on what has been billed, never on how often or when it is asked, so a run
 * that was not made on time is made up with the same items.
 * In advance, a span is charged whole on its first day, and what a later end of its term leaves
 * unused is taken back as a credit of its own. In arrears, a span is charged at its end.
 * Must not know about: the database, taxes, invoices, the clock.
 */
#ifndef SXC_BIZ_BILL_H
#define SXC_BIZ_BILL_H

#include <stdbool.h>
#include <stdint.h>

#include "biz/usage_rule.h"
#include "util/err.h"
#include "util/period.h"
#include "util/vec.h"

/* More lines of one subscription on one day mean that something is wrong with it. */
#define BILL_LINES_A_DAY 15

#define ITEM_PLAN   "plan"
#define ITEM_SETUP  "setup"
#define ITEM_OPTION "option:" /* and its name */
#define ITEM_USAGE  "usage:"  /* and the name of the resource */
#define ITEM_EXTRA  "extra"

struct bill_option {
	char *name;
	int64_t quantity;
	int64_t price; /* minor units, for one and a period */
};

/* Terms of the agreement from a day on. */
struct bill_term {
	int64_t id;           /* row id */
	int64_t version;      /* row id of the plan version */
	int64_t start, until; /* in force on [start, until); until may be DAY_NONE */
	int64_t billed_until; /* charged for the days before */
	struct anchor anchor;
	bool arrears;
	bool taxable, tax_included;
	int64_t price, setup; /* minor units */
	char *title;          /* of the plan */
	VEC(struct bill_option) options;
	int64_t usage_until; /* its usage is billed for the days before; 0: nothing was reckoned */
	bool closed;         /* nothing more will come of it */
};

/* A charge that is in the books and may have to be taken back, or must not be made again. */
struct bill_charge {
	int64_t line; /* row id */
	int64_t term;
	char *item;
	int64_t start, until; /* until DAY_NONE: not by days */
	int64_t quantity, unit_price, whole;
	bool credited;
};

/* Spans that begin on [start, until) are not charged; until DAY_NONE: it goes on. */
struct bill_pause {
	int64_t start, until;
};

struct bill_sub {
	int64_t id;
	int64_t number;     /* among those of its account */
	bool ended;         /* its services are gone */
	bool changed;       /* has had more than one term */
	int64_t first_paid; /* first day that costs something */
	int64_t until;      /* cancelled from that day, or DAY_NONE */
	int64_t ahead; /* days that what is charged in advance falls due before its first day */
	bool setup_due;
	bool withdrawn;              /* the set-up is taken back, too */
	int64_t coupon;              /* row id, 0: none */
	VEC(struct bill_term) terms; /* not closed, in order */
	VEC(struct bill_charge)
	charges;                       /* of these terms, ending after one's end or not before
					  * what is to be billed next */
	VEC(struct bill_pause) pauses; /* in order */
	int64_t paid_until; /* charged for the days before; DAY_NONE: nothing yet; moved on */
	/* Set by bill_subscription: */
	int64_t next_bill; /* day on which the next item falls due, or DAY_NONE */
};
void bill_sub_release(struct bill_sub *sub);
struct bill_subs {
	struct bill_sub *v;
	size_t n, cap;
};

/* Something to be billed. */
struct bill_item {
	int64_t sub, term, version; /* row ids, 0 for extras */
	int64_t extra;              /* row id of an extra, else 0 */
	bool credit;                /* takes back what a charge has left */
	bool part;                  /* a person's amount of it, not its days */
	int64_t credits_line;       /* row id of that charge, 0: it is credits_item */
	size_t credits_item;        /* index into the same list */
	char *item;
	char *text;
	int64_t start, until; /* half-open; until DAY_NONE: not by days, start may be, too */
	int64_t quantity, unit_price; /* unit_price INT64_MIN: usage in tiers or finer prices */
	int64_t days, whole; /* of the span, of the period that holds it; both 0: not by days */
	bool taxable, tax_included;
	int64_t gross;    /* minor units; a credit is negative */
	int64_t discount; /* of the net amount; a credit takes some of it back: negative */
	bool covered;     /* by a coupon, in the period that begins on: */
	int64_t period;
	int64_t batch;           /* of usage: how often the span was reckoned, from 1; else 0 */
	struct usage_count used; /* of usage: what it was reckoned from */
};
struct bill_items {
	struct bill_item *v;
	size_t n, cap;
};
void bill_items_release(struct bill_items *items);
#define autoitems autoclean(bill_items_release) struct bill_items

/*
 * What price * quantity makes for so many days of a period: unit_price * quantity * days / whole,
 * multiplied first, rounded half away from zero. days and whole 0: unit_price * quantity. E_LIMIT
 * when it cannot be counted.
 */
int bill_gross(int64_t unit_price, int64_t quantity, int64_t days, int64_t whole, int64_t *out,
	struct err *e);

/*
 * Append everything that falls due up to and on the day horizon, moving sub's terms on: what was
 * charged, which are closed. E_LIMIT; E_INTEGRITY when a day would get more than BILL_LINES_A_DAY.
 */
int bill_subscription(struct bill_sub *sub, int64_t horizon, struct bill_items *out, struct err *e);
/* E_INTEGRITY when a day would get more than BILL_LINES_A_DAY of the items from that one on. */
int bill_check_crowd(const struct bill_items *items, size_t from, struct err *e);

#endif
