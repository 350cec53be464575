/* SPDX-License-Identifier: MIT */
/* Operations ps.exec and ps.enter, and ps_run_inside for the rest of the agent. */
#include <string.h>

#include "agent/agent.h"
#include "agent/child.h"
#include "agent/ps.h"
#include "agent/ps_join.h"
#include "util/vec.h"

static void join_release(struct join *j)
{
	join_finish(j);
}

static void read_argv(const struct msg *req, struct strvec *argv)
{
	const char *t;

	for (size_t i = 0; (t = msg_text_at(req, "argv", i)); i++)
		strvec_push(argv, t);
}

AGENT_OP(ps_exec, "ps.exec", OP_READ | OP_STREAM)
{
	autostrvec argv = {0};
	autoclean(join_release) struct join j = {0};
	int rc = msg_need_name(req, "name", &j.ps, e);

	if (rc < 0)
		return rc;
	read_argv(req, &argv);
	if (!argv.n)
		return err_set(e, E_USAGE, "ps.exec needs a command");
	j.argv = strvec_argv(&argv);
	if ((rc = join_start(&j, e)) < 0 || (rc = agent_stream(a, &j.child, e)) < 0)
		return rc;
	msg_add_i64(ans, "status", rc);
	return 0;
}

static int terminal_size(const struct msg *req, struct join *j, struct err *e)
{
	int64_t rows = 24, cols = 80;
	int rc = 0;

	if (msg_has(req, "rows"))
		rc = msg_need_i64(req, "rows", 1, 1000, &rows, e);
	if (rc == 0 && msg_has(req, "cols"))
		rc = msg_need_i64(req, "cols", 1, 1000, &cols, e);
	j->rows = (unsigned short)rows;
	j->cols = (unsigned short)cols;
	return rc;
}

static bool term_ok(const char *t)
{
	return strlen(t) <= 40 && strspn(t, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
					    "0123456789.+_-") == strlen(t);
}

AGENT_OP(ps_enter, "ps.enter", OP_READ | OP_STREAM)
{
	autostrvec argv = {0};
	autoclean(join_release) struct join j = {.pty = true};
	const char *term = msg_text(req, "term");
	int rc = msg_need_name(req, "name", &j.ps, e);

	if (rc < 0 || (rc = terminal_size(req, &j, e)) < 0)
		return rc;
	if (term && !term_ok(term))
		return err_set(e, E_USAGE, "term is not the name of a terminal type");
	j.term = term;
	read_argv(req, &argv);
	j.argv = argv.n ? strvec_argv(&argv) : NULL;
	if ((rc = join_start(&j, e)) < 0 || (rc = agent_stream(a, &j.child, e)) < 0)
		return rc;
	msg_add_i64(ans, "status", rc);
	return 0;
}

/* ---- for the rest of the agent ---- */

static void stop(void *arg)
{
	join_kill(arg);
}

int ps_run_inside(const char *ps, char *const argv[], const struct inside_opts *o, struct err *e)
{
	autoclean(join_release) struct join j = {.ps = ps,
		.argv = argv,
		.env = o->env,
		.cwd = o->cwd,
		.uid = o->uid,
		.gid = o->gid};
	autofree char *where = str_fmt("in %s", ps);
	int rc = join_start(&j, e);

	return rc < 0 ? rc : child_watch(&j.child, o, argv[0], where, stop, &j, e);
}
