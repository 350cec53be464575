/* SPDX-License-Identifier: MIT */
/* sxc report: the business in numbers, as lists, drawn, or as a picture. */
#include "biz/report.h"

#include <fcntl.h>
#include <langinfo.h>
#include <string.h>
#include <unistd.h>

#include "cmd/cmd.h"
#include "cmd/out.h"
#include "util/money.h"
#include "util/plot.h"
#include "util/units.h"

#define NUM(name, i, type, help) COL_NAMED(name, struct report_row, n[i], type, help)
#define TEXT(name, i, help)      COL_NAMED(name, struct report_row, text[i], COL_TEXT, help)
#define CASH(name, i, help)                                                                        \
	{                                                                                          \
		name, COL_MONEY, offsetof(struct report_row, n[i]),                                \
			offsetof(struct report_row, currency), help, false                         \
	}
#define MONTH    COL_NAMED("month", struct report_row, month, COL_TEXT, "the month")
#define CURRENCY COL_NAMED("currency", struct report_row, currency, COL_TEXT, "of the amounts")

static const struct column cols_customers[] = {MONTH, CURRENCY,
	NUM("start", 0, COL_INT, "paying customers at its start"),
	NUM("new", 1, COL_INT, "who came"), NUM("lost", 2, COL_INT, "who went"),
	NUM("returned", 3, COL_INT, "who came back"),
	NUM("customers", 4, COL_INT, "paying customers at its end"), COL_END};
static const struct column cols_new[] = {MONTH, NUM("accounts", 0, COL_INT, "accounts added"),
	NUM("subscriptions", 1, COL_INT, "plans ordered"),
	NUM("ended", 2, COL_INT, "subscriptions that ended"), COL_END};
static const struct column cols_revenue[] = {MONTH, TEXT("plan", 0, "the plan"),
	NUM("lines", 0, COL_INT, "lines of invoices and credit notes"),
	CASH("net", 1, "invoiced less discounts, without tax, less what was credited"), CURRENCY,
	COL_END};
static const struct column cols_mrr[] = {MONTH, CURRENCY, CASH("start", 0, "at its start"),
	CASH("new", 1, "of new customers"), CASH("expansion", 2, "of customers who pay more"),
	CASH("contraction", 3, "of customers who pay less"), CASH("churn", 4, "of lost customers"),
	CASH("reactivation", 5, "of customers who came back"), CASH("mrr", 6, "at its end"),
	COL_END};
static const struct column cols_churn[] = {MONTH, CURRENCY,
	NUM("customers", 0, COL_INT, "paying customers at its start"),
	NUM("lost", 2, COL_INT, "of them, who went"),
	NUM("rate", 5, COL_PERCENT, "who went, of a hundred"),
	NUM("revenue_rate", 6, COL_PERCENT, "of their revenue, of a hundred"), COL_END};
static const struct column cols_overdue[] = {TEXT("account", 0, "who owes it"),
	NUM("invoices", 0, COL_INT, "how many"), TEXT("oldest", 1, "when the oldest fell due"),
	NUM("days", 1, COL_INT, "since then"), CASH("to_30", 2, "overdue for up to 30 days"),
	CASH("to_60", 3, "for 31 to 60"), CASH("to_90", 4, "for 61 to 90"),
	CASH("over_90", 5, "for longer"), CASH("total", 6, "all of it"), CURRENCY, COL_END};
static const struct column cols_tax[] = {MONTH, TEXT("tax", 0, "its name"),
	TEXT("rate", 1, "its rate"), CASH("base", 0, "net amounts it was put on"),
	CASH("amount", 1, "what it came to"), CURRENCY, TEXT("note", 2, "printed with it"),
	COL_END};
static const struct column cols_tickets[] = {MONTH, NUM("opened", 0, COL_INT, "that were opened"),
	NUM("closed", 1, COL_INT, "that were closed"), NUM("open", 2, COL_INT, "open at its end"),
	COL_END};
static const struct column cols_capacity[] = {TEXT("server", 0, "its name"),
	TEXT("state", 1, "its state"), NUM("ps", 0, COL_INT, "private servers"),
	NUM("memory", 3, COL_SIZE, "what there is"), NUM("memory_sold", 4, COL_SIZE, "bounds"),
	NUM("disk", 5, COL_SIZE, "what there is"), NUM("disk_sold", 6, COL_SIZE, "bounds"),
	NUM("cpu", 1, COL_PERCENT, "100% is one processor"),
	NUM("cpu_sold", 2, COL_PERCENT, "guarantees"), COL_END};
static const struct column cols_usage[] = {MONTH, TEXT("resource", 0, "what was read"),
	NUM("meters", 0, COL_INT, "subscriptions and sources"),
	NUM("readings", 1, COL_INT, "how many"), NUM("total", 2, COL_INT, "their sum"),
	NUM("largest", 3, COL_INT, "the largest"), COL_END};
