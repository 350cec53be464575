/* SPDX-License-Identifier: MIT */
/* Payments, credit and charges that a person enters. */
#include <stdio.h>
#include <string.h>

#include "biz/plan_file.h"
#include "biz/ledger.h"
#include "biz/settle.h"
#include "biz/write_off.h"
#include "util/money.h"
#include "util/num.h"
#include "util/period.h"
#include "util/str.h"

#define SQL_INVOICE                                                                                \
	"SELECT i.id, i.account, i.state, i.balance + i.written_off, i.kind FROM invoice i "       \
	"WHERE i.number = ?1"
#define SQL_ADD                                                                                    \
	"INSERT INTO payment (account, gateway, method, external_id, amount, currency, day, "      \
	"created) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)"
#define SQL_OLDEST                                                                                 \
	"SELECT id, balance, number FROM invoice WHERE account = ?1 AND state = 'open' "           \
	"ORDER BY id LIMIT 1"
#define SQL_BALANCE "SELECT balance FROM invoice WHERE id = ?1"
#define SQL_IS_OPEN "SELECT balance FROM invoice WHERE id = ?1 AND state = 'open'"
#define SQL_PAY     "UPDATE invoice SET paid = paid + ?2 WHERE id = ?1"
#define SQL_OWE     "UPDATE account SET balance = balance - ?2 WHERE id = ?1"
#define SQL_SETTLEMENT                                                                             \
	"INSERT INTO settlement (invoice, payment, amount, created) VALUES (?1, ?2, ?3, ?4)"
#define SQL_EXTRA                                                                                  \
	"INSERT INTO extra (account, day, amount, taxable, reason, created) "                      \
	"VALUES (?1, ?2, ?3, ?4, ?5, ?6)"
#define SQL_LIST                                                                                   \
	"SELECT y.id, a.name, y.gateway, y.method, y.external_id, y.amount, y.currency, y.day, "   \
	"y.created, (SELECT group_concat(i.number, ' ') FROM settlement t JOIN invoice i "         \
	"ON i.id = t.invoice WHERE t.payment = y.id AND t.amount > 0), "                           \
	"(SELECT coalesce(sum(f.amount), 0) FROM refund f WHERE f.payment = y.id) "                \
	"FROM payment y JOIN account a "                                                           \
	"ON a.id = y.account WHERE ?1 IS NULL OR y.account = (SELECT id FROM account "             \
	"WHERE name = ?1) ORDER BY y.id"

static int positive(const char *text, const char *currency, int64_t *out, struct err *e)
{
	int r = money_parse(text, currency, out, e);

	if (r < 0)
		return r;
	if (*out > PRICE_MOST)
		return err_set(e, E_USAGE, "'%s' is too large an amount", text);
	if (*out <= 0)
		return err_set(e, E_USAGE,
			"'%s' is not an amount to be entered: it must be more "
			"than nothing",
			text);
	return 0;
}

/* ---- payments ---- */

/* What the payment is for, before it is one. */
struct target {
	struct account a;
	int64_t invoice, balance; /* 0: the oldest open ones */
};

static void target_release(struct target *t)
{
	account_release(&t->a);
}

static int find_invoice(struct sxc *s, const char *number, struct target *t, struct err *e)
{
	autoclean(db_done) struct query q = {0};
	int64_t account;
	int r = db_one(s->db, &q, e, SQL_INVOICE, number);

	if (r <= 0)
		return r < 0 ? r : err_set(e, E_NOTFOUND, "no invoice named '%s'", number);
	if (!str_eq(db_text(&q, 2), "open") && !str_eq(db_text(&q, 2), "written-off"))
		return err_set(e, E_STATE, "%s %s is %s: there is nothing to pay",
			str_eq(db_text(&q, 4), "invoice") ? "invoice" : "credit note", number,
			db_text(&q, 2));
	t->invoice = db_i64(&q, 0);
	t->balance = db_i64(&q, 3);
	account = db_i64(&q, 1);
	db_done(&q);
	return account_get_id(s, account, &t->a, e);
}

static int find_target(struct sxc *s, const struct payment_new *p, struct target *t, struct err *e)
{
	if (p->invoice)
		return find_invoice(s, p->invoice, t, e);
	return account_get(s, p->account, &t->a, e);
}

