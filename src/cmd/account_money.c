/* SPDX-License-Identifier: MIT */
/* sxc account: pay, credit, charge; suspend, park, close. */
#include "biz/account_erase.h"
#include "biz/account_ops.h"
#include "biz/invoice.h"
#include "biz/job.h"
#include "cmd/account_verbs.h"
#include "util/money.h"
#include "util/str.h"

static const struct arg args_account[] = {{"NAME", ENT_ACCOUNT, ARG_ONE}, ARG_END};
static const struct arg args_amount[] = {{"NAME", ENT_ACCOUNT, ARG_ONE},
	{"AMOUNT", ENT_NONE, ARG_ONE}, ARG_END};

int money_run_jobs(struct call *c, const struct job_ids *jobs, struct err *e)
{
	size_t failed = 0;
	int last = 0;

	for (size_t i = 0; i < jobs->n; i++) {
		struct err why = {0};
		int r = job_run(c->sxc, jobs->v[i], &why);

		if (r == E_INTR || (r < 0 && jobs->n == 1)) {
			*e = why;
			return r;
		}
		if (r < 0) {
			out_note(c->out, "%s", why.msg);
			last = r;
			failed++;
		}
	}
	if (!failed)
		return 0;
	return err_set(e, failed == jobs->n ? last : E_PARTIAL,
		"%zu of %zu jobs are not finished: see \"sxc job list\"", failed, jobs->n);
}

/* ---- money ---- */

struct money_opts {
	char *reason, *method, *external_id;
	bool exempt;
};
static const struct opt opts_credit[] = {OPT(struct money_opts, reason, "reason", 0, OPT_TEXT,
						 "TEXT", "why"),
	OPT_END};
static const struct opt opts_charge[] = {OPT(struct money_opts, reason, "reason", 0, OPT_TEXT,
						 "TEXT", "why: the invoice says so"),
	OPT(struct money_opts, exempt, "exempt", 0, OPT_FLAG, NULL, "without tax"), OPT_END};
static const struct opt opts_pay[] = {OPT(struct money_opts, method, "method", 0, OPT_TEXT, "M",
					      "transfer (the default), cheque …"),
	OPT(struct money_opts, external_id, "external-id", 0, OPT_TEXT, "X",
		"the bank's reference; the same one is taken once"),
	OPT_END};

static int run_credit(struct call *c, struct err *e)
{
	const struct money_opts *o = c->opts;
	autojobs jobs = {0};
	int r = account_credit(c->sxc, c->args[0], c->args[1], o->reason, &jobs, e);

	if (r < 0)
		return r;
	out_done_name(c->out, "account", c->args[0], "account %s credited %s", c->args[0],
		c->args[1]);
	return money_run_jobs(c, &jobs, e);
}

static int run_charge(struct call *c, struct err *e)
{
	const struct money_opts *o = c->opts;
	int r = account_charge(c->sxc, c->args[0], c->args[1], o->reason, !o->exempt, e);

	if (r == 0)
		out_done_name(c->out, "account", c->args[0],
			"account %s will be charged %s with the next invoice", c->args[0],
			c->args[1]);
	return r;
}

static int run_pay(struct call *c, struct err *e)
{
	const struct money_opts *o = c->opts;
	struct payment_new p = {.account = c->args[0],
		.amount = c->args[1],
		.method = o->method,
		.external_id = o->external_id};
	struct payment_done done;
	autostr invoices = STR_INIT, credit = STR_INIT;
	autojobs jobs = {0};
	int r = payment_add(c->sxc, &p, &done, &jobs, e);

	if (r < 0)
		return r;
	money_format(&invoices, done.on_invoices, done.currency);
	money_format_code(&credit, done.on_credit, done.currency);
	out_done_name(c->out, "account", done.account,
		"account %s: payment taken, %s on invoices, %s on credit", done.account,
		str_c(&invoices), str_c(&credit));
	return money_run_jobs(c, &jobs, e);
}

/* ---- states ---- */

