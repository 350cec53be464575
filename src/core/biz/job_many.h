/* SPDX-License-Identifier: MIT */
/*
 * job_many - jobs on many servers at once.
 *
 * Must not know about: what the jobs do, why they are run together.
 */
#ifndef SXC_BIZ_JOB_MANY_H
#define SXC_BIZ_JOB_MANY_H

#include <stdbool.h>
#include <stdint.h>

#include "svc/sxc.h"

/* One job on its way with others. */
struct job_item {
	int64_t job, server; /* row ids */
	const struct job_item
		*needs; /* one that stands before it and must be done first, or NULL */
	void *arg;      /* the caller's */
	int result;     /* out: 0 or E_ */
	bool left;      /* out: not begun because another failed; cancelled */
	struct err err; /* out */
};

/*
 * Run n jobs, in their order on each server over its one connection, on as many servers at once as
 * s->jobs says, each in a thread with a connection to the store of its own. Where a server cannot
 * be reached its other jobs wait, too, without being tried. stop: after one has failed those not
 * begun are cancelled. done, called from the calling thread as each ends, may use the store.
 * 0, or E_INTR; what became of each is in the items.
 */
int job_run_many(struct sxc *s, struct job_item *items, size_t n, bool stop,
	void (*done)(void *arg, struct job_item *it), void *arg, struct err *e);

#endif
