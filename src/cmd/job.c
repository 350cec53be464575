/* SPDX-License-Identifier: MIT */
/* sxc job: work on servers, finished or not. */
#include "biz/job.h"

#include <stdio.h>
#include <stdlib.h>

#include "cmd/cmd.h"
#include "cmd/out.h"
#include "util/str.h"

static const struct column columns[] = {
	COL_NAMED("job", struct job_row, id, COL_INT, "its number"),
	COL(struct job_row, kind, COL_TEXT, "what it does"),
	COL(struct job_row, object, COL_TEXT, "to what"),
	COL(struct job_row, server, COL_TEXT, "on which server"),
	COL(struct job_row, state, COL_TEXT, "pending, running, undoing, done, failed, cancelled"),
	COL(struct job_row, steps_done, COL_INT, "steps that are done"),
	COL(struct job_row, steps, COL_INT, "steps it has"),
	COL(struct job_row, step, COL_TEXT, "the step it stands at"),
	COL(struct job_row, error, COL_TEXT, "what stopped it last"),
	{"created", COL_TIME, offsetof(struct job_row, created), 0, "when it was written down",
		true},
	{"updated", COL_TIME, offsetof(struct job_row, updated), 0, "when its state changed", true},
	COL_END,
};
static const struct column step_columns[] = {
	COL(struct job_step_row, seq, COL_INT, "its place"),
	COL(struct job_step_row, name, COL_TEXT, "what it does"),
	COL(struct job_step_row, state, COL_TEXT, "pending, running, done, failed, undone"),
	COL(struct job_step_row, attempts, COL_INT, "how often it was begun"),
	COL(struct job_step_row, undo, COL_TEXT, "what undoes it"),
	COL(struct job_step_row, started, COL_TIME, "begun last"),
	COL(struct job_step_row, ended, COL_TIME, "ended last"),
	COL(struct job_step_row, error, COL_TEXT, "what went wrong"),
	COL_END,
};

struct list_opts {
	bool all;
};
static const struct opt opts_list[] = {
	OPT(struct list_opts, all, "all", 'a', OPT_FLAG, NULL, "also those that have ended"),
	OPT_END,
};
static const struct arg args_job[] = {{"JOB", ENT_JOB, ARG_ONE}, ARG_END};
static const struct arg args_jobs[] = {{"JOB", ENT_JOB, ARG_ANY}, ARG_END};

static int64_t job_id(const char *text)
{
	return strtoll(text[0] == '#' ? text + 1 : text, NULL, 10);
}

static int run_list(struct call *c, struct err *e)
{
	const struct list_opts *o = c->opts;
	int r = out_list(c->out, "jobs", columns, e);

	if (r == 0)
		r = job_list(c->sxc, o->all, out_row_fn, c->out, e);
	return r < 0 ? r : out_end(c->out, e);
}

static int show_row(void *arg, const void *row, struct err *e)
{
	return out_object(arg, columns, row, e);
}

static int run_show(struct call *c, struct err *e)
{
	int64_t id = job_id(c->args[0]);
	int r = job_get(c->sxc, id, show_row, c->out, e);

	if (r < 0 || (r = out_nested(c->out, "Steps", "job_steps", step_columns, e)) < 0 ||
		(r = job_steps(c->sxc, id, out_row_fn, c->out, e)) < 0)
		return r;
	return out_object_end(c->out, e);
}

static int resume_all(struct call *c, struct err *e)
{
	int left = job_run_queue(c->sxc, e);

	if (left < 0)
		return left;
	if (left)
		return err_set(e, E_PARTIAL, "%d job%s could not be finished, see \"sxc job list\"",
			left, left == 1 ? "" : "s");
	out_done(c->out, "no job is unfinished");
	return 0;
}

static int run_resume(struct call *c, struct err *e)
{
	if (c->nargs == 0)
		return resume_all(c, e);
	for (int i = 0; i < c->nargs; i++) {
		int r = job_run(c->sxc, job_id(c->args[i]), e);

		if (r < 0)
			return r;
		out_done_name(c->out, "job", c->args[i], "job %s done", c->args[i]);
	}
	return 0;
}

static int run_cancel(struct call *c, struct err *e)
{
	int r = job_cancel(c->sxc, job_id(c->args[0]), e);

	if (r == 0)
		out_done_name(c->out, "job", c->args[0], "job %s cancelled and undone", c->args[0]);
	return r;
}

static const struct cmd cmd_list = {.noun = "job",
	.verb = "list",
	.help = "list unfinished jobs",
	.opts = opts_list,
	.opts_size = sizeof(struct list_opts),
	.flags = CMD_DB_READ | CMD_LIST,
	.run = run_list,
	.columns = columns};
static const struct cmd cmd_show = {.noun = "job",
	.verb = "show",
	.help = "show one job and its steps",
	.args = args_job,
	.flags = CMD_DB_READ,
	.run = run_show,
	.columns = columns};
static const struct cmd cmd_resume = {.noun = "job",
	.verb = "resume",
	.help = "go on with unfinished jobs, all of them unless named",
	.args = args_jobs,
	.flags = CMD_DB_WRITE | CMD_NETWORK | CMD_REPEATABLE,
	.run = run_resume};
static const struct cmd cmd_cancel = {.noun = "job",
	.verb = "cancel",
	.help = "undo what an unfinished job has done",
	.args = args_job,
	.flags = CMD_DB_WRITE | CMD_NETWORK | CMD_DESTRUCTIVE | CMD_REPEATABLE,
	.ask = "undo job %s?",
	.run = run_cancel};

CMD_NOUN(job, "job", "work on servers, finished or not", 32, &cmd_list, &cmd_show, &cmd_resume,
	&cmd_cancel);

/* ---- entity ---- */

static int nothing(void *arg, const void *row, struct err *e)
{
	(void)arg, (void)row, (void)e;
	return 0;
}

static int job_exists(struct sxc *s, const char *name, struct err *e)
{
	int r = job_get(s, job_id(name), nothing, NULL, e);

	return r == 0 ? 1 : r == E_NOTFOUND ? 0 : r;
}

struct completion {
	const char *prefix;
	int limit;
	void (*fn)(void *arg, const char *name, const char *help);
	void *arg;
};

static int complete_row(void *arg, const void *row, struct err *e)
{
	const struct job_row *job = row;
	struct completion *c = arg;
	char id[24];

	(void)e;
	snprintf(id, sizeof(id), "%lld", (long long)job->id);
	if (str_starts(id, c->prefix) && c->limit-- > 0)
		c->fn(c->arg, id, job->kind);
	return 0;
}

static int job_complete(struct sxc *s, const char *prefix, int limit,
	void (*fn)(void *arg, const char *name, const char *help), void *arg, struct err *e)
{
	struct completion c = {prefix, limit, fn, arg};

	return job_list(s, false, complete_row, &c, e);
}
CMD_ENTITY(job, ENT_JOB, "job", job_exists, job_complete);
