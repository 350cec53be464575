/* SPDX-License-Identifier: MIT */
/* Corrections: a document never changes, another one takes it back. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "biz/dunning.h"
#include "biz/invoice_int.h"
#include "biz/ledger.h"
#include "biz/refund.h"
#include "biz/write_off.h"
#include "util/money.h"
#include "util/str.h"

#define SQL_HEAD                                                                                   \
	"SELECT id, account, kind, state, number, currency, balance FROM invoice WHERE id = ?1"
#define SQL_LINES                                                                                  \
	"SELECT id, kind, subscription, term, version, item, text, start, until, quantity, "       \
	"unit_price, days, whole, tax_included, gross, amount, discount, tax, seq, "               \
	"EXISTS (SELECT 1 FROM invoice_line c JOIN invoice i ON i.id = c.invoice "                 \
	"WHERE c.credits = l.id AND i.state <> 'void') FROM invoice_line l "                       \
	"WHERE l.invoice = ?1 ORDER BY l.seq"
#define SQL_LINE_ID     "SELECT id FROM invoice_line WHERE invoice = ?1 AND seq = ?2"
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
	return r;
}

/* An amount of a line: it has no days, so those stay billed, and may still be credited. */
static int take_part(struct query *q, const struct line_left *left, int64_t gross, struct draft *d,
	struct err *e)
{
	struct doc_line line = {.item = {.credits_line = db_i64(q, 0),
					.credit = true,
					.part = true,
					.sub = db_i64(q, 2),
					.term = db_i64(q, 3),
					.version = db_i64(q, 4),
					.item = db_text_dup(q, 5),
					.text = str_fmt("%s, in part", db_text(q, 6)),
					.start = DAY_NONE,
					.until = DAY_NONE,
					.quantity = 1,
					.tax_included = db_i64(q, 13),
					.gross = -gross}};
	int r = invoice_part(left, gross, &line, e);

	line.item.unit_price = -line.amount;
	vec_push(&d->doc.lines, line);
	return r;
}

/* ---- which lines, and how much of them ---- */

/* What is asked for of a line. */
struct asked {
	int64_t line;  /* row id */
	int64_t gross; /* 0: all that is left */
};
struct askeds {
	struct asked *v;
	size_t n, cap;
};

static void askeds_release(struct askeds *a)
{
	vec_release(a);
}

static int parse_amount(const char *text, const char *currency, int64_t *out, struct err *e)
{
	int r = money_parse(text, currency, out, e);

	if (r == 0 && *out <= 0)
		return err_set(e, E_USAGE, "'%.40s' is not an amount to be credited", text);
	return r;
}

static int too_much(const struct head *h, int64_t left, const char *of, struct err *e)
{
	autostr text = STR_INIT;

	money_format_code(&text, left, h->currency);
	return err_set(e, E_LIMIT, "only %s of %s are left to be credited", str_c(&text), of);
}

/* The lines that are named, or all (c->n 0) of which something is left. */
static int ask_lines(struct sxc *s, const struct head *h, const struct credit_note_new *c,
	struct askeds *out, struct err *e)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < c->n; i++) {
		struct asked a = {0};

		r = db_get_i64(s->db, &a.line, e, SQL_LINE_ID, h->id, c->lines[i].line);
		if (r == 0)
			return err_set(e, E_NOTFOUND, "%s has no line %lld", h->number,
				(long long)c->lines[i].line);
		if (r > 0 && c->lines[i].amount)
			r = parse_amount(c->lines[i].amount, h->currency, &a.gross, e);
		vec_push(out, a);
		r = r < 0 ? r : 0;
	}
	return r;
}

/* The named amount, spread over its charges by what is left of each. */
static int spread_amount(struct sxc *s, const struct head *h, const char *amount,
	struct askeds *out, struct err *e)
{
	autoclean(db_done) struct query q = {0};
	autoclean(askeds_release) struct askeds parts = {0};
	autofree int64_t *lefts = NULL, *shares = NULL;
	int64_t gross, all = 0;
	int r = parse_amount(amount, h->currency, &gross, e);

	if (r == 0)
		r = db_query(s->db, &q, e, SQL_LINES, h->id);
	while (r >= 0 && (r = db_next(&q, e)) > 0) {
		autoclean(line_left_release) struct line_left left = {0};
		struct asked a = {.line = db_i64(&q, 0)};

		if ((r = invoice_line_left(s, a.line, INT64_MAX, &left, e)) < 0)
			break;
		all += left.gross;
		a.gross = left.gross;
		if (left.gross > 0)
			vec_push(&parts, a);
	}
	if (r < 0)
		return r;
	if (gross > all)
		return too_much(h, all, h->number, e);
	lefts = mem_array(NULL, parts.n + 1, sizeof(*lefts));
	shares = mem_array(NULL, parts.n + 1, sizeof(*shares));
	for (size_t i = 0; i < parts.n; i++)
		lefts[i] = parts.v[i].gross;
	bill_spread(gross, lefts, parts.n, shares);
	for (size_t i = 0; i < parts.n; i++) {
		struct asked a = {parts.v[i].line, shares[i]};

		if (shares[i])
			vec_push(out, a);
	}
	return 0;
}

static const struct asked *find_asked(const struct askeds *asked, int64_t line)
{
	for (size_t i = 0; i < asked->n; i++)
		if (asked->v[i].line == line)
			return &asked->v[i];
	return NULL;
}

