/* SPDX-License-Identifier: MIT */
/* sxc invoice: run, preview, pay, void, credit-note, write-off. */
#include <string.h>

#include "biz/dunning.h"
#include "biz/invoice.h"
#include "biz/write_off.h"
#include "cmd/account_verbs.h"
#include "cmd/invoice_verbs.h"
#include "util/money.h"
#include "util/str.h"
#include "util/units.h"

struct bill_opts {
	char *until, *account;
};
static const struct opt opts_bill[] = {OPT(struct bill_opts, until, "until", 0, OPT_DATE, "DATE",
					       "what falls due up to that day; default today"),
	OPT_ENT(struct bill_opts, account, "account", ENT_ACCOUNT, "NAME", "only that account"),
	OPT_END};

/* The same for run and preview, so that their output is the same. */
static int begin(struct call *c, struct run_opts *o, struct err *e)
{
	const struct bill_opts *opts = c->opts;

	*o = (struct run_opts){.until = opts->until, .account = opts->account};
	return out_list(c->out, "lines", invoice_line_columns, e);
}

static void sum_up(struct call *c, const struct run_done *done)
{
	out_note(c->out, "%lld invoice%s, %lld credit note%s, %lld line%s",
		(long long)done->invoices, done->invoices == 1 ? "" : "s",
		(long long)done->credit_notes, done->credit_notes == 1 ? "" : "s",
		(long long)done->lines, done->lines == 1 ? "" : "s");
}

static int tell_step(void *arg, const void *row, struct err *e)
{
	const struct dunning_row *step = row;

	(void)e;
	out_note(arg, "dunning: %s of %s: %s", step->invoice, step->account, step->action);
	return 0;
}

static int tell_ahead(void *arg, const void *row, struct err *e)
{
	const struct dunning_row *step = row;
	autostr fee = STR_INIT;

	(void)e;
	if (step->fee) {
		str_add(&fee, ", ");
		money_format_code(&fee, step->fee, step->currency);
	}
	out_note(arg, "dunning: %s of %s: %s on %s%s", step->invoice, step->account, step->action,
		step->day, str_c(&fee));
	return 0;
}

/* After everything was billed; the same words for run and preview (jobs NULL). */
static int dun(struct call *c, struct job_ids *jobs, struct err *e)
{
	const struct bill_opts *o = c->opts;
	struct dunning_done done;

	if (!jobs && o->until && !c->sxc->dry_run)
		return dunning_preview(c->sxc, o->account, o->until, tell_ahead, c->out, &done, e);
	if (!jobs)
		return dunning_preview(c->sxc, o->account, NULL, tell_step, c->out, &done, e);
	return dunning_run(c->sxc, o->account, tell_step, c->out, &done, jobs, e);
}

/* The lines of a run cut short are printed, for they are billed; one that was refused has none. */
static int end_lines(struct call *c, int r, const struct run_done *done, struct err *e,
	struct job_ids *jobs)
{
	struct err ignored;
	int ended = 0, dunned = 0;

	if (r == 0 || r == E_PARTIAL || done->lines > 0)
		ended = out_end(c->out, r < 0 ? &ignored : e);
	if (r == 0 || r == E_PARTIAL)
		sum_up(c, done);
	if (r == 0 || r == E_PARTIAL)
		dunned = dun(c, jobs, r < 0 ? &ignored : e);
	return r < 0 ? r : ended < 0 ? ended : dunned;
}

static int run_preview(struct call *c, struct err *e)
{
	struct run_opts o;
	struct run_done done = {0};
	int r = begin(c, &o, e);

	if (r < 0)
		return r;
	r = invoice_preview(c->sxc, &o, out_row_fn, c->out, &done, e);
	return end_lines(c, r, &done, e, NULL);
}

static int run_run(struct call *c, struct err *e)
{
	struct run_opts o;
	struct run_done done = {0};
	autojobs jobs = {0};
	int r;

	if (c->sxc->dry_run)
		return run_preview(c, e);
	if ((r = begin(c, &o, e)) < 0)
		return r;
	r = invoice_run(c->sxc, &o, out_row_fn, c->out, &done, &jobs, e);
	r = end_lines(c, r, &done, e, &jobs);
	if (jobs.n)
		out_note(c->out, "%zu job%s queued: \"sxc job resume\" works them off", jobs.n,
			jobs.n == 1 ? "" : "s");
	return r;
}

