/* SPDX-License-Identifier: MIT */
#include "biz/server.h"

#include <fnmatch.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "biz/server_int.h"
#include "util/slurp.h"
#include "util/str.h"
#include "util/units.h"

#define SQL_ID      "SELECT id FROM server WHERE name = ?1"
#define SQL_HAS_ID  "SELECT id FROM server WHERE id = ?1"
#define SQL_NAME_OF "SELECT name FROM server WHERE id = ?1"
#define SQL_COLUMNS "SELECT id, name, host, port, user, host_key, host_key_type FROM server "
#define SQL_SPEC    SQL_COLUMNS "WHERE id = ?1"
#define SQL_ACTIVE                                                                                 \
	SQL_COLUMNS "WHERE state = 'active' AND host_key IS NOT NULL "                             \
		    "AND (?1 IS NULL OR grp = ?1) ORDER BY name"
#define SQL_STATE "SELECT state FROM server WHERE id = ?1"
#define SQL_COMPLETE                                                                               \
	"SELECT name, host || ' ' || state FROM server "                                           \
	"WHERE name >= ?1 AND name < ?1 || x'f48fbfbf' ORDER BY name LIMIT ?2"
#define SQL_DELETE      "DELETE FROM server WHERE id = ?1"
#define SQL_DELETE_NAME "DELETE FROM node_name WHERE name = ?1 AND kind = 'server'"

/* ---- finding ---- */

int server_id(struct sxc *s, const char *name, int64_t *id, struct err *e)
{
	int64_t n;
	int r;

	if (name[0] == '#' && units_int(name + 1, &n) == 0)
		r = db_get_i64(s->db, id, e, SQL_HAS_ID, n);
	else
		r = db_get_i64(s->db, id, e, SQL_ID, name);
	if (r == 0)
		return err_set(e, E_NOTFOUND, "no server named '%.100s'", name);
	return r < 0 ? r : 0;
}

int server_exists(struct sxc *s, const char *name, struct err *e)
{
	int64_t id;
	int r = server_id(s, name, &id, e);

	return r == 0 ? 1 : r == E_NOTFOUND ? 0 : r;
}

int server_name_of(struct sxc *s, int64_t id, char **name, struct err *e)
{
	return db_get_text(s->db, name, e, SQL_NAME_OF, id);
}

int server_complete(struct sxc *s, const char *prefix, int limit,
	void (*fn)(void *arg, const char *name, const char *help), void *arg, struct err *e)
{
	autoclean(db_done) struct query q = {0};
	int r = db_query(s->db, &q, e, SQL_COMPLETE, prefix, limit);

	while (r >= 0 && (r = db_next(&q, e)) > 0)
		fn(arg, db_text(&q, 0), db_text(&q, 1));
	return r;
}

/* ---- reaching ---- */

void server_spec_release(struct server_spec *sp)
{
	free(sp->name);
	free(sp->host);
	free(sp->user);
	free(sp->host_key);
	free(sp->host_key_type);
	free(sp->identity);
	*sp = (struct server_spec){0};
}

void server_specs_release(struct server_specs *l)
{
	vec_each(l, sp)
		server_spec_release(sp);
	vec_release(l);
}

static void fill_spec(struct sxc *s, struct query *q, struct server_spec *out)
{
	*out = (struct server_spec){.id = db_i64(q, 0),
		.name = db_text_dup(q, 1),
		.host = db_text_dup(q, 2),
		.user = db_text_dup(q, 4),
		.host_key = db_text_dup(q, 5),
		.host_key_type = db_text_dup(q, 6),
		.identity = sxc_path(s, "keys/ssh")};
	out->remote = (struct remote_spec){.name = out->name,
		.host = out->host,
		.port = (int)db_i64(q, 3),
		.user = out->user,
		.host_key = out->host_key,
		.host_key_type = out->host_key_type,
		.identity = out->identity};
}

int server_timeout(struct sxc *s, int *seconds, struct err *e)
{
	int64_t v = 0;
	int r = config_get_i64(s, "server.timeout", &v, e);

	*seconds = (int)v;
	return r;
}

int server_spec(struct sxc *s, int64_t id, struct server_spec *out, struct err *e)
{
	autoclean(db_done) struct query q = {0};
	int r = db_one(s->db, &q, e, SQL_SPEC, id);

	if (r < 0)
		return r;
	if (r == 0)
		return err_set(e, E_NOTFOUND, "no server #%lld", (long long)id);
	fill_spec(s, &q, out);
	if (out->host_key)
		return server_timeout(s, &out->remote.timeout, e);
	r = err_set(e, E_STATE, "server %s is not added yet: run \"sxc server add\" again",
		out->name);
	server_spec_release(out);
	return r;
}

static int add_one(struct sxc *s, const char *name, struct server_specs *out, struct err *e)
{
	struct server_spec sp = {0};
	autofree char *state = NULL;
	int64_t id;
	int r = server_id(s, name, &id, e);

	if (r < 0 || (r = db_get_text(s->db, &state, e, SQL_STATE, id)) < 0)
		return r;
	if (strcmp(state, "active") != 0)
		return err_set(e, E_STATE, "server %s is %s, not active", name, state);
	if ((r = server_spec(s, id, &sp, e)) == 0)
		vec_push(out, sp);
	return r;
}

static bool is_glob(const char *target)
{
	return strpbrk(target, "*?[") != NULL;
}

static int add_matching(struct sxc *s, const char *group, const char *glob,
	struct server_specs *out, struct err *e)
{
	autoclean(db_done) struct query q = {0};
	int timeout, r = server_timeout(s, &timeout, e);

	if (r == 0)
		r = db_query(s->db, &q, e, SQL_ACTIVE, group);
	while (r >= 0 && (r = db_next(&q, e)) > 0) {
		struct server_spec sp;

		if (glob && fnmatch(glob, db_text(&q, 1), 0) != 0)
			continue;
		fill_spec(s, &q, &sp);
		sp.remote.timeout = timeout;
		vec_push(out, sp);
	}
	return r;
}

int server_targets(struct sxc *s, const char *target, struct server_specs *out, struct err *e)
{
	int r;

	if (target[0] == '@')
		r = add_matching(s, target + 1, NULL, out, e);
	else if (strcmp(target, "all") == 0)
		r = add_matching(s, NULL, NULL, out, e);
	else if (is_glob(target))
		r = add_matching(s, NULL, target, out, e);
	else
		return add_one(s, target, out, e);
	if (r < 0)
		return r;
	if (out->n == 0)
		return err_set(e, E_NOTFOUND, "no active server matches '%.100s'", target);
	return 0;
}

/* ---- for the other parts ---- */

int server_public_key(struct sxc *s, char **line, struct err *e)
{
	autofree char *path = sxc_path(s, "keys/ssh.pub");
	autostr text = STR_INIT;
	int r = slurp(path, 16384, &text, e);

	if (r < 0)
		return r;
	*line = mem_strndup(str_c(&text), strcspn(str_c(&text), "\r\n"));
	return 0;
}

char *server_agent_path(void)
{
	return sxc_helper("SXC_AGENT", "sxc-agent");
}

int server_delete(struct sxc *s, int64_t id, const char *name, struct err *e)
{
	int r = db_run(s->db, e, SQL_DELETE, id);

	return r < 0 ? r : db_run(s->db, e, SQL_DELETE_NAME, name);
}
