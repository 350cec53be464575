/* SPDX-License-Identifier: MIT */
/*
 * child - a program the agent started with pipes for its streams: fed, listened to, bounded in
 * time.
 *
 * Must not know about: operations, what is run or where.
 */
#ifndef SXC_AGENT_CHILD_H
#define SXC_AGENT_CHILD_H

#include "agent/agent.h"
#include "agent/ps.h"

/* Start argv on this server, in a process group of its own, with the environment env (NULL: the
 * agent's). Its descriptors are the caller's. */
int child_start(char *const argv[], char *const env[], struct stream_child *c, struct err *e);
/* In a new process, before it becomes another program: signals and descriptors as a login's. */
void child_is_ordinary(void);
/*
 * Give it o->in, collect what it says into o->out, until it ends; what and where ("in web") name it
 * in messages. Past o->timeout it is stopped with stop(arg). Closes its descriptors and reaps it.
 * The exit status 0..255, or E_FAIL.
 */
int child_watch(struct stream_child *c, const struct inside_opts *o, const char *what,
	const char *where, void (*stop)(void *arg), void *arg, struct err *e);

#endif