/* ---- pay ---- */

struct pay_opts {
	char *method, *external_id;
};
static const struct opt opts_pay[] = {OPT(struct pay_opts, method, "method", 0, OPT_TEXT, "M",
					      "transfer (the default), cheque …"),
	OPT(struct pay_opts, external_id, "external-id", 0, OPT_TEXT, "X",
		"the bank's reference; the same one is taken once"),
	OPT_END};
static const struct arg args_pay[] = {{"ID", ENT_INVOICE, ARG_ONE},
	{"AMOUNT", ENT_NONE, ARG_OPTIONAL}, ARG_END};

static int run_pay(struct call *c, struct err *e)
{
	const struct pay_opts *o = c->opts;
	struct payment_new p = {.invoice = c->args[0],
		.amount = c->nargs > 1 ? c->args[1] : NULL,
		.method = o->method,
		.external_id = o->external_id};
	struct payment_done done;
	autostr amount = STR_INIT, credit = STR_INIT;
	autojobs jobs = {0};
	int r = payment_add(c->sxc, &p, &done, &jobs, e);

	if (r < 0)
		return r;
	money_format_code(&amount, done.amount, done.currency);
	if (done.on_credit) {
		str_add(&credit, ", of which to credit ");
		money_format(&credit, done.on_credit, done.currency);
	}
	out_done_name(c->out, "invoice", c->args[0], "invoice %s: %s paid%s", c->args[0],
		str_c(&amount), str_c(&credit));
	return money_run_jobs(c, &jobs, e);
}

/* ---- void, credit-note ---- */

struct correct_opts {
	char *reason, *amount;
	struct strvec lines;
	bool refund;
};
static const struct opt opts_void[] = {OPT(struct correct_opts, reason, "reason", 0, OPT_TEXT,
					       "TEXT", "why: the credit note says so"),
	OPT_END};
static const struct opt opts_write_off[] = {OPT(struct correct_opts, reason, "reason", 0, OPT_TEXT,
						    "TEXT", "why"),
	OPT_END};
static const struct opt opts_credit_note[] = {OPT(struct correct_opts, reason, "reason", 0,
						      OPT_TEXT, "TEXT",
						      "why: the credit note says so"),
	OPT(struct correct_opts, lines, "line", 0, OPT_TEXTS, "N[=AMOUNT]",
		"only that line, or so much of it; may repeat"),
	OPT(struct correct_opts, amount, "amount", 0, OPT_TEXT, "AMOUNT",
		"so much of the invoice, taxes within"),
	OPT(struct correct_opts, refund, "refund", 0, OPT_FLAG, NULL,
		"what was paid goes back instead of becoming credit"),
	OPT_END};
static const struct arg args_invoice[] = {{"ID", ENT_INVOICE, ARG_ONE}, ARG_END};

static int run_void(struct call *c, struct err *e)
{
	const struct correct_opts *o = c->opts;
	autojobs jobs = {0};
	char number[64];
	int r = invoice_void(c->sxc, c->args[0], o->reason, number, &jobs, e);

	if (r < 0)
		return r;
	out_done_name(c->out, "invoice", number,
		"invoice %s is void by credit note %s; the next run bills its days again",
		c->args[0], number);
	return money_run_jobs(c, &jobs, e);
}

/* "3", "3=10.00"; the text is cut at the sign. */
static int read_lines(const struct strvec *texts, struct credit_note_line *lines, struct err *e)
{
	for (size_t i = 0; i < texts->n; i++) {
		char *equal = strchr(texts->v[i], '=');

		if (equal)
			*equal = '\0';
		lines[i].amount = equal ? equal + 1 : NULL;
		if (units_int(texts->v[i], &lines[i].line) < 0 || lines[i].line < 1)
			return err_set(e, E_USAGE, "--line: '%.40s' is not the number of a line",
				texts->v[i]);
	}
	return 0;
}

