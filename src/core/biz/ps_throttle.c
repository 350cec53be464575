/* SPDX-License-Identifier: MIT */
#include "biz/ps_throttle.h"

#include "biz/ps_int.h"

#define SQL_BOUNDS "SELECT cpu, cpu_max, net FROM ps WHERE id = ?1"

static int64_t share(int64_t whole, int64_t percent)
{
	int64_t part = whole * percent / 100;

	return whole && !part ? 1 : part;
}

/* The bounds of the books, or percent of them; 0 is none, which takes a cap away again. */
static int set_bounds(struct job *j, int64_t percent, struct err *e)
{
	struct msg *m;
	int64_t cpu, cpu_max, net, id = job_arg_i64(j, "ps", 0);

	{
		autoclean(db_done) struct query q = {0};
		int r = db_one(j->sxc->db, &q, e, SQL_BOUNDS, id);

		if (r <= 0) /* it was removed meanwhile: nothing is left to be slowed down */
			return r;
		cpu = db_i64(&q, 0);
		cpu_max = db_i64(&q, 1);
		net = db_i64(&q, 2);
	}
	m = msg_new();
	msg_add_text(m, "name", j->object);
	msg_add_i64(m, "id", id);
	msg_add_i64(m, "cpu", share(cpu, percent));
	msg_add_i64(m, "cpu_max", percent < 100 ? share(cpu, percent) : cpu_max);
	msg_add_i64(m, "net", share(net, percent));
	return job_call(j, j->server, "ps.set", m, NULL, e);
}

static int slow_down(struct job *j, struct err *e)
{
	return set_bounds(j, job_arg_i64(j, "percent", 100), e);
}

static int as_promised(struct job *j, struct err *e)
{
	return set_bounds(j, 100, e);
}

static const struct job_step steps_throttle[] = {{.name = "lower bounds",
	.run = slow_down,
	.undo = as_promised,
	.undo_name = "set the bounds of the books"}};
static const struct job_step steps_unthrottle[] = {
	{.name = "set the bounds of the books", .run = as_promised}};
JOB_KIND(ps_throttle, "ps.throttle", steps_throttle);
JOB_KIND(ps_unthrottle, "ps.unthrottle", steps_unthrottle);

static int queue(struct sxc *s, const char *name, const struct job_kind *kind, int64_t percent,
	int64_t *job, struct err *e)
{
	autoclean(ps_release) struct ps p = {0};
	int64_t before = s->parent_job, behind = 0;
	int r = ps_get(s, name, &p, e);

	if (r < 0 || (r = job_unfinished(s, NULL, p.name, &behind, e)) < 0)
		return r;
	s->parent_job = behind ? behind : before;
	r = job_create(s, kind, p.name, p.server,
		json_pack("{s:I, s:I}", "ps", (json_int_t)p.id, "percent", (json_int_t)percent),
		job, e);
	s->parent_job = before;
	return r < 0 ? r : audit_add(s, kind->name, p.name, NULL, NULL, e);
}

int ps_throttle_tx(struct sxc *s, const char *name, int64_t *job, struct err *e)
{
	int64_t percent = 10;
	int r = config_get_i64(s, "dunning.throttle", &percent, e);

	return r < 0 ? r : queue(s, name, &job_kind_ps_throttle, percent, job, e);
}

int ps_unthrottle_tx(struct sxc *s, const char *name, int64_t *job, struct err *e)
{
	return queue(s, name, &job_kind_ps_unthrottle, 100, job, e);
}
