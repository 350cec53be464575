/* SPDX-License-Identifier: MIT */
/* Applications on private servers, in the books: found, listed, asked how they are. */
#include <string.h>

#include "biz/app_int.h"
#include "biz/ps.h"
#include "biz/server.h"
#include "util/str.h"
#include "util/vec.h"

#define SQL_GET                                                                                    \
	"SELECT i.id, i.version, i.ps, p.server, a.name, p.name, i.state, i.settings "             \
	"FROM instance i JOIN app a ON a.id = i.app JOIN ps p ON p.id = i.ps "
#define SQL_FIND   SQL_GET "WHERE i.ps = ?1 AND a.name = ?2"
#define SQL_GET_ID SQL_GET "WHERE i.id = ?1"
#define SQL_PROVIDER                                                                               \
	"SELECT i.id FROM instance i JOIN app_provides p ON p.version = i.version "                \
	"WHERE i.ps = ?1 AND p.capability = ?2 AND i.state <> 'removing' ORDER BY i.id LIMIT 1"
#define SQL_LIST                                                                                   \
	"SELECT a.name, v.version, p.name, s.name, i.state, ac.name, i.error, i.created "          \
	"FROM instance i JOIN app a ON a.id = i.app JOIN app_version v ON v.id = i.version "       \
	"JOIN ps p ON p.id = i.ps JOIN server s ON s.id = p.server "                               \
	"LEFT JOIN account ac ON ac.id = p.account "                                               \
	"WHERE (?1 IS NULL OR p.name = ?1) AND (?2 IS NULL OR a.name = ?2) ORDER BY p.name, a.name"

char *instance_object(const char *app, const char *ps)
{
	return str_fmt("%s@%s", app, ps);
}

void instance_release(struct instance *i)
{
	free(i->app);
	free(i->ps_name);
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
		.ps_name = db_text_dup(q, 5),
		.state = db_text_dup(q, 6),
		.settings = db_text_dup(q, 7)};
}

int instance_find(struct sxc *s, int64_t ps, const char *app, struct instance *out, struct err *e)
{
	autoclean(db_done) struct query q = {0};
	int r = db_one(s->db, &q, e, SQL_FIND, ps, app);

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

/* Ask the agent of the private server's server; no transaction is open. */
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
