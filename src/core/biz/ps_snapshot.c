/* SPDX-License-Identifier: MIT */
/* Layers beside the one a private server lives in: snapshots, and the exchange of layers. */
#include <string.h>

#include "biz/ps_files.h"
#include "biz/ps_int.h"
#include "util/iso8601.h"
#include "util/str.h"

#define SQL_IMAGE_NAME "SELECT name FROM image WHERE digest = ?1 ORDER BY id DESC LIMIT 1"
#define SQL_IMAGE                                                                                  \
	"UPDATE ps SET image = coalesce((SELECT id FROM image WHERE digest = ?2 "                  \
	"ORDER BY id DESC LIMIT 1), image) WHERE id = ?1"
#define ANY_STATE "running stopped suspended"

/* ---- steps that exchange layers ---- */

static int layer_op(struct job *j, const char *op, const char *flag, struct err *e)
{
	struct msg *m = ps_job_named(j);

	if (flag)
		msg_add_i64(m, flag, job_arg_i64(j, flag, 0));
	return job_call(j, j->server, op, m, NULL, e);
}

int ps_step_exchange(struct job *j, struct err *e)
{
	return layer_op(j, "ps.layer.exchange", "records", e);
}

int ps_step_exchange_back(struct job *j, struct err *e)
{
	return layer_op(j, "ps.layer.back", "records", e);
}

int ps_step_discard(struct job *j, struct err *e)
{
	return layer_op(j, "ps.layer.discard", "previous", e);
}

int ps_step_settle(struct job *j, struct err *e)
{
	return layer_op(j, "ps.layer.settle", "keep", e);
}

int ps_step_start_again(struct job *j, struct err *e)
{
	return str_eq(job_arg(j, "was"), "running") ? ps_step_start(j, e) : 0;
}

/* ---- snapshots ---- */

static int snapshot_op(struct job *j, const char *op, struct err *e)
{
	struct msg *m = ps_job_named(j);

	msg_add_text(m, "snapshot", job_arg(j, "snapshot"));
	return job_call(j, j->server, op, m, NULL, e);
}

static int make(struct job *j, struct err *e)
{
	return snapshot_op(j, "ps.snapshot.add", e);
}

static int unmake(struct job *j, struct err *e)
{
	return snapshot_op(j, "ps.snapshot.remove", e);
}

/* It may be of a time before the private server was rebuilt on another image. */
static int prepare(struct job *j, struct err *e)
{
	automsg *ans = NULL;
	struct msg *m = ps_job_named(j);
	int r;

	msg_add_text(m, "snapshot", job_arg(j, "snapshot"));
	r = job_call(j, j->server, "ps.snapshot.prepare", m, &ans, e);
	if (r < 0 || !msg_text(ans, "image"))
		return r;
	return job_remember(j, "image", json_string(msg_text(ans, "image")), e);
}

static int is_back(struct job *j, struct err *e)
{
	return db_run(j->sxc->db, e, SQL_IMAGE, ps_job_id(j), job_arg(j, "image"));
}

static const struct job_step steps_add[] = {{.name = "copy files", .run = make}};
static const struct job_step steps_remove[] = {{.name = "remove snapshot", .run = unmake}};
static const struct job_step steps_restore[] = {
	{.name = "stop private server",
		.run = ps_step_stop,
		.undo = ps_step_start_again,
		.undo_name = "start it if it ran"},
	{.name = "copy snapshot",
		.run = prepare,
		.undo = ps_step_discard,
		.undo_name = "remove the copy"},
	{.name = "exchange files",
		.run = ps_step_exchange,
		.undo = ps_step_exchange_back,
		.undo_name = "exchange them back"},
	{.name = "start private server",
		.run = ps_step_start_again,
		.undo = ps_step_stop,
		.undo_name = "stop it"},
	{.name = "remove the old files", .run = ps_step_settle, .commit = is_back},
};
JOB_KIND(ps_snapshot_add, "ps.snapshot-add", steps_add);
JOB_KIND(ps_snapshot_remove, "ps.snapshot-remove", steps_remove);
JOB_KIND(ps_snapshot_restore, "ps.snapshot-restore", steps_restore);

static json_t *about(const char *snapshot)
{
	return json_pack("{s:s}", "snapshot", snapshot);
}

/* 20260125-100000 */
static char *name_of_now(const struct sxc *s)
{
	autostr when = STR_INIT;
	char *c;

	iso8601_add(&when, s->now);
	c = when.p;
	for (const char *r = when.p; *r && *r != 'Z'; r++)
		if (*r != '-' && *r != ':')
			*c++ = *r == 'T' ? '-' : *r;
	*c = '\0';
	return str_steal(&when);
}

static int check_name(const char *snapshot, struct err *e)
{
	if (str_is_name(snapshot) && strlen(snapshot) <= 32)
		return 0;
	return err_set(e, E_USAGE,
		"'%.80s' is not a snapshot's name: a-z, 0-9, then also . _ -, at most 32",
		snapshot);
}

int ps_snapshot_add(struct sxc *s, const char *name, const char *snapshot, char **made,
	struct err *e)
{
	autofree char *given = snapshot ? mem_strdup(snapshot) : name_of_now(s);
	int r = check_name(given, e);

	if (r < 0)
		return r;
	r = ps_run_kind(s, name, &job_kind_ps_snapshot_add, ANY_STATE, about(given), e);
	if (r == 0)
		*made = steal(&given);
	return r;
}

int ps_snapshot_restore(struct sxc *s, const char *name, const char *snapshot, struct err *e)
{
	int r = check_name(snapshot, e);

	return r < 0 ? r
	             : ps_run_kind(s, name, &job_kind_ps_snapshot_restore, ANY_STATE,
			       about(snapshot), e);
}

int ps_snapshot_remove(struct sxc *s, const char *name, const char *snapshot, struct err *e)
{
	int r = check_name(snapshot, e);

	return r < 0 ? r
	             : ps_run_kind(s, name, &job_kind_ps_snapshot_remove, ANY_STATE,
			       about(snapshot), e);
}

static int give(struct sxc *s, const struct msg *m, ps_row_fn fn, void *arg, struct err *e)
{
	const char *digest = msg_text(m, "image");
	autofree char *image = NULL;
	int r = digest ? db_get_text(s->db, &image, e, SQL_IMAGE_NAME, digest) : 0;

	if (r < 0)
		return r;
	struct ps_snapshot_row row = {msg_text(m, "snapshot"), image, msg_i64(m, "made", INT64_MIN),
		msg_i64(m, "bytes", INT64_MIN)};
	return fn(arg, &row, e);
}

int ps_snapshot_list(struct sxc *s, const char *name, ps_row_fn fn, void *arg, struct err *e)
{
	autoclean(ps_release) struct ps p = {0};
	automsg *ans = NULL;
	int r = ps_get(s, name, &p, e);

	if (r < 0 || (r = ps_ask(s, &p, "ps.snapshot.list", NULL, &ans, e)) < 0)
		return r;
	for (size_t i = 0; i < msg_count(ans, "snapshot") && r >= 0; i++)
		r = give(s, msg_sub_at(ans, "snapshot", i), fn, arg, e);
	return r;
}
