/* SPDX-License-Identifier: MIT */
/*
 * invoice - documents: made by run, one an account and run; never changed once open; corrected by
 * credit notes; explained and proved from what was frozen in them.
 *
 * Must not know about: how customers pay, what plans provide.
 */
#ifndef SXC_BIZ_INVOICE_H
#define SXC_BIZ_INVOICE_H

#include <stdbool.h>
#include <stdint.h>

#include "biz/account.h"
#include "biz/refund.h"
#include "biz/settle.h"
#include "svc/sxc.h"
#include "util/str.h"

struct invoice_row {
	const char *invoice, *kind, *number, *account, *state, *date, *due, *currency, *corrects,
		*reason;
	int64_t subtotal, discount, tax, total, credit, paid, written_off, balance, opened;
	int64_t overdue; /* days since it fell due, INT64_MIN: not */
};
struct invoice_line_row {
	const char *invoice, *account, *kind, *subscription, *plan, *item, *text, *start, *end,
		*currency;
	int64_t line, quantity, unit_price, amount, discount, tax;
};
struct invoice_tax_row {
	const char *name, *rate, *note, *currency;
	int64_t base, amount;
};
struct invoice_explain_row {
	int64_t line;
	const char *item, *text, *how, *taxes;
	/* What it was reckoned from; days and whole 0: not by days. */
	const char *subscription, *plan, *start, *end, *currency;
	int64_t quantity, unit_price, days, whole, tax_included;
};
struct invoice_finding_row {
	const char *where, *finding;
};

/* ---- billing ---- */

struct run_opts {
	const char *until;   /* bill what falls due up to and on that day; NULL: today, where each
			      * account lives */
	const char *account; /* only that one */
};
struct run_done {
	int64_t invoices, credit_notes, lines, parked;
};
/*
 * Bill everything that has fallen due. fn gets each line as struct invoice_line_row once it is
 * committed. E_STATE: no seller configured, --until beyond today (both but in a rehearsal), the
 * clock stands before the last document; E_PARTIAL: some accounts were parked, the others billed;
 * E_BUSY; E_INTR.
 */
int invoice_run(struct sxc *s, const struct run_opts *o, account_row_fn fn, void *arg,
	struct run_done *done, struct job_ids *jobs, struct err *e);
/* The same lines; nothing is written. */
int invoice_preview(struct sxc *s, const struct run_opts *o, account_row_fn fn, void *arg,
	struct run_done *done, struct err *e);

/* ---- corrections; each in a transaction of its own ---- */

/*
 * Take a document back as if it had not been made: a credit note for all of it, what it had billed
 * is billed again by the next run. number: the credit note's. E_STATE when it is void or a credit
 * note, or a line of it has been credited elsewhere.
 */
int invoice_void(struct sxc *s, const char *invoice, const char *reason, char number[64],
	struct job_ids *jobs, struct err *e);
struct credit_note_line {
	int64_t line;       /* its place */
	const char *amount; /* decimal, taxes within; NULL: all that is left of it */
};
struct credit_note_new {
	const char *invoice, *reason;
	const struct credit_note_line *lines;
	size_t n; /* 0: all lines */
	const char
		*amount; /* decimal, taxes within, of the whole invoice; NULL: all that is left */
	bool refund;     /* what was paid for it goes back instead of becoming credit */
};
struct credit_note_done {
	char number[64], currency[4];
	struct refund_sum back;
};
/*
 * Credit an invoice, or lines or amounts of it, for good: what they billed stays billed. An amount
 * is spread over lines, and over the net and taxes of a line, by what is left of each. What was
 * open of the invoice is settled first. E_LIMIT for more than is left, E_STATE when nothing is.
 */
int invoice_credit_note(struct sxc *s, const struct credit_note_new *c,
	struct credit_note_done *done, struct job_ids *jobs, struct err *e);

/* ---- reading ---- */

/* Row id of a number or "#id": 1 found, 0 not. */
int invoice_find(struct sxc *s, const char *number, int64_t *id, struct err *e);
int invoice_name_of(struct sxc *s, int64_t id, char **name, struct err *e);
int invoice_names(struct sxc *s, const char *prefix, int limit,
	void (*fn)(void *arg, const char *name, const char *help), void *arg, struct err *e);
/* Of an account (NULL: all); open_only: those that are open. */
int invoice_list(struct sxc *s, const char *account, bool open_only, account_row_fn fn, void *arg,
	struct err *e);
int invoice_show(struct sxc *s, const char *number, account_row_fn fn, void *arg, struct err *e);
int invoice_lines(struct sxc *s, const char *number, account_row_fn fn, void *arg, struct err *e);
int invoice_taxes(struct sxc *s, const char *number, account_row_fn fn, void *arg, struct err *e);
/*
 * How each line came about, worked out again from what was frozen by the code that billed it.
 * E_INTEGRITY when that gives another amount.
 */
int invoice_explain(struct sxc *s, const char *number, account_row_fn fn, void *arg, struct err *e);
/* Append the printed document in a form, "text", "html" or "pdf": the same bytes whenever it is asked for. */
int invoice_print(struct sxc *s, const char *number, const char *format, struct str *out,
	struct err *e);
/* Prove the books; fn gets each finding. Number of findings or E_. */
int invoice_check(struct sxc *s, account_row_fn fn, void *arg, struct err *e);

#endif
