/* SPDX-License-Identifier: MIT */
#include "biz/refund.h"

#include <jansson.h>
#include <stdio.h>

#include "biz/charge.h"
#include "biz/ledger.h"
#include "biz/write_off.h"
#include "util/money.h"
#include "util/period.h"
#include "util/str.h"

#define SQL_PAYMENT                                                                                \
	"SELECT y.account, y.gateway, y.amount, "                                                  \
	"(SELECT coalesce(sum(amount), 0) FROM refund WHERE payment = y.id), "                     \
	"(SELECT coalesce(sum(amount), 0) FROM settlement WHERE payment = y.id) "                  \
	"FROM payment y WHERE y.id = ?1"
#define SQL_ADD                                                                                    \
	"INSERT INTO refund (payment, kind, amount, reason, external_id, charge, day, created) "   \
	"VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)"
/* What settled invoices that can be opened again: by this payment, or by account credit. */
#define SETTLED                                                                                    \
	"SELECT t.invoice, sum(t.amount), i.state = 'written-off' FROM settlement t "              \
	"JOIN invoice i ON i.id = t.invoice WHERE i.state <> 'void' AND "
#define LATEST       " GROUP BY t.invoice HAVING sum(t.amount) > 0 ORDER BY t.invoice DESC LIMIT 1"
#define SQL_OWN      SETTLED "t.payment = ?1" LATEST
#define SQL_CREDIT   SETTLED "t.payment IS NULL AND i.account = ?1" LATEST
#define SQL_UNPAY    "UPDATE invoice SET paid = paid - ?2, state = 'open' WHERE id = ?1"
#define SQL_UNCREDIT "UPDATE invoice SET credit = credit - ?2, state = 'open' WHERE id = ?1"
#define SQL_OWE      "UPDATE account SET balance = balance + ?2 WHERE id = ?1"
#define SQL_TAKE     "UPDATE account SET credit = credit - ?2 WHERE id = ?1"
#define SQL_HAS      "SELECT credit FROM account WHERE id = ?1"
/* What payments settled of one invoice and has not gone back. */
#define SQL_PAYERS                                                                                 \
	"SELECT t.payment, sum(t.amount), y.gateway FROM settlement t "                            \
	"JOIN payment y ON y.id = t.payment WHERE t.invoice = ?1 GROUP BY t.payment "              \
	"HAVING sum(t.amount) > 0 ORDER BY t.payment DESC"
#define SQL_SWAP "UPDATE invoice SET paid = paid - ?2, credit = credit + ?2 WHERE id = ?1"
#define SQL_SETTLEMENT                                                                             \
	"INSERT INTO settlement (invoice, payment, amount, created) VALUES (?1, ?2, ?3, ?4)"

/* The payment, and how far it has gone back. */
struct back {
	struct account a;
	int64_t payment, amount, refunded, on_invoices;
	char *gateway;
	char text[48]; /* of the entries in the ledger */
};

static void back_release(struct back *b)
{
	account_release(&b->a);
	free(b->gateway);
}

static int read_payment(struct sxc *s, int64_t payment, struct back *b, struct err *e)
{
	int64_t account;

	{
		autoclean(db_done) struct query q = {0};
		int r = db_one(s->db, &q, e, SQL_PAYMENT, payment);

		if (r <= 0)
			return r < 0 ? r
			             : err_set(e, E_NOTFOUND, "no payment %lld",
					       (long long)payment);
		account = db_i64(&q, 0);
		b->payment = payment;
		b->gateway = db_text_dup(&q, 1);
		b->amount = db_i64(&q, 2);
		b->refunded = db_i64(&q, 3);
		b->on_invoices = db_i64(&q, 4);
	}
	snprintf(b->text, sizeof(b->text), "payment %lld goes back", (long long)payment);
	return account_get_id(s, account, &b->a, e);
}

/* ---- where it comes from ---- */

static int post(struct sxc *s, const struct back *b, const char *book, int64_t invoice,
	int64_t amount, struct err *e)
{
	struct ledger_entry entry = {b->text, b->a.currency, b->a.id, invoice, b->payment};
	struct posting postings[] = {{book, amount}, {"cash", -amount}};

	return ledger_post(s, &entry, postings, 2, e);
}

