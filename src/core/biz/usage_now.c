/* SPDX-License-Identifier: MIT */
/* What metered usage comes to before it is billed. */
#include "biz/subscription_int.h"
#include "biz/usage_int.h"
#include "util/money.h"
#include "util/num.h"
#include "util/str.h"
#include "util/units.h"

#define SQL_SUBS                                                                                   \
	"SELECT s.id, a.name || '/' || s.number, s.currency FROM subscription s "                  \
	"JOIN account a ON a.id = s.account WHERE a.name = ?1 ORDER BY s.number"
#define SQL_PLAN "SELECT p.name FROM plan_version v JOIN plan p ON p.id = v.plan WHERE v.id = ?1"

struct now {
	struct sxc *s;
	struct usage_cache cache;
	int64_t today;
	account_row_fn fn;
	void *arg;
};

static int tell(struct now *n, const struct bill_sub *sub, const struct usage_rate *rate,
	const struct usage_span *sp, struct usage_now_row *row, struct err *e)
{
	int64_t days = sp->until - sp->start;
	autostr per = STR_INIT;
	struct usage_count count;
	int r;

	if ((r = usage_measure(n->s, sub->id, rate, sp->start, sp->until, &count, e)) < 0 ||
		(r = usage_units(rate, &count, days, sp->whole, &row->units, e)) < 0 ||
		(r = usage_gross(rate, row->units, money_digits(row->currency), &row->amount, e)) <
			0)
		return r;
	units_add_size_exact(&per, rate->unit);
	row->per = str_c(&per);
	row->resource = rate->resource;
	row->measure = usage_measure_name(rate->measure);
	row->readings = count.readings;
	row->used = count.total;
	if (rate->measure == MEASURE_AVERAGE && count.spans)
		row->used /= count.spans;
	row->included = (int64_t)((__int128)rate->included * days / sp->whole);
	return n->fn(n->arg, row, e);
}

/* Each month of a term that has begun and is not billed. */
static int tell_term(struct now *n, const struct bill_sub *sub, const struct bill_term *t,
	struct usage_now_row *row, struct err *e)
{
	const struct usage_rates *rates;
	char start[DAY_TEXT], end[DAY_TEXT];
	int64_t first = 0, from = 0;
	int r = usage_cache_get(&n->cache, n->s, t->version, row->currency, &rates, e);

	if (r < 0 || !rates->rates.n || (r = usage_days(n->s, t->id, &first, &from, e)) < 0)
		return r;
	while (r == 0 && from <= n->today && (t->until == DAY_NONE || from < t->until)) {
		struct usage_span sp = usage_span_at(t, first, from);

		row->start = day_format(sp.start, start);
		row->end = day_format(sp.until, end);
		for (size_t i = 0; r == 0 && i < rates->rates.n; i++)
			r = tell(n, sub, &rates->rates.v[i], &sp, row, e);
		from = sp.until;
	}
	return r;
}

static int tell_sub(struct now *n, int64_t id, struct usage_now_row *row, struct err *e)
{
	autoclean(bill_sub_release) struct bill_sub sub = {0};
	int r = subscription_load(n->s, id, &sub, e);

	vec_each(&sub.terms, t) {
		autofree char *plan = NULL;

		if (r == 0)
			r = db_get_text(n->s->db, &plan, e, SQL_PLAN, t->version);
		row->plan = plan;
		if (r >= 0)
			r = tell_term(n, &sub, t, row, e);
	}
	return r;
}

int usage_now(struct sxc *s, const char *account, account_row_fn fn, void *arg, struct err *e)
{
	autoclean(account_release) struct account a = {0};
	struct now n = {.s = s, .fn = fn, .arg = arg};
	autoclean(db_done) struct query q = {0};
	int r;

	if ((r = account_get(s, account, &a, e)) < 0 || (r = account_today(s, &a, &n.today, e)) < 0)
		return r;
	r = db_query(s->db, &q, e, SQL_SUBS, account);
	while (r >= 0 && (r = db_next(&q, e)) > 0) {
		struct usage_now_row row = {.subscription = db_text(&q, 1),
			.currency = db_text(&q, 2)};

		r = tell_sub(&n, db_i64(&q, 0), &row, e);
	}
	usage_cache_release(&n.cache);
	return r;
}
