/* SPDX-License-Identifier: MIT */
/*
 * report - the business in numbers, month by month. Currencies are never added up: each has rows
 * of its own.
 *
 * Must not know about: how numbers are shown.
 */
#ifndef SXC_BIZ_REPORT_H
#define SXC_BIZ_REPORT_H

#include <stdint.h>

#include "biz/account.h"
#include "svc/sxc.h"

#define REPORT_MONTHS_MOST 120
#define REPORT_NUMBERS     10

/* What the numbers are depends on the report; INT64_MIN is unknown. */
struct report_row {
	const char *month; /* YYYY-MM */
	const char *currency;
	const char *text[3];
	int64_t n[REPORT_NUMBERS];
};

/* Reports that are one question to the store. */
enum report_kind {
	REPORT_NEW,      /* month; accounts, subscriptions, ended */
	REPORT_REVENUE,  /* month, plan, currency; lines, net */
	REPORT_OVERDUE,  /* account, oldest, currency; invoices, days, four ages, all of it */
	REPORT_TAX,      /* month, tax, rate, note, currency; base, tax */
	REPORT_TICKETS,  /* month; opened, closed, open at its end */
	REPORT_CAPACITY, /* server, state; private servers, cpu, memory, disk: there, sold */
	REPORT_USAGE,    /* month, resource; meters, readings, total, largest */
};
/* The last so many months, this one included. */
int report_ask(struct sxc *s, enum report_kind kind, int months, account_row_fn fn, void *arg,
	struct err *e);

/*
 * Monthly recurring revenue and its movements, a month and currency: numbers 0 at its start, 1 new,
 * 2 expansion, 3 contraction, 4 churn, 5 reactivation, 6 at its end; contraction and churn are
 * negative. What was agreed counts, plan and options, brought to a month (a year is 365.2425 days);
 * movements are those of customers, from one month's last day to the next one's.
 */
int report_mrr(struct sxc *s, int months, account_row_fn fn, void *arg, struct err *e);
/* The same in customers: 0 at its start, 1 new, 2 lost, 3 returned, 4 at its end; 5 lost per
 * hundred at the start, 6 revenue lost per hundred, both in hundredths of a percent. */
int report_customers(struct sxc *s, int months, account_row_fn fn, void *arg, struct err *e);

/*
 * What the billing engine itself makes of the coming months, run ahead day by day on a copy of the
 * store in memory, nothing changed: month, currency; invoices, credit notes, net, tax, total.
 */
int report_forecast(struct sxc *s, int months, account_row_fn fn, void *arg, struct err *e);

/* ---- for the files of report ---- */

/* Today where the seller is. */
int report_today(struct sxc *s, int64_t *day, struct err *e);
/* "YYYY-MM" of a day. */
#define MONTH_TEXT 8
const char *report_month(int64_t day, char buf[MONTH_TEXT]);
/* The first day of the month that many months after that of the day. */
int64_t report_month_start(int64_t day, int offset);

#endif
