/* SPDX-License-Identifier: MIT */
/* How applications are: asked of many servers at once, in the books' order. */
#include <string.h>

#include "biz/app_int.h"
#include "biz/server.h"
#include "util/str.h"

#define SQL_PLACES                                                                                 \
	"SELECT i.place, coalesce(i.host, p.server), i.ps IS NULL "                                \
	"FROM instance i LEFT JOIN ps p ON p.id = i.ps "                                           \
	"JOIN app a ON a.id = i.app WHERE (?1 IS NULL OR i.place = ?1) "                           \
	"AND (?2 IS NULL OR a.name = ?2) GROUP BY i.place ORDER BY i.place"

/* Where some are, and what the server said of them. */
struct place {
	char *name;
	int64_t server;
	bool host; /* the server itself */
	struct msg *ans;
	struct err err;
};

struct asking {
	struct {
		struct place *v;
		size_t n, cap;
	} places;
	struct server_specs servers;
	const char *app;
};

static void asking_release(struct asking *a)
{
	vec_each(&a->places, p) {
		free(p->name);
		msg_free(p->ans);
	}
	vec_release(&a->places);
	server_specs_release(&a->servers);
}

/* ---- which, and where ---- */

static int add_places(struct sxc *s, struct asking *a, const char *ps, const char *app,
	struct err *e)
{
	autoclean(db_done) struct query q = {0};
	int r = db_query(s->db, &q, e, SQL_PLACES, ps, app);

	while (r >= 0 && (r = db_next(&q, e)) > 0) {
		struct place p = {.name = db_text_dup(&q, 0),
			.server = db_i64(&q, 1),
			.host = db_i64(&q, 2) != 0};

		vec_push(&a->places, p);
	}
	return r;
}

static const struct server_spec *spec_of(const struct asking *a, int64_t server)
{
	vec_each(&a->servers, sp) {
		if (sp->id == server)
			return sp;
	}
	return NULL;
}

/* Why a server cannot even be tried is said of each of its private servers. */
static void add_servers(struct sxc *s, struct asking *a)
{
	vec_each(&a->places, p) {
		struct server_spec sp = {0};

		if (spec_of(a, p->server))
			continue;
		if (server_spec(s, p->server, &sp, &p->err) == 0)
			vec_push(&a->servers, sp);
	}
}

/* ---- asking: no store, one connection a server ---- */

struct errand {
	struct asking *a;
	int64_t server;
};

static void ask_place(struct remote *r, const struct asking *a, struct place *p)
{
	automsg *req = msg_new();

	msg_add_text(req, "name", p->name);
	if (p->host)
		msg_add_i64(req, "host", 1);
	if (a->app)
		msg_add_text(req, "app", a->app);
	remote_call(r, "app.status", NULL, req, NULL, &p->ans, &p->err);
}

static int ask_server(struct remote *r, struct engine_item *it, struct err *e)
{
	const struct errand *errand = it->arg;
	int rc = 0;

	vec_each(&errand->a->places, p) {
		if (p->server != errand->server || rc == E_UNREACH)
			continue;
		ask_place(r, errand->a, p);
		if ((rc = p->ans ? 0 : p->err.code) == E_UNREACH)
			*e = p->err;
	}
	return rc == E_UNREACH ? rc : 0;
}

/* Why nothing was heard of the private servers of one that does not answer. */
static void server_done(void *arg, struct engine_item *it)
{
	const struct errand *errand = it->arg;

	(void)arg;
	vec_each(&errand->a->places, p) {
		if (it->result < 0 && p->server == errand->server && !p->ans && !p->err.code)
			p->err = it->err;
	}
}

static int ask_all(struct sxc *s, struct asking *a, struct err *e)
{
	size_t n = a->servers.n;
	autofree struct engine_item *items = mem_zalloc((n + 1) * sizeof(*items));
	autofree struct errand *errands = mem_zalloc((n + 1) * sizeof(*errands));

	for (size_t i = 0; i < n; i++) {
		errands[i] = (struct errand){a, a->servers.v[i].id};
		items[i] = (struct engine_item){.spec = &a->servers.v[i].remote,
			.arg = &errands[i]};
	}
	return engine_run(s->pool, items, n, s->jobs, ask_server, server_done, NULL, e);
}

/* ---- telling ---- */

static const struct msg *answer_for(const struct msg *ans, const char *app)
{
	const struct msg *m;

	for (size_t i = 0; (m = msg_sub_at(ans, "instance", i)); i++)
		if (str_eq(msg_text(m, "app"), app))
			return m;
	return NULL;
}

struct telling {
	const struct place *p;
	app_row_fn fn;
	void *arg;
	int down;
};

static int give(void *arg, const void *row, struct err *e)
{
	const struct instance_row *i = row;
	struct telling *t = arg;
	const struct msg *m = t->p->ans ? answer_for(t->p->ans, i->app) : NULL;
	const char *failed = t->p->ans ? NULL : t->p->err.msg;
	const char *health = m ? msg_text(m, "health") : failed ? "unknown" : "missing";
	struct instance_status_row out = {.app = i->app,
		.version = m ? msg_text(m, "version") : i->version,
		.ps = i->ps,
		.server = i->server,
		.state = i->state,
		.unit = m ? msg_text(m, "unit") : NULL,
		.health = health,
		.note = m ? msg_text(m, "note") : failed};

	t->down += !str_eq(health, strcmp(i->state, "stopped") == 0 ? "stopped" : "up");
	return t->fn(t->arg, &out, e);
}

int instance_status(struct sxc *s, char *const *ps, size_t n, const char *app, app_row_fn fn,
	void *arg, struct err *e)
{
	autoclean(asking_release) struct asking a = {.app = app};
	struct telling t = {.fn = fn, .arg = arg};
	int r = 0;

	for (size_t i = 0; i < n && r >= 0; i++)
		r = add_places(s, &a, ps[i], app, e);
	if (r < 0)
		return r;
	add_servers(s, &a);
	if ((r = ask_all(s, &a, e)) < 0)
		return r;
	for (size_t i = 0; i < a.places.n && r >= 0; i++) {
		t.p = &a.places.v[i];
		r = instance_list(s, t.p->name, app, give, &t, e);
	}
	return r < 0 ? r : t.down;
}
