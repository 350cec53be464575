/* SPDX-License-Identifier: MIT */
/*
 * What a coupon takes off: in the first so many periods of its subscription, percent of each line,
 * or an amount a period, by days like the price, spread over the lines of a span.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "biz/coupon.h"
#include "biz/invoice_int.h"
#include "util/money.h"
#include "util/num.h"
#include "util/str.h"

#define SQL_COVERED "SELECT start FROM coupon_period WHERE subscription = ?1"
#define SQL_OF_LINE "SELECT discount, days FROM invoice_line WHERE id = ?1"
#define SQL_LINE                                                                                   \
	"SELECT l.kind, l.discount, l.amount, l.days, l.term, l.start, l.invoice, l.credits, "     \
	"s.coupon, i.currency, i.corrects IS NOT NULL FROM invoice_line l "                        \
	"JOIN invoice i ON i.id = l.invoice LEFT JOIN subscription s ON s.id = l.subscription "    \
	"WHERE l.id = ?1"
/* Lines of the span of line ?4 in the order of the document; see same_span. */
#define SQL_SPAN                                                                                   \
	"SELECT l.id, l.amount, l.item, l.days, l.whole FROM invoice_line l "                      \
	"JOIN plan_version v ON v.id = l.version JOIN invoice_line o ON o.id = ?4 "                \
	"WHERE l.invoice = ?1 AND l.term = ?2 AND l.start = ?3 AND l.kind = 'charge' "             \
	"AND (v.bill = 'advance' OR (l.item = 'setup') = (o.item = 'setup')) ORDER BY l.seq"

/* A coupon at work on one subscription. */
struct cover {
	struct coupon coupon;
	struct days {
		int64_t *v;
		size_t n, cap;
	} periods; /* in which it has taken something off */
};

static void cover_release(struct cover *c)
{
	vec_release(&c->periods);
}

static int read_cover(struct sxc *s, const struct bill_sub *sub, struct cover *c, struct err *e)
{
	autoclean(db_done) struct query q = {0};
	int r = coupon_get_id(s, sub->coupon, &c->coupon, e);

	if (r == 0)
		r = db_query(s->db, &q, e, SQL_COVERED, sub->id);
	while (r >= 0 && (r = db_next(&q, e)) > 0)
		vec_push(&c->periods, day_col(&q, 0));
	return r;
}

/* Does it hold in the period that begins on that day? Then it has, from now on. */
static bool covers(struct cover *c, int64_t period)
{
	for (size_t i = 0; i < c->periods.n; i++)
		if (c->periods.v[i] == period)
			return true;
	if (c->coupon.periods && (int64_t)c->periods.n >= c->coupon.periods)
		return false;
	vec_push(&c->periods, period);
	return true;
}

static bool is_covered_item(const char *item)
{
	return strcmp(item, ITEM_PLAN) == 0 || strcmp(item, ITEM_SETUP) == 0 ||
	       strncmp(item, ITEM_OPTION, strlen(ITEM_OPTION)) == 0;
}

/* The lines [from, to) of one span of one term. */
struct span {
	struct bill_item *v;
	size_t n;
};

/* In arrears the set-up falls due long before the plan's lines of that day: though one run may bill
 * both, it stands alone. */
static bool same_span(const struct bill_item *a, const struct bill_item *b, bool arrears)
{
	return !b->credit && a->sub == b->sub && a->term == b->term && a->start == b->start &&
	       is_covered_item(b->item) && !(arrears && strcmp(a->item, ITEM_SETUP) == 0);
}

/* ---- what it takes off a span ---- */

/* The coupon's amount for the days of the plan's line, at most all of it. */
static int span_amount(const struct coupon *c, const int64_t *nets, size_t n, int64_t days,
	int64_t whole, int64_t *out, struct err *e)
{
	int64_t sum = 0;
	int r = whole ? num_muldiv(c->amount, days, whole, out, e) : 0;

	if (!whole)
		*out = 0;
	for (size_t i = 0; r == 0 && i < n; i++)
		r = num_add(sum, nets[i], &sum, e);
	if (r == 0 && *out > sum)
		*out = sum;
	return r;
}

