/* SPDX-License-Identifier: MIT */
/* Installing: what an application requires comes first, what conflicts is refused. */
#include <string.h>

#include "biz/app_int.h"
#include "biz/license.h"
#include "biz/ps.h"
#include "util/str.h"

#define SQL_ADD                                                                                    \
	"INSERT INTO instance (app, version, place, ps, host, state, settings, created) "          \
	"VALUES (?1, ?2, ?3, nullif(?4, 0), nullif(?5, 0), 'installing', '{}', ?6)"
#define SQL_CAPABLE                                                                                \
	"SELECT DISTINCT a.name FROM app_provides p JOIN app_version v ON v.id = p.version "       \
	"JOIN app a ON a.id = v.app WHERE p.capability = ?1 ORDER BY a.name"
#define SQL_HERE "SELECT version FROM instance WHERE place = ?1 AND state <> 'removing'"

#define SQL_STATE "UPDATE instance SET state = ?2 WHERE id = ?1"

#define DEPTH_MAX 16

void app_jobs_release(struct app_jobs *l)
{
	vec_release(l);
}

/* ---- what is there, and what shall come ---- */

static void versions_release(struct app_versions *l)
{
	vec_each(l, v)
		app_version_release(v);
	vec_release(l);
}

static bool is_or_provides(const struct app_version *v, const char *what)
{
	return strcmp(v->name, what) == 0 || words_have(&v->package->wrapper.provides, what);
}

static const struct app_version *versions_provider(const struct app_versions *l, const char *what)
{
	vec_each(l, v) {
		if (is_or_provides(v, what))
			return v;
	}
	return NULL;
}

static int instances_here(struct sxc *s, const char *place, struct app_versions *out, struct err *e)
{
	autoclean(db_done) struct query q = {0};
	int r = db_query(s->db, &q, e, SQL_HERE, place);

	while (r >= 0 && (r = db_next(&q, e)) > 0) {
		struct app_version v = {0};

		if ((r = app_version_get_id(s, db_i64(&q, 0), &v, e)) == 0)
			vec_push(out, v);
	}
	return r;
}

struct coming {
	struct sxc *s;
	const struct app_place *place;
	struct app_versions here;    /* in that place */
	struct app_versions all;     /* to be installed, in this order */
	const char *path[DEPTH_MAX]; /* who requires whom, while looking */
	size_t depth;
};

static void coming_release(struct coming *c)
{
	versions_release(&c->here);
	versions_release(&c->all);
}

/* ---- conflicts, both ways ---- */

static bool conflicts(const struct app_version *a, const struct app_version *b)
{
	const struct words *w = &a->package->wrapper.conflicts;

	for (size_t i = 0; i < w->n; i++)
		if (strcmp(a->name, b->name) != 0 && is_or_provides(b, w->v[i]))
			return true;
	return false;
}

/* how the others are there: "is on", "is to come to". */
static int refuse_conflicts(const struct app_version *v, const struct app_versions *others,
	const char *how, const char *ps, struct err *e)
{
	vec_each(others, o) {
		if (conflicts(v, o))
			return err_set(e, E_INUSE, "%s conflicts with %s, which %s %s", v->name,
				o->name, how, ps);
		if (conflicts(o, v))
			return err_set(e, E_INUSE, "%s, which %s %s, conflicts with %s", o->name,
				how, ps, v->name);
	}
	return 0;
}

/* ---- requirements ---- */

/* Which application to take for a requirement: of that name, or the only one that provides it. */
static int choose(struct coming *c, const char *for_whom, const char *what, char **name,
	struct err *e)
{
	autoclean(db_done) struct query q = {0};
	autostrvec names = {0};
	autostr list = STR_INIT;
	int r = app_exists(c->s, what, e);

	if (r > 0)
		*name = mem_strdup(what);
	if (r != 0)
		return r < 0 ? r : 0;
	r = db_query(c->s->db, &q, e, SQL_CAPABLE, what);
	while (r >= 0 && (r = db_next(&q, e)) > 0) {
		str_addf(&list, "%s%s", names.n ? ", " : "", db_text(&q, 0));
		strvec_push(&names, db_text(&q, 0));
	}
	if (r < 0)
		return r;
	if (names.n == 0)
		return err_set(e, E_STATE,
			"%s requires %s on %s, and no registered application provides that",
			for_whom, what, c->place->name);
	if (names.n > 1)
		return err_set(e, E_STATE,
			"%s requires %s on %s, which %s provide: install one of them first",
			for_whom, what, c->place->name, str_c(&list));
	*name = mem_strdup(names.v[0]);
	return 0;
}

