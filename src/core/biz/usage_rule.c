/* SPDX-License-Identifier: MIT */
#include "biz/usage_rule.h"

void usage_rate_release(struct usage_rate *rate)
{
	free(rate->resource);
	vec_release(&rate->tiers);
}

const char *usage_measure_name(enum usage_measure m)
{
	static const char *const names[] = {"sum", "max", "average"};

	return names[m];
}

int usage_units(const struct usage_rate *rate, const struct usage_count *count, int64_t days,
	int64_t whole, int64_t *units, struct err *e)
{
	int64_t n = rate->measure == MEASURE_AVERAGE && count->spans ? count->spans : 1;
	__int128 over = (__int128)count->total * whole - (__int128)rate->included * days * n;
	__int128 unit = (__int128)rate->unit * whole * n, started;

	started = over > 0 ? (over + unit - 1) / unit : 0;
	if (started > INT64_MAX)
		return err_set(e, E_LIMIT, "more of %s was used than can be counted",
			rate->resource);
	*units = (int64_t)started;
	return 0;
}

int64_t usage_tier_units(const struct usage_rate *rate, size_t tier, int64_t units)
{
	int64_t below = tier ? rate->tiers.v[tier - 1].upto : 0, upto = rate->tiers.v[tier].upto;

	if (units <= below)
		return 0;
	if (!rate->volume)
		return (upto && units > upto ? upto : units) - below;
	return upto && units > upto ? 0 : units;
}

int usage_gross(const struct usage_rate *rate, int64_t units, int digits, int64_t *gross,
	struct err *e)
{
	__int128 sum = 0, part = 1;

	for (size_t i = 0; i < rate->tiers.n; i++)
		sum += (__int128)usage_tier_units(rate, i, units) * rate->tiers.v[i].price;
	for (int i = digits; i < USAGE_PRICE_DIGITS; i++)
		part *= 10;
	sum = (sum + part / 2) / part;
	if (sum > INT64_MAX)
		return err_set(e, E_LIMIT, "what is to be paid for %s cannot be counted",
			rate->resource);
	*gross = (int64_t)sum;
	return 0;
}

int64_t usage_unit_price(const struct usage_rate *rate, int64_t units, int digits)
{
	int64_t part = 1, price = INT64_MIN;

	for (int i = digits; i < USAGE_PRICE_DIGITS; i++)
		part *= 10;
	for (size_t i = 0; i < rate->tiers.n; i++) {
		if (!usage_tier_units(rate, i, units))
			continue;
		if (price != INT64_MIN || rate->tiers.v[i].price % part)
			return INT64_MIN;
		price = rate->tiers.v[i].price / part;
	}
	return price;
}

struct anchor usage_months(const struct anchor *a)
{
	int dom = a->dom ? a->dom : day_civil(a->start).day;

	return (struct anchor){a->start, dom, {1, UNIT_MONTH}};
}
