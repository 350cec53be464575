/* SPDX-License-Identifier: MIT */
/* The steps by which private servers come, change and go on their server. */
#include <string.h>

#include "biz/address.h"
#include "biz/image.h"
#include "biz/provision.h"
#include "biz/ps_int.h"
#include "biz/server.h"
#include "svc/sign.h"
#include "util/str.h"
#include "util/vec.h"

#define SQL_ROW                                                                                    \
	"SELECT p.name, p.server, p.hostname, p.uid_slot, p.cpu, p.cpu_max, p.net, p.memory, "     \
	"p.vm, p.disk, p.inodes, p.procs, p.ssh_keys, s.rate, "                                    \
	"coalesce(s.uplink, s.found_uplink), p.sessions, p.transfer, p.best_effort, "              \
	"p.nameservers FROM ps p JOIN server s ON s.id = p.server WHERE p.id = ?1"
#define SQL_IPS         "SELECT ip FROM address WHERE ps = ?1 ORDER BY id"
#define SQL_STATE       "UPDATE ps SET state = ?2 WHERE id = ?1"
#define SQL_NAME        "SELECT name FROM ps WHERE id = ?1"
#define SQL_REMOVE      "DELETE FROM ps WHERE id = ?1"
#define SQL_REMOVE_NAME "DELETE FROM node_name WHERE name = ?1 AND kind = 'ps'"
#define SQL_REMOVE_APPS "DELETE FROM instance WHERE ps = ?1"
#define SQL_SET                                                                                    \
	"UPDATE ps SET cpu = ?2, cpu_max = ?3, net = ?4, memory = ?5, vm = ?6, disk = ?7, "        \
	"inodes = ?8, procs = ?9, sessions = ?10, transfer = ?11, best_effort = coalesce(?12, 0) " \
	"WHERE id = ?1"
#define SQL_ORDERED "SELECT coalesce(subscription, 0) FROM ps WHERE id = ?1"
#define UID_RANGE   65536

int64_t ps_job_id(const struct job *j)
{
	return job_arg_i64(j, "ps", 0);
}

/* ---- requests ---- */

static void add_opt(struct msg *m, const char *name, struct query *q, int col)
{
	if (!db_is_null(q, col))
		msg_add_i64(m, name, db_i64(q, col));
}

static void add_keys(struct msg *m, const char *keys)
{
	autostrvec lines = {0};

	if (keys)
		strvec_split(&lines, keys, "\r\n");
	for (size_t i = 0; i < lines.n; i++)
		msg_add_text(m, "key", lines.v[i]);
}

static int add_addresses(struct job *j, struct msg *m, struct err *e)
{
	autoclean(db_done) struct query q = {0};
	int r = db_query(j->sxc->db, &q, e, SQL_IPS, ps_job_id(j));

	while (r >= 0 && (r = db_next(&q, e)) > 0)
		msg_add_text(m, "address", db_text(&q, 0));
	return r;
}

/* Its own or of the configuration: "192.0.2.53 2001:…" becomes repeated fields. */
static int add_nameservers(struct job *j, struct msg *m, const char *own, struct err *e)
{
	autofree char *text = mem_strdup0(own);
	autostrvec words = {0};
	int r = own ? 0 : config_get(j->sxc, "ps.nameservers", &text, e);

	if (r == 0 && text)
		strvec_split(&words, text, " ,");
	for (size_t i = 0; i < words.n; i++)
		msg_add_text(m, "nameserver", words.v[i]);
	return r;
}

static int create_request(struct job *j, struct msg **out, int64_t *server, struct err *e)
{
	autoclean(db_done) struct query q = {0};
	automsg *m = msg_new();
	int r = db_one(j->sxc->db, &q, e, SQL_ROW, ps_job_id(j));

	if (r <= 0)
		return r < 0 ? r : err_set(e, E_NOTFOUND, "%s is in the books no more", j->object);
	msg_add_text(m, "name", db_text(&q, 0));
	msg_add_i64(m, "id", ps_job_id(j));
	msg_add_text(m, "image", job_arg(j, "image"));
	msg_add_text(m, "hostname", db_text(&q, 2));
	msg_add_i64(m, "uid_base", db_i64(&q, 3) * UID_RANGE);
	msg_add_i64(m, "cpu", db_i64(&q, 4));
	add_opt(m, "cpu_max", &q, 5);
	add_opt(m, "net", &q, 6);
	msg_add_i64(m, "memory", db_i64(&q, 7));
	add_opt(m, "vm", &q, 8);
	msg_add_i64(m, "disk", db_i64(&q, 9));
	add_opt(m, "inodes", &q, 10);
	msg_add_i64(m, "procs", db_i64(&q, 11));
	add_keys(m, db_text(&q, 12));
	add_opt(m, "link", &q, 13);
	msg_add_text(m, "uplink", db_text(&q, 14));
	add_opt(m, "sessions", &q, 15);
	add_opt(m, "transfer", &q, 16);
	msg_add_i64(m, "best_effort", db_i64(&q, 17));
	*server = db_i64(&q, 1);
	if ((r = add_addresses(j, m, e)) < 0 || (r = add_nameservers(j, m, db_text(&q, 18), e)) < 0)
		return r;
	*out = steal(&m);
	return 0;
}

