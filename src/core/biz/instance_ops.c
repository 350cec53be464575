/* SPDX-License-Identifier: MIT */
/* What an operator asks of applications on private servers: checked, written down, run as jobs. */
#include <string.h>

#include "biz/app_int.h"
#include "biz/ps.h"
#include "util/str.h"

#define SQL_ADD                                                                                    \
	"INSERT INTO instance (app, version, ps, state, settings, created) "                       \
	"VALUES (?1, ?2, ?3, 'installing', ?4, ?5)"
#define SQL_HISTORY                                                                                \
	"INSERT INTO instance_history (instance, n, at, settings) VALUES (?1, 1, ?2, ?3)"
#define SQL_REMOVING "UPDATE instance SET state = 'removing' WHERE id = ?1"
#define SQL_SITE                                                                                   \
	"SELECT d.name FROM domain_feature f JOIN domain d ON d.id = f.domain "                    \
	"WHERE f.instance = ?1 LIMIT 1"
#define SQL_THERE                                                                                  \
	"SELECT a.name FROM instance i JOIN app a ON a.id = i.app WHERE i.ps = ?1 AND "            \
	"(a.name = ?2 OR EXISTS (SELECT 1 FROM app_provides p "                                    \
	"WHERE p.version = i.version AND p.capability = ?2)) LIMIT 1"

static void json_cleanup(json_t **j)
{
	json_decref(*j);
}
#define autojson autoclean(json_cleanup) json_t

/* ---- settings ---- */

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

static int take_settings(struct wrapper_values *vals, const json_t *settings, struct err *e)
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

/* What was set, in canonical form. */
static json_t *settings_json(const struct wrapper_values *vals)
{
	json_t *out = json_object();

	for (size_t i = 0; i < vals->w->settings.n; i++)
		if (vals->v[i])
			json_object_set_new(out, vals->w->settings.v[i].name,
				json_string(vals->v[i]));
	return out;
}

/* What the command line gave, as an object. */
static int settings_object(const struct app_settings *given, json_t **out, struct err *e)
{
	autojson *o = json_object();

	for (size_t i = 0; i < given->n; i++) {
		const struct app_setting *g = &given->v[i];
		json_t *v = g->value ? json_string(g->value) : json_null();

		if (json_object_set_new(o, g->name, v) < 0)
			return err_set(e, E_USAGE, "a setting is not UTF-8");
	}
	*out = steal(&o);
	return 0;
}

static int check_settings(const struct wrapper *w, const json_t *settings, json_t **out,
	struct err *e)
{
	autovalues vals;
	int r;

	wrapper_values_init(&vals, w);
	if ((r = take_settings(&vals, settings, e)) < 0 ||
		(r = wrapper_values_complete(&vals, e)) < 0)
		return r;
	*out = settings_json(&vals);
	return 0;
}

/* ---- installing ---- */

static int check_relations(struct sxc *s, const struct wrapper *w, const struct ps *p,
	struct err *e)
{
	int r;

	for (size_t i = 0; i < w->conflicts.n; i++) {
		autofree char *other = NULL;

		if ((r = db_get_text(s->db, &other, e, SQL_THERE, p->id, w->conflicts.v[i])) < 0)
			return r;
		if (r > 0)
			return err_set(e, E_INUSE, "%s conflicts with %s, which is on %s", w->app,
				other, p->name);
	}
	for (size_t i = 0; i < w->requires.n; i++) {
		autofree char *there = NULL;

		if ((r = db_get_text(s->db, &there, e, SQL_THERE, p->id, w->requires.v[i])) < 0)
			return r;
		if (r == 0)
			return err_set(e, E_STATE, "%s requires %s on %s: install that first",
				w->app, w->requires.v[i], p->name);
	}
	return 0;
}

static int check_install(struct sxc *s, const struct app_version *v, const struct ps *p,
	struct err *e)
{
	autoclean(instance_release) struct instance i = {0};
	const struct wrapper *w = &v->package->wrapper;
	int r = instance_find(s, p->id, v->name, &i, e);

	if (r < 0)
		return r;
	if (r > 0)
		return err_set(e, E_EXISTS, "%s is on %s already (%s)", v->name, p->name, i.state);
	if (strcmp(p->state, "running") != 0 && strcmp(p->state, "adding") != 0)
		return err_set(e, E_STATE, "private server %s is %s, not running", p->name,
			p->state);
	if (w->pool)
		return err_set(e, E_STATE, "%s needs a licence of the pool %s, which has none",
			v->name, w->pool);
	return check_relations(s, w, p, e);
}

