/* SPDX-License-Identifier: MIT */
/* Charges in the books: queueing, reading, and what an answer makes of one. */
#include "biz/charge_int.h"

#include "biz/mail.h"
#include "biz/method.h"
#include "biz/refund.h"
#include "util/str.h"

#define DONE "('paid', 'failed', 'dropped')"
#define SQL_OPEN                                                                                   \
	"SELECT i.currency FROM invoice i WHERE i.id = ?1 AND i.kind = 'invoice' AND "             \
	"i.state = 'open' AND i.balance > 0 AND NOT EXISTS (SELECT 1 FROM charge c "               \
	"WHERE c.invoice = i.id AND c.kind = 'charge' AND c.state NOT IN " DONE ")"
#define SQL_ADD                                                                                    \
	"INSERT INTO charge (kind, account, invoice, method, gateway, currency, next, created, "   \
	"updated) VALUES ('charge', ?1, ?2, ?3, ?4, ?5, ?6, ?6, ?6)"
#define SQL_ADD_REFUND                                                                             \
	"INSERT INTO charge (kind, account, payment, gateway, amount, currency, reason, next, "    \
	"created, updated) SELECT 'refund', y.account, y.id, g.id, ?2, y.currency, ?3, ?4, ?4, "   \
	"?4 FROM payment y JOIN gateway g ON g.name = y.gateway WHERE y.id = ?1"
#define SQL_INVOICE "SELECT id, account, state, balance FROM invoice WHERE number = ?1"
#define SQL_GET                                                                                    \
	"SELECT c.account, c.invoice, c.payment, c.method, c.amount, c.attempts, "                 \
	"c.kind = 'refund', c.key, c.state, g.name, c.currency, c.reason, m.token, a.name, "       \
	"a.email, i.number, y.external_id, i.balance, i.state = 'open' FROM charge c "             \
	"JOIN gateway g ON g.id = c.gateway JOIN account a ON a.id = c.account "                   \
	"LEFT JOIN method m ON m.id = c.method LEFT JOIN invoice i ON i.id = c.invoice "           \
	"LEFT JOIN payment y ON y.id = c.payment WHERE c.id = ?1"
#define SQL_LIST                                                                                   \
	"SELECT c.id, c.kind, a.name, i.number, c.payment, g.name, coalesce(m.label, m.number), "  \
	"c.amount, c.currency, c.state, c.external_id, c.url, c.error, c.attempts, c.next, "       \
	"c.created, c.updated, c.key FROM charge c JOIN account a ON a.id = c.account "            \
	"JOIN gateway g ON g.id = c.gateway LEFT JOIN method m ON m.id = c.method "                \
	"LEFT JOIN invoice i ON i.id = c.invoice WHERE (?1 IS NULL OR c.account = "                \
	"(SELECT id FROM account WHERE name = ?1)) "
#define SQL_ALL    SQL_LIST "ORDER BY c.id"
#define SQL_UNDONE SQL_LIST "AND c.state NOT IN " DONE " ORDER BY c.id"
#define SQL_ANSWER                                                                                 \
	"UPDATE charge SET state = ?2, external_id = coalesce(?3, external_id), url = ?4, "        \
	"error = ?5, next = ?6, updated = ?7 WHERE id = ?1"

#define FIRST_WAIT   60 /* seconds, doubled with each question */
#define LONGEST_WAIT (4 * 3600)

void charge_release(struct charge *c)
{
	char **const texts[] = {&c->key, &c->state, &c->gateway, &c->currency, &c->reason,
		&c->token, &c->account_name, &c->email, &c->invoice_number, &c->external_id};

	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		free(*texts[i]);
}

int charge_get(struct sxc *s, int64_t id, struct charge *c, struct err *e)
{
	autoclean(db_done) struct query q = {0};
	int r = db_one(s->db, &q, e, SQL_GET, id);

	if (r <= 0)
		return r < 0 ? r : err_set(e, E_NOTFOUND, "no charge %lld", (long long)id);
	*c = (struct charge){.id = id,
		.account = db_i64(&q, 0),
		.invoice = db_i64(&q, 1),
		.payment = db_i64(&q, 2),
		.method = db_i64(&q, 3),
		.amount = db_i64(&q, 4),
		.attempts = db_i64(&q, 5),
		.refund = db_i64(&q, 6),
		.key = db_text_dup(&q, 7),
		.state = db_text_dup(&q, 8),
		.gateway = db_text_dup(&q, 9),
		.currency = db_text_dup(&q, 10),
		.reason = db_text_dup(&q, 11),
		.token = db_text_dup(&q, 12),
		.account_name = db_text_dup(&q, 13),
		.email = db_text_dup(&q, 14),
		.invoice_number = db_text_dup(&q, 15),
		.external_id = db_text_dup(&q, 16),
		.balance = db_i64(&q, 17),
		.is_open = db_i64(&q, 18)};
	return 0;
}

