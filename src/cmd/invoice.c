/* SPDX-License-Identifier: MIT */
/* sxc invoice: documents, read. */
#include <unistd.h>

#include "biz/invoice.h"

#include "cmd/invoice_verbs.h"
#include "util/str.h"

static const struct column columns[] = {
	COL(struct invoice_row, invoice, COL_TEXT, "its number"),
	COL(struct invoice_row, kind, COL_TEXT, "invoice or credit-note"),
	COL_X(struct invoice_row, number, COL_TEXT, "its number, once more"),
	COL(struct invoice_row, account, COL_TEXT, "whose it is"),
	COL(struct invoice_row, state, COL_TEXT, "open, paid, void, written-off"),
	COL(struct invoice_row, date, COL_TEXT, "its date"),
	COL(struct invoice_row, due, COL_TEXT, "to be paid by"),
	COL(struct invoice_row, currency, COL_TEXT, "of its amounts"),
	{"subtotal", COL_MONEY, offsetof(struct invoice_row, subtotal),
		offsetof(struct invoice_row, currency), "its lines, net", true},
	{"discount", COL_MONEY, offsetof(struct invoice_row, discount),
		offsetof(struct invoice_row, currency), "taken off", true},
	{"tax", COL_MONEY, offsetof(struct invoice_row, tax),
		offsetof(struct invoice_row, currency), "all taxes", true},
	COL_CASH(struct invoice_row, total, currency, "what it comes to"),
	{"credit", COL_MONEY, offsetof(struct invoice_row, credit),
		offsetof(struct invoice_row, currency), "settled by account credit", true},
	{"paid", COL_MONEY, offsetof(struct invoice_row, paid),
		offsetof(struct invoice_row, currency), "settled by payments", true},
	{"written_off", COL_MONEY, offsetof(struct invoice_row, written_off),
		offsetof(struct invoice_row, currency), "given up", true},
	COL_CASH(struct invoice_row, balance, currency, "what is open of it"),
	COL(struct invoice_row, overdue, COL_INT, "days since it fell due, while open"),
	COL_X(struct invoice_row, corrects, COL_TEXT, "the invoice that a credit note corrects"),
	COL_X(struct invoice_row, reason, COL_TEXT, "why"),
	COL_X(struct invoice_row, opened, COL_TIME, "when it was opened"),
	COL_END,
};
static const struct column show_columns[] = {
	COL(struct invoice_row, invoice, COL_TEXT, "its number"),
	COL(struct invoice_row, kind, COL_TEXT, "invoice or credit-note"),
	COL_X(struct invoice_row, number, COL_TEXT, "its number, once more"),
	COL(struct invoice_row, account, COL_TEXT, "whose it is"),
	COL(struct invoice_row, state, COL_TEXT, "open, paid, void, written-off"),
	COL(struct invoice_row, date, COL_TEXT, "its date"),
	COL(struct invoice_row, due, COL_TEXT, "to be paid by"),
	COL(struct invoice_row, currency, COL_TEXT, "of its amounts"),
	COL_CASH(struct invoice_row, subtotal, currency, "its lines, net"),
	COL_CASH(struct invoice_row, discount, currency, "taken off"),
	COL_CASH(struct invoice_row, tax, currency, "all taxes"),
	COL_CASH(struct invoice_row, total, currency, "what it comes to"),
	COL_CASH(struct invoice_row, credit, currency, "settled by account credit"),
	COL_CASH(struct invoice_row, paid, currency, "settled by payments"),
	COL_CASH(struct invoice_row, written_off, currency, "given up"),
	COL_CASH(struct invoice_row, balance, currency, "what is open of it"),
	COL(struct invoice_row, overdue, COL_INT, "days since it fell due, while open"),
	COL(struct invoice_row, corrects, COL_TEXT, "the invoice that a credit note corrects"),
	COL(struct invoice_row, reason, COL_TEXT, "why"),
	COL_X(struct invoice_row, opened, COL_TIME, "when it was opened"),
	COL_END,
};
const struct column invoice_line_columns[] = {
	COL(struct invoice_line_row, invoice, COL_TEXT, "the document"),
	COL(struct invoice_line_row, account, COL_TEXT, "whose it is"),
	COL(struct invoice_line_row, subscription, COL_TEXT, "what it is for"),
	COL(struct invoice_line_row, plan, COL_TEXT, "of which plan"),
	COL(struct invoice_line_row, item, COL_TEXT, "plan, setup, option:NAME, extra"),
	COL(struct invoice_line_row, start, COL_TEXT, "its first day"),
	COL(struct invoice_line_row, end, COL_TEXT, "the first day after"),
	COL(struct invoice_line_row, quantity, COL_INT, "how many"),
	COL_CASH(struct invoice_line_row, unit_price, currency, "for one and a period"),
	COL_CASH(struct invoice_line_row, amount, currency, "net"),
	COL_CASH(struct invoice_line_row, discount, currency, "taken off"),
	COL_CASH(struct invoice_line_row, tax, currency, "all taxes on it"),
	COL(struct invoice_line_row, currency, COL_TEXT, "of its amounts"),
	COL_X(struct invoice_line_row, text, COL_TEXT, "as it is printed"),
	COL_X(struct invoice_line_row, line, COL_INT, "its place"),
	COL_X(struct invoice_line_row, kind, COL_TEXT, "invoice or credit-note"),
	COL_END,
};
static const struct column tax_columns[] = {
	COL(struct invoice_tax_row, name, COL_TEXT, "the tax"),
	COL(struct invoice_tax_row, rate, COL_TEXT, "its rate"),
	COL_CASH(struct invoice_tax_row, base, currency, "what it is put on"),
	COL_CASH(struct invoice_tax_row, amount, currency, "what it comes to"),
	COL(struct invoice_tax_row, note, COL_TEXT, "printed with it"),
	COL_END,
};
static const struct column show_line_columns[] = {
	COL(struct invoice_line_row, line, COL_INT, "its place"),
	COL(struct invoice_line_row, subscription, COL_TEXT, "what it is for"),
	COL(struct invoice_line_row, plan, COL_TEXT, "of which plan"),
	COL(struct invoice_line_row, item, COL_TEXT, "plan, setup, option:NAME, extra"),
	COL(struct invoice_line_row, text, COL_TEXT, "as it is printed"),
	COL(struct invoice_line_row, start, COL_TEXT, "its first day"),
	COL(struct invoice_line_row, end, COL_TEXT, "the first day after"),
	COL(struct invoice_line_row, quantity, COL_INT, "how many"),
	COL_CASH(struct invoice_line_row, unit_price, currency, "for one and a period"),
	COL_CASH(struct invoice_line_row, amount, currency, "net"),
	COL_CASH(struct invoice_line_row, discount, currency, "taken off"),
	COL_CASH(struct invoice_line_row, tax, currency, "all taxes on it"),
	COL_END,
};
static const struct column explain_columns[] = {
	COL(struct invoice_explain_row, line, COL_INT, "its place"),
	COL(struct invoice_explain_row, item, COL_TEXT, "plan, setup, option:NAME, extra"),
	COL(struct invoice_explain_row, text, COL_TEXT, "as it is printed"),
	COL(struct invoice_explain_row, how, COL_TEXT, "how it came about"),
	COL(struct invoice_explain_row, taxes, COL_TEXT, "and its taxes"),
	COL_X(struct invoice_explain_row, subscription, COL_TEXT, "what it is for"),
	COL_X(struct invoice_explain_row, plan, COL_TEXT, "of which plan"),
	COL_X(struct invoice_explain_row, start, COL_TEXT, "its first day"),
	COL_X(struct invoice_explain_row, end, COL_TEXT, "the first day after"),
	COL_X(struct invoice_explain_row, quantity, COL_INT, "how many"),
	{"unit_price", COL_MONEY, offsetof(struct invoice_explain_row, unit_price),
		offsetof(struct invoice_explain_row, currency),
		"for one and a period; less than nothing in what is taken back", true},
	COL_X(struct invoice_explain_row, days, COL_INT, "days of it; 0: not by days"),
	COL_X(struct invoice_explain_row, whole, COL_INT, "days of the period that holds them"),
	COL_X(struct invoice_explain_row, tax_included, COL_BOOL, "do prices include tax?"),
	COL_X(struct invoice_explain_row, currency, COL_TEXT, "of its amounts"),
	COL_END,
};
static const struct column payment_columns[] = {
	COL(struct payment_row, payment, COL_INT, "its number"),
	COL(struct payment_row, account, COL_TEXT, "who paid"),
	COL(struct payment_row, date, COL_TEXT, "when"),
	COL(struct payment_row, gateway, COL_TEXT, "through what"),
	COL(struct payment_row, method, COL_TEXT, "how"),
	COL(struct payment_row, external_id, COL_TEXT, "the bank's reference"),
	COL_CASH(struct payment_row, amount, currency, "how much"),
	COL(struct payment_row, currency, COL_TEXT, "of what"),
	COL_CASH(struct payment_row, refunded, currency, "how much of it went back"),
	COL(struct payment_row, invoices, COL_LIST, "what it settled"),
	COL_X(struct payment_row, created, COL_TIME, "when it was written down"),
	COL_END,
};
static const struct column finding_columns[] = {
	COL(struct invoice_finding_row, where, COL_TEXT, "where"),
	COL(struct invoice_finding_row, finding, COL_TEXT, "what is wrong there"),
	COL_END,
};

