/* SPDX-License-Identifier: MIT */
/* sxc invoice: send, remind. */
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

CMD_NOUN(invoice_mail, "invoice", "money: invoices, payments, taxes", 7, &cmd_send, &cmd_remind);
