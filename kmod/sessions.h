/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Terminals a context holds, over all instances of devpts: counted as the kernel hands out and
 * takes back their numbers, refused beyond the bound. Knows devpts by the names of four functions.
 */
#ifndef SXPS_SESSIONS_H
#define SXPS_SESSIONS_H

#include <linux/types.h>

struct sxps_context;
struct sxps_sessions;

/* Puts the hooks in place. 0 also where the kernel does not allow it: then it is not available,
 * and the log says why. */
int sxps_sessions_start(void);
/* Takes them away and waits until none of them runs. */
void sxps_sessions_stop(void);
bool sxps_sessions_available(void);

/* Tries whether a call is redirected just now. NULL if it is, else why not. */
const char *sxps_sessions_reason(void);

/* A consistent copy of the context's numbers. */
void sxps_sessions_read(struct sxps_context *ctx, struct sxps_sessions *copy);
/* Open terminals are no longer the context's. After it has left its cgroup. */
void sxps_sessions_forget(struct sxps_context *ctx);

#endif
