/* SPDX-License-Identifier: MIT */
/* The steps by which applications come to where they run, change there and go. */
#include <string.h>

#include "biz/app_int.h"
#include "biz/license.h"
#include "biz/ps.h"
#include "biz/server.h"
#include "svc/sign.h"
#include "util/str.h"

#define SQL_STATE "UPDATE instance SET state = ?2, error = NULL WHERE id = ?1"
#define SQL_VERSION                                                                                \
	"UPDATE instance SET state = ?2, version = ?3, settings = ?4, error = NULL WHERE id = ?1"
#define SQL_REMOVE "DELETE FROM instance WHERE id = ?1"

static int64_t instance_id(const struct job *j)
{
	return job_arg_i64(j, "instance", 0);
}

static int load(struct job *j, struct instance *i, struct err *e)
{
	int r = instance_get_id(j->sxc, instance_id(j), i, e);

	return r == 0 ? err_set(e, E_NOTFOUND, "%s is in the books no more", j->object) : r;
}

static struct msg *about(const struct job *j)
{
	struct msg *m = msg_new();

	msg_add_text(m, "name", job_arg(j, "ps"));
	if (json_is_true(json_object_get(j->args, "host")))
		msg_add_i64(m, "host", 1);
	msg_add_text(m, "app", job_arg(j, "app"));
	return m;
}

static void add_settings(struct msg *m, const json_t *settings)
{
	const char *name;
	json_t *value;

	json_object_foreach((json_t *)settings, name, value)
	{
		struct msg *one = msg_new();

		msg_add_text(one, "name", name);
		msg_add_text(one, "value", json_string_value(value));
		msg_add_msg(m, "setting", one);
	}
}

/* ---- install ---- */

static void push_progress(void *arg, const char *step, int64_t done, int64_t total)
{
	struct sxc *s = arg;

	if (s->progress)
		s->progress(s->tell_arg, step, done, total);
}

static int push_package(struct job *j, struct err *e)
{
	autoclean(server_spec_release) struct server_spec spec = {0};
	struct remote_events ev = {.progress = push_progress, .arg = j->sxc};
	autofree char *path = app_path(j->sxc, job_arg(j, "digest"));
	struct remote *remote = NULL;
	int r;

	if ((r = server_spec(j->sxc, j->server, &spec, e)) < 0 ||
		(r = remote_get(j->sxc->pool, &spec.remote, &remote, e)) < 0)
		return r;
	r = remote_push(remote, path, job_arg(j, "digest"), &ev, e);
	remote_put(j->sxc->pool, remote);
	return r;
}

int app_introduce(struct job *j, struct err *e)
{
	autofree char *path = sxc_path(j->sxc, "keys/sign.pub");
	unsigned char pub[SIGN_PUBLIC_SIZE];
	struct msg *req;
	int r = sign_public_load(path, pub, e);

	if (r < 0)
		return r;
	req = msg_new();
	msg_add_bytes(req, "public_key", pub, sizeof(pub));
	return job_call(j, j->server, "app.trust", req, NULL, e);
}

/* Which package, and the settings. */
static struct msg *about_package(const struct job *j)
{
	struct msg *m = about(j);

	msg_add_text(m, "version", job_arg(j, "version"));
	msg_add_text(m, "digest", job_arg(j, "digest"));
	msg_add_text(m, "signature", job_arg(j, "signature"));
	add_settings(m, json_object_get(j->args, "settings"));
	return m;
}

static int install(struct job *j, struct err *e)
{
	struct msg *m = about_package(j);

	return job_call(j, j->server, "app.install", m, NULL, e);
}

static int uninstall(struct job *j, struct err *e)
{
	struct msg *m = about(j);

	msg_add_i64(m, "purge", job_arg_i64(j, "purge", 0));
	return job_call(j, j->server, "app.uninstall", m, NULL, e);
}

static int take_back(struct job *j, struct err *e)
{
	struct msg *m = about(j);

	msg_add_i64(m, "undo", 1);
	return job_call(j, j->server, "app.uninstall", m, NULL, e);
}

static int set_state(struct job *j, const char *state, struct err *e)
{
	return db_run(j->sxc->db, e, SQL_STATE, instance_id(j), state);
}

static int is_running(struct job *j, struct err *e)
{
	return set_state(j, "running", e);
}

static int is_stopped(struct job *j, struct err *e)
{
	return set_state(j, "stopped", e);
}

static int forget(struct job *j, struct err *e)
{
	return db_run(j->sxc->db, e, SQL_REMOVE, instance_id(j));
}

static const struct job_step steps_install[] = {
	{.name = "take it down in the books", .undo_commit = forget, .undo_name = "strike it out"},
	{.name = "introduce the signing key", .run = app_introduce},
	{.name = "bring package", .run = push_package},
	{.name = "install",
		.run = install,
		.commit = is_running,
		.undo = take_back,
		.undo_name = "uninstall"},
};
JOB_KIND(app_install, "app.install", steps_install);

/* ---- update ---- */

