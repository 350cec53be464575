/* SPDX-License-Identifier: MIT */
#include "biz/write_off.h"

#include <jansson.h>
#include <stdio.h>

#include "biz/ledger.h"
#include "util/period.h"
#include "util/str.h"

#define GET        "SELECT id, account, number, kind, state, balance, written_off FROM invoice WHERE "
#define SQL_GET    GET "number = ?1"
#define SQL_GET_ID GET "id = ?1"
#define SQL_LOSE                                                                                   \
	"UPDATE invoice SET written_off = written_off + balance, state = 'written-off' "           \
	"WHERE id = ?1"
#define SQL_OWE  "UPDATE account SET balance = balance - ?2 WHERE id = ?1"
#define SQL_PAID "UPDATE invoice SET paid = paid + ?2, written_off = written_off - ?2 WHERE id = ?1"
#define SQL_CREDIT                                                                                 \
	"UPDATE invoice SET credit = credit + ?2, written_off = written_off - ?2 WHERE id = ?1"
#define SQL_SPEND "UPDATE account SET credit = credit - ?2 WHERE id = ?1"
#define SQL_SETTLEMENT                                                                             \
	"INSERT INTO settlement (invoice, payment, amount, created) VALUES (?1, ?2, ?3, ?4)"
#define SQL_ADD                                                                                    \
	"INSERT INTO write_off (invoice, amount, reason, payment, day, created) "                  \
	"VALUES (?1, ?2, ?3, ?4, ?5, ?6)"

/* The invoice, and whose it is. */
struct lost {
	int64_t id, balance, written_off;
	char *number, *kind, *state;
	struct account a;
};

static void lost_release(struct lost *l)
{
	free(l->number);
	free(l->kind);
	free(l->state);
	account_release(&l->a);
}
#define autolost autoclean(lost_release) struct lost

/* 1, or 0 when there is none. */
static int read_lost(struct sxc *s, struct query *q, struct lost *l, struct err *e)
{
	int64_t account = db_i64(q, 1);

	*l = (struct lost){.id = db_i64(q, 0),
		.number = db_text_dup(q, 2),
		.kind = db_text_dup(q, 3),
		.state = db_text_dup(q, 4),
		.balance = db_i64(q, 5),
		.written_off = db_i64(q, 6)};
	db_done(q);
	return account_get_id(s, account, &l->a, e);
}

static int get(struct sxc *s, const char *number, struct lost *l, struct err *e)
{
	autoclean(db_done) struct query q = {0};
	int r = db_one(s->db, &q, e, SQL_GET, number);

	if (r <= 0)
		return r < 0 ? r : err_set(e, E_NOTFOUND, "no invoice named '%s'", number);
	return read_lost(s, &q, l, e);
}

static int get_id(struct sxc *s, int64_t id, struct lost *l, struct err *e)
{
	autoclean(db_done) struct query q = {0};
	int r = db_one(s->db, &q, e, SQL_GET_ID, id);

	if (r <= 0)
		return r < 0 ? r : err_set(e, E_NOTFOUND, "no invoice #%lld", (long long)id);
	return read_lost(s, &q, l, e);
}

/* Lose amount more (negative: less), out of a book of the ledger. */
static int book(struct sxc *s, const struct lost *l, int64_t amount, const char *reason,
	int64_t payment, const char *from, struct err *e)
{
	autofree char *text = str_fmt("%s %s", amount > 0 ? "write-off of" : "recovered of",
		l->number);
	struct ledger_entry entry = {text, l->a.currency, l->a.id, l->id, payment};
	struct posting postings[] = {{"bad-debt", amount}, {from, -amount}};
	char day[DAY_TEXT];
	int64_t today;
	int r = account_today(s, &l->a, &today, e);

	if (r < 0)
		return r;
	r = db_run(s->db, e, SQL_ADD, l->id, amount, reason, db_ref(payment),
		day_format(today, day), s->now);
	return r < 0 ? r : ledger_post(s, &entry, postings, 2, e);
}

