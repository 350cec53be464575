/* SPDX-License-Identifier: MIT */
/* Backups come back: over a private server that is there, or as a new one. */
#include <string.h>

#include "biz/app_int.h"
#include "biz/ps_files.h"
#include "biz/ps_int.h"
#include "biz/server.h"
#include "svc/backup_file.h"
#include "util/str.h"

#define SQL_SPACE                                                                                  \
	"SELECT p.disk + i.unpacked FROM ps p JOIN image i ON i.id = p.image WHERE p.id = ?1"
#define SQL_IMAGE "SELECT name FROM image WHERE digest = ?1 ORDER BY id DESC LIMIT 1"
#define SQL_UNPACKED                                                                               \
	"SELECT unpacked FROM image WHERE ?1 IS NULL OR name = ?1 ORDER BY id DESC LIMIT 1"
#define SLACK (INT64_C(64) << 20) /* bytes: the image's files differ a little once they lived */

/* ---- the manifest ---- */

static int read_manifest(const char *file, const struct backup_file *b, json_t **out, struct err *e)
{
	json_error_t why;
	autojson *o = json_loads(b->manifest, JSON_REJECT_DUPLICATES, &why);

	if (!json_is_object(o))
		return err_set(e, E_INTEGRITY, "%s: its manifest is damaged", file);
	if (json_integer_value(json_object_get(o, "backup")) != 1)
		return err_set(e, E_STATE, "%s: its manifest is of a form this sxc does not know",
			file);
	*out = steal(&o);
	return 0;
}

static void take_bound(const json_t *bounds, const char *name, int64_t *v)
{
	const json_t *n = json_object_get(bounds, name);

	if (*v == PS_UNSET && json_is_integer(n))
		*v = json_integer_value(n);
}

/* What was not said is as it was; ps_add checks it all. */
static void take_bounds(const json_t *manifest, struct ps_bounds *b)
{
	const json_t *o = json_object_get(manifest, "bounds");

	take_bound(o, "cpu", &b->cpu);
	take_bound(o, "cpu_max", &b->cpu_max);
	if (b->net_share == PS_UNSET)
		take_bound(o, "net", &b->net);
	take_bound(o, "memory", &b->memory);
	take_bound(o, "vm", &b->vm);
	take_bound(o, "disk", &b->disk);
	take_bound(o, "inodes", &b->inodes);
	take_bound(o, "procs", &b->procs);
	take_bound(o, "sessions", &b->sessions);
	take_bound(o, "transfer", &b->transfer);
	take_bound(o, "best_effort", &b->best_effort);
}

/* ---- steps ---- */

static int bring(struct job *j, struct err *e)
{
	return ps_job_push(j, job_arg(j, "file"), job_arg(j, "digest"), e);
}

static int drop(struct job *j, struct err *e)
{
	struct msg *m = msg_new();

	msg_add_text(m, "digest", job_arg(j, "digest"));
	return job_call(j, j->server, "store.remove", m, NULL, e);
}

static int unpack(struct job *j, struct err *e)
{
	struct msg *m = ps_job_named(j);

	msg_add_text(m, "digest", job_arg(j, "digest"));
	msg_add_i64(m, "fresh", job_arg_i64(j, "fresh", 0));
	return job_call(j, j->server, "ps.restore", m, NULL, e);
}

static int settle(struct job *j, struct err *e)
{
	int r = ps_step_settle(j, e);

	return r < 0 ? r : drop(j, e);
}

static const struct job_step steps_restore[] = {
	{.name = "bring backup", .run = bring, .undo = drop, .undo_name = "remove it there"},
	{.name = "stop private server",
		.run = ps_step_stop,
		.undo = ps_step_start_again,
		.undo_name = "start it if it ran"},
	{.name = "unpack",
		.run = unpack,
		.undo = ps_step_discard,
		.undo_name = "remove what was unpacked"},
	{.name = "exchange files",
		.run = ps_step_exchange,
		.undo = ps_step_exchange_back,
		.undo_name = "exchange them back"},
	{.name = "start private server",
		.run = ps_step_start_again,
		.undo = ps_step_stop,
		.undo_name = "stop it"},
	{.name = "remove the old files", .run = settle},
};
JOB_KIND(ps_restore, "ps.restore", steps_restore);

