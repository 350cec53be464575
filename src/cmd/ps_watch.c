/* SPDX-License-Identifier: MIT */
/* sxc ps top, log: watching private servers. */
#include "biz/ps_fleet.h"
#include "cmd/cmd.h"
#include "cmd/out.h"

static const struct arg args_ps[] = {{"NAME", ENT_PS, ARG_ONE}, ARG_END};

/* ---- top ---- */

static const struct column top_columns[] = {
	COL(struct ps_top_row, ps, COL_TEXT, "its name"),
	COL(struct ps_top_row, server, COL_TEXT, "the server it lives on"),
	COL(struct ps_top_row, cpu, COL_PERCENT, "share of the server's CPU time it takes"),
	COL(struct ps_top_row, memory, COL_SIZE, "memory in use, bytes"),
	COL(struct ps_top_row, procs, COL_INT, "processes and threads"),
	COL(struct ps_top_row, sent, COL_INT, "what it sends, bit/s"),
	COL(struct ps_top_row, received, COL_INT, "what it receives, bit/s"),
	COL(struct ps_top_row, disk, COL_SIZE, "disk in use, bytes"),
	COL(struct ps_top_row, restarts, COL_INT, "reboots inside and crashes so far"),
	COL_X(struct ps_top_row, since, COL_TIME, "when it started"),
	COL_END,
};

struct top_opts {
	char *on;
	int64_t interval;
	bool once;
};
static const struct opt opts_top[] = {
	OPT_ENT(struct top_opts, on, "on", ENT_SERVER, "SERVER", "of that server only"),
	OPT(struct top_opts, once, "once", 0, OPT_FLAG, NULL, "measure once and end"),
	OPT(struct top_opts, interval, "interval", 0, OPT_DURATION, "2s",
		"how long is measured; default: 2s"),
	OPT_END,
};

static int top_round(struct call *c, const struct top_opts *o, int ms, bool clear, struct err *e)
{
	int r = out_list(c->out, "private_servers", top_columns, e);

	if (r == 0)
		r = ps_top(c->sxc, o->on, ms, out_row_fn, c->out, e);
	if (r >= 0 && clear) /* ECMA-48: cursor home, erase display */
		out_bytes(c->out, "\033[H\033[2J", 7);
	return r < 0 ? r : out_end(c->out, e);
}

static int run_top(struct call *c, struct err *e)
{
	const struct top_opts *o = c->opts;
	int64_t seconds = call_given(c, "interval") ? o->interval : 2;
	bool again = !o->once && out_is_tty(c->out) && !out_is_json(c->out);
	int r;

	if (seconds < 1 || seconds > 3600)
		return err_set(e, E_USAGE, "--interval is 1s to 1h");
	do
		r = top_round(c, o, (int)seconds * 1000, again, e);
	while (r == 0 && again);
	return r == E_INTR && again ? 0 : r;
}

/* ---- log ---- */

struct log_opts {
	int64_t lines;
	bool unit;
};
static const struct opt opts_log[] = {
	OPT(struct log_opts, lines, "lines", 0, OPT_INT, "N", "the last N lines; default: 100"),
	OPT(struct log_opts, unit, "unit", 0, OPT_FLAG, NULL,
		"what its server knows of its starts and ends instead"),
	OPT_END,
};

static int run_log(struct call *c, struct err *e)
{
	const struct log_opts *o = c->opts;
	int64_t lines = call_given(c, "lines") ? o->lines : 100;
	autofree char *text = NULL;
	int r;

	if (lines < 1 || lines > 10000)
		return err_set(e, E_USAGE, "--lines is 1 to 10000");
	if ((r = ps_log(c->sxc, c->args[0], !o->unit, lines, &text, e)) == 0)
		out_text(c->out, text);
	return r;
}

static const struct cmd cmd_top = {.noun = "ps",
	.verb = "top",
	.help = "show what those that run take, most CPU first",
	.opts = opts_top,
	.opts_size = sizeof(struct top_opts),
	.flags = CMD_DB_READ | CMD_NETWORK | CMD_LIST,
	.run = run_top,
	.columns = top_columns};
static const struct cmd cmd_log = {.noun = "ps",
	.verb = "log",
	.help = "show the end of its journal",
	.opts = opts_log,
	.opts_size = sizeof(struct log_opts),
	.args = args_ps,
	.flags = CMD_DB_READ | CMD_NETWORK,
	.run = run_log};

CMD_NOUN(ps_watch, "ps", "private servers", 2, &cmd_top, &cmd_log);
