/* SPDX-License-Identifier: MIT */
/* How a line came about, by the code that billed it, from what was frozen with it. */
#include <inttypes.h>
#include <string.h>

#include "biz/invoice_int.h"
#include "util/money.h"
#include "util/num.h"
#include "util/str.h"

#define SQL_LINES                                                                                  \
	"SELECT l.id, l.seq, l.kind, l.item, l.text, l.start, l.until, l.quantity, l.unit_price, " \
	"l.days, l.whole, l.tax_included, l.gross, l.amount, l.tax, i.currency, p.name, "          \
	"v.version, t.anchor, t.anchor_day, v.every_n, v.every_unit, t.price IS NOT NULL, "        \
	"o.seq, x.number, l.part, l.discount, a.name || '/' || s.number, l.credits, "              \
	"i.round = 'invoice' AND l.kind = 'charge' AND l.tax_included = 0 "                        \
	"FROM invoice i JOIN invoice_line l ON l.invoice = i.id "                                  \
	"JOIN account a ON a.id = i.account LEFT JOIN subscription s ON s.id = l.subscription "    \
	"LEFT JOIN subscription_term t ON t.id = l.term "                                          \
	"LEFT JOIN plan_version v ON v.id = l.version LEFT JOIN plan p ON p.id = v.plan "          \
	"LEFT JOIN invoice_line o ON o.id = l.credits LEFT JOIN invoice x ON x.id = o.invoice "    \
	"WHERE i.number = ?1 ORDER BY l.seq"

struct told {
	struct str how, taxes;
};

static void told_release(struct told *t)
{
	str_release(&t->how);
	str_release(&t->taxes);
}

/* The period that holds the span, from the anchor it was counted from. */
static void add_period(struct str *s, struct query *q)
{
	struct anchor a = {day_col(q, 18), (int)db_i64(q, 19), {db_i64(q, 20), UNIT_DAY}};
	char from[DAY_TEXT], to[DAY_TEXT];
	int64_t start, end;

	unit_parse(db_text(q, 21), &a.every.unit);
	anchor_period(&a, day_col(q, 5), &start, &end);
	str_addf(s, "%s..%s", day_format(start, from), day_format(end, to));
}

/* "24.95 x 2 x 9 of 31 days (…) = 7.2435, rounded 7.24" */
static void add_formula(struct str *s, struct query *q, int64_t sign, int64_t gross)
{
	const char *currency = db_text(q, 15);
	int64_t days = db_i64(q, 9), whole = db_i64(q, 10);
	int digits = money_digits(currency);

	money_format(s, sign * db_i64(q, 8), currency);
	if (db_i64(q, 7) != 1)
		str_addf(s, " x %" PRId64, db_i64(q, 7));
	if (whole) {
		str_addf(s, " x %" PRId64 " of %" PRId64 " days (", days, whole);
		add_period(s, q);
		str_addc(s, ')');
	}
	if (whole && days != whole) {
		__int128 exact = (__int128)sign * db_i64(q, 8) * db_i64(q, 7) * days;

		/* Four more digits, cut off: to show what is rounded. */
		str_add(s, " = ");
		num_format(s, (int64_t)(exact * 10000 / whole), digits + 4, digits);
		str_add(s, ", rounded");
	} else {
		str_add(s, " =");
	}
	str_addc(s, ' ');
	money_format(s, gross, currency);
}

static void add_source(struct str *s, struct query *q)
{
	if (db_text(q, 16) && strcmp(db_text(q, 3), ITEM_EXTRA) != 0)
		str_addf(s, "; %s of plan %s version %" PRId64,
			db_i64(q, 22) && strcmp(db_text(q, 3), ITEM_PLAN) == 0
				? "agreed instead of that"
				: "price",
			db_text(q, 16), db_i64(q, 17));
	if (db_text(q, 24))
		str_addf(s, "; takes back line %" PRId64 " of %s", db_i64(q, 23), db_text(q, 24));
}

static void add_taxes(struct str *s, const struct tax_shares *taxes, int64_t net,
	const char *currency, bool included)
{
	for (size_t i = 0; i < taxes->n; i++) {
		const struct tax_share *t = &taxes->v[i];

		str_addf(s, "%s%s ", i ? ", " : "", t->name);
		rate_format(s, t->rate);
		str_add(s, " of ");
		money_format(s, net, currency);
		str_add(s, " = ");
		money_format(s, t->amount, currency);
	}
	if (taxes->n && included)
		str_add(s, ", included in the price");
}

static int64_t sign_of(struct query *q)
{
	return db_i64(q, 12) < 0 ? -1 : 1;
}

static int differs(struct query *q, const char *number, struct err *e)
{
	return err_set(e, E_INTEGRITY, "line %lld of %s does not follow from its parts",
		(long long)db_i64(q, 1), number);
}

/* A credit may have been cut to what parts, or rounding, had left of its line. */
static int rework_cut(struct sxc *s, struct query *q, bool *same, struct err *e)
{
	autoclean(line_left_release) struct line_left left = {0};
	struct doc_line line = {0};
	int64_t gross = db_i64(q, 26) - db_i64(q, 13) - db_i64(q, 14);
	int r;

	*same = false;
	if (db_is_null(q, 28) ||
		(r = invoice_line_left(s, db_i64(q, 28), db_i64(q, 0), &left, e)) < 0)
		return db_is_null(q, 28) ? 0 : r;
	if (gross > left.gross)
		return 0;
	r = invoice_part(&left, gross, &line, e);
	*same = line.amount == db_i64(q, 13) && line.tax == db_i64(q, 14) &&
	        line.discount == db_i64(q, 26);
	tax_shares_release(&line.taxes);
	return r;
}

