/* SPDX-License-Identifier: MIT */
/* sxc invoice: send, remind, dunning. */
#include "biz/dunning.h"
#include "biz/mail.h"
#include "cmd/cmd.h"
#include "cmd/out.h"

static const struct arg args_invoice[] = {{"ID", ENT_INVOICE, ARG_ONE}, ARG_END};

static int run_send(struct call *c, struct err *e)
{
	int r = mail_send_again(c->sxc, c->args[0], false, e);

	if (r == 0)
		out_done_name(c->out, "invoice", c->args[0], "%s queued to be mailed", c->args[0]);
	return r;
}

static int run_remind(struct call *c, struct err *e)
{
	int r = mail_send_again(c->sxc, c->args[0], true, e);

	if (r == 0)
		out_done_name(c->out, "invoice", c->args[0], "a reminder of %s queued to be mailed",
			c->args[0]);
	return r;
}

static const struct column dunning_columns[] = {
	COL(struct dunning_state_row, invoice, COL_TEXT, "its number"),
	COL(struct dunning_state_row, account, COL_TEXT, "whose it is"),
	COL(struct dunning_state_row, due, COL_TEXT, "to be paid by"),
	COL(struct dunning_state_row, sent, COL_TEXT, "the day on which it really went out"),
	COL(struct dunning_state_row, schedule, COL_TEXT, "the schedule that holds for it"),
	COL(struct dunning_state_row, steps, COL_INT, "how far that has come"),
	COL(struct dunning_state_row, last, COL_TEXT, "what was done last"),
	COL(struct dunning_state_row, last_day, COL_TEXT, "on which day"),
	COL(struct dunning_state_row, next, COL_TEXT, "what is done next"),
	COL(struct dunning_state_row, next_day, COL_TEXT, "on which day, at the earliest"),
	COL_END,
};
struct dunning_opts {
	char *account;
};
static const struct opt opts_dunning[] = {OPT_ENT(struct dunning_opts, account, "account",
						  ENT_ACCOUNT, "NAME", "only of that account"),
	OPT_END};

static int run_dunning(struct call *c, struct err *e)
{
	const struct dunning_opts *o = c->opts;
	int r = out_list(c->out, "invoices", dunning_columns, e);

	if (r == 0)
		r = dunning_list(c->sxc, o->account, out_row_fn, c->out, e);
	return r < 0 ? r : out_end(c->out, e);
}

static const struct cmd cmd_dunning = {.noun = "invoice",
	.verb = "dunning",
	.help = "list open invoices, what was done about them, and what is next",
	.opts = opts_dunning,
	.opts_size = sizeof(struct dunning_opts),
	.flags = CMD_DB_READ | CMD_LIST,
	.run = run_dunning,
	.columns = dunning_columns};
static const struct cmd cmd_send = {.noun = "invoice",
	.verb = "send",
	.help = "mail a document to the customer again",
	.args = args_invoice,
	.flags = CMD_DB_WRITE,
	.run = run_send};
static const struct cmd cmd_remind = {.noun = "invoice",
	.verb = "remind",
	.help = "mail a reminder of an open invoice",
	.args = args_invoice,
	.flags = CMD_DB_WRITE,
	.run = run_remind};

CMD_NOUN(invoice_mail, "invoice", "money: invoices, payments, taxes", 7, &cmd_send, &cmd_remind,
	&cmd_dunning);
