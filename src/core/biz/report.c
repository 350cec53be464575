/* SPDX-License-Identifier: MIT */
#include "biz/report.h"

#include <stdio.h>

#include "util/num.h"
#include "util/period.h"
#include "util/str.h"
#include "util/tz.h"

/* Bound everywhere: ?1 first month, ?2 last month, ?3 first day, ?4 today. */
#define MONTHS                                                                                     \
	"WITH RECURSIVE m(month) AS (SELECT ?1 UNION ALL SELECT "                                  \
	"strftime('%Y-%m', month || '-01', '+1 month') FROM m WHERE month < ?2) "
#define MONTH_OF(T) "strftime('%Y-%m', " T ", 'unixepoch')"

/* Rows of: month, currency, three texts, the numbers. */
static const char *const QUESTIONS[] = {
	[REPORT_NEW] = MONTHS
	"SELECT m.month, NULL, NULL, NULL, NULL, coalesce(a.n, 0), coalesce(s.n, 0), "
	"coalesce(x.n, 0) FROM m "
	"LEFT JOIN (SELECT " MONTH_OF(
		"created") " AS month, count(*) AS n FROM account GROUP BY 1) a "
			   "ON a.month = m.month LEFT JOIN (SELECT " MONTH_OF(
				   "created") " AS month, count(*) AS n "
					      "FROM subscription GROUP BY 1) s ON s.month = m.month LEFT JOIN "
					      "(SELECT substr(until, 1, 7) AS month, count(*) AS n FROM subscription "
					      "WHERE until <= ?4 GROUP BY 1) x ON x.month = m.month ORDER BY m.month",
	[REPORT_REVENUE] =
		"SELECT substr(i.date, 1, 7), i.currency, coalesce(p.name, '(other)'), NULL, NULL, "
		"count(*), sum(l.amount - l.discount) FROM invoice i JOIN invoice_line l ON l.invoice = i.id "
		"LEFT JOIN plan_version v ON v.id = l.version LEFT JOIN plan p ON p.id = v.plan "
		"WHERE i.date >= ?3 AND i.date <= ?4 AND ?1 <= ?2 GROUP BY 1, 2, 3 ORDER BY 1, 2, 3",
	[REPORT_OVERDUE] =
		"SELECT NULL, i.currency, a.name, min(i.due), NULL, count(*), "
		"CAST(julianday(?4) - julianday(min(i.due)) AS INTEGER), "
		"sum(CASE WHEN d <= 30 THEN b ELSE 0 END), sum(CASE WHEN d BETWEEN 31 AND 60 THEN b ELSE 0 END), "
		"sum(CASE WHEN d BETWEEN 61 AND 90 THEN b ELSE 0 END), sum(CASE WHEN d > 90 THEN b ELSE 0 END), "
		"sum(b) FROM (SELECT account, currency, due, balance AS b, "
		"CAST(julianday(?4) - julianday(due) AS INTEGER) AS d FROM invoice WHERE state = 'open' "
		"AND due < ?4 AND ?1 <= ?2 AND ?3 <= ?4) i JOIN account a ON a.id = i.account "
		"GROUP BY a.id, i.currency ORDER BY i.currency, min(i.due), a.name",
	[REPORT_TAX] = "SELECT substr(i.date, 1, 7), i.currency, t.name, t.rate, t.note, "
		       "sum(l.amount - l.discount), sum(t.amount) FROM invoice i "
		       "JOIN invoice_line l ON l.invoice = i.id JOIN line_tax t ON t.line = l.id "
		       "WHERE i.date >= ?3 AND i.date <= ?4 AND ?1 <= ?2 GROUP BY 1, 2, 3, 4, 5 "
		       "ORDER BY 1, 2, 3, 4, 5",
	[REPORT_TICKETS] = MONTHS ", o AS (SELECT " MONTH_OF(
		"created") " AS month, count(*) AS n FROM ticket GROUP BY 1), "
			   "c AS (SELECT " MONTH_OF(
				   "closed") " AS month, count(*) AS n FROM ticket WHERE closed IS NOT NULL GROUP BY 1) "
					     "SELECT m.month, NULL, NULL, NULL, NULL, coalesce(o.n, 0), coalesce(c.n, 0), "
					     "(SELECT count(*) FROM ticket) - (SELECT coalesce(sum(n), 0) FROM o WHERE o.month > m.month) "
					     "- (SELECT coalesce(sum(n), 0) FROM c WHERE c.month <= m.month) "
					     "FROM m LEFT JOIN o ON o.month = m.month LEFT JOIN c ON c.month = m.month "
					     "WHERE ?3 <= ?4 ORDER BY m.month",
	[REPORT_CAPACITY] =
		"SELECT NULL, NULL, s.name, s.state, NULL, count(p.id), s.cpus * 10000, "
		"coalesce(sum(p.cpu), 0) * s.cpus, s.memory, coalesce(sum(p.memory), 0), s.disk, "
		"coalesce(sum(p.disk), 0) FROM server s LEFT JOIN ps p ON p.server = s.id "
		"WHERE ?1 <= ?2 AND ?3 <= ?4 GROUP BY s.id ORDER BY s.name",
	[REPORT_USAGE] =
		"SELECT substr(r.day, 1, 7), NULL, m.resource, NULL, NULL, "
		"count(DISTINCT m.id), count(*), sum(r.value), max(r.value) FROM usage_reading r "
		"JOIN usage_meter m ON m.id = r.meter WHERE r.day >= ?3 AND r.day <= ?4 AND ?1 <= ?2 "
		"GROUP BY 1, m.resource ORDER BY 1, m.resource",
};

