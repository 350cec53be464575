/* SPDX-License-Identifier: MIT */
/* A document on its way into the books. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "biz/charge.h"
#include "biz/invoice_int.h"
#include "biz/ledger.h"
#include "biz/mail.h"
#include "util/str.h"

#define SQL_SERIES                                                                                 \
	"INSERT INTO series (prefix, kind, last, date) VALUES (?1, ?2, ?3, ?4) "                   \
	"ON CONFLICT (prefix) DO UPDATE SET last = excluded.last, date = excluded.date"
#define SQL_PARTY_ADD "INSERT INTO party (role, data) VALUES (?1, ?2)"
#define SQL_SELLER    "SELECT id FROM party WHERE role = 'seller' AND data = ?1"
#define SQL_BUYER     "SELECT name, email, country, tax_id, contact FROM account WHERE id = ?1"
#define SQL_SET_BUYER "UPDATE account SET buyer = ?2 WHERE id = ?1"
#define SQL_INVOICE                                                                                \
	"INSERT INTO invoice (number, prefix, seq, kind, account, state, date, "                   \
	"due, currency, subtotal, discount, tax, total, credit, opening_credit, "                  \
	"corrects, reason, seller, buyer, opened, round) VALUES (?1, ?2, ?3, ?4, ?5, ?6, "         \
	"?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21)"
#define SQL_LINE                                                                                   \
	"INSERT INTO invoice_line (invoice, seq, kind, subscription, term, version, item, text, "  \
	"start, until, quantity, unit_price, days, whole, tax_included, gross, amount, discount, " \
	"tax, credits, part) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, "     \
	"?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21)"
#define SQL_LINE_TAX                                                                               \
	"INSERT INTO line_tax (line, seq, name, rate, note, amount) "                              \
	"VALUES (?1, ?2, ?3, ?4, ?5, ?6)"
#define SQL_BILLED                                                                                 \
	"INSERT INTO billed (subscription, term, start, item, kind, batch, line) "                 \
	"VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)"
#define SQL_COVERED                                                                                \
	"INSERT OR IGNORE INTO coupon_period (subscription, start, line) VALUES (?1, ?2, ?3)"
#define SQL_EXTRA "UPDATE extra SET line = ?2 WHERE id = ?1 AND line IS NULL"

/* ---- who ---- */

static int freeze_seller(struct billing *b, struct err *e)
{
	int r;

	if (b->seller_id)
		return 0;
	r = db_get_i64(b->s->db, &b->seller_id, e, SQL_SELLER, b->seller);
	if (r != 0)
		return r < 0 ? r : 0;
	r = db_run(b->s->db, e, SQL_PARTY_ADD, "seller", b->seller);
	b->seller_id = db_last_id(b->s->db);
	return r;
}

/* A buyer who has not changed since the last document has been frozen already. */
static int freeze_buyer(struct sxc *s, const struct account *a, int64_t *id, struct err *e)
{
	autofree char *text = NULL;
	json_t *j;
	int r;

	*id = a->buyer;
	if (*id)
		return 0;
	{
		autoclean(db_done) struct query q = {0};

		r = db_one(s->db, &q, e, SQL_BUYER, a->id);
		if (r <= 0)
			return r < 0 ? r : err_set(e, E_NOTFOUND, "no such account");
		j = json_pack("{s:s, s:s, s:s?, s:s?, s:o}", "account", db_text(&q, 0), "email",
			db_text(&q, 1), "country", db_text(&q, 2), "tax_id", db_text(&q, 3),
			"contact", json_loads(db_text(&q, 4), 0, NULL));
	}
	text = json_dumps(j, JSON_SORT_KEYS | JSON_COMPACT);
	json_decref(j);
	r = db_run(s->db, e, SQL_PARTY_ADD, "buyer", text);
	*id = db_last_id(s->db);
	return r < 0 ? r : db_run(s->db, e, SQL_SET_BUYER, a->id, *id);
}

/* ---- lines ---- */

static int store_taxes(struct sxc *s, int64_t line, const struct tax_shares *taxes, struct err *e)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < taxes->n; i++)
		r = db_run(s->db, e, SQL_LINE_TAX, line, i + 1, taxes->v[i].name, taxes->v[i].rate,
			taxes->v[i].note, taxes->v[i].amount);
	return r;
}

/* The mark that keeps it from being billed again. Corrections have no term: they bill nothing. */
static int mark_billed(struct sxc *s, const struct bill_item *it, int64_t line, struct err *e)
{
	char start[DAY_TEXT];
	int r;

	if (it->extra) {
		r = db_run(s->db, e, SQL_EXTRA, it->extra, line);
		if (r == 0 && db_changes(s->db) != 1)
			r = err_set(e, E_INTEGRITY, "'%s' has been billed already", it->text);
		return r;
	}
	r = db_run(s->db, e, SQL_BILLED, it->sub, it->term, day_format(it->start, start), it->item,
		it->credit ? "credit" : "charge", it->batch, line);
	if (r == E_EXISTS)
		return err_set(e, E_INTEGRITY, "%s from %s has been billed already", it->text,
			start);
	if (r == 0 && it->covered)
		r = db_run(s->db, e, SQL_COVERED, it->sub, day_format(it->period, start), line);
	return r < 0 ? r : usage_keep_line(s, it, line, e);
}

