/* SPDX-License-Identifier: MIT */
/* What an operator asks of one application in one place: checked and written down. */
#include <string.h>

#include "biz/app_int.h"
#include "biz/license.h"
#include "util/str.h"

#define SQL_SET_STATE "UPDATE instance SET state = ?2 WHERE id = ?1"
#define SQL_PUT       "UPDATE instance SET settings = ?2 WHERE id = ?1"
#define SQL_SITE                                                                                   \
	"SELECT d.name FROM domain_feature f JOIN domain d ON d.id = f.domain "                    \
	"WHERE f.instance = ?1 LIMIT 1"
#define SQL_FEATURE                                                                                \
	"SELECT feature FROM domain_feature WHERE instance = ?1 AND feature NOT IN "               \
	"(SELECT capability FROM app_provides WHERE version = ?2) LIMIT 1"
#define SQL_JOB_VERSION "SELECT json_extract(args, '$.version') FROM job WHERE id = ?1"

static const struct job_kind *const kinds[] = {
	[APP_INSTALL] = &job_kind_app_install,
	[APP_UPDATE] = &job_kind_app_update,
	[APP_UNINSTALL] = &job_kind_app_uninstall,
	[APP_START] = &job_kind_app_start,
	[APP_STOP] = &job_kind_app_stop,
	[APP_RESTART] = &job_kind_app_restart,
	[APP_CONFIG] = &job_kind_app_config,
	[APP_REVERT] = &job_kind_app_config,
};

int instance_put_settings(struct sxc *s, int64_t id, const json_t *settings, struct err *e)
{
	autofree char *text = json_dumps(settings, JSON_COMPACT | JSON_SORT_KEYS);

	return db_run(s->db, e, SQL_PUT, id, text);
}

int instance_need(struct sxc *s, const char *place, const char *app, struct instance *i,
	struct err *e)
{
	autoclean(app_place_release) struct app_place p = {0};
	int r = app_place_get(s, place, &p, e);

	if (r < 0 || (r = instance_find(s, place, app, i, e)) < 0)
		return r;
	return r > 0 ? 0 : err_set(e, E_NOTFOUND, "%s is not installed on %s", app, place);
}

static int create(struct sxc *s, enum app_op op, const struct instance *i, json_t *more,
	int64_t *job, struct err *e)
{
	autofree char *object = instance_object(i->app, i->place);
	json_t *args = json_pack("{s:I, s:s, s:b, s:s}", "instance", (json_int_t)i->id, "ps",
		i->place, "host", i->ps == 0, "app", i->app);
	int r;

	json_object_update(args, more);
	json_decref(more);
	if ((r = audit_add(s, kinds[op]->name, object, NULL, NULL, e)) < 0) {
		json_decref(args);
		return r;
	}
	r = job_create(s, kinds[op], object, i->server, args, job, e);
	return r < 0 ? r : 1;
}

/* ---- uninstall, start, stop, restart ---- */

static int refuse_used(struct sxc *s, const struct instance *i, struct err *e)
{
	autofree char *domain = NULL;
	int r = db_get_text(s->db, &domain, e, SQL_SITE, i->id);

	if (r <= 0)
		return r;
	return err_set(e, E_INUSE, "%s on %s serves the domain %s", i->app, i->place, domain);
}

static int queue_uninstall(struct sxc *s, const struct app_order *o, const struct instance *i,
	int64_t *job, struct err *e)
{
	autoclean(app_version_release) struct app_version v = {0};
	int r;

	if ((r = refuse_used(s, i, e)) < 0 || (r = app_version_get_id(s, i->version, &v, e)) < 0 ||
		(r = refuse_required(s, i, &v, NULL, e)) < 0 ||
		(r = db_run(s->db, e, SQL_SET_STATE, i->id, "removing")) < 0)
		return r;
	return create(s, o->op, i, json_pack("{s:i}", "purge", o->purge ? 1 : 0), job, e);
}

/* ---- update ---- */

