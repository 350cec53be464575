/* SPDX-License-Identifier: MIT */
/* What an account is to be billed, worked out and numbered; nothing is written here. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "biz/invoice_int.h"
#include "biz/mail.h"
#include "biz/tax.h"
#include "util/str.h"

#define SQL_EXTRAS                                                                                 \
	"SELECT id, day, amount, taxable, reason FROM extra WHERE account = ?1 AND line IS NULL "  \
	"AND day <= ?2 ORDER BY id"
#define SQL_LINE_TAX "SELECT name, note, rate, amount FROM line_tax WHERE line = ?1 ORDER BY seq"
#define SQL_SERIES   "SELECT last FROM series WHERE prefix = ?1"
#define SQL_LATEST   "SELECT date FROM series WHERE kind = ?1 ORDER BY date DESC LIMIT 1"
#define SQL_PLAN     "SELECT p.name FROM plan_version v JOIN plan p ON p.id = v.plan WHERE v.id = ?1"

/* ---- what documents have in common ---- */

void billing_release(struct billing *b)
{
	tz_free(b->tz);
	free(b->seller);
	usage_cache_release(&b->usage);
	free(b->plan);
}

static int read_until(struct billing *b, const char *until, int64_t today, struct err *e)
{
	int r;

	b->until = DAY_NONE;
	if (!until)
		return 0;
	if ((r = day_parse(until, &b->until, e)) < 0)
		return r;
	if (b->until > today && !b->s->rehearsal && b->s->mode != DB_READ)
		return err_set(e, E_STATE,
			"--until %s is beyond today: real books are billed up to today "
			"(\"sxc invoice preview\" looks ahead)",
			until);
	return 0;
}

static int read_seller(struct billing *b, struct err *e)
{
	static const char *const keys[] = {"name", "address", "email", "tax-id", "logo", "bank"};
	json_t *j = json_object();
	int r = 0;

	for (size_t i = 0; i < ARRAY_LEN(keys) && r == 0; i++) {
		autofree char *key = str_fmt("seller.%s", keys[i]), *value = NULL;

		r = config_get(b->s, key, &value, e);
		if (value)
			json_object_set_new(j, keys[i], json_string(value));
	}
	b->seller = json_dumps(j, JSON_SORT_KEYS | JSON_COMPACT);
	json_decref(j);
	return r;
}

int billing_begin(struct billing *b, struct sxc *s, const char *until, struct err *e)
{
	autofree char *zone = NULL, *prefix = NULL, *round = NULL;
	autotz *tz = NULL;
	struct civil c;
	int r;

	*b = (struct billing){.s = s, .terms = 14};
	if ((r = config_get(s, "timezone", &zone, e)) < 0 ||
		(r = config_get(s, "invoice.prefix", &prefix, e)) < 0 ||
		(r = config_get_i64(s, "terms", &b->terms, e)) < 0 ||
		(r = config_get_i64(s, "ahead", &b->ahead, e)) < 0 ||
		(r = config_get(s, "round", &round, e)) < 0 ||
		(r = tz_load(&tz, zone ? zone : "UTC", e)) < 0)
		return r;
	b->round_once = str_eq(round, "invoice");
	b->date = tz_day(tz, s->now);
	c = day_civil(b->date);
	snprintf(b->invoices.prefix, sizeof(b->invoices.prefix), "%.20s%04d-", prefix ? prefix : "",
		(int)c.year);
	snprintf(b->credit_notes.prefix, sizeof(b->credit_notes.prefix), "%.20sCN-%04d-",
		prefix ? prefix : "", (int)c.year);
	if ((r = read_until(b, until, b->date, e)) < 0 || (r = mail_is_on(s, e)) < 0)
		return r;
	b->mailed = r > 0;
	return read_seller(b, e);
}

