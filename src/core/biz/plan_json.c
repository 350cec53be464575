/* SPDX-License-Identifier: MIT */
/* The parts of a plan file that become JSON: what it provides, what it says as a whole. */
#include <inttypes.h>
#include <string.h>

#include "biz/plan_file.h"
#include "util/str.h"
#include "util/units.h"

json_t *plan_json_of(const struct yaml_node *n)
{
	json_t *j;

	if (n->kind == YAML_SCALAR)
		return json_string(n->text);
	j = n->kind == YAML_LIST ? json_array() : json_object();
	for (size_t i = 0; i < n->n; i++) {
		if (n->kind == YAML_LIST)
			json_array_append_new(j, plan_json_of(n->items[i]));
		else
			json_object_set_new(j, n->keys[i]->text, plan_json_of(n->items[i]));
	}
	return j;
}

/* ---- provides ---- */

enum bound_type { BOUND_PERCENT, BOUND_SIZE, BOUND_COUNT, BOUND_NET, BOUND_NAME };

static const struct bound {
	const char *key;
	enum bound_type type;
} BOUNDS[] = {
	{"cpu", BOUND_PERCENT},
	{"cpu-max", BOUND_PERCENT},
	{"net", BOUND_NET},
	{"memory", BOUND_SIZE},
	{"vm", BOUND_SIZE},
	{"disk", BOUND_SIZE},
	{"inodes", BOUND_COUNT},
	{"procs", BOUND_COUNT},
	{"sessions", BOUND_COUNT},
	{"transfer", BOUND_SIZE},
	{"image", BOUND_NAME},
	{"storage", BOUND_NAME},
};
static const char *const BOUND_KEYS[] = {"cpu", "cpu-max", "net", "memory", "vm", "disk", "inodes",
	"procs", "sessions", "transfer", "image", "storage", NULL};

static int net_bound(const struct yaml_node *n, json_t *out, struct err *e)
{
	int64_t rate;
	const char *text;
	int r = yaml_text(n, "net", &text, e);

	if (r < 0)
		return r;
	if (units_rate(text, &rate) == 0 && rate > 0) {
		json_object_set_new(out, "net", json_integer(rate));
		return 0;
	}
	if (units_percent(text, &rate) < 0 || rate < 1 || rate > 10000)
		return yaml_err(e, n,
			"net must be " UNITS_RATE_FORM ", or a percentage up to 100%%");
	json_object_set_new(out, "net", json_string(text));
	return 0;
}

static int bound(const struct bound *b, const struct yaml_node *n, json_t *out, struct err *e)
{
	const char *name;
	int64_t v = 0;
	int r;

	switch (b->type) {
	case BOUND_NET:
		return net_bound(n, out, e);
	case BOUND_NAME:
		r = yaml_name(n, b->key, &name, e);
		if (r == 0)
			json_object_set_new(out, b->key, json_string(name));
		return r;
	case BOUND_PERCENT:
		r = yaml_percent(n, b->key, &v, e);
		break;
	case BOUND_SIZE:
		r = yaml_size(n, b->key, &v, e);
		break;
	default:
		r = yaml_i64(n, b->key, 1, INT64_C(1000000000), &v, e);
	}
	if (r == 0 && v < 1)
		r = yaml_err(e, n, "%s must be more than nothing", b->key);
	if (r == 0)
		json_object_set_new(out, b->key, json_integer(v));
	return r;
}

int plan_bound(const char *key, const struct yaml_node *n, json_t *out, struct err *e)
{
	for (size_t i = 0; i < ARRAY_LEN(BOUNDS); i++)
		if (strcmp(BOUNDS[i].key, key) == 0 && BOUNDS[i].type != BOUND_NAME)
			return bound(&BOUNDS[i], n, out, e);
	return yaml_err(e, n,
		"'%.40s' is no bound: cpu, cpu-max, net, memory, vm, disk, inodes, procs, "
		"sessions, transfer",
		key);
}