static const struct arg args_invoice[] = {{"ID", ENT_INVOICE, ARG_ONE}, ARG_END};

/* ---- list, show, explain ---- */

struct list_opts {
	char *account;
	bool open;
};
static const struct opt opts_list[] = {OPT_ENT(struct list_opts, account, "account", ENT_ACCOUNT,
					       "NAME", "only of that account"),
	OPT(struct list_opts, open, "open", 0, OPT_FLAG, NULL, "only those that are not settled"),
	OPT_END};
static const struct opt opts_account[] = {OPT_ENT(struct list_opts, account, "account", ENT_ACCOUNT,
						  "NAME", "only of that account"),
	OPT_END};

static int run_list(struct call *c, struct err *e)
{
	const struct list_opts *o = c->opts;
	int r = out_list(c->out, "invoices", columns, e);

	if (r == 0)
		r = invoice_list(c->sxc, o->account, o->open, out_row_fn, c->out, e);
	return r < 0 ? r : out_end(c->out, e);
}

static int show_row(void *arg, const void *row, struct err *e)
{
	return out_object(arg, show_columns, row, e);
}

static int run_show(struct call *c, struct err *e)
{
	const char *id = c->args[0];
	int r;

	if ((r = invoice_show(c->sxc, id, show_row, c->out, e)) < 0 ||
		(r = out_nested(c->out, "Lines", "lines", show_line_columns, e)) < 0 ||
		(r = invoice_lines(c->sxc, id, out_row_fn, c->out, e)) < 0 ||
		(r = out_nested(c->out, "Taxes", "taxes", tax_columns, e)) < 0 ||
		(r = invoice_taxes(c->sxc, id, out_row_fn, c->out, e)) < 0)
		return r;
	return out_object_end(c->out, e);
}