static int read_series(struct billing *b, const char *kind, struct series *series, struct err *e)
{
	autofree char *latest = NULL;
	char date[DAY_TEXT];
	int r;

	series->last = 0;
	series->used = false;
	if ((r = db_get_i64(b->s->db, &series->last, e, SQL_SERIES, series->prefix)) < 0 ||
		(r = db_get_text(b->s->db, &latest, e, SQL_LATEST, kind)) < 0)
		return r;
	day_format(b->date, date);
	if (latest && strcmp(latest, date) > 0)
		return err_set(e, E_STATE,
			"it is %s, but the last %s is of %s: their dates never go back", date, kind,
			latest);
	return 0;
}

int billing_read_series(struct billing *b, struct err *e)
{
	int r = read_series(b, "invoice", &b->invoices, e);

	b->seller_id = 0;
	return r < 0 ? r : read_series(b, "credit-note", &b->credit_notes, e);
}

/* ---- one account ---- */

void draft_release(struct draft *d)
{
	account_release(&d->a);
	vec_each(&d->subs, sub)
		bill_sub_release(sub);
	vec_release(&d->subs);
	bill_doc_release(&d->doc);
}

static int today_of(struct billing *b, struct draft *d, struct err *e)
{
	int r;

	if (b->until != DAY_NONE) {
		d->today = b->until;
		return 0;
	}
	if (!b->tz || strcmp(tz_name(b->tz), d->a.timezone) != 0) {
		tz_free(steal(&b->tz));
		if ((r = tz_load(&b->tz, d->a.timezone, e)) < 0)
			return r;
	}
	d->today = tz_day(b->tz, b->s->now);
	return 0;
}

static int add_extras(struct billing *b, const struct draft *d, struct bill_items *items,
	struct err *e)
{
	autoclean(db_done) struct query q = {0};
	char day[DAY_TEXT];
	int r = db_query(b->s->db, &q, e, SQL_EXTRAS, d->a.id, day_format(d->today, day));

	while (r >= 0 && (r = db_next(&q, e)) > 0) {
		struct bill_item it = {.extra = db_i64(&q, 0),
			.item = mem_strdup(ITEM_EXTRA),
			.text = db_text_dup(&q, 4),
			.start = day_col(&q, 1),
			.until = DAY_NONE,
			.quantity = 1,
			.unit_price = db_i64(&q, 2),
			.taxable = db_i64(&q, 3),
			.gross = db_i64(&q, 2)};

		vec_push(items, it);
	}
	return r;
}

int invoice_line_taxes(struct sxc *s, int64_t line, struct tax_shares *out, struct err *e)
{
	autoclean(db_done) struct query q = {0};
	int r = db_query(s->db, &q, e, SQL_LINE_TAX, line);

	while (r >= 0 && (r = db_next(&q, e)) > 0)
		tax_shares_add(out, db_text(&q, 0), db_text(&q, 1), db_i64(&q, 2), 0,
			db_i64(&q, 3));
	return r;
}

/* What a credit takes back was taxed at the rates of its own day. */
static int add_line(struct billing *b, struct draft *d, struct bill_item *it,
	const struct tax_shares *rates, struct err *e)
{
	autoclean(tax_shares_release) struct tax_shares old = {0};
	int64_t credits = it->credits_line;
	bool capped;
	int r;

	if (!it->credit || !credits)
		return bill_doc_add(&d->doc, it, it->taxable ? rates : NULL, e);
	if ((r = invoice_line_taxes(b->s, credits, &old, e)) < 0 ||
		(r = bill_doc_add(&d->doc, it, &old, e)) < 0 ||
		(r = invoice_cap_credit(b->s, credits, INT64_MAX,
			 &d->doc.lines.v[d->doc.lines.n - 1], &capped, e)) < 0)
		return r;
	if (capped)
		bill_doc_sum(&d->doc);
	return 0;
}

/* A credit of a line in the same document takes back no more than rounding has left of it. */
static int round_once(struct bill_doc *doc, struct err *e)
{
	bool changed = false;
	int r = bill_doc_round(doc, e);

	vec_each(&doc->lines, line) {
		bool capped = false;

		if (r == 0 && line->item.credit && !line->item.credits_line)
			r = invoice_cap_own(&doc->lines.v[line->item.credits_item], line, &capped,
				e);
		changed |= capped;
	}
	if (changed)
		bill_doc_sum(doc);
	return r;
}

