/* SPDX-License-Identifier: MIT */
/* sxc invoice tax: taxes and their rates. */
#include "biz/tax.h"
#include "cmd/invoice_verbs.h"

static const struct column columns[] = {
	COL(struct tax_row, tax, COL_TEXT, "its name"),
	COL(struct tax_row, rate, COL_TEXT, "the rate"),
	COL(struct tax_row, start, COL_TEXT, "from which day it holds"),
	COL(struct tax_row, country, COL_TEXT, "whose accounts bear it"),
	COL_NAMED("for", struct tax_row, customer, COL_TEXT, "consumer, business, any"),
	COL(struct tax_row, note, COL_TEXT, "printed with it"),
	COL(struct tax_row, accounts, COL_INT, "accounts that name it"),
	COL_END,
};

struct tax_opts {
	char *rate, *from, *country, *customer, *note;
};
static const struct opt opts_add[] = {OPT(struct tax_opts, rate, "rate", 0, OPT_TEXT, "9.975%",
					      "the rate, up to six decimals"),
	OPT(struct tax_opts, from, "from", 0, OPT_DATE, "DATE",
		"from which day; default since ever"),
	OPT(struct tax_opts, country, "country", 0, OPT_TEXT, "CC",
		"accounts there bear it; none: only those that name it"),
	OPT(struct tax_opts, customer, "for", 0, OPT_TEXT, "consumer|business|any",
		"which of them; default any"),
	OPT(struct tax_opts, note, "note", 0, OPT_TEXT, "T", "printed with it: reverse charge …"),
	OPT_END};
static const struct opt opts_set[] = {OPT(struct tax_opts, rate, "rate", 0, OPT_TEXT, "9.975%",
					      "the rate, up to six decimals"),
	OPT(struct tax_opts, from, "from", 0, OPT_DATE, "DATE", "from which day; default today"),
	OPT(struct tax_opts, note, "note", 0, OPT_TEXT, "T", "printed with it; empty: nothing"),
	OPT_END};
static const struct arg args_new[] = {{"NAME", ENT_NEW, ARG_ONE}, ARG_END};
static const struct arg args_tax[] = {{"NAME", ENT_TAX, ARG_ONE}, ARG_END};

static struct tax_new read_opts(const struct call *c)
{
	const struct tax_opts *o = c->opts;

	return (struct tax_new){.name = c->args[0],
		.rate = o->rate,
		.from = o->from,
		.country = o->country,
		.customer = o->customer,
		.note = o->note};
}

static int run_add(struct call *c, struct err *e)
{
	struct tax_new t = read_opts(c);
	int r = tax_add(c->sxc, &t, e);

	if (r == 0)
		out_done_name(c->out, "tax", t.name, "tax %s added", t.name);
	return r;
}

static int run_set(struct call *c, struct err *e)
{
	struct tax_new t = read_opts(c);
	int r = tax_set(c->sxc, &t, e);

	if (r == 0)
		out_done_name(c->out, "tax", t.name, "tax %s set", t.name);
	return r;
}

static int run_list(struct call *c, struct err *e)
{
	int r = out_list(c->out, "taxes", columns, e);

	if (r == 0)
		r = tax_list(c->sxc, out_row_fn, c->out, e);
	return r < 0 ? r : out_end(c->out, e);
}

static int run_remove(struct call *c, struct err *e)
{
	int r = tax_remove(c->sxc, c->args[0], e);

	if (r == 0)
		out_done_name(c->out, "tax", c->args[0], "tax %s removed", c->args[0]);
	return r;
}

const struct cmd invoice_cmd_tax_add = {.noun = "invoice tax",
	.verb = "add",
	.help = "add a tax",
	.opts = opts_add,
	.opts_size = sizeof(struct tax_opts),
	.args = args_new,
	.flags = CMD_DB_WRITE,
	.run = run_add};
const struct cmd invoice_cmd_tax_set = {.noun = "invoice tax",
	.verb = "set",
	.help = "give a tax another rate from a day on, or another note",
	.opts = opts_set,
	.opts_size = sizeof(struct tax_opts),
	.args = args_tax,
	.flags = CMD_DB_WRITE | CMD_REPEATABLE,
	.run = run_set};
const struct cmd invoice_cmd_tax_list = {.noun = "invoice tax",
	.verb = "list",
	.help = "list taxes and their rates",
	.flags = CMD_DB_READ | CMD_LIST,
	.run = run_list,
	.columns = columns};
const struct cmd invoice_cmd_tax_remove = {.noun = "invoice tax",
	.verb = "remove",
	.help = "remove a tax that no account names",
	.args = args_tax,
	.flags = CMD_DB_WRITE | CMD_DESTRUCTIVE,
	.ask = "remove tax %s?",
	.run = run_remove};

CMD_ENTITY(tax, ENT_TAX, "tax", tax_exists, tax_names);
