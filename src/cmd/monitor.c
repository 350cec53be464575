/* SPDX-License-Identifier: MIT */
/* sxc monitor: ask every server, keep what is metered. */
#include <time.h>

#include "biz/metering.h"
#include "cmd/account_verbs.h"

static const struct column columns[] = {
	COL(struct metering_row, server, COL_TEXT, "its name"),
	COL(struct metering_row, state, COL_TEXT, "up, down"),
	COL(struct metering_row, ps, COL_INT, "private servers found there"),
	COL(struct metering_row, readings, COL_INT, "readings that were sealed"),
	COL(struct metering_row, error, COL_TEXT, "why it failed"),
	COL_END,
};

struct monitor_opts {
	bool once;
	int64_t interval;
};
static const struct opt opts[] = {
	OPT(struct monitor_opts, once, "once", 0, OPT_FLAG, NULL, "ask once, then end"),
	OPT(struct monitor_opts, interval, "interval", 0, OPT_DURATION, "TIME",
		"from one round to the next; default 10m"),
	OPT_END,
};

static int collect(struct call *c, struct err *e)
{
	struct err ignored;
	autojobs jobs = {0};
	int ended, r = out_list(c->out, "servers", columns, e);

	if (r < 0)
		return r;
	r = metering_collect(c->sxc, out_row_fn, c->out, &jobs, e);
	if (r == E_INTR)
		return r;
	ended = out_end(c->out, r < 0 ? &ignored : e);
	if (r < 0 || ended < 0)
		return r < 0 ? r : ended;
	return money_run_jobs(c, &jobs, e);
}

/* Sleep, but not through an interrupt. */
static int rest(int64_t seconds, struct err *e)
{
	int r = 0;

	for (int64_t i = 0; i < seconds && (r = err_interrupted(e)) == 0; i++)
		nanosleep(&(struct timespec){1, 0}, NULL);
	return r;
}

static int run(struct call *c, struct err *e)
{
	const struct monitor_opts *o = c->opts;
	int64_t interval = call_given(c, "interval") ? o->interval : 600;
	int r = 0;

	if (o->once)
		return call_given(c, "interval")
		               ? err_set(e, E_USAGE, "--once and --interval exclude each other")
		               : collect(c, e);
	if (interval < 1 || interval > 3600)
		return err_set(e, E_USAGE, "--interval must be from 1s to 1h");
	if (c->sxc->now_given)
		return err_set(e, E_USAGE, "without --once it goes by the real clock");
	while (r == 0) {
		struct err why = {0};

		c->sxc->now = time(NULL);
		r = collect(c, &why);
		if (r < 0 && r != E_INTR)
			out_note(c->out, "%s", why.msg);
		if (r != E_INTR)
			r = rest(interval, e);
		else
			err_set(e, r, "%s", why.msg);
	}
	return r;
}

static const struct cmd cmd_monitor = {.noun = "monitor",
	.verb = "",
	.help = "ask every server and keep what is metered",
	.opts = opts,
	.opts_size = sizeof(struct monitor_opts),
	.flags = CMD_DB_WRITE | CMD_NETWORK | CMD_REPEATABLE,
	.run = run,
	.columns = columns};

CMD_NOUN(monitor, "monitor", "ask every server and keep what is metered", 33, &cmd_monitor);
