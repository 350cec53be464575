/* SPDX-License-Identifier: MIT */
/* Plans for reading: lists, one version, what differs, what a subscription needs. */
#include <stdlib.h>
#include <string.h>

#include "biz/plan.h"
#include "util/str.h"

/* Subscribers are those of the plan, or, in SQL_HISTORY, of that version. */
#define ROW_OF(WHOSE)                                                                              \
	"SELECT p.id, p.name, v.title, v.version, p.state, v.currency, "                           \
	"v.every_n || ' ' || v.every_unit || CASE v.every_n WHEN 1 THEN '' ELSE 's' END, v.bill, " \
	"v.provision, x.price, x.setup, v.stock, v.created, "                                      \
	"(SELECT count(*) FROM subscription s WHERE s.plan = p.id AND s.state <> 'ended'" WHOSE    \
	") "                                                                                       \
	"FROM plan p JOIN plan_version v ON v.plan = p.id "                                        \
	"JOIN plan_price x ON x.version = v.id AND x.currency = v.currency "
#define ROW      ROW_OF("")
#define SQL_LIST ROW "WHERE v.version = p.version ORDER BY p.id"
#define SQL_SHOW ROW "WHERE p.name = ?1 AND v.version = CASE ?2 WHEN 0 THEN p.version ELSE ?2 END"
#define SQL_HISTORY                                                                                \
	ROW_OF(" AND EXISTS (SELECT 1 FROM subscription_term t WHERE t.id = s.term "               \
	       "AND t.version = v.id)")                                                            \
	"WHERE p.name = ?1 ORDER BY v.version"
#define SQL_NAMES                                                                                  \
	"SELECT p.name, v.title FROM plan p JOIN plan_version v ON v.plan = p.id "                 \
	"AND v.version = p.version WHERE p.name >= ?1 AND p.name < ?1 || char(1114111) "           \
	"ORDER BY p.name LIMIT ?2"
#define VERSION                                                                                    \
	"FROM plan p JOIN plan_version v ON v.plan = p.id AND v.version = "                        \
	"CASE ?2 WHEN 0 THEN p.version ELSE ?2 END "
#define SQL_PRICES                                                                                 \
	"SELECT x.currency, x.price, x.setup " VERSION "JOIN plan_price x ON x.version = v.id "    \
	"WHERE p.name = ?1 ORDER BY x.currency <> v.currency, x.currency"
#define SQL_OPTIONS                                                                                \
	"SELECT x.name, x.currency, x.price, x.most " VERSION                                      \
	"JOIN plan_option x ON x.version = v.id WHERE p.name = ?1 "                                \
	"ORDER BY x.name, x.currency <> v.currency, x.currency"
#define SQL_SOURCE  "SELECT v.source " VERSION "WHERE p.name = ?1"
#define SQL_CONTENT "SELECT v.content " VERSION "WHERE p.name = ?1"

static int64_t or_null(struct query *q, int col)
{
	return db_is_null(q, col) ? INT64_MIN : db_i64(q, col);
}

static int each_plan(struct query *q, plan_row_fn fn, void *arg, struct err *e)
{
	int r, n = 0;

	for (; (r = db_next(q, e)) > 0; n++) {
		struct plan_row row = {.id = db_i64(q, 0),
			.plan = db_text(q, 1),
			.title = db_text(q, 2),
			.version = db_i64(q, 3),
			.state = db_text(q, 4),
			.currency = db_text(q, 5),
			.every = db_text(q, 6),
			.bill = db_text(q, 7),
			.provision = db_text(q, 8),
			.price = db_i64(q, 9),
			.setup = db_i64(q, 10),
			.stock = or_null(q, 11),
			.created = db_i64(q, 12),
			.subscribers = db_i64(q, 13)};

		if ((r = fn(arg, &row, e)) < 0)
			return r;
	}
	return r < 0 ? r : n;
}

int plan_list(struct sxc *s, plan_row_fn fn, void *arg, struct err *e)
{
	autoclean(db_done) struct query q = {0};
	int r = db_query(s->db, &q, e, SQL_LIST);

	if (r == 0)
		r = each_plan(&q, fn, arg, e);
	return r < 0 ? r : 0;
}

static int none(const char *name, int64_t version, struct err *e)
{
	if (version)
		return err_set(e, E_NOTFOUND, "plan %s has no version %lld", name,
			(long long)version);
	return err_set(e, E_NOTFOUND, "no plan named '%s'", name);
}

int plan_show(struct sxc *s, const char *name, int64_t version, plan_row_fn fn, void *arg,
	struct err *e)
{
	autoclean(db_done) struct query q = {0};
	int r = db_query(s->db, &q, e, SQL_SHOW, name, version);

	if (r == 0)
		r = each_plan(&q, fn, arg, e);
	return r < 0 ? r : r ? 0 : none(name, version, e);
}

int plan_history(struct sxc *s, const char *name, plan_row_fn fn, void *arg, struct err *e)
{
	autoclean(db_done) struct query q = {0};
	int r = db_query(s->db, &q, e, SQL_HISTORY, name);

	if (r == 0)
		r = each_plan(&q, fn, arg, e);
	return r < 0 ? r : r ? 0 : none(name, 0, e);
}

