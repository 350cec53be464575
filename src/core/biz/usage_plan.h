/* SPDX-License-Identifier: MIT */
/*
 * usage_plan - the key `usage` of a plan file, and its place in the store.
 *
 * Must not know about: subscriptions, readings.
 */
#ifndef SXC_BIZ_USAGE_PLAN_H
#define SXC_BIZ_USAGE_PLAN_H

#include <jansson.h>

#include "biz/usage_rule.h"
#include "svc/sxc.h"
#include "svc/yaml.h"

/* Prices of the tiers in another currency, in their order. */
struct usage_other {
	char *currency;
	VEC(int64_t) prices;
};
/* One resource as the plan has it; the rate's prices are in the plan's own currency. */
struct usage_def {
	struct usage_rate rate;
	VEC(struct usage_other) others;
};
struct usage_defs {
	struct usage_def *v;
	size_t n, cap;
};
void usage_defs_release(struct usage_defs *defs);

/* Read the mapping `usage` (NULL: none). E_USAGE with file:line:column. */
int usage_plan_parse(const struct yaml_node *n, struct usage_defs *defs, struct err *e);
/* Read `usage` of another currency: a price, or a list of the tiers' prices, a resource. */
int usage_plan_parse_other(const struct yaml_node *n, const char *currency, struct usage_defs *defs,
	struct err *e);
/* What was said, as JSON; NULL for nothing. New reference. */
json_t *usage_plan_json(const struct usage_defs *defs, const char *currency);

/* Write it down with a new version; take it away with the versions of a plan. */
int usage_plan_store(struct sxc *s, int64_t version, const struct usage_defs *defs,
	const char *currency, struct err *e);
int usage_plan_remove(struct sxc *s, const char *plan, struct err *e);

/* E_STATE when something the version meters has no price in that currency. */
int usage_plan_check(struct sxc *s, int64_t version, const char *plan, const char *currency,
	struct err *e);

/* Rates of plan versions, each looked up once. */
struct usage_rates {
	int64_t version;
	char currency[8];
	VEC(struct usage_rate) rates; /* none: it meters nothing */
};
struct usage_cache {
	struct usage_rates **v; /* in the order of version and currency */
	size_t n, cap;
};
void usage_cache_release(struct usage_cache *c);
#define autousage autoclean(usage_cache_release) struct usage_cache
/* *out stays the cache's. */
int usage_cache_get(struct usage_cache *c, struct sxc *s, int64_t version, const char *currency,
	const struct usage_rates **out, struct err *e);

#endif
