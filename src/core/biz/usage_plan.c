/* SPDX-License-Identifier: MIT */
#include "biz/usage_plan.h"

#include <string.h>

#include "biz/plan_file.h"
#include "util/num.h"
#include "util/str.h"

#define PRICE_LIMIT INT64_C(1000000000000000) /* millionths: a thousand million */

void usage_defs_release(struct usage_defs *defs)
{
	vec_each(defs, d) {
		usage_rate_release(&d->rate);
		vec_each(&d->others, o) {
			free(o->currency);
			vec_release(&o->prices);
		}
		vec_release(&d->others);
	}
	vec_release(defs);
}

/* ---- the file ---- */

static int parse_price(const struct yaml_node *n, int64_t *out, struct err *e)
{
	const char *text;
	int r = yaml_text(n, "price", &text, e);

	if (r < 0)
		return r;
	if (n->quoted || num_parse(text, USAGE_PRICE_DIGITS, out) < 0 || *out < 0 ||
		*out > PRICE_LIMIT)
		return yaml_err(e, n,
			"the price of a unit must be a decimal such as 0.10, with at most %d digits "
			"behind the point, without quotes",
			USAGE_PRICE_DIGITS);
	return 0;
}

static int parse_tier(const struct yaml_node *n, bool last, struct usage_rate *rate, struct err *e)
{
	static const char *const keys[] = {"upto", "price", NULL};
	struct usage_tier tier = {0};
	const struct yaml_node *upto = yaml_get(n, "upto");
	int64_t below = rate->tiers.n ? rate->tiers.v[rate->tiers.n - 1].upto : 0;
	int r;

	if ((r = yaml_need_map(n, "a tier", e)) < 0 || (r = yaml_only_keys(n, keys, e)) < 0 ||
		(r = yaml_need_key(n, "price", e)) < 0 ||
		(r = parse_price(yaml_get(n, "price"), &tier.price, e)) < 0)
		return r;
	if (last && upto)
		return yaml_err(e, upto, "the last tier has no upto: it is for all the rest");
	if (!last && (r = yaml_need_key(n, "upto", e)) < 0)
		return r;
	if (upto && (r = yaml_i64(upto, "upto", 1, INT64_MAX, &tier.upto, e)) < 0)
		return r;
	if (upto && tier.upto <= below)
		return yaml_err(e, upto, "upto must be more than that of the tier before");
	vec_push(&rate->tiers, tier);
	return 0;
}

static int parse_tiers(const struct yaml_node *n, struct usage_rate *rate, struct err *e)
{
	int r = yaml_need_list(n, "tiers", e);

	if (r == 0 && (n->n < 1 || n->n > 20))
		r = yaml_err(e, n, "tiers must be a list of 1 to 20");
	for (size_t i = 0; r == 0 && i < n->n; i++)
		r = parse_tier(n->items[i], i + 1 == n->n, rate, e);
	return r;
}

/* Either one price, or tiers and perhaps a model. */
static int parse_prices(const struct yaml_node *n, struct usage_rate *rate, struct err *e)
{
	static const char *const models[] = {"graduated", "volume", NULL};
	const struct yaml_node *price = yaml_get(n, "price"), *tiers = yaml_get(n, "tiers");
	const struct yaml_node *model = yaml_get(n, "model");
	struct usage_tier one = {0};
	const char *text;
	int r;

	if (!price == !tiers)
		return yaml_err(e, n, "%s needs either a price or tiers", rate->resource);
	if (model && !tiers)
		return yaml_err(e, model, "a model wants tiers");
	if ((r = plan_choice(model, "model", models, "graduated", &text, e)) < 0)
		return r;
	rate->volume = strcmp(text, "volume") == 0;
	if (tiers)
		return parse_tiers(tiers, rate, e);
	if ((r = parse_price(price, &one.price, e)) < 0)
		return r;
	vec_push(&rate->tiers, one);
	return 0;
}

static int parse_measure(const struct yaml_node *n, struct usage_rate *rate, struct err *e)
{
	static const char *const measures[] = {"sum", "max", "average", NULL};
	const char *text;
	int r;

	if ((r = plan_choice(n, "measure", measures, "sum", &text, e)) < 0)
		return r;
	while (strcmp(text, measures[rate->measure]) != 0)
		rate->measure++;
	return 0;
}

static int parse_resource(const struct yaml_node *key, const struct yaml_node *n,
	struct usage_rate *rate, struct err *e)
{
	static const char *const keys[] = {"included", "unit", "price", "measure", "model", "tiers",
		NULL};
	const struct yaml_node *included = yaml_get(n, "included"), *unit = yaml_get(n, "unit");
	const char *name;
	int r;

