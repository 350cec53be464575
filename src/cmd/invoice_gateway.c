/* SPDX-License-Identifier: MIT */
/* sxc invoice: gateways, what they are asked for, refunds. */
#include "biz/charge.h"
#include "biz/gateway.h"
#include "biz/refund.h"
#include "cmd/account_verbs.h"
#include "util/money.h"
#include "util/str.h"
#include "util/units.h"

static const struct column gateway_columns[] = {
	COL(struct gateway_row, gateway, COL_TEXT, "its name"),
	COL(struct gateway_row, program, COL_TEXT, "its executable; none: built in, or missing"),
	COL(struct gateway_row, methods, COL_INT, "payment methods that are there"),
	COL(struct gateway_row, created, COL_TIME, "when it was added"),
	COL_END,
};
static const struct column charge_columns[] = {
	COL(struct charge_row, charge, COL_INT, "its number"),
	COL(struct charge_row, kind, COL_TEXT, "charge or refund"),
	COL(struct charge_row, account, COL_TEXT, "whose money"),
	COL(struct charge_row, invoice, COL_TEXT, "for which invoice"),
	COL(struct charge_row, payment, COL_INT, "the payment that goes back"),
	COL(struct charge_row, gateway, COL_TEXT, "through what"),
	COL(struct charge_row, method, COL_TEXT, "the payment method"),
	COL_CASH(struct charge_row, amount, currency, "how much, once it was asked for"),
	COL(struct charge_row, currency, COL_TEXT, "of what"),
	COL(struct charge_row, state, COL_TEXT,
		"queued, asked, pending, action-required, unknown, paid, failed, dropped"),
	COL(struct charge_row, error, COL_TEXT, "what the gateway said"),
	COL_X(struct charge_row, external_id, COL_TEXT, "the gateway's reference"),
	COL_X(struct charge_row, url, COL_TEXT, "where the customer confirms it"),
	COL_X(struct charge_row, attempts, COL_INT, "how often the gateway was asked"),
	COL_X(struct charge_row, next, COL_TIME, "not asked again before"),
	COL_X(struct charge_row, key, COL_TEXT, "the key it is asked by"),
	COL_X(struct charge_row, created, COL_TIME, "when it was written down"),
	COL_X(struct charge_row, updated, COL_TIME, "when its state changed"),
	COL_END,
};

static const struct arg args_new[] = {{"NAME", ENT_NEW, ARG_ONE}, ARG_END};
static const struct arg args_gateway[] = {{"NAME", ENT_GATEWAY, ARG_ONE}, ARG_END};

/* ---- gateways ---- */

static int run_add(struct call *c, struct err *e)
{
	int r = gateway_add(c->sxc, c->args[0], e);

	if (r == 0)
		out_done_name(c->out, "gateway", c->args[0], "gateway %s added", c->args[0]);
	return r;
}

static int run_remove(struct call *c, struct err *e)
{
	int r = gateway_remove(c->sxc, c->args[0], e);

	if (r == 0)
		out_done_name(c->out, "gateway", c->args[0], "gateway %s removed", c->args[0]);
	return r;
}

static int run_list(struct call *c, struct err *e)
{
	int r = out_list(c->out, "gateways", gateway_columns, e);

	if (r == 0)
		r = gateway_list(c->sxc, out_row_fn, c->out, e);
	return r < 0 ? r : out_end(c->out, e);
}

static int run_test(struct call *c, struct err *e)
{
	autoanswer a = {0};
	int r = gateway_test(c->sxc, c->args[0], &a, e);

	if (r == 0)
		out_done_name(c->out, "gateway", c->args[0], "gateway %s answers", c->args[0]);
	return r;
}

static int run_run(struct call *c, struct err *e)
{
	struct charge_done done;
	autojobs jobs = {0};
	struct err ignored;
	int r = charge_run(c->sxc, &done, &jobs, e), ran;

	if (r == 0 && c->sxc->dry_run)
		out_would(c->out, "ask for %lld charge%s", (long long)done.waiting,
			done.waiting == 1 ? "" : "s");
	else if (r == 0)
		out_done(c->out, "%lld charge%s settled", (long long)done.settled,
			done.settled == 1 ? "" : "s");
	ran = money_run_jobs(c, &jobs, r < 0 ? &ignored : e);
	return r < 0 ? r : ran;
}

/* ---- charges ---- */

struct list_opts {
	char *account;
	bool all;
};
static const struct opt opts_list[] = {OPT_ENT(struct list_opts, account, "account", ENT_ACCOUNT,
					       "NAME", "only of that account"),
	OPT(struct list_opts, all, "all", 'a', OPT_FLAG, NULL, "also what is settled"), OPT_END};
static const struct arg args_invoice[] = {{"ID", ENT_INVOICE, ARG_ONE}, ARG_END};

static int run_charges(struct call *c, struct err *e)
{
	const struct list_opts *o = c->opts;
	int r = out_list(c->out, "charges", charge_columns, e);

	if (r == 0)
		r = charge_list(c->sxc, o->account, o->all, out_row_fn, c->out, e);
	return r < 0 ? r : out_end(c->out, e);
}

/* The question itself, once what is asked for is written down. What is not known is no failure. */
static int ask_now(struct call *c, int64_t charge, const char *what, struct err *e)
{
	autofree char *state = NULL;
	autojobs jobs = {0};
	int r;

	if (c->sxc->dry_run) {
		out_done(c->out, "%s is asked of the gateway", what);
		return 0;
	}
	r = charge_run_one(c->sxc, charge, &state, &jobs, e);
	if (r < 0)
		return err_wrap(e, "%s is queued (\"sxc invoice gateway run\" asks for it)", what);
	if (str_eq(state, "failed"))
		return err_set(e, E_FAIL,
			"%s: the gateway refuses it, see \"sxc invoice charges "
			"--all\"",
			what);
	out_done(c->out, "%s: %s", what, state);
	return money_run_jobs(c, &jobs, e);
}