static int64_t least(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* Out of the account's credit, at most so much. */
static int from_credit(struct sxc *s, const struct back *b, int64_t most, int64_t *rest,
	struct err *e)
{
	int64_t has = 0, amount;
	int r = db_get_i64(s->db, &has, e, SQL_HAS, b->a.id);

	amount = least(least(*rest, most), has);
	if (r < 0 || amount <= 0)
		return r < 0 ? r : 0;
	*rest -= amount;
	if ((r = db_run(s->db, e, SQL_TAKE, b->a.id, amount)) < 0)
		return r;
	return post(s, b, "credit", 0, amount, e);
}

/* The next invoice that it can be taken from: 1, 0 none. */
static int settled(struct sxc *s, const char *sql, int64_t key, int64_t *invoice, int64_t *amount,
	bool *lost, struct err *e)
{
	autoclean(db_done) struct query q = {0};
	int r = db_one(s->db, &q, e, sql, key);

	if (r > 0) {
		*invoice = db_i64(&q, 0);
		*amount = db_i64(&q, 1);
		*lost = db_i64(&q, 2);
	}
	return r;
}

static int open_again(struct sxc *s, const struct back *b, bool own, int64_t invoice,
	int64_t amount, struct err *e)
{
	int r;

	if ((r = db_run(s->db, e, own ? SQL_UNPAY : SQL_UNCREDIT, invoice, amount)) < 0 ||
		(r = db_run(s->db, e, SQL_SETTLEMENT, invoice, db_ref(own ? b->payment : 0),
			 -amount, s->now)) < 0 ||
		(r = db_run(s->db, e, SQL_OWE, b->a.id, amount)) < 0)
		return r;
	return post(s, b, "receivable", invoice, amount, e);
}

/* Open invoices again: those it paid itself, or (own false) those that credit settled. What was
 * written off stays so. */
static int from_invoices(struct sxc *s, const struct back *b, bool own, int64_t *rest,
	struct err *e)
{
	int64_t invoice, amount, key = own ? b->payment : b->a.id;
	bool lost;
	int r = 0;

	while (*rest > 0 && (r = settled(s, own ? SQL_OWN : SQL_CREDIT, key, &invoice, &amount,
				     &lost, e)) > 0) {
		amount = least(amount, *rest);
		r = lost ? write_off_more(s, invoice, own ? b->payment : 0, amount, "cash", e)
		         : open_again(s, b, own, invoice, amount, e);
		if (r < 0)
			return r;
		*rest -= amount;
	}
	return r < 0 ? r : 0;
}

static int take_back(struct sxc *s, const struct back *b, int64_t amount, struct job_ids *jobs,
	struct err *e)
{
	int64_t rest = amount, unsettled = b->amount - b->refunded - b->on_invoices;
	int r;

	if ((r = from_credit(s, b, unsettled, &rest, e)) < 0 ||
		(r = from_invoices(s, b, true, &rest, e)) < 0 ||
		(r = from_credit(s, b, rest, &rest, e)) < 0 ||
		(r = from_invoices(s, b, false, &rest, e)) < 0)
		return r;
	if (rest)
		return err_set(e, E_STATE,
			"what payment %lld settled was voided, and the credit is spent: give the "
			"account credit first",
			(long long)b->payment);
	return settle_credit(s, b->a.id, jobs, e);
}

/* ---- booking ---- */

static int note(struct sxc *s, const struct back *b, const char *kind, int64_t amount,
	const char *reason, struct err *e)
{
	json_t *j = json_pack("{s:I, s:I, s:s, s:s}", "payment", (json_int_t)b->payment, "amount",
		(json_int_t)amount, "currency", b->a.currency, "reason", reason);
	autofree char *after = json_dumps(j, JSON_SORT_KEYS | JSON_COMPACT);
	autofree char *what = str_fmt("invoice.%s", kind);

	json_decref(j);
	return audit_add(s, what, b->a.name, NULL, after, e);
}

static int book(struct sxc *s, const struct back *b, const struct refund_new *n, int64_t amount,
	int64_t charge, struct job_ids *jobs, struct err *e)
{
	const char *kind = n->chargeback ? "chargeback" : "refund";
	char day[DAY_TEXT];
	int64_t today;
	int r;

	if ((r = account_today(s, &b->a, &today, e)) < 0)
		return r;
	r = db_run(s->db, e, SQL_ADD, b->payment, kind, amount, n->reason, n->external_id,
		db_ref(charge), day_format(today, day), s->now);
	if (r == E_EXISTS)
		return err_set(e, E_EXISTS, "that %s of payment %lld is in the books already", kind,
			(long long)b->payment);
	if (r < 0 || (r = take_back(s, b, amount, jobs, e)) < 0)
		return r;
	return note(s, b, kind, amount, n->reason, e);
}

int refund_book(struct sxc *s, int64_t payment, int64_t amount, const char *reason,
	const char *external_id, int64_t charge, struct job_ids *jobs, struct err *e)
{
	autoclean(back_release) struct back b = {0};
	struct refund_new n = {.reason = reason, .external_id = external_id};
	int r = read_payment(s, payment, &b, e);

	return r < 0 ? r : book(s, &b, &n, amount, charge, jobs, e);
}

/* ---- a person's word ---- */

static int check(const struct refund_new *n, struct err *e)
{
	if (!n->reason || !str_is_line(n->reason, 200))
		return err_set(e, E_USAGE, "say why with --reason: one line of at most 200 bytes");
	if (n->external_id && !str_is_line(n->external_id, 200))
		return err_set(e, E_USAGE, "an external id is one line of at most 200 bytes");
	return 0;
}

static int read_amount(const struct back *b, const struct refund_new *n, int64_t *amount,
	struct err *e)
{
	int64_t left = b->amount - b->refunded;
	autostr text = STR_INIT;
	int r;

	*amount = left;
	if (left <= 0)
		return err_set(e, E_STATE, "payment %lld has gone back already",
			(long long)b->payment);
	if (!n->amount)
		return 0;
	if ((r = money_parse(n->amount, b->a.currency, amount, e)) < 0)
		return r;
	if (*amount <= 0)
		return err_set(e, E_USAGE, "'%.40s' is not an amount to go back", n->amount);
	if (*amount <= left)
		return 0;
	money_format_code(&text, left, b->a.currency);
	return err_set(e, E_LIMIT, "only %s of payment %lld are left", str_c(&text),
		(long long)b->payment);
}

static int add(struct sxc *s, const struct refund_new *n, struct refund_done *done,
	struct job_ids *jobs, struct err *e)
{
	autoclean(back_release) struct back b = {0};
	int r;

	if ((r = read_payment(s, n->payment, &b, e)) < 0 ||
		(r = read_amount(&b, n, &done->amount, e)) < 0)
		return r;
	snprintf(done->account, sizeof(done->account), "%s", b.a.name);
	snprintf(done->currency, sizeof(done->currency), "%s", b.a.currency);
	if (n->chargeback || str_eq(b.gateway, "manual"))
		return book(s, &b, n, done->amount, 0, jobs, e);
	if ((r = charge_queue_refund(s, n->payment, done->amount, n->reason, &done->charge, e)) < 0)
		return r;
	return note(s, &b, "refund.ask", done->amount, n->reason, e);
}

int refund_add(struct sxc *s, const struct refund_new *n, struct refund_done *done,
	struct job_ids *jobs, struct err *e)
{
	autorollback struct sxc *tx = NULL;
	int r;

	*done = (struct refund_done){0};
	if ((r = check(n, e)) < 0 || (r = tx_begin(s, e)) < 0)
		return r;
	tx = s;
	if ((r = add(s, n, done, jobs, e)) < 0)
		return r;
	tx = NULL;
	return tx_commit(s, e);
}

/* ---- what a credit note gives back ---- */

struct payer {
	int64_t payment, amount;
	bool by_hand;
};
struct payers {
	struct payer *v;
	size_t n, cap;
};

static void payers_release(struct payers *p)
{
	vec_release(p);
}

static int list_payers(struct sxc *s, int64_t invoice, struct payers *out, struct err *e)
{
	autoclean(db_done) struct query q = {0};
	int r = db_query(s->db, &q, e, SQL_PAYERS, invoice);

	while (r >= 0 && (r = db_next(&q, e)) > 0) {
		struct payer p = {db_i64(&q, 0), db_i64(&q, 1), str_eq(db_text(&q, 2), "manual")};

		vec_push(out, p);
	}
	return r;
}

/* The invoice is settled by credit in place of the payment, which then can go back. */
static int give_back(struct sxc *s, int64_t invoice, const struct payer *p, int64_t amount,
	const char *reason, struct refund_sum *sum, struct job_ids *jobs, struct err *e)
{
	int64_t charge;
	int r;

	if ((r = db_run(s->db, e, SQL_SWAP, invoice, amount)) < 0 ||
		(r = db_run(s->db, e, SQL_SETTLEMENT, invoice, p->payment, -amount, s->now)) < 0 ||
		(r = db_run(s->db, e, SQL_SETTLEMENT, invoice, db_null(), amount, s->now)) < 0)
		return r;
	*(p->by_hand ? &sum->booked : &sum->asked) += amount;
	return p->by_hand ? refund_book(s, p->payment, amount, reason, NULL, 0, jobs, e)
	                  : charge_queue_refund(s, p->payment, amount, reason, &charge, e);
}

int refund_invoice(struct sxc *s, int64_t invoice, int64_t most, const char *reason,
	struct refund_sum *sum, struct job_ids *jobs, struct err *e)
{
	autoclean(payers_release) struct payers list = {0};
	int r = list_payers(s, invoice, &list, e);

	*sum = (struct refund_sum){0};
	vec_each(&list, p) {
		int64_t amount = least(p->amount, most);

		if (r < 0 || amount <= 0)
			break;
		most -= amount;
		r = give_back(s, invoice, p, amount, reason, sum, jobs, e);
	}
	return r;
}
