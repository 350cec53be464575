/* SPDX-License-Identifier: MIT */
/* A private server is rebuilt on another image, or goes back to the one before. */
#include <string.h>

#include "biz/app_int.h"
#include "biz/image.h"
#include "biz/ps_files.h"
#include "biz/ps_int.h"
#include "svc/sign.h"
#include "util/str.h"
#include "util/vec.h"

#define READY 600 /* seconds until its manager is ready, at most */

#define SQL_APPS "SELECT id FROM instance WHERE ps = ?1 AND state <> 'removing' ORDER BY id"
#define SQL_NOW  "SELECT image, previous_image FROM ps WHERE id = ?1"
#define SQL_DONE "UPDATE ps SET previous_image = image, image = ?2 WHERE id = ?1"

struct ids {
	int64_t *v;
	size_t n, cap;
};

static void ids_release(struct ids *l)
{
	vec_release(l);
}

/* Read whole before anything is asked of the server. */
static int instances_of(struct job *j, struct ids *out, struct err *e)
{
	autoclean(db_done) struct query q = {0};
	int r = db_query(j->sxc->db, &q, e, SQL_APPS, ps_job_id(j));

	while (r >= 0 && (r = db_next(&q, e)) > 0)
		vec_push(out, db_i64(&q, 0));
	return r;
}

static bool goes_back(const struct job *j)
{
	return job_arg_i64(j, "previous", 0) != 0;
}

/* ---- steps ---- */

static int bring_image(struct job *j, struct err *e)
{
	return goes_back(j) ? 0 : ps_step_image(j, e);
}

/* Where its applications keep what is not theirs to lose. */
static int add_data(struct job *j, struct msg *m, struct err *e)
{
	autoclean(ids_release) struct ids ids = {0};
	int r = instances_of(j, &ids, e);

	for (size_t i = 0; i < ids.n && r >= 0; i++) {
		autoclean(instance_release) struct instance in = {0};
		autoclean(app_version_release) struct app_version v = {0};

		if ((r = instance_get_id(j->sxc, ids.v[i], &in, e)) <= 0 ||
			(r = app_version_get_id(j->sxc, in.version, &v, e)) < 0)
			continue;
		for (size_t k = 0; k < v.package->wrapper.data.n; k++)
			msg_add_text(m, "data", v.package->wrapper.data.v[k]);
	}
	return r < 0 ? r : 0;
}

static int prepare(struct job *j, struct err *e)
{
	struct msg *m = ps_job_named(j);
	int r;

	if (goes_back(j))
		return job_call(j, j->server, "ps.layer.previous", m, NULL, e);
	msg_add_text(m, "image", job_arg(j, "image"));
	if ((r = add_data(j, m, e)) < 0) {
		msg_free(m);
		return r;
	}
	return job_call(j, j->server, "ps.rebuild", m, NULL, e);
}

static int start_ready(struct job *j, struct err *e)
{
	struct msg *m = ps_job_named(j);

	msg_add_i64(m, "timeout", READY);
	return job_call(j, j->server, "ps.start", m, NULL, e);
}

static void add_settings(struct msg *m, const char *settings)
{
	json_t *o = json_loads(settings, 0, NULL), *value;
	const char *name;

	json_object_foreach(o, name, value)
	{
		struct msg *one = msg_new();

		msg_add_text(one, "name", name);
		msg_add_text(one, "value", json_string_value(value));
		msg_add_msg(m, "setting", one);
	}
	json_decref(o);
}

static int install_one(struct job *j, const struct instance *in, const struct app_version *v,
	struct err *e)
{
	autofree char *path = app_path(j->sxc, v->digest);
	struct msg *m;
	int r = ps_job_push(j, path, v->digest, e);

