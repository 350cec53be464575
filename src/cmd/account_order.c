/* SPDX-License-Identifier: MIT */
/* sxc account: subscribe, change, cancel, subscriptions. */
#include "biz/subscription.h"
#include "cmd/account_verbs.h"
#include "util/str.h"

const struct column subscription_columns[] = {
	COL(struct subscription_row, subscription, COL_TEXT, "ACCOUNT/N"),
	COL(struct subscription_row, account, COL_TEXT, "whose it is"),
	COL(struct subscription_row, plan, COL_TEXT, "the plan in force"),
	COL(struct subscription_row, version, COL_INT, "in which version"),
	COL(struct subscription_row, state, COL_TEXT, "pending, active, suspended, ended"),
	COL(struct subscription_row, start, COL_TEXT, "its first day"),
	COL(struct subscription_row, anchor, COL_TEXT, "the day its periods are counted from"),
	COL(struct subscription_row, paid_until, COL_TEXT, "charged for the days before"),
	COL(struct subscription_row, next_bill, COL_TEXT, "when something falls due next"),
	COL_CASH(struct subscription_row, price, currency, "for one period"),
	COL(struct subscription_row, currency, COL_TEXT, "the account's currency"),
	COL(struct subscription_row, every, COL_TEXT, "the period"),
	COL_X(struct subscription_row, options, COL_LIST, "options chosen"),
	COL_X(struct subscription_row, custom, COL_LIST, "bounds for it alone, in base units"),
	COL_X(struct subscription_row, coupon, COL_TEXT, "what takes something off"),
	COL_X(struct subscription_row, until, COL_TEXT, "cancelled from that day"),
	COL_X(struct subscription_row, name, COL_TEXT, "what it was called when ordered"),
	COL_X(struct subscription_row, id, COL_INT, "its number"),
	COL_X(struct subscription_row, created, COL_TIME, "when it was ordered"),
	COL_END,
};

/* ---- subscribe ---- */

struct subscribe_opts {
	char *coupon, *name, *at, *price, *paid_until, *domain, *on, *hostname, *image, *key;
	struct strvec options;
};
static const struct opt opts_subscribe[] = {OPT(struct subscribe_opts, name, "name", 0, OPT_TEXT,
						    "N",
						    "of the private server; default ACCOUNT-N"),
	OPT(struct subscribe_opts, at, "at", 0, OPT_DATE, "DATE", "its first day; default today"),
	OPT(struct subscribe_opts, options, "option", 0, OPT_TEXTS, "K=N",
		"so many of an option of the plan; may repeat"),
	OPT_ENT(struct subscribe_opts, coupon, "coupon", ENT_COUPON, "C", "takes something off"),
	OPT(struct subscribe_opts, price, "price", 0, OPT_TEXT, "P",
		"for a period, agreed instead of the plan's"),
	OPT(struct subscribe_opts, paid_until, "paid-until", 0, OPT_DATE, "DATE",
		"the days before were paid elsewhere"),
	OPT(struct subscribe_opts, domain, "domain", 0, OPT_TEXT, "D", "the domain to host"),
	OPT(struct subscribe_opts, on, "on", 0, OPT_TEXT, "TARGET", "where; default: placed"),
	OPT(struct subscribe_opts, hostname, "hostname", 0, OPT_TEXT, "H", "host name inside"),
	OPT_ENT(struct subscribe_opts, image, "image", ENT_IMAGE, "IMAGE", "what it is made from"),
	OPT(struct subscribe_opts, key, "key", 0, OPT_FILE, "FILE",
		"SSH public keys for root inside"),
	OPT_END};
static const struct arg args_subscribe[] = {{"NAME", ENT_ACCOUNT, ARG_ONE},
	{"PLAN", ENT_PLAN, ARG_ONE}, ARG_END};

static int run_subscribe(struct call *c, struct err *e)
{
	const struct subscribe_opts *o = c->opts;
	struct subscribe_new n = {.account = c->args[0],
		.plan = c->args[1],
		.at = o->at,
		.options = &o->options,
		.price = o->price,
		.paid_until = o->paid_until,
		.coupon = o->coupon,
		.request = {.domain = o->domain,
			.on = o->on,
			.hostname = o->hostname,
			.image = o->image,
			.key = o->key,
			.name = o->name}};
	struct subscribe_done done;
	autojobs jobs = {0};
	int r = subscription_add(c->sxc, &n, &done, &jobs, e);

	if (r < 0)
		return r;
	out_done_name(c->out, "subscription", done.name, "%s subscribed to %s%s", done.name,
		c->args[1], done.waits ? ", to be provided once its first invoice is paid" : "");
	return money_run_jobs(c, &jobs, e);
}

/* ---- change, cancel ---- */