/* Work it out again and compare with what stands there. */
static int rework(struct sxc *s, struct query *q, struct doc_line *line, const char *number,
	struct str *how, int64_t *gross, struct err *e)
{
	int64_t sign = sign_of(q), net, tax = 0;
	bool same;
	int r = usage_is_item(db_text(q, 3)) ? usage_explain(s, db_i64(q, 0), how, gross, e)
	                                     : bill_gross(sign * db_i64(q, 8), db_i64(q, 7),
						       db_i64(q, 9), db_i64(q, 10), gross, e);

	if (r < 0 ||
		(r = bill_tax(*gross, db_i64(q, 11), line->discount, &line->taxes, &net, e)) < 0 ||
		(db_i64(q, 29) && (r = invoice_rework_round(s, db_i64(q, 0), &line->taxes, e)) < 0))
		return r;
	vec_each(&line->taxes, t)
		tax += t->amount;
	if (*gross != db_i64(q, 12))
		return differs(q, number, e);
	if (net == db_i64(q, 13) && tax == db_i64(q, 14) && line->discount == db_i64(q, 26))
		return 0;
	r = rework_cut(s, q, &same, e);
	return r < 0 ? r : same ? 1 : differs(q, number, e);
}

static int explain_part(struct sxc *s, struct query *q, struct doc_line *line, const char *number,
	struct str *how, struct err *e)
{
	int r = invoice_explain_part(s, db_i64(q, 28), db_i64(q, 0), db_i64(q, 12), db_text(q, 15),
		line, how, e);

	if (r == 0 && (line->amount != db_i64(q, 13) || line->tax != db_i64(q, 14) ||
			      line->discount != db_i64(q, 26)))
		return differs(q, number, e);
	return r;
}

/* A charge, or a credit of days. */
static int explain_days(struct sxc *s, struct query *q, struct doc_line *line, const char *number,
	struct told *told, struct err *e)
{
	autostr coupon = STR_INIT;
	int64_t gross;
	int r, cut;

	if ((r = invoice_line_taxes(s, db_i64(q, 0), &line->taxes, e)) < 0 ||
		(r = invoice_line_discount(s, db_i64(q, 0), &line->discount, &coupon, e)) < 0 ||
		(cut = r = rework(s, q, line, number, &told->how, &gross, e)) < 0)
		return r;
	if (!usage_is_item(db_text(q, 3)))
		add_formula(&told->how, q, sign_of(q), gross);
	if (cut) {
		str_add(&told->how, "; cut to the ");
		money_format(&told->how, -db_i64(q, 13), db_text(q, 15));
		str_add(&told->how, " that were left of its line");
	}
	add_source(&told->how, q);
	str_add(&told->how, str_c(&coupon));
	if (cut)
		return 0;
	add_taxes(&told->taxes, &line->taxes, db_i64(q, 13) - line->discount, db_text(q, 15),
		db_i64(q, 11) && !line->discount);
	return 0;
}

static struct invoice_explain_row row_of(struct query *q)
{
	return (struct invoice_explain_row){.line = db_i64(q, 1),
		.item = db_text(q, 3),
		.text = db_text(q, 4),
		.subscription = db_text(q, 27),
		.plan = db_text(q, 16),
		.start = db_text(q, 5),
		.end = db_text(q, 6),
		.currency = db_text(q, 15),
		.quantity = db_i64(q, 7),
		.unit_price = db_is_null(q, 8) ? INT64_MIN : sign_of(q) * db_i64(q, 8),
		.days = db_i64(q, 9),
		.whole = db_i64(q, 10),
		.tax_included = db_i64(q, 11)};
}

static void line_clear(struct doc_line *line)
{
	tax_shares_release(&line->taxes);
}

static int explain_line(struct sxc *s, struct query *q, const char *number, account_row_fn fn,
	void *arg, struct err *e)
{
	autoclean(line_clear) struct doc_line line = {0};
	autoclean(told_release) struct told told = {STR_INIT, STR_INIT};
	struct invoice_explain_row row = row_of(q);
	int r = db_i64(q, 25) ? explain_part(s, q, &line, number, &told.how, e)
	                      : explain_days(s, q, &line, number, &told, e);

	if (r < 0)
		return r;
	if (db_i64(q, 25))
		add_source(&told.how, q);
	row.how = str_c(&told.how);
	row.taxes = told.taxes.len ? str_c(&told.taxes) : NULL;
	return fn(arg, &row, e);
}

int invoice_explain(struct sxc *s, const char *number, account_row_fn fn, void *arg, struct err *e)
{
	autoclean(db_done) struct query q = {0};
	int r = db_query(s->db, &q, e, SQL_LINES, number);

	while (r == 0 && (r = db_next(&q, e)) > 0)
		r = explain_line(s, &q, number, fn, arg, e);
	return r;
}
