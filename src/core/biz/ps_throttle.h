/* SPDX-License-Identifier: MIT */
/*
 * ps_throttle - slowing a private server down on its server, and back.
 *
 * The books keep what was promised, so room stays reserved for it; only the server is told less.
 * Must not know about: why.
 */
#ifndef SXC_BIZ_PS_THROTTLE_H
#define SXC_BIZ_PS_THROTTLE_H

#include "svc/sxc.h"

/* Queue it behind whatever is unfinished there; inside the caller's transaction. CPU time and
 * network come down to the share that dunning.throttle says, as a cap too. */
int ps_throttle_tx(struct sxc *s, const char *name, int64_t *job, struct err *e);
/* Back to what the books say. */
int ps_unthrottle_tx(struct sxc *s, const char *name, int64_t *job, struct err *e);

#endif