static int run_collect(struct call *c, struct err *e)
{
	autofree char *what = str_fmt("invoice %s", c->args[0]);
	int64_t charge;
	int r = charge_collect(c->sxc, c->args[0], &charge, e);

	return r < 0 ? r : ask_now(c, charge, what, e);
}

/* ---- refund ---- */

struct refund_opts {
	char *reason, *external_id;
	bool chargeback;
};
static const struct opt opts_refund[] = {OPT(struct refund_opts, reason, "reason", 0, OPT_TEXT,
						 "TEXT", "why"),
	OPT(struct refund_opts, external_id, "external-id", 0, OPT_TEXT, "X",
		"the bank's reference; the same one is taken once"),
	OPT(struct refund_opts, chargeback, "chargeback", 0, OPT_FLAG, NULL,
		"the bank took it back"),
	OPT_END};
static const struct arg args_refund[] = {{"PAYMENT", ENT_NONE, ARG_ONE},
	{"AMOUNT", ENT_NONE, ARG_OPTIONAL}, ARG_END};

static int run_refund(struct call *c, struct err *e)
{
	const struct refund_opts *o = c->opts;
	const char *number = c->args[0][0] == '#' ? c->args[0] + 1 : c->args[0];
	struct refund_new n = {.amount = c->nargs > 1 ? c->args[1] : NULL,
		.reason = o->reason,
		.external_id = o->external_id,
		.chargeback = o->chargeback};
	struct refund_done done;
	autojobs jobs = {0};
	autostr what = STR_INIT;
	int r;

	if (units_int(number, &n.payment) < 0 || n.payment < 1)
		return err_set(e, E_USAGE, "'%.40s' is not the number of a payment", c->args[0]);
	if ((r = refund_add(c->sxc, &n, &done, &jobs, e)) < 0)
		return r;
	money_format_code(&what, done.amount, done.currency);
	str_addf(&what, " of payment %lld", (long long)n.payment);
	if (done.charge)
		return ask_now(c, done.charge, str_c(&what), e);
	out_done_name(c->out, "account", done.account, "%s %s", str_c(&what),
		o->chargeback ? "charged back" : "refunded");
	return money_run_jobs(c, &jobs, e);
}

static const struct cmd cmd_charges = {.noun = "invoice",
	.verb = "charges",
	.help = "list what gateways are asked for and is not settled",
	.opts = opts_list,
	.opts_size = sizeof(struct list_opts),
	.flags = CMD_DB_READ | CMD_LIST,
	.run = run_charges,
	.columns = charge_columns};
static const struct cmd cmd_collect = {.noun = "invoice",
	.verb = "collect",
	.help = "collect an open invoice by the account's payment method now",
	.args = args_invoice,
	.flags = CMD_DB_WRITE | CMD_NETWORK,
	.run = run_collect};
static const struct cmd cmd_refund = {.noun = "invoice",
	.verb = "refund",
	.help = "give a payment back, all that is left of it unless an amount is given",
	.opts = opts_refund,
	.opts_size = sizeof(struct refund_opts),
	.args = args_refund,
	.flags = CMD_DB_WRITE | CMD_NETWORK | CMD_DESTRUCTIVE,
	.ask = "give payment %s back?",
	.run = run_refund};
static const struct cmd cmd_add = {.noun = "invoice gateway",
	.verb = "add",
	.help = "use the executable sxc-gateway-NAME",
	.args = args_new,
	.flags = CMD_DB_WRITE,
	.run = run_add};
static const struct cmd cmd_list = {.noun = "invoice gateway",
	.verb = "list",
	.help = "list the gateways",
	.flags = CMD_DB_READ | CMD_LIST,
	.run = run_list,
	.columns = gateway_columns};
static const struct cmd cmd_test = {.noun = "invoice gateway",
	.verb = "test",
	.help = "does a gateway answer?",
	.args = args_gateway,
	.flags = CMD_DB_READ | CMD_NETWORK,
	.run = run_test};
static const struct cmd cmd_run = {.noun = "invoice gateway",
	.verb = "run",
	.help = "ask the gateways for what waits, and after what is not known",
	.flags = CMD_DB_WRITE | CMD_NETWORK | CMD_DRY_RUN | CMD_REPEATABLE,
	.run = run_run};
static const struct cmd cmd_remove = {.noun = "invoice gateway",
	.verb = "remove",
	.help = "forget a gateway that was never used",
	.args = args_gateway,
	.flags = CMD_DB_WRITE,
	.run = run_remove};

CMD_NOUN(invoice_gateway, "invoice", "money: invoices, payments, taxes", 7, &cmd_collect,
	&cmd_charges, &cmd_refund, &cmd_add, &cmd_list, &cmd_test, &cmd_run, &cmd_remove);

static int offer_gateway(void *arg, const void *row, struct err *e)
{
	const struct gateway_row *g = row;

	return offer_name(arg, g->gateway, g->program, e);
}

static int gateway_complete(struct sxc *s, const char *prefix, int limit,
	void (*fn)(void *arg, const char *name, const char *help), void *arg, struct err *e)
{
	struct offering o = {prefix, limit, fn, arg};

	return gateway_list(s, offer_gateway, &o, e);
}
CMD_ENTITY(gateway, ENT_GATEWAY, "gateway", NULL, gateway_complete);