/* ---- queueing ---- */

int charge_queue(struct sxc *s, int64_t account, int64_t invoice, struct err *e)
{
	autofree char *currency = NULL;
	int64_t method, gateway;
	int r;

	if ((r = method_of(s, account, &method, &gateway, e)) <= 0 ||
		(r = db_get_text(s->db, &currency, e, SQL_OPEN, invoice)) <= 0)
		return r;
	r = db_run(s->db, e, SQL_ADD, account, invoice, method, gateway, currency, s->now);
	return r < 0 ? r : 1;
}

int charge_queue_refund(struct sxc *s, int64_t payment, int64_t amount, const char *reason,
	int64_t *id, struct err *e)
{
	int r = db_run(s->db, e, SQL_ADD_REFUND, payment, amount, reason, s->now);

	if (r == E_EXISTS)
		return err_set(e, E_STATE,
			"a refund of payment %lld is under way: see \"sxc invoice charges\"",
			(long long)payment);
	if (r == 0 && db_changes(s->db) != 1)
		return err_set(e, E_STATE, "the gateway of payment %lld is not there any more",
			(long long)payment);
	*id = db_last_id(s->db);
	return r;
}

static int collect(struct sxc *s, const char *number, int64_t *id, struct err *e)
{
	int64_t invoice, account;
	int r;

	{
		autoclean(db_done) struct query q = {0};

		if ((r = db_one(s->db, &q, e, SQL_INVOICE, number)) <= 0)
			return r < 0 ? r : err_set(e, E_NOTFOUND, "no invoice named '%s'", number);
		invoice = db_i64(&q, 0);
		account = db_i64(&q, 1);
		if (!str_eq(db_text(&q, 2), "open") || db_i64(&q, 3) <= 0)
			return err_set(e, E_STATE, "%s is %s: there is nothing to collect", number,
				db_text(&q, 2));
	}
	if ((r = charge_queue(s, account, invoice, e)) < 0)
		return r;
	if (r == 0)
		return err_set(e, E_STATE,
			"its account has no payment method, or a charge for it is under way: see "
			"\"sxc account method list\", \"sxc invoice charges\"");
	*id = db_last_id(s->db);
	return audit_add(s, "invoice.collect", number, NULL, NULL, e);
}

int charge_collect(struct sxc *s, const char *invoice, int64_t *id, struct err *e)
{
	autorollback struct sxc *tx = NULL;
	int r = tx_begin(s, e);

	if (r < 0)
		return r;
	tx = s;
	if ((r = collect(s, invoice, id, e)) < 0)
		return r;
	tx = NULL;
	return tx_commit(s, e);
}

/* ---- an answer ---- */

static int64_t wait_of(int64_t attempts)
{
	int64_t wait = FIRST_WAIT;

	while (--attempts > 0 && wait < LONGEST_WAIT)
		wait *= 2;
	return wait < LONGEST_WAIT ? wait : LONGEST_WAIT;
}

static int write_answer(struct sxc *s, const struct charge *c, const struct gateway_answer *a,
	const char *state, const char *why, struct err *e)
{
	return db_run(s->db, e, SQL_ANSWER, c->id, state, a->id, a->url, why,
		s->now + wait_of(c->attempts), s->now);
}

static int tell_customer(struct sxc *s, const struct charge *c, const char *template,
	const char *word, const char *value, struct err *e)
{
	autofree char *key = str_fmt("charge %lld %s", (long long)c->id, template);
	struct mail_new m = {.key = key,
		.template = template,
		.account = c->account,
		.invoice = c->invoice,
		.values = value ? json_pack("{s:s}", word, value) : NULL};
	int r = mail_queue(s, &m, e);

	return r < 0 ? r : 0;
}

/* The money is here, or gone back: once, whatever the gateway says again. */
static int book(struct sxc *s, const struct charge *c, const struct gateway_answer *a,
	struct job_ids *jobs, struct err *e)
{
	autoclean(account_release) struct account acc = {0};
	struct payment_in in = {.a = &acc,
		.gateway = c->gateway,
		.method = "card",
		.external_id = a->id ? a->id : c->key,
		.amount = c->amount,
		.invoice = c->invoice};
	struct payment_done done = {0};
	int r;

