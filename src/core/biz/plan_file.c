/* SPDX-License-Identifier: MIT */
#include "biz/plan_file.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "util/money.h"
#include "util/num.h"
#include "util/str.h"

static const char *const PLAN_KEYS[] = {"plan", "title", "currency", "price", "prices-include-tax",
	"prices", "every", "setup", "bill", "align", "trial", "policy", "tax", "provision",
	"provides", "best-effort", "options", "stock", "per-account", "reseller", "attributes",
	"usage", NULL};

static const char *const ADVANCE_ARREARS[] = {"advance", "arrears", NULL};
static const char *const NOW_RENEWAL[] = {"now", "renewal", NULL};
static const char *const NOW_END[] = {"now", "end", NULL};
static const char *const TAXABLE_EXEMPT[] = {"taxable", "exempt", NULL};
static const char *const ORDER_PAID[] = {"order", "paid", NULL};

static void options_release(struct plan_price_def *p)
{
	vec_each(&p->options, o) {
		free(o->name);
		json_decref(o->adds);
	}
	vec_release(&p->options);
}

void plan_def_release(struct plan_def *d)
{
	free(d->name);
	free(d->title);
	free(d->source);
	vec_each(&d->prices, p) {
		options_release(p);
		free(p->currency);
	}
	vec_release(&d->prices);
	usage_defs_release(&d->usage);
	json_decref(d->provides);
	json_decref(d->best_effort);
	json_decref(d->attributes);
	json_decref(d->reseller);
	*d = (struct plan_def){0};
}

/* ---- values ---- */

int plan_choice(const struct yaml_node *n, const char *what, const char *const *allowed,
	const char *def, const char **out, struct err *e)
{
	autostr list = STR_INIT;
	const char *text;
	int r;

	*out = def;
	if (!n)
		return 0;
	if ((r = yaml_text(n, what, &text, e)) < 0)
		return r;
	for (const char *const *a = allowed; *a; a++) {
		if (strcmp(text, *a) == 0) {
			*out = *a;
			return 0;
		}
		str_addf(&list, "%s%s", a == allowed ? "" : a[1] ? ", " : " or ", *a);
	}
	return yaml_err(e, n, "%s must be %s", what, str_c(&list));
}

/* An amount of money, zero or more. */
static int amount(const struct yaml_node *n, const char *what, const char *currency, int64_t *out,
	struct err *e)
{
	struct err inner;
	const char *text;
	int r = yaml_text(n, what, &text, e);

	if (r < 0)
		return r;
	if (n->quoted)
		return yaml_err(e, n, "%s must be a decimal such as 24.95, without quotes", what);
	if (money_parse(text, currency, out, &inner) < 0)
		return yaml_err(e, n, "%s: %s", what, inner.msg);
	if (*out < 0 || *out > PRICE_MOST)
		return yaml_err(e, n, "%s must be from 0 to %" PRId64 " minor units", what,
			PRICE_MOST);
	return 0;
}

static int parse_every(const struct yaml_node *n, struct plan_def *d, struct err *e)
{
	struct err inner;
	const char *text;
	int r = yaml_text(n, "every", &text, e);

	if (r < 0)
		return r;
	return every_parse(text, &d->every, &inner) < 0 ? yaml_err(e, n, "every: %s", inner.msg)
	                                                : 0;
}

/* "14 days", "1 month"; "0 days" is none. */
static int parse_trial(const struct yaml_node *n, struct plan_def *d, struct err *e)
{
	struct every every = {0, UNIT_DAY};
	struct err inner;
	const char *text;
	int r;

	if (!n)
		return 0;
	if ((r = yaml_text(n, "trial", &text, e)) < 0)
		return r;
	if (strcmp(text, "0 days") != 0 && every_parse(text, &every, &inner) < 0)
		return yaml_err(e, n, "trial: %s", inner.msg);
	d->trial_n = every.n;
	d->trial_unit = every.unit;
	return 0;
}

static int parse_align(const struct yaml_node *n, struct plan_def *d, struct err *e)
{
	const char *text;
	int end = 0, r;

	if (!n)
		return 0;
	if ((r = yaml_text(n, "align", &text, e)) < 0)
		return r;
	if (strcmp(text, "anniversary") == 0)
		return 0;
	if (strlen(text) > 6 || sscanf(text, "day %2d%n", &d->align, &end) != 1 || text[end] ||
		d->align < 1 || d->align > 31)
		return yaml_err(e, n, "align must be anniversary, or day 1 to day 31");
	if (d->every.unit != UNIT_MONTH && d->every.unit != UNIT_YEAR)
		return yaml_err(e, n, "align to a day wants periods of months or years");
	return 0;
}

