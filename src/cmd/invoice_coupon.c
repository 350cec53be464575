/* SPDX-License-Identifier: MIT */
/* sxc invoice coupon: what is taken off prices. */
#include "biz/coupon.h"
#include "cmd/invoice_verbs.h"
#include "util/str.h"

static const struct column columns[] = {
	COL(struct coupon_row, coupon, COL_TEXT, "its name"),
	COL(struct coupon_row, percent, COL_TEXT, "what it takes off, or"),
	COL_CASH(struct coupon_row, amount, currency, "so much of a whole period"),
	COL(struct coupon_row, currency, COL_TEXT, "in this currency"),
	COL(struct coupon_row, plans, COL_LIST, "plans it holds for; none: all"),
	COL(struct coupon_row, from, COL_TEXT, "first and"),
	COL(struct coupon_row, until, COL_TEXT, "last day on which it can be used"),
	COL(struct coupon_row, uses, COL_INT, "by how many subscriptions; none: any number"),
	COL(struct coupon_row, used, COL_INT, "how many use it"),
	COL(struct coupon_row, periods, COL_INT, "of each, how many periods; none: all"),
	COL_X(struct coupon_row, created, COL_TIME, "when it was made"),
	COL_END,
};

struct coupon_opts {
	char *percent, *amount, *currency, *from, *until;
	int64_t uses, periods;
	struct strvec plans;
};
static const struct opt opts_add[] = {OPT(struct coupon_opts, percent, "percent", 0, OPT_TEXT,
					      "20%", "take off that much of each line"),
	OPT(struct coupon_opts, amount, "amount", 0, OPT_TEXT, "10.00",
		"take off that much of each whole period"),
	OPT(struct coupon_opts, currency, "currency", 0, OPT_TEXT, "USD", "of the amount"),
	OPT(struct coupon_opts, plans, "plan", 0, OPT_TEXTS, "PLAN",
		"only for that plan; may repeat"),
	OPT(struct coupon_opts, from, "from", 0, OPT_DATE, "DATE", "first day it can be used"),
	OPT(struct coupon_opts, until, "until", 0, OPT_DATE, "DATE", "last day it can be used"),
	OPT(struct coupon_opts, uses, "uses", 0, OPT_INT, "N", "by so many subscriptions"),
	OPT(struct coupon_opts, periods, "periods", 0, OPT_INT, "N",
		"in the first so many periods of each"),
	OPT_END};
static const struct opt opts_set[] = {OPT(struct coupon_opts, plans, "plan", 0, OPT_TEXTS, "PLAN",
					      "the plans it holds for, or all; may repeat"),
	OPT(struct coupon_opts, from, "from", 0, OPT_TEXT, "DATE|none", "first day it can be used"),
	OPT(struct coupon_opts, until, "until", 0, OPT_TEXT, "DATE|none",
		"last day it can be used"),
	OPT(struct coupon_opts, uses, "uses", 0, OPT_INT, "N", "by so many subscriptions"),
	OPT_END};
static const struct arg args_new[] = {{"NAME", ENT_NEW, ARG_ONE}, ARG_END};
static const struct arg args_coupon[] = {{"NAME", ENT_COUPON, ARG_ONE}, ARG_END};

static int read_opts(const struct call *c, struct coupon_new *n, struct err *e)
{
	const struct coupon_opts *o = c->opts;

	*n = (struct coupon_new){.name = c->args[0],
		.percent = o->percent,
		.amount = o->amount,
		.currency = o->currency,
		.from = str_eq(o->from, "none") ? "" : o->from,
		.until = str_eq(o->until, "none") ? "" : o->until,
		.plans = &o->plans,
		.uses = o->uses,
		.periods = o->periods};
	if ((call_given(c, "uses") && o->uses < 1) || (call_given(c, "periods") && o->periods < 1))
		return err_set(e, E_USAGE, "--uses and --periods count from 1");
	return 0;
}

static int run_add(struct call *c, struct err *e)
{
	struct coupon_new n;
	int r = read_opts(c, &n, e);

	if (r < 0 || (r = coupon_add(c->sxc, &n, e)) < 0)
		return r;
	out_done_name(c->out, "coupon", n.name, "coupon %s added", n.name);
	return 0;
}

static int run_set(struct call *c, struct err *e)
{
	struct coupon_new n;
	int r = read_opts(c, &n, e);

	if (r < 0 || (r = coupon_set(c->sxc, &n, e)) < 0)
		return r;
	out_done_name(c->out, "coupon", n.name, "coupon %s set", n.name);
	return 0;
}

static int run_list(struct call *c, struct err *e)
{
	int r = out_list(c->out, "coupons", columns, e);

	if (r == 0)
		r = coupon_list(c->sxc, out_row_fn, c->out, e);
	return r < 0 ? r : out_end(c->out, e);
}

static int run_remove(struct call *c, struct err *e)
{
	int r = coupon_remove(c->sxc, c->args[0], e);

	if (r == 0)
		out_done_name(c->out, "coupon", c->args[0], "coupon %s removed", c->args[0]);
	return r;
}

const struct cmd invoice_cmd_coupon_add = {.noun = "invoice coupon",
	.verb = "add",
	.help = "add a coupon",
	.opts = opts_add,
	.opts_size = sizeof(struct coupon_opts),
	.args = args_new,
	.flags = CMD_DB_WRITE,
	.run = run_add};
const struct cmd invoice_cmd_coupon_set = {.noun = "invoice coupon",
	.verb = "set",
	.help = "change when, how often and for which plans a coupon can be used",
	.opts = opts_set,
	.opts_size = sizeof(struct coupon_opts),
	.args = args_coupon,
	.flags = CMD_DB_WRITE | CMD_REPEATABLE,
	.run = run_set};
const struct cmd invoice_cmd_coupon_list = {.noun = "invoice coupon",
	.verb = "list",
	.help = "list coupons and how often they were used",
	.flags = CMD_DB_READ | CMD_LIST,
	.run = run_list,
	.columns = columns};
const struct cmd invoice_cmd_coupon_remove = {.noun = "invoice coupon",
	.verb = "remove",
	.help = "remove a coupon that no subscription uses",
	.args = args_coupon,
	.flags = CMD_DB_WRITE | CMD_DESTRUCTIVE,
	.ask = "remove coupon %s?",
	.run = run_remove};

CMD_ENTITY(coupon, ENT_COUPON, "coupon", coupon_exists, coupon_names);
