/* SPDX-License-Identifier: MIT */
#include "biz/bill.h"

#include <string.h>

#include "util/num.h"
#include "util/str.h"

void bill_sub_release(struct bill_sub *sub)
{
	vec_each(&sub->terms, t) {
		vec_each(&t->options, o)
			free(o->name);
		vec_release(&t->options);
		free(t->title);
	}
	vec_release(&sub->terms);
	vec_each(&sub->charges, c)
		free(c->item);
	vec_release(&sub->charges);
	vec_release(&sub->pauses);
}

void bill_items_release(struct bill_items *items)
{
	vec_each(items, it) {
		free(it->item);
		free(it->text);
	}
	vec_release(items);
}

int bill_gross(int64_t unit_price, int64_t quantity, int64_t days, int64_t whole, int64_t *out,
	struct err *e)
{
	int64_t price;
	int r = num_mul(unit_price, quantity, &price, e);

	if (r < 0)
		return r;
	if (whole == 0) {
		*out = price;
		return 0;
	}
	return num_muldiv(price, days, whole, out, e);
}

/* ---- charges ---- */

static bool has_charge(const struct bill_sub *sub, const struct bill_term *t, const char *item,
	int64_t start)
{
	vec_each(&sub->charges, c)
		if (c->term == t->id && c->start == start && strcmp(c->item, item) == 0)
			return true;
	return false;
}

/* One charge; takes over nothing. Not by days when until is DAY_NONE. */
static int add_charge(struct bill_sub *sub, const struct bill_term *t, const char *item,
	struct bill_item like, struct bill_items *out, struct err *e)
{
	int r;

	if (has_charge(sub, t, item, like.start))
		return 0;
	like.sub = sub->id;
	like.term = t->id;
	like.version = t->version;
	like.taxable = t->taxable;
	like.tax_included = t->tax_included;
	r = bill_gross(like.unit_price, like.quantity, like.days, like.whole, &like.gross, e);
	if (r < 0)
		return r;
	like.item = mem_strdup(item);
	if (strcmp(item, ITEM_PLAN) == 0)
		like.text = mem_strdup(t->title);
	else if (strcmp(item, ITEM_SETUP) == 0)
		like.text = str_fmt("%s, setup", t->title);
	else
		like.text = str_fmt("%s, %s", t->title, item + strlen(ITEM_OPTION));
	vec_push(out, like);
	return 0;
}

static int charge_span(struct bill_sub *sub, const struct bill_term *t, int64_t start,
	int64_t until, int64_t whole, struct bill_items *out, struct err *e)
{
	struct bill_item like = {.start = start,
		.until = until,
		.quantity = 1,
		.unit_price = t->price,
		.days = until - start,
		.whole = whole};
	int r = add_charge(sub, t, ITEM_PLAN, like, out, e);

	for (size_t i = 0; r == 0 && i < t->options.n; i++) {
		autofree char *item = str_fmt(ITEM_OPTION "%s", t->options.v[i].name);

		like.quantity = t->options.v[i].quantity;
		like.unit_price = t->options.v[i].price;
		r = add_charge(sub, t, item, like, out, e);
	}
	return r;
}

/* The last first day that falls due by a day. */
static int64_t due_until(const struct bill_sub *sub, const struct bill_term *t, int64_t day)
{
	return t->arrears ? day : day + sub->ahead;
}

static int charge_setup(struct bill_sub *sub, const struct bill_term *t, int64_t horizon,
	struct bill_items *out, struct err *e)
{
	struct bill_item like = {.start = sub->first_paid,
		.until = DAY_NONE,
		.quantity = 1,
		.unit_price = t->setup};

	if (!sub->setup_due || sub->first_paid > due_until(sub, t, horizon) ||
		sub->first_paid < t->start || (t->until != DAY_NONE && sub->first_paid >= t->until))
		return 0;
	sub->setup_due = false;
	return t->setup ? add_charge(sub, t, ITEM_SETUP, like, out, e) : 0;
}

/* A span begins where the last one ended, and ends with its period or, in arrears, the term. */
static int64_t span_end(const struct bill_term *t, int64_t *whole)
{
	int64_t start, end;

	anchor_period(&t->anchor, t->billed_until, &start, &end);
	*whole = end - start;
	return t->arrears && t->until != DAY_NONE && t->until < end ? t->until : end;
}

static const struct bill_pause *pause_at(const struct bill_sub *sub, int64_t day)
{
	vec_each(&sub->pauses, p)
		if (day >= p->start && (p->until == DAY_NONE || day < p->until))
			return p;
	return NULL;
}

/* A span that would begin in a pause begins as it ends. */
static void skip_pauses(const struct bill_sub *sub, struct bill_term *t)
{
	const struct bill_pause *p;

	while ((p = pause_at(sub, t->billed_until)) && p->until != DAY_NONE)
		t->billed_until = p->until;
}

static bool all_charged(const struct bill_term *t)
{
	return t->until != DAY_NONE && t->billed_until >= t->until;
}

/* Day on which the next span of the term falls due. */
static int64_t term_due(const struct bill_sub *sub, const struct bill_term *t)
{
	int64_t whole;

	if (all_charged(t) || pause_at(sub, t->billed_until))
		return DAY_NONE;
	return t->arrears ? span_end(t, &whole) : t->billed_until;
}

