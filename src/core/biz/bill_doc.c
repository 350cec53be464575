/* SPDX-License-Identifier: MIT */
#include "biz/bill_doc.h"

#include "util/num.h"
#include "util/str.h"

void tax_shares_release(struct tax_shares *t)
{
	vec_each(t, s) {
		free(s->name);
		free(s->note);
	}
	vec_release(t);
}

void tax_shares_add(struct tax_shares *t, const char *name, const char *note, int64_t rate,
	int64_t base, int64_t amount)
{
	struct tax_share s = {mem_strdup(name), mem_strdup0(note), rate, base, amount};

	vec_push(t, s);
}

static void line_release(struct doc_line *line)
{
	free(line->item.item);
	free(line->item.text);
	tax_shares_release(&line->taxes);
}

void bill_doc_release(struct bill_doc *doc)
{
	vec_each(&doc->lines, line)
		line_release(line);
	vec_release(&doc->lines);
	tax_shares_release(&doc->taxes);
}

static size_t largest(const struct tax_shares *rates)
{
	size_t at = 0;

	for (size_t i = 1; i < rates->n; i++)
		if (rates->v[i].rate > rates->v[at].rate)
			at = i;
	return at;
}

static int sum_rates(const struct tax_shares *rates, int64_t *sum, struct err *e)
{
	int r = 0;

	*sum = RATE_ONE;
	for (size_t i = 0; r == 0 && i < rates->n; i++)
		r = num_add(*sum, rates->v[i].rate, sum, e);
	return r;
}

/* Index of the largest remainder that has not been served; those served are -1. */
static size_t next_served(const int64_t *rest, size_t n)
{
	size_t at = 0;

	for (size_t i = 1; i < n; i++)
		if (rest[i] > rest[at])
			at = i;
	return at;
}

void bill_spread(int64_t total, const int64_t *parts, size_t n, int64_t *shares)
{
	autofree int64_t *rest = mem_array(NULL, n + 1, sizeof(*rest));
	int64_t sum = 0, left = total;

	for (size_t i = 0; i < n; i++)
		sum += parts[i];
	for (size_t i = 0; i < n; i++) {
		__int128 exact = sum ? (__int128)total * parts[i] : 0;

		shares[i] = sum ? (int64_t)(exact / sum) : 0;
		rest[i] = sum ? (int64_t)(exact % sum) : 0;
		left -= shares[i];
	}
	for (; n && left > 0; left--) {
		size_t i = next_served(rest, n);

		shares[i]++;
		rest[i] = -1;
	}
}

int bill_net(int64_t gross, bool included, const struct tax_shares *rates, int64_t *net,
	struct err *e)
{
	int64_t whole;
	int r;

	*net = gross;
	if (!included || !rates || rates->n == 0)
		return 0;
	r = sum_rates(rates, &whole, e);
	return r < 0 ? r : num_muldiv(gross, RATE_ONE, whole, net, e);
}

int bill_tax(int64_t gross, bool included, int64_t discount, struct tax_shares *rates, int64_t *net,
	struct err *e)
{
	int64_t base, rest;
	int r = bill_net(gross, included, rates, net, e);

	if (r < 0 || rates->n == 0)
		return r;
	base = *net - discount;
	rest = gross - *net;
	for (size_t i = 0; i < rates->n; i++) {
		rates->v[i].base = base;
		r = num_muldiv(base, rates->v[i].rate, RATE_ONE, &rates->v[i].amount, e);
		if (r < 0)
			return r;
		rest -= rates->v[i].amount;
	}
	if (included && discount == 0)
		rates->v[largest(rates)].amount += rest;
	return 0;
}

static int sum_taxes(struct bill_doc *doc, const struct tax_share *s, struct err *e)
{
	vec_each(&doc->taxes, t) {
		int r;

		if (t->rate != s->rate || !str_eq(t->name, s->name) || !str_eq(t->note, s->note))
			continue;
		r = num_add(t->base, s->base, &t->base, e);
		return r < 0 ? r : num_add(t->amount, s->amount, &t->amount, e);
	}
	tax_shares_add(&doc->taxes, s->name, s->note, s->rate, s->base, s->amount);
	return 0;
}

