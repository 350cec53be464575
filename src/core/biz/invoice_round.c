/* SPDX-License-Identifier: MIT */
/* Taxes that were rounded once a rate and document, worked out again from its lines. */
#include "biz/invoice_int.h"
#include "util/str.h"

#define SQL_LIKE                                                                                   \
	"SELECT l.id, l.kind, l.amount - l.discount, t.amount FROM invoice_line l "                \
	"JOIN line_tax t ON t.line = l.id WHERE l.invoice = (SELECT invoice FROM invoice_line "    \
	"WHERE id = ?1) AND l.tax_included = 0 AND t.name = ?2 AND t.rate = ?3 AND t.note IS ?4 "  \
	"ORDER BY l.seq"

/* All lines that bear a tax. */
struct like {
	VEC(int64_t) bases; /* of the charges */
	int64_t base, credited;
	size_t at; /* which of the charges it is about */
};

static void like_release(struct like *k)
{
	vec_release(&k->bases);
}

static int collect(struct sxc *s, int64_t line, const struct tax_share *t, struct like *k,
	struct err *e)
{
	autoclean(db_done) struct query q = {0};
	int r = db_query(s->db, &q, e, SQL_LIKE, line, t->name, t->rate, t->note);

	while (r >= 0 && (r = db_next(&q, e)) > 0) {
		k->base += db_i64(&q, 2);
		if (str_eq(db_text(&q, 1), "credit")) {
			k->credited += db_i64(&q, 3);
			continue;
		}
		if (db_i64(&q, 0) == line)
			k->at = k->bases.n;
		vec_push(&k->bases, db_i64(&q, 2));
	}
	return r;
}

static int rework(struct sxc *s, int64_t line, struct tax_share *t, struct err *e)
{
	autoclean(like_release) struct like k = {0};
	autofree int64_t *shares = NULL;
	int r = collect(s, line, t, &k, e);

	if (r < 0 || !k.bases.n)
		return r;
	shares = mem_array(NULL, k.bases.n, sizeof(*shares));
	r = bill_spread_tax(t->rate, k.base, k.credited, k.bases.v, k.bases.n, shares, e);
	t->amount = shares[k.at];
	return r;
}

int invoice_rework_round(struct sxc *s, int64_t line, struct tax_shares *taxes, struct err *e)
{
	int r = 0;

	vec_each(taxes, t)
		if (r == 0)
			r = rework(s, line, t, e);
	return r;
}
