/* SPDX-License-Identifier: MIT */
/*
 * session - one conversation with the control center: frames in, frames out, one request at a time.
 *
 * Must not know about: what operations do.
 */
#ifndef SXC_AGENT_SESSION_H
#define SXC_AGENT_SESSION_H

#include "agent/agent.h"
#include "svc/wire.h"

struct agent {
	int in, out;  /* descriptors of the connection */
	bool local;   /* `sxc-agent call`: input and output are raw, there are no frames */
	bool greeted; /* the other side's hello came and fits */
	uint32_t id;  /* request being worked on; 0: none */
	struct wire_in wire;
	struct str input; /* input of the request that nobody took yet */
	size_t input_off;
	bool input_end;
	bool cancelled; /* asked to stop */
	bool gone;      /* the connection has ended: nobody reads what we say */
	bool resized;
	unsigned short rows, cols;
	int64_t told; /* when progress was last sent, ms */
};

/* Serve requests from in, answers to out, until the connection ends. 0 or E_. */
int session_serve(int in, int out, struct err *e);
void session_release(struct agent *a);

/* One frame out. E_UNREACH when the connection is gone. */
int session_send(struct agent *a, enum wire_kind kind, const void *p, size_t n, struct err *e);
int session_send_msg(struct agent *a, enum wire_kind kind, const struct msg *m, struct err *e);

/*
 * Run one operation with its locks and its recorded outcome (dispatch.c). *ans is the caller's.
 * job may be NULL where the operation changes nothing.
 */
int dispatch(struct agent *a, const char *op, const char *job, const struct msg *req,
	struct msg **ans, struct err *e);

/*
 * Recorded outcomes (outcome.c). get: 1 and the result (*code 0 with *ans, or *code with *e's
 * message), 0 when there is none for that job and request digest.
 */
int outcome_get(const char *job, const char *digest, int *code, struct msg **ans, struct err *e);
int outcome_put(const char *job, const char *op, const char *digest, int code, const char *message,
	const struct msg *ans, struct err *e);

#endif