static int run_explain(struct call *c, struct err *e)
{
	int r = out_list(c->out, "lines", explain_columns, e);

	if (r == 0)
		r = invoice_explain(c->sxc, c->args[0], out_row_fn, c->out, e);
	return r < 0 ? r : out_end(c->out, e);
}

static int run_payments(struct call *c, struct err *e)
{
	const struct list_opts *o = c->opts;
	int r = out_list(c->out, "payments", payment_columns, e);

	if (r == 0)
		r = payment_list(c->sxc, o->account, out_row_fn, c->out, e);
	return r < 0 ? r : out_end(c->out, e);
}

/* ---- export, check ---- */

struct export_opts {
	char *format;
};
static const struct opt opts_export[] = {OPT(struct export_opts, format, "format", 0, OPT_TEXT,
						 "text|html|pdf", "the form; default text"),
	OPT_END};

static int run_export(struct call *c, struct err *e)
{
	const struct export_opts *o = c->opts;
	const char *format = o->format ? o->format : "text";
	autostr paper = STR_INIT;
	int r;

	if (str_eq(format, "pdf") && isatty(STDOUT_FILENO))
		return err_set(e, E_USAGE, "a PDF is not for a terminal: write it to a file");
	if ((r = invoice_print(c->sxc, c->args[0], format, &paper, e)) == 0)
		out_bytes(c->out, paper.p, paper.len);
	return r;
}

