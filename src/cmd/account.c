/* SPDX-License-Identifier: MIT */
/* sxc account: customers. */
#include "biz/account.h"

#include "biz/subscription.h"
#include "cmd/account_verbs.h"
#include "util/str.h"

const struct column account_columns[] = {
	COL(struct account_row, account, COL_TEXT, "its name"),
	COL(struct account_row, email, COL_TEXT, "where invoices go"),
	COL(struct account_row, kind, COL_TEXT, "consumer or business"),
	COL(struct account_row, currency, COL_TEXT, "the currency of all its invoices"),
	COL(struct account_row, state, COL_TEXT, "active, parked, locked, suspended, closed"),
	COL(struct account_row, reseller, COL_TEXT, "whose customer it is"),
	COL_CASH(struct account_row, balance, currency, "what it owes"),
	COL_CASH(struct account_row, credit, currency,
		"what it has paid or been given beyond that"),
	COL(struct account_row, created, COL_TIME, "when it was added"),
	COL_X(struct account_row, country, COL_TEXT, "ISO 3166-1"),
	COL_X(struct account_row, tax_id, COL_TEXT, "its tax number"),
	COL_X(struct account_row, timezone, COL_TEXT, "where its days are"),
	COL_X(struct account_row, bill_day, COL_INT, "day of the month on which it is billed"),
	COL_X(struct account_row, terms, COL_INT, "days to pay; none: as configured"),
	COL_X(struct account_row, dunning, COL_TEXT, "its dunning schedule; none: as configured"),
	COL_X(struct account_row, id, COL_INT, "its number"),
	COL_END,
};

/* ---- add, set ---- */

struct field_opts {
	char *email, *kind, *country, *tax_id, *currency, *timezone, *dunning;
	struct strvec taxes, contact;
	int64_t bill_day, terms;
	bool no_tax;
};
#define FIELD_OPTS                                                                                 \
	OPT(struct field_opts, email, "email", 0, OPT_TEXT, "ADDRESS", "where invoices go"),       \
		OPT(struct field_opts, kind, "kind", 0, OPT_TEXT, "consumer|business",             \
			"default consumer"),                                                       \
		OPT(struct field_opts, country, "country", 0, OPT_TEXT, "CC",                      \
			"two capital letters; finds the taxes that match"),                        \
		OPT(struct field_opts, tax_id, "tax-id", 0, OPT_TEXT, "ID",                        \
			"tax number on invoices"),                                                 \
		OPT(struct field_opts, currency, "currency", 0, OPT_TEXT, "CODE",                  \
			"ISO 4217; default as configured"),                                        \
		OPT(struct field_opts, timezone, "timezone", 0, OPT_TEXT, "ZONE",                  \
			"where its days are; default as configured"),                              \
		OPT(struct field_opts, taxes, "tax", 0, OPT_TEXTS, "NAME",                         \
			"a tax it bears, whatever its country; may repeat"),                       \
		OPT(struct field_opts, bill_day, "bill-day", 0, OPT_INT, "N",                      \
			"day of the month that periods begin on; 0: none"),                        \
		OPT(struct field_opts, terms, "terms", 0, OPT_DURATION, "14d",                     \
			"time to pay; default as configured"),                                     \
		OPT(struct field_opts, dunning, "dunning", 0, OPT_TEXT, "NAME",                    \
			"dunning schedule; default as configured"),                                \
		OPT(struct field_opts, contact, "contact", 0, OPT_TEXTS, "K=V",                    \
			"name, company, street, city …; may repeat")
static const struct opt opts_add[] = {FIELD_OPTS, OPT_END};
static const struct opt opts_set[] = {FIELD_OPTS,
	OPT(struct field_opts, no_tax, "no-tax", 0, OPT_FLAG, NULL, "it bears no tax by name"),
	OPT_END};

static const struct arg args_new[] = {{"NAME", ENT_NEW, ARG_ONE}, ARG_END};
static const struct arg args_account[] = {{"NAME", ENT_ACCOUNT, ARG_ONE}, ARG_END};