struct reason_opts {
	char *reason;
};
static const struct opt opts_reason[] = {OPT(struct reason_opts, reason, "reason", 0, OPT_TEXT,
						 "TEXT", "why"),
	OPT_END};

static int run_suspend(struct call *c, struct err *e)
{
	const struct reason_opts *o = c->opts;
	autojobs jobs = {0};
	int r = account_suspend(c->sxc, c->args[0], o->reason, &jobs, e);

	if (r < 0)
		return r;
	out_done_name(c->out, "account", c->args[0], "account %s suspended", c->args[0]);
	return money_run_jobs(c, &jobs, e);
}

static int run_resume(struct call *c, struct err *e)
{
	autojobs jobs = {0};
	int r = account_resume(c->sxc, c->args[0], &jobs, e);

	if (r < 0)
		return r;
	out_done_name(c->out, "account", c->args[0], "account %s resumed", c->args[0]);
	return money_run_jobs(c, &jobs, e);
}

static int run_lock(struct call *c, struct err *e)
{
	const struct reason_opts *o = c->opts;
	int r = account_lock(c->sxc, c->args[0], o->reason, e);

	if (r == 0)
		out_done_name(c->out, "account", c->args[0], "account %s locked", c->args[0]);
	return r;
}

static int run_unlock(struct call *c, struct err *e)
{
	int r = account_unlock(c->sxc, c->args[0], e);

	if (r == 0)
		out_done_name(c->out, "account", c->args[0], "account %s unlocked", c->args[0]);
	return r;
}

static int run_erase(struct call *c, struct err *e)
{
	const struct reason_opts *o = c->opts;
	char erased[32];
	int r = account_erase(c->sxc, c->args[0], o->reason, erased, e);

	if (r == 0)
		out_done_name(c->out, "account", erased, "account %s erased: the books call it %s",
			c->args[0], erased);
	return r;
}

static int run_park(struct call *c, struct err *e)
{
	const struct reason_opts *o = c->opts;
	int r = account_park(c->sxc, c->args[0], o->reason, e);

	if (r == 0)
		out_done_name(c->out, "account", c->args[0], "account %s parked: it is not billed",
			c->args[0]);
	return r;
}

static int run_unpark(struct call *c, struct err *e)
{
	int r = account_unpark(c->sxc, c->args[0], e);

	if (r == 0)
		out_done_name(c->out, "account", c->args[0], "account %s unparked", c->args[0]);
	return r;
}

struct close_opts {
	char *reason;
	bool refund;
};
static const struct opt opts_close[] = {OPT(struct close_opts, reason, "reason", 0, OPT_TEXT,
						"TEXT", "why"),
	OPT(struct close_opts, refund, "refund", 0, OPT_FLAG, NULL,
		"what is credited for unused days goes back instead of becoming credit"),
	OPT_END};

/* The document that a run has just made: all its lines name it. */
static int note_document(void *arg, const void *row, struct err *e)
{
	const struct invoice_line_row *line = row;
	struct str *text = arg;

	(void)e;
	str_clear(text);
	str_addf(text, "final %s %s", str_eq(line->kind, "invoice") ? "invoice" : "credit note",
		line->invoice);
	return 0;
}

/* It is closed whatever becomes of this: what cannot be billed now, the next run bills. */
static void final_invoice(struct call *c, struct str *text, struct job_ids *jobs)
{
	struct run_opts o = {.account = c->args[0]};
	struct run_done done;
	struct err why = {0};
	int r = invoice_run(c->sxc, &o, note_document, text, &done, jobs, &why);

	if (r < 0)
		out_note(c->out, "the final invoice waits for the next run: %s", why.msg);
	if (!text->len)
		str_add(text, r < 0 ? "no final invoice yet" : "nothing was left to be billed");
}

static int tell_rest(void *arg, const void *row, struct err *e)
{
	const struct account_row *a = row;
	struct str *text = arg;

	(void)e;
	if (a->balance || a->credit)
		str_add(text, a->balance ? "; it owes " : "; it has credit ");
	if (a->balance || a->credit)
		money_format_code(text, a->balance ? a->balance : a->credit, a->currency);
	return 0;
}