static int sum_line(struct bill_doc *doc, struct doc_line *line, struct err *e)
{
	int r = num_add(doc->subtotal, line->amount, &doc->subtotal, e);

	if (r == 0)
		r = num_add(doc->discount, line->discount, &doc->discount, e);
	for (size_t i = 0; r == 0 && i < line->taxes.n; i++) {
		r = num_add(line->tax, line->taxes.v[i].amount, &line->tax, e);
		if (r == 0)
			r = sum_taxes(doc, &line->taxes.v[i], e);
	}
	if (r == 0)
		r = num_add(doc->tax, line->tax, &doc->tax, e);
	if (r == 0)
		r = num_add(doc->subtotal - doc->discount, doc->tax, &doc->total, e);
	return r;
}

void bill_doc_sum(struct bill_doc *doc)
{
	doc->subtotal = doc->discount = doc->tax = 0;
	vec_each(&doc->lines, line) {
		doc->subtotal += line->amount;
		doc->discount += line->discount;
		doc->tax += line->tax;
	}
	doc->total = doc->subtotal - doc->discount + doc->tax;
}

int bill_doc_add(struct bill_doc *doc, struct bill_item *item, const struct tax_shares *rates,
	struct err *e)
{
	struct doc_line line = {.item = *item, .discount = item->discount};
	int r;

	item->item = item->text = NULL;
	for (size_t i = 0; rates && i < rates->n; i++)
		tax_shares_add(&line.taxes, rates->v[i].name, rates->v[i].note, rates->v[i].rate, 0,
			0);
	r = bill_tax(line.item.gross, line.item.tax_included, line.discount, &line.taxes,
		&line.amount, e);
	vec_push(&doc->lines, line);
	return r < 0 ? r : sum_line(doc, &doc->lines.v[doc->lines.n - 1], e);
}

/* ---- rounding once a rate ---- */

static struct tax_share *share_like(const struct doc_line *line, const struct tax_share *like)
{
	if (line->item.tax_included)
		return NULL;
	for (size_t i = 0; i < line->taxes.n; i++) {
		struct tax_share *t = &line->taxes.v[i];

		if (t->rate == like->rate && str_eq(t->name, like->name) &&
			str_eq(t->note, like->note))
			return t;
	}
	return NULL;
}

int bill_spread_tax(int64_t rate, int64_t base, int64_t credited, const int64_t *bases, size_t n,
	int64_t *shares, struct err *e)
{
	int64_t tax;
	int r = num_muldiv(base, rate, RATE_ONE, &tax, e);

	if (r < 0)
		return r;
	tax -= credited;
	bill_spread(tax > 0 ? tax : 0, bases, n, shares);
	return 0;
}

/* All lines with that tax. */
static int round_tax(struct bill_doc *doc, const struct tax_share *like, struct err *e)
{
	autofree int64_t *bases = mem_array(NULL, doc->lines.n + 1, sizeof(*bases));
	autofree int64_t *shares = mem_array(NULL, doc->lines.n + 1, sizeof(*shares));
	int64_t base = 0, credited = 0;
	size_t n = 0;
	int r;

	vec_each(&doc->lines, line) {
		struct tax_share *t = share_like(line, like);

		if (!t)
			continue;
		base += line->amount - line->discount;
		if (line->item.credit)
			credited += t->amount;
		else
			bases[n++] = line->amount - line->discount;
	}
	r = bill_spread_tax(like->rate, base, credited, bases, n, shares, e);
	n = 0;
	vec_each(&doc->lines, line) {
		struct tax_share *t = share_like(line, like);

		if (r == 0 && t && !line->item.credit)
			t->amount = shares[n++];
	}
	return r;
}

static bool seen_before(const struct bill_doc *doc, const struct doc_line *line,
	const struct tax_share *t)
{
	for (const struct doc_line *l = doc->lines.v; l < line; l++)
		if (!l->item.credit && share_like(l, t))
			return true;
	return false;
}

int bill_doc_round(struct bill_doc *doc, struct err *e)
{
	int r = 0;

	doc->round_once = true;
	vec_each(&doc->lines, line)
		for (size_t i = 0; r == 0 && i < line->taxes.n; i++)
			if (!line->item.credit && !line->item.tax_included &&
				!seen_before(doc, line, &line->taxes.v[i]))
				r = round_tax(doc, &line->taxes.v[i], e);
	vec_each(&doc->lines, line) {
		line->tax = 0;
		vec_each(&line->taxes, t)
			line->tax += t->amount;
	}
	bill_doc_sum(doc);
	return r;
}