static void tell_back(struct str *s, const struct credit_note_done *done)
{
	if (done->back.booked) {
		str_add(s, "; refunded: ");
		money_format_code(s, done->back.booked, done->currency);
	}
	if (done->back.asked) {
		str_add(s, "; asked of the gateway: ");
		money_format_code(s, done->back.asked, done->currency);
	}
}

static int run_credit_note(struct call *c, struct err *e)
{
	const struct correct_opts *o = c->opts;
	autofree struct credit_note_line *lines = mem_array(NULL, o->lines.n + 1, sizeof(*lines));
	struct credit_note_new n = {.invoice = c->args[0],
		.reason = o->reason,
		.lines = lines,
		.n = o->lines.n,
		.amount = o->amount,
		.refund = o->refund};
	struct credit_note_done done;
	autostr back = STR_INIT;
	autojobs jobs = {0};
	int r = read_lines(&o->lines, lines, e);

	if (r < 0 || (r = invoice_credit_note(c->sxc, &n, &done, &jobs, e)) < 0)
		return r;
	tell_back(&back, &done);
	out_done_name(c->out, "invoice", done.number, "credit note %s corrects invoice %s%s",
		done.number, c->args[0], str_c(&back));
	return money_run_jobs(c, &jobs, e);
}

static int run_write_off(struct call *c, struct err *e)
{
	const struct correct_opts *o = c->opts;
	struct write_off_done done;
	autostr amount = STR_INIT;
	int r = write_off_add(c->sxc, c->args[0], o->reason, &done, e);

	if (r < 0)
		return r;
	money_format_code(&amount, done.amount, done.currency);
	out_done_name(c->out, "invoice", c->args[0], "invoice %s: %s written off", c->args[0],
		str_c(&amount));
	return 0;
}

const struct cmd invoice_cmd_run = {.noun = "invoice",
	.verb = "run",
	.help = "bill everything that has fallen due, once",
	.opts = opts_bill,
	.opts_size = sizeof(struct bill_opts),
	.flags = CMD_DB_WRITE | CMD_REPEATABLE | CMD_DRY_RUN,
	.run = run_run,
	.columns = invoice_line_columns};
const struct cmd invoice_cmd_preview = {.noun = "invoice",
	.verb = "preview",
	.help = "show what run would bill; writes nothing",
	.opts = opts_bill,
	.opts_size = sizeof(struct bill_opts),
	.flags = CMD_DB_READ,
	.run = run_preview,
	.columns = invoice_line_columns};
const struct cmd invoice_cmd_pay = {.noun = "invoice",
	.verb = "pay",
	.help = "write down a payment for an invoice, all of it unless an amount is given",
	.opts = opts_pay,
	.opts_size = sizeof(struct pay_opts),
	.args = args_pay,
	.flags = CMD_DB_WRITE | CMD_NETWORK,
	.run = run_pay};
const struct cmd invoice_cmd_void = {.noun = "invoice",
	.verb = "void",
	.help = "take an invoice back, its days are billed again",
	.opts = opts_void,
	.opts_size = sizeof(struct correct_opts),
	.args = args_invoice,
	.flags = CMD_DB_WRITE | CMD_NETWORK | CMD_DESTRUCTIVE,
	.ask = "take invoice %s back with a credit note?",
	.run = run_void};
const struct cmd invoice_cmd_credit_note = {.noun = "invoice",
	.verb = "credit-note",
	.help = "credit an invoice, or lines or amounts of it, for good",
	.opts = opts_credit_note,
	.opts_size = sizeof(struct correct_opts),
	.args = args_invoice,
	.flags = CMD_DB_WRITE | CMD_NETWORK | CMD_DESTRUCTIVE,
	.ask = "credit invoice %s?",
	.run = run_credit_note};
const struct cmd invoice_cmd_write_off = {.noun = "invoice",
	.verb = "write-off",
	.help = "give up what is open of an invoice as lost",
	.opts = opts_write_off,
	.opts_size = sizeof(struct correct_opts),
	.args = args_invoice,
	.flags = CMD_DB_WRITE | CMD_DESTRUCTIVE,
	.ask = "give up what is open of invoice %s?",
	.run = run_write_off};