static const struct job_step steps_restore_new[] = {
	{.name = "reserve name and address",
		.undo_commit = ps_step_forget,
		.undo_name = "release them"},
	{.name = "bring image", .run = ps_step_image},
	{.name = "create private server",
		.run = ps_step_create,
		.undo = ps_step_remove,
		.undo_name = "remove private server"},
	{.name = "bring backup", .run = bring, .undo = drop, .undo_name = "remove it there"},
	{.name = "unpack", .run = unpack},
	{.name = "exchange files", .run = ps_step_exchange},
	{.name = "start private server", .run = ps_step_start_first, .commit = ps_step_added},
	{.name = "install applications again", .run = ps_step_install_again},
	{.name = "remove what is not needed", .run = settle},
};
JOB_KIND(ps_restore_new, "ps.restore-new", steps_restore_new);

/* ---- verbs ---- */

int ps_restore(struct sxc *s, const char *name, const char *file, struct err *e)
{
	autoclean(ps_release) struct ps p = {0};
	autoclean(backup_file_release) struct backup_file b = {0};
	autojson *manifest = NULL;
	int64_t space = 0;
	int r;

	if ((r = ps_get(s, name, &p, e)) < 0 ||
		(r = db_get_i64(s->db, &space, e, SQL_SPACE, p.id)) < 0 ||
		(r = backup_file_open(file, &b, e)) < 0 ||
		(r = read_manifest(file, &b, &manifest, e)) < 0 ||
		(r = backup_file_check(file, &b, space + SLACK, e)) < 0)
		return r;
	return ps_run_kind(s, p.name, &job_kind_ps_restore, "running stopped suspended",
		json_pack("{s:s, s:s}", "file", file, "digest", b.digest), e);
}

/* The image it was made from if it is there, else the newest: any will do. */
static int choose_image(struct sxc *s, const json_t *manifest, char **image, struct err *e)
{
	const char *digest = json_string_value(
		json_object_get(json_object_get(manifest, "image"), "digest"));
	int r = digest ? db_get_text(s->db, image, e, SQL_IMAGE, digest) : 0;

	return r < 0 ? r : 0;
}

/* Applications are taken up where they can be: inside what runs. */
static int adopt_apps(struct sxc *s, const struct ps_new *n, const json_t *manifest, struct err *e)
{
	const json_t *list = json_object_get(manifest, "applications");

	if (!n->stopped)
		return instances_adopt_tx(s, n->name, list, e);
	if (json_array_size(list))
		sxc_note(s, 0, "its applications are not in the books: it is not started");
	return 0;
}

static int create_new(struct sxc *s, const struct ps_new *n, const char *file, const char *digest,
	const json_t *manifest, struct err *e)
{
	autorollback struct sxc *tx = NULL;
	int64_t job = 0;
	int r = tx_begin(s, e);

	if (r < 0)
		return r;
	tx = s;
	r = ps_add_kind_tx(s, n, &job_kind_ps_restore_new,
		json_pack("{s:s, s:s, s:i}", "file", file, "digest", digest, "fresh", 1), &job, e);
	if (r < 0 || (r = adopt_apps(s, n, manifest, e)) < 0)
		return r;
	tx = NULL;
	r = tx_commit(s, e);
	return r < 0 ? r : job_run(s, job, e);
}

static int check_new(struct sxc *s, const struct ps_new *n, const char *file, struct backup_file *b,
	struct err *e)
{
	int64_t unpacked = 0, disk = n->bounds.disk;
	int r = db_get_i64(s->db, &unpacked, e, SQL_UNPACKED, n->image);

	if (r < 0)
		return r;
	return backup_file_check(file, b, (disk == PS_UNSET ? 0 : disk) + unpacked + SLACK, e);
}

int ps_restore_new(struct sxc *s, const struct ps_new *given, const char *file, struct err *e)
{
	autoclean(backup_file_release) struct backup_file b = {0};
	autofree char *image = NULL, *server = NULL;
	autojson *manifest = NULL;
	struct ps_new n = *given;
	int r;

	if ((r = backup_file_open(file, &b, e)) < 0 ||
		(r = read_manifest(file, &b, &manifest, e)) < 0)
		return r;
	take_bounds(manifest, &n.bounds);
	if (!n.image && (r = choose_image(s, manifest, &image, e)) < 0)
		return r;
	if (image)
		n.image = image;
	if (!n.hostname)
		n.hostname = json_string_value(json_object_get(manifest, "hostname"));
	if ((r = ps_place(s, &n, &server, e)) < 0 || (r = check_new(s, &n, file, &b, e)) < 0)
		return r;
	return create_new(s, &n, file, b.digest, manifest, e);
}
