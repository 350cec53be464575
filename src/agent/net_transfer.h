/* SPDX-License-Identifier: MIT */
/*
 * net_transfer - what was counted of each private server's transfer, by the kernel module or, where
 * that is not loaded, by the private server's interface; written down in AGENT_PS/NAME/transfer so
 * that it outlives the interface, the module and the machine.
 *
 * A bound on transfer is one of a calendar month (UTC): with the first checkpoint of a month the
 * count begins anew. The total never does. Only the module enforces a bound.
 * Must not know about: configfs.
 */
#ifndef SXC_AGENT_NET_TRANSFER_H
#define SXC_AGENT_NET_TRANSFER_H

#include "agent/ps_conf.h"
#include "util/err.h"

/* Bytes of this month as they were last written down, for a counter that is made anew; 0 when
 * nothing was, or of another month, which ends with this. */
int transfer_resume(const struct ps_conf *c, int64_t *used, struct err *e);
/* Write down what the context counts now; also begins a month. Harmless without a context. */
int transfer_checkpoint(const struct ps_conf *c, struct err *e);
/* Checkpoint, then bytes of this month and of all time; -1 where nothing was ever counted. */
void transfer_read(const struct ps_conf *c, int64_t *used, int64_t *total);

#endif
