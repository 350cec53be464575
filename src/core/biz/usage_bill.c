/* SPDX-License-Identifier: MIT */
/* From readings to items: month by month of each term. */
#include <string.h>

#include "biz/subscription_int.h"
#include "biz/usage.h"
#include "biz/usage_int.h"
#include "util/money.h"
#include "util/num.h"
#include "util/str.h"
#include "util/units.h"

#define SQL_TERM                                                                                   \
	"SELECT max(t.start, s.first_paid, coalesce(s.prepaid_until, t.start)), u.until "          \
	"FROM subscription_term t JOIN subscription s ON s.id = t.subscription "                   \
	"LEFT JOIN usage_term u ON u.term = t.id WHERE t.id = ?1"
/* Halves, so that no sum overflows. What several sources say of one start adds up. */
#define SQL_COUNT                                                                                  \
	"SELECT count(*), count(DISTINCT r.start), coalesce(sum(r.value >> 20), 0), "              \
	"coalesce(sum(r.value & 1048575), 0) FROM usage_meter m JOIN usage_reading r "             \
	"ON r.meter = m.id WHERE m.subscription = ?1 AND m.resource = ?2 "                         \
	"AND r.start >= ?5 AND r.start < ?6 AND r.day >= ?3 AND r.day < ?4"
#define SQL_MOST                                                                                   \
	"SELECT max(v) FROM (SELECT sum(r.value) AS v FROM usage_meter m JOIN usage_reading r "    \
	"ON r.meter = m.id WHERE m.subscription = ?1 AND m.resource = ?2 "                         \
	"AND r.start >= ?5 AND r.start < ?6 AND r.day >= ?3 AND r.day < ?4 GROUP BY r.start)"
/* What stands for a span: its last batch, and what became of its line. */
#define SQL_STANDING                                                                               \
	"SELECT b.batch, b.readings, b.line, l.quantity, l.unit_price, l.gross, l.text, "          \
	"(SELECT i.corrects IS NOT NULL FROM invoice_line c JOIN invoice i ON i.id = c.invoice "   \
	"WHERE c.credits = l.id AND i.state <> 'void' LIMIT 1) FROM usage_billed b "               \
	"JOIN invoice_line l ON l.id = b.line WHERE b.term = ?1 AND b.resource = ?2 "              \
	"AND b.start = ?3 AND b.released = 0 ORDER BY b.batch DESC LIMIT 1"
#define SQL_KEEP_LINE                                                                              \
	"INSERT INTO usage_billed (term, resource, start, batch, readings, spans, total, line) "   \
	"VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)"
#define SQL_KEEP_TERM                                                                              \
	"INSERT INTO usage_term (term, until) VALUES (?1, ?2) "                                    \
	"ON CONFLICT (term) DO UPDATE SET until = excluded.until"
#define SQL_RELEASE     "UPDATE usage_billed SET released = 1 WHERE line = ?1"
#define SQL_REOPEN      "UPDATE usage_term SET until = min(until, ?2) WHERE term = ?1"
#define SQL_REOPEN_TERM "UPDATE subscription_term SET closed = 0 WHERE id = ?1"

/* A time zone is at most fourteen hours off. */
#define ZONE_MOST 50400

/* What has been billed for a span. */
struct standing {
	bool stands;  /* a line of it is in force */
	bool settled; /* taken back by a person: left alone for good */
	int64_t batch, readings, line, quantity, unit_price, gross;
	char *text;
};
struct usage_run {
	struct sxc *s;
	const struct bill_sub *sub;
	const struct bill_term *t;
	struct bill_items *items;
	int digits; /* of the currency */
};