static int pay_invoice(struct sxc *s, const struct payment_in *in, int64_t payment, int64_t invoice,
	int64_t amount, struct job_ids *jobs, struct err *e)
{
	struct ledger_entry entry = {"payment", in->a->currency, in->a->id, invoice, payment};
	struct posting postings[] = {{"cash", amount}, {"receivable", -amount}};
	int64_t left = 0;
	int r;

	if ((r = db_run(s->db, e, SQL_PAY, invoice, amount)) < 0 ||
		(r = db_run(s->db, e, SQL_OWE, in->a->id, amount)) < 0 ||
		(r = db_run(s->db, e, SQL_SETTLEMENT, invoice, payment, amount, s->now)) < 0 ||
		(r = ledger_post(s, &entry, postings, 2, e)) < 0 ||
		(r = db_get_i64(s->db, &left, e, SQL_BALANCE, invoice)) < 0)
		return r;
	return left == 0 ? settle_mark(s, invoice, jobs, e) : 0;
}

static int oldest(struct sxc *s, int64_t account, int64_t *invoice, int64_t *balance, struct err *e)
{
	autoclean(db_done) struct query q = {0};
	int r = db_one(s->db, &q, e, SQL_OLDEST, account);

	if (r > 0) {
		*invoice = db_i64(&q, 0);
		*balance = db_i64(&q, 1);
	}
	return r;
}

static int first(struct sxc *s, const struct payment_in *in, int64_t *invoice, int64_t *balance,
	struct err *e)
{
	int r = in->invoice ? db_get_i64(s->db, balance, e, SQL_IS_OPEN, in->invoice) : 0;

	*invoice = in->invoice;
	return r != 0 ? r : oldest(s, in->a->id, invoice, balance, e);
}

/* The named invoice first, then the oldest open ones; what is left becomes credit. */
static int spread(struct sxc *s, const struct payment_in *in, struct payment_done *done,
	struct job_ids *jobs, struct err *e)
{
	int64_t invoice, balance = 0, amount = in->amount;
	int r = in->invoice ? write_off_recover(s, in->invoice, done->id, amount,
				      &done->on_invoices, jobs, e)
	                    : 0;

	amount -= done->on_invoices;
	if (r == 0)
		r = first(s, in, &invoice, &balance, e);
	while (r > 0 && amount > 0) {
		int64_t part = amount < balance ? amount : balance;

		if ((r = pay_invoice(s, in, done->id, invoice, part, jobs, e)) < 0)
			return r;
		amount -= part;
		done->on_invoices += part;
		r = oldest(s, in->a->id, &invoice, &balance, e);
	}
	done->on_credit = amount;
	if (r < 0 || amount == 0)
		return r < 0 ? r : 0;
	return settle_give(s, in->a, amount, "cash", "payment above what was open", 0, done->id, e);
}

int payment_book(struct sxc *s, const struct payment_in *in, struct payment_done *done,
	struct job_ids *jobs, struct err *e)
{
	char day[DAY_TEXT];
	int64_t today;
	int r;

	if ((r = account_today(s, in->a, &today, e)) < 0)
		return r;
	r = db_run(s->db, e, SQL_ADD, in->a->id, in->gateway, in->method, in->external_id,
		in->amount, in->a->currency, day_format(today, day), s->now);
	if (r == E_EXISTS)
		return err_set(e, E_EXISTS, "payment '%s' of account %s is in the books already",
			in->external_id, in->a->name);
	if (r < 0)
		return r;
	done->id = db_last_id(s->db);
	done->amount = in->amount;
	return spread(s, in, done, jobs, e);
}

static int note_payment(struct sxc *s, const struct target *t, const struct payment_new *p,
	const struct payment_done *done, struct err *e)
{
	json_t *j = json_pack("{s:I, s:I, s:s, s:s?, s:s?}", "payment", (json_int_t)done->id,
		"amount", (json_int_t)done->amount, "currency", t->a.currency, "external_id",
		p->external_id, "invoice", p->invoice);
	autofree char *after = json_dumps(j, JSON_SORT_KEYS | JSON_COMPACT);

	json_decref(j);
	return audit_add(s, "account.pay", t->a.name, NULL, after, e);
}

static int take_payment(struct sxc *s, const struct payment_new *p, struct payment_done *done,
	struct job_ids *jobs, struct err *e)
{
	autoclean(target_release) struct target t = {0};
	struct payment_in in = {.a = &t.a,
		.gateway = "manual",
		.method = p->method ? p->method : "transfer",
		.external_id = p->external_id};
	int r = find_target(s, p, &t, e);

	if (r < 0)
		return r;
	in.invoice = t.invoice;
	in.amount = t.balance;
	if (p->amount && (r = positive(p->amount, t.a.currency, &in.amount, e)) < 0)
		return r;
	if (!in.amount)
		return err_set(e, E_USAGE, "a payment needs an amount");
	snprintf(done->account, sizeof(done->account), "%s", t.a.name);
	snprintf(done->currency, sizeof(done->currency), "%s", t.a.currency);
	if ((r = payment_book(s, &in, done, jobs, e)) < 0)
		return r;
	return note_payment(s, &t, p, done, e);
}

