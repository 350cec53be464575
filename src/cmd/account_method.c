/* SPDX-License-Identifier: MIT */
/* sxc account method: how a customer pays through a gateway. */
#include "biz/method.h"
#include "cmd/cmd.h"
#include "cmd/out.h"
#include "util/str.h"
#include "util/units.h"

static const struct column columns[] = {
	COL(struct method_row, method, COL_INT, "its number"),
	COL(struct method_row, account, COL_TEXT, "whose it is"),
	COL(struct method_row, gateway, COL_TEXT, "through what"),
	COL(struct method_row, label, COL_TEXT, "as people know it"),
	COL(struct method_row, state, COL_TEXT, "pending, active, failed"),
	COL(struct method_row, charged, COL_BOOL, "is it the one that is charged"),
	COL(struct method_row, url, COL_TEXT, "where the customer sets it up"),
	COL(struct method_row, error, COL_TEXT, "what the gateway said"),
	COL_X(struct method_row, created, COL_TIME, "when it was added"),
	COL_END,
};

struct add_opts {
	char *gateway, *token_file, *label;
	bool token_stdin;
};
static const struct opt opts_add[] = {OPT_ENT(struct add_opts, gateway, "gateway", ENT_GATEWAY,
					      "NAME", "through what"),
	OPT(struct add_opts, token_file, "token-file", 0, OPT_FILE, "FILE",
		"the gateway's token in its first line; without it the gateway gives a page"),
	OPT(struct add_opts, token_stdin, "token-stdin", 0, OPT_FLAG, NULL,
		"the token on standard input"),
	OPT(struct add_opts, label, "label", 0, OPT_TEXT, "TEXT", "as people know it"), OPT_END};
static const struct arg args_account[] = {{"NAME", ENT_ACCOUNT, ARG_ONE}, ARG_END};
static const struct arg args_any[] = {{"NAME", ENT_ACCOUNT, ARG_OPTIONAL}, ARG_END};
static const struct arg args_method[] = {{"NAME", ENT_ACCOUNT, ARG_ONE},
	{"METHOD", ENT_NONE, ARG_ONE}, ARG_END};

static void say(struct call *c, const struct method_done *done)
{
	if (done->url)
		out_done_name(c->out, "url", done->url,
			"method %lld of account %s waits for the customer: %s",
			(long long)done->number, c->args[0], done->url);
	else
		out_done_name(c->out, "account", c->args[0], "method %lld of account %s is %s",
			(long long)done->number, c->args[0], done->state);
}

static int run_add(struct call *c, struct err *e)
{
	const struct add_opts *o = c->opts;
	autofree char *token = NULL;
	autoclean(method_done_release) struct method_done done = {0};
	struct method_new n = {.account = c->args[0], .gateway = o->gateway, .label = o->label};
	int r = 0;

	if (!o->gateway)
		return err_set(e, E_USAGE,
			"say through what with --gateway: \"sxc invoice gateway list\"");
	if (o->token_file || o->token_stdin)
		r = cmd_secret(c, o->token_file, o->token_stdin, "token", &token, e);
	n.token = token;
	if (r < 0 || (r = method_add(c->sxc, &n, &done, e)) < 0)
		return r;
	say(c, &done);
	return 0;
}

static int run_list(struct call *c, struct err *e)
{
	int r = out_list(c->out, "methods", columns, e);

	if (r == 0)
		r = method_list(c->sxc, c->nargs ? c->args[0] : NULL, out_row_fn, c->out, e);
	return r < 0 ? r : out_end(c->out, e);
}

static int run_remove(struct call *c, struct err *e)
{
	int64_t number;
	int r;

	if (units_int(c->args[1], &number) < 0 || number < 1)
		return err_set(e, E_USAGE, "'%.40s' is not the number of a method", c->args[1]);
	if ((r = method_remove(c->sxc, c->args[0], number, e)) == 0)
		out_done_name(c->out, "account", c->args[0], "method %lld of account %s removed",
			(long long)number, c->args[0]);
	return r;
}

static const struct cmd cmd_add = {.noun = "account method",
	.verb = "add",
	.help = "let a customer pay through a gateway",
	.opts = opts_add,
	.opts_size = sizeof(struct add_opts),
	.args = args_account,
	.flags = CMD_DB_WRITE | CMD_NETWORK,
	.run = run_add};
static const struct cmd cmd_list = {.noun = "account method",
	.verb = "list",
	.help = "list payment methods",
	.args = args_any,
	.flags = CMD_DB_READ | CMD_LIST,
	.run = run_list,
	.columns = columns};
static const struct cmd cmd_remove = {.noun = "account method",
	.verb = "remove",
	.help = "forget a payment method",
	.args = args_method,
	.flags = CMD_DB_WRITE,
	.run = run_remove};

CMD_NOUN(account_method, "account", "customers, what they ordered and owe", 6, &cmd_add, &cmd_list,
	&cmd_remove);
