/* SPDX-License-Identifier: MIT */
/*
 * charge - what gateways are asked for: money of an invoice, or that a payment goes back.
 *
 * A charge is a row, written with the key it will be asked by before it is sent. No answer means
 * unknown, never failed: the gateway is asked for its status until it is known, and nothing is
 * charged again meanwhile. An answer is taken once.
 * Must not know about: how a gateway is spoken to.
 */
#ifndef SXC_BIZ_CHARGE_H
#define SXC_BIZ_CHARGE_H

#include <stdint.h>

#include "biz/settle.h"
#include "svc/sxc.h"

/* ---- inside the caller's transaction ---- */

/* Write down that an invoice is to be collected, by the method of its account: 1, or 0 when there
 * is no method, nothing is open, or it is being collected already. */
int charge_queue(struct sxc *s, int64_t account, int64_t invoice, struct err *e);
/* Write down that amount of a payment is to go back. E_STATE while another refund of it is under
 * way. *id out. */
int charge_queue_refund(struct sxc *s, int64_t payment, int64_t amount, const char *reason,
	int64_t *id, struct err *e);

/* ---- verbs ---- */

struct charge_done {
	int64_t settled, failed, waiting; /* waiting: not known yet, or the customer's turn */
};
/*
 * Ask the gateways for what waits, and after what is not known. E_BUSY when another run does;
 * E_PARTIAL when something failed or is still unknown; E_INTR.
 */
int charge_run(struct sxc *s, struct charge_done *done, struct job_ids *jobs, struct err *e);
/* The same for one charge, at once. Its state then, the caller's. */
int charge_run_one(struct sxc *s, int64_t id, char **state, struct job_ids *jobs, struct err *e);
/* Queue an invoice by a person's word. E_STATE: no method, nothing open, under way already. */
int charge_collect(struct sxc *s, const char *invoice, int64_t *id, struct err *e);

struct charge_row {
	const char *kind, *account, *invoice, *gateway, *method, *currency, *state, *external_id,
		*url, *error, *key;
	int64_t charge, payment, amount, attempts, next, created, updated;
};
/* all: also those that are settled. account NULL: all. */
int charge_list(struct sxc *s, const char *account, bool all, account_row_fn fn, void *arg,
	struct err *e);

#endif
