/* SPDX-License-Identifier: MIT */
/* Corrections: a document never changes, another one takes it back. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "biz/dunning.h"
#include "biz/invoice_int.h"
#include "biz/ledger.h"
#include "biz/write_off.h"
#include "util/str.h"

#define SQL_HEAD                                                                                   \
	"SELECT id, account, kind, state, number, currency, balance FROM invoice WHERE id = ?1"
#define SQL_LINES                                                                                  \
	"SELECT id, kind, subscription, term, version, item, text, start, until, quantity, "       \
	"unit_price, days, whole, tax_included, gross, amount, discount, tax, seq, "               \
	"EXISTS (SELECT 1 FROM invoice_line c JOIN invoice i ON i.id = c.invoice "                 \
	"WHERE c.credits = l.id AND i.state <> 'void') FROM invoice_line l "                       \
	"WHERE l.invoice = ?1 ORDER BY l.seq"
#define SQL_SETTLE_VOID "UPDATE invoice SET credit = credit + ?2, state = 'void' WHERE id = ?1"
#define SQL_USE_CREDIT                                                                             \
	"UPDATE account SET credit = credit - ?2, balance = balance - ?2 WHERE id = ?1"
#define SQL_SETTLEMENT                                                                             \
	"INSERT INTO settlement (invoice, payment, amount, created) VALUES (?1, NULL, ?2, ?3)"
#define SQL_REOPEN_TERM                                                                            \
	"UPDATE subscription_term SET billed_until = min(billed_until, ?2), closed = 0 "           \
	"WHERE id = ?1"
#define SQL_REOPEN_SETUP "UPDATE subscription SET setup_due = 1 WHERE id = ?1"
#define SQL_REOPEN_PAID                                                                            \
	"UPDATE subscription SET paid_until = nullif(min(paid_until, ?2), start) WHERE id = ?1"
#define SQL_REOPEN_EXTRA "UPDATE extra SET line = NULL WHERE line = ?1"
#define SQL_RELEASE      "DELETE FROM billed WHERE line = ?1"
#define SQL_UNCOVER      "DELETE FROM coupon_period WHERE line = ?1"

/* The document to be corrected. */
struct head {
	int64_t id, account, balance;
	char *kind, *state, *number, *currency;
};

static void head_release(struct head *h)
{
	free(h->kind);
	free(h->state);
	free(h->number);
	free(h->currency);
}

static int read_head(struct sxc *s, const char *number, struct head *h, struct err *e)
{
	autoclean(db_done) struct query q = {0};
	int64_t id;
	int r = invoice_find(s, number, &id, e);

	if (r > 0)
		r = db_one(s->db, &q, e, SQL_HEAD, id);
	if (r <= 0)
		return r < 0 ? r : err_set(e, E_NOTFOUND, "no invoice named '%s'", number);
	*h = (struct head){.id = db_i64(&q, 0),
		.account = db_i64(&q, 1),
		.kind = db_text_dup(&q, 2),
		.state = db_text_dup(&q, 3),
		.number = db_text_dup(&q, 4),
		.currency = db_text_dup(&q, 5),
		.balance = db_i64(&q, 6)};
	if (!str_eq(h->kind, "invoice"))
		return err_set(e, E_STATE, "%s is a credit note", h->number);
	if (str_eq(h->state, "void"))
		return err_set(e, E_STATE, "invoice %s is void", h->number);
	return 0;
}

/* The opposite of a line, at its own amounts: nothing is worked out anew. */
static int mirror(struct sxc *s, struct query *q, struct draft *d, struct err *e)
{
	struct doc_line line = {.item = {.credits_line = db_i64(q, 0),
					.credit = str_eq(db_text(q, 1), "charge"),
					.sub = db_i64(q, 2),
					.term = db_i64(q, 3),
					.version = db_i64(q, 4),
					.item = db_text_dup(q, 5),
					.text = db_text_dup(q, 6),
					.start = day_col(q, 7),
					.until = day_col(q, 8),
					.quantity = db_i64(q, 9),
					.unit_price = db_is_null(q, 10) ? INT64_MIN : db_i64(q, 10),
					.days = db_i64(q, 11),
					.whole = db_i64(q, 12),
					.tax_included = db_i64(q, 13),
					.gross = -db_i64(q, 14)},
		.amount = -db_i64(q, 15),
		.discount = -db_i64(q, 16),
		.tax = -db_i64(q, 17)};
	int r = invoice_line_taxes(s, line.item.credits_line, &line.taxes, e);

	vec_each(&line.taxes, t)
		t->amount = -t->amount;
	vec_push(&d->doc.lines, line);
	d->doc.subtotal += line.amount;
	d->doc.discount += line.discount;
	d->doc.tax += line.tax;
	d->doc.total = d->doc.subtotal - d->doc.discount + d->doc.tax;
	return r;
}