struct msg *ps_job_named(const struct job *j)
{
	struct msg *m = msg_new();

	msg_add_text(m, "name", j->object);
	msg_add_i64(m, "id", ps_job_id(j));
	return m;
}

/* ---- steps of ps.add ---- */

static void push_progress(void *arg, const char *step, int64_t done, int64_t total)
{
	struct sxc *s = arg;

	if (s->progress)
		s->progress(s->tell_arg, step, done, total);
}

int ps_job_push(struct job *j, const char *path, const char *digest, struct err *e)
{
	autoclean(server_spec_release) struct server_spec spec = {0};
	struct remote_events ev = {.progress = push_progress, .arg = j->sxc};
	struct remote *r = NULL;
	int rc;

	if ((rc = server_spec(j->sxc, j->server, &spec, e)) < 0 ||
		(rc = remote_get(j->sxc->pool, &spec.remote, &r, e)) < 0)
		return rc;
	rc = remote_push(r, path, digest, &ev, e);
	remote_put(j->sxc->pool, r);
	return rc;
}

int ps_step_image(struct job *j, struct err *e)
{
	const char *digest = job_arg(j, "image");
	autofree char *path = image_path(j->sxc, digest);
	automsg *have = NULL;
	struct msg *req;
	int r = job_call(j, j->server, "image.list", NULL, &have, e);

	if (r < 0)
		return r;
	for (size_t i = 0; i < msg_count(have, "image"); i++)
		if (str_eq(msg_text(msg_sub_at(have, "image", i), "digest"), digest))
			return 0;
	if ((r = ps_job_push(j, path, digest, e)) < 0)
		return r;
	req = msg_new();
	msg_add_text(req, "digest", digest);
	return job_call(j, j->server, "image.add", req, NULL, e);
}

int ps_step_create(struct job *j, struct err *e)
{
	struct msg *m = NULL;
	int64_t server = 0;
	int r = create_request(j, &m, &server, e);

	return r < 0 ? r : job_call(j, server, "ps.create", m, NULL, e);
}

int ps_step_remove(struct job *j, struct err *e)
{
	return job_call(j, j->server, "ps.remove", ps_job_named(j), NULL, e);
}

int ps_step_start_first(struct job *j, struct err *e)
{
	if (json_is_true(json_object_get(j->args, "stopped")))
		return 0;
	return job_call(j, j->server, "ps.start", ps_job_named(j), NULL, e);
}

static int set_state(struct job *j, const char *state, struct err *e)
{
	return db_run(j->sxc->db, e, SQL_STATE, ps_job_id(j), state);
}

int ps_step_added(struct job *j, struct err *e)
{
	return set_state(j,
		json_is_true(json_object_get(j->args, "stopped")) ? "stopped" : "running", e);
}

/* Out of the books: addresses, name, the row. */
int ps_step_forget(struct job *j, struct err *e)
{
	autofree char *name = NULL;
	struct db *db = j->sxc->db;
	int r = db_get_text(db, &name, e, SQL_NAME, ps_job_id(j));

	if (r <= 0)
		return r;
	if ((r = address_release_ps(j->sxc, ps_job_id(j), e)) < 0 ||
		(r = db_run(db, e, SQL_REMOVE_APPS, ps_job_id(j))) < 0 ||
		(r = db_run(db, e, SQL_REMOVE, ps_job_id(j))) < 0)
		return r;
	return db_run(db, e, SQL_REMOVE_NAME, name);
}

