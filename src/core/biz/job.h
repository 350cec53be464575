/* SPDX-License-Identifier: MIT */
/*
 * job - work on servers that survives being killed at any instant.
 *
 * Whatever touches a server is a job of a kind; a kind is a table of steps in code, a job is a row
 * with arguments (JSON) and one row a step: state, attempts, outcome. A step's run() talks to a
 * server with no transaction open and must be idempotent; its commit() then writes what came out in
 * the same transaction that marks the step done; undo() takes back what run() and commit() did, and
 * must be harmless when they did nothing. Unreachable, busy or interrupted: the job stays
 * unfinished and can be resumed. Any other failure: the steps done so far are undone in reverse
 * order and the job has failed. Killed: the next `job resume`, or the same verb again, goes on.
 * Must not know about: what the kinds do.
 */
#ifndef SXC_BIZ_JOB_H
#define SXC_BIZ_JOB_H

#include <jansson.h>
#include <stdint.h>

#include "svc/msg.h"
#include "svc/remote.h"
#include "svc/sxc.h"

struct job {
	struct sxc *sxc;
	int64_t id;
	const struct job_kind *kind;
	char *nonce;    /* makes its name on servers unique beyond this store */
	char *object;   /* name of what the job is about */
	int64_t server; /* row id of the server it works on; 0: none or several */
	json_t *args;   /* what it was asked; steps may add to it with job_remember */
	int step;       /* index of the step being run */
	bool undoing;   /* undo() is being run, not run() */
};

struct job_step {
	const char *name;                                 /* "create private server" */
	int (*run)(struct job *j, struct err *e);         /* network; no transaction; may be NULL */
	int (*commit)(struct job *j, struct err *e);      /* inside the transaction; may be NULL */
	int (*undo)(struct job *j, struct err *e);        /* network; no transaction; may be NULL */
	int (*undo_commit)(struct job *j, struct err *e); /* inside the transaction; may be NULL */
	const char *undo_name; /* what undo does, for job show; NULL: nothing */
};

struct job_kind {
	const char *name; /* "ps.add" */
	const struct job_step *steps;
	int n;
};

/* Kinds register themselves: JOB_KIND(ps_add, "ps.add", steps_ps_add); */
#define JOB_KIND(id, kindname, table)                                                              \
	const struct job_kind job_kind_##id = {kindname, table, sizeof(table) / sizeof(table[0])}; \
	const struct job_kind *const job_kind_ptr_##id                                             \
		__attribute__((used, section("job_kinds"))) = &job_kind_##id

/*
 * A job created inside another job's commit() follows it: job_run on the first runs it afterwards.
 *
 * Write the job down; call inside the transaction that records the intent (the object in state
 * "adding", say). Takes over args. *id out. The request key of the invocation is tied to it.
 */
int job_create(struct sxc *s, const struct job_kind *kind, const char *object, int64_t server,
	json_t *args, int64_t *id, struct err *e);
/*
 * Run it until it is done, failed and undone, or cannot go on now. Result of the failing step with
 * "job N: " and what to do in the message. E_BUSY if another process works on it.
 */
int job_run(struct sxc *s, int64_t id, struct err *e);
/* Run what is unfinished of all that the request being worked on (s->request_id) asked for. */
int job_run_request(struct sxc *s, struct err *e);
/*
 * End the verb's transaction that made a job, and run that: made is what came of making it,
 * negative rolls back. *job 0: there is none to run.
 */
int job_end_tx(struct sxc *s, int made, const int64_t *job, struct err *e);
/* Undo what was done, then cancelled. E_STATE when it is done already. */
int job_cancel(struct sxc *s, int64_t id, struct err *e);
/* Is it unfinished, done, failed …? The caller's text. E_NOTFOUND. */
int job_state(struct sxc *s, int64_t id, char **state, struct err *e);
/* Unfinished job about that object (kind NULL: any): 1 and *id, 0 none. */
int job_unfinished(struct sxc *s, const char *kind, const char *object, int64_t *id, struct err *e);
/* Work off the unfinished jobs that nobody holds (queued by invoice run, subscribe …), one after
 * another, notes on each. Returns the number that did not finish, or E_. */
int job_run_queue(struct sxc *s, struct err *e);

/* For steps: change args durably (own small transaction; inside commit() part of it). */
int job_remember(struct job *j, const char *key, json_t *value, struct err *e);
const char *job_arg(const struct job *j, const char *key); /* text or NULL */
int64_t job_arg_i64(const struct job *j, const char *key, int64_t def);
/*
 * For steps: call the agent of server (row id) under this job's stable name; see remote_call.
 * Takes over req (may be NULL). ans may be NULL.
 */
int job_call(struct job *j, int64_t server, const char *op, struct msg *req, struct msg **ans,
	struct err *e);

/* ---- for `sxc job` ---- */
struct job_row {
	int64_t id;
	const char *kind, *object, *server, *state, *step, *error;
	int64_t steps_done, steps, created, updated;
};
/* started, ended: by the real clock, whatever --now says: they tell how long it took. */
struct job_step_row {
	int64_t seq;
	const char *name, *state, *undo, *error;
	int64_t attempts, started, ended;
};
typedef int (*job_row_fn)(void *arg, const void *row, struct err *e);
/* Each as struct job_row; all: also those that have ended. */
int job_list(struct sxc *s, bool all, job_row_fn fn, void *arg, struct err *e);
/* One; E_NOTFOUND. */
int job_get(struct sxc *s, int64_t id, job_row_fn fn, void *arg, struct err *e);
/* Its steps, each as struct job_step_row. */
int job_steps(struct sxc *s, int64_t id, job_row_fn fn, void *arg, struct err *e);

#endif