static const struct column cols_forecast[] = {MONTH,
	NUM("invoices", 0, COL_INT, "that will be made"),
	NUM("credit_notes", 1, COL_INT, "that will be made"), CASH("net", 2, "without tax"),
	CASH("tax", 3, "tax"), CASH("total", 4, "what they come to"), CURRENCY, COL_END};

/* What of a report is drawn. */
struct drawing {
	const char *columns[5]; /* whose values, NULL-terminated; each is a series of its own */
	int label;              /* text of the row, -1: its month, -2: the names of the columns */
	int series;             /* text of the row that is one, -1: none */
	bool apart;             /* a scale of its own for each series */
};

struct draw {
	struct plot *plot;
	const struct cmd *cmd;
	const struct drawing *d;
};

struct report_opts {
	int64_t months;
	bool plot;
	char *svg;
};

/* ---- drawing ---- */

static const struct column *find_column(const struct column *cols, const char *name)
{
	while (strcmp(cols->name, name) != 0)
		cols++;
	return cols;
}

static void value_text(const struct column *col, const struct report_row *row, int64_t value,
	struct str *out)
{
	if (col->type == COL_MONEY)
		money_format(out, value, row->currency);
	else if (col->type == COL_PERCENT)
		units_add_percent(out, value);
	else if (col->type == COL_SIZE)
		units_add_size(out, value);
	else
		units_add_int(out, value);
}

static void draw_value(struct draw *dr, const struct report_row *row, const struct column *col)
{
	int64_t value = *(const int64_t *)(const void *)((const char *)row + col->offset);
	const char *label = dr->d->label >= 0 ? row->text[dr->d->label] : row->month;
	const char *series = dr->d->series >= 0 ? row->text[dr->d->series] : "";
	const char *title = row->currency ? row->currency : "";
	autostr text = STR_INIT;

	if (value == INT64_MIN)
		return;
	if (dr->d->label == -2)
		label = col->name;
	else if (dr->d->columns[1])
		series = col->name;
	value_text(col, row, value, &text);
	if (dr->d->apart)
		plot_add(dr->plot, series, label, "", value, str_c(&text));
	else
		plot_add(dr->plot, title, label, series, value, str_c(&text));
}

static int draw_row(void *arg, const void *data, struct err *e)
{
	struct draw *dr = arg;

	(void)e;
	for (const char *const *name = dr->d->columns; *name; name++)
		draw_value(dr, data, find_column(dr->cmd->columns, *name));
	return 0;
}

/* The same ages of several accounts in one bar a currency. */
struct ages {
	struct report_row sums[8];
	char currencies[8][4];
	size_t n;
};

static int add_ages(void *arg, const void *data, struct err *e)
{
	const struct report_row *row = data;
	struct ages *a = arg;
	size_t i = 0;

	while (i < a->n && strcmp(a->currencies[i], row->currency) != 0)
		i++;
	if (i == ARRAY_LEN(a->sums))
		return err_set(e, E_LIMIT, "more currencies than can be drawn");
	if (i == a->n) {
		strncpy(a->currencies[i], row->currency, 3);
		a->sums[a->n++].currency = a->currencies[i];
	}
	for (int k = 0; k < REPORT_NUMBERS; k++)
		if (row->n[k] != INT64_MIN)
			a->sums[i].n[k] += row->n[k];
	return 0;
}

static int write_file(const char *path, const struct str *text, struct err *e)
{
	autoclose int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	size_t done = 0;

	while (fd >= 0 && done < text->len) {
		ssize_t n = write(fd, text->p + done, text->len - done);

		if (n < 0)
			return err_sys(e, "%s", path);
		done += (size_t)n;
	}
	return fd < 0 ? err_sys(e, "%s", path) : 0;
}

static int show_plot(struct call *c, const struct plot *plot, struct err *e)
{
	const struct report_opts *o = c->opts;
	bool utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
	autostr text = STR_INIT;
	int r;

	if (o->plot) {
		plot_text(plot, 80, utf8, &text);
		out_text(c->out, str_c(&text));
	}
	if (!o->svg)
		return 0;
	str_clear(&text);
	plot_svg(plot, c->cmd->help, &text);
	r = write_file(o->svg, &text, e);
	if (r == 0 && !o->plot)
		out_done(c->out, "%s written", o->svg);
	return r;
}

/* ---- what is told ---- */