static int create_install(struct sxc *s, const struct app_version *v, const struct ps *p,
	json_t *settings, int64_t *job, struct err *e)
{
	autofree char *object = instance_object(v->name, p->name);
	autofree char *text = json_dumps(settings, JSON_COMPACT | JSON_SORT_KEYS);
	autojson *about = json_pack("{s:s}", "version", v->version);
	autofree char *after = json_dumps(about, JSON_COMPACT);
	int64_t id;
	int r = db_run(s->db, e, SQL_ADD, v->app, v->id, p->id, text, s->now);

	if (r < 0)
		return r;
	id = db_last_id(s->db);
	if ((r = db_run(s->db, e, SQL_HISTORY, id, s->now, text)) < 0 ||
		(r = audit_add(s, "app.install", object, NULL, after, e)) < 0)
		return r;
	return job_create(s, &job_kind_app_install, object, p->server,
		json_pack("{s:I, s:s, s:s, s:s, s:s, s:s, s:O}", "instance", (json_int_t)id, "ps",
			p->name, "app", v->name, "version", v->version, "digest", v->digest,
			"signature", v->signature, "settings", settings),
		job, e);
}

int app_install_tx(struct sxc *s, int64_t ps, const char *app, const char *version,
	json_t *settings, int64_t *job, struct err *e)
{
	autoclean(app_version_release) struct app_version v = {0};
	autoclean(ps_release) struct ps p = {0};
	autojson *given = settings, *checked = NULL;
	int r;

	if (!app)
		return err_set(e, E_USAGE, "an application has a name");
	if ((r = ps_get_id(s, ps, &p, e)) < 0 ||
		(r = app_version_get(s, app, version, &v, e)) < 0 ||
		(r = check_install(s, &v, &p, e)) < 0 ||
		(r = check_settings(&v.package->wrapper, given, &checked, e)) < 0)
		return r;
	return create_install(s, &v, &p, checked, job, e);
}

/*
 * Work about this object that is not finished: of the same kind it goes on (1), of another it is in
 * the way (E_BUSY); 0 none.
 */
static int go_on(struct sxc *s, const struct job_kind *kind, const char *object, struct err *e)
{
	int64_t job;
	int r = job_unfinished(s, kind->name, object, &job, e);

	if (r > 0 && !s->dry_run) {
		sxc_note(s, 1, "going on with job %lld", (long long)job);
		r = job_run(s, job, e);
		return r < 0 ? r : 1;
	}
	if (r == 0 && (r = job_unfinished(s, NULL, object, &job, e)) > 0)
		return err_set(e, E_BUSY,
			"job %lld about %s is unfinished: \"sxc job resume %lld\" or "
			"cancel it",
			(long long)job, object, (long long)job);
	return r;
}

/* Commit and run, or with dry_run leave everything as it was. */
static int finish(struct sxc *s, struct sxc **tx, int64_t job, struct err *e)
{
	int r;

	if (s->dry_run)
		return 0; /* rolled back by the caller's cleanup */
	*tx = NULL;
	r = tx_commit(s, e);
	return r < 0 ? r : job_run(s, job, e);
}

int app_install(struct sxc *s, const char *ps, const char *app, const char *version,
	const struct app_settings *settings, struct err *e)
{
	autojson *set = NULL;
	autofree char *object = instance_object(app, ps);
	autoclean(ps_release) struct ps p = {0};
	autorollback struct sxc *tx = NULL;
	int64_t job;
	int r;

	if ((r = go_on(s, &job_kind_app_install, object, e)) != 0)
		return r < 0 ? r : 0;
	if ((r = settings_object(settings, &set, e)) < 0 || (r = ps_get(s, ps, &p, e)) < 0 ||
		(r = tx_begin(s, e)) < 0)
		return r;
	tx = s;
	r = app_install_tx(s, p.id, app, version, steal(&set), &job, e);
	return r < 0 ? r : finish(s, &tx, job, e);
}

/* ---- the others ---- */

static int need_instance(struct sxc *s, const char *ps, const char *app, struct instance *i,
	struct err *e)
{
	autoclean(ps_release) struct ps p = {0};
	int r = ps_get(s, ps, &p, e);

	if (r < 0 || (r = instance_find(s, p.id, app, i, e)) < 0)
		return r;
	return r > 0 ? 0 : err_set(e, E_NOTFOUND, "%s is not installed on %s", app, ps);
}

static int create(struct sxc *s, const struct job_kind *kind, const struct instance *i,
	json_t *more, int64_t *job, struct err *e)
{
	autofree char *object = instance_object(i->app, i->ps_name);
	json_t *args = json_pack("{s:I, s:s, s:s}", "instance", (json_int_t)i->id, "ps", i->ps_name,
		"app", i->app);
	int r;

	json_object_update(args, more);
	json_decref(more);
	if ((r = audit_add(s, kind->name, object, NULL, NULL, e)) < 0) {
		json_decref(args);
		return r;
	}
	return job_create(s, kind, object, i->server, args, job, e);
}

static int refuse_used(struct sxc *s, const struct instance *i, struct err *e)
{
	autofree char *domain = NULL;
	int r = db_get_text(s->db, &domain, e, SQL_SITE, i->id);

	if (r <= 0)
		return r;
	return err_set(e, E_INUSE, "%s on %s serves the domain %s", i->app, i->ps_name, domain);
}

