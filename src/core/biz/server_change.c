/* SPDX-License-Identifier: MIT */
/* Changing, bringing up to date, and letting go. */
#include <string.h>

#include "biz/server_int.h"
#include "util/str.h"

#define SQL_ROW                                                                                    \
	"SELECT json_object('host', host, 'port', port, 'user', user, 'group', grp, 'uplink', "    \
	"uplink, 'link_rate', link_rate, 'host_key', host_key) FROM server WHERE id = ?1"
#define SQL_SET                                                                                    \
	"UPDATE server SET host = coalesce(?2, host), port = coalesce(?3, port), "                 \
	"user = coalesce(?4, user), grp = CASE WHEN ?5 IS NULL THEN grp ELSE nullif(?5, '') END, " \
	"uplink = CASE WHEN ?6 IS NULL THEN uplink ELSE nullif(?6, '') END, "                      \
	"link_rate = coalesce(?7, link_rate), host_key = coalesce(?8, host_key), "                 \
	"host_key_type = CASE WHEN ?8 IS NULL THEN host_key_type END WHERE id = ?1"
#define SQL_STATE     "SELECT state FROM server WHERE id = ?1"
#define SQL_NAME      "SELECT name FROM server WHERE id = ?1"
#define SQL_PINNED    "SELECT host_key FROM server WHERE id = ?1"
#define SQL_SET_STATE "UPDATE server SET state = ?2 WHERE id = ?1"
#define SQL_PS                                                                                     \
	"SELECT group_concat(name, ', ') FROM (SELECT name FROM ps WHERE server = ?1 "             \
	"ORDER BY name LIMIT 5)"
#define SQL_APPS                                                                                   \
	"SELECT group_concat(name, ', ') FROM (SELECT a.name FROM instance i "                     \
	"JOIN app a ON a.id = i.app WHERE i.host = ?1 ORDER BY a.name LIMIT 5)"
#define SQL_FORGET_APPS "DELETE FROM instance WHERE host = ?1"
#define SQL_POOLS       "SELECT group_concat(cidr, ', ') FROM address_pool WHERE server = ?1"

/* ---- set ---- */

int server_set(struct sxc *s, const char *name, const struct server_change *c, struct err *e)
{
	autorollback struct sxc *tx = NULL;
	autofree char *before = NULL, *after = NULL;
	int64_t id;
	int r = tx_begin(s, e);

	if (r < 0)
		return r;
	tx = s;
	if ((r = server_id(s, name, &id, e)) < 0 ||
		(r = db_get_text(s->db, &before, e, SQL_ROW, id)) < 0)
		return r;
	r = db_run(s->db, e, SQL_SET, id, c->host, db_ref(c->port), c->user, c->group, c->uplink,
		db_ref(c->link_rate), c->host_key);
	if (r == E_EXISTS)
		return err_set(e, r, "another server is at that host and port");
	if (r < 0 || (r = db_get_text(s->db, &after, e, SQL_ROW, id)) < 0 ||
		(r = audit_add(s, "server.set", name, before, after, e)) < 0)
		return r;
	r = tx_commit(tx, e);
	tx = NULL;
	return r;
}

/* ---- upgrade ---- */

static int push_agent(struct job *j, struct err *e)
{
	autoclean(server_spec_release) struct server_spec spec = {0};
	autofree char *agent = server_agent_path();
	int r = server_spec(j->sxc, j->server, &spec, e);

	return r < 0 ? r : remote_push_agent(j->sxc->pool, &spec.remote, agent, e);
}

static const struct job_step steps_upgrade[] = {
	{"put the agent in place", push_agent, NULL, NULL, NULL, NULL},
	{"set up", server_job_setup, NULL, NULL, NULL, NULL},
	{"bring the kernel module", server_job_bring_module, NULL, NULL, NULL, NULL},
	{"record facts", server_job_ask_facts, server_job_keep_facts, NULL, NULL, NULL},
};
JOB_KIND(server_upgrade, "server.upgrade", steps_upgrade);

static int create_job(struct sxc *s, const struct job_kind *kind, const char *what, int64_t id,
	const char *name, json_t *args, int64_t *job, struct err *e)
{
	int r = job_unfinished(s, kind->name, name, job, e);

	if (r != 0) {
		json_decref(args);
		return r < 0 ? r : 0;
	}
	r = job_create(s, kind, name, id, args, job, e);
	return r < 0 ? r : audit_add(s, what, name, NULL, NULL, e);
}

int server_upgrade(struct sxc *s, int64_t id, bool restart_ps, struct err *e)
{
	autorollback struct sxc *tx = NULL;
	autofree char *name = NULL;
	int64_t job;
	int r = tx_begin(s, e);

	if (r < 0)
		return r;
	tx = s;
	if ((r = db_get_text(s->db, &name, e, SQL_NAME, id)) <= 0)
		return r < 0 ? r : err_set(e, E_NOTFOUND, "no server #%lld", (long long)id);
	if ((r = create_job(s, &job_kind_server_upgrade, "server.upgrade", id, name,
		     json_pack("{s:b}", "restart_ps", restart_ps), &job, e)) < 0)
		return r;
	r = tx_commit(tx, e);
	tx = NULL;
	return r < 0 ? r : job_run(s, job, e);
}