static int refuse_cycle(struct coming *c, const char *name, struct err *e)
{
	autostr way = STR_INIT;
	bool on = false;

	for (size_t i = 0; i < c->depth; i++) {
		on = on || strcmp(c->path[i], name) == 0;
		if (on)
			str_addf(&way, "%s requires ", c->path[i]);
	}
	if (on)
		return err_set(e, E_STATE, "%s%s: a cycle", str_c(&way), name);
	return c->depth < DEPTH_MAX
	               ? 0
	               : err_set(e, E_STATE, "%s: requirements of requirements go too deep", name);
}

static int add_coming(struct coming *c, const char *name, const char *version, struct err *e);

static int add_required(struct coming *c, const struct app_version *v, struct err *e)
{
	const struct words *w = &v->package->wrapper.requires;
	int r = 0;

	for (size_t i = 0; i < w->n && r == 0; i++) {
		autofree char *name = NULL;

		if (versions_provider(&c->here, w->v[i]) || versions_provider(&c->all, w->v[i]))
			continue;
		if ((r = choose(c, v->name, w->v[i], &name, e)) == 0)
			r = add_coming(c, name, NULL, e);
	}
	return r;
}

static int add_coming(struct coming *c, const char *name, const char *version, struct err *e)
{
	struct app_version v = {0};
	int r;

	if ((r = refuse_cycle(c, name, e)) < 0 ||
		(r = app_version_get(c->s, name, version, &v, e)) < 0)
		return r;
	c->path[c->depth++] = v.name;
	r = add_required(c, &v, e);
	c->depth--;
	if (r < 0 || (r = refuse_conflicts(&v, &c->here, "is on", c->place->name, e)) < 0 ||
		(r = refuse_conflicts(&v, &c->all, "is to come to", c->place->name, e)) < 0) {
		app_version_release(&v);
		return r;
	}
	vec_push(&c->all, v);
	return 0;
}

int check_relations(struct sxc *s, const struct app_version *v, const char *place, struct err *e)
{
	autoclean(versions_release) struct app_versions here = {0};
	const struct words *w = &v->package->wrapper.requires;
	int r = instances_here(s, place, &here, e);

	if (r < 0 || (r = refuse_conflicts(v, &here, "is on", place, e)) < 0)
		return r;
	for (size_t i = 0; i < w->n; i++)
		if (!versions_provider(&here, w->v[i]))
			return err_set(e, E_STATE, "%s %s requires %s on %s: install that first",
				v->name, v->version, w->v[i], place);
	return 0;
}

/* Another one here that is, or provides, what this one is needed for. */
static bool replaced(const struct app_versions *here, const struct app_version *gone,
	const char *what)
{
	vec_each(here, v) {
		if (strcmp(v->name, gone->name) != 0 && is_or_provides(v, what))
			return true;
	}
	return false;
}

int refuse_required(struct sxc *s, const struct instance *i, const struct app_version *from,
	const struct app_version *to, struct err *e)
{
	autoclean(versions_release) struct app_versions here = {0};
	int r = instances_here(s, i->place, &here, e);

	if (r < 0)
		return r;
	vec_each(&here, v) {
		const struct words *w = &v->package->wrapper.requires;

		for (size_t k = 0; k < w->n; k++)
			if (is_or_provides(from, w->v[k]) && !(to && is_or_provides(to, w->v[k])) &&
				!replaced(&here, from, w->v[k]))
				return err_set(e, E_INUSE, "%s on %s requires %s", v->name,
					i->place, w->v[k]);
	}
	return 0;
}

/* ---- writing it down ---- */

static int refuse_unready(const struct app_place *p, struct err *e)
{
	if (!p->ps && strcmp(p->state, "active") != 0)
		return err_set(e, E_STATE, "server %s is %s, not active", p->name, p->state);
	if (p->ps && strcmp(p->state, "running") != 0 && strcmp(p->state, "adding") != 0)
		return err_set(e, E_STATE, "private server %s is %s, not running", p->name,
			p->state);
	return 0;
}

static int refuse_there(struct sxc *s, const struct app_version *v, const struct app_place *p,
	struct err *e)
{
	autoclean(instance_release) struct instance i = {0};
	int r = instance_find(s, p->name, v->name, &i, e);

	if (r < 0)
		return r;
	if (r > 0)
		return err_set(e, E_EXISTS, "%s is on %s already (%s)", v->name, p->name, i.state);
	return refuse_unready(p, e);
}

