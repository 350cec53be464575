/* SPDX-License-Identifier: MIT */
#include <string.h>
#include <unistd.h>

#include "agent/session.h"
#include "svc/sign.h"

extern const struct agent_op *const __start_agent_ops[];
extern const struct agent_op *const __stop_agent_ops[];

struct task {
	const struct agent_op *op;
	const char *job;
	const struct msg *req;
	char digest[SHA256_HEX]; /* of operation and request */
	int job_lock, ps_lock;
};

static void task_release(struct task *t)
{
	if (t->ps_lock >= 0)
		close(t->ps_lock);
	if (t->job_lock >= 0) {
		autofree char *path = str_fmt("%s/job-%s.lock", AGENT_RUN, t->job);

		unlink(path);
		close(t->job_lock);
	}
}

static const struct agent_op *op_named(const char *name)
{
	for (const struct agent_op *const *o = __start_agent_ops; o < __stop_agent_ops; o++)
		if (strcmp((*o)->name, name) == 0)
			return *o;
	return NULL;
}

/* Job names become file names: letters, digits and ._- only, no dot in front. */
static bool job_ok(const char *job)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789._-";
	size_t n = strlen(job);

	return n > 0 && n <= 120 && job[0] != '.' && strspn(job, allowed) == n;
}

static int lock_job(struct task *t, struct err *e)
{
	autostr enc = STR_INIT;
	int r;

	if (!t->job || !job_ok(t->job))
		return err_set(e, E_USAGE, "%s needs the name of a job", t->op->name);
	str_addf(&enc, "%s ", t->op->name);
	if (t->req && (r = msg_encode(t->req, &enc, e)) < 0)
		return r;
	sha256_buf(enc.p, enc.len, t->digest);
	autofree char *name = str_fmt("job-%s", t->job);
	autofree char *what = str_fmt("job %s", t->job);
	return lock_take(name, what, t->job, &t->job_lock, e);
}

static int lock_ps(struct task *t, struct err *e)
{
	const char *ps;
	int r = msg_need_name(t->req, "name", &ps, e);

	if (r < 0)
		return r;
	autofree char *name = str_fmt("ps-%s", ps);
	autofree char *what = str_fmt("%s %s",
		msg_i64(t->req, "host", 0) ? "server" : "private server", ps);
	return lock_take(name, what, t->job ? t->job : t->op->name, &t->ps_lock, e);
}

/* What may be asked again with another result is not an outcome. */
static bool is_final(int code)
{
	return code != E_UNREACH && code != E_BUSY && code != E_INTR;
}

static int perform(struct agent *a, struct task *t, struct msg **ans, struct err *e)
{
	automsg *m = msg_new();
	struct err ignored;
	int r;

	if ((t->op->flags & OP_LOCK_PS) && (r = lock_ps(t, e)) < 0)
		return r;
	e->code = 0;
	e->msg[0] = '\0';
	r = t->op->run(a, t->req, m, e);
	/* An outcome that cannot be written is no reason to fail: doing it again is harmless. */
	if ((t->op->flags & OP_CHANGE) && is_final(r))
		outcome_put(t->job, t->op->name, t->digest, r, e->msg, m, &ignored);
	if (r < 0)
		return r;
	*ans = steal(&m);
	return 0;
}

int dispatch(struct agent *a, const char *op, const char *job, const struct msg *req,
	struct msg **ans, struct err *e)
{
	autoclean(task_release) struct task t = {.job = job,
		.req = req,
		.job_lock = -1,
		.ps_lock = -1};
	automsg *none = msg_new();
	int r, code;

	if (!t.req)
		t.req = none;
	t.op = op_named(op);
	if (!t.op)
		return err_set(e, E_STATE, "agent %s has no operation \"%s\"", SXC_VERSION, op);
	if (!(t.op->flags & OP_CHANGE))
		return perform(a, &t, ans, e);
	if ((r = lock_job(&t, e)) < 0)
		return r;
	if ((r = outcome_get(t.job, t.digest, &code, ans, e)) != 0)
		return r < 0 ? r : code;
	return perform(a, &t, ans, e);
}