static bool wanted(const int64_t *lines, size_t n, int64_t seq)
{
	for (size_t i = 0; i < n; i++)
		if (lines[i] == seq)
			return true;
	return n == 0;
}

static int mirror_lines(struct sxc *s, const struct head *h, const int64_t *lines, size_t n,
	struct draft *d, struct err *e)
{
	autoclean(db_done) struct query q = {0};
	int r = db_query(s->db, &q, e, SQL_LINES, h->id);

	while (r >= 0 && (r = db_next(&q, e)) > 0) {
		int64_t seq = db_i64(&q, 18);

		if (!wanted(lines, n, seq))
			continue;
		if (db_i64(&q, 19))
			return err_set(e, E_STATE, "line %lld of %s has been credited already",
				(long long)seq, h->number);
		if ((r = mirror(s, &q, d, e)) < 0)
			return r;
	}
	return r;
}

static int check_lines(const struct head *h, const struct draft *d, size_t n, struct err *e)
{
	if (n && d->doc.lines.n != n)
		return err_set(e, E_NOTFOUND, "%s has no such line", h->number);
	if (d->doc.total > 0)
		return err_set(e, E_STATE, "these lines of %s are credits themselves", h->number);
	return 0;
}

static int check_reason(const char *reason, struct err *e)
{
	if (reason && str_is_line(reason, 200))
		return 0;
	return err_set(e, E_USAGE, "say why with --reason: one line of at most 200 bytes");
}

/* Write the credit note down; nothing is settled by it yet. */
static int take_back(struct billing *b, const struct head *h, const int64_t *lines, size_t n,
	const char *reason, struct draft *d, struct err *e)
{
	int64_t id;
	int r;

	d->credit_note = true;
	d->corrects = h->id;
	d->reason = reason;
	if ((r = account_get_id(b->s, h->account, &d->a, e)) < 0 ||
		(r = mirror_lines(b->s, h, lines, n, d, e)) < 0 ||
		(r = check_lines(h, d, n, e)) < 0 || (r = billing_read_series(b, e)) < 0)
		return r;
	draft_number(b, d);
	r = draft_store(b, d, &id, e);
	return r < 0 ? r : billing_write_series(b, e);
}

static int note_correction(struct sxc *s, const char *what, const struct head *h,
	const struct draft *d, struct err *e)
{
	json_t *j = json_pack("{s:s, s:I, s:s}", "credit_note", d->number, "total",
		(json_int_t)d->doc.total, "reason", d->reason);
	autofree char *after = json_dumps(j, JSON_SORT_KEYS | JSON_COMPACT);

	json_decref(j);
	return audit_add(s, what, h->number, NULL, after, e);
}

/* ---- credit note ---- */

int invoice_credit_note(struct sxc *s, const char *invoice, const int64_t *lines, size_t n,
	const char *reason, char number[64], struct job_ids *jobs, struct err *e)
{
	autorollback struct sxc *tx = NULL;
	autoclean(head_release) struct head h = {0};
	autobilling b = {0};
	autodraft d = {0};
	int64_t lost;
	int r;

	if ((r = check_reason(reason, e)) < 0 || (r = tx_begin(s, e)) < 0)
		return r;
	tx = s;
	if ((r = billing_begin(&b, s, NULL, e)) < 0 || (r = read_head(s, invoice, &h, e)) < 0 ||
		(r = take_back(&b, &h, lines, n, reason, &d, e)) < 0 ||
		(r = write_off_recover(s, h.id, 0, -d.doc.total, &lost, NULL, e)) < 0 ||
		(r = settle_credit_on(s, h.account, h.id, jobs, e)) < 0 ||
		(r = note_correction(s, "invoice.credit-note", &h, &d, e)) < 0)
		return r;
	memcpy(number, d.number, sizeof(d.number));
	tx = NULL;
	return tx_commit(s, e);
}

