/* SPDX-License-Identifier: MIT */
/*
 * sxc - what one invocation works with: the home directory, the open store, the clock, who acts and
 * how much to say. Passed to every business function; nothing of it is global.
 *
 * Must not know about: commands, output formats.
 */
#ifndef SXC_SVC_SXC_H
#define SXC_SVC_SXC_H

#include <stdbool.h>
#include <stdint.h>

#include "svc/db.h"
#include "util/err.h"

struct remote_pool; /* svc/remote.h: connections that are open, reused within one process */

struct sxc {
	char *home;    /* control center's directory, absolute */
	struct db *db; /* NULL until sxc_open; opened as the command needs */
	enum db_mode mode;
	bool rehearsal; /* the home was made by init --rehearsal: --now may turn the clock */
	int64_t now;    /* the clock of this invocation, seconds since 1970 UTC; --now or real */
	bool now_given; /* --now or SXC_NOW was used */
	char *login;    /* real login name of the caller */
	char *as;       /* --as, or NULL */
	bool dry_run;   /* -n */
	int verbose;    /* -v: 1 each step, 2 each remote call */
	bool quiet;
	int jobs;           /* -j: servers worked on at once */
	char *request_key;  /* --request-key or NULL */
	int64_t request_id; /* row of the request being worked on, 0 if none */
	bool part;          /* jobs made now are a part of the request only: not tied to it */
	int64_t parent_job; /* job whose commit is being made: jobs created in it follow it */
	struct remote_pool *pool;
	/* Told of progress and notes; NULL: nobody listens. Texts may hold remote bytes. */
	void (*note)(void *arg, const char *text);
	/* done of total (0: unknown), in bytes or items, of what; on one line, redrawn. */
	void (*progress)(void *arg, const char *what, int64_t done, int64_t total);
	void *tell_arg;
};

/* Open HOME/sxc.db. E_NOTFOUND says how to make one ("sxc init"). Reads the rehearsal flag and
 * refuses (E_STATE) a --now with DB_WRITE outside a rehearsal. */
int sxc_open(struct sxc *s, enum db_mode mode, struct err *e);
void sxc_release(struct sxc *s);
/* Create the home directory (0700) with its parts and a fresh store. E_EXISTS. */
int sxc_init(struct sxc *s, bool rehearsal, struct err *e);
/* HOME/rel in fresh memory. */
char *sxc_path(const struct sxc *s, const char *rel);
/* Path of a program of ours that is not for people: what the environment variable says, else beside
 * this program, else where it is installed. The caller's. */
char *sxc_helper(const char *variable, const char *name);
/* Call s->note with a formatted text if verbosity is at least level (0: always unless quiet). */
void sxc_note(struct sxc *s, int level, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/*
 * Write transaction of a verb: begin; then audit rows and the request's mark in the same commit.
 * tx_commit also marks the request as having changed something (see svc/request.h).
 */
int tx_begin(struct sxc *s, struct err *e);
int tx_commit(struct sxc *s, struct err *e);
void tx_rollback(struct sxc *s);
/* autorollback struct sxc *tx = s; rolls back on scope exit unless set to NULL after tx_commit. */
void tx_cleanup(struct sxc **s);
#define autorollback autoclean(tx_cleanup)

/*
 * Append a row to the hash-chained audit log; call inside the transaction that makes the change.
 * what: "server.add"; object: its name; before, after: JSON text or NULL.
 */
int audit_add(struct sxc *s, const char *what, const char *object, const char *before,
	const char *after, struct err *e);
/* Prove the chain: 0, or E_INTEGRITY naming the first row that does not fit; *rows counts them. */
int audit_verify(struct sxc *s, int64_t *rows, struct err *e);

/* ---- configuration (table config: key, value) ---- */

/* Value in fresh memory, or NULL when unset and there is no default. Keys: see sxc-config(1). */
int config_get(struct sxc *s, const char *key, char **out, struct err *e);
int config_get_i64(struct sxc *s, const char *key, int64_t *out, struct err *e);
int config_set(struct sxc *s, const char *key, const char *value, struct err *e);

#endif