static int read_terms(const struct call *c, int64_t seconds, int64_t *days, struct err *e)
{
	*days = -1;
	if (!call_given(c, "terms"))
		return 0;
	if (seconds % 86400)
		return err_set(e, E_USAGE, "--terms: whole days, such as 14d");
	*days = seconds / 86400;
	return 0;
}

static int read_fields(const struct call *c, struct account_fields *f, struct err *e)
{
	const struct field_opts *o = c->opts;

	*f = (struct account_fields){.email = o->email,
		.kind = o->kind,
		.country = o->country,
		.tax_id = o->tax_id,
		.currency = o->currency,
		.timezone = o->timezone,
		.dunning = o->dunning,
		.bill_day = call_given(c, "bill-day") ? o->bill_day : -1,
		.taxes = o->taxes.n || o->no_tax ? &o->taxes : NULL,
		.contact = o->contact.n ? &o->contact : NULL};
	if (call_given(c, "bill-day") && (o->bill_day < 0 || o->bill_day > 31))
		return err_set(e, E_USAGE, "--bill-day: from 1 to 31, or 0 for none");
	if (o->no_tax && o->taxes.n)
		return err_set(e, E_USAGE, "--tax and --no-tax exclude each other");
	return read_terms(c, o->terms, &f->terms, e);
}

static int run_add(struct call *c, struct err *e)
{
	struct account_fields f;
	int r;

	if ((r = read_fields(c, &f, e)) < 0 || (r = account_add(c->sxc, c->args[0], &f, e)) < 0)
		return r;
	out_done_name(c->out, "account", c->args[0], "account %s added", c->args[0]);
	return 0;
}

static int run_set(struct call *c, struct err *e)
{
	struct account_fields f;
	int r;

	if ((r = read_fields(c, &f, e)) < 0 || (r = account_set(c->sxc, c->args[0], &f, e)) < 0)
		return r;
	out_done_name(c->out, "account", c->args[0], "account %s set", c->args[0]);
	return 0;
}

/* ---- list ---- */

static int run_list(struct call *c, struct err *e)
{
	int r = out_list(c->out, "accounts", account_columns, e);

	if (r == 0)
		r = account_list(c->sxc, out_row_fn, c->out, e);
	return r < 0 ? r : out_end(c->out, e);
}

static const struct cmd cmd_add = {.noun = "account",
	.verb = "add",
	.help = "add a customer",
	.opts = opts_add,
	.opts_size = sizeof(struct field_opts),
	.args = args_new,
	.flags = CMD_DB_WRITE,
	.run = run_add};
static const struct cmd cmd_set = {.noun = "account",
	.verb = "set",
	.help = "change what is known of a customer",
	.opts = opts_set,
	.opts_size = sizeof(struct field_opts),
	.args = args_account,
	.flags = CMD_DB_WRITE | CMD_REPEATABLE,
	.run = run_set};
static const struct cmd cmd_list = {.noun = "account",
	.verb = "list",
	.help = "list customers",
	.flags = CMD_DB_READ | CMD_LIST,
	.run = run_list,
	.columns = account_columns};

CMD_NOUN(account, "account", "customers, what they ordered and owe", 6, &cmd_add, &cmd_list,
	&account_cmd_show, &cmd_set, &account_cmd_subscribe, &account_cmd_change,
	&account_cmd_cancel, &account_cmd_subscriptions, &account_cmd_pay, &account_cmd_credit,
	&account_cmd_charge, &account_cmd_suspend, &account_cmd_resume, &account_cmd_lock,
	&account_cmd_unlock, &account_cmd_park, &account_cmd_unpark, &account_cmd_close,
	&account_cmd_erase, &account_cmd_statement, &account_cmd_history);

static int account_exists(struct sxc *s, const char *name, struct err *e)
{
	int64_t id;

	return account_find(s, name, &id, e);
}
CMD_ENTITY_ID(account, ENT_ACCOUNT, "account", account_exists, account_names, account_name_of);

static int subscription_exists(struct sxc *s, const char *name, struct err *e)
{
	int64_t id;

	return subscription_find(s, name, &id, e);
}
CMD_ENTITY_ID(subscription, ENT_SUBSCRIPTION, "subscription", subscription_exists,
	subscription_names, subscription_name_of);
