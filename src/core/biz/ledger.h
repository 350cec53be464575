/* SPDX-License-Identifier: MIT */
/*
 * ledger - double entry, append-only. Every movement of money is one entry whose postings add up to
 * nothing; balances elsewhere are sums of it, and sxc invoice check proves so.
 *
 * Books: receivable (what customers owe), credit (what is theirs with us), revenue, tax, cash,
 * goodwill (credit that was given), bad-debt (what was given up). Debit is positive.
 * Must not know about: what an invoice is.
 */
#ifndef SXC_BIZ_LEDGER_H
#define SXC_BIZ_LEDGER_H

#include <stdint.h>

#include "svc/sxc.h"

struct ledger_entry {
	const char *text; /* "invoice 2026-000001" */
	const char *currency;
	int64_t account; /* row ids; invoice and payment may be 0 */
	int64_t invoice, payment;
};
struct posting {
	const char *book;
	int64_t amount; /* minor units, debit positive; nothing is posted for 0 */
};
/* Append an entry; inside the caller's transaction. E_INTEGRITY when it does not balance. */
int ledger_post(struct sxc *s, const struct ledger_entry *entry, const struct posting *postings,
	size_t n, struct err *e);

#endif
