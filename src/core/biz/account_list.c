/* SPDX-License-Identifier: MIT */
/* Accounts for reading. */
#include <string.h>

#include "biz/account.h"
#include "util/str.h"

#define ROW                                                                                        \
	"SELECT a.id, a.name, a.email, a.kind, a.currency, a.state, a.balance, a.credit, "         \
	"a.created, a.country, a.tax_id, a.timezone, a.bill_day, a.terms, "
#define SQL_LIST ROW "NULL, NULL, a.dunning FROM account a ORDER BY a.id"
#define SQL_SHOW                                                                                   \
	ROW "(SELECT group_concat(t.name, ' ') FROM account_tax x JOIN tax t ON t.id = x.tax "     \
	    "WHERE x.account = a.id), a.contact, a.dunning FROM account a WHERE a.name = ?1"
#define SQL_NAMES                                                                                  \
	"SELECT name, email FROM account WHERE name >= ?1 AND name < ?1 || char(1114111) "         \
	"ORDER BY name LIMIT ?2"
#define SQL_HOLDS                                                                                  \
	"SELECT h.kind, h.by, h.reason, h.since FROM account_hold h JOIN account a "               \
	"ON a.id = h.account WHERE a.name = ?1 UNION ALL "                                         \
	"SELECT h.effect, 'dunning', h.subscription || ': ' || h.invoice, d.created "              \
	"FROM v_dunning_hold h JOIN dunning_hold d ON d.id = h.id WHERE h.account = ?1 "           \
	"AND h.lifted IS NULL ORDER BY 4, 1"

static int64_t or_null(struct query *q, int col)
{
	return db_is_null(q, col) ? INT64_MIN : db_i64(q, col);
}

static int each_account(struct query *q, account_row_fn fn, void *arg, struct err *e)
{
	int r, n = 0;

	for (; (r = db_next(q, e)) > 0; n++) {
		struct account_row row = {.id = db_i64(q, 0),
			.account = db_text(q, 1),
			.email = db_text(q, 2),
			.kind = db_text(q, 3),
			.currency = db_text(q, 4),
			.state = db_text(q, 5),
			.balance = db_i64(q, 6),
			.credit = db_i64(q, 7),
			.created = db_i64(q, 8),
			.country = db_text(q, 9),
			.tax_id = db_text(q, 10),
			.timezone = db_text(q, 11),
			.bill_day = or_null(q, 12),
			.terms = or_null(q, 13),
			.taxes = db_text(q, 14),
			.contact = db_text(q, 15),
			.dunning = db_text(q, 16)};

		if ((r = fn(arg, &row, e)) < 0)
			return r;
	}
	return r < 0 ? r : n;
}

int account_list(struct sxc *s, account_row_fn fn, void *arg, struct err *e)
{
	autoclean(db_done) struct query q = {0};
	int r = db_query(s->db, &q, e, SQL_LIST);

	if (r == 0)
		r = each_account(&q, fn, arg, e);
	return r < 0 ? r : 0;
}

int account_show(struct sxc *s, const char *name, account_row_fn fn, void *arg, struct err *e)
{
	autoclean(db_done) struct query q = {0};
	int r = db_query(s->db, &q, e, SQL_SHOW, name);

	if (r == 0)
		r = each_account(&q, fn, arg, e);
	return r < 0 ? r : r ? 0 : err_set(e, E_NOTFOUND, "no account named '%s'", name);
}

int account_names(struct sxc *s, const char *prefix, int limit,
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

int account_holds(struct sxc *s, const char *name, account_row_fn fn, void *arg, struct err *e)
{
	autoclean(db_done) struct query q = {0};
	int r = db_query(s->db, &q, e, SQL_HOLDS, name);

	while (r == 0 && (r = db_next(&q, e)) > 0) {
		struct account_hold_row row = {db_text(&q, 0), db_text(&q, 1), db_text(&q, 2),
			db_i64(&q, 3)};

		r = fn(arg, &row, e);
	}
	return r;
}
