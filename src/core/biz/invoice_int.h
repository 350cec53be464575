/* SPDX-License-Identifier: MIT */
/*
 * invoice_int - shared by the files of invoice alone: a document between the rules and the books.
 */
#ifndef SXC_BIZ_INVOICE_INT_H
#define SXC_BIZ_INVOICE_INT_H

#include "biz/bill_doc.h"
#include "biz/invoice.h"
#include "biz/subscription_int.h"
#include "biz/usage.h"
#include "util/tz.h"

/* A number series as it will go on. */
struct series {
	char prefix[40]; /* "2026-", "CN-2026-" */
	int64_t last;
	bool used; /* in this transaction */
};

/* What the documents of one run have in common. */
struct billing {
	struct sxc *s;
	int64_t until;   /* day, or DAY_NONE: today where the account lives */
	int64_t date;    /* of the documents: today where the seller is */
	int64_t terms;   /* days */
	bool mailed;     /* customers are told of their documents */
	bool pending;    /* as a batch begins, some subscriptions wait to be provided */
	bool round_once; /* taxes: once a rate and document */
	int64_t ahead;   /* days before a period on which it is charged in advance */
	struct tz *tz;   /* of the account before */
	struct series invoices, credit_notes;
	char *seller;      /* JSON, frozen in the documents */
	int64_t seller_id; /* row id of it, 0: not looked for in this transaction */
	int64_t version;   /* of the line before: row id of the plan version, name of the plan */
	char *plan;
	struct usage_cache usage;
};
void billing_release(struct billing *b);
#define autobilling autoclean(billing_release) struct billing
/* Read the configuration; --until, when given, is checked against the clock. */
int billing_begin(struct billing *b, struct sxc *s, const char *until, struct err *e);
/* Where the series stand now; inside the transaction that numbers from them. E_STATE when the clock
 * stands before their last date. */
int billing_read_series(struct billing *b, struct err *e);
/* Write down how far the series have come, once the documents of the transaction are stored. */
int billing_write_series(struct billing *b, struct err *e);

/* What becomes of one account. */
struct draft {
	struct account a;
	int64_t today;
	struct bill_subs subs; /* those that have something due */
	struct bill_doc doc;   /* no lines: nothing to be billed */
	bool credit_note;
	char number[64];
	int64_t seq, due, opening_credit;
	int64_t corrects; /* row id or 0 */
	const char *reason;
};
void draft_release(struct draft *d);
#define autodraft autoclean(draft_release) struct draft
/* Work out what has fallen due. Reads only. */
int draft_make(struct billing *b, int64_t account, struct draft *d, struct err *e);
/* What the coupons of its subscriptions take off its items; rates: what the account bears. */
int draft_discount(struct billing *b, const struct draft *d, struct bill_items *items,
	const struct tax_shares *rates, struct err *e);
/* Give it the next number of its series and its due date. */
void draft_number(struct billing *b, struct draft *d);
/* Write the document down, once its subscriptions are saved: when to look at the account again is
 * found here. *id: its row id. */
int draft_store(struct billing *b, const struct draft *d, int64_t *id, struct err *e);
/* Tell each line of it as struct invoice_line_row. */
int draft_tell(struct billing *b, const struct draft *d, account_row_fn fn, void *arg,
	struct err *e);

/* How the discount of a line came about, worked out again: appended to how, *discount is what it
 * must be. A line without a discount adds nothing. */
int invoice_line_discount(struct sxc *s, int64_t line, int64_t *discount, struct str *how,
	struct err *e);

/* What is left of a line after its credits. */
struct line_left {
	int64_t gross;         /* net and taxes */
	int64_t net, discount; /* net: less discount */
	struct tax_shares taxes;
	bool touched; /* something of it was credited */
	bool parted;  /* and that by an amount */
};
void line_left_release(struct line_left *left);
/* Only credits whose row ids are below before count. */
int invoice_line_left(struct sxc *s, int64_t line, int64_t before, struct line_left *left,
	struct err *e);
/* Make line take back so much, taxes within, of what is left: its amounts and taxes are set. */
int invoice_part(const struct line_left *left, int64_t gross, struct doc_line *line, struct err *e);
/* A credit of days never takes back more than is left. */
int invoice_cap_credit(struct sxc *s, int64_t credits, int64_t before, struct doc_line *line,
	bool *capped, struct err *e);
/* The same, of a line in the same document. */
int invoice_cap_own(const struct doc_line *credits, struct doc_line *line, bool *capped,
	struct err *e);
/* Work a part out again: line gets its amounts, how is appended to. */
int invoice_explain_part(struct sxc *s, int64_t credits, int64_t line_id, int64_t gross,
	const char *currency, struct doc_line *line, struct str *how, struct err *e);

/* What taxes of a charge are when they were rounded once a document: amounts are set. */
int invoice_rework_round(struct sxc *s, int64_t line, struct tax_shares *taxes, struct err *e);

/* Taxes of a line as they were frozen. */
int invoice_line_taxes(struct sxc *s, int64_t line, struct tax_shares *out, struct err *e);

#endif