static int charge_term(struct bill_sub *sub, struct bill_term *t, int64_t horizon,
	struct bill_items *out, struct err *e)
{
	int r = charge_setup(sub, t, horizon, out, e);

	skip_pauses(sub, t);
	while (r == 0 && term_due(sub, t) != DAY_NONE &&
		term_due(sub, t) <= due_until(sub, t, horizon)) {
		int64_t whole, end = span_end(t, &whole);

		r = charge_span(sub, t, t->billed_until, end, whole, out, e);
		t->billed_until = end;
		skip_pauses(sub, t);
	}
	return r;
}

/* ---- credits ---- */

/* What a charge has left from day until on; like holds the charge's own days and prices. */
static int add_credit(const struct bill_sub *sub, const struct bill_term *t, const char *item,
	struct bill_item like, struct bill_items *out, struct err *e)
{
	int r;

	like.sub = sub->id;
	like.term = t->id;
	like.version = t->version;
	like.credit = true;
	like.taxable = t->taxable;
	like.tax_included = t->tax_included;
	if (like.until != DAY_NONE) {
		like.start = like.start > t->until ? like.start : t->until;
		like.days = like.until - like.start;
	}
	r = bill_gross(-like.unit_price, like.quantity, like.days, like.whole, &like.gross, e);
	if (r < 0)
		return r;
	like.item = mem_strdup(item);
	if (strcmp(item, ITEM_PLAN) == 0)
		like.text = str_fmt("%s, days not used", t->title);
	else if (strcmp(item, ITEM_SETUP) == 0)
		like.text = str_fmt("%s, setup, withdrawn", t->title);
	else
		like.text = str_fmt("%s, %s, days not used", t->title, item + strlen(ITEM_OPTION));
	vec_push(out, like);
	return 0;
}

/* Does the end of the term leave something of a charge? Days, or the set-up of who withdraws. */
static bool leaves(const struct bill_sub *sub, const struct bill_term *t, int64_t term,
	const char *item, int64_t until)
{
	if (term != t->id)
		return false;
	if (until == DAY_NONE)
		return sub->withdrawn && strcmp(item, ITEM_SETUP) == 0;
	return until > t->until;
}

static int credit_term(struct bill_sub *sub, const struct bill_term *t, struct bill_items *out,
	struct err *e)
{
	size_t made = out->n;
	int r = 0;

	vec_each(&sub->charges, c) {
		struct bill_item like = {.credits_line = c->line,
			.start = c->start,
			.until = c->until,
			.quantity = c->quantity,
			.unit_price = c->unit_price,
			.whole = c->whole};

		if (r < 0 || c->credited || !leaves(sub, t, c->term, c->item, c->until))
			continue;
		r = add_credit(sub, t, c->item, like, out, e);
		c->credited = true;
	}
	for (size_t i = 0; r == 0 && i < made; i++) {
		const struct bill_item *it = &out->v[i];
		struct bill_item like = {.credits_item = i,
			.start = it->start,
			.until = it->until,
			.quantity = it->quantity,
			.unit_price = it->unit_price,
			.whole = it->whole};

		if (!it->credit && it->sub == sub->id &&
			leaves(sub, t, it->term, it->item, it->until))
			r = add_credit(sub, t, it->item, like, out, e);
	}
	return r;
}

/* ---- a subscription ---- */

static void sum_up(struct bill_sub *sub)
{
	sub->next_bill = DAY_NONE;
	if (sub->setup_due && (sub->until == DAY_NONE || sub->until > sub->first_paid))
		sub->next_bill = sub->first_paid;
	vec_each(&sub->terms, t) {
		int64_t due = t->closed ? DAY_NONE : term_due(sub, t);

		if (due != DAY_NONE && (sub->next_bill == DAY_NONE || due < sub->next_bill))
			sub->next_bill = due;
		if (t->billed_until > t->start && t->billed_until > sub->first_paid &&
			t->billed_until > sub->paid_until)
			sub->paid_until = t->billed_until; /* DAY_NONE is before all days */
	}
	if (sub->until != DAY_NONE && sub->paid_until > sub->until)
		sub->paid_until = sub->until;
}

int bill_check_crowd(const struct bill_items *items, size_t from, struct err *e)
{
	for (size_t i = from; i < items->n; i++) {
		char buf[DAY_TEXT];
		int same = 0;

		for (size_t k = from; k < items->n; k++)
			same += items->v[k].start == items->v[i].start;
		if (same > BILL_LINES_A_DAY)
			return err_set(e, E_INTEGRITY,
				"%d lines for %s, more than the %d that one day may have", same,
				day_format(items->v[i].start, buf), BILL_LINES_A_DAY);
	}
	return 0;
}

int bill_subscription(struct bill_sub *sub, int64_t horizon, struct bill_items *out, struct err *e)
{
	size_t from = out->n;
	int r = 0;

	vec_each(&sub->terms, t) {
		if (t->closed)
			continue;
		r = charge_term(sub, t, horizon, out, e);
		if (r == 0 && t->until != DAY_NONE && (!t->arrears || sub->withdrawn))
			r = credit_term(sub, t, out, e);
		if (r < 0)
			return r;
		t->closed = all_charged(t);
	}
	sum_up(sub);
	return bill_check_crowd(out, from, e);
}