/* Its row, with a licence where it wants one; *settings is the caller's. */
static int add_row(struct sxc *s, const struct app_version *v, const struct app_place *p,
	const json_t *given, int64_t *id, json_t **settings, struct err *e)
{
	autofree char *object = instance_object(v->name, p->name);
	autojson *about = json_pack("{s:s}", "version", v->version), *all = NULL;
	autofree char *after = json_dumps(about, JSON_COMPACT);
	int r = db_run(s->db, e, SQL_ADD, v->app, v->id, p->name, p->ps, p->ps ? 0 : p->server,
		s->now);

	if (r < 0)
		return r;
	*id = db_last_id(s->db);
	all = json_copy((json_t *)given);
	if ((r = license_take(s, &v->package->wrapper, *id, all, e)) < 0 ||
		(r = values_check(&v->package->wrapper, NULL, all, settings, e)) < 0 ||
		(r = instance_put_settings(s, *id, *settings, e)) < 0 ||
		(r = history_add(s, *id, v->id, *settings, e)) < 0)
		return r;
	return audit_add(s, "app.install", object, NULL, after, e);
}

static int create(struct sxc *s, const struct app_version *v, const struct app_place *p,
	const json_t *given, int64_t *job, struct err *e)
{
	autofree char *object = instance_object(v->name, p->name);
	autojson *settings = NULL;
	int64_t id;
	int r = add_row(s, v, p, given, &id, &settings, e);

	if (r < 0)
		return r;
	return job_create(s, &job_kind_app_install, object, p->server,
		json_pack("{s:I, s:s, s:b, s:s, s:s, s:s, s:s, s:O}", "instance", (json_int_t)id,
			"ps", p->name, "host", p->ps == 0, "app", v->name, "version", v->version,
			"digest", v->digest, "signature", v->signature, "settings", settings),
		job, e);
}

int install_tx(struct sxc *s, const struct app_place *p, const char *app, const char *version,
	const json_t *settings, struct app_jobs *jobs, struct err *e)
{
	autoclean(app_version_release) struct app_version v = {0};
	autoclean(coming_release) struct coming c = {.s = s, .place = p};
	autojson *none = json_object();
	int r;

	if ((r = app_version_get(s, app, version, &v, e)) < 0 ||
		(r = refuse_there(s, &v, p, e)) < 0 ||
		(r = instances_here(s, p->name, &c.here, e)) < 0 ||
		(r = add_coming(&c, app, version, e)) < 0)
		return r;
	for (size_t i = 0; i < c.all.n; i++) {
		const struct app_version *one = &c.all.v[i];
		int64_t job;

		r = create(s, one, p, i + 1 == c.all.n ? settings : none, &job, e);
		if (r < 0)
			return i + 1 == c.all.n
			               ? r
			               : err_wrap(e, "%s, which %s requires", one->name, app);
		vec_push(jobs, job);
	}
	return 0;
}

int app_install_tx(struct sxc *s, int64_t ps, const char *app, const char *version,
	json_t *settings, int64_t *job, struct err *e)
{
	autoclean(ps_release) struct ps p = {0};
	autoclean(app_place_release) struct app_place place = {0};
	autoclean(app_jobs_release) struct app_jobs jobs = {0};
	autojson *given = settings;
	int r;

	if (!app)
		return err_set(e, E_USAGE, "an application has a name");
	if ((r = ps_get_id(s, ps, &p, e)) < 0 || (r = app_place_get(s, p.name, &place, e)) < 0 ||
		(r = install_tx(s, &place, app, version, given, &jobs, e)) < 0)
		return r;
	*job = jobs.v[jobs.n - 1];
	return 0;
}

/* ---- those of a backup ---- */

static int adopt(struct sxc *s, const struct app_place *p, const json_t *o, struct err *e)
{
	autoclean(app_version_release) struct app_version v = {0};
	const char *app = json_string_value(json_object_get(o, "app"));
	const char *version = json_string_value(json_object_get(o, "version"));
	const json_t *given = json_object_get(o, "settings");
	const char *state = json_string_value(json_object_get(o, "state"));
	autojson *settings = NULL;
	struct err why;
	int64_t id;
	int r;

	if (!app || !version || !json_is_object(given))
		return err_set(e, E_INTEGRITY, "the backup's list of applications is damaged");
	if (app_version_get(s, app, version, &v, &why) < 0 ||
		!str_eq(v.digest, json_string_value(json_object_get(o, "digest")))) {
		sxc_note(s, 0, "%s %s is not registered here: %s has its files, the books do not",
			app, version, p->name);
		return 0;
	}
	if ((r = add_row(s, &v, p, given, &id, &settings, e)) < 0)
		return err_wrap(e, "%s", app);
	return db_run(s->db, e, SQL_STATE, id, str_eq(state, "stopped") ? "stopped" : "running");
}

int instances_adopt_tx(struct sxc *s, const char *place, const json_t *list, struct err *e)
{
	autoclean(app_place_release) struct app_place p = {0};
	int r = app_place_get(s, place, &p, e);

	for (size_t i = 0; i < json_array_size(list) && r >= 0; i++)
		r = adopt(s, &p, json_array_get(list, i), e);
	return r;
}
