/* SPDX-License-Identifier: MIT */
#include "biz/statement.h"

#include <string.h>

#include "util/num.h"
#include "util/period.h"
#include "util/str.h"

/* Each source gives (day, at, rank among those of a second, id, kind, document, text, amount). */
#define DOCUMENTS                                                                                  \
	"SELECT i.date AS day, i.opened AS at, iif(i.kind = 'invoice', 1, 2) AS rank, "            \
	"i.id AS id, i.kind AS kind, i.number AS document, iif(c.id IS NULL, i.reason, "           \
	"'corrects ' || c.number || ': ' || i.reason) AS text, i.total AS amount "                 \
	"FROM invoice i LEFT JOIN invoice c ON c.id = i.corrects WHERE i.account = ?1"
/* An entry with goodwill in it: credit that was given. */
#define CREDITS                                                                                    \
	"SELECT e.day, e.created, 3, e.id, 'credit', NULL, e.text, g.amount FROM ledger_entry e "  \
	"JOIN ledger_posting g ON g.entry = e.id AND g.book = 'credit' "                           \
	"JOIN ledger_posting w ON w.entry = e.id AND w.book = 'goodwill' WHERE e.account = ?1"
#define PAYMENTS                                                                                   \
	"SELECT day, created, 4, id, 'payment', 'payment ' || id, "                                \
	"iif(gateway = 'manual', method, gateway || ' ' || method) || "                            \
	"coalesce(' ' || external_id, ''), -amount FROM payment WHERE account = ?1"
#define WRITE_OFFS                                                                                 \
	"SELECT w.day, w.created, 5, w.id, iif(w.amount > 0, 'write-off', 'recovered'), "          \
	"i.number, w.reason, -w.amount FROM invoice i JOIN write_off w ON w.invoice = i.id "       \
	"WHERE i.account = ?1"
#define REFUNDS                                                                                    \
	"SELECT r.day, r.created, 6, r.id, r.kind, 'payment ' || y.id, r.reason, r.amount "        \
	"FROM payment y JOIN refund r ON r.payment = y.id WHERE y.account = ?1"
#define MOVEMENTS                                                                                  \
	"WITH m AS (" DOCUMENTS " UNION ALL " CREDITS " UNION ALL " PAYMENTS                       \
	" UNION ALL " WRITE_OFFS " UNION ALL " REFUNDS ") "
#define SQL_OPENING MOVEMENTS "SELECT coalesce(sum(amount), 0) FROM m WHERE day < ?2"
#define SQL_LIST                                                                                   \
	MOVEMENTS "SELECT day, kind, document, text, amount FROM m WHERE (?2 IS NULL OR "          \
		  "day >= ?2) AND (?3 IS NULL OR day <= ?3) ORDER BY day, at, rank, id"

struct statement {
	struct account a;
	const char *from, *to;
	int64_t balance;
};

static void statement_release(struct statement *st)
{
	account_release(&st->a);
}

static int tell_balance(const struct statement *st, const char *kind, const char *date,
	account_row_fn fn, void *arg, struct err *e)
{
	struct statement_row row = {.date = date,
		.kind = kind,
		.currency = st->a.currency,
		.amount = INT64_MIN,
		.balance = st->balance};

	return fn(arg, &row, e);
}

static int tell_movements(struct sxc *s, struct statement *st, account_row_fn fn, void *arg,
	struct err *e)
{
	autoclean(db_done) struct query q = {0};
	int r = db_query(s->db, &q, e, SQL_LIST, st->a.id, st->from, st->to);

	while (r >= 0 && (r = db_next(&q, e)) > 0) {
		struct statement_row row = {.date = db_text(&q, 0),
			.kind = db_text(&q, 1),
			.document = db_text(&q, 2),
			.text = db_text(&q, 3),
			.currency = st->a.currency,
			.amount = db_i64(&q, 4)};

		if ((r = num_add(st->balance, row.amount, &st->balance, e)) < 0)
			return r;
		row.balance = st->balance;
		r = fn(arg, &row, e);
	}
	return r;
}

static int check_days(const char *from, const char *to, struct err *e)
{
	if (from && to && strcmp(from, to) > 0)
		return err_set(e, E_USAGE, "--from %s is after --to %s", from, to);
	return 0;
}

int statement_tell(struct sxc *s, const char *account, const char *from, const char *to,
	account_row_fn fn, void *arg, struct err *e)
{
	autoclean(statement_release) struct statement st = {.from = from, .to = to};
	int r;

	if ((r = check_days(from, to, e)) < 0 || (r = account_get(s, account, &st.a, e)) < 0)
		return r;
	if (from && (r = db_get_i64(s->db, &st.balance, e, SQL_OPENING, st.a.id, from)) < 0)
		return r;
	if ((r = tell_balance(&st, "opening", from, fn, arg, e)) < 0 ||
		(r = tell_movements(s, &st, fn, arg, e)) < 0)
		return r;
	return tell_balance(&st, "closing", to, fn, arg, e);
}
