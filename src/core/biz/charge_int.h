/* SPDX-License-Identifier: MIT */
/*
 * charge_int - shared by the files of charge alone.
 */
#ifndef SXC_BIZ_CHARGE_INT_H
#define SXC_BIZ_CHARGE_INT_H

#include "biz/charge.h"
#include "biz/gateway.h"

struct charge {
	int64_t id, account, invoice, payment, method, amount, attempts; /* amount 0: open yet */
	bool refund;
	char *key, *state, *gateway, *currency, *reason, *token, *account_name, *email;
	char *invoice_number, *external_id; /* of a refund: that of the payment */
	int64_t balance;                    /* of the invoice */
	bool is_open;                       /* the invoice */
};
void charge_release(struct charge *c);
#define autocharge autoclean(charge_release) struct charge
/* E_NOTFOUND. */
int charge_get(struct sxc *s, int64_t id, struct charge *c, struct err *e);
/*
 * Write down what a gateway answered, and what follows from it: a payment, a refund, mail. Inside
 * the caller's transaction.
 */
int charge_take(struct sxc *s, const struct charge *c, const struct gateway_answer *a,
	struct job_ids *jobs, struct err *e);

#endif