/* Who ordered it is told that it is not to be had. */
static int give_up(struct job *j, struct err *e)
{
	int64_t subscription = 0;
	int r = db_get_i64(j->sxc->db, &subscription, e, SQL_ORDERED, job_arg_i64(j, "ps", 0));

	if (r < 0 || (r = ps_step_forget(j, e)) < 0)
		return r;
	return subscription ? provision_gave_up(j->sxc, subscription, e) : 0;
}

static const struct job_step steps_add[] = {
	{.name = "reserve name and address", .undo_commit = give_up, .undo_name = "release them"},
	{.name = "bring image", .run = ps_step_image},
	{.name = "create private server",
		.run = ps_step_create,
		.undo = ps_step_remove,
		.undo_name = "remove private server"},
	{.name = "start private server", .run = ps_step_start_first, .commit = ps_step_added},
};
JOB_KIND(ps_add, "ps.add", steps_add);

/* ---- the others ---- */

int ps_step_start(struct job *j, struct err *e)
{
	return job_call(j, j->server, "ps.start", ps_job_named(j), NULL, e);
}

int ps_step_stop(struct job *j, struct err *e)
{
	return job_call(j, j->server, "ps.stop", ps_job_named(j), NULL, e);
}

static int restart(struct job *j, struct err *e)
{
	return job_call(j, j->server, "ps.restart", ps_job_named(j), NULL, e);
}

static int is_running(struct job *j, struct err *e)
{
	return set_state(j, "running", e);
}

static int is_stopped(struct job *j, struct err *e)
{
	return set_state(j, "stopped", e);
}

static int is_suspended(struct job *j, struct err *e)
{
	return set_state(j, "suspended", e);
}

static const struct job_step steps_start[] = {
	{.name = "start private server", .run = ps_step_start, .commit = is_running}};
static const struct job_step steps_stop[] = {
	{.name = "stop private server", .run = ps_step_stop, .commit = is_stopped}};
static const struct job_step steps_restart[] = {
	{.name = "restart private server", .run = restart, .commit = is_running}};
static const struct job_step steps_suspend[] = {
	{.name = "stop private server", .run = ps_step_stop, .commit = is_suspended}};
static const struct job_step steps_remove[] = {
	{.name = "remove private server", .run = ps_step_remove, .commit = ps_step_forget}};
JOB_KIND(ps_start, "ps.start", steps_start);
JOB_KIND(ps_stop, "ps.stop", steps_stop);
JOB_KIND(ps_restart, "ps.restart", steps_restart);
JOB_KIND(ps_suspend, "ps.suspend", steps_suspend);
JOB_KIND(ps_resume, "ps.resume", steps_start);
JOB_KIND(ps_remove, "ps.remove", steps_remove);

/* ---- ps.set: new bounds in the arguments, the old ones in the books until it is done ---- */

static const char *const bound_names[] = {"cpu", "cpu_max", "net", "memory", "vm", "disk", "inodes",
	"procs", "sessions", "transfer", "best_effort"};

static int set_remote(struct job *j, struct err *e)
{
	struct msg *m = ps_job_named(j);

	for (size_t i = 0; i < ARRAY_LEN(bound_names); i++)
		if (json_object_get(j->args, bound_names[i]))
			msg_add_i64(m, bound_names[i], job_arg_i64(j, bound_names[i], 0));
	return job_call(j, j->server, "ps.set", m, NULL, e);
}

static int set_back(struct job *j, struct err *e)
{
	struct msg *m = NULL;
	int64_t server = 0;
	int r = create_request(j, &m, &server, e);

	if (r < 0)
		return r;
	msg_add_i64(m, "back", 1); /* whatever it holds by now */
	return job_call(j, server, "ps.set", m, NULL, e);
}

static struct db_arg bound(const struct job *j, const char *name)
{
	return json_object_get(j->args, name) ? db_arg_i64(job_arg_i64(j, name, 0)) : db_null();
}

static int is_set(struct job *j, struct err *e)
{
	return db_run(j->sxc->db, e, SQL_SET, ps_job_id(j), bound(j, "cpu"), bound(j, "cpu_max"),
		bound(j, "net"), bound(j, "memory"), bound(j, "vm"), bound(j, "disk"),
		bound(j, "inodes"), bound(j, "procs"), bound(j, "sessions"), bound(j, "transfer"),
		bound(j, "best_effort"));
}

static const struct job_step steps_set[] = {{.name = "set bounds",
	.run = set_remote,
	.commit = is_set,
	.undo = set_back,
	.undo_name = "set the old bounds"}};
JOB_KIND(ps_set, "ps.set", steps_set);
