/* SPDX-License-Identifier: MIT */
/* Documents for reading. */
#include <stdlib.h>
#include <string.h>

#include "biz/invoice_int.h"
#include "util/num.h"
#include "util/str.h"

#define SQL_FIND    "SELECT id FROM invoice WHERE number = ?1"
#define SQL_FIND_ID "SELECT id FROM invoice WHERE id = ?1"
#define SQL_NAME    "SELECT number FROM invoice WHERE id = ?1"
#define SQL_NAMES                                                                                  \
	"SELECT i.number, a.name FROM invoice i JOIN account a ON a.id = i.account "               \
	"WHERE i.number >= ?1 AND i.number < ?1 || char(1114111) ORDER BY i.number LIMIT ?2"
#define ROW                                                                                        \
	"SELECT i.number, i.kind, a.name, i.state, i.date, i.due, i.currency, i.subtotal, "        \
	"i.discount, i.tax, i.total, i.credit, i.paid, i.balance, c.number, i.reason, i.opened, i.written_off "
#define SQL_LIST                                                                                   \
	ROW "FROM invoice i JOIN account a ON a.id = i.account "                                   \
	    "LEFT JOIN invoice c ON c.id = i.corrects WHERE ?1 = 0 OR i.state = 'open' ORDER BY i.id"
#define SQL_OF                                                                                     \
	ROW "FROM account a JOIN invoice i ON i.account = a.id "                                   \
	    "LEFT JOIN invoice c ON c.id = i.corrects WHERE a.name = ?2 "                          \
	    "AND (?1 = 0 OR i.state = 'open') ORDER BY i.id"
#define SQL_SHOW                                                                                   \
	ROW "FROM invoice i JOIN account a ON a.id = i.account "                                   \
	    "LEFT JOIN invoice c ON c.id = i.corrects WHERE i.number = ?1"
#define SQL_LINES                                                                                  \
	"SELECT v.line, v.subscription, v.plan, v.item, v.text, v.start, v.\"end\", v.quantity, "  \
	"v.unit_price, v.amount, v.discount, v.tax, v.currency, i.kind, a.name, i.number "         \
	"FROM v_invoice_line v JOIN invoice i ON i.number = v.invoice "                            \
	"JOIN account a ON a.id = i.account WHERE v.invoice = ?1 ORDER BY v.line"
#define SQL_TAXES                                                                                  \
	"SELECT t.name, t.rate, t.note, sum(l.amount - l.discount), sum(t.amount), i.currency "    \
	"FROM invoice i JOIN invoice_line l ON l.invoice = i.id JOIN line_tax t ON t.line = l.id " \
	"WHERE i.number = ?1 GROUP BY t.name, t.rate, t.note ORDER BY min(l.seq), min(t.seq)"

int invoice_find(struct sxc *s, const char *number, int64_t *id, struct err *e)
{
	if (number[0] == '#')
		return db_get_i64(s->db, id, e, SQL_FIND_ID, strtoll(number + 1, NULL, 10));
	return db_get_i64(s->db, id, e, SQL_FIND, number);
}

int invoice_name_of(struct sxc *s, int64_t id, char **name, struct err *e)
{
	return db_get_text(s->db, name, e, SQL_NAME, id);
}

int invoice_names(struct sxc *s, const char *prefix, int limit,
	void (*fn)(void *arg, const char *name, const char *help), void *arg, struct err *e)
{
	autoclean(db_done) struct query q = {0};
	int r = db_query(s->db, &q, e, SQL_NAMES, prefix, limit);

	while (r == 0 && (r = db_next(&q, e)) > 0) {
		fn(arg, db_text(&q, 0), db_text(&q, 1));
		r = 0;
	}
	return r;
}

/* Days since an open invoice fell due, by the clock's day (UTC). */
static int64_t overdue(const struct sxc *s, struct query *q)
{
	int64_t days = s->now / 86400 - day_col(q, 5);

	return str_eq(db_text(q, 3), "open") && days > 0 ? days : INT64_MIN;
}