static int refuse_older(const struct app_order *o, const struct app_version *from,
	const struct app_version *to, const struct instance *i, struct err *e)
{
	if (version_compare(to->version, from->version) >= 0 || o->downgrade)
		return 0;
	return err_set(e, E_STATE, "%s on %s is at %s, newer than %s: --downgrade goes back",
		i->app, i->place, from->version, to->version);
}

/* Domains and others there that need what the new version provides no more. */
static int refuse_lost(struct sxc *s, const struct instance *i, const struct app_version *from,
	const struct app_version *to, struct err *e)
{
	autofree char *feature = NULL;
	int r = db_get_text(s->db, &feature, e, SQL_FEATURE, i->id, to->id);

	if (r > 0)
		return err_set(e, E_INUSE, "%s %s does not provide %s, which a domain on %s uses",
			to->name, to->version, feature, i->place);
	return r < 0 ? r : refuse_required(s, i, from, to, e);
}

static int queue_update(struct sxc *s, const struct app_order *o, const struct instance *i,
	int64_t *job, struct err *e)
{
	autoclean(app_version_release) struct app_version from = {0}, to = {0};
	autojson *before = json_loads(i->settings, 0, NULL), *given = NULL, *settings = NULL;
	int r;

	if ((r = app_version_get_id(s, i->version, &from, e)) < 0 ||
		(r = app_version_get(s, o->app, o->version, &to, e)) < 0)
		return r;
	if (to.id == from.id)
		return 0;
	if ((r = refuse_older(o, &from, &to, i, e)) < 0 ||
		(r = check_relations(s, &to, i->place, e)) < 0 ||
		(r = refuse_lost(s, i, &from, &to, e)) < 0 ||
		(r = values_given(o->settings, &given, e)) < 0 ||
		(r = license_keep(s, &to.package->wrapper, i->id, given, e)) < 0)
		return r;
	if ((r = values_check(&to.package->wrapper, before, given, &settings, e)) < 0)
		return err_wrap(e, "%s %s on %s", i->app, to.version, i->place);
	if ((r = db_run(s->db, e, SQL_SET_STATE, i->id, "updating")) < 0)
		return r;
	return create(s, o->op, i,
		json_pack("{s:s, s:s, s:s, s:I, s:s, s:i, s:O}", "version", to.version, "digest",
			to.digest, "signature", to.signature, "version_id", (json_int_t)to.id,
			"state", i->state, "older", version_compare(to.version, from.version) < 0,
			"settings", settings),
		job, e);
}

/* ---- settings ---- */

static int queue_config(struct sxc *s, const struct app_order *o, const struct instance *i,
	int64_t *job, struct err *e)
{
	autoclean(app_version_release) struct app_version v = {0};
	autojson *before = NULL, *given = NULL, *settings = NULL;
	int r;

	if (o->op == APP_REVERT)
		r = history_get(s, i->id, o->revert, &before, e);
	else
		before = json_loads(i->settings, 0, NULL), r = 0;
	if (r < 0 || (r = app_version_get_id(s, i->version, &v, e)) < 0 ||
		(r = values_given(o->settings, &given, e)) < 0)
		return r;
	if ((r = values_check(&v.package->wrapper, before, given, &settings, e)) < 0)
		return o->op == APP_REVERT ? err_wrap(e, "change %lld", (long long)o->revert) : r;
	autojson *now = json_loads(i->settings, 0, NULL);
	if (json_equal(now, settings))
		return 0;
	return create(s, o->op, i, json_pack("{s:O}", "settings", settings), job, e);
}

/* ---- any of them ---- */

/* Another run wrote its job down since this one looked. */
static int refuse_moving(const struct instance *i, struct err *e)
{
	if (strcmp(i->state, "running") == 0 || strcmp(i->state, "stopped") == 0)
		return 0;
	return err_set(e, E_BUSY, "%s on %s is %s: another run is at work", i->app, i->place,
		i->state);
}

