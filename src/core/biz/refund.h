/* SPDX-License-Identifier: MIT */
/*
 * refund - payments that go back: given back by the seller, or taken back by the bank.
 *
 * What a payment put on credit goes first, then what it settled, the latest invoice first, which is
 * open again by that much.
 * Must not know about: how money travels.
 */
#ifndef SXC_BIZ_REFUND_H
#define SXC_BIZ_REFUND_H

#include "biz/settle.h"

struct refund_new {
	int64_t payment;
	const char *amount; /* decimal; NULL: all that is left of it */
	const char *reason;
	const char *external_id; /* the bank's reference: the same one is taken once. NULL: none */
	bool chargeback;         /* the bank took it: nothing is asked of a gateway */
};
struct refund_done {
	int64_t amount; /* minor units */
	int64_t charge; /* row id of what its gateway is to be asked, 0: booked at once */
	char account[64], currency[4];
};
/*
 * A payment that was entered by hand, or a chargeback, is booked at once; one of a gateway is
 * queued there, and booked when the gateway says that it went back. E_NOTFOUND, E_LIMIT for more
 * than is left of it, E_EXISTS for an external id that is there, E_STATE.
 */
int refund_add(struct sxc *s, const struct refund_new *n, struct refund_done *done,
	struct job_ids *jobs, struct err *e);
/* What went back, in minor units. */
struct refund_sum {
	int64_t booked; /* by hand */
	int64_t asked;  /* of gateways: booked when they say so */
};
/*
 * Give at most so much of what payments settled of an invoice back, the latest first, out of
 * account credit that has just been given for it; it stays settled, by that credit. Inside the
 * caller's transaction.
 */
int refund_invoice(struct sxc *s, int64_t invoice, int64_t most, const char *reason,
	struct refund_sum *sum, struct job_ids *jobs, struct err *e);
/* Book that amount of a payment went back, as a gateway said; inside the caller's transaction. */
int refund_book(struct sxc *s, int64_t payment, int64_t amount, const char *reason,
	const char *external_id, int64_t charge, struct job_ids *jobs, struct err *e);

#endif