int plan_adds(const struct yaml_node *n, json_t **out, struct err *e)
{
	static const char *const keys[] = {"ip", "cpu", "memory", "vm", "disk", "inodes", "procs",
		"sessions", "transfer", NULL};
	json_t *adds = json_object();
	int64_t ips;
	int r;

	if ((r = yaml_need_map(n, "adds", e)) == 0)
		r = yaml_only_keys(n, keys, e);
	for (const char *const *k = keys + 1; r == 0 && *k; k++)
		if (yaml_get(n, *k))
			r = plan_bound(*k, yaml_get(n, *k), adds, e);
	if (r == 0 && yaml_get(n, "ip") &&
		(r = yaml_i64(yaml_get(n, "ip"), "ip", 1, 256, &ips, e)) == 0)
		json_object_set_new(adds, "ip", json_integer(ips));
	if (r < 0)
		json_decref(adds);
	else
		*out = adds;
	return r;
}

static int private_server(const struct yaml_node *n, json_t *provides, struct err *e)
{
	json_t *out = json_object();
	int64_t memory, vm;
	int r;

	json_object_set_new(provides, "private-server", out);
	if ((r = yaml_need_map(n, "private-server", e)) < 0 ||
		(r = yaml_only_keys(n, BOUND_KEYS, e)) < 0)
		return r;
	for (size_t i = 0; r == 0 && i < ARRAY_LEN(BOUNDS); i++)
		if (yaml_get(n, BOUNDS[i].key))
			r = bound(&BOUNDS[i], yaml_get(n, BOUNDS[i].key), out, e);
	memory = json_integer_value(json_object_get(out, "memory"));
	vm = json_integer_value(json_object_get(out, "vm"));
	if (r == 0 && vm && vm < memory)
		r = yaml_err(e, yaml_get(n, "vm"),
			"vm is memory and swap together: it must be memory or more");
	return r;
}

static int domain(const struct yaml_node *n, json_t *provides, struct err *e)
{
	static const char *const keys[] = {"features", "disk", "users", NULL};
	static const char *const features[] = {"http", "cgi", "ssl", "ftp", "mail", NULL};
	const struct yaml_node *list = yaml_get(n, "features");
	json_t *out = json_object(), *names = NULL;
	int64_t v;
	int r;

	json_object_set_new(provides, "domain", out);
	if ((r = yaml_need_map(n, "domain", e)) < 0 || (r = yaml_only_keys(n, keys, e)) < 0)
		return r;
	if (list && (r = yaml_need_list(list, "features", e)) < 0)
		return r;
	if (list)
		json_object_set_new(out, "features", names = json_array());
	for (size_t i = 0; list && i < list->n; i++) {
		const char *name = NULL;

		if ((r = plan_choice(list->items[i], "a feature", features, NULL, &name, e)) < 0)
			return r;
		json_array_append_new(names, json_string(name));
	}
	if (yaml_get(n, "disk") && (r = yaml_size(yaml_get(n, "disk"), "disk", &v, e)) == 0)
		json_object_set_new(out, "disk", json_integer(v));
	if (r == 0 && yaml_get(n, "users") &&
		(r = yaml_i64(yaml_get(n, "users"), "users", 1, 1000000, &v, e)) == 0)
		json_object_set_new(out, "users", json_integer(v));
	return r;
}

static int app(const struct yaml_node *n, json_t *list, struct err *e)
{
	static const char *const keys[] = {"name", "set", NULL};
	const struct yaml_node *set = yaml_get(n, "set");
	json_t *out = json_object();
	const char *name;
	int r = 0;

	json_array_append_new(list, out);
	if (n->kind == YAML_MAP && (r = yaml_only_keys(n, keys, e)) < 0)
		return r;
	r = yaml_name(n->kind == YAML_MAP ? yaml_get(n, "name") : n, "the name of an application",
		&name, e);
	if (r < 0)
		return r;
	json_object_set_new(out, "name", json_string(name));
	if (set && (r = yaml_need_map(set, "set", e)) == 0)
		json_object_set_new(out, "set", plan_json_of(set));
	for (size_t i = 0; r == 0 && set && i < set->n; i++)
		if (set->items[i]->kind != YAML_SCALAR)
			r = yaml_err(e, set->items[i], "a setting must be one value");
	return r;
}

