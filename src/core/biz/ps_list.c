/* SPDX-License-Identifier: MIT */
/* Lists of private servers, and what their server says of them now. */
#include <stdint.h>

#include "biz/ps_fleet.h"
#include "biz/ps_int.h"
#include "biz/server.h"
#include "util/str.h"

#define SQL_ROWS                                                                                   \
	"SELECT p.id, p.name, s.name, p.state, "                                                   \
	"(SELECT group_concat(ip, ' ') FROM address a WHERE a.ps = p.id), p.hostname, i.name, "    \
	"ac.name, ac.name || '/' || su.number, p.cpu, p.cpu_max, p.net, p.memory, p.vm, p.disk, "  \
	"p.inodes, p.procs, p.created, p.sessions, p.transfer, i.version, "                        \
	"pi.name || '=' || pi.version "                                                            \
	"FROM ps p JOIN server s ON s.id = p.server JOIN image i ON i.id = p.image "               \
	"LEFT JOIN image pi ON pi.id = p.previous_image "                                          \
	"LEFT JOIN account ac ON ac.id = p.account "                                               \
	"LEFT JOIN subscription su ON su.id = p.subscription "
/* One statement for each way to the rows, so that each finds its index. */
#define SQL_LIST SQL_ROWS "ORDER BY p.id"
#define SQL_OF_SERVER                                                                              \
	SQL_ROWS "WHERE p.server = (SELECT id FROM server WHERE name = ?1) "                       \
		 "AND (?2 IS NULL OR ac.name = ?2) ORDER BY p.id"
#define SQL_OF_ACCOUNT                                                                             \
	SQL_ROWS "WHERE p.account = (SELECT id FROM account WHERE name = ?1) ORDER BY p.id"
#define SQL_SHOW        SQL_ROWS "WHERE p.name = ?1"
#define SQL_SERVER_NAME "SELECT name FROM server WHERE id = ?1"

static int64_t num(struct query *q, int col)
{
	return db_is_null(q, col) ? INT64_MIN : db_i64(q, col);
}

static void add_live(struct ps_row *row, const struct ps_fleet *f)
{
	const struct msg *m = f ? ps_fleet_find(f, row->name) : NULL;

	row->since = row->restarts = INT64_MIN;
	if (!f)
		return;
	row->live = m ? msg_text(m, "state") : "unknown";
	row->fault = m ? msg_text(m, "fault") : NULL;
	row->since = msg_i64(m, "since", INT64_MIN);
	if (m)
		row->restarts = msg_i64(m, "reboots", 0) + msg_i64(m, "crashes", 0);
}

static int give(struct query *q, const struct ps_fleet *f, ps_row_fn fn, void *arg, struct err *e)
{
	struct ps_row row = {
		.id = db_i64(q, 0),
		.name = db_text(q, 1),
		.server = db_text(q, 2),
		.state = db_text(q, 3),
		.addresses = db_text(q, 4),
		.hostname = db_text(q, 5),
		.image = db_text(q, 6),
		.account = db_text(q, 7),
		.subscription = db_text(q, 8),
		.cpu = num(q, 9),
		.cpu_max = num(q, 10),
		.net = num(q, 11),
		.memory = num(q, 12),
		.vm = num(q, 13),
		.disk = num(q, 14),
		.inodes = num(q, 15),
		.procs = num(q, 16),
		.sessions = num(q, 18),
		.transfer = num(q, 19),
		.created = num(q, 17),
		.image_version = num(q, 20),
		.previous_image = db_text(q, 21),
	};

	add_live(&row, f);
	return fn(arg, &row, e);
}

int ps_list(struct sxc *s, const char *server, const char *account, bool live, ps_row_fn fn,
	void *arg, struct err *e)
{
	autoclean(ps_fleet_release) struct ps_fleet f = {0};
	autoclean(db_done) struct query q = {0};
	int r = live ? ps_fleet_ask(s, server, &f, e) : 0;

	if (r < 0)
		return r;
	if (server)
		r = db_query(s->db, &q, e, SQL_OF_SERVER, server, account);
	else if (account)
		r = db_query(s->db, &q, e, SQL_OF_ACCOUNT, account);
	else
		r = db_query(s->db, &q, e, SQL_LIST);
	while (r >= 0 && (r = db_next(&q, e)) > 0)
		r = give(&q, live ? &f : NULL, fn, arg, e);
	return r;
}