static int queue_op(struct sxc *s, const struct app_order *o, const char *place, int64_t *job,
	struct err *e)
{
	autoclean(instance_release) struct instance i = {0};
	int r = instance_need(s, place, o->app, &i, e);

	if (r < 0 || (r = refuse_moving(&i, e)) < 0)
		return r;
	switch (o->op) {
	case APP_UNINSTALL:
		return queue_uninstall(s, o, &i, job, e);
	case APP_UPDATE:
		return queue_update(s, o, &i, job, e);
	case APP_CONFIG:
	case APP_REVERT:
		return queue_config(s, o, &i, job, e);
	default:
		return create(s, o->op, &i, json_object(), job, e);
	}
}

static int queue_install(struct sxc *s, const struct app_order *o, const char *place,
	struct app_jobs *jobs, struct err *e)
{
	autoclean(app_place_release) struct app_place p = {0};
	autojson *given = NULL;
	int r;

	if ((r = values_given(o->settings, &given, e)) < 0 ||
		(r = app_place_get(s, place, &p, e)) < 0)
		return r;
	r = install_tx(s, &p, o->app, o->version, given, jobs, e);
	return r < 0 ? r : 1;
}

static int queue_tx(struct sxc *s, const struct app_order *o, const char *place,
	struct app_jobs *jobs, struct err *e)
{
	autorollback struct sxc *tx = NULL;
	int64_t job = 0;
	int r = tx_begin(s, e);

	if (r < 0)
		return r;
	tx = s;
	if (o->op == APP_INSTALL)
		r = queue_install(s, o, place, jobs, e);
	else if ((r = queue_op(s, o, place, &job, e)) > 0)
		vec_push(jobs, job);
	if (r < 0 || s->dry_run)
		return r; /* rolled back by the cleanup */
	tx = NULL;
	return tx_commit(s, e) < 0 ? e->code : r;
}

/* An unfinished job of the kind that is asked for is gone on with, if it is for this version. */
static int same_version(struct sxc *s, const struct app_order *o, int64_t job, struct err *e)
{
	autoclean(app_version_release) struct app_version v = {0};
	autofree char *version = NULL;
	int r = db_get_text(s->db, &version, e, SQL_JOB_VERSION, job);

	if (r <= 0)
		return r < 0 ? r : 1;
	if ((r = app_version_get(s, o->app, o->version, &v, e)) < 0)
		return r;
	return strcmp(v.version, version) == 0;
}

/*
 * Work about this object that is not finished: of the same kind it goes on (1, and the job), of
 * another it is in the way (E_BUSY); 0 none. Changes of settings that were cut short are finished
 * first: the new ones come on top.
 */
static int go_on(struct sxc *s, const struct app_order *o, const char *place, int64_t *job,
	struct err *e)
{
	autofree char *object = instance_object(o->app, place);
	int r = job_unfinished(s, kinds[o->op]->name, object, job, e);

	if (r < 0)
		return r;
	if (r > 0 && (o->op == APP_CONFIG || o->op == APP_REVERT) && !s->dry_run) {
		r = job_run(s, *job, e);
	} else if (r > 0 && (r = same_version(s, o, *job, e)) != 0) {
		return r;
	}
	if (r == 0 && (r = job_unfinished(s, NULL, object, job, e)) > 0)
		return err_set(e, E_BUSY,
			"job %lld about %s is unfinished: \"sxc job resume %lld\" or "
			"cancel it",
			(long long)*job, object, (long long)*job);
	return r;
}

int instance_queue(struct sxc *s, const struct app_order *o, const char *place,
	struct app_jobs *jobs, struct err *e)
{
	int64_t job;
	int r = go_on(s, o, place, &job, e);

	if (r < 0)
		return r;
	if (r == 0)
		return queue_tx(s, o, place, jobs, e);
	sxc_note(s, 1, "going on with job %lld", (long long)job);
	vec_push(jobs, job);
	return 1;
}