static int update(struct job *j, struct err *e)
{
	struct msg *m = about_package(j);

	msg_add_i64(m, "stopped", str_eq(job_arg(j, "state"), "stopped"));
	msg_add_i64(m, "older", job_arg_i64(j, "older", 0));
	return job_call(j, j->server, "app.update", m, NULL, e);
}

static int is_updated(struct job *j, struct err *e)
{
	const json_t *settings = json_object_get(j->args, "settings");
	autofree char *text = json_dumps(settings, JSON_COMPACT | JSON_SORT_KEYS);
	autoclean(app_version_release) struct app_version v = {0};
	int64_t version = job_arg_i64(j, "version_id", 0);
	int r = db_run(j->sxc->db, e, SQL_VERSION, instance_id(j), job_arg(j, "state"), version,
		text);

	if (r < 0 || (r = app_version_get_id(j->sxc, version, &v, e)) < 0 ||
		(r = license_settle(j->sxc, &v.package->wrapper, instance_id(j), e)) < 0)
		return r;
	return history_add(j->sxc, instance_id(j), version, settings, e);
}

/* Undoing what was not known to be done: the server says which version is there now. */
static int go_back(struct job *j, struct err *e)
{
	automsg *ans = NULL;
	int r = job_call(j, j->server, "app.back", about(j), &ans, e);

	if (r == 0 && str_eq(msg_text(ans, "version"), job_arg(j, "version")))
		r = job_remember(j, "done", json_true(), e);
	return r;
}

/* A licence that only the new version asks for goes back. */
static int still_old(struct job *j, struct err *e)
{
	autoclean(instance_release) struct instance i = {0};
	autoclean(app_version_release) struct app_version v = {0};
	int r = load(j, &i, e);

	if (r < 0 || (r = app_version_get_id(j->sxc, i.version, &v, e)) < 0 ||
		(r = license_settle(j->sxc, &v.package->wrapper, i.id, e)) < 0)
		return r;
	return set_state(j, job_arg(j, "state"), e);
}

static int as_before(struct job *j, struct err *e)
{
	if (!json_is_true(json_object_get(j->args, "done")))
		return still_old(j, e);
	sxc_note(j->sxc, 0, "%s had been updated already", j->object);
	return is_updated(j, e);
}

static const struct job_step steps_update[] = {
	{.name = "take it down in the books",
		.undo_commit = as_before,
		.undo_name = "strike it out"},
	{.name = "introduce the signing key", .run = app_introduce},
	{.name = "bring package", .run = push_package},
	{.name = "update",
		.run = update,
		.commit = is_updated,
		.undo = go_back,
		.undo_name = "bring the old version back"},
};
JOB_KIND(app_update, "app.update", steps_update);

static const struct job_step steps_uninstall[] = {
	{.name = "uninstall", .run = uninstall, .commit = forget}};
JOB_KIND(app_uninstall, "app.uninstall", steps_uninstall);

/* ---- start, stop, restart ---- */

static int control(struct job *j, const char *op, struct err *e)
{
	struct msg *m = about(j);

	msg_add_text(m, "op", op);
	return job_call(j, j->server, "app.control", m, NULL, e);
}

static int start(struct job *j, struct err *e)
{
	return control(j, "start", e);
}

static int stop(struct job *j, struct err *e)
{
	return control(j, "stop", e);
}

static int restart(struct job *j, struct err *e)
{
	return control(j, "restart", e);
}

static const struct job_step steps_start[] = {
	{.name = "start", .run = start, .commit = is_running}};
static const struct job_step steps_stop[] = {{.name = "stop", .run = stop, .commit = is_stopped}};
static const struct job_step steps_restart[] = {
	{.name = "restart", .run = restart, .commit = is_running}};
JOB_KIND(app_start, "app.start", steps_start);
JOB_KIND(app_stop, "app.stop", steps_stop);
JOB_KIND(app_restart, "app.restart", steps_restart);

/* ---- settings: new ones in the arguments, old ones in the books until it is done ---- */

static int put_settings(struct job *j, const json_t *settings, struct err *e)
{
	struct msg *m = about(j);

	add_settings(m, settings);
	return job_call(j, j->server, "app.config", m, NULL, e);
}

static int set_new(struct job *j, struct err *e)
{
	return put_settings(j, json_object_get(j->args, "settings"), e);
}

static int set_old(struct job *j, struct err *e)
{
	autoclean(instance_release) struct instance i = {0};
	json_t *old;
	int r = load(j, &i, e);

	if (r < 0)
		return r;
	old = json_loads(i.settings, 0, NULL);
	r = put_settings(j, old, e);
	json_decref(old);
	return r;
}

static int are_set(struct job *j, struct err *e)
{
	const json_t *settings = json_object_get(j->args, "settings");
	autoclean(instance_release) struct instance i = {0};
	int r = load(j, &i, e);

	if (r < 0 || (r = instance_put_settings(j->sxc, i.id, settings, e)) < 0)
		return r;
	return history_add(j->sxc, i.id, i.version, settings, e);
}

static const struct job_step steps_config[] = {{.name = "render, test and put live",
	.run = set_new,
	.commit = are_set,
	.undo = set_old,
	.undo_name = "put the old settings back"}};
JOB_KIND(app_config, "app.config", steps_config);
