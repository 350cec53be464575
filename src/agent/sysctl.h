/* SPDX-License-Identifier: MIT */
/*
 * sysctl - bounds that the kernel has once for the whole machine, and that root inside one private
 * server could use up for all: raised until its own memory bound stops it first. And the kernel
 * log, which it could fill.
 *
 * Must not know about: private servers one by one, networks' making.
 */
#ifndef SXC_AGENT_SYSCTL_H
#define SXC_AGENT_SYSCTL_H

#include "util/err.h"

/* At boot; only raises, but for what is logged. What a kernel does not have is left out. */
int sysctl_raise(struct err *e);

#endif
