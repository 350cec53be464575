/* SPDX-License-Identifier: MIT */
/*
 * ps_live - running things inside private servers, and small look-ups for the command.
 *
 * Must not know about: terminals beyond what remote does.
 */
#ifndef SXC_BIZ_PS_LIVE_H
#define SXC_BIZ_PS_LIVE_H

#include "svc/remote.h"
#include "svc/sxc.h"

/* Run argv (NULL-terminated) inside; *status 0..255. ev: where output goes and input comes from. */
int ps_exec(struct sxc *s, const char *name, char *const argv[], const struct remote_events *ev,
	int *status, struct err *e);
/* A shell on this terminal; the exit status or a negative E_. */
int ps_enter(struct sxc *s, const char *name, struct err *e);

/* authorized_keys text of a file, checked line by line (a key type, then base64). Caller's. */
int ps_read_keys(const char *path, char **out, struct err *e);
/* Row id of an account. */
int ps_account(struct sxc *s, const char *name, int64_t *id, struct err *e);

int ps_name_exists(struct sxc *s, const char *name, struct err *e);
int ps_complete(struct sxc *s, const char *prefix, int limit,
	void (*fn)(void *arg, const char *name, const char *help), void *arg, struct err *e);

#endif
