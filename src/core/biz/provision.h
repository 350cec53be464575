/* SPDX-License-Identifier: MIT */
/*
 * provision - what a subscription's plan provides, brought about by jobs.
 *
 * Must not know about: money.
 */
#ifndef SXC_BIZ_PROVISION_H
#define SXC_BIZ_PROVISION_H

#include <stdbool.h>
#include <stdint.h>

#include "svc/sxc.h"
#include "util/err.h"

/* What the customer chose when ordering; any may be NULL. */
struct provision_request {
	const char *domain;   /* --domain */
	const char *on;       /* --on TARGET: a server */
	const char *hostname; /* --hostname */
	const char *image;    /* --image */
	const char *key;      /* --key: a file with SSH public keys; read now */
	const char *name;     /* --name: of the private server; default ACCOUNT-N */
};

/*
 * Write down the objects and the job that creates them; call inside the transaction that makes the
 * subscription. provides: the plan version's "provides" part as JSON text (NULL: nothing to make).
 * best_effort: JSON list of bounds that may go unenforced, or NULL. Checks that it could be
 * placed now: E_LIMIT with the numbers, E_STATE when
 * a bound cannot be enforced. *job: its id, 0 when nothing is to be made.
 */
int provision_queue(struct sxc *s, int64_t subscription, const char *provides,
	const char *best_effort, const struct provision_request *req, int64_t *job, struct err *e);
/* The same for what is there already: from what one term provides to what another does, each as
 * JSON text or NULL. E_STATE when the one cannot become the other, E_LIMIT when it does not fit,
 * E_BUSY while other work on it is unfinished. *job 0 when there is nothing to do. */
int provision_change(struct sxc *s, int64_t subscription, const char *before, const char *after,
	const char *best_effort, int64_t *job, struct err *e);
/*
 * What was being made for a subscription could not be, and was taken back; inside the transaction
 * that says so. What was to be provided when paid waits again, and every run tries again; any other
 * order is taken back.
 */
int provision_gave_up(struct sxc *s, int64_t subscription, struct err *e);
/* Queue suspension, resumption or removal of everything the subscription made; inside its
 * transaction. *job 0 when there is nothing. */
int provision_suspend(struct sxc *s, int64_t subscription, int64_t *job, struct err *e);
int provision_resume(struct sxc *s, int64_t subscription, int64_t *job, struct err *e);
int provision_remove(struct sxc *s, int64_t subscription, int64_t *job, struct err *e);

#endif
