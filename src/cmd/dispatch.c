/* SPDX-License-Identifier: MIT */
/* From a command line to the run() of its command. */
#include <string.h>

#include "cmd/call.h"
#include "cmd/out_setup.h"
#include "svc/remote.h"

static bool option_given(const struct cmd *c, const bool *given, const char *option)
{
	for (size_t i = 0; c->opts && c->opts[i].name; i++)
		if (strcmp(c->opts[i].name, option) == 0)
			return given[i];
	return false;
}

static unsigned flags_of(const struct line *l)
{
	const struct cmd *c = l->entry.cmd;

	return c->flags | (c->writes && option_given(c, l->given, c->writes) ? CMD_DB_WRITE : 0u);
}

/* Its dry run is the command itself in a transaction that is taken back; see run_tried(). */
static bool cmd_is_tried(const struct cmd *c)
{
	const unsigned asks = CMD_LIST |
	                      CMD_NETWORK; /* what a list keeps of its answers is no change */

	return (c->flags & CMD_DB_WRITE) && !(c->flags & CMD_DRY_RUN) && (c->flags & asks) != asks;
}

static void setup_out(struct out_setup *setup, const struct globals *g, const struct cmd *c)
{
	*setup = (struct out_setup){
		.format = g->output,
		.columns = g->columns,
		.sort = g->sort,
		.filters = &g->filter,
		.color = g->color,
		.no_header = g->no_header,
		.quiet = g->quiet,
		.tried = g->dry_run && c && cmd_is_tried(c),
	};
}

/* Global options that mean nothing to this command are refused, not ignored. */
static int check_globals(const struct line *l, struct err *e)
{
	const struct cmd *c = l->entry.cmd;
	const char *bad = NULL;

	if (line_global_given(l, "dry-run") && !(c->flags & CMD_DRY_RUN) && !cmd_is_tried(c))
		return err_set(e, E_USAGE, "sxc %s has no dry run (-n)", l->path);
	if (line_global_given(l, "request-key") && !(flags_of(l) & CMD_DB_WRITE))
		return err_set(e, E_USAGE, "sxc %s changes nothing: --request-key is not for it",
			l->path);
	if (line_global_given(l, "sort") && !(c->flags & CMD_LIST))
		bad = "sort";
	if (line_global_given(l, "filter") && !(c->flags & CMD_LIST))
		bad = "filter";
	if (line_global_given(l, "columns") && !c->columns && !(c->flags & CMD_LIST))
		bad = "columns";
	if (bad)
		return err_set(e, E_USAGE, "sxc %s prints no list: --%s is not for it", l->path,
			bad);
	return 0;
}

/* In the shell the options of the whole session may not fit this command: those are left out. */
static void drop_unfitting(struct line *l)
{
	const struct cmd *c = l->entry.cmd;
	struct globals *g = &l->globals;

	if (!(c->flags & CMD_LIST)) {
		g->sort = NULL;
		strvec_release(&g->filter);
	}
	if (!c->columns && !(c->flags & CMD_LIST))
		g->columns = NULL;
	if (!(flags_of(l) & CMD_DB_WRITE))
		g->request_key = NULL;
}

static int open_store(struct session *ses, unsigned flags, struct err *e)
{
	struct sxc *s = &ses->sxc;

	if (flags & CMD_NETWORK && !s->pool)
		s->pool = remote_pool_new();
	if (!(flags & (CMD_DB_READ | CMD_DB_WRITE)))
		return 0;
	enum db_mode mode = flags & CMD_DB_WRITE ? DB_WRITE : DB_READ;

	/* What only reads never holds a connection that could write, nor is it refused a --now. */
	if (s->db && s->mode != mode)
		db_close(&s->db);
	return sxc_open(s, mode, e);
}

/*
 * Everything is done and checked, then taken back. Jobs say their steps instead of running, and
 * without a pool no server can be reached.
 */
static int run_tried(struct call *c, struct err *e)
{
	struct sxc *s = c->sxc;
	struct remote_pool *pool = steal(&s->pool);
	int r = db_begin(s->db, e);

	if (r == 0) {
		r = c->cmd->run(c, e);
		db_rollback(s->db);
	}
	s->pool = pool;
	return r;
}

static int run_command(struct call *c, struct line *l, struct err *e)
{
	struct session *ses = session_of(c);
	int r;

	if (c->cmd->columns && str_eq(l->globals.columns, "help"))
		return out_column_help(c->out, c->cmd->columns, e);
	if ((r = open_store(ses, flags_of(l), e)) < 0 || (r = entity_check_line(c->sxc, l, e)) < 0)
		return r;
	c->args = strvec_argv(&l->args);
	c->nargs = (int)l->args.n;
	if ((c->cmd->flags & CMD_DESTRUCTIVE) && (r = confirm_destruction(c, e)) < 0)
		return r;
	if (c->sxc->dry_run && cmd_is_tried(c->cmd))
		return run_tried(c, e);
	return c->sxc->request_key ? request_run(c, l, e) : c->cmd->run(c, e);
}

static int run_line(struct call *c, struct line *l, struct err *e)
{
	if (l->globals.help)
		return help_print(c, l->path, e);
	if (c->cmd)
		return run_command(c, l, e);
	help_verbs_to_stderr(l->path);
	return err_set(e, E_USAGE, "%s", "");
}

/* The first failure is the one to tell; one of standard output comes second. */
static int finish(struct session *ses, struct out *o, int r, struct err *e)
{
	struct err late = {0};
	int r2 = out_finish(o, &late);

	ses->broken_pipe = ses->broken_pipe || out_broken_pipe(o);
	out_free(o);
	if (r >= 0 && r2 < 0) {
		*e = late;
		return r2;
	}
	return r;
}

static int prepare(struct session *ses, struct line *l, struct out_setup *setup, struct err *e)
{
	const struct cmd *c = l->entry.cmd;
	int r;

	if (c && !l->globals.help && (r = check_globals(l, e)) < 0)
		return r;
	if (c)
		drop_unfitting(l);
	if ((r = session_setup(ses, &l->globals, e)) < 0)
		return r;
	setup_out(setup, &l->globals, c);
	if (!c || !c->columns || l->globals.help || str_eq(setup->columns, "help"))
		return 0;
	return out_check(setup, c->columns, e);
}

int session_run(struct session *ses, int argc, char **argv, struct err *e)
{
	static char version[] = "version", *const version_argv[] = {version, NULL};
	autoclean(line_release) struct line l;
	struct out_setup setup;
	struct call c = {.sxc = &ses->sxc, .terminal = ses->terminal};
	int r;

	if (argc == 1 && strcmp(argv[0], "--version") == 0)
		argv = (char **)(uintptr_t)version_argv;
	if ((r = line_parse(&l, argc, argv, &ses->base, ses->shell, e)) < 0 ||
		(r = prepare(ses, &l, &setup, e)) < 0)
		return r;
	c.out = out_new(&setup);
	c.cmd = l.entry.cmd;
	c.opts = l.opts;
	c.given = l.given;
	c.yes = l.globals.yes;
	ses->sxc.note = tell_note;
	ses->sxc.progress = tell_progress;
	ses->sxc.tell_arg = c.out;
	ses->globals = &l.globals;
	r = run_line(&c, &l, e);
	ses->globals = NULL;
	ses->sxc.tell_arg = NULL;
	ses->sxc.note = NULL;
	ses->sxc.progress = NULL;
	return finish(ses, c.out, r, e);
}

bool call_given(const struct call *c, const char *option)
{
	return option_given(c->cmd, c->given, option);
}
