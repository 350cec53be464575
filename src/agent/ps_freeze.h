/* SPDX-License-Identifier: MIT */
/*
 * ps_freeze - a private server stands still for a moment, so that a copy of its files is of one
 * instant.
 *
 * Should the agent be killed meanwhile, a child of it lets the private server go on.
 * Must not know about: what is done in that moment.
 */
#ifndef SXC_AGENT_PS_FREEZE_H
#define SXC_AGENT_PS_FREEZE_H

#include <sys/types.h>

#include "util/err.h"

struct freeze {
	char *file; /* cgroup.freeze; NULL: it does not stand still */
	pid_t guard;
	int line; /* the guard acts when it is closed */
};
/* All of its processes have stopped on return. One that does not run needs nothing. */
int freeze_begin(struct freeze *f, const char *ps, struct err *e);
/* It goes on; harmless a second time. */
void freeze_end(struct freeze *f);

#endif