static int parse_policy(const struct yaml_node *n, struct plan_def *d, struct err *e)
{
	static const char *const keys[] = {"upgrade", "downgrade", "cancel", NULL};
	int r = 0;

	if (n && ((r = yaml_need_map(n, "policy", e)) < 0 || (r = yaml_only_keys(n, keys, e)) < 0))
		return r;
	r = plan_choice(yaml_get(n, "upgrade"), "upgrade", NOW_RENEWAL, "now", &d->upgrade, e);
	if (r == 0)
		r = plan_choice(yaml_get(n, "downgrade"), "downgrade", NOW_RENEWAL, "renewal",
			&d->downgrade, e);
	if (r == 0)
		r = plan_choice(yaml_get(n, "cancel"), "cancel", NOW_END, "end", &d->cancel, e);
	return r;
}

/* ---- prices ---- */

static const struct plan_option_def *find_option(const struct plan_price_def *p, const char *name)
{
	vec_each(&p->options, o)
		if (strcmp(o->name, name) == 0)
			return o;
	return NULL;
}

static int parse_option(const struct yaml_node *key, const struct yaml_node *n,
	struct plan_price_def *p, struct err *e)
{
	static const char *const keys[] = {"price", "max", "adds", NULL};
	struct plan_option_def o = {0};
	const char *name;
	int r;

	if ((r = yaml_name(key, "the name of an option", &name, e)) < 0 ||
		(r = yaml_need_map(n, name, e)) < 0 || (r = yaml_only_keys(n, keys, e)) < 0 ||
		(r = yaml_need_key(n, "price", e)) < 0 ||
		(r = amount(yaml_get(n, "price"), "price", p->currency, &o.price, e)) < 0)
		return r;
	if (yaml_get(n, "max") &&
		(r = yaml_i64(yaml_get(n, "max"), "max", 1, 1000000, &o.most, e)) < 0)
		return r;
	if (yaml_get(n, "adds") && (r = plan_adds(yaml_get(n, "adds"), &o.adds, e)) < 0)
		return r;
	o.name = mem_strdup(name);
	vec_push(&p->options, o);
	return 0;
}

static int parse_options(const struct yaml_node *n, struct plan_price_def *p, struct err *e)
{
	int r = n ? yaml_need_map(n, "options", e) : 0;

	for (size_t i = 0; n && r == 0 && i < n->n; i++)
		r = parse_option(n->keys[i], n->items[i], p, e);
	return r;
}

/* Options in another currency: the name and the price; the rest is as in the first. */
static int parse_other_options(const struct yaml_node *n, const struct plan_price_def *first,
	struct plan_price_def *p, struct err *e)
{
	int r = n ? yaml_need_map(n, "options", e) : 0;

	for (size_t i = 0; n && r == 0 && i < n->n; i++) {
		const char *name = n->keys[i]->text;
		const struct plan_option_def *like = find_option(first, name);
		struct plan_option_def o = {0};

		if (!like)
			return yaml_err(e, n->keys[i], "the plan has no option of that name");
		r = amount(n->items[i], name, p->currency, &o.price, e);
		o.name = mem_strdup(name);
		o.most = like->most;
		o.adds = json_incref(like->adds);
		vec_push(&p->options, o);
	}
	return r;
}

static int check_currency(const struct yaml_node *n, const char *currency, struct err *e)
{
	struct err inner;

	return money_check_currency(currency, &inner) < 0 ? yaml_err(e, n, "%s", inner.msg) : 0;
}

static int parse_other(const struct yaml_node *key, const struct yaml_node *n, struct plan_def *d,
	struct err *e)
{
	static const char *const keys[] = {"price", "setup", "options", "usage", NULL};
	struct plan_price_def p = {.currency = mem_strdup(key->text), .setup = -1};
	const struct yaml_node *setup;
	int r = check_currency(key, key->text, e);

	if (r == 0 && strcmp(key->text, d->prices.v[0].currency) == 0)
		r = yaml_err(e, key, "%s is the plan's own currency", key->text);
	if (r == 0 && (r = yaml_need_map(n, key->text, e)) == 0)
		r = yaml_only_keys(n, keys, e);
	if (r == 0)
		r = yaml_need_key(n, "price", e);
	if (r == 0)
		r = amount(yaml_get(n, "price"), "price", p.currency, &p.price, e);
	setup = yaml_get(n, "setup");
	if (r == 0 && setup)
		r = amount(setup, "setup", p.currency, &p.setup, e);
	if (!setup && d->prices.v[0].setup == 0)
		p.setup = 0;
	if (r == 0)
		r = parse_other_options(yaml_get(n, "options"), &d->prices.v[0], &p, e);
	if (r == 0)
		r = usage_plan_parse_other(yaml_get(n, "usage"), p.currency, &d->usage, e);
	vec_push(&d->prices, p);
	return r;
}

