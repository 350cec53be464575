/* SPDX-License-Identifier: MIT */
/*
 * ps_mend - what was done to a private server behind our back, found and put right.
 *
 * Must not know about: the control center's books.
 */
#ifndef SXC_AGENT_PS_MEND_H
#define SXC_AGENT_PS_MEND_H

#include "agent/ps_conf.h"

/* The first thing that is wrong, as the end of a sentence about it ("has lost its network
 * interface"); NULL: all is well. */
const char *mend_fault(const struct ps_conf *c);

#endif