/* ---- void ---- */

static int reopen_line(struct sxc *s, const struct doc_line *line, struct err *e)
{
	const struct bill_item *it = &line->item;
	char start[DAY_TEXT];
	int r = db_run(s->db, e, SQL_RELEASE, it->credits_line);

	if (r == 0)
		r = db_run(s->db, e, SQL_UNCOVER, it->credits_line);
	if (r < 0 || !it->term)
		return r < 0 ? r : db_run(s->db, e, SQL_REOPEN_EXTRA, it->credits_line);
	if (usage_is_item(it->item))
		return usage_reopen(s, it->credits_line, it->term, it->start, e);
	if (strcmp(it->item, ITEM_SETUP) == 0)
		return db_run(s->db, e, SQL_REOPEN_SETUP, it->sub);
	day_format(it->start, start);
	/* A credit that is taken back only makes its term be looked at again. */
	if (!it->credit)
		return db_run(s->db, e, SQL_REOPEN_TERM, it->term, "9999-12-31");
	r = db_run(s->db, e, SQL_REOPEN_TERM, it->term, start);
	return r < 0 ? r : db_run(s->db, e, SQL_REOPEN_PAID, it->sub, start);
}

static int reopen(struct billing *b, const struct draft *d, struct job_ids *jobs, struct err *e)
{
	int64_t today;
	int r = account_today(b->s, &d->a, &today, e);

	vec_each(&d->doc.lines, line)
		if (r == 0)
			r = reopen_line(b->s, line, e);
	vec_each(&d->doc.lines, line)
		if (r == 0 && line->item.sub)
			r = subscription_refresh(b->s, line->item.sub, today, jobs, e);
	return r < 0 ? r : account_set_wake(b->s, d->a.id, e);
}

/* What is still open of it is settled by the credit note; the rest stays account credit. */
static int close_void(struct sxc *s, const struct head *h, struct job_ids *jobs, struct err *e)
{
	struct ledger_entry entry = {"void", h->currency, h->account, h->id, 0};
	struct posting postings[] = {{"credit", h->balance}, {"receivable", -h->balance}};
	int64_t lost;
	int r;

	if ((r = write_off_recover(s, h->id, 0, INT64_MAX, &lost, NULL, e)) < 0 ||
		(r = db_run(s->db, e, SQL_SETTLE_VOID, h->id, h->balance)) < 0 ||
		(r = db_run(s->db, e, SQL_USE_CREDIT, h->account, h->balance)) < 0 ||
		(h->balance &&
			(r = db_run(s->db, e, SQL_SETTLEMENT, h->id, h->balance, s->now)) < 0) ||
		(r = ledger_post(s, &entry, postings, 2, e)) < 0)
		return r;
	r = settle_credit(s, h->account, jobs, e);
	return r < 0 ? r : dunning_settled(s, h->account, jobs, e);
}

int invoice_void(struct sxc *s, const char *invoice, const char *reason, char number[64],
	struct job_ids *jobs, struct err *e)
{
	autorollback struct sxc *tx = NULL;
	autoclean(head_release) struct head h = {0};
	autobilling b = {0};
	autodraft d = {0};
	int r;

	if ((r = check_reason(reason, e)) < 0 || (r = tx_begin(s, e)) < 0)
		return r;
	tx = s;
	if ((r = billing_begin(&b, s, NULL, e)) < 0 || (r = read_head(s, invoice, &h, e)) < 0 ||
		(r = take_back(&b, &h, NULL, 0, reason, &d, e)) < 0 ||
		(r = close_void(s, &h, jobs, e)) < 0 || (r = reopen(&b, &d, jobs, e)) < 0 ||
		(r = note_correction(s, "invoice.void", &h, &d, e)) < 0)
		return r;
	memcpy(number, d.number, sizeof(d.number));
	tx = NULL;
	return tx_commit(s, e);
}