static int run_close(struct call *c, struct err *e)
{
	const struct close_opts *o = c->opts;
	autostr text = STR_INIT;
	autojobs jobs = {0};
	int r = account_close(c->sxc, c->args[0], o->reason, o->refund, &jobs, e);

	if (r < 0)
		return r;
	final_invoice(c, &text, &jobs);
	if ((r = account_show(c->sxc, c->args[0], tell_rest, &text, e)) < 0)
		return r;
	out_done_name(c->out, "account", c->args[0], "account %s closed; %s", c->args[0],
		str_c(&text));
	return money_run_jobs(c, &jobs, e);
}

const struct cmd account_cmd_credit = {.noun = "account",
	.verb = "credit",
	.help = "give credit, which settles the oldest open invoice first",
	.opts = opts_credit,
	.opts_size = sizeof(struct money_opts),
	.args = args_amount,
	.flags = CMD_DB_WRITE | CMD_NETWORK,
	.run = run_credit};
const struct cmd account_cmd_charge = {.noun = "account",
	.verb = "charge",
	.help = "charge something once, with the next invoice",
	.opts = opts_charge,
	.opts_size = sizeof(struct money_opts),
	.args = args_amount,
	.flags = CMD_DB_WRITE,
	.run = run_charge};
const struct cmd account_cmd_pay = {.noun = "account",
	.verb = "pay",
	.help = "write down a payment for the oldest open invoices",
	.opts = opts_pay,
	.opts_size = sizeof(struct money_opts),
	.args = args_amount,
	.flags = CMD_DB_WRITE | CMD_NETWORK,
	.run = run_pay};
const struct cmd account_cmd_suspend = {.noun = "account",
	.verb = "suspend",
	.help = "stop a customer's services and new orders",
	.opts = opts_reason,
	.opts_size = sizeof(struct reason_opts),
	.args = args_account,
	.flags = CMD_DB_WRITE | CMD_NETWORK,
	.run = run_suspend};
const struct cmd account_cmd_resume = {.noun = "account",
	.verb = "resume",
	.help = "lift a suspension",
	.args = args_account,
	.flags = CMD_DB_WRITE | CMD_NETWORK,
	.run = run_resume};
const struct cmd account_cmd_lock = {.noun = "account",
	.verb = "lock",
	.help = "stop a customer's logins and orders, its services run on",
	.opts = opts_reason,
	.opts_size = sizeof(struct reason_opts),
	.args = args_account,
	.flags = CMD_DB_WRITE,
	.run = run_lock};
const struct cmd account_cmd_unlock = {.noun = "account",
	.verb = "unlock",
	.help = "let a customer log in and order again",
	.args = args_account,
	.flags = CMD_DB_WRITE,
	.run = run_unlock};
const struct cmd account_cmd_erase = {.noun = "account",
	.verb = "erase",
	.help = "forget the person behind a closed account, and keep the books",
	.opts = opts_reason,
	.opts_size = sizeof(struct reason_opts),
	.args = args_account,
	.flags = CMD_DB_WRITE | CMD_DESTRUCTIVE,
	.ask = "forget for good who account %s is?",
	.run = run_erase};
const struct cmd account_cmd_park = {.noun = "account",
	.verb = "park",
	.help = "stop billing an account, its services run on",
	.opts = opts_reason,
	.opts_size = sizeof(struct reason_opts),
	.args = args_account,
	.flags = CMD_DB_WRITE,
	.run = run_park};
const struct cmd account_cmd_unpark = {.noun = "account",
	.verb = "unpark",
	.help = "bill an account again",
	.args = args_account,
	.flags = CMD_DB_WRITE,
	.run = run_unpark};
const struct cmd account_cmd_close = {.noun = "account",
	.verb = "close",
	.help = "end all subscriptions of an account today, with a final invoice",
	.opts = opts_close,
	.opts_size = sizeof(struct close_opts),
	.args = args_account,
	.flags = CMD_DB_WRITE | CMD_NETWORK | CMD_DESTRUCTIVE,
	.ask = "end everything that account %s has, and close it?",
	.run = run_close};