int payment_add(struct sxc *s, const struct payment_new *p, struct payment_done *done,
	struct job_ids *jobs, struct err *e)
{
	autorollback struct sxc *tx = NULL;
	int r;

	*done = (struct payment_done){0};
	if (p->method && !str_is_name(p->method))
		return err_set(e, E_USAGE,
			"'%.40s' is not a method: write one such as transfer or "
			"cheque",
			p->method);
	if (p->external_id && !str_is_line(p->external_id, 200))
		return err_set(e, E_USAGE, "an external id is one line of at most 200 bytes");
	if ((r = tx_begin(s, e)) < 0)
		return r;
	tx = s;
	if ((r = take_payment(s, p, done, jobs, e)) < 0)
		return r;
	tx = NULL;
	return tx_commit(s, e);
}

int payment_list(struct sxc *s, const char *account, account_row_fn fn, void *arg, struct err *e)
{
	autoclean(db_done) struct query q = {0};
	int r = db_query(s->db, &q, e, SQL_LIST, account);

	while (r == 0 && (r = db_next(&q, e)) > 0) {
		struct payment_row row = {.payment = db_i64(&q, 0),
			.account = db_text(&q, 1),
			.gateway = db_text(&q, 2),
			.method = db_text(&q, 3),
			.external_id = db_text(&q, 4),
			.amount = db_i64(&q, 5),
			.currency = db_text(&q, 6),
			.date = db_text(&q, 7),
			.created = db_i64(&q, 8),
			.invoices = db_text(&q, 9),
			.refunded = db_i64(&q, 10)};

		r = fn(arg, &row, e);
	}
	return r;
}

/* ---- credit and charges ---- */

static int check_reason(const char *reason, struct err *e)
{
	if (reason && str_is_line(reason, 200))
		return 0;
	return err_set(e, E_USAGE, "say why with --reason: one line of at most 200 bytes");
}

static char *amount_json(int64_t amount, const char *currency, const char *reason)
{
	json_t *j = json_pack("{s:I, s:s, s:s}", "amount", (json_int_t)amount, "currency", currency,
		"reason", reason);
	char *text = json_dumps(j, JSON_SORT_KEYS | JSON_COMPACT);

	json_decref(j);
	return text;
}

int account_credit(struct sxc *s, const char *account, const char *amount, const char *reason,
	struct job_ids *jobs, struct err *e)
{
	autorollback struct sxc *tx = NULL;
	autoclean(account_release) struct account a = {0};
	autofree char *after = NULL;
	int64_t minor;
	int r;

	if ((r = check_reason(reason, e)) < 0 || (r = tx_begin(s, e)) < 0)
		return r;
	tx = s;
	if ((r = account_get(s, account, &a, e)) < 0 ||
		(r = positive(amount, a.currency, &minor, e)) < 0 ||
		(r = settle_give(s, &a, minor, "goodwill", reason, 0, 0, e)) < 0 ||
		(r = settle_credit(s, a.id, jobs, e)) < 0)
		return r;
	after = amount_json(minor, a.currency, reason);
	if ((r = audit_add(s, "account.credit", a.name, NULL, after, e)) < 0)
		return r;
	tx = NULL;
	return tx_commit(s, e);
}

static int add_extra(struct sxc *s, const struct account *a, int64_t minor, bool taxable,
	const char *reason, struct err *e)
{
	char day[DAY_TEXT];
	int64_t today;
	int r;

	if ((r = account_today(s, a, &today, e)) < 0 ||
		(r = db_run(s->db, e, SQL_EXTRA, a->id, day_format(today, day), minor, taxable,
			 reason, s->now)) < 0)
		return r;
	return account_set_wake(s, a->id, e);
}

int account_charge(struct sxc *s, const char *account, const char *amount, const char *reason,
	bool taxable, struct err *e)
{
	autorollback struct sxc *tx = NULL;
	autoclean(account_release) struct account a = {0};
	autofree char *after = NULL;
	int64_t minor;
	int r;

	if ((r = check_reason(reason, e)) < 0 || (r = tx_begin(s, e)) < 0)
		return r;
	tx = s;
	if ((r = account_get(s, account, &a, e)) < 0 ||
		(r = positive(amount, a.currency, &minor, e)) < 0 ||
		(r = add_extra(s, &a, minor, taxable, reason, e)) < 0)
		return r;
	after = amount_json(minor, a.currency, reason);
	if ((r = audit_add(s, "account.charge", a.name, NULL, after, e)) < 0)
		return r;
	tx = NULL;
	return tx_commit(s, e);
}