static int parse_prices(const struct yaml_node *root, struct plan_def *d, struct err *e)
{
	const struct yaml_node *others = yaml_get(root, "prices");
	struct plan_price_def p = {0};
	const char *currency;
	int r = yaml_text(yaml_get(root, "currency"), "currency", &currency, e);

	if (r < 0 || (r = check_currency(yaml_get(root, "currency"), currency, e)) < 0)
		return r;
	p.currency = mem_strdup(currency);
	r = amount(yaml_get(root, "price"), "price", currency, &p.price, e);
	if (r == 0 && yaml_get(root, "setup"))
		r = amount(yaml_get(root, "setup"), "setup", currency, &p.setup, e);
	if (r == 0)
		r = parse_options(yaml_get(root, "options"), &p, e);
	if (r == 0)
		r = usage_plan_parse(yaml_get(root, "usage"), &d->usage, e);
	vec_push(&d->prices, p);
	if (r == 0 && others)
		r = yaml_need_map(others, "prices", e);
	for (size_t i = 0; others && r == 0 && i < others->n; i++)
		r = parse_other(others->keys[i], others->items[i], d, e);
	return r;
}

/* ---- the document ---- */

static int parse_names(const struct yaml_node *root, struct plan_def *d, struct err *e)
{
	const char *name, *title;
	int r = yaml_name(yaml_get(root, "plan"), "plan", &name, e);

	title = name;
	if (r == 0 && yaml_get(root, "title"))
		r = yaml_text(yaml_get(root, "title"), "title", &title, e);
	if (r < 0)
		return r;
	if (!str_is_line(title, 200))
		return yaml_err(e, yaml_get(root, "title"),
			"title must be one line of at most 200 bytes");
	d->name = mem_strdup(name);
	d->title = mem_strdup(title);
	return 0;
}

static int parse_terms(const struct yaml_node *root, struct plan_def *d, struct err *e)
{
	const char *bill, *tax;
	int r = parse_every(yaml_get(root, "every"), d, e);

	if (r == 0 && yaml_get(root, "prices-include-tax"))
		r = yaml_bool(yaml_get(root, "prices-include-tax"), "prices-include-tax",
			&d->tax_included, e);
	if (r == 0)
		r = plan_choice(yaml_get(root, "bill"), "bill", ADVANCE_ARREARS, "advance", &bill,
			e);
	if (r == 0)
		r = parse_align(yaml_get(root, "align"), d, e);
	if (r == 0)
		r = parse_trial(yaml_get(root, "trial"), d, e);
	if (r == 0)
		r = parse_policy(yaml_get(root, "policy"), d, e);
	if (r == 0)
		r = plan_choice(yaml_get(root, "tax"), "tax", TAXABLE_EXEMPT, "taxable", &tax, e);
	if (r == 0)
		r = plan_choice(yaml_get(root, "provision"), "provision", ORDER_PAID, "order",
			&d->provision, e);
	if (r < 0)
		return r;
	d->arrears = bill == ADVANCE_ARREARS[1];
	d->taxable = tax == TAXABLE_EXEMPT[0];
	return 0;
}

/* An option can only add to what is there. */
static int check_adds(const struct yaml_node *root, const struct plan_def *d, struct err *e)
{
	const json_t *ps = json_object_get(d->provides, "private-server"), *v;
	const struct yaml_node *options = yaml_get(root, "options");
	const char *key;

	for (size_t i = 0; options && i < options->n; i++) {
		const struct yaml_node *at = yaml_get(options->items[i], "adds");

		if (at && !ps)
			return yaml_err(e, at, "the plan provides no private server to add to");
		json_object_foreach(d->prices.v[0].options.v[i].adds, key, v)
		{
			if (strcmp(key, "ip") != 0 && !json_object_get(ps, key))
				return yaml_err(e, yaml_get(at, key),
					"the private server has no %s to add to", key);
		}
	}
	return 0;
}

static int parse_best_effort(const struct yaml_node *n, struct plan_def *d, struct err *e)
{
	static const char *const bounds[] = {"cpu", "net", "memory", "vm", "disk", "inodes",
		"procs", "sessions", "transfer", "users", NULL};
	int r = n ? yaml_need_list(n, "best-effort", e) : 0;

	if (r < 0 || !n || n->n == 0)
		return r;
	d->best_effort = json_array();
	for (size_t i = 0; r == 0 && i < n->n; i++) {
		const char *bound = NULL;

		r = plan_choice(n->items[i], "a bound of best-effort", bounds, NULL, &bound, e);
		if (r == 0)
			json_array_append_new(d->best_effort, json_string(bound));
	}
	return r;
}