int ps_show(struct sxc *s, const char *name, bool live, ps_row_fn fn, void *arg, struct err *e)
{
	autoclean(ps_fleet_release) struct ps_fleet f = {0};
	autoclean(ps_release) struct ps p = {0};
	autoclean(db_done) struct query q = {0};
	autofree char *server = NULL;
	int r = ps_get(s, name, &p, e);

	if (r < 0 || (live && (r = db_get_text(s->db, &server, e, SQL_SERVER_NAME, p.server)) < 0))
		return r;
	if ((live && (r = ps_fleet_ask(s, server, &f, e)) < 0) ||
		(r = db_one(s->db, &q, e, SQL_SHOW, p.name)) <= 0)
		return r;
	return give(&q, live ? &f : NULL, fn, arg, e);
}

/* ---- live ---- */

static int ask(struct sxc *s, int64_t server, const char *op, struct msg *req,
	const struct remote_events *ev, struct msg **ans, struct err *e)
{
	autoclean(server_spec_release) struct server_spec spec = {0};
	automsg *mine = req;
	struct remote *r = NULL;
	int rc;

	if ((rc = server_spec(s, server, &spec, e)) < 0 ||
		(rc = remote_get(s->pool, &spec.remote, &r, e)) < 0)
		return rc;
	rc = remote_call(r, op, NULL, mine, ev, ans, e);
	remote_put(s->pool, r);
	return rc;
}

int ps_live(struct sxc *s, int64_t server, struct msg **ans, struct err *e)
{
	return ask(s, server, "ps.list", msg_new(), NULL, ans, e);
}

int ps_ask_with(struct sxc *s, const struct ps *p, const char *op, struct msg *req,
	const struct remote_events *ev, struct msg **ans, struct err *e)
{
	struct msg *m = req ? req : msg_new();

	msg_add_text(m, "name", p->name);
	return ask(s, p->server, op, m, ev, ans, e);
}

int ps_limits(struct sxc *s, const char *name, ps_row_fn fn, void *arg, struct err *e)
{
	autoclean(ps_release) struct ps p = {0};
	automsg *ans = NULL;
	int r = ps_get(s, name, &p, e);

	if (r < 0)
		return r;
	r = ps_ask(s, &p, "ps.limits", NULL, &ans, e);
	for (size_t i = 0; r >= 0 && i < msg_count(ans, "limit"); i++) {
		const struct msg *m = msg_sub_at(ans, "limit", i);
		struct ps_limit row = {
			.resource = msg_text(m, "resource"),
			.unit = msg_text(m, "unit"),
			.enforced_by = msg_text(m, "enforced_by"),
			.held = msg_i64(m, "held", INT64_MIN),
			.peak = msg_i64(m, "peak", INT64_MIN),
			.bound = msg_i64(m, "bound", INT64_MIN),
			.failures = msg_i64(m, "failures", INT64_MIN),
		};

		r = fn(arg, &row, e);
	}
	return r;
}

/* ---- log ---- */

static int keep_log(void *arg, int fd, const void *p, size_t n, struct err *e)
{
	(void)fd;
	(void)e;
	str_add_clean(arg, p, n, true);
	return 0;
}

int ps_log(struct sxc *s, const char *name, bool inside, int64_t lines, char **out, struct err *e)
{
	autoclean(ps_release) struct ps p = {0};
	autostr text = STR_INIT;
	struct remote_events ev = {.data = keep_log, .arg = &text};
	automsg *ans = NULL;
	struct msg *req;
	int r = ps_get(s, name, &p, e);

	if (r < 0)
		return r;
	req = msg_new();
	msg_add_i64(req, "inside", inside);
	msg_add_i64(req, "lines", lines);
	if ((r = ps_ask_with(s, &p, "ps.log", req, &ev, &ans, e)) < 0)
		return r;
	*out = str_steal(&text);
	return 0;
}
