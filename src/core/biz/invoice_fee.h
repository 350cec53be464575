/* SPDX-License-Identifier: MIT */
/*
 * invoice_fee - an invoice of one untaxed charge, made at once and by itself.
 *
 * Must not know about: why it is charged.
 */
#ifndef SXC_BIZ_INVOICE_FEE_H
#define SXC_BIZ_INVOICE_FEE_H

#include "biz/settle.h"

/* Open it inside the caller's transaction; its number goes to number. E_STATE when the clock stands
 * before the last document. */
int invoice_fee(struct sxc *s, int64_t account, int64_t amount, const char *text, char number[64],
	struct job_ids *jobs, struct err *e);

#endif
