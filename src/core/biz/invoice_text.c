/* SPDX-License-Identifier: MIT */
/* The printed document, from what was frozen in it alone: the same bytes for ever. */
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "biz/invoice_int.h"
#include "util/money.h"
#include "util/num.h"
#include "util/str.h"

#define WIDTH 78

#define SQL_HEAD                                                                                   \
	"SELECT i.number, i.kind, i.date, i.due, i.currency, i.subtotal, i.total, "                \
	"i.opening_credit, c.number, i.reason, s.data, b.data FROM invoice i "                     \
	"JOIN party s ON s.id = i.seller JOIN party b ON b.id = i.buyer "                          \
	"LEFT JOIN invoice c ON c.id = i.corrects WHERE i.number = ?1"

/* Characters that a terminal shows, for UTF-8 without combining ones. */
static size_t width(const char *text)
{
	size_t n = 0;

	for (; *text; text++)
		n += (*text & 0xc0) != 0x80;
	return n;
}

/* Text at the left, an amount at the right edge. */
static void put(struct str *s, const char *left, const char *right)
{
	size_t used = width(left) + width(right);

	str_addf(s, "%s%*s%s\n", left, used < WIDTH ? (int)(WIDTH - used) : 1, "", right);
}

static void put_amount(struct str *s, const char *left, int64_t amount, const char *currency)
{
	autostr text = STR_INIT;

	money_format(&text, amount, currency);
	put(s, left, str_c(&text));
}

/* Each line of a value under its label. */
static void put_lines(struct str *s, const char **label, const char *value)
{
	autostrvec lines = {0};

	strvec_split(&lines, value ? value : "", "\n");
	for (size_t i = 0; i < lines.n; i++) {
		str_addf(s, "%-8s%s\n", *label, lines.v[i]);
		*label = "";
	}
}

static void put_pair(struct str *s, const char *name, const char *value)
{
	if (value)
		str_addf(s, "%-8s%s %s\n", "", name, value);
}

static void put_seller(struct str *s, const char *data)
{
	json_t *j = json_loads(data, 0, NULL);
	const char *label = "From";

	put_lines(s, &label, json_string_value(json_object_get(j, "name")));
	put_lines(s, &label, json_string_value(json_object_get(j, "address")));
	put_lines(s, &label, json_string_value(json_object_get(j, "email")));
	put_pair(s, "Tax number", json_string_value(json_object_get(j, "tax-id")));
	json_decref(j);
}

/* Name and company first, then the other parts of the address in their usual order. */
static void put_contact(struct str *s, const char **label, const json_t *contact)
{
	static const char *const order[] = {"company", "name", "street", "city", "region",
		"postcode", "phone"};

	for (size_t i = 0; i < ARRAY_LEN(order); i++)
		put_lines(s, label, json_string_value(json_object_get(contact, order[i])));
}

static void put_buyer(struct str *s, const char *data)
{
	json_t *j = json_loads(data, 0, NULL);
	const char *label = "To";

	put_contact(s, &label, json_object_get(j, "contact"));
	put_lines(s, &label, json_string_value(json_object_get(j, "email")));
	put_lines(s, &label, json_string_value(json_object_get(j, "country")));
	put_pair(s, "Tax number", json_string_value(json_object_get(j, "tax_id")));
	put_pair(s, "Account", json_string_value(json_object_get(j, "account")));
	json_decref(j);
}

static int put_line(void *arg, const void *data, struct err *e)
{
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
	put_amount(arg, str_c(&left), row->amount, row->currency);
	return 0;
}

static int put_tax(void *arg, const void *data, struct err *e)
{
	const struct invoice_tax_row *row = data;
	autostr left = STR_INIT;

	(void)e;
	str_addf(&left, "%s %s of ", row->name, row->rate);
	money_format(&left, row->base, row->currency);
	put_amount(arg, str_c(&left), row->amount, row->currency);
	if (row->note)
		str_addf(arg, "  %s\n", row->note);
	return 0;
}

static void put_head(struct str *s, struct query *q)
{
	bool invoice = str_eq(db_text(q, 1), "invoice");
	autofree char *title = str_fmt("%s %s", invoice ? "INVOICE" : "CREDIT NOTE", db_text(q, 0));

	put(s, title, db_text(q, 2));
	if (db_text(q, 8))
		str_addf(s, "corrects invoice %s: %s\n", db_text(q, 8), db_text(q, 9));
	str_addc(s, '\n');
	put_seller(s, db_text(q, 10));
	str_addc(s, '\n');
	put_buyer(s, db_text(q, 11));
	if (invoice)
		str_addf(s, "\n%-8s%s\n", "Due", db_text(q, 3));
	str_addc(s, '\n');
}

static void put_sums(struct str *s, struct query *q)
{
	const char *currency = db_text(q, 4);
	autofree char *total = str_fmt("Total %s", currency);
	autofree char *due = str_fmt("To pay %s", currency);

	put_amount(s, total, db_i64(q, 6), currency);
	if (db_i64(q, 7))
		put_amount(s, "Account credit", -db_i64(q, 7), currency);
	if (str_eq(db_text(q, 1), "invoice"))
		put_amount(s, due, db_i64(q, 6) - db_i64(q, 7), currency);
}

int invoice_text(struct sxc *s, const char *number, char **text, struct err *e)
{
	autoclean(db_done) struct query q = {0};
	autostr out = STR_INIT;
	int r = db_one(s->db, &q, e, SQL_HEAD, number);

	if (r <= 0)
		return r < 0 ? r : err_set(e, E_NOTFOUND, "no invoice named '%s'", number);
	put_head(&out, &q);
	if ((r = invoice_lines(s, number, put_line, &out, e)) < 0)
		return r;
	str_addc(&out, '\n');
	put_amount(&out, "Subtotal", db_i64(&q, 5), db_text(&q, 4));
	if ((r = invoice_taxes(s, number, put_tax, &out, e)) < 0)
		return r;
	put_sums(&out, &q);
	*text = str_steal(&out);
	return 0;
}
