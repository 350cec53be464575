/* SPDX-License-Identifier: MIT */
/*
 * remote_conn - the inside of struct remote: a link with an agent at its other end. Inner part of
 * remote, shared by calls, pool, transfers and terminals.
 *
 * Must not know about: operations.
 */
#ifndef SXC_SVC_REMOTE_CONN_H
#define SXC_SVC_REMOTE_CONN_H

#include "svc/remote_link.h"
#include "svc/wire.h"

#define REMOTE_AGENT "/usr/lib/sxc/sxc-agent"

struct remote {
	struct link link;
	ssh_channel ch;
	char *key; /* what the pool finds it by */
	struct wire_in in;
	struct str out; /* frames on their way out */
	size_t out_off;
	struct str errs; /* the beginning of what the agent wrote on its standard error */
	uint32_t last_id;
	bool broken; /* not to be used again */
};

/* Start the agent on an open, logged-in link (taken over) and greet it. E_STATE. */
int remote_start(struct link *l, struct remote **out, struct err *e);
void remote_close(struct remote *r);
/* An idle connection of the pool that is still good, or NULL; given back with remote_put. */
struct remote *remote_take(struct remote_pool *p, const struct remote_spec *spec);
/* Is it still good for a call? */
bool remote_alive(struct remote *r);
/* Send and receive what can be without waiting: how many bytes moved, or negative. */
int remote_move(struct remote *r, struct err *e);
/* Bytes that wait to be sent. */
size_t remote_unsent(const struct remote *r);

/* A call with what only transfers and terminals need beside. */
struct remote_extra {
	int stall; /* seconds without a byte sent that end it; 0: any */
	void (*tick)(void *arg, struct remote *r); /* between waits; may add frames to r->out */
	void *arg;
};
int remote_call_with(struct remote *r, const char *op, const char *job, const struct msg *req,
	const struct remote_events *ev, const struct remote_extra *x, struct msg **ans,
	struct err *e);

#endif
