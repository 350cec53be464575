/* SPDX-License-Identifier: MIT */
#include "biz/settle.h"

#include "biz/dunning.h"
#include "biz/ledger.h"
#include "biz/subscription.h"
#include "util/num.h"
#include "util/str.h"

#define SQL_OPEN                                                                                   \
	"SELECT i.id, i.balance, i.number, i.currency, a.credit FROM invoice i "                   \
	"JOIN account a ON a.id = i.account WHERE i.account = ?1 AND i.state = 'open' "            \
	"AND a.credit > 0 ORDER BY i.id <> ?2, i.id LIMIT 1"
#define SQL_USE_CREDIT                                                                             \
	"UPDATE account SET credit = credit - ?2, balance = balance - ?2 WHERE id = ?1"
#define SQL_INVOICE_CREDIT "UPDATE invoice SET credit = credit + ?2 WHERE id = ?1"
#define SQL_SETTLEMENT                                                                             \
	"INSERT INTO settlement (invoice, payment, amount, created) VALUES (?1, ?2, ?3, ?4)"
#define SQL_MARK                                                                                   \
	"UPDATE invoice SET state = 'paid' WHERE id = ?1 AND state IN ('open', 'written-off') "    \
	"AND balance = 0 AND written_off = 0"
#define SQL_GIVE    "UPDATE account SET credit = credit + ?2 WHERE id = ?1"
#define SQL_ACCOUNT "SELECT account FROM invoice WHERE id = ?1"
#define SQL_WAITING                                                                                \
	"SELECT DISTINCT s.id FROM invoice_line l JOIN subscription s ON s.id = l.subscription "   \
	"WHERE l.invoice = ?1 AND s.state = 'pending'"

void job_ids_release(struct job_ids *ids)
{
	vec_release(ids);
}

/* ---- credit ---- */

struct open_invoice {
	int64_t id, balance, credit;
	char *number, *currency;
};

static void open_release(struct open_invoice *o)
{
	free(o->number);
	free(o->currency);
}

/* The next invoice that credit can settle: 1, or 0 when there is none or no credit. */
static int next_open(struct sxc *s, int64_t account, int64_t first, struct open_invoice *o,
	struct err *e)
{
	autoclean(db_done) struct query q = {0};
	int r = db_one(s->db, &q, e, SQL_OPEN, account, first);

	if (r <= 0)
		return r;
	*o = (struct open_invoice){.id = db_i64(&q, 0),
		.balance = db_i64(&q, 1),
		.number = db_text_dup(&q, 2),
		.currency = db_text_dup(&q, 3),
		.credit = db_i64(&q, 4)};
	return 1;
}

/* jobs NULL: what waits for the invoice to be paid goes on waiting. */
static int use_credit(struct sxc *s, int64_t account, const struct open_invoice *o,
	struct job_ids *jobs, struct err *e)
{
	int64_t amount = o->credit < o->balance ? o->credit : o->balance;
	autofree char *text = str_fmt("credit settles %s", o->number);
	struct ledger_entry entry = {text, o->currency, account, o->id, 0};
	struct posting postings[] = {{"credit", amount}, {"receivable", -amount}};
	int r;

	if ((r = db_run(s->db, e, SQL_USE_CREDIT, account, amount)) < 0 ||
		(r = db_run(s->db, e, SQL_INVOICE_CREDIT, o->id, amount)) < 0 ||
		(r = db_run(s->db, e, SQL_SETTLEMENT, o->id, db_null(), amount, s->now)) < 0 ||
		(r = ledger_post(s, &entry, postings, 2, e)) < 0)
		return r;
	return amount == o->balance ? settle_mark(s, o->id, jobs, e) : 0;
}

int settle_credit_on(struct sxc *s, int64_t account, int64_t invoice, struct job_ids *jobs,
	struct err *e)
{
	int r;

	do {
		autoclean(open_release) struct open_invoice o = {0};

		r = next_open(s, account, invoice, &o, e);
		if (r > 0) {
			int used = use_credit(s, account, &o, o.id == invoice ? NULL : jobs, e);

			if (used < 0)
				return used;
		}
	} while (r > 0);
	return r;
}

int settle_credit_only(struct sxc *s, int64_t account, int64_t invoice, struct err *e)
{
	autoclean(open_release) struct open_invoice o = {0};
	int r = next_open(s, account, invoice, &o, e);

	if (r <= 0 || o.id != invoice)
		return r < 0 ? r : 0;
	return use_credit(s, account, &o, NULL, e);
}

int settle_credit(struct sxc *s, int64_t account, struct job_ids *jobs, struct err *e)
{
	return settle_credit_on(s, account, 0, jobs, e);
}

int settle_give(struct sxc *s, const struct account *a, int64_t amount, const char *book,
	const char *text, int64_t invoice, int64_t payment, struct err *e)
{
	struct ledger_entry entry = {text, a->currency, a->id, invoice, payment};
	struct posting postings[] = {{book, amount}, {"credit", -amount}};
	int r = db_run(s->db, e, SQL_GIVE, a->id, amount);

	return r < 0 ? r : ledger_post(s, &entry, postings, 2, e);
}

/* ---- an invoice that is paid ---- */

static int waiting(struct sxc *s, int64_t invoice, struct job_ids *subs, struct err *e)
{
	autoclean(db_done) struct query q = {0};
	int r = db_query(s->db, &q, e, SQL_WAITING, invoice);

	while (r >= 0 && (r = db_next(&q, e)) > 0)
		vec_push(subs, db_i64(&q, 0));
	return r;
}

int settle_mark(struct sxc *s, int64_t invoice, struct job_ids *jobs, struct err *e)
{
	autojobs subs = {0};
	int64_t account = 0;
	int r;

	if ((r = db_run(s->db, e, SQL_MARK, invoice)) < 0)
		return r;
	if (db_changes(s->db) != 1)
		return err_set(e, E_INTEGRITY, "invoice #%lld is not open or not settled",
			(long long)invoice);
	if ((r = db_get_i64(s->db, &account, e, SQL_ACCOUNT, invoice)) < 0 ||
		(r = dunning_settled(s, account, jobs, e)) < 0)
		return r;
	if (!jobs || (r = waiting(s, invoice, &subs, e)) < 0)
		return r;
	for (size_t i = 0; r == 0 && i < subs.n; i++)
		r = subscription_paid(s, subs.v[i], jobs, e);
	return r;
}
