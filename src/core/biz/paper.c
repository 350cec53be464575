/* SPDX-License-Identifier: MIT */
/* The words and sums of a printed document. */
#include "biz/paper.h"

#include <inttypes.h>
#include <jansson.h>
#include <string.h>

#include "biz/invoice_int.h"
#include "biz/logo.h"
#include "util/money.h"
#include "util/num.h"

#define SQL_HEAD                                                                                   \
	"SELECT i.number, i.kind, i.date, i.due, i.currency, i.subtotal, i.discount, i.total, "    \
	"i.opening_credit, c.number, i.reason, s.data, b.data FROM invoice i "                     \
	"JOIN party s ON s.id = i.seller JOIN party b ON b.id = i.buyer "                          \
	"LEFT JOIN invoice c ON c.id = i.corrects WHERE i.number = ?1"

static void rows_release(struct paper_rows *rows)
{
	vec_each(rows, row) {
		free(row->left);
		free(row->right);
		free(row->note);
	}
	vec_release(rows);
}

void paper_release(struct paper *p)
{
	char *const texts[] = {p->kind, p->number, p->date, p->currency, p->due, p->corrects,
		p->payee, p->to_pay, p->logo_type};

	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		free(texts[i]);
	strvec_release(&p->seller);
	strvec_release(&p->buyer);
	strvec_release(&p->bank);
	rows_release(&p->lines);
	rows_release(&p->sums);
	str_release(&p->logo);
}

/* ---- rows ---- */

static struct paper_row *add_row(struct paper_rows *rows, const char *left, int64_t amount,
	const char *currency)
{
	autostr right = STR_INIT;
	struct paper_row row = {.left = mem_strdup(left)};

	money_format(&right, amount, currency);
	row.right = str_steal(&right);
	vec_push(rows, row);
	return &rows->v[rows->n - 1];
}

static void add_strong(struct paper_rows *rows, const char *what, int64_t amount,
	const char *currency)
{
	autofree char *left = str_fmt("%s %s", what, currency);

	add_row(rows, left, amount, currency)->strong = true;
}

static int add_line(void *arg, const void *data, struct err *e)
{
	struct paper *p = arg;
	const struct invoice_line_row *row = data;
	autostr left = STR_INIT;
	char last[DAY_TEXT];
	int64_t end;

	str_add(&left, row->text);
	if (row->unit_price == INT64_MIN) {
		str_addf(&left, ", %" PRId64 " in all", row->quantity);
	} else if (row->quantity != 1) {
		str_addf(&left, ", %" PRId64 " at ", row->quantity);
		money_format(&left, row->unit_price, row->currency);
	}
	if (row->end && day_parse(row->end, &end, e) == 0)
		str_addf(&left, " (%s to %s)", row->start, day_format(end - 1, last));
	else if (row->start)
		str_addf(&left, " (%s)", row->start);
	add_row(&p->lines, str_c(&left), row->amount, row->currency);
	return 0;
}

static int add_tax(void *arg, const void *data, struct err *e)
{
	struct paper *p = arg;
	const struct invoice_tax_row *row = data;
	autostr left = STR_INIT;

	(void)e;
	str_addf(&left, "%s %s of ", row->name, row->rate);
	money_format(&left, row->base, row->currency);
	add_row(&p->sums, str_c(&left), row->amount, row->currency)->note = mem_strdup0(row->note);
	return 0;
}

/* ---- who ---- */

static void add_lines(struct strvec *to, const json_t *value)
{
	const char *text = json_string_value(value);

	if (text)
		strvec_split(to, text, "\n");
}

static void add_pair(struct strvec *to, const char *name, const json_t *value)
{
	const char *text = json_string_value(value);
	autofree char *line = text ? str_fmt("%s %s", name, text) : NULL;

	if (line)
		strvec_push(to, line);
}

