/* SPDX-License-Identifier: MIT */
/*
 * ps_live - a private server as it runs: its init.
 *
 * Must not know about: how it is started or bounded.
 */
#ifndef SXC_AGENT_PS_LIVE_H
#define SXC_AGENT_PS_LIVE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "util/err.h"

/* pid of its init on the host, 0 when it does not run. Checked against its control group, so a pid
 * used again by something else does not pass. */
pid_t ps_live_pid(const char *ps);
/* The same with a pidfd that stands for exactly that process. E_NOTFOUND, E_STATE (not running). */
int ps_live_open(const char *ps, pid_t *pid, int *pidfd, struct err *e);
/* When the process started, seconds UTC; 0 if unknown. */
int64_t ps_live_since(pid_t pid);

#endif