	if (c->refund)
		return refund_book(s, c->payment, c->amount, c->reason, a->id, c->id, jobs, e);
	if ((r = account_get_id(s, c->account, &acc, e)) < 0)
		return r;
	r = payment_book(s, &in, &done, jobs, e);
	if (r != E_EXISTS)
		return r;
	sxc_note(s, 0, "charge %lld: payment %s of gateway %s is in the books already",
		(long long)c->id, in.external_id, c->gateway);
	return 0;
}

static int audit_charge(struct sxc *s, const struct charge *c, const char *state, struct err *e)
{
	json_t *j = json_pack("{s:I, s:s, s:I, s:s, s:s?}", "charge", (json_int_t)c->id, "state",
		state, "amount", (json_int_t)c->amount, "currency", c->currency, "invoice",
		c->invoice_number);
	autofree char *after = json_dumps(j, JSON_COMPACT | JSON_SORT_KEYS);

	json_decref(j);
	return audit_add(s, c->refund ? "charge.refund" : "charge.charge", c->account_name, NULL,
		after, e);
}

static int take_failed(struct sxc *s, const struct charge *c, const struct gateway_answer *a,
	struct err *e)
{
	int r = write_answer(s, c, a, "failed", a->message ? a->message : "refused", e);

	if (r < 0 || (r = audit_charge(s, c, "failed", e)) < 0)
		return r;
	return c->refund ? 0 : tell_customer(s, c, "payment-failed", "reason", a->message, e);
}

static int take_paid(struct sxc *s, const struct charge *c, const struct gateway_answer *a,
	struct job_ids *jobs, struct err *e)
{
	autofree char *why = NULL;
	int r;

	if (a->amount >= 0 && a->amount != c->amount) {
		why = str_fmt("it says %lld was paid, asked were %lld: a person has to look",
			(long long)a->amount, (long long)c->amount);
		return write_answer(s, c, a, "unknown", why, e);
	}
	if ((r = write_answer(s, c, a, "paid", NULL, e)) < 0 || (r = book(s, c, a, jobs, e)) < 0)
		return r;
	return audit_charge(s, c, "paid", e);
}

int charge_take(struct sxc *s, const struct charge *c, const struct gateway_answer *a,
	struct job_ids *jobs, struct err *e)
{
	int r;

	switch (a->result) {
	case GATEWAY_PAID:
		return take_paid(s, c, a, jobs, e);
	case GATEWAY_FAILED:
		return take_failed(s, c, a, e);
	case GATEWAY_PENDING:
		return write_answer(s, c, a, "pending", a->message, e);
	case GATEWAY_ACTION:
		r = write_answer(s, c, a, "action-required", a->message, e);
		return r < 0 || c->refund
		               ? r
		               : tell_customer(s, c, "action-required", "url", a->url, e);
	case GATEWAY_UNKNOWN:
		break;
	}
	return write_answer(s, c, a, "unknown", a->message, e);
}

/* ---- reading ---- */

int charge_list(struct sxc *s, const char *account, bool all, account_row_fn fn, void *arg,
	struct err *e)
{
	autoclean(db_done) struct query q = {0};
	int r = db_query(s->db, &q, e, all ? SQL_ALL : SQL_UNDONE, account);

	while (r >= 0 && (r = db_next(&q, e)) > 0) {
		struct charge_row row = {.charge = db_i64(&q, 0),
			.kind = db_text(&q, 1),
			.account = db_text(&q, 2),
			.invoice = db_text(&q, 3),
			.payment = db_is_null(&q, 4) ? INT64_MIN : db_i64(&q, 4),
			.gateway = db_text(&q, 5),
			.method = db_text(&q, 6),
			.amount = db_is_null(&q, 7) ? INT64_MIN : db_i64(&q, 7),
			.currency = db_text(&q, 8),
			.state = db_text(&q, 9),
			.external_id = db_text(&q, 10),
			.url = db_text(&q, 11),
			.error = db_text(&q, 12),
			.attempts = db_i64(&q, 13),
			.next = db_i64(&q, 14),
			.created = db_i64(&q, 15),
			.updated = db_i64(&q, 16),
			.key = db_text(&q, 17)};

		r = fn(arg, &row, e);
	}
	return r;
}