static int run_check(struct call *c, struct err *e)
{
	int r = out_list(c->out, "findings", finding_columns, e), n;

	if (r < 0 || (n = invoice_check(c->sxc, out_row_fn, c->out, e)) < 0)
		return r < 0 ? r : e->code;
	if ((r = out_end(c->out, e)) < 0)
		return r;
	if (n)
		return err_set(e, E_INTEGRITY, "%d thing%s in the books that must not be", n,
			n == 1 ? "" : "s");
	out_note(c->out, "the books are in order");
	return 0;
}

static const struct cmd cmd_list = {.noun = "invoice",
	.verb = "list",
	.help = "list invoices and credit notes",
	.opts = opts_list,
	.opts_size = sizeof(struct list_opts),
	.flags = CMD_DB_READ | CMD_LIST,
	.run = run_list,
	.columns = columns};
static const struct cmd cmd_show = {.noun = "invoice",
	.verb = "show",
	.help = "show one document with its lines and taxes",
	.args = args_invoice,
	.flags = CMD_DB_READ,
	.run = run_show,
	.columns = show_columns};
static const struct cmd cmd_explain = {.noun = "invoice",
	.verb = "explain",
	.help = "show how each line came about",
	.args = args_invoice,
	.flags = CMD_DB_READ | CMD_LIST,
	.run = run_explain,
	.columns = explain_columns};
static const struct cmd cmd_payments = {.noun = "invoice",
	.verb = "payments",
	.help = "list payments",
	.opts = opts_account,
	.opts_size = sizeof(struct list_opts),
	.flags = CMD_DB_READ | CMD_LIST,
	.run = run_payments,
	.columns = payment_columns};
static const struct cmd cmd_export = {.noun = "invoice",
	.verb = "export",
	.help = "print a document: the same bytes for ever",
	.opts = opts_export,
	.opts_size = sizeof(struct export_opts),
	.args = args_invoice,
	.flags = CMD_DB_READ,
	.run = run_export};
static const struct cmd cmd_check = {.noun = "invoice",
	.verb = "check",
	.help = "prove the books",
	.flags = CMD_DB_READ | CMD_LIST,
	.run = run_check,
	.columns = finding_columns};

CMD_NOUN(invoice, "invoice", "money: invoices, payments, taxes", 7, &invoice_cmd_run,
	&invoice_cmd_preview, &cmd_list, &cmd_show, &cmd_explain, &invoice_cmd_pay, &cmd_payments,
	&invoice_cmd_void, &invoice_cmd_credit_note, &invoice_cmd_write_off, &cmd_export,
	&cmd_check, &invoice_cmd_tax_add, &invoice_cmd_tax_set, &invoice_cmd_tax_list,
	&invoice_cmd_tax_remove, &invoice_cmd_coupon_add, &invoice_cmd_coupon_set,
	&invoice_cmd_coupon_list, &invoice_cmd_coupon_remove);

static int invoice_exists(struct sxc *s, const char *name, struct err *e)
{
	int64_t id;

	return invoice_find(s, name, &id, e);
}
CMD_ENTITY_ID(invoice, ENT_INVOICE, "invoice", invoice_exists, invoice_names, invoice_name_of);