static int parse_may_sell(const struct yaml_node *n, json_t *reseller, struct err *e)
{
	json_t *plans = json_array();
	int r = yaml_need_list(n, "may-sell", e);

	json_object_set_new(reseller, "may-sell", plans);
	for (size_t i = 0; r == 0 && i < n->n; i++) {
		const char *name = NULL;

		if ((r = yaml_name(n->items[i], "a plan of may-sell", &name, e)) == 0)
			json_array_append_new(plans, json_string(name));
	}
	return r;
}

/* What makes it a plan for resellers. */
static int parse_reseller(const struct yaml_node *n, struct plan_def *d, struct err *e)
{
	static const char *const keys[] = {"wholesale", "may-sell", NULL};
	struct err inner;
	const char *text;
	int64_t rate;
	int r;

	if (!n)
		return 0;
	if ((r = yaml_need_map(n, "reseller", e)) < 0 || (r = yaml_only_keys(n, keys, e)) < 0 ||
		(r = yaml_need_key(n, "wholesale", e)) < 0 ||
		(r = yaml_need_key(n, "may-sell", e)) < 0 ||
		(r = yaml_text(yaml_get(n, "wholesale"), "wholesale", &text, e)) < 0)
		return r;
	if (rate_parse(text, &rate, &inner) < 0 || rate > RATE_ONE)
		return yaml_err(e, yaml_get(n, "wholesale"), "wholesale must be 0%% to 100%%");
	d->reseller = json_pack("{s:I}", "wholesale", (json_int_t)rate);
	return parse_may_sell(yaml_get(n, "may-sell"), d->reseller, e);
}

static int parse_rest(const struct yaml_node *root, struct plan_def *d, struct err *e)
{
	const struct yaml_node *attributes = yaml_get(root, "attributes");
	int r = 0;

	d->stock = -1;
	if (yaml_get(root, "stock"))
		r = yaml_i64(yaml_get(root, "stock"), "stock", 0, 1000000000, &d->stock, e);
	if (r == 0 && yaml_get(root, "per-account"))
		r = yaml_i64(yaml_get(root, "per-account"), "per-account", 1, 1000000000,
			&d->per_account, e);
	if (r == 0 && yaml_get(root, "provides"))
		r = plan_provides(yaml_get(root, "provides"), &d->provides, e);
	if (r == 0)
		r = check_adds(root, d, e);
	if (r == 0)
		r = parse_best_effort(yaml_get(root, "best-effort"), d, e);
	if (r == 0)
		r = parse_reseller(yaml_get(root, "reseller"), d, e);
	if (r == 0 && attributes && (r = yaml_need_map(attributes, "attributes", e)) == 0 &&
		attributes->n)
		d->attributes = plan_json_of(attributes);
	return r;
}

static int need_keys(const struct yaml_node *root, struct err *e)
{
	static const char *const keys[] = {"plan", "currency", "price", "every"};
	int r = 0;

	for (size_t i = 0; i < ARRAY_LEN(keys) && r == 0; i++)
		r = yaml_need_key(root, keys[i], e);
	return r;
}

static int parse_root(const struct yaml_node *root, struct plan_def *d, struct err *e)
{
	int r;

	if ((r = yaml_only_keys(root, PLAN_KEYS, e)) < 0 || (r = need_keys(root, e)) < 0 ||
		(r = parse_names(root, d, e)) < 0 || (r = parse_prices(root, d, e)) < 0 ||
		(r = parse_terms(root, d, e)) < 0)
		return r;
	return parse_rest(root, d, e);
}

int plan_file_load(const char *path, struct plan_def *d, struct err *e)
{
	autoyaml *y = NULL;
	autofree char *text = NULL;
	int r;

	*d = (struct plan_def){0};
	if ((r = yaml_load(&y, path, &text, e)) < 0)
		return r;
	if ((r = parse_root(yaml_root(y), d, e)) < 0) {
		plan_def_release(d);
		return r;
	}
	d->source = steal(&text);
	return 0;
}

int plan_file_parse(const char *file, const char *text, struct plan_def *d, struct err *e)
{
	autoyaml *y = NULL;
	int r;

	*d = (struct plan_def){0};
	if ((r = yaml_parse(&y, file, text, strlen(text), e)) < 0)
		return r;
	if ((r = parse_root(yaml_root(y), d, e)) < 0) {
		plan_def_release(d);
		return r;
	}
	d->source = mem_strdup(text);
	return 0;
}
