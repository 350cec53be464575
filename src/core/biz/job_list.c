/* SPDX-License-Identifier: MIT */
/* What `sxc job` shows. */
#include <string.h>

#include "biz/job.h"

#define SQL_ROWS                                                                                   \
	"SELECT j.id, j.kind, j.object, s.name, j.state, "                                         \
	"(SELECT name FROM job_step t WHERE t.job = j.id AND t.state NOT IN ('done', 'undone') "   \
	" ORDER BY seq LIMIT 1), j.error, "                                                        \
	"(SELECT count(*) FROM job_step t WHERE t.job = j.id AND t.state = 'done'), "              \
	"(SELECT count(*) FROM job_step t WHERE t.job = j.id), j.created, j.updated "              \
	"FROM job j LEFT JOIN server s ON s.id = j.server "
#define SQL_LIST SQL_ROWS "WHERE ?1 OR j.state IN ('pending', 'running', 'undoing') ORDER BY j.id"
#define SQL_GET  SQL_ROWS "WHERE j.id = ?1"
#define SQL_STEPS                                                                                  \
	"SELECT seq + 1, name, state, undo, error, attempts, started, ended "                      \
	"FROM job_step WHERE job = ?1 ORDER BY seq"

static int give(struct query *q, job_row_fn fn, void *arg, struct err *e)
{
	struct job_row row = {
		.id = db_i64(q, 0),
		.kind = db_text(q, 1),
		.object = db_text(q, 2),
		.server = db_text(q, 3),
		.state = db_text(q, 4),
		.step = db_text(q, 5),
		.error = db_text(q, 6),
		.steps_done = db_i64(q, 7),
		.steps = db_i64(q, 8),
		.created = db_i64(q, 9),
		.updated = db_i64(q, 10),
	};

	if (strcmp(row.state, "done") == 0)
		row.step = NULL;
	return fn(arg, &row, e);
}

int job_list(struct sxc *s, bool all, job_row_fn fn, void *arg, struct err *e)
{
	autoclean(db_done) struct query q = {0};
	int r = db_query(s->db, &q, e, SQL_LIST, all);

	while (r >= 0 && (r = db_next(&q, e)) > 0)
		r = give(&q, fn, arg, e);
	return r;
}

int job_get(struct sxc *s, int64_t id, job_row_fn fn, void *arg, struct err *e)
{
	autoclean(db_done) struct query q = {0};
	int r = db_one(s->db, &q, e, SQL_GET, id);

	if (r == 0)
		return err_set(e, E_NOTFOUND, "no job %lld", (long long)id);
	return r < 0 ? r : give(&q, fn, arg, e);
}

int job_steps(struct sxc *s, int64_t id, job_row_fn fn, void *arg, struct err *e)
{
	autoclean(db_done) struct query q = {0};
	int r = db_query(s->db, &q, e, SQL_STEPS, id);

	while (r >= 0 && (r = db_next(&q, e)) > 0) {
		struct job_step_row row = {
			.seq = db_i64(&q, 0),
			.name = db_text(&q, 1),
			.state = db_text(&q, 2),
			.undo = db_text(&q, 3),
			.error = db_text(&q, 4),
			.attempts = db_i64(&q, 5),
			.started = db_i64(&q, 6),
			.ended = db_i64(&q, 7),
		};

		r = fn(arg, &row, e);
	}
	return r;
}