int plan_prices(struct sxc *s, const char *name, int64_t version, plan_row_fn fn, void *arg,
	struct err *e)
{
	autoclean(db_done) struct query q = {0};
	int r = db_query(s->db, &q, e, SQL_PRICES, name, version);

	while (r == 0 && (r = db_next(&q, e)) > 0) {
		struct plan_price_row row = {db_text(&q, 0), db_i64(&q, 1), or_null(&q, 2)};

		r = fn(arg, &row, e);
	}
	return r;
}

int plan_options(struct sxc *s, const char *name, int64_t version, plan_row_fn fn, void *arg,
	struct err *e)
{
	autoclean(db_done) struct query q = {0};
	int r = db_query(s->db, &q, e, SQL_OPTIONS, name, version);

	while (r == 0 && (r = db_next(&q, e)) > 0) {
		struct plan_option_row row = {db_text(&q, 0), db_text(&q, 1), db_i64(&q, 2),
			or_null(&q, 3)};

		r = fn(arg, &row, e);
	}
	return r;
}

int plan_source(struct sxc *s, const char *name, int64_t version, char **text, struct err *e)
{
	int r = db_get_text(s->db, text, e, SQL_SOURCE, name, version);

	return r < 0 ? r : r ? 0 : none(name, version, e);
}

int plan_content(struct sxc *s, const char *name, int64_t version, char **json, struct err *e)
{
	int r = db_get_text(s->db, json, e, SQL_CONTENT, name, version);

	return r < 0 ? r : r ? 0 : none(name, version, e);
}

int plan_names(struct sxc *s, const char *prefix, int limit,
	void (*fn)(void *arg, const char *name, const char *help), void *arg, struct err *e)
{
	autoclean(db_done) struct query q = {0};
	int r = db_query(s->db, &q, e, SQL_NAMES, prefix, limit);

	while (r == 0 && (r = db_next(&q, e)) > 0) {
		fn(arg, db_text(&q, 0), db_text(&q, 1));
		r = 0;
	}
	return r;
}

/* ---- what a version says, part by part ---- */

struct fact {
	char *key, *value;
};
struct facts {
	struct fact *v;
	size_t n, cap;
};

static void facts_release(struct facts *f)
{
	vec_each(f, it) {
		free(it->key);
		free(it->value);
	}
	vec_release(f);
}
#define autofacts autoclean(facts_release) struct facts

static char *scalar_text(const json_t *j)
{
	if (json_is_string(j))
		return mem_strdup(json_string_value(j));
	if (json_is_boolean(j))
		return mem_strdup(json_is_true(j) ? "yes" : "no");
	return str_fmt("%lld", (long long)json_integer_value(j));
}

static void flatten(struct facts *out, const char *path, json_t *j)
{
	struct fact fact;
	const char *key;
	json_t *value;
	size_t i;

	if (json_is_object(j)) {
		json_object_foreach(j, key, value)
		{
			autofree char *below = str_fmt("%s%s%s", path, *path ? "." : "", key);

			flatten(out, below, value);
		}
		return;
	}
	if (json_is_array(j)) {
		json_array_foreach(j, i, value)
		{
			autofree char *below = str_fmt("%s.%zu", path, i + 1);

			flatten(out, below, value);
		}
		return;
	}
	fact = (struct fact){mem_strdup(path), scalar_text(j)};
	vec_push(out, fact);
}

static int read_facts(const char *content, struct facts *out, struct err *e)
{
	json_t *j = json_loads(content, 0, NULL);

	if (!j)
		return err_set(e, E_INTEGRITY, "a plan in the store cannot be read");
	flatten(out, "", j);
	json_decref(j);
	return 0;
}

int plan_facts(struct sxc *s, const char *name, int64_t version, plan_row_fn fn, void *arg,
	struct err *e)
{
	autofree char *content = NULL;
	autofacts facts = {0};
	int r;

	if ((r = plan_content(s, name, version, &content, e)) < 0 ||
		(r = read_facts(content, &facts, e)) < 0)
		return r;
	vec_each(&facts, f) {
		struct plan_fact_row row = {f->key, f->value};

		if (!str_starts(f->key, "provides.") && !str_starts(f->key, "attributes.") &&
			!str_starts(f->key, "best-effort.") && !str_starts(f->key, "reseller.") &&
			!str_starts(f->key, "usage."))
			continue;
		if ((r = fn(arg, &row, e)) < 0)
			return r;
	}
	return 0;
}

static const char *value_of(const struct facts *facts, const char *key)
{
	vec_each(facts, f)
		if (strcmp(f->key, key) == 0)
			return f->value;
	return NULL;
}

int plan_diff(const char *before, const char *after, plan_row_fn fn, void *arg, struct err *e)
{
	autofacts old = {0}, new = {0};
	int r, n = 0;

	if ((r = read_facts(before, &old, e)) < 0 || (r = read_facts(after, &new, e)) < 0)
		return r;
	vec_each(&old, f) {
		struct plan_diff_row row = {f->key, f->value, value_of(&new, f->key)};

		if (str_eq(row.before, row.after))
			continue;
		n++;
		if ((r = fn(arg, &row, e)) < 0)
			return r;
	}
	vec_each(&new, f) {
		struct plan_diff_row row = {f->key, NULL, f->value};

		if (value_of(&old, f->key))
			continue;
		n++;
		if ((r = fn(arg, &row, e)) < 0)
			return r;
	}
	return n;
}
