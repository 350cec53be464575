/* SPDX-License-Identifier: MIT */
/* The billing engine run ahead on a copy in memory. */
#include <string.h>

#include "biz/invoice.h"
#include "biz/report.h"
#include "util/num.h"
#include "util/period.h"

/* All that is made in one month in one currency. */
struct forecast_sum {
	char currency[4];
	int64_t documents[2], net, tax, total;
};
struct forecast {
	VEC(struct forecast_sum) sums;
	char last[64]; /* document whose lines come */
};

static struct forecast_sum *sum_of(struct forecast *f, const char *currency)
{
	struct forecast_sum new = {0};

	vec_each(&f->sums, sum)
		if (strcmp(sum->currency, currency) == 0)
			return sum;
	strncpy(new.currency, currency, sizeof(new.currency) - 1);
	vec_push(&f->sums, new);
	return &f->sums.v[f->sums.n - 1];
}

static int add_line(void *arg, const void *data, struct err *e)
{
	const struct invoice_line_row *row = data;
	struct forecast *f = arg;
	struct forecast_sum *sum = sum_of(f, row->currency);
	int64_t net = row->amount - row->discount;
	int r;

	if (strcmp(f->last, row->invoice) != 0) {
		strncpy(f->last, row->invoice, sizeof(f->last) - 1);
		sum->documents[strcmp(row->kind, "invoice") != 0]++;
	}
	if ((r = num_add(sum->net, net, &sum->net, e)) < 0 ||
		(r = num_add(sum->tax, row->tax, &sum->tax, e)) < 0)
		return r;
	return num_add(sum->net, sum->tax, &sum->total, e);
}

/* One day of billing; accounts that cannot be reckoned are left out, as they would be. */
static int run_day(struct sxc *s, struct forecast *f, struct err *e)
{
	struct run_opts opts = {0};
	struct run_done done;
	autojobs jobs = {0};
	int r = invoice_run(s, &opts, add_line, f, &done, &jobs, e);

	return r == E_PARTIAL ? 0 : r;
}

static int tell_month(struct forecast *f, int64_t day, account_row_fn fn, void *arg, struct err *e)
{
	char month[MONTH_TEXT];
	int r = 0;

	report_month(day, month);
	vec_each(&f->sums, sum) {
		struct report_row row = {.month = month,
			.currency = sum->currency,
			.n = {sum->documents[0], sum->documents[1], sum->net, sum->tax,
				sum->total}};

		if (r == 0)
			r = fn(arg, &row, e);
	}
	vec_release(&f->sums);
	return r;
}

/* From today to the end of that many months. */
static int run_ahead(struct sxc *s, int months, account_row_fn fn, void *arg, struct err *e)
{
	struct forecast f = {0};
	int64_t today, end;
	int r = report_today(s, &today, e);

	end = r < 0 ? 0 : report_month_start(today, months);
	for (int64_t day = today; r == 0 && day < end; day++, s->now += 86400) {
		r = run_day(s, &f, e);
		if (r == 0 && (day + 1 == end || day_civil(day + 1).day == 1))
			r = tell_month(&f, day, fn, arg, e);
	}
	vec_release(&f.sums);
	return r;
}

int report_forecast(struct sxc *s, int months, account_row_fn fn, void *arg, struct err *e)
{
	/* As in a rehearsal: the clock runs ahead, and nothing leaves this process. */
	struct sxc ahead = {.home = s->home,
		.mode = DB_WRITE,
		.rehearsal = true,
		.now = s->now,
		.now_given = true,
		.login = s->login,
		.as = s->as,
		.quiet = true,
		.jobs = s->jobs};
	int r = db_open_copy(s->db, &ahead.db, e);

	if (r == 0)
		r = run_ahead(&ahead, months, fn, arg, e);
	db_close(&ahead.db);
	return r;
}
