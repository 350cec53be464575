/* SPDX-License-Identifier: MIT */
/* sxc usage, and sxc account usage: what was metered, and what it will cost. */
#include "biz/usage.h"
#include "cmd/account_verbs.h"

static const struct column columns[] = {
	COL(struct usage_reading_row, subscription, COL_TEXT, "ACCOUNT/N whose usage it is"),
	COL(struct usage_reading_row, resource, COL_TEXT, "what was read"),
	COL(struct usage_reading_row, source, COL_TEXT, "who read it"),
	COL(struct usage_reading_row, sequence, COL_INT, "its number, in the order of the source"),
	COL(struct usage_reading_row, start, COL_TIME, "over the time from"),
	COL(struct usage_reading_row, end, COL_TIME, "to"),
	COL(struct usage_reading_row, value, COL_INT, "what was read, in base units"),
	COL_X(struct usage_reading_row, day, COL_TEXT, "the day it counts on"),
	COL_X(struct usage_reading_row, account, COL_TEXT, "the customer"),
	COL_X(struct usage_reading_row, created, COL_TIME, "when it was written down"),
	COL_END,
};
static const struct column now_columns[] = {
	COL(struct usage_now_row, subscription, COL_TEXT, "ACCOUNT/N"),
	COL(struct usage_now_row, plan, COL_TEXT, "by which plan"),
	COL(struct usage_now_row, resource, COL_TEXT, "what is metered"),
	COL(struct usage_now_row, start, COL_TEXT, "first day"),
	COL(struct usage_now_row, end, COL_TEXT, "the day it is billed on"),
	COL(struct usage_now_row, measure, COL_TEXT, "sum, max or average of the readings"),
	COL(struct usage_now_row, readings, COL_INT, "so many"),
	COL(struct usage_now_row, included, COL_INT, "free on these days"),
	COL(struct usage_now_row, used, COL_INT, "so far"),
	COL(struct usage_now_row, units, COL_INT, "started beyond what is included"),
	COL(struct usage_now_row, per, COL_TEXT, "what one unit is"),
	COL_CASH(struct usage_now_row, amount, currency, "what it would cost now, without tax"),
	COL(struct usage_now_row, currency, COL_TEXT, "of the amount"),
	COL_END,
};

/* ---- list ---- */

struct list_opts {
	char *account, *resource, *source, *from, *to;
};
static const struct opt opts_list[] = {
	OPT_ENT(struct list_opts, account, "account", ENT_ACCOUNT, "NAME", "only this customer's"),
	OPT(struct list_opts, resource, "resource", 0, OPT_TEXT, "NAME", "only of this"),
	OPT(struct list_opts, source, "source", 0, OPT_TEXT, "NAME", "only by this one"),
	OPT(struct list_opts, from, "from", 0, OPT_DATE, "DATE", "that day and later"),
	OPT(struct list_opts, to, "to", 0, OPT_DATE, "DATE", "before that day"),
	OPT_END,
};
static const struct arg args_list[] = {{"SUBSCRIPTION", ENT_SUBSCRIPTION, ARG_OPTIONAL}, ARG_END};

static int run_list(struct call *c, struct err *e)
{
	const struct list_opts *o = c->opts;
	struct usage_filter f = {.account = o->account,
		.subscription = c->nargs ? c->args[0] : NULL,
		.resource = o->resource,
		.source = o->source,
		.from = o->from,
		.to = o->to};
	int r = out_list(c->out, "readings", columns, e);

	if (r == 0)
		r = usage_list(c->sxc, &f, out_row_fn, c->out, e);
	return r < 0 ? r : out_end(c->out, e);
}

/* ---- import ---- */

static const struct arg args_import[] = {{"FILE", ENT_FILE, ARG_ONE}, ARG_END};

static int run_import(struct call *c, struct err *e)
{
	struct usage_import_done done;
	autojobs jobs = {0};
	int r = usage_import(c->sxc, c->args[0], &done, &jobs, e);

	if (r < 0)
		return r;
	out_done(c->out, "%lld reading%s added, %lld known already", (long long)done.added,
		done.added == 1 ? "" : "s", (long long)done.known);
	return money_run_jobs(c, &jobs, e);
}

/* ---- account usage ---- */

static const struct arg args_account[] = {{"NAME", ENT_ACCOUNT, ARG_ONE}, ARG_END};

static int run_account(struct call *c, struct err *e)
{
	int r = out_list(c->out, "usage", now_columns, e);

	if (r == 0)
		r = usage_now(c->sxc, c->args[0], out_row_fn, c->out, e);
	return r < 0 ? r : out_end(c->out, e);
}

static const struct cmd cmd_account = {.noun = "account",
	.verb = "usage",
	.help = "show metered usage that is not billed yet",
	.args = args_account,
	.flags = CMD_DB_READ | CMD_LIST,
	.run = run_account,
	.columns = now_columns};

static const struct cmd cmd_list = {.noun = "usage",
	.verb = "list",
	.help = "list readings",
	.opts = opts_list,
	.opts_size = sizeof(struct list_opts),
	.args = args_list,
	.flags = CMD_DB_READ | CMD_LIST,
	.run = run_list,
	.columns = columns};
static const struct cmd cmd_import = {.noun = "usage",
	.verb = "import",
	.help = "take readings from a file",
	.args = args_import,
	.flags = CMD_DB_WRITE | CMD_NETWORK,
	.run = run_import};

CMD_NOUN(usage, "usage", "readings of what is metered", 22, &cmd_list, &cmd_import);
CMD_NOUN(account_usage, "account", "customers, what they ordered and owe", 6, &cmd_account);
