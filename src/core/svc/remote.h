/* SPDX-License-Identifier: MIT */
/*
 * remote - talking to managed servers: SSH connections (libssh), the agent at their other end, and
 * work on many of them at once.
 *
 * One connection a server, kept in the pool of the invocation (so that the interactive shell reuses
 * it). Everything here asserts that no database transaction is open, except that it never touches
 * the database at all: what it must know of a server comes in struct remote_spec.
 * Must not know about: the database, entities, terminals.
 */
#ifndef SXC_SVC_REMOTE_H
#define SXC_SVC_REMOTE_H

#include <stdbool.h>
#include <stdint.h>

#include "svc/msg.h"
#include "util/err.h"
#include "util/str.h"

/* How to reach one server. Borrowed texts; the caller keeps them while the call lasts. */
struct remote_spec {
	const char *name; /* for messages: the server's name */
	const char *host; /* address or host name */
	int port;
	const char *user;
	const char *host_key;      /* pinned "SHA256:…"; NULL only in remote_first_contact */
	const char *host_key_type; /* its type, "ssh-ed25519"; NULL: found out by trying */
	const char *identity;      /* path of the private key */
	int timeout;               /* seconds for connecting and for silence; 0: 15 */
};

struct remote_pool;
struct remote_pool *remote_pool_new(void);
void remote_pool_free(struct remote_pool *p); /* closes every connection; NULL-safe */

struct remote; /* an authenticated connection with a running agent session */

/*
 * Connect (or take from the pool), check the host key, authenticate with the key, start the agent,
 * exchange versions. E_UNREACH (refused, timed out), E_INTEGRITY (host key, with both
 * fingerprints), E_PERM (key refused), E_STATE (no agent there, or one of another version: says
 * "sxc server upgrade NAME"). Give it back with remote_put; a broken one is closed then.
 */
int remote_get(struct remote_pool *p, const struct remote_spec *spec, struct remote **out,
	struct err *e);
void remote_put(struct remote_pool *p, struct remote *r);

/* Listeners of a call; any may be NULL. Return negative (with *e) to cancel. */
struct remote_events {
	/* Output of a running command: fd 1 or 2, raw bytes. */
	int (*data)(void *arg, int fd, const void *p, size_t n, struct err *e);
	/* Progress of the operation as the agent reports it: step and counts. */
	void (*progress)(void *arg, const char *step, int64_t done, int64_t total);
	/* Bytes for the operation's input: fill up to n, return count, 0 at the end, negative E_;
	 * REMOTE_AGAIN when nothing is there now: it is asked again when input_fd can be read. */
	int (*input)(void *arg, void *p, size_t n, struct err *e);
	int input_fd;
	void *arg;
};
#define REMOTE_AGAIN (-1000)
/* An input that reads this process's standard input as it comes (input_fd 0); arg is not used.
 * Without an input the operation finds its end at once. */
int remote_stdin(void *arg, void *p, size_t n, struct err *e);

/*
 * One operation: op ("ps.create"), job (stable name under which the agent records the outcome, such
 * as "j17.2"; NULL for reads), req (borrowed). On success *ans is the caller's. An error answered
 * by the agent comes back with its code and message; a lost connection is E_UNREACH. If the user
 * interrupts, a cancel is sent and E_INTR returned.
 */
int remote_call(struct remote *r, const char *op, const char *job, const struct msg *req,
	const struct remote_events *ev, struct msg **ans, struct err *e);

/*
 * Bring a local file to the server's store (/var/lib/sxc/store/SHA256), resuming what is there,
 * checked by digest on arrival, renamed then. sha256: 64 hex digits. Present already: returns at
 * once.
 */
int remote_push(struct remote *r, const char *path, const char *sha256,
	const struct remote_events *ev, struct err *e);
/* Fetch a file of the server's store into a local path (temporary name, digest, rename). */
int remote_fetch(struct remote *r, const char *sha256, const char *path,
	const struct remote_events *ev, struct err *e);

/* A terminal session: op is "ps.enter" or "server.enter"; stdin/stdout of this process, raw mode,
 * window size followed. Returns the remote exit status 0..255 or a negative E_. */
int remote_terminal(struct remote *r, const char *op, const struct msg *req, struct err *e);

/*
 * First contact of `server add`: connect with a password or a given identity, look at the host key.
 * When want_key is NULL, confirm() is asked with the fingerprint and must return true. Puts the
 * control center's public key (one authorized_keys line) and the agent binary in place and checks
 * the digest of what arrived. The password is wiped by the caller.
 * E_PERM wrong password; E_INTEGRITY other host key; E_STATE not Linux, kernel too old, no cgroup
 * v2, no systemd; E_LIMIT disk full.
 */
struct remote_contact {
	struct remote_spec spec;
	const char *password;   /* or NULL */
	const char *public_key; /* authorized_keys line to install */
	const char *agent_path; /* local agent binary */
	bool (*confirm)(void *arg, const char *fingerprint);
	/* Told of each step, may be NULL. */
	void (*note)(void *arg, const char *step);
	void *arg;
	char *host_key_type; /* out, on success: the type of the host key, the caller's */
};
/* On success *host_key ("SHA256:…", the caller's) is the key that was seen and accepted. */
int remote_first_contact(struct remote_contact *c, char **host_key, struct err *e);
/* Put the agent in place over a connection with the control center's key, unless the very same is
 * there (server upgrade). An idle connection of the pool is used and closed. */
int remote_push_agent(struct remote_pool *p, const struct remote_spec *spec, const char *agent_path,
	struct err *e);
/* Take the control center's public key out of authorized_keys again. The key being refused means
 * that it is gone already. */
int remote_drop_key(struct remote_pool *p, const struct remote_spec *spec, const char *public_key,
	struct err *e);

/* Make an Ed25519 key pair for SSH: private key at path (0600), public line at path.pub. */
int remote_make_key(const char *path, const char *comment, struct err *e);

/*
 * The engine: run fn for each of n items, at most jobs at once, each in a thread of its own. fn
 * must not touch the database. done(), called from the calling thread as each ends, may.
 * Returns 0, or E_INTR when interrupted (items not started are reported with E_INTR).
 */
struct engine_item {
	const struct remote_spec *spec;
	void *arg;      /* the caller's */
	int result;     /* out: 0 or E_ */
	struct err err; /* out */
};
int engine_run(struct remote_pool *p, struct engine_item *items, size_t n, int jobs,
	int (*fn)(struct remote *r, struct engine_item *it, struct err *e),
	void (*done)(void *arg, struct engine_item *it), void *arg, struct err *e);

#endif