int usage_measure(struct sxc *s, int64_t subscription, const struct usage_rate *rate, int64_t from,
	int64_t to, struct usage_count *out, struct err *e)
{
	autoclean(db_done) struct query q = {0};
	char first[DAY_TEXT], end[DAY_TEXT];
	int64_t low = from * 86400 - ZONE_MOST, high = to * 86400 + ZONE_MOST;
	__int128 total;
	int r;

	day_format(from, first);
	day_format(to, end);
	r = db_one(s->db, &q, e, SQL_COUNT, subscription, rate->resource, first, end, low, high);
	if (r < 0)
		return r;
	total = ((__int128)db_i64(&q, 2) << 20) + db_i64(&q, 3);
	*out = (struct usage_count){db_i64(&q, 0), db_i64(&q, 1), (int64_t)total};
	if (rate->measure == MEASURE_MAX) {
		out->total = 0;
		r = db_get_i64(s->db, &out->total, e, SQL_MOST, subscription, rate->resource, first,
			end, low, high);
		return r < 0 ? r : 0;
	}
	if (total > INT64_MAX)
		return err_set(e, E_LIMIT,
			"the readings of %s from %s add up to more than can be "
			"counted",
			rate->resource, first);
	return 0;
}

static void standing_release(struct standing *st)
{
	free(st->text);
}

static int find_standing(const struct usage_run *u, const char *resource, int64_t start,
	struct standing *st, struct err *e)
{
	autoclean(db_done) struct query q = {0};
	char day[DAY_TEXT];
	int r = db_one(u->s->db, &q, e, SQL_STANDING, u->t->id, resource, day_format(start, day));

	if (r <= 0)
		return r;
	*st = (struct standing){.stands = db_is_null(&q, 7),
		.settled = db_i64(&q, 7),
		.batch = db_i64(&q, 0),
		.readings = db_i64(&q, 1),
		.line = db_i64(&q, 2),
		.quantity = db_i64(&q, 3),
		.unit_price = db_is_null(&q, 4) ? INT64_MIN : db_i64(&q, 4),
		.gross = db_i64(&q, 5),
		.text = db_text_dup(&q, 6)};
	return 0;
}

/* An item of the term; what it says besides is set by who makes it. */
static struct bill_item item_of(const struct usage_run *u, const struct usage_rate *rate,
	const struct usage_span *sp)
{
	return (struct bill_item){.sub = u->sub->id,
		.term = u->t->id,
		.version = u->t->version,
		.item = str_fmt(ITEM_USAGE "%s", rate->resource),
		.start = sp->start,
		.until = sp->until,
		.taxable = u->t->taxable,
		.tax_included = u->t->tax_included};
}

static void take_back(const struct usage_run *u, const struct usage_rate *rate,
	const struct usage_span *sp, const struct standing *st)
{
	struct bill_item it = item_of(u, rate, sp);

	it.credit = true;
	it.credits_line = st->line;
	it.text = str_fmt("%s, reckoned anew", st->text);
	it.quantity = st->quantity;
	it.unit_price = st->unit_price;
	it.gross = -st->gross;
	it.batch = st->batch;
	vec_push(u->items, it);
}

static void charge(const struct usage_run *u, const struct usage_rate *rate,
	const struct usage_span *sp, const struct usage_count *count, int64_t batch, int64_t units,
	int64_t gross)
{
	struct bill_item it = item_of(u, rate, sp);
	autostr text = STR_INIT;

	str_addf(&text, "%s, %s", u->t->title, rate->resource);
	if (rate->unit != 1) {
		str_add(&text, ", each ");
		units_add_size_exact(&text, rate->unit);
	}
	it.text = str_steal(&text);
	it.quantity = units;
	it.unit_price = usage_unit_price(rate, units, u->digits);
	it.gross = gross;
	it.batch = batch;
	it.used = *count;
	vec_push(u->items, it);
}

/* What a resource comes to in a span, unless that stands already. */
static int reckon(const struct usage_run *u, const struct usage_rate *rate,
	const struct usage_span *sp, struct err *e)
{
	autoclean(standing_release) struct standing st = {0};
	struct usage_count count;
	int64_t units, gross;
	int r;

	if ((r = find_standing(u, rate->resource, sp->start, &st, e)) < 0 || st.settled ||
		(r = usage_measure(u->s, u->sub->id, rate, sp->start, sp->until, &count, e)) < 0)
		return r;
	if (st.stands && st.readings == count.readings)
		return 0;
	if ((r = usage_units(rate, &count, sp->until - sp->start, sp->whole, &units, e)) < 0 ||
		(r = usage_gross(rate, units, u->digits, &gross, e)) < 0)
		return r;
	if (st.stands && st.quantity == units && st.gross == gross)
		return 0;
	if (st.stands)
		take_back(u, rate, sp, &st);
	if (units)
		charge(u, rate, sp, &count, st.batch + 1, units, gross);
	return 0;
}