/* ---- giving up ---- */

static int check(const struct lost *l, struct err *e)
{
	if (!str_eq(l->kind, "invoice"))
		return err_set(e, E_STATE, "%s is a credit note", l->number);
	if (!str_eq(l->state, "open"))
		return err_set(e, E_STATE, "invoice %s is %s: there is nothing to write off",
			l->number, l->state);
	return 0;
}

static int note(struct sxc *s, const struct lost *l, const char *reason, struct err *e)
{
	json_t *j = json_pack("{s:I, s:s, s:s}", "amount", (json_int_t)l->balance, "currency",
		l->a.currency, "reason", reason);
	autofree char *after = json_dumps(j, JSON_SORT_KEYS | JSON_COMPACT);

	json_decref(j);
	return audit_add(s, "invoice.write-off", l->number, NULL, after, e);
}

static int give_up(struct sxc *s, const char *invoice, const char *reason,
	struct write_off_done *done, struct err *e)
{
	autolost l = {0};
	int r;

	if ((r = get(s, invoice, &l, e)) < 0 || (r = check(&l, e)) < 0 ||
		(r = db_run(s->db, e, SQL_LOSE, l.id)) < 0 ||
		(r = db_run(s->db, e, SQL_OWE, l.a.id, l.balance)) < 0 ||
		(r = book(s, &l, l.balance, reason, 0, "receivable", e)) < 0)
		return r;
	done->amount = l.balance;
	snprintf(done->currency, sizeof(done->currency), "%s", l.a.currency);
	return note(s, &l, reason, e);
}

int write_off_add(struct sxc *s, const char *invoice, const char *reason,
	struct write_off_done *done, struct err *e)
{
	autorollback struct sxc *tx = NULL;
	int r;

	if (!reason || !str_is_line(reason, 200))
		return err_set(e, E_USAGE, "say why with --reason: one line of at most 200 bytes");
	if ((r = tx_begin(s, e)) < 0)
		return r;
	tx = s;
	if ((r = give_up(s, invoice, reason, done, e)) < 0)
		return r;
	tx = NULL;
	return tx_commit(s, e);
}

/* ---- what comes of it ---- */

int write_off_recover(struct sxc *s, int64_t invoice, int64_t payment, int64_t most, int64_t *taken,
	struct job_ids *jobs, struct err *e)
{
	autolost l = {0};
	int64_t amount;
	int r = get_id(s, invoice, &l, e);

	*taken = 0;
	if (r < 0)
		return r;
	amount = most < l.written_off ? most : l.written_off;
	if (amount <= 0)
		return 0;
	*taken = amount;
	if ((r = db_run(s->db, e, payment ? SQL_PAID : SQL_CREDIT, l.id, amount)) < 0 ||
		(!payment && (r = db_run(s->db, e, SQL_SPEND, l.a.id, amount)) < 0) ||
		(r = db_run(s->db, e, SQL_SETTLEMENT, l.id, db_ref(payment), amount, s->now)) < 0 ||
		(r = book(s, &l, -amount, NULL, payment, payment ? "cash" : "credit", e)) < 0)
		return r;
	return amount == l.written_off ? settle_mark(s, l.id, jobs, e) : 0;
}

int write_off_more(struct sxc *s, int64_t invoice, int64_t payment, int64_t amount,
	const char *from, struct err *e)
{
	autolost l = {0};
	int r = get_id(s, invoice, &l, e);

	if (r < 0 || (r = db_run(s->db, e, payment ? SQL_PAID : SQL_CREDIT, l.id, -amount)) < 0 ||
		(r = db_run(s->db, e, SQL_SETTLEMENT, l.id, db_ref(payment), -amount, s->now)) < 0)
		return r;
	return book(s, &l, amount, NULL, payment, from, e);
}