static int take_off(const struct coupon *c, const int64_t *nets, size_t n, int64_t days,
	int64_t whole, int64_t *shares, struct err *e)
{
	int64_t total;
	int r = 0;

	if (c->percent) {
		for (size_t i = 0; r == 0 && i < n; i++)
			r = num_muldiv(nets[i], c->percent, RATE_ONE, &shares[i], e);
		return r;
	}
	r = span_amount(c, nets, n, days, whole, &total, e);
	if (r == 0)
		bill_spread(total, nets, n, shares);
	return r;
}

static int discount_span(const struct cover *c, struct span *sp, const struct tax_shares *rates,
	struct err *e)
{
	autofree int64_t *nets = mem_array(NULL, sp->n, sizeof(*nets));
	autofree int64_t *shares = mem_array(NULL, sp->n, sizeof(*shares));
	int64_t days = 0, whole = 0;
	int r = 0;

	for (size_t i = 0; r == 0 && i < sp->n; i++) {
		const struct bill_item *it = &sp->v[i];

		r = bill_net(it->gross, it->tax_included, it->taxable ? rates : NULL, &nets[i], e);
		if (strcmp(it->item, ITEM_PLAN) == 0) {
			days = it->days;
			whole = it->whole;
		}
	}
	if (r == 0)
		r = take_off(&c->coupon, nets, sp->n, days, whole, shares, e);
	for (size_t i = 0; r == 0 && i < sp->n; i++)
		sp->v[i].discount = shares[i];
	return r;
}

static const struct bill_term *term_of(const struct bill_sub *sub, int64_t id)
{
	vec_each(&sub->terms, t)
		if (t->id == id)
			return t;
	return NULL;
}

static int cover_span(struct cover *c, const struct bill_sub *sub, struct span *sp,
	const struct tax_shares *rates, struct err *e)
{
	const struct bill_term *t = term_of(sub, sp->v[0].term);
	int64_t start, end;

	if (!t)
		return 0;
	anchor_period(&t->anchor, sp->v[0].start, &start, &end);
	if (!covers(c, start))
		return 0;
	for (size_t i = 0; i < sp->n; i++) {
		sp->v[i].covered = true;
		sp->v[i].period = start;
	}
	return discount_span(c, sp, rates, e);
}

/* ---- what a credit takes back ---- */

/* The part of the charge's discount that stands for the days taken back; never more than they. */
static int discount_credit(struct sxc *s, const struct bill_items *items, struct bill_item *it,
	const struct tax_shares *rates, struct err *e)
{
	autoclean(tax_shares_release) struct tax_shares old = {0};
	int64_t discount, days, net;
	int r = 0;

	if (it->credits_line) {
		autoclean(db_done) struct query q = {0};

		if ((r = db_one(s->db, &q, e, SQL_OF_LINE, it->credits_line)) <= 0)
			return r;
		discount = db_i64(&q, 0);
		days = db_i64(&q, 1);
		r = discount ? invoice_line_taxes(s, it->credits_line, &old, e) : 0;
		rates = &old;
	} else {
		discount = items->v[it->credits_item].discount;
		days = items->v[it->credits_item].days;
		rates = it->taxable ? rates : NULL;
	}
	if (r < 0 || !discount)
		return r;
	if ((r = bill_net(it->gross, it->tax_included, rates, &net, e)) < 0 ||
		(r = num_muldiv(-discount, days ? it->days : 1, days ? days : 1, &it->discount,
			 e)) < 0)
		return r;
	if (it->discount < net)
		it->discount = net;
	return 0;
}

