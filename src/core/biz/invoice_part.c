/* SPDX-License-Identifier: MIT */
/* Parts of lines: what is left of one after its credits, and how an amount of it is taken back. */
#include "biz/invoice_int.h"
#include "util/money.h"
#include "util/num.h"
#include "util/str.h"

#define CREDITS                                                                                    \
	"FROM invoice_line c JOIN invoice i ON i.id = c.invoice WHERE c.credits = l.id "           \
	"AND i.state <> 'void' AND c.id < ?2"
#define SQL_LEFT                                                                                   \
	"SELECT l.amount + coalesce((SELECT sum(c.amount) " CREDITS "), 0), "                      \
	"l.discount + coalesce((SELECT sum(c.discount) " CREDITS "), 0), "                         \
	"EXISTS (SELECT 1 " CREDITS "), EXISTS (SELECT 1 " CREDITS " AND c.part = 1) "             \
	"FROM invoice_line l WHERE l.id = ?1"
#define SQL_LEFT_TAX                                                                               \
	"SELECT t.name, t.note, t.rate, t.amount + coalesce((SELECT sum(x.amount) "                \
	"FROM invoice_line c JOIN invoice i ON i.id = c.invoice AND i.state <> 'void' "            \
	"JOIN line_tax x ON x.line = c.id AND x.seq = t.seq WHERE c.credits = ?1 "                 \
	"AND c.id < ?2), 0) FROM line_tax t WHERE t.line = ?1 ORDER BY t.seq"

void line_left_release(struct line_left *left)
{
	tax_shares_release(&left->taxes);
}

static int read_taxes(struct sxc *s, int64_t line, int64_t before, struct line_left *left,
	struct err *e)
{
	autoclean(db_done) struct query q = {0};
	int r = db_query(s->db, &q, e, SQL_LEFT_TAX, line, before);

	while (r >= 0 && (r = db_next(&q, e)) > 0) {
		tax_shares_add(&left->taxes, db_text(&q, 0), db_text(&q, 1), db_i64(&q, 2), 0,
			db_i64(&q, 3));
		left->gross += db_i64(&q, 3);
	}
	return r;
}

int invoice_line_left(struct sxc *s, int64_t line, int64_t before, struct line_left *left,
	struct err *e)
{
	autoclean(db_done) struct query q = {0};
	int r = db_one(s->db, &q, e, SQL_LEFT, line, before);

	*left = (struct line_left){0};
	if (r <= 0)
		return r < 0 ? r
		             : err_set(e, E_INTEGRITY, "no invoice line #%lld", (long long)line);
	left->discount = db_i64(&q, 1);
	left->net = db_i64(&q, 0) - left->discount;
	left->gross = left->net;
	left->touched = db_i64(&q, 2);
	left->parted = db_i64(&q, 3);
	return read_taxes(s, line, before, left, e);
}

/* Net and each tax get their share of the amount by what is left of them. */
int invoice_part(const struct line_left *left, int64_t gross, struct doc_line *line, struct err *e)
{
	size_t n = left->taxes.n + 1;
	autofree int64_t *parts = mem_array(NULL, n, sizeof(*parts));
	autofree int64_t *shares = mem_array(NULL, n, sizeof(*shares));
	int64_t discount = 0;
	int r = 0;

	parts[0] = left->net;
	for (size_t i = 1; i < n; i++)
		parts[i] = left->taxes.v[i - 1].amount;
	bill_spread(gross, parts, n, shares);
	if (left->discount && left->net)
		r = num_muldiv(left->discount, shares[0], left->net, &discount, e);
	line->amount = -(shares[0] + discount);
	line->discount = -discount;
	line->tax = 0;
	tax_shares_release(&line->taxes);
	line->taxes = (struct tax_shares){0};
	for (size_t i = 1; i < n; i++) {
		const struct tax_share *t = &left->taxes.v[i - 1];

		tax_shares_add(&line->taxes, t->name, t->note, t->rate, 0, -shares[i]);
		line->tax -= shares[i];
	}
	return r;
}

/* ---- a credit by days: never beyond what parts, or the rounding of taxes, have left ---- */

static bool exceeds(const struct line_left *left, const struct doc_line *line)
{
	bool more = -(line->amount - line->discount) > left->net ||
	            -line->discount > left->discount;

	for (size_t i = 0; i < left->taxes.n && i < line->taxes.n; i++)
		more |= -line->taxes.v[i].amount > left->taxes.v[i].amount;
	return more;
}

int invoice_cap_credit(struct sxc *s, int64_t credits, int64_t before, struct doc_line *line,
	bool *capped, struct err *e)
{
	autoclean(line_left_release) struct line_left left = {0};
	int64_t gross = -(line->amount - line->discount + line->tax);
	int r = invoice_line_left(s, credits, before, &left, e);

	*capped = r == 0 && exceeds(&left, line);
	if (!*capped)
		return r;
	return invoice_part(&left, gross < left.gross ? gross : left.gross, line, e);
}

int invoice_cap_own(const struct doc_line *credits, struct doc_line *line, bool *capped,
	struct err *e)
{
	struct line_left left = {.gross = credits->amount - credits->discount + credits->tax,
		.net = credits->amount - credits->discount,
		.discount = credits->discount,
		.taxes = credits->taxes};
	int64_t gross = -(line->amount - line->discount + line->tax);

	*capped = exceeds(&left, line);
	return *capped ? invoice_part(&left, gross < left.gross ? gross : left.gross, line, e) : 0;
}

/* ---- explaining it ---- */

int invoice_explain_part(struct sxc *s, int64_t credits, int64_t line_id, int64_t gross,
	const char *currency, struct doc_line *line, struct str *how, struct err *e)
{
	autoclean(line_left_release) struct line_left left = {0};
	int r = invoice_line_left(s, credits, line_id, &left, e);

	if (r < 0 || (r = invoice_part(&left, -gross, line, e)) < 0)
		return r;
	money_format(how, -gross, currency);
	str_add(how, " of ");
	money_format(how, left.gross, currency);
	str_add(how, " that were left with taxes, by what was left of each: net ");
	money_format(how, line->amount, currency);
	return 0;
}
