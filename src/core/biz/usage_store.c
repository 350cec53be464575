/* SPDX-License-Identifier: MIT */
/* Rates of metered usage in the store. */
#include <stdio.h>
#include <string.h>

#include "biz/usage_plan.h"
#include "util/str.h"

#define SQL_ADD                                                                                    \
	"INSERT INTO plan_usage (version, resource, included, unit, measure, model) "              \
	"VALUES (?1, ?2, ?3, ?4, ?5, ?6)"
#define SQL_ADD_PRICE                                                                              \
	"INSERT INTO plan_usage_price (version, currency, resource, tier, upto, price) "           \
	"VALUES (?1, ?2, ?3, ?4, ?5, ?6)"
#define SQL_OF            "(SELECT v.id FROM plan_version v JOIN plan p ON p.id = v.plan WHERE p.name = ?1)"
#define SQL_REMOVE_PRICES "DELETE FROM plan_usage_price WHERE version IN " SQL_OF
#define SQL_REMOVE        "DELETE FROM plan_usage WHERE version IN " SQL_OF
#define SQL_UNPRICED                                                                               \
	"SELECT u.resource FROM plan_usage u WHERE u.version = ?1 AND NOT EXISTS (SELECT 1 FROM "  \
	"plan_usage_price x WHERE x.version = u.version AND x.resource = u.resource "              \
	"AND x.currency = ?2) LIMIT 1"
#define SQL_RATES                                                                                  \
	"SELECT u.resource, u.included, u.unit, u.measure, u.model = 'volume', x.upto, x.price, "  \
	"x.tier FROM plan_usage u JOIN plan_usage_price x ON x.version = u.version "               \
	"AND x.resource = u.resource AND x.currency = ?2 WHERE u.version = ?1 "                    \
	"ORDER BY u.resource, x.tier"

static int store_prices(struct sxc *s, int64_t version, const struct usage_def *d,
	const char *currency, struct err *e)
{
	const char *resource = d->rate.resource;
	int r = 0;

	for (size_t i = 0; r == 0 && i < d->rate.tiers.n; i++) {
		const struct usage_tier *t = &d->rate.tiers.v[i];

		r = db_run(s->db, e, SQL_ADD_PRICE, version, currency, resource, i + 1,
			db_ref(t->upto), t->price);
		vec_each(&d->others, o)
			if (r == 0)
				r = db_run(s->db, e, SQL_ADD_PRICE, version, o->currency, resource,
					i + 1, db_ref(t->upto), o->prices.v[i]);
	}
	return r;
}

int usage_plan_store(struct sxc *s, int64_t version, const struct usage_defs *defs,
	const char *currency, struct err *e)
{
	int r = 0;

	vec_each(defs, d) {
		if (r == 0)
			r = db_run(s->db, e, SQL_ADD, version, d->rate.resource, d->rate.included,
				d->rate.unit, usage_measure_name(d->rate.measure),
				d->rate.volume ? "volume" : "graduated");
		if (r == 0)
			r = store_prices(s, version, d, currency, e);
	}
	return r;
}

int usage_plan_remove(struct sxc *s, const char *plan, struct err *e)
{
	int r = db_run(s->db, e, SQL_REMOVE_PRICES, plan);

	return r < 0 ? r : db_run(s->db, e, SQL_REMOVE, plan);
}

int usage_plan_check(struct sxc *s, int64_t version, const char *plan, const char *currency,
	struct err *e)
{
	autofree char *resource = NULL;
	int r = db_get_text(s->db, &resource, e, SQL_UNPRICED, version, currency);

	if (r <= 0)
		return r;
	return err_set(e, E_STATE, "plan %s has no price for %s in %s", plan, resource, currency);
}

/* ---- cache ---- */

static void rates_free(struct usage_rates *rates)
{
	vec_each(&rates->rates, rate)
		usage_rate_release(rate);
	vec_release(&rates->rates);
	free(rates);
}

void usage_cache_release(struct usage_cache *c)
{
	vec_each(c, it)
		rates_free(*it);
	vec_release(c);
}

static void read_rate(struct query *q, struct usage_rates *rates)
{
	struct usage_tier tier = {db_i64(q, 5), db_i64(q, 6)};
	struct usage_rate new;

	if (db_i64(q, 7) == 1) {
		new = (struct usage_rate){.resource = db_text_dup(q, 0),
			.included = db_i64(q, 1),
			.unit = db_i64(q, 2),
			.volume = db_i64(q, 4)};
		while (!str_eq(usage_measure_name(new.measure), db_text(q, 3)))
			new.measure++;
		vec_push(&rates->rates, new);
	}
	vec_push(&rates->rates.v[rates->rates.n - 1].tiers, tier);
}

static int load(struct sxc *s, struct usage_rates *rates, struct err *e)
{
	autoclean(db_done) struct query q = {0};
	int r = db_query(s->db, &q, e, SQL_RATES, rates->version, rates->currency);

	while (r >= 0 && (r = db_next(&q, e)) > 0)
		read_rate(&q, rates);
	return r;
}

static int compare(const struct usage_rates *a, int64_t version, const char *currency)
{
	return a->version != version ? (a->version > version) - (a->version < version)
	                             : strcmp(a->currency, currency);
}

int usage_cache_get(struct usage_cache *c, struct sxc *s, int64_t version, const char *currency,
	const struct usage_rates **out, struct err *e)
{
	struct usage_rates *new;
	size_t low = 0, high = c->n;
	int r;

	while (low < high) {
		size_t mid = (low + high) / 2;
		int d = compare(c->v[mid], version, currency);

		if (d < 0) {
			low = mid + 1;
		} else if (d > 0) {
			high = mid;
		} else {
			*out = c->v[mid];
			return 0;
		}
	}
	new = mem_zalloc(sizeof(*new));
	new->version = version;
	snprintf(new->currency, sizeof(new->currency), "%s", currency);
	if ((r = load(s, new, e)) < 0) {
		rates_free(new);
		return r;
	}
	vec_push(c, new);
	memmove(&c->v[low + 1], &c->v[low], (c->n - 1 - low) * sizeof(struct usage_rates *));
	*out = c->v[low] = new;
	return 0;
}