int report_today(struct sxc *s, int64_t *day, struct err *e)
{
	autofree char *zone = NULL;
	autotz *tz = NULL;
	int r;

	if ((r = config_get(s, "timezone", &zone, e)) < 0 ||
		(r = tz_load(&tz, zone ? zone : "UTC", e)) < 0)
		return r;
	*day = tz_day(tz, s->now);
	return 0;
}

const char *report_month(int64_t day, char buf[MONTH_TEXT])
{
	char text[DAY_TEXT];

	snprintf(buf, MONTH_TEXT, "%.7s", day_format(day, text));
	return buf;
}

int64_t report_month_start(int64_t day, int offset)
{
	struct civil c = day_civil(day);
	int64_t months = c.year * 12 + c.month - 1 + offset;

	return day_of((struct civil){months / 12, (int)(months % 12) + 1, 1});
}

static int tell(struct query *q, enum report_kind kind, account_row_fn fn, void *arg, struct err *e)
{
	struct report_row row = {.month = db_text(q, 0), .currency = db_text(q, 1)};
	autostr rate = STR_INIT;

	for (int i = 0; i < 3; i++)
		row.text[i] = db_text(q, 2 + i);
	for (int i = 0; i < REPORT_NUMBERS; i++)
		row.n[i] = 5 + i < db_columns(q) ? db_i64(q, 5 + i) : INT64_MIN;
	if (kind == REPORT_TAX) {
		rate_format(&rate, db_i64(q, 3));
		row.text[1] = str_c(&rate);
	}
	return fn(arg, &row, e);
}

int report_ask(struct sxc *s, enum report_kind kind, int months, account_row_fn fn, void *arg,
	struct err *e)
{
	autoclean(db_done) struct query q = {0};
	char first[MONTH_TEXT], last[MONTH_TEXT], from[DAY_TEXT], to[DAY_TEXT];
	int64_t today, start;
	int r = report_today(s, &today, e);

	if (r < 0)
		return r;
	start = report_month_start(today, 1 - months);
	r = db_query(s->db, &q, e, QUESTIONS[kind], report_month(start, first),
		report_month(today, last), day_format(start, from), day_format(today, to));
	while (r >= 0 && (r = db_next(&q, e)) > 0)
		r = tell(&q, kind, fn, arg, e);
	return r;
}