/* ---- remove ---- */

/* What removes cleanly is an agent as we know it: E_STATE says there is none, or another. */
static int agent_for_removal(struct job *j, struct err *e)
{
	int r = job_call(j, j->server, "agent.ping", NULL, NULL, e);

	return r == E_STATE ? push_agent(j, e) : r;
}

static int still_there(struct job *j, struct err *e)
{
	return db_run(j->sxc->db, e, SQL_SET_STATE, j->server, "active");
}

/*
 * The step before has seen to an agent. Is there none now, this step has been done: its outcome was
 * lost with the run that was killed.
 */
static int clear_server(struct job *j, struct err *e)
{
	struct err gone = {0};
	int r = server_job_retire(j, e);

	if (r != E_STATE || job_call(j, j->server, "agent.ping", NULL, NULL, &gone) != E_STATE)
		return r;
	return 0;
}

static const struct job_step steps_remove[] = {
	{"bring the agent up to date", agent_for_removal, NULL, NULL, still_there, NULL},
	{"clear the server", clear_server, NULL, NULL, NULL, NULL},
	{"remove the key", server_job_drop_key, server_job_forget, NULL, NULL, NULL},
};
JOB_KIND(server_remove, "server.remove", steps_remove);

/* Applications on a server that is forgotten are forgotten with it. */
static int refuse_inhabited(struct sxc *s, int64_t id, const char *name, bool forget, struct err *e)
{
	autofree char *ps = NULL, *pools = NULL, *apps = NULL;
	int r = db_get_text(s->db, &ps, e, SQL_PS, id);

	if (r > 0)
		return err_set(e, E_INUSE, "server %s: private servers live there: %s", name, ps);
	if (r < 0)
		return r;
	r = db_get_text(s->db, &pools, e, SQL_POOLS, id);
	if (r > 0)
		return err_set(e, E_INUSE, "server %s: address pools belong to it: %s", name,
			pools);
	if (r != 0)
		return r;
	r = forget ? 0 : db_get_text(s->db, &apps, e, SQL_APPS, id);
	return r > 0 ? err_set(e, E_INUSE, "server %s: applications are installed there: %s", name,
			       apps)
	             : r;
}

static int forget_now(struct sxc *s, int64_t id, const char *name, struct err *e)
{
	int r = db_run(s->db, e, SQL_FORGET_APPS, id);

	if (r < 0 || (r = server_delete(s, id, name, e)) < 0)
		return r;
	return audit_add(s, "server.remove", name, NULL, NULL, e);
}

static int remove_job(struct sxc *s, int64_t id, const char *name, bool keep_agent, int64_t *job,
	struct err *e)
{
	json_t *args = json_object();
	int r;

	json_object_set_new(args, "keep_agent", json_boolean(keep_agent));
	r = create_job(s, &job_kind_server_remove, "server.removing", id, name, args, job, e);
	return r < 0 ? r : db_run(s->db, e, SQL_SET_STATE, id, "removing");
}

/* An addition that was cut short after the first contact is undone; before it there is nothing. */
static int remove_adding(struct sxc *s, int64_t id, const char *name, bool *done, struct err *e)
{
	autofree char *pinned = NULL;
	int64_t job = 0;
	int r = job_unfinished(s, "server.add", name, &job, e);

	*done = true;
	if (r != 0)
		return r < 0 ? r : job_cancel(s, job, e);
	if ((r = db_get_text(s->db, &pinned, e, SQL_PINNED, id)) != 0) {
		*done = false;
		return r < 0 ? r : 0;
	}
	if ((r = tx_begin(s, e)) < 0)
		return r;
	if ((r = forget_now(s, id, name, e)) < 0 || (r = tx_commit(s, e)) < 0)
		tx_rollback(s);
	return r;
}

static int write_removal(struct sxc *s, int64_t id, const char *name, bool keep_agent, bool forget,
	int64_t *job, struct err *e)
{
	autorollback struct sxc *tx = NULL;
	int r = tx_begin(s, e);

	if (r < 0)
		return r;
	tx = s;
	if ((r = refuse_inhabited(s, id, name, forget, e)) < 0)
		return r;
	*job = 0;
	r = forget ? forget_now(s, id, name, e) : remove_job(s, id, name, keep_agent, job, e);
	if (r < 0)
		return r;
	r = tx_commit(tx, e);
	tx = NULL;
	return r;
}

int server_remove(struct sxc *s, const char *given, bool keep_agent, bool forget, struct err *e)
{
	autofree char *state = NULL, *name = NULL;
	bool done = false;
	int64_t id, job;
	int r = server_id(s, given, &id, e);

	if (r < 0 || (r = db_get_text(s->db, &state, e, SQL_STATE, id)) < 0 ||
		(r = db_get_text(s->db, &name, e, SQL_NAME, id)) < 0)
		return r;
	if (!forget && strcmp(state, "adding") == 0) {
		r = remove_adding(s, id, name, &done, e);
		if (r < 0 || done)
			return r;
	}
	if ((r = write_removal(s, id, name, keep_agent, forget, &job, e)) < 0)
		return r;
	return job ? job_run(s, job, e) : 0;
}
