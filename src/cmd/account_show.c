/* SPDX-License-Identifier: MIT */
/* sxc account show: one page about a customer. */
#include "biz/domain.h"
#include "biz/invoice.h"
#include "biz/ps.h"
#include "biz/subscription.h"
#include "biz/ticket.h"
#include "cmd/account_verbs.h"

static const struct arg args_account[] = {{"NAME", ENT_ACCOUNT, ARG_ONE}, ARG_END};

static const struct column show_columns[] = {
	COL(struct account_row, account, COL_TEXT, "its name"),
	COL(struct account_row, email, COL_TEXT, "where invoices go"),
	COL(struct account_row, kind, COL_TEXT, "consumer or business"),
	COL(struct account_row, currency, COL_TEXT, "the currency of all its invoices"),
	COL(struct account_row, state, COL_TEXT, "active, parked, locked, suspended, closed"),
	COL(struct account_row, reseller, COL_TEXT, "whose customer it is"),
	COL_CASH(struct account_row, balance, currency, "what it owes"),
	COL_CASH(struct account_row, credit, currency, "what it has beyond that"),
	COL(struct account_row, country, COL_TEXT, "ISO 3166-1"),
	COL(struct account_row, tax_id, COL_TEXT, "its tax number"),
	COL(struct account_row, taxes, COL_LIST, "taxes it bears by name"),
	COL(struct account_row, timezone, COL_TEXT, "where its days are"),
	COL(struct account_row, bill_day, COL_INT, "day of the month on which it is billed"),
	COL(struct account_row, terms, COL_INT, "days to pay"),
	COL(struct account_row, dunning, COL_TEXT, "its dunning schedule; none: as configured"),
	COL(struct account_row, contact, COL_PAIRS, "name, address and so on"),
	COL(struct account_row, created, COL_TIME, "when it was added"),
	COL_X(struct account_row, id, COL_INT, "its number"),
	COL_END,
};
static const struct column hold_columns[] = {
	COL(struct account_hold_row, hold, COL_TEXT,
		"suspend, park, lock; of dunning: throttle, suspend, terminate"),
	COL(struct account_hold_row, by, COL_TEXT, "person, billing or dunning"),
	COL(struct account_hold_row, reason, COL_TEXT, "why"),
	COL(struct account_hold_row, since, COL_TIME, "since when"),
	COL_END,
};
static const struct column invoice_columns[] = {
	COL(struct invoice_row, invoice, COL_TEXT, "its number"),
	COL(struct invoice_row, date, COL_TEXT, "its date"),
	COL(struct invoice_row, due, COL_TEXT, "to be paid by"),
	COL_CASH(struct invoice_row, total, currency, "what it comes to"),
	COL_CASH(struct invoice_row, balance, currency, "what is open of it"),
	COL(struct invoice_row, overdue, COL_INT, "days since it fell due"),
	COL_END,
};
static const struct column ps_columns[] = {
	COL_NAMED("ps", struct ps_row, name, COL_TEXT, "its name"),
	COL(struct ps_row, server, COL_TEXT, "where it lives"),
	COL(struct ps_row, state, COL_TEXT, "its state"),
	COL(struct ps_row, addresses, COL_LIST, "its addresses"),
	COL(struct ps_row, subscription, COL_TEXT, "sold by"),
	COL_END,
};
static const struct column domain_columns[] = {
	COL(struct domain_row, domain, COL_TEXT, "its name"),
	COL(struct domain_row, ps, COL_TEXT, "where it lives"),
	COL(struct domain_row, state, COL_TEXT, "its state"),
	COL(struct domain_row, subscription, COL_TEXT, "sold by"),
	COL_END,
};
static const struct column ticket_columns[] = {
	COL(struct ticket_row, ticket, COL_INT, "its number"),
	COL(struct ticket_row, state, COL_TEXT, "its state"),
	COL(struct ticket_row, priority, COL_TEXT, "how urgent"),
	COL(struct ticket_row, subject, COL_TEXT, "what about"),
	COL(struct ticket_row, updated, COL_TIME, "last word"),
	COL_END,
};

static int show_row(void *arg, const void *row, struct err *e)
{
	return out_object(arg, show_columns, row, e);
}

static int show_money(struct call *c, const char *name, struct err *e)
{
	int r;

	if ((r = out_nested(c->out, "Held back", "holds", hold_columns, e)) < 0 ||
		(r = account_holds(c->sxc, name, out_row_fn, c->out, e)) < 0 ||
		(r = out_nested(c->out, "Subscriptions", "subscriptions", subscription_columns,
			 e)) < 0 ||
		(r = subscription_list(c->sxc, name, out_row_fn, c->out, e)) < 0 ||
		(r = out_nested(c->out, "Open invoices", "invoices", invoice_columns, e)) < 0)
		return r;
	return invoice_list(c->sxc, name, true, out_row_fn, c->out, e);
}

static int show_services(struct call *c, const char *name, struct err *e)
{
	struct ticket_filter open = {.account = name};
	int r;

	if ((r = out_nested(c->out, "Private servers", "private_servers", ps_columns, e)) < 0 ||
		(r = ps_list(c->sxc, NULL, name, false, out_row_fn, c->out, e)) < 0 ||
		(r = out_nested(c->out, "Domains", "domains", domain_columns, e)) < 0 ||
		(r = domain_list(c->sxc, NULL, name, out_row_fn, c->out, e)) < 0 ||
		(r = out_nested(c->out, "Open tickets", "tickets", ticket_columns, e)) < 0)
		return r;
	return ticket_list(c->sxc, &open, out_row_fn, c->out, e);
}

static int run_show(struct call *c, struct err *e)
{
	int r = account_show(c->sxc, c->args[0], show_row, c->out, e);

	if (r < 0 || (r = show_money(c, c->args[0], e)) < 0 ||
		(r = show_services(c, c->args[0], e)) < 0)
		return r;
	return out_object_end(c->out, e);
}

const struct cmd account_cmd_show = {.noun = "account",
	.verb = "show",
	.help = "show everything about one customer",
	.args = args_account,
	.flags = CMD_DB_READ,
	.run = run_show,
	.columns = show_columns};