static int read_seller(struct sxc *s, struct paper *p, const json_t *j, struct err *e)
{
	const char *logo = json_string_value(json_object_get(j, "logo"));
	const char *name = json_string_value(json_object_get(j, "name"));

	add_lines(&p->seller, json_object_get(j, "name"));
	add_lines(&p->seller, json_object_get(j, "address"));
	add_lines(&p->seller, json_object_get(j, "email"));
	add_pair(&p->seller, "Tax number", json_object_get(j, "tax-id"));
	add_lines(&p->bank, json_object_get(j, "bank"));
	p->payee = mem_strdup(name ? name : "");
	return logo ? logo_get(s, logo, &p->logo_type, &p->logo, e) : 0;
}

/* Name and company first, then the other parts of the address in their usual order. */
static void read_buyer(struct paper *p, const json_t *j)
{
	static const char *const order[] = {"company", "name", "street", "city", "region",
		"postcode", "phone"};
	const json_t *contact = json_object_get(j, "contact");

	for (size_t i = 0; i < ARRAY_LEN(order); i++)
		add_lines(&p->buyer, json_object_get(contact, order[i]));
	add_lines(&p->buyer, json_object_get(j, "email"));
	add_lines(&p->buyer, json_object_get(j, "country"));
	add_pair(&p->buyer, "Tax number", json_object_get(j, "tax_id"));
	add_pair(&p->buyer, "Account", json_object_get(j, "account"));
}

static int read_parties(struct sxc *s, struct paper *p, struct query *q, struct err *e)
{
	json_t *seller = json_loads(db_text(q, 11), 0, NULL);
	json_t *buyer = json_loads(db_text(q, 12), 0, NULL);
	int r = read_seller(s, p, seller, e);

	read_buyer(p, buyer);
	json_decref(seller);
	json_decref(buyer);
	return r;
}

/* ---- the whole ---- */

static void read_head(struct paper *p, struct query *q)
{
	bool invoice = str_eq(db_text(q, 1), "invoice");

	p->kind = mem_strdup(invoice ? "Invoice" : "Credit note");
	p->number = db_text_dup(q, 0);
	p->date = db_text_dup(q, 2);
	p->due = invoice ? db_text_dup(q, 3) : NULL;
	p->currency = db_text_dup(q, 4);
	if (db_text(q, 9))
		p->corrects = str_fmt("corrects invoice %s: %s", db_text(q, 9), db_text(q, 10));
}

static void read_total(struct paper *p, struct query *q)
{
	int64_t total = db_i64(q, 7), credit = db_i64(q, 8);

	add_strong(&p->sums, "Total", total, p->currency);
	if (credit)
		add_row(&p->sums, "Account credit", -credit, p->currency);
	if (!p->due)
		return;
	add_strong(&p->sums, "To pay", total - credit, p->currency);
	if (total > credit) {
		autostr amount = STR_INIT;

		money_format_code(&amount, total - credit, p->currency);
		p->to_pay = str_steal(&amount);
	}
}

int paper_read(struct sxc *s, const char *number, struct paper *p, struct err *e)
{
	autoclean(db_done) struct query q = {0};
	int r = db_one(s->db, &q, e, SQL_HEAD, number);

	if (r <= 0)
		return r < 0 ? r : err_set(e, E_NOTFOUND, "no invoice named '%s'", number);
	read_head(p, &q);
	if ((r = read_parties(s, p, &q, e)) < 0 ||
		(r = invoice_lines(s, number, add_line, p, e)) < 0)
		return r;
	add_row(&p->sums, "Subtotal", db_i64(&q, 5), p->currency);
	if (db_i64(&q, 6))
		add_row(&p->sums, "Discount", -db_i64(&q, 6), p->currency);
	if ((r = invoice_taxes(s, number, add_tax, p, e)) < 0)
		return r;
	read_total(p, &q);
	return 0;
}

int invoice_print(struct sxc *s, const char *number, const char *format, struct str *out,
	struct err *e)
{
	autopaper p = {0};
	int r;

	r = paper_read(s, number, &p, e);
	if (r < 0)
		return r;
	if (str_eq(format, "pdf"))
		return paper_pdf(s, &p, out, e);
	(str_eq(format, "html") ? paper_html : paper_text)(&p, out);
	return 0;
}
