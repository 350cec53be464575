/* SPDX-License-Identifier: MIT */
/*
 * ps_int - what the files of ps share among themselves; not for others.
 *
 * Must not know about: commands, money.
 */
#ifndef SXC_BIZ_PS_INT_H
#define SXC_BIZ_PS_INT_H

#include "biz/job.h"
#include "biz/ps.h"

/*
 * A server (on, or the one with most memory left) that can keep the promise; b->net_share is turned
 * into b->net there. except: a private server whose own promise does not count (0: none).
 */
int ps_find_room(struct sxc *s, const char *on, int64_t except, struct ps_bounds *b,
	int64_t *server, char **name, struct err *e);

/* Bounds that are complete and make sense together; E_USAGE. In ps.c. */
int ps_check_bounds(const struct ps_bounds *b, struct err *e);

/* ---- for the steps of jobs about private servers, in ps_job.c ---- */

/* Row id: "ps" of the arguments. */
int64_t ps_job_id(const struct job *j);
/* A request about it, the caller's. */
struct msg *ps_job_named(const struct job *j);
/* A local file to the store of its server. */
int ps_job_push(struct job *j, const char *path, const char *digest, struct err *e);
int ps_step_image(struct job *j, struct err *e); /* the image of digest "image" to the server */
int ps_step_create(struct job *j, struct err *e);
int ps_step_remove(struct job *j, struct err *e);
int ps_step_start(struct job *j, struct err *e);
int ps_step_stop(struct job *j, struct err *e);
int ps_step_start_first(struct job *j, struct err *e); /* unless "stopped" */
/* Install all that the books have there (ps_rebuild.c). */
int ps_step_install_again(struct job *j, struct err *e);
int ps_step_added(struct job *j, struct err *e);  /* commit of the last */
int ps_step_forget(struct job *j, struct err *e); /* commit: out of the books */

int ps_step_start_again(struct job *j, struct err *e); /* if it "was" running */
/* Layers, in ps_snapshot.c: the prepared one for that it lives in, and back; then what was is kept
 * ("keep") or goes. discard: what was prepared goes ("previous": back to its place). */
int ps_step_exchange(struct job *j, struct err *e);
int ps_step_exchange_back(struct job *j, struct err *e);
int ps_step_discard(struct job *j, struct err *e);
int ps_step_settle(struct job *j, struct err *e);

/* One operation of its server's agent that changes nothing. Takes over req (NULL: none), to which
 * its name is added; ev may be NULL. */
int ps_ask_with(struct sxc *s, const struct ps *p, const char *op, struct msg *req,
	const struct remote_events *ev, struct msg **ans, struct err *e);
static inline int ps_ask(struct sxc *s, const struct ps *p, const char *op, struct msg *req,
	struct msg **ans, struct err *e)
{
	return ps_ask_with(s, p, op, req, NULL, ans, e);
}

/*
 * Write down a job of that kind about a private server, with an audit row, in a transaction of its
 * own, and run it. from: states it may be in. Takes over args, to which "ps" and "was" (its state)
 * are added. An unfinished job of the same kind is gone on with.
 */
int ps_run_kind(struct sxc *s, const char *name, const struct job_kind *kind, const char *from,
	json_t *args, struct err *e);
/* The rest of ps_add_tx for a job of another kind: args is added to those of ps.add. */
int ps_add_kind_tx(struct sxc *s, const struct ps_new *n, const struct job_kind *kind, json_t *args,
	int64_t *job, struct err *e);

extern const struct job_kind job_kind_ps_add, job_kind_ps_start, job_kind_ps_stop,
	job_kind_ps_restart, job_kind_ps_suspend, job_kind_ps_resume, job_kind_ps_remove,
	job_kind_ps_set, job_kind_ps_restore, job_kind_ps_restore_new, job_kind_ps_snapshot_add,
	job_kind_ps_snapshot_remove, job_kind_ps_snapshot_restore, job_kind_ps_rebuild,
	job_kind_ps_mend, job_kind_ps_change;

#endif