struct usage_span usage_span_at(const struct bill_term *t, int64_t first, int64_t day)
{
	struct anchor months = usage_months(&t->anchor);
	struct usage_span sp;
	int64_t end;

	anchor_period(&months, day, &sp.start, &end);
	sp.whole = end - sp.start;
	sp.until = t->until != DAY_NONE && t->until < end ? t->until : end;
	if (sp.start < first)
		sp.start = first;
	return sp;
}

int usage_days(struct sxc *s, int64_t term, int64_t *first, int64_t *from, struct err *e)
{
	autoclean(db_done) struct query q = {0};
	int r = db_one(s->db, &q, e, SQL_TERM, term);

	if (r <= 0)
		return r < 0 ? r : err_set(e, E_INTEGRITY, "a term is missing");
	*first = day_col(&q, 0);
	*from = day_col(&q, 1);
	if (*from < *first) /* DAY_NONE is before all days */
		*from = *first;
	return 0;
}

/* *due: when the next span of it falls due, or DAY_NONE. */
static int bill_term(struct usage_run *u, struct bill_term *t, const struct usage_rates *rates,
	int64_t horizon, int64_t *due, struct err *e)
{
	int64_t first = 0, from = 0;
	int r = usage_days(u->s, t->id, &first, &from, e);

	u->t = t;
	*due = DAY_NONE;
	while (r == 0 && (t->until == DAY_NONE || from < t->until)) {
		struct usage_span sp = usage_span_at(t, first, from);

		if (!u->items || sp.until > horizon) {
			*due = sp.until;
			return 0;
		}
		for (size_t i = 0; r == 0 && i < rates->rates.n; i++)
			r = reckon(u, &rates->rates.v[i], &sp, e);
		t->usage_until = from = sp.until;
	}
	return r;
}

int usage_bill(struct usage_cache *c, struct sxc *s, struct bill_sub *sub, const char *currency,
	int64_t horizon, struct bill_items *items, struct err *e)
{
	struct usage_run u = {s, sub, NULL, items, money_digits(currency)};
	size_t made = items ? items->n : 0;

	vec_each(&sub->terms, t) {
		const struct usage_rates *rates;
		int64_t due;
		int r;

		if ((r = usage_cache_get(c, s, t->version, currency, &rates, e)) < 0)
			return r;
		if (!rates->rates.n)
			continue;
		if ((r = bill_term(&u, t, rates, horizon, &due, e)) < 0)
			return r;
		t->closed = t->closed && due == DAY_NONE;
		if (due != DAY_NONE && (sub->next_bill == DAY_NONE || due < sub->next_bill))
			sub->next_bill = due;
	}
	return items ? bill_check_crowd(items, made, e) : 0;
}

/* ---- what is kept ---- */

bool usage_is_item(const char *item)
{
	return str_starts(item, ITEM_USAGE);
}

int usage_keep_line(struct sxc *s, const struct bill_item *it, int64_t line, struct err *e)
{
	char start[DAY_TEXT];

	if (it->credit || !usage_is_item(it->item))
		return 0;
	return db_run(s->db, e, SQL_KEEP_LINE, it->term, it->item + strlen(ITEM_USAGE),
		day_format(it->start, start), it->batch, it->used.readings, it->used.spans,
		it->used.total, line);
}

int usage_keep_term(struct sxc *s, const struct bill_term *t, struct err *e)
{
	char day[DAY_TEXT];

	if (!t->usage_until)
		return 0;
	return db_run(s->db, e, SQL_KEEP_TERM, t->id, day_format(t->usage_until, day));
}

int usage_reopen(struct sxc *s, int64_t line, int64_t term, int64_t start, struct err *e)
{
	char day[DAY_TEXT];
	int r = line ? db_run(s->db, e, SQL_RELEASE, line) : 0;

	if (r < 0 || (r = db_run(s->db, e, SQL_REOPEN, term, day_format(start, day))) < 0)
		return r;
	return db_run(s->db, e, SQL_REOPEN_TERM, term);
}
