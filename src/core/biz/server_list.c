/* SPDX-License-Identifier: MIT */
#include <stdint.h>
#include <string.h>

#include "biz/server.h"
#include "util/str.h"

#define SQL_ROWS                                                                                   \
	"SELECT s.id, s.name, s.state, s.host, s.port, s.user, s.os, s.os_version, s.kernel, "     \
	"s.arch, s.cpus, s.cpu_mhz, s.memory, s.disk, s.addresses, "                               \
	"coalesce(s.uplink, s.found_uplink), s.rate, s.cgroup2, s.quota, s.module, s.agent, "      \
	"s.grp, s.host_key, (SELECT count(*) FROM ps p WHERE p.server = s.id), s.seen, "           \
	"s.created, s.module_state, s.enforces "                                                   \
	"FROM server s "
#define SQL_LIST SQL_ROWS "WHERE ?1 IS NULL OR s.grp = ?1 ORDER BY s.name"
#define SQL_SHOW SQL_ROWS "WHERE s.id = ?1"
#define SQL_INHABITANTS                                                                            \
	"SELECT group_concat(name, ' ') FROM (SELECT name FROM ps WHERE server = ?1 ORDER BY name)"

static int64_t num(struct query *q, int col)
{
	return db_is_null(q, col) ? INT64_MIN : db_i64(q, col);
}

/* A fact that was never recorded is unknown, not zero. */
static int64_t fact(struct query *q, int col)
{
	return db_i64(q, col) ? db_i64(q, col) : INT64_MIN;
}

/* All parts that there are, see sxps(4). */
static bool enforcing(const char *parts)
{
	return parts && strstr(parts, "net") && strstr(parts, "transfer") &&
	       strstr(parts, "sessions") && strstr(parts, "views");
}

static int give(struct query *q, server_row_fn fn, void *arg, struct err *e)
{
	struct server_row row = {
		.id = db_i64(q, 0),
		.name = db_text(q, 1),
		.state = db_text(q, 2),
		.host = db_text(q, 3),
		.port = db_i64(q, 4),
		.user = db_text(q, 5),
		.os = db_text(q, 6),
		.os_version = db_text(q, 7),
		.kernel = db_text(q, 8),
		.arch = db_text(q, 9),
		.cpus = fact(q, 10),
		.cpu_mhz = fact(q, 11),
		.memory = fact(q, 12),
		.disk = fact(q, 13),
		.addresses = db_text(q, 14),
		.uplink = db_text(q, 15),
		.link_rate = num(q, 16),
		.cgroup2 = db_i64(q, 17),
		.quota = db_i64(q, 18),
		.module = db_text(q, 19),
		.agent = db_text(q, 20),
		.group = db_text(q, 21),
		.host_key = db_text(q, 22),
		.ps = db_i64(q, 23),
		.seen = num(q, 24),
		.created = num(q, 25),
		.module_state = db_text(q, 26),
		.enforces = db_text(q, 27),
		.enforcing = enforcing(db_text(q, 27)),
	};

	return fn(arg, &row, e);
}

int server_list(struct sxc *s, const char *group, server_row_fn fn, void *arg, struct err *e)
{
	autoclean(db_done) struct query q = {0};
	int r = db_query(s->db, &q, e, SQL_LIST, group);

	while (r >= 0 && (r = db_next(&q, e)) > 0)
		r = give(&q, fn, arg, e);
	return r;
}

int server_show(struct sxc *s, const char *name, server_row_fn fn, void *arg, struct err *e)
{
	autoclean(db_done) struct query q = {0};
	int64_t id;
	int r = server_id(s, name, &id, e);

	if (r < 0 || (r = db_one(s->db, &q, e, SQL_SHOW, id)) < 0)
		return r;
	return r == 0 ? err_set(e, E_NOTFOUND, "no server named '%.100s'", name)
	              : give(&q, fn, arg, e);
}

int server_inhabitants(struct sxc *s, const char *name, char **out, struct err *e)
{
	int64_t id;
	int r = server_id(s, name, &id, e);

	*out = NULL;
	if (r == 0)
		r = db_get_text(s->db, out, e, SQL_INHABITANTS, id);
	return r < 0 ? r : 0;
}