int app_uninstall(struct sxc *s, const char *ps, const char *app, bool purge, struct err *e)
{
	autofree char *object = instance_object(app, ps);
	autoclean(instance_release) struct instance i = {0};
	autorollback struct sxc *tx = NULL;
	int64_t job;
	int r;

	if ((r = go_on(s, &job_kind_app_uninstall, object, e)) != 0)
		return r < 0 ? r : 0;
	if ((r = tx_begin(s, e)) < 0)
		return r;
	tx = s;
	if ((r = need_instance(s, ps, app, &i, e)) < 0 || (r = refuse_used(s, &i, e)) < 0 ||
		(r = db_run(s->db, e, SQL_REMOVING, i.id)) < 0 ||
		(r = create(s, &job_kind_app_uninstall, &i,
			 json_pack("{s:i}", "purge", purge ? 1 : 0), &job, e)) < 0)
		return r;
	return finish(s, &tx, job, e);
}

static int control_kind(const char *op, const struct job_kind **kind, struct err *e)
{
	*kind = strcmp(op, "start") == 0     ? &job_kind_app_start
	        : strcmp(op, "stop") == 0    ? &job_kind_app_stop
	        : strcmp(op, "restart") == 0 ? &job_kind_app_restart
	                                     : NULL;
	return *kind ? 0 : err_set(e, E_USAGE, "applications are started, stopped or restarted");
}

int app_control(struct sxc *s, const char *ps, const char *app, const char *op, struct err *e)
{
	autofree char *object = instance_object(app, ps);
	autoclean(instance_release) struct instance i = {0};
	autorollback struct sxc *tx = NULL;
	const struct job_kind *kind;
	int64_t job;
	int r = control_kind(op, &kind, e);

	if (r < 0)
		return r;
	if ((r = go_on(s, kind, object, e)) != 0)
		return r < 0 ? r : 0;
	if ((r = tx_begin(s, e)) < 0)
		return r;
	tx = s;
	if ((r = need_instance(s, ps, app, &i, e)) < 0 ||
		(r = create(s, kind, &i, json_object(), &job, e)) < 0)
		return r;
	return finish(s, &tx, job, e);
}

/* ---- settings of an instance ---- */

static int load_values(struct sxc *s, const struct instance *i, struct app_version *v,
	struct wrapper_values *vals, struct err *e)
{
	autojson *set = json_loads(i->settings, 0, NULL);
	int r = app_version_get_id(s, i->version, v, e);

	if (r < 0)
		return r;
	wrapper_values_init(vals, &v->package->wrapper);
	return take_settings(vals, set, e);
}

int app_config_get(struct sxc *s, const char *ps, const char *app, app_row_fn fn, void *arg,
	struct err *e)
{
	autoclean(instance_release) struct instance i = {0};
	autoclean(app_version_release) struct app_version v = {0};
	autovalues vals = {0};
	int r;

	if ((r = need_instance(s, ps, app, &i, e)) < 0 ||
		(r = load_values(s, &i, &v, &vals, e)) < 0)
		return r;
	for (size_t k = 0; k < vals.w->settings.n && r == 0; k++) {
		const struct wrapper_setting *st = &vals.w->settings.v[k];
		struct app_setting_row row = {st->name, typed_name(st->type.kind),
			st->type.kind == TYPED_SECRET ? NULL : wrapper_value(&vals, st->name),
			st->help};

		r = fn(arg, &row, e);
	}
	return r;
}

static int queue_config(struct sxc *s, const struct instance *i, const json_t *changes,
	int64_t *job, struct err *e)
{
	autoclean(app_version_release) struct app_version v = {0};
	autovalues vals = {0};
	int r = load_values(s, i, &v, &vals, e);

	if (r < 0 || (r = take_settings(&vals, changes, e)) < 0 ||
		(r = wrapper_values_complete(&vals, e)) < 0)
		return r;
	return create(s, &job_kind_app_config, i,
		json_pack("{s:o}", "settings", settings_json(&vals)), job, e);
}

int app_config_set(struct sxc *s, const char *ps, const char *app,
	const struct app_settings *changes, struct err *e)
{
	autojson *set = NULL;
	autofree char *object = instance_object(app, ps);
	autoclean(instance_release) struct instance i = {0};
	autorollback struct sxc *tx = NULL;
	int64_t job;
	int r;

	/* What was cut short is finished first; these changes come on top. */
	if ((r = settings_object(changes, &set, e)) < 0 ||
		(r = go_on(s, &job_kind_app_config, object, e)) < 0 || (r = tx_begin(s, e)) < 0)
		return r;
	tx = s;
	if ((r = need_instance(s, ps, app, &i, e)) < 0 ||
		(r = queue_config(s, &i, set, &job, e)) < 0)
		return r;
	return finish(s, &tx, job, e);
}
