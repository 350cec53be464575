/* SPDX-License-Identifier: MIT */
/* Applications and where they are, in the books: found, listed, asked how they are. */
#include <string.h>

#include "biz/app_int.h"
#include "biz/server.h"
#include "util/str.h"
#include "util/vec.h"

#define SQL_GET                                                                                    \
	"SELECT i.id, i.version, coalesce(i.ps, 0), coalesce(i.host, p.server), a.name, i.place, " \
	"i.state, i.settings "                                                                     \
	"FROM instance i JOIN app a ON a.id = i.app LEFT JOIN ps p ON p.id = i.ps "
#define SQL_FIND   SQL_GET "WHERE i.place = ?1 AND a.name = ?2"
#define SQL_GET_ID SQL_GET "WHERE i.id = ?1"
#define SQL_PROVIDER                                                                               \
	"SELECT i.id FROM instance i JOIN app_provides p ON p.version = i.version "                \
	"WHERE i.ps = ?1 AND p.capability = ?2 AND i.state <> 'removing' ORDER BY i.id LIMIT 1"
#define SQL_LIST                                                                                   \
	"SELECT a.name, v.version, p.name, s.name, i.state, ac.name, i.error, i.created "          \
	"FROM instance i JOIN app a ON a.id = i.app JOIN app_version v ON v.id = i.version "       \
	"LEFT JOIN ps p ON p.id = i.ps JOIN server s ON s.id = coalesce(i.host, p.server) "        \
	"LEFT JOIN account ac ON ac.id = p.account "                                               \
	"WHERE (?1 IS NULL OR i.place = ?1) AND (?2 IS NULL OR a.name = ?2) "                      \
	"ORDER BY i.place, a.name"
#define SQL_PLACE                                                                                  \
	"SELECT p.id, p.server, p.name, p.state FROM ps p WHERE p.name = ?1 UNION ALL "            \
	"SELECT 0, s.id, s.name, s.state FROM server s WHERE s.name = ?1"

char *instance_object(const char *app, const char *place)
{
	return str_fmt("%s@%s", app, place);
}

/* ---- places ---- */

void app_place_release(struct app_place *p)
{
	free(p->name);
	free(p->state);
	*p = (struct app_place){0};
}

int app_place_get(struct sxc *s, const char *name, struct app_place *out, struct err *e)
{
	autoclean(db_done) struct query q = {0};
	int r = db_one(s->db, &q, e, SQL_PLACE, name);

	if (r > 0)
		*out = (struct app_place){.ps = db_i64(&q, 0),
			.server = db_i64(&q, 1),
			.name = db_text_dup(&q, 2),
			.state = db_text_dup(&q, 3)};
	return r == 0  ? err_set(e, E_NOTFOUND, "no server or private server named '%s'", name)
	       : r < 0 ? r
	               : 0;
}

/* ---- instances ---- */

void instance_release(struct instance *i)
{
	free(i->app);
	free(i->place);
	free(i->state);
	free(i->settings);
	*i = (struct instance){0};
}

static void fill(struct query *q, struct instance *out)
{
	*out = (struct instance){.id = db_i64(q, 0),
		.version = db_i64(q, 1),
		.ps = db_i64(q, 2),
		.server = db_i64(q, 3),
		.app = db_text_dup(q, 4),
		.place = db_text_dup(q, 5),
		.state = db_text_dup(q, 6),
		.settings = db_text_dup(q, 7)};
}

int instance_find(struct sxc *s, const char *place, const char *app, struct instance *out,
	struct err *e)
{
	autoclean(db_done) struct query q = {0};
	int r = db_one(s->db, &q, e, SQL_FIND, place, app);

	if (r > 0)
		fill(&q, out);
	return r;
}

int instance_get_id(struct sxc *s, int64_t id, struct instance *out, struct err *e)
{
	autoclean(db_done) struct query q = {0};
	int r = db_one(s->db, &q, e, SQL_GET_ID, id);

	if (r > 0)
		fill(&q, out);
	return r;
}

int instance_provider(struct sxc *s, int64_t ps, const char *capability, int64_t *id, struct err *e)
{
	return db_get_i64(s->db, id, e, SQL_PROVIDER, ps, capability);
}

int instance_list(struct sxc *s, const char *ps, const char *app, app_row_fn fn, void *arg,
	struct err *e)
{
	autoclean(db_done) struct query q = {0};
	int r = db_query(s->db, &q, e, SQL_LIST, ps, app);

	while (r >= 0 && (r = db_next(&q, e)) > 0) {
		struct instance_row row = {db_text(&q, 0), db_text(&q, 1), db_text(&q, 2),
			db_text(&q, 3), db_text(&q, 4), db_text(&q, 5), db_text(&q, 6),
			db_i64(&q, 7)};

		r = fn(arg, &row, e);
	}
	return r;
}

/* ---- what the server says ---- */

/* Ask the agent of a server; no transaction is open. */
int app_ask(struct sxc *s, int64_t server, const char *op, struct msg *req, struct msg **ans,
	struct err *e)
{
	autoclean(server_spec_release) struct server_spec spec = {0};
	automsg *owned = req;
	struct remote *remote = NULL;
	int r;

	if ((r = server_spec(s, server, &spec, e)) < 0 ||
		(r = remote_get(s->pool, &spec.remote, &remote, e)) < 0)
		return r;
	r = remote_call(remote, op, NULL, owned, NULL, ans, e);
	remote_put(s->pool, remote);
	return r;
}
