/* SPDX-License-Identifier: MIT */
/*
 * request - `--request-key`: the same key with the same arguments gives the first result again.
 *
 * The first write transaction of the verb marks the request as having changed something, and a job
 * it creates is tied to it, in the same commit. So after a kill it is known how far it came.
 * Must not know about: commands.
 */
#ifndef SXC_SVC_REQUEST_H
#define SXC_SVC_REQUEST_H

#include "svc/sxc.h"

enum request_result {
	REQUEST_NEW,  /* run the verb, then request_end */
	REQUEST_DONE, /* *output and *status are the first result; run nothing */
	REQUEST_JOB, /* changed, then cut short: bring its job (*job) to an end, then request_end */
	REQUEST_CHANGED /* changed, cut short, no job: repeat a repeatable verb, else it is done */
};

struct request {
	enum request_result result;
	char *output; /* REQUEST_DONE: what was printed, the caller's */
	int status;   /* REQUEST_DONE: exit status */
	int64_t job;  /* REQUEST_JOB */
	int lock;     /* descriptor held while it runs; -1 none */
	char *path;   /* of the lock file while it is ours, which goes when it ends */
};

/*
 * Look up s->request_key or write it down. args: the whole command line that matters, NUL-free.
 * E_INTEGRITY: used with other arguments. E_BUSY: another run with this key is at work.
 */
int request_begin(struct sxc *s, const char *args, struct request *r, struct err *e);
/* Write down the result. status 0 or an exit status; a failure that changed nothing is forgotten,
 * so that it can be tried again. */
int request_end(struct sxc *s, struct request *r, int status, const char *output, struct err *e);
void request_release(struct request *r);

#endif