static int apps(const struct yaml_node *n, json_t *provides, struct err *e)
{
	json_t *list = json_array();
	int r = yaml_need_list(n, "apps", e);

	json_object_set_new(provides, "apps", list);
	for (size_t i = 0; r == 0 && i < n->n; i++)
		r = app(n->items[i], list, e);
	return r;
}

int plan_provides(const struct yaml_node *n, json_t **out, struct err *e)
{
	static const char *const keys[] = {"private-server", "domain", "apps", NULL};
	json_t *provides = json_object();
	int r;

	if ((r = yaml_need_map(n, "provides", e)) == 0)
		r = yaml_only_keys(n, keys, e);
	if (r == 0 && yaml_get(n, "private-server"))
		r = private_server(yaml_get(n, "private-server"), provides, e);
	if (r == 0 && yaml_get(n, "domain"))
		r = domain(yaml_get(n, "domain"), provides, e);
	if (r == 0 && yaml_get(n, "apps"))
		r = apps(yaml_get(n, "apps"), provides, e);
	if (r < 0 || json_object_size(provides) == 0)
		json_decref(provides);
	else
		*out = provides;
	return r;
}

/* ---- the whole ---- */

static json_t *price_json(const struct plan_price_def *p)
{
	json_t *j = json_object(), *options = json_object();

	json_object_set_new(j, "price", json_integer(p->price));
	if (p->setup >= 0)
		json_object_set_new(j, "setup", json_integer(p->setup));
	vec_each(&p->options, o) {
		json_t *option = json_object();

		json_object_set_new(option, "price", json_integer(o->price));
		if (o->most)
			json_object_set_new(option, "max", json_integer(o->most));
		if (o->adds)
			json_object_set(option, "adds", o->adds);
		json_object_set_new(options, o->name, option);
	}
	json_object_set_new(j, "options", options);
	return j;
}

static void set_text(json_t *j, const char *key, const char *text)
{
	json_object_set_new(j, key, json_string(text));
}

static void set_limits(json_t *j, const struct plan_def *d)
{
	if (d->stock >= 0)
		json_object_set_new(j, "stock", json_integer(d->stock));
	if (d->per_account)
		json_object_set_new(j, "per-account", json_integer(d->per_account));
	if (d->provides)
		json_object_set(j, "provides", d->provides);
	if (d->best_effort)
		json_object_set(j, "best-effort", d->best_effort);
	if (d->attributes)
		json_object_set(j, "attributes", d->attributes);
	if (d->usage.n)
		json_object_set_new(j, "usage",
			usage_plan_json(&d->usage, d->prices.v[0].currency));
	if (d->reseller)
		json_object_set(j, "reseller", d->reseller);
}

char *plan_def_content(const struct plan_def *d)
{
	json_t *j = json_object(), *prices = json_object();
	autofree char *every = str_fmt("%" PRId64 " %s", d->every.n, unit_name(d->every.unit));
	autofree char *trial = str_fmt("%" PRId64 " %s", d->trial_n, unit_name(d->trial_unit));
	autofree char *align = d->align ? str_fmt("day %d", d->align) : mem_strdup("anniversary");
	char *text;

	set_text(j, "plan", d->name);
	set_text(j, "title", d->title);
	set_text(j, "currency", d->prices.v[0].currency);
	vec_each(&d->prices, p)
		json_object_set_new(prices, p->currency, price_json(p));
	json_object_set_new(j, "prices", prices);
	json_object_set_new(j, "prices-include-tax", json_boolean(d->tax_included));
	set_text(j, "every", every);
	set_text(j, "bill", d->arrears ? "arrears" : "advance");
	set_text(j, "align", align);
	set_text(j, "trial", trial);
	set_text(j, "upgrade", d->upgrade);
	set_text(j, "downgrade", d->downgrade);
	set_text(j, "cancel", d->cancel);
	set_text(j, "tax", d->taxable ? "taxable" : "exempt");
	set_text(j, "provision", d->provision);
	set_limits(j, d);
	text = json_dumps(j, JSON_SORT_KEYS | JSON_COMPACT);
	json_decref(j);
	return text;
}
