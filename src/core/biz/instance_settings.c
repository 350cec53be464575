/* SPDX-License-Identifier: MIT */
/* Settings of instances: taken from the command line and from plans, kept as JSON, shown. */
#include <string.h>

#include "biz/app_int.h"
#include "util/str.h"

#define SQL_HISTORY_ADD                                                                            \
	"INSERT INTO instance_history (instance, n, at, login, version, settings) VALUES (?1, "    \
	"(SELECT coalesce(max(n), 0) + 1 FROM instance_history WHERE instance = ?1), ?2, ?3, "     \
	"(SELECT version FROM app_version WHERE id = ?4), ?5)"
#define SQL_HISTORY                                                                                \
	"SELECT n, at, login, version, settings FROM instance_history WHERE instance = ?1 "        \
	"ORDER BY n DESC"
#define SQL_HISTORY_ONE "SELECT settings FROM instance_history WHERE instance = ?1 AND n = ?2"

void json_cleanup(json_t **j)
{
	json_decref(*j);
}

/* A value as the plan or the command line has it: text, or a JSON number or boolean. */
static char *value_text(const json_t *v)
{
	if (json_is_string(v))
		return mem_strdup(json_string_value(v));
	if (json_is_integer(v))
		return str_fmt("%lld", (long long)json_integer_value(v));
	if (json_is_boolean(v))
		return mem_strdup(json_is_true(v) ? "yes" : "no");
	return NULL;
}

int values_take(struct wrapper_values *vals, const json_t *settings, struct err *e)
{
	const char *name;
	json_t *v;
	int r = 0;

	json_object_foreach((json_t *)settings, name, v)
	{
		autofree char *text = value_text(v);

		if (r == 0 && !text && !json_is_null(v))
			r = err_set(e, E_USAGE, "%s: a value is text, a whole number, yes or no",
				name);
		if (r == 0)
			r = wrapper_values_set(vals, name, text, e);
	}
	return r;
}

json_t *values_json(const struct wrapper_values *vals)
{
	json_t *out = json_object();

	for (size_t i = 0; i < vals->w->settings.n; i++)
		if (vals->v[i])
			json_object_set_new(out, vals->w->settings.v[i].name,
				json_string(vals->v[i]));
	return out;
}

int values_given(const struct app_settings *given, json_t **out, struct err *e)
{
	autojson *o = json_object();

	for (size_t i = 0; given && i < given->n; i++) {
		const struct app_setting *g = &given->v[i];
		json_t *v = g->value ? json_string(g->value) : json_null();

		if (json_object_set_new(o, g->name, v) < 0)
			return err_set(e, E_USAGE, "a setting is not UTF-8");
	}
	*out = steal(&o);
	return 0;
}

int values_check(const struct wrapper *w, const json_t *before, const json_t *settings,
	json_t **out, struct err *e)
{
	autovalues vals;
	int r;

	wrapper_values_init(&vals, w);
	if ((r = values_take(&vals, before, e)) < 0 || (r = values_take(&vals, settings, e)) < 0 ||
		(r = wrapper_values_complete(&vals, e)) < 0)
		return r;
	*out = values_json(&vals);
	return 0;
}

/* ---- what holds ---- */

int app_config_get(struct sxc *s, const char *ps, const char *app, app_row_fn fn, void *arg,
	struct err *e)
{
	autoclean(instance_release) struct instance i = {0};
	autoclean(app_version_release) struct app_version v = {0};
	autovalues vals = {0};
	autojson *set = NULL;
	int r;

	if ((r = instance_need(s, ps, app, &i, e)) < 0 ||
		(r = app_version_get_id(s, i.version, &v, e)) < 0)
		return r;
	wrapper_values_init(&vals, &v.package->wrapper);
	set = json_loads(i.settings, 0, NULL);
	r = values_take(&vals, set, e);
	for (size_t k = 0; k < vals.w->settings.n && r == 0; k++) {
		const struct wrapper_setting *st = &vals.w->settings.v[k];
		struct app_setting_row row = {st->name, typed_name(st->type.kind),
			st->type.kind == TYPED_SECRET ? NULL : wrapper_value(&vals, st->name),
			st->help};

		r = fn(arg, &row, e);
	}
	return r;
}

/* ---- history ---- */

int history_add(struct sxc *s, int64_t instance, int64_t version, const json_t *settings,
	struct err *e)
{
	autofree char *text = json_dumps(settings, JSON_COMPACT | JSON_SORT_KEYS);

	return db_run(s->db, e, SQL_HISTORY_ADD, instance, s->now, s->login, version, text);
}

int history_get(struct sxc *s, int64_t instance, int64_t n, json_t **settings, struct err *e)
{
	autofree char *text = NULL;
	int r = db_get_text(s->db, &text, e, SQL_HISTORY_ONE, instance, n);

	if (r < 0)
		return r;
	if (r == 0)
		return err_set(e, E_NOTFOUND,
			"there is no change %lld: \"sxc app config history\" lists them",
			(long long)n);
	*settings = json_loads(text, 0, NULL);
	return *settings ? 0 : err_set(e, E_INTEGRITY, "change %lld is damaged", (long long)n);
}

/* A value for people; of a secret only that it is set. A setting unknown by now may be one. */
static void show_value(const struct wrapper *w, const char *name, const json_t *v, json_t *out)
{
	const struct wrapper_setting *s = wrapper_setting(w, name);
	bool shown = s && s->type.kind != TYPED_SECRET;

	json_object_set_new(out, name,
		shown ? json_string(json_string_value(v)) : json_string("(not shown)"));
}

/* What is other than in the change before; what went back to its default is empty. */
static json_t *difference(const struct wrapper *w, const json_t *before, const json_t *after)
{
	json_t *out = json_object();
	const char *name;
	json_t *v;

	json_object_foreach((json_t *)after, name,
		v) if (!json_equal(v, json_object_get(before, name))) show_value(w, name, v, out);
	json_object_foreach((json_t *)before, name, v) if (!json_object_get(after, name))
		json_object_set_new(out, name, json_string(""));
	return out;
}

static int show_change(struct sxc *s, const struct instance *i, const struct wrapper *w,
	struct query *q, app_row_fn fn, void *arg, struct err *e)
{
	autojson *after = json_loads(db_text(q, 4), 0, NULL), *before = NULL, *diff = NULL;
	int64_t n = db_i64(q, 0);
	int r = n > 1 ? history_get(s, i->id, n - 1, &before, e) : 0;

	if (r < 0)
		return r;
	diff = difference(w, before, after);
	autofree char *text = json_dumps(diff, JSON_COMPACT | JSON_SORT_KEYS);
	struct app_change_row row = {.n = n,
		.at = db_i64(q, 1),
		.login = db_text(q, 2),
		.version = db_text(q, 3),
		.settings = text};

	return fn(arg, &row, e);
}

int app_config_history(struct sxc *s, const char *ps, const char *app, app_row_fn fn, void *arg,
	struct err *e)
{
	autoclean(instance_release) struct instance i = {0};
	autoclean(app_version_release) struct app_version v = {0};
	autoclean(db_done) struct query q = {0};
	int r;

	if ((r = instance_need(s, ps, app, &i, e)) < 0 ||
		(r = app_version_get_id(s, i.version, &v, e)) < 0 ||
		(r = db_query(s->db, &q, e, SQL_HISTORY, i.id)) < 0)
		return r;
	while (r >= 0 && (r = db_next(&q, e)) > 0)
		r = show_change(s, &i, &v.package->wrapper, &q, fn, arg, e);
	return r;
}