	rate->unit = 1;
	if ((r = yaml_name(key, "the name of a resource", &name, e)) < 0)
		return r;
	rate->resource = mem_strdup(name);
	if ((r = yaml_need_map(n, name, e)) < 0 || (r = yaml_only_keys(n, keys, e)) < 0 ||
		(included && (r = yaml_size(included, "included", &rate->included, e)) < 0) ||
		(unit && (r = yaml_size(unit, "unit", &rate->unit, e)) < 0) ||
		(r = parse_measure(yaml_get(n, "measure"), rate, e)) < 0)
		return r;
	if (rate->unit < 1)
		return yaml_err(e, unit, "unit must be more than nothing");
	return parse_prices(n, rate, e);
}

int usage_plan_parse(const struct yaml_node *n, struct usage_defs *defs, struct err *e)
{
	int r = n ? yaml_need_map(n, "usage", e) : 0;

	if (n && r == 0 && n->n > USAGE_RESOURCES)
		r = yaml_err(e, n, "a plan meters at most %d resources", USAGE_RESOURCES);
	for (size_t i = 0; n && r == 0 && i < n->n; i++) {
		struct usage_def d = {0};

		r = parse_resource(n->keys[i], n->items[i], &d.rate, e);
		vec_push(defs, d);
	}
	return r;
}

static struct usage_def *find(struct usage_defs *defs, const char *resource)
{
	vec_each(defs, d)
		if (strcmp(d->rate.resource, resource) == 0)
			return d;
	return NULL;
}

/* A price where there is one tier, else a list of as many. */
static int parse_other(const struct yaml_node *n, const struct usage_def *d,
	struct usage_other *other, struct err *e)
{
	size_t tiers = d->rate.tiers.n;
	bool list = n->kind == YAML_LIST;
	int64_t price;
	int r = 0;

	if ((list ? n->n : 1) != tiers || n->kind == YAML_MAP)
		return yaml_err(e, n, "%s wants %s", d->rate.resource,
			tiers == 1 ? "one price" : "a list of prices, one a tier");
	for (size_t i = 0; r == 0 && i < tiers; i++) {
		r = parse_price(list ? n->items[i] : n, &price, e);
		vec_push(&other->prices, price);
	}
	return r;
}

int usage_plan_parse_other(const struct yaml_node *n, const char *currency, struct usage_defs *defs,
	struct err *e)
{
	int r = n ? yaml_need_map(n, "usage", e) : 0;

	for (size_t i = 0; n && r == 0 && i < n->n; i++) {
		struct usage_def *d = find(defs, n->keys[i]->text);
		struct usage_other other = {0};

		if (!d)
			return yaml_err(e, n->keys[i], "the plan meters nothing of that name");
		r = parse_other(n->items[i], d, &other, e);
		other.currency = mem_strdup(currency);
		vec_push(&d->others, other);
	}
	return r;
}

/* ---- what it says ---- */

static void set_price(json_t *prices, const char *currency, int64_t price)
{
	autostr text = STR_INIT;

	num_format(&text, price, USAGE_PRICE_DIGITS, 0);
	json_object_set_new(prices, currency, json_string(str_c(&text)));
}

static json_t *tier_json(const struct usage_def *d, const char *currency, size_t i)
{
	json_t *j = json_object(), *prices = json_object();

	set_price(prices, currency, d->rate.tiers.v[i].price);
	vec_each(&d->others, o)
		set_price(prices, o->currency, o->prices.v[i]);
	json_object_set_new(j, "price", prices);
	if (d->rate.tiers.v[i].upto)
		json_object_set_new(j, "upto", json_integer(d->rate.tiers.v[i].upto));
	return j;
}

static json_t *resource_json(const struct usage_def *d, const char *currency)
{
	json_t *j = d->rate.tiers.n == 1 ? tier_json(d, currency, 0) : json_object(), *tiers;

	json_object_set_new(j, "included", json_integer(d->rate.included));
	json_object_set_new(j, "unit", json_integer(d->rate.unit));
	json_object_set_new(j, "measure", json_string(usage_measure_name(d->rate.measure)));
	if (d->rate.tiers.n == 1)
		return j;
	json_object_set_new(j, "model", json_string(d->rate.volume ? "volume" : "graduated"));
	tiers = json_array();
	for (size_t i = 0; i < d->rate.tiers.n; i++)
		json_array_append_new(tiers, tier_json(d, currency, i));
	json_object_set_new(j, "tiers", tiers);
	return j;
}

json_t *usage_plan_json(const struct usage_defs *defs, const char *currency)
{
	json_t *j = defs->n ? json_object() : NULL;

	vec_each(defs, d)
		json_object_set_new(j, d->rate.resource, resource_json(d, currency));
	return j;
}