	if (r < 0)
		return r;
	m = msg_new();
	msg_add_text(m, "name", j->object);
	msg_add_text(m, "app", in->app);
	msg_add_text(m, "version", v->version);
	msg_add_text(m, "digest", v->digest);
	msg_add_text(m, "signature", v->signature);
	add_settings(m, in->settings);
	if ((r = job_call(j, j->server, "app.install", m, NULL, e)) < 0)
		return err_wrap(e, "installing %s again", in->app);
	if (strcmp(in->state, "stopped") != 0)
		return 0;
	m = msg_new();
	msg_add_text(m, "name", j->object);
	msg_add_text(m, "app", in->app);
	msg_add_text(m, "op", "stop");
	return job_call(j, j->server, "app.control", m, NULL, e);
}

/* In the order in which they came: what one requires was there first. */
int ps_step_install_again(struct job *j, struct err *e)
{
	autoclean(ids_release) struct ids ids = {0};
	int r = instances_of(j, &ids, e);

	if (r >= 0 && ids.n)
		r = app_introduce(j, e);
	for (size_t i = 0; i < ids.n && r >= 0; i++) {
		autoclean(instance_release) struct instance in = {0};
		autoclean(app_version_release) struct app_version v = {0};

		if ((r = instance_get_id(j->sxc, ids.v[i], &in, e)) <= 0)
			continue;
		r = app_version_get_id(j->sxc, in.version, &v, e);
		if (r >= 0)
			r = install_one(j, &in, &v, e);
	}
	return r < 0 ? r : 0;
}

static int install_again(struct job *j, struct err *e)
{
	return goes_back(j) ? 0 : ps_step_install_again(j, e);
}

static int stop_again(struct job *j, struct err *e)
{
	return str_eq(job_arg(j, "was"), "running") ? 0 : ps_step_stop(j, e);
}

static int is_rebuilt(struct job *j, struct err *e)
{
	return db_run(j->sxc->db, e, SQL_DONE, ps_job_id(j), job_arg_i64(j, "image_id", 0));
}

static const struct job_step steps[] = {
	{.name = "bring image", .run = bring_image},
	{.name = "stop private server",
		.run = ps_step_stop,
		.undo = ps_step_start_again,
		.undo_name = "start it if it ran"},
	{.name = "prepare the new layer",
		.run = prepare,
		.undo = ps_step_discard,
		.undo_name = "remove it"},
	{.name = "exchange layers",
		.run = ps_step_exchange,
		.undo = ps_step_exchange_back,
		.undo_name = "exchange them back"},
	{.name = "start private server",
		.run = start_ready,
		.undo = ps_step_stop,
		.undo_name = "stop it"},
	{.name = "install applications again", .run = install_again},
	{.name = "stop it where it was stopped", .run = stop_again},
	{.name = "keep the old layer", .run = ps_step_settle, .commit = is_rebuilt},
};
JOB_KIND(ps_rebuild, "ps.rebuild", steps);

/* ---- the verb ---- */

static int go_back(struct sxc *s, const struct ps *p, struct err *e)
{
	autoclean(db_done) struct query q = {0};
	int64_t previous;
	int r = db_one(s->db, &q, e, SQL_NOW, p->id);

	if (r <= 0)
		return r;
	if (db_is_null(&q, 1))
		return err_set(e, E_STATE,
			"private server %s was not rebuilt: there is no image to go back to",
			p->name);
	previous = db_i64(&q, 1);
	db_done(&q);
	return ps_run_kind(s, p->name, &job_kind_ps_rebuild, "running stopped",
		json_pack("{s:i, s:I, s:i, s:i}", "previous", 1, "image_id", (json_int_t)previous,
			"records", 1, "keep", 1),
		e);
}

int ps_rebuild(struct sxc *s, const char *name, const char *image, struct err *e)
{
	autoclean(ps_release) struct ps p = {0};
	char digest[SHA256_HEX];
	int64_t id;
	int r = ps_get(s, name, &p, e);

	if (r < 0)
		return r;
	if (!image)
		return go_back(s, &p, e);
	if ((r = image_find(s, image, &id, digest, e)) < 0)
		return r;
	return ps_run_kind(s, p.name, &job_kind_ps_rebuild, "running stopped",
		json_pack("{s:s, s:I, s:i, s:i}", "image", digest, "image_id", (json_int_t)id,
			"records", 1, "keep", 1),
		e);
}
