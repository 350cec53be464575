/* SPDX-License-Identifier: MIT */
/* How a usage line came about, from what was kept with it. */
#include <inttypes.h>
#include <string.h>

#include "biz/subscription_int.h"
#include "biz/usage.h"
#include "util/money.h"
#include "util/num.h"
#include "util/str.h"
#include "util/units.h"

#define SQL_LINE                                                                                   \
	"SELECT b.readings, b.spans, b.total, b.resource, l.version, i.currency, l.start, "        \
	"l.until, t.anchor, t.anchor_day FROM usage_billed b "                                     \
	"JOIN invoice_line l ON l.id = b.line JOIN invoice i ON i.id = l.invoice "                 \
	"JOIN subscription_term t ON t.id = l.term WHERE b.line = ?1"
#define SQL_TAKEN_BACK                                                                             \
	"SELECT -o.gross FROM invoice_line l JOIN invoice_line o ON o.id = l.credits "             \
	"WHERE l.id = ?1"

/* What is to be told about a line. */
struct told_usage {
	struct usage_count count;
	const struct usage_rate *rate;
	int64_t days, whole, units;
	const char *currency;
};

static void add_count(struct str *s, const struct told_usage *t)
{
	str_addf(s, "%" PRId64 " reading%s, %s ", t->count.readings,
		t->count.readings == 1 ? "" : "s", usage_measure_name(t->rate->measure));
	if (t->rate->measure == MEASURE_AVERAGE)
		str_addf(s, "of %" PRId64 " over %" PRId64 " spans", t->count.total,
			t->count.spans);
	else
		units_add_int(s, t->count.total);
}

static void add_included(struct str *s, const struct told_usage *t)
{
	if (!t->rate->included)
		return;
	str_add(s, ", less ");
	units_add_size_exact(s, t->rate->included);
	str_add(s, " included");
	if (t->days != t->whole)
		str_addf(s, " x %" PRId64 " of %" PRId64 " days", t->days, t->whole);
}

/* "0.10 x 12 + 0.05 x 3 = 1.35" */
static void add_tiers(struct str *s, const struct told_usage *t, int64_t gross)
{
	int digits = money_digits(t->currency);
	bool first = true;

	for (size_t i = 0; i < t->rate->tiers.n; i++) {
		int64_t units = usage_tier_units(t->rate, i, t->units);

		if (!units)
			continue;
		str_add(s, first ? ": " : " + ");
		num_format(s, t->rate->tiers.v[i].price, USAGE_PRICE_DIGITS, digits);
		str_addf(s, " x %" PRId64, units);
		first = false;
	}
	str_add(s, " = ");
	money_format(s, gross, t->currency);
}

static void tell(struct str *s, const struct told_usage *t, int64_t gross)
{
	add_count(s, t);
	add_included(s, t);
	str_addf(s, " = %" PRId64 " started", t->units);
	if (t->rate->unit != 1) {
		str_add(s, " of ");
		units_add_size_exact(s, t->rate->unit);
	}
	if (t->rate->tiers.n > 1)
		str_addf(s, ", %s", t->rate->volume ? "volume" : "graduated");
	add_tiers(s, t, gross);
}

static const struct usage_rate *find_rate(const struct usage_rates *rates, const char *resource)
{
	vec_each(&rates->rates, rate)
		if (str_eq(rate->resource, resource))
			return rate;
	return NULL;
}

static int rework(struct query *q, struct usage_cache *cache, struct sxc *s, struct str *how,
	int64_t *gross, struct err *e)
{
	struct anchor a = {day_col(q, 8), (int)db_i64(q, 9), {1, UNIT_MONTH}};
	struct told_usage t = {.count = {db_i64(q, 0), db_i64(q, 1), db_i64(q, 2)},
		.days = day_col(q, 7) - day_col(q, 6),
		.currency = db_text(q, 5)};
	const struct usage_rates *rates;
	struct anchor months = usage_months(&a);
	int64_t start, end;
	int r = usage_cache_get(cache, s, db_i64(q, 4), t.currency, &rates, e);

	if (r < 0)
		return r;
	t.rate = find_rate(rates, db_text(q, 3));
	if (!t.rate)
		return err_set(e, E_INTEGRITY, "the plan has no %s", db_text(q, 3));
	anchor_period(&months, day_col(q, 6), &start, &end);
	t.whole = end - start;
	if ((r = usage_units(t.rate, &t.count, t.days, t.whole, &t.units, e)) < 0 ||
		(r = usage_gross(t.rate, t.units, money_digits(t.currency), gross, e)) < 0)
		return r;
	tell(how, &t, *gross);
	return 0;
}

/* A line that takes back another is its opposite; so is a line of a correction. */
static int opposite(struct sxc *s, int64_t line, struct str *how, int64_t *gross, struct err *e)
{
	int r = db_get_i64(s->db, gross, e, SQL_TAKEN_BACK, line);

	str_add(how, "all of it");
	return r < 0 ? r : 0;
}

int usage_explain(struct sxc *s, int64_t line, struct str *how, int64_t *gross, struct err *e)
{
	autousage cache = {0};
	autoclean(db_done) struct query q = {0};
	int r = db_one(s->db, &q, e, SQL_LINE, line);

	if (r < 0)
		return r;
	return r ? rework(&q, &cache, s, how, gross, e) : opposite(s, line, how, gross, e);
}
