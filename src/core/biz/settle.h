/* SPDX-License-Identifier: MIT */
/*
 * settle - what settles invoices: payments and account credit; what is given or charged by hand.
 *
 * Account credit always settles the oldest open invoice at once, so an account with credit left has
 * no open invoice.
 * Must not know about: how invoices come about.
 */
#ifndef SXC_BIZ_SETTLE_H
#define SXC_BIZ_SETTLE_H

#include <stdint.h>

#include "biz/account.h"
#include "svc/sxc.h"
#include "util/vec.h"

/* Jobs that were queued and want running once the transaction is committed. */
struct job_ids {
	int64_t *v;
	size_t n, cap;
};
void job_ids_release(struct job_ids *ids);
#define autojobs autoclean(job_ids_release) struct job_ids

/* Let account credit settle open invoices, the oldest first; inside the caller's transaction. */
int settle_credit(struct sxc *s, int64_t account, struct job_ids *jobs, struct err *e);
/* The same for a credit note: the invoice that it corrects goes before all others, and what waits
 * for that to be paid goes on waiting. */
int settle_credit_on(struct sxc *s, int64_t account, int64_t invoice, struct job_ids *jobs,
	struct err *e);
/* Only that invoice, while it is open; what waits for it to be paid goes on waiting. */
int settle_credit_only(struct sxc *s, int64_t account, int64_t invoice, struct err *e);
/* Put amount on the account's credit against a book of the ledger; settles nothing. */
int settle_give(struct sxc *s, const struct account *a, int64_t amount, const char *book,
	const char *text, int64_t invoice, int64_t payment, struct err *e);
/* An invoice has nothing left to pay: mark it so, and provision what waited for that (jobs NULL:
 * do not). */
int settle_mark(struct sxc *s, int64_t invoice, struct job_ids *jobs, struct err *e);

/* ---- verbs, each in a transaction of its own ---- */

struct payment_new {
	const char *account;     /* name; NULL with invoice: the invoice's */
	const char *invoice;     /* number; NULL: the oldest open ones */
	const char *amount;      /* decimal; NULL with invoice: its balance */
	const char *method;      /* "transfer", "cheque" …; NULL: "transfer" */
	const char *external_id; /* the bank's reference: the same one is taken once. NULL: none */
};
struct payment_done {
	int64_t id, amount, on_invoices, on_credit; /* minor units */
	char account[64], currency[4];
};
/*
 * Write down a payment made outside. What is too much becomes credit. E_EXISTS for an external id
 * of that account that is there already; E_STATE for an invoice that is not open; E_USAGE amount.
 */
int payment_add(struct sxc *s, const struct payment_new *p, struct payment_done *done,
	struct job_ids *jobs, struct err *e);

/* Money that came in, by whatever way. */
struct payment_in {
	const struct account *a;
	const char *gateway, *method;
	const char *external_id; /* unique with the gateway (manual: and the account); NULL: none */
	int64_t amount;          /* minor units */
	int64_t invoice;         /* row id: it goes first, while it is open; 0: the oldest */
};
/* Book it inside the caller's transaction; fills the amounts and the id of *done. E_EXISTS for an
 * external id that is in the books already. */
int payment_book(struct sxc *s, const struct payment_in *in, struct payment_done *done,
	struct job_ids *jobs, struct err *e);

/* Give credit; *amount in minor units. E_USAGE for an amount or a missing reason. */
int account_credit(struct sxc *s, const char *account, const char *amount, const char *reason,
	struct job_ids *jobs, struct err *e);
/* Charge something once, with the next invoice. */
int account_charge(struct sxc *s, const char *account, const char *amount, const char *reason,
	bool taxable, struct err *e);

struct payment_row {
	const char *account, *gateway, *method, *external_id, *currency, *date, *invoices;
	int64_t payment, amount, refunded, created;
};
/* Payments; account NULL: all. */
int payment_list(struct sxc *s, const char *account, account_row_fn fn, void *arg, struct err *e);

#endif
