/* SPDX-License-Identifier: MIT */
/*
 * write_off - what is open of an invoice, given up as lost; and what comes of it after all.
 *
 * It goes from receivables to bad debt. Dunning stops, and lifts nothing: only payment does. A
 * payment that names the invoice, or a credit note, takes the loss back by so much; once nothing is
 * lost any more, the invoice is paid.
 * Must not know about: how money comes.
 */
#ifndef SXC_BIZ_WRITE_OFF_H
#define SXC_BIZ_WRITE_OFF_H

#include "biz/settle.h"

struct write_off_done {
	int64_t amount; /* minor units */
	char currency[4];
};
/* Give up what is open of it. E_NOTFOUND; E_STATE when it is not open; E_USAGE: no reason. */
int write_off_add(struct sxc *s, const char *invoice, const char *reason,
	struct write_off_done *done, struct err *e);

/* ---- for other parts of billing; inside the caller's transaction ---- */

/* Money of a payment, or (payment 0) the account's credit, takes back at most so much of what was
 * written off of an invoice; *taken: how much, 0 when nothing was. jobs as of settle_mark. */
int write_off_recover(struct sxc *s, int64_t invoice, int64_t payment, int64_t most, int64_t *taken,
	struct job_ids *jobs, struct err *e);
/* What settled a written-off invoice goes back: that is lost, too. payment 0: it was credit. from:
 * the book of the ledger that it leaves. */
int write_off_more(struct sxc *s, int64_t invoice, int64_t payment, int64_t amount,
	const char *from, struct err *e);

#endif
