/* SPDX-License-Identifier: MIT */
/*
 * statement - what an account owes, movement by movement, with the balance after each.
 *
 * Amounts are what the account owes more (negative: less); a balance below zero is its credit. They
 * add up to what the ledger has of its receivables less its credit.
 * Must not know about: how invoices and payments come about.
 */
#ifndef SXC_BIZ_STATEMENT_H
#define SXC_BIZ_STATEMENT_H

#include "biz/account.h"

struct statement_row {
	const char *date; /* of the document where the seller is, of money where the account is */
	const char *kind; /* opening, invoice, credit-note, credit, write-off, recovered, payment,
			   * refund, chargeback, closing */
	const char *document; /* the invoice or payment it is about, or NULL */
	const char *text, *currency;
	int64_t amount;  /* minor units; INT64_MIN for opening and closing */
	int64_t balance; /* after it */
};
/*
 * The movements of the days from..to (NULL: from the first, to the last there is), between an
 * opening and a closing row. E_NOTFOUND; E_USAGE when from is after to.
 */
int statement_tell(struct sxc *s, const char *account, const char *from, const char *to,
	account_row_fn fn, void *arg, struct err *e);

#endif
