/* SPDX-License-Identifier: MIT */
/* sxc account statement, history: what happened to one customer, in order. */
#include "biz/statement.h"

#include "cmd/account_verbs.h"

static const struct arg args_account[] = {{"NAME", ENT_ACCOUNT, ARG_ONE}, ARG_END};

/* ---- statement ---- */

struct statement_opts {
	char *from, *to;
};
static const struct opt opts_statement[] = {OPT(struct statement_opts, from, "from", 0, OPT_DATE,
						    "DATE",
						    "the first day; default the first ever"),
	OPT(struct statement_opts, to, "to", 0, OPT_DATE, "DATE",
		"the last day; default the last ever"),
	OPT_END};

static const struct column statement_columns[] = {
	COL(struct statement_row, date, COL_TEXT, "its day"),
	COL(struct statement_row, kind, COL_TEXT,
		"opening, invoice, credit-note, credit, write-off, recovered, payment, refund, "
		"chargeback, closing"),
	COL(struct statement_row, document, COL_TEXT, "the invoice or payment"),
	COL(struct statement_row, text, COL_TEXT, "how, or why"),
	COL_CASH(struct statement_row, amount, currency, "what is owed more; negative: less"),
	COL_CASH(struct statement_row, balance, currency, "owed after it; negative: credit"),
	COL(struct statement_row, currency, COL_TEXT, "of its amounts"),
	COL_END,
};

static int run_statement(struct call *c, struct err *e)
{
	const struct statement_opts *o = c->opts;
	int r = out_list(c->out, "entries", statement_columns, e);

	if (r == 0)
		r = statement_tell(c->sxc, c->args[0], o->from, o->to, out_row_fn, c->out, e);
	return r < 0 ? r : out_end(c->out, e);
}

/* ---- history ---- */

static const struct column event_columns[] = {
	COL(struct account_event_row, clock, COL_TIME, "when"),
	COL(struct account_event_row, what, COL_TEXT, "what happened"),
	COL(struct account_event_row, object, COL_TEXT, "to what"),
	COL_CASH(struct account_event_row, amount, currency, "how much"),
	COL(struct account_event_row, text, COL_TEXT, "why, or what about"),
	COL(struct account_event_row, login, COL_TEXT, "who did it"),
	COL(struct account_event_row, actor, COL_TEXT, "in whose name"),
	COL_X(struct account_event_row, at, COL_TIME, "when, by the real clock"),
	{"event", COL_INT, offsetof(struct account_event_row, id), 0, "its place in the audit log",
		true},
	COL_END,
};

static int run_history(struct call *c, struct err *e)
{
	int r = out_list(c->out, "events", event_columns, e);

	if (r == 0)
		r = account_history(c->sxc, c->args[0], out_row_fn, c->out, e);
	return r < 0 ? r : out_end(c->out, e);
}

const struct cmd account_cmd_statement = {.noun = "account",
	.verb = "statement",
	.help = "list what an account was billed and paid, with the balance",
	.opts = opts_statement,
	.opts_size = sizeof(struct statement_opts),
	.args = args_account,
	.flags = CMD_DB_READ,
	.run = run_statement,
	.columns = statement_columns};
const struct cmd account_cmd_history = {.noun = "account",
	.verb = "history",
	.help = "list everything that happened to an account",
	.args = args_account,
	.flags = CMD_DB_READ | CMD_LIST,
	.run = run_history,
	.columns = event_columns};