static int discount_sub(struct sxc *s, const struct bill_sub *sub, struct bill_items *items,
	const struct tax_shares *rates, struct err *e)
{
	autoclean(cover_release) struct cover c = {0};
	int r = read_cover(s, sub, &c, e);

	for (size_t i = 0; r == 0 && i < items->n;) {
		struct bill_item *it = &items->v[i];
		const struct bill_term *t = term_of(sub, it->term);
		struct span sp = {it, 1};

		if (it->sub != sub->id || (!it->credit && !is_covered_item(it->item))) {
			i++;
			continue;
		}
		while (!it->credit && i + sp.n < items->n &&
			same_span(it, &it[sp.n], t && t->arrears))
			sp.n++;
		r = it->credit ? discount_credit(s, items, it, rates, e)
		               : cover_span(&c, sub, &sp, rates, e);
		i += sp.n;
	}
	return r;
}

int draft_discount(struct billing *b, const struct draft *d, struct bill_items *items,
	const struct tax_shares *rates, struct err *e)
{
	int r = 0;

	vec_each(&d->subs, sub)
		if (r == 0 && sub->coupon)
			r = discount_sub(b->s, sub, items, rates, e);
	return r;
}

/* ---- explaining it ---- */

/* Work out the discounts of the span of a line again: that of the line itself, and their sum. */
static int rework_span(struct sxc *s, struct query *line, int64_t id, const struct coupon *c,
	int64_t *discount, int64_t *nets_sum, struct err *e)
{
	autoclean(db_done) struct query q = {0};
	struct days nets = {0};
	autofree int64_t *shares = NULL, *v = NULL;
	int64_t days = 0, whole = 0;
	size_t at = 0;
	int r = db_query(s->db, &q, e, SQL_SPAN, db_i64(line, 6), db_i64(line, 4), db_text(line, 5),
		id);

	*nets_sum = 0;
	while (r >= 0 && (r = db_next(&q, e)) > 0) {
		if (!is_covered_item(db_text(&q, 2)))
			continue;
		if (db_i64(&q, 0) == id)
			at = nets.n;
		if (strcmp(db_text(&q, 2), ITEM_PLAN) == 0) {
			days = db_i64(&q, 3);
			whole = db_i64(&q, 4);
		}
		*nets_sum += db_i64(&q, 1);
		vec_push(&nets, db_i64(&q, 1));
	}
	v = nets.v;
	shares = mem_array(NULL, nets.n + 1, sizeof(*shares));
	if (r == 0)
		r = take_off(c, nets.v, nets.n, days, whole, shares, e);
	if (r == 0)
		*discount = nets.n ? shares[at] : 0;
	return r;
}

static int explain_charge(struct sxc *s, struct query *line, int64_t id, int64_t *discount,
	struct str *how, struct err *e)
{
	const char *currency = db_text(line, 9);
	struct coupon c;
	int64_t sum;
	int r;

	if ((r = coupon_get_id(s, db_i64(line, 8), &c, e)) < 0 ||
		(r = rework_span(s, line, id, &c, discount, &sum, e)) < 0)
		return r;
	str_addf(how, "; coupon %s: ", c.name);
	if (c.percent) {
		rate_format(how, c.percent);
		str_add(how, " of ");
		money_format(how, db_i64(line, 2), currency);
	} else {
		money_format(how, c.amount, currency);
		str_add(how, " a period, here ");
		money_format(how, db_i64(line, 2), currency);
		str_add(how, " of ");
		money_format(how, sum, currency);
	}
	str_add(how, " = ");
	money_format(how, *discount, currency);
	str_add(how, " off");
	return 0;
}

int invoice_line_discount(struct sxc *s, int64_t line, int64_t *discount, struct str *how,
	struct err *e)
{
	autoclean(db_done) struct query q = {0};
	int r = db_one(s->db, &q, e, SQL_LINE, line);

	*discount = 0;
	if (r <= 0)
		return r;
	*discount = db_i64(&q, 1);
	if (!*discount)
		return 0;
	if (str_eq(db_text(&q, 0), "charge") && !db_i64(&q, 10))
		return explain_charge(s, &q, line, discount, how, e);
	str_add(how, "; of its discount ");
	money_format(how, -*discount, db_text(&q, 9));
	str_add(how, " taken back");
	return 0;
}
