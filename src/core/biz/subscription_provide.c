/* SPDX-License-Identifier: MIT */
/* What a subscription gets by its terms, and bringing that about when another comes into force. */
#include <jansson.h>
#include <string.h>

#include "biz/plan_provide.h"
#include "biz/subscription_int.h"
#include "util/str.h"

#define SQL_PROVIDES                                                                               \
	"SELECT v.provides, v.best_effort, t.custom FROM subscription_term t "                     \
	"JOIN plan_version v ON v.id = t.version WHERE t.id = ?1"
#define SQL_ADDS                                                                                   \
	"SELECT DISTINCT o.name, o.quantity, p.adds FROM term_option o "                           \
	"JOIN subscription_term t ON t.id = o.term "                                               \
	"JOIN plan_option p ON p.version = t.version AND p.name = o.name "                         \
	"WHERE o.term = ?1 AND p.adds IS NOT NULL ORDER BY o.name"
#define SQL_STANDS   "SELECT provided, term FROM subscription WHERE id = ?1"
#define SQL_PROVIDED "UPDATE subscription SET provided = ?2 WHERE id = ?1"

static void json_cleanup(json_t **j)
{
	json_decref(*j);
}
#define autojson autoclean(json_cleanup) json_t

static int add_options(struct sxc *s, int64_t term, json_t *provides, struct err *e)
{
	autoclean(db_done) struct query q = {0};
	int r = db_query(s->db, &q, e, SQL_ADDS, term);

	while (r >= 0 && (r = db_next(&q, e)) > 0) {
		autojson *adds = json_loads(db_text(&q, 2), 0, NULL);

		if ((r = provide_add(provides, adds, db_i64(&q, 1), e)) < 0)
			return r;
	}
	return r;
}

int sub_provides(struct sxc *s, int64_t term, char **provides, char **best_effort, struct err *e)
{
	autojson *what = NULL, *custom = NULL;
	int r;

	*provides = *best_effort = NULL;
	{
		autoclean(db_done) struct query q = {0};

		if ((r = db_one(s->db, &q, e, SQL_PROVIDES, term)) <= 0)
			return r < 0 ? r : err_set(e, E_INTEGRITY, "a term is missing");
		if (!db_text(&q, 0))
			return db_is_null(&q, 2)
			               ? 0
			               : err_set(e, E_STATE,
						 "the plan provides nothing that could be "
						 "customised");
		what = json_loads(db_text(&q, 0), 0, NULL);
		*best_effort = db_text_dup(&q, 1);
		if (db_text(&q, 2))
			custom = json_loads(db_text(&q, 2), 0, NULL);
	}
	if ((r = provide_custom(what, custom, e)) < 0 || (r = add_options(s, term, what, e)) < 0) {
		free(steal(best_effort));
		return r;
	}
	*provides = json_dumps(what, JSON_SORT_KEYS | JSON_COMPACT);
	return 0;
}

int sub_change_provided(struct sxc *s, int64_t id, int64_t from, int64_t to, int64_t *job,
	struct err *e)
{
	autofree char *before = NULL, *after = NULL, *best = NULL, *ignored = NULL;
	int r;

	*job = 0;
	if ((r = sub_provides(s, from, &before, &ignored, e)) < 0 ||
		(r = sub_provides(s, to, &after, &best, e)) < 0)
		return r;
	return provision_change(s, id, before, after, best, job, e);
}

int sub_provided(struct sxc *s, int64_t id, int64_t term, struct err *e)
{
	return db_run(s->db, e, SQL_PROVIDED, id, term);
}

int sub_provide(struct sxc *s, int64_t id, struct job_ids *jobs, struct err *e)
{
	int64_t provided, term, job;
	int r;

	{
		autoclean(db_done) struct query q = {0};

		if ((r = db_one(s->db, &q, e, SQL_STANDS, id)) <= 0)
			return r;
		provided = db_i64(&q, 0);
		term = db_i64(&q, 1);
	}
	if (!provided || provided == term)
		return 0;
	if ((r = sub_change_provided(s, id, provided, term, &job, e)) < 0)
		return r;
	if (job)
		vec_push(jobs, job);
	return sub_provided(s, id, term, e);
}

/* In a savepoint of its own: a run bills on though a server is full or at work. */
int sub_try_provide(struct sxc *s, int64_t id, struct job_ids *jobs, struct err *e)
{
	autotx struct db *tx = NULL;
	size_t queued = jobs->n;
	int r = db_begin(s->db, e);

	if (r < 0)
		return r;
	tx = s->db;
	if ((r = sub_provide(s, id, jobs, e)) < 0) {
		jobs->n = queued;
		return r;
	}
	tx = NULL;
	return db_commit(s->db, e);
}

int sub_could_provide(struct sxc *s, int64_t id, int64_t from, int64_t to, struct err *e)
{
	autotx struct db *tx = NULL;
	struct err why = {0};
	int64_t job;
	int r = db_begin(s->db, e);

	if (r < 0)
		return r;
	tx = s->db; /* taken back on return */
	r = sub_change_provided(s, id, from, to, &job, &why);
	if (r == 0 || r == E_BUSY)
		return 0;
	return err_set(e, r, "%s", why.msg);
}

bool sub_is_refusal(int code)
{
	return code == E_LIMIT || code == E_STATE || code == E_NOTFOUND || code == E_EXISTS ||
	       code == E_INUSE || code == E_USAGE || code == E_BUSY;
}