static int tell(struct call *c, account_row_fn fn, void *arg, struct err *e)
{
	static const char *const asked[] = {"new", "revenue", "overdue", "tax", "tickets",
		"capacity", "usage", NULL};
	const struct report_opts *o = c->opts;
	int months = (int)o->months;

	for (int i = 0; asked[i]; i++)
		if (strcmp(c->cmd->verb, asked[i]) == 0)
			return report_ask(c->sxc, (enum report_kind)i, months, fn, arg, e);
	if (strcmp(c->cmd->verb, "forecast") == 0)
		return report_forecast(c->sxc, months, fn, arg, e);
	if (strcmp(c->cmd->verb, "mrr") == 0)
		return report_mrr(c->sxc, months, fn, arg, e);
	return report_customers(c->sxc, months, fn, arg, e);
}

static int draw(struct call *c, const struct drawing *d, struct err *e)
{
	autoplot plot = {0};
	struct draw dr = {&plot, c->cmd, d};
	struct ages ages = {0};
	int r;

	if (d->label != -2) {
		r = tell(c, draw_row, &dr, e);
		return r < 0 ? r : show_plot(c, &plot, e);
	}
	r = tell(c, add_ages, &ages, e);
	for (size_t i = 0; i < ages.n; i++)
		draw_row(&dr, &ages.sums[i], e);
	return r < 0 ? r : show_plot(c, &plot, e);
}

static int run(struct call *c, const struct drawing *d, struct err *e)
{
	struct report_opts *o = c->opts;
	int r;

	if (!call_given(c, "months"))
		o->months = 12;
	if (o->months < 1 || o->months > REPORT_MONTHS_MOST)
		return err_set(e, E_USAGE, "--months must be from 1 to %d", REPORT_MONTHS_MOST);
	if (o->plot || o->svg)
		return draw(c, d, e);
	r = out_list(c->out, c->cmd->verb, c->cmd->columns, e);
	if (r == 0)
		r = tell(c, out_row_fn, c->out, e);
	return r < 0 ? r : out_end(c->out, e);
}

/* ---- the table ---- */

static const struct opt opts_report[] = {OPT(struct report_opts, months, "months", 0, OPT_INT, "N",
						 "so many months; default 12"),
	OPT(struct report_opts, plot, "plot", 0, OPT_FLAG, NULL, "draw it"),
	OPT(struct report_opts, svg, "svg", 0, OPT_FILE, "FILE", "write a picture of it"), OPT_END};
static const struct opt opts_today[] = {OPT(struct report_opts, plot, "plot", 0, OPT_FLAG, NULL,
						"draw it"),
	OPT(struct report_opts, svg, "svg", 0, OPT_FILE, "FILE", "write a picture of it"), OPT_END};

/* A report: its verb, options, what it tells, and what of it is drawn. */
#define REPORT(id, opts_, help_, ...)                                                              \
	static int run_##id(struct call *c, struct err *e)                                         \
	{                                                                                          \
		static const struct drawing d = __VA_ARGS__;                                       \
                                                                                                   \
		return run(c, &d, e);                                                              \
	}                                                                                          \
	static const struct cmd cmd_##id = {.noun = "report",                                      \
		.verb = #id,                                                                       \
		.help = help_,                                                                     \
		.opts = opts_,                                                                     \
		.opts_size = sizeof(struct report_opts),                                           \
		.flags = CMD_DB_READ | CMD_LIST,                                                   \
		.run = run_##id,                                                                   \
		.columns = cols_##id}

REPORT(customers, opts_report, "customers who pay, month by month", {{"customers"}, -1, -1, false});
REPORT(new, opts_report, "accounts and orders that came, month by month",
	{{"accounts", "subscriptions"}, -1, -1, false});
REPORT(revenue, opts_report, "what was invoiced by plan and month", {{"net"}, -1, 0, false});
REPORT(mrr, opts_report, "monthly recurring revenue and how it moved", {{"mrr"}, -1, -1, false});
REPORT(churn, opts_report, "customers and revenue that went, month by month",
	{{"rate", "revenue_rate"}, -1, -1, false});
REPORT(overdue, opts_today, "what is overdue today, by age",
	{{"to_30", "to_60", "to_90", "over_90"}, -2, -1, false});
REPORT(tickets, opts_report, "tickets opened and closed, month by month",
	{{"opened", "closed", "open"}, -1, -1, false});
REPORT(capacity, opts_today, "what servers have and how much of it is sold",
	{{"memory", "memory_sold"}, 0, -1, false});
REPORT(usage, opts_report, "readings of what is metered, month by month", {{"total"}, -1, 0, true});
REPORT(tax, opts_report, "taxes by rate and month", {{"amount"}, -1, 0, false});
REPORT(forecast, opts_report, "what the coming months will be billed, reckoned ahead",
	{{"total"}, -1, -1, false});

CMD_NOUN(report, "report", "the business in numbers", 23, &cmd_customers, &cmd_new, &cmd_revenue,
	&cmd_mrr, &cmd_churn, &cmd_overdue, &cmd_tickets, &cmd_capacity, &cmd_usage, &cmd_tax,
	&cmd_forecast);