struct change_opts {
	char *plan, *price, *when;
	struct strvec options, custom;
	bool refund;
};
static const struct opt opts_change[] = {OPT_ENT(struct change_opts, plan, "plan", ENT_PLAN, "PLAN",
						 "another plan, or its current version"),
	OPT(struct change_opts, options, "option", 0, OPT_TEXTS, "K=N",
		"so many of an option, 0: none; may repeat"),
	OPT(struct change_opts, custom, "set", 0, OPT_TEXTS, "private-server.BOUND=VALUE",
		"a bound for this one alone, empty: the plan's; may repeat"),
	OPT(struct change_opts, price, "price", 0, OPT_TEXT, "P",
		"for a period, agreed instead of the plan's"),
	OPT(struct change_opts, when, "when", 0, OPT_TEXT, "now|renewal",
		"default: what the plan's policy says"),
	OPT_END};
static const struct opt opts_cancel[] = {OPT(struct change_opts, when, "when", 0, OPT_TEXT,
						 "now|end|withdraw",
						 "default: what the plan's policy says"),
	OPT(struct change_opts, refund, "refund", 0, OPT_FLAG, NULL,
		"what is credited for it goes back instead of becoming credit"),
	OPT_END};
static const struct arg args_subscription[] = {{"SUBSCRIPTION", ENT_SUBSCRIPTION, ARG_ONE},
	ARG_END};

/* 0: not given, else the place of the word in the list, from 1. */
static int when_of(const char *when, const char *const *words)
{
	for (int i = 0; when && words[i]; i++)
		if (str_eq(when, words[i]))
			return i + 1;
	return 0;
}

static int run_change(struct call *c, struct err *e)
{
	static const char *const words[] = {"now", "renewal", NULL};
	const struct change_opts *o = c->opts;
	struct change_new n = {.subscription = c->args[0],
		.plan = o->plan,
		.options = &o->options,
		.price = o->price,
		.custom = &o->custom};
	struct change_done done;
	autojobs jobs = {0};
	int r;

	n.when = (enum change_when)when_of(o->when, words);
	if ((r = subscription_change(c->sxc, &n, &done, &jobs, e)) < 0)
		return r;
	out_done_name(c->out, "subscription", done.name, "%s %s from %s", done.name,
		done.upgrade ? "upgraded" : "downgraded", done.day);
	return money_run_jobs(c, &jobs, e);
}

static int run_cancel(struct call *c, struct err *e)
{
	static const char *const words[] = {"now", "end", "withdraw", NULL};
	const struct change_opts *o = c->opts;
	struct cancel_done done;
	autojobs jobs = {0};
	struct cancel_new n = {.subscription = c->args[0],
		.when = (enum cancel_when)when_of(o->when, words),
		.refund = o->refund};
	int r = subscription_cancel(c->sxc, &n, &done, &jobs, e);

	if (r < 0)
		return r;
	out_done_name(c->out, "subscription", done.name, "%s cancelled from %s", done.name,
		done.day);
	return money_run_jobs(c, &jobs, e);
}

/* ---- subscriptions ---- */

static const struct arg args_maybe[] = {{"NAME", ENT_ACCOUNT, ARG_OPTIONAL}, ARG_END};

static int run_subscriptions(struct call *c, struct err *e)
{
	int r = out_list(c->out, "subscriptions", subscription_columns, e);

	if (r == 0)
		r = subscription_list(c->sxc, c->nargs ? c->args[0] : NULL, out_row_fn, c->out, e);
	return r < 0 ? r : out_end(c->out, e);
}

const struct cmd account_cmd_subscribe = {.noun = "account",
	.verb = "subscribe",
	.help = "order a plan for an account",
	.opts = opts_subscribe,
	.opts_size = sizeof(struct subscribe_opts),
	.args = args_subscribe,
	.flags = CMD_DB_WRITE | CMD_NETWORK,
	.run = run_subscribe};
const struct cmd account_cmd_change = {.noun = "account",
	.verb = "change",
	.help = "change the plan, options or price of a subscription",
	.opts = opts_change,
	.opts_size = sizeof(struct change_opts),
	.args = args_subscription,
	.flags = CMD_DB_WRITE | CMD_NETWORK,
	.run = run_change};
const struct cmd account_cmd_cancel = {.noun = "account",
	.verb = "cancel",
	.help = "end a subscription; what it made is removed that day",
	.opts = opts_cancel,
	.opts_size = sizeof(struct change_opts),
	.args = args_subscription,
	.flags = CMD_DB_WRITE | CMD_NETWORK | CMD_DESTRUCTIVE,
	.ask = "cancel %s and remove what it made?",
	.run = run_cancel};
const struct cmd account_cmd_subscriptions = {.noun = "account",
	.verb = "subscriptions",
	.help = "list subscriptions, of one account or all",
	.args = args_maybe,
	.flags = CMD_DB_READ | CMD_LIST,
	.run = run_subscriptions,
	.columns = subscription_columns};