/* One line: whole, as long as nothing of it was credited; else an amount. */
static int credit_line(struct sxc *s, const struct head *h, struct query *q,
	const struct asked *asked, struct draft *d, struct err *e)
{
	autoclean(line_left_release) struct line_left left = {0};
	long long seq = db_i64(q, 18);
	int64_t gross = asked ? asked->gross : 0;
	int r = invoice_line_left(s, db_i64(q, 0), INT64_MAX, &left, e);

	if (r < 0)
		return r;
	if (str_eq(db_text(q, 1), "credit") && gross)
		return err_set(e, E_STATE, "line %lld of %s is a credit itself", seq, h->number);
	if (!left.touched && (!gross || gross == left.gross))
		return mirror(s, q, d, e);
	if (left.gross <= 0 || str_eq(db_text(q, 1), "credit")) {
		if (!asked)
			return 0;
		return err_set(e, E_STATE, "line %lld of %s has been credited already", seq,
			h->number);
	}
	if (gross > left.gross) {
		autofree char *of = str_fmt("line %lld of %s", seq, h->number);

		return too_much(h, left.gross, of, e);
	}
	return take_part(q, &left, gross ? gross : left.gross, d, e);
}

static int credit_lines(struct sxc *s, const struct head *h, const struct askeds *asked,
	struct draft *d, struct err *e)
{
	autoclean(db_done) struct query q = {0};
	int r = db_query(s->db, &q, e, SQL_LINES, h->id);

	while (r >= 0 && (r = db_next(&q, e)) > 0) {
		const struct asked *a = find_asked(asked, db_i64(&q, 0));

		if (a || asked->n == 0)
			r = credit_line(s, h, &q, a, d, e);
	}
	if (r == 0 && d->doc.lines.n == 0)
		return err_set(e, E_STATE, "%s has been credited already", h->number);
	return r;
}

/* All lines as they are, for a document that is taken back. */
static int mirror_all(struct sxc *s, const struct head *h, struct draft *d, struct err *e)
{
	autoclean(db_done) struct query q = {0};
	int r = db_query(s->db, &q, e, SQL_LINES, h->id);

	while (r >= 0 && (r = db_next(&q, e)) > 0) {
		if (db_i64(&q, 19))
			return err_set(e, E_STATE, "line %lld of %s has been credited already",
				(long long)db_i64(&q, 18), h->number);
		r = mirror(s, &q, d, e);
	}
	return r;
}

static int check_reason(const char *reason, struct err *e)
{
	if (reason && str_is_line(reason, 200))
		return 0;
	return err_set(e, E_USAGE, "say why with --reason: one line of at most 200 bytes");
}

/* Write the credit note down, its lines are there; nothing is settled by it yet. */
static int take_back(struct billing *b, const struct head *h, const char *reason, struct draft *d,
	struct err *e)
{
	int64_t id;
	int r;

	d->credit_note = true;
	d->corrects = h->id;
	d->reason = reason;
	bill_doc_sum(&d->doc);
	if (d->doc.total > 0)
		return err_set(e, E_STATE, "these lines of %s are credits themselves", h->number);
	if ((r = account_get_id(b->s, h->account, &d->a, e)) < 0 ||
		(r = billing_read_series(b, e)) < 0)
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

/* What of it is not needed to settle the invoice goes back, or is account credit. */
static int settle_note(struct sxc *s, const struct head *h, const struct draft *d, bool refund,
	struct refund_sum *back, struct job_ids *jobs, struct err *e)
{
	int64_t rest = -d->doc.total, lost;
	int r = write_off_recover(s, h->id, 0, rest, &lost, NULL, e);

	rest -= lost;
	if (r == 0 && refund) {
		rest -= rest < h->balance ? rest : h->balance;
		if ((r = settle_credit_only(s, h->account, h->id, e)) == 0)
			r = refund_invoice(s, h->id, rest, d->reason, back, jobs, e);
	}
	return r < 0 ? r : settle_credit_on(s, h->account, h->id, jobs, e);
}

static int make_note(struct billing *b, const struct head *h, const struct credit_note_new *c,
	struct draft *d, struct err *e)
{
	autoclean(askeds_release) struct askeds asked = {0};
	int r = c->amount ? spread_amount(b->s, h, c->amount, &asked, e)
	                  : ask_lines(b->s, h, c, &asked, e);

	if (r < 0 || (r = credit_lines(b->s, h, &asked, d, e)) < 0)
		return r;
	return take_back(b, h, c->reason, d, e);
}

int invoice_credit_note(struct sxc *s, const struct credit_note_new *c,
	struct credit_note_done *done, struct job_ids *jobs, struct err *e)
{
	autorollback struct sxc *tx = NULL;
	autoclean(head_release) struct head h = {0};
	autobilling b = {0};
	autodraft d = {0};
	int r;

	*done = (struct credit_note_done){0};
	if (c->amount && c->n)
		return err_set(e, E_USAGE, "an amount of the whole invoice, or of lines: not both");
	if ((r = check_reason(c->reason, e)) < 0 || (r = tx_begin(s, e)) < 0)
		return r;
	tx = s;
	if ((r = billing_begin(&b, s, NULL, e)) < 0 || (r = read_head(s, c->invoice, &h, e)) < 0 ||
		(r = make_note(&b, &h, c, &d, e)) < 0 ||
		(r = settle_note(s, &h, &d, c->refund, &done->back, jobs, e)) < 0 ||
		(r = note_correction(s, "invoice.credit-note", &h, &d, e)) < 0)
		return r;
	memcpy(done->number, d.number, sizeof(d.number));
	snprintf(done->currency, sizeof(done->currency), "%s", h.currency);
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
		(r = mirror_all(s, &h, &d, e)) < 0 || (r = take_back(&b, &h, reason, &d, e)) < 0 ||
		(r = close_void(s, &h, jobs, e)) < 0 || (r = reopen(&b, &d, jobs, e)) < 0 ||
		(r = note_correction(s, "invoice.void", &h, &d, e)) < 0)
		return r;
	memcpy(number, d.number, sizeof(d.number));
	tx = NULL;
	return tx_commit(s, e);
}