static int each_invoice(struct sxc *s, struct query *q, account_row_fn fn, void *arg, struct err *e)
{
	int r, n = 0;

	for (; (r = db_next(q, e)) > 0; n++) {
		struct invoice_row row = {.invoice = db_text(q, 0),
			.number = db_text(q, 0),
			.kind = db_text(q, 1),
			.account = db_text(q, 2),
			.state = db_text(q, 3),
			.date = db_text(q, 4),
			.due = db_text(q, 5),
			.currency = db_text(q, 6),
			.subtotal = db_i64(q, 7),
			.discount = db_i64(q, 8),
			.tax = db_i64(q, 9),
			.total = db_i64(q, 10),
			.credit = db_i64(q, 11),
			.paid = db_i64(q, 12),
			.balance = db_i64(q, 13),
			.corrects = db_text(q, 14),
			.reason = db_text(q, 15),
			.opened = db_i64(q, 16),
			.written_off = db_i64(q, 17),
			.overdue = overdue(s, q)};

		if ((r = fn(arg, &row, e)) < 0)
			return r;
	}
	return r < 0 ? r : n;
}

int invoice_list(struct sxc *s, const char *account, bool open_only, account_row_fn fn, void *arg,
	struct err *e)
{
	autoclean(db_done) struct query q = {0};
	int r = account ? db_query(s->db, &q, e, SQL_OF, open_only, account)
	                : db_query(s->db, &q, e, SQL_LIST, open_only);

	if (r == 0)
		r = each_invoice(s, &q, fn, arg, e);
	return r < 0 ? r : 0;
}

int invoice_show(struct sxc *s, const char *number, account_row_fn fn, void *arg, struct err *e)
{
	autoclean(db_done) struct query q = {0};
	int r = db_query(s->db, &q, e, SQL_SHOW, number);

	if (r == 0)
		r = each_invoice(s, &q, fn, arg, e);
	return r < 0 ? r : r ? 0 : err_set(e, E_NOTFOUND, "no invoice named '%s'", number);
}

int invoice_lines(struct sxc *s, const char *number, account_row_fn fn, void *arg, struct err *e)
{
	autoclean(db_done) struct query q = {0};
	int r = db_query(s->db, &q, e, SQL_LINES, number);

	while (r == 0 && (r = db_next(&q, e)) > 0) {
		struct invoice_line_row row = {.line = db_i64(&q, 0),
			.subscription = db_text(&q, 1),
			.plan = db_text(&q, 2),
			.item = db_text(&q, 3),
			.text = db_text(&q, 4),
			.start = db_text(&q, 5),
			.end = db_text(&q, 6),
			.quantity = db_i64(&q, 7),
			.unit_price = db_is_null(&q, 8) ? INT64_MIN : db_i64(&q, 8),
			.amount = db_i64(&q, 9),
			.discount = db_i64(&q, 10),
			.tax = db_i64(&q, 11),
			.currency = db_text(&q, 12),
			.kind = db_text(&q, 13),
			.account = db_text(&q, 14),
			.invoice = db_text(&q, 15)};

		r = fn(arg, &row, e);
	}
	return r;
}

int invoice_taxes(struct sxc *s, const char *number, account_row_fn fn, void *arg, struct err *e)
{
	autoclean(db_done) struct query q = {0};
	int r = db_query(s->db, &q, e, SQL_TAXES, number);

	while (r == 0 && (r = db_next(&q, e)) > 0) {
		autostr rate = STR_INIT;
		struct invoice_tax_row row = {.name = db_text(&q, 0),
			.note = db_text(&q, 2),
			.base = db_i64(&q, 3),
			.amount = db_i64(&q, 4),
			.currency = db_text(&q, 5)};

		rate_format(&rate, db_i64(&q, 1));
		row.rate = str_c(&rate);
		r = fn(arg, &row, e);
	}
	return r;
}