static int add_lines(struct billing *b, struct draft *d, struct bill_items *items, struct err *e)
{
	autoclean(tax_shares_release) struct tax_shares rates = {0};
	int r = items->n ? tax_of_account(b->s, &d->a, b->date, &rates, e) : 0;

	if (r == 0)
		r = draft_discount(b, d, items, &rates, e);
	for (size_t i = 0; r == 0 && i < items->n; i++)
		r = add_line(b, d, &items->v[i], &rates, e);
	if (r == 0 && b->round_once)
		r = round_once(&d->doc, e);
	d->credit_note = d->doc.total < 0;
	return r;
}

int draft_make(struct billing *b, int64_t account, struct draft *d, struct err *e)
{
	autoitems items = {0};
	int r;

	if ((r = account_get_id(b->s, account, &d->a, e)) < 0 || (r = today_of(b, d, e)) < 0 ||
		(r = subscription_load_due(b->s, account, d->today + b->ahead, &d->subs, e)) < 0)
		return r;
	vec_each(&d->subs, sub)
		sub->ahead = b->ahead;
	vec_each(&d->subs, sub)
		if ((r = bill_subscription(sub, d->today, &items, e)) < 0 ||
			(r = usage_bill(&b->usage, b->s, sub, d->a.currency, d->today, &items, e)) <
				0)
			return r;
	if ((r = add_extras(b, d, &items, e)) < 0)
		return r;
	return add_lines(b, d, &items, e);
}

void draft_number(struct billing *b, struct draft *d)
{
	struct series *series = d->credit_note ? &b->credit_notes : &b->invoices;

	d->seq = ++series->last;
	snprintf(d->number, sizeof(d->number), "%s%06lld", series->prefix, (long long)d->seq);
	d->due = b->date + (d->credit_note ? 0 : d->a.terms < 0 ? b->terms : d->a.terms);
	if (!d->credit_note)
		d->opening_credit = d->a.credit < d->doc.total ? d->a.credit : d->doc.total;
}

/* ---- telling it ---- */

static int plan_of(struct billing *b, int64_t version, struct err *e)
{
	if (b->version == version)
		return 0;
	free(steal(&b->plan));
	b->version = version;
	return db_get_text(b->s->db, &b->plan, e, SQL_PLAN, version);
}

static void sub_name_of(const struct draft *d, int64_t id, char *buf, size_t size)
{
	vec_each(&d->subs, sub)
		if (sub->id == id)
			snprintf(buf, size, "%s/%lld", d->a.name, (long long)sub->number);
}

static int tell_line(struct billing *b, const struct draft *d, size_t i, account_row_fn fn,
	void *arg, struct err *e)
{
	const struct doc_line *line = &d->doc.lines.v[i];
	char name[96] = "";
	char start[DAY_TEXT], until[DAY_TEXT];
	struct invoice_line_row row = {.invoice = d->number,
		.account = d->a.name,
		.kind = d->credit_note ? "credit-note" : "invoice",
		.item = line->item.item,
		.text = line->item.text,
		.start = day_format(line->item.start, start),
		.end = line->item.until == DAY_NONE ? NULL : day_format(line->item.until, until),
		.currency = d->a.currency,
		.line = (int64_t)i + 1,
		.quantity = line->item.quantity,
		.unit_price = line->item.unit_price,
		.amount = line->amount,
		.discount = line->discount,
		.tax = line->tax};

	if (line->item.sub) {
		int r = plan_of(b, line->item.version, e);

		if (r < 0)
			return r;
		sub_name_of(d, line->item.sub, name, sizeof(name));
		row.subscription = name;
		row.plan = b->plan;
	}
	return fn(arg, &row, e);
}

int draft_tell(struct billing *b, const struct draft *d, account_row_fn fn, void *arg,
	struct err *e)
{
	int r = 0;

	for (size_t i = 0; r >= 0 && i < d->doc.lines.n; i++)
		r = tell_line(b, d, i, fn, arg, e);
	return r < 0 ? r : 0;
}