static int store_line(struct sxc *s, const struct draft *d, int64_t invoice, size_t i, int64_t *ids,
	struct err *e)
{
	const struct doc_line *line = &d->doc.lines.v[i];
	const struct bill_item *it = &line->item;
	int64_t credits = it->credit ? it->credits_line : 0;
	char start[DAY_TEXT], until[DAY_TEXT];
	int r;

	if (it->credit && !credits)
		credits = ids[it->credits_item];
	if (d->corrects)
		credits = it->credits_line;
	r = db_run(s->db, e, SQL_LINE, invoice, i + 1, it->credit ? "credit" : "charge",
		db_ref(it->sub), db_ref(it->term), db_ref(it->version), it->item, it->text,
		day_arg(it->start, start), day_arg(it->until, until), it->quantity,
		it->unit_price == INT64_MIN ? db_null() : db_arg_i64(it->unit_price), it->days,
		it->whole, it->tax_included, it->gross, line->amount, line->discount, line->tax,
		db_ref(credits), it->part);
	if (r < 0)
		return r;
	ids[i] = db_last_id(s->db);
	r = store_taxes(s, ids[i], &line->taxes, e);
	return r < 0 || d->corrects ? r : mark_billed(s, it, ids[i], e);
}

static int store_lines(struct sxc *s, const struct draft *d, int64_t invoice, struct err *e)
{
	autofree int64_t *ids = mem_array(NULL, d->doc.lines.n, sizeof(*ids));
	int r = 0;

	for (size_t i = 0; r == 0 && i < d->doc.lines.n; i++)
		r = store_line(s, d, invoice, i, ids, e);
	return r;
}

/* ---- the document ---- */

static int write_series(struct billing *b, const struct series *series, const char *kind,
	struct err *e)
{
	char date[DAY_TEXT];

	return db_run(b->s->db, e, SQL_SERIES, series->prefix, kind, series->last,
		day_format(b->date, date));
}

int billing_write_series(struct billing *b, struct err *e)
{
	int r = b->invoices.used ? write_series(b, &b->invoices, "invoice", e) : 0;

	if (r == 0 && b->credit_notes.used)
		r = write_series(b, &b->credit_notes, "credit-note", e);
	return r;
}

static int store_head(struct billing *b, const struct draft *d, int64_t *id, struct err *e)
{
	struct series *series = d->credit_note ? &b->credit_notes : &b->invoices;
	const char *kind = d->credit_note ? "credit-note" : "invoice";
	char date[DAY_TEXT], due[DAY_TEXT];
	int64_t buyer = 0;
	int r = series->used ? 0 : write_series(b, series, kind, e);

	series->used = true;
	day_format(b->date, date);
	if (r < 0 || (r = freeze_seller(b, e)) < 0 ||
		(r = freeze_buyer(b->s, &d->a, &buyer, e)) < 0)
		return r;
	r = db_run(b->s->db, e, SQL_INVOICE, d->number, series->prefix, d->seq, kind, d->a.id,
		d->credit_note ? "paid" : "open", date, day_format(d->due, due), d->a.currency,
		d->doc.subtotal, d->doc.discount, d->doc.tax, d->doc.total,
		d->credit_note ? d->doc.total : 0, d->opening_credit, db_ref(d->corrects),
		d->reason, b->seller_id, buyer, b->s->now, d->doc.round_once ? "invoice" : "line");
	*id = db_last_id(b->s->db);
	return r;
}

/* An invoice is owed; a credit note becomes account credit. */
static int post(struct billing *b, const struct draft *d, int64_t invoice, struct err *e)
{
	autofree char *text = str_fmt("%s %s", d->credit_note ? "credit note" : "invoice",
		d->number);
	struct ledger_entry entry = {text, d->a.currency, d->a.id, invoice, 0};
	struct posting postings[] = {{d->credit_note ? "credit" : "receivable", d->doc.total},
		{"revenue", d->doc.discount - d->doc.subtotal}, {"tax", -d->doc.tax}};
	int r = d->credit_note ? account_book(b->s, d->a.id, 0, -d->doc.total, e)
	                       : account_book(b->s, d->a.id, d->doc.total, 0, e);

	return r < 0 ? r : ledger_post(b->s, &entry, postings, ARRAY_LEN(postings), e);
}

int draft_store(struct billing *b, const struct draft *d, int64_t *id, struct err *e)
{
	int r;

	if ((r = store_head(b, d, id, e)) < 0 || (r = store_lines(b->s, d, *id, e)) < 0 ||
		(r = post(b, d, *id, e)) < 0)
		return r;
	r = b->mailed ? mail_document(b->s, d->a.id, *id, d->credit_note, e) : 0;
	if (r == 0 && !d->credit_note)
		r = charge_queue(b->s, d->a.id, *id, e);
	return r < 0 ? r : 0;
}
