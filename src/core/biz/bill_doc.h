/* SPDX-License-Identifier: MIT */
/*
 * bill_doc - from items to a document: net amounts, taxes, sums.
 *
 * Must not know about: the database, where items come from, numbers and dates of documents.
 */
#ifndef SXC_BIZ_BILL_DOC_H
#define SXC_BIZ_BILL_DOC_H

#include "biz/bill.h"

/* One rate of a tax, or what it makes. */
struct tax_share {
	char *name;
	char *note;     /* printed with it, or NULL */
	int64_t rate;   /* millionths of a percent */
	int64_t base;   /* sum over a document: the net amounts it was put on */
	int64_t amount; /* minor units */
};
struct tax_shares {
	struct tax_share *v;
	size_t n, cap;
};
void tax_shares_release(struct tax_shares *t);
void tax_shares_add(struct tax_shares *t, const char *name, const char *note, int64_t rate,
	int64_t base, int64_t amount);

struct doc_line {
	struct bill_item item; /* owned */
	int64_t amount;        /* net, before discount */
	int64_t discount;
	int64_t tax;
	struct tax_shares taxes;
};
struct bill_doc {
	VEC(struct doc_line) lines;
	struct tax_shares taxes; /* summed over the lines, in the order they came up */
	int64_t subtotal, discount, tax, total;
	bool round_once; /* taxes were rounded once a rate */
};
void bill_doc_release(struct bill_doc *doc);

/*
 * Spread total over n parts by their size: shares that add up to it, the largest remainder first,
 * ties in order. 0 <= total <= the sum of the parts, which are not negative; all are less than
 * 2^62.
 */
void bill_spread(int64_t total, const int64_t *parts, size_t n, int64_t *shares);

/*
 * What a rate makes of base, rounded once, less what credits among it have taken back, spread over
 * its charges. E_LIMIT.
 */
int bill_spread_tax(int64_t rate, int64_t base, int64_t credited, const int64_t *bases, size_t n,
	int64_t *shares, struct err *e);

/* Net of a gross amount: when taxes are included, gross / (1 + the sum of the rates), rounded.
 * E_LIMIT. */
int bill_net(int64_t gross, bool included, const struct tax_shares *rates, int64_t *net,
	struct err *e);
/*
 * Net and taxes of a gross amount. Not included, or with a discount: each rate on net less
 * discount, rounded. Included: what net leaves of gross is tax, each rate on the net, the largest
 * rate last and with what rounding leaves. Fills rates[].base and .amount. E_LIMIT.
 */
int bill_tax(int64_t gross, bool included, int64_t discount, struct tax_shares *rates, int64_t *net,
	struct err *e);

/*
 * Round each tax once for the document: what its rate makes of all lines that bear it, but those
 * with taxes within their price, is spread over the charges among them by their size; credits keep
 * what they take back. E_LIMIT.
 */
int bill_doc_round(struct bill_doc *doc, struct err *e);
/* Sum the document up again, after amounts of its lines were set. */
void bill_doc_sum(struct bill_doc *doc);
/*
 * Add a line. Takes over what item owns (it is left empty). rates: those that apply to it, copied;
 * NULL for none. E_LIMIT.
 */
int bill_doc_add(struct bill_doc *doc, struct bill_item *item, const struct tax_shares *rates,
	struct err *e);

#endif
