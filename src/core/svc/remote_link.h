/* SPDX-License-Identifier: MIT */
/*
 * remote_link - one SSH connection: connecting with time limits, the pinned host key, logging in,
 * and running fixed commands over it. Inner part of remote; the only one with remote_*.c beside it
 * that includes libssh.
 *
 * Nothing of the user's own ssh (configuration, known_hosts, agent) is looked at. All waiting goes
 * through link_wait, which notices an interrupt within a quarter of a second and a server that
 * shows no sign of life for link.timeout seconds.
 * Must not know about: the agent, the database.
 */
#ifndef SXC_SVC_REMOTE_LINK_H
#define SXC_SVC_REMOTE_LINK_H

#include <libssh/libssh.h>

#include "svc/remote.h"

struct link {
	ssh_session ses;
	int fd;         /* of the connection, owned by ses once that stands */
	char *name;     /* for messages */
	int timeout;    /* seconds */
	bool hung_up;   /* the server closed the connection before keys were exchanged */
	int64_t heard;  /* when bytes last came, ms of the monotonic clock */
	int64_t probed; /* when we last asked for a sign of life */
	bool in;        /* logged in: before, the protocol allows no such question */
	char *host_key; /* what the server has shown: fingerprint and type */
	char *host_key_type;
};

int64_t link_now(void); /* ms, monotonic */

/*
 * Connect and exchange keys. With spec->host_key that very key must be shown (E_INTEGRITY with
 * both fingerprints, before anything secret is sent); with NULL the caller looks at l->host_key.
 * E_UNREACH.
 */
int link_open(struct link *l, const struct remote_spec *spec, struct err *e);
void link_close(struct link *l); /* on a zeroed one too */
/* Log in: E_PERM when refused. */
int link_login_key(struct link *l, const char *user, const char *identity, struct err *e);
int link_login_password(struct link *l, const char *user, const char *password, struct err *e);

/* Wait until the connection or also_fd (-1: none) can be read, or what waits to be sent can go,
 * or ms have passed. E_INTR, E_UNREACH. */
int link_wait(struct link *l, int also_fd, int ms, struct err *e);
/* The same for those who have an interrupt in hand already: E_UNREACH only. */
int link_poll(struct link *l, int also_fd, int ms, struct err *e);
/* The last error of libssh as E_UNREACH, cleaned, with what was being done. */
int link_error(struct link *l, const char *doing, struct err *e);

/* A channel running a command; the caller frees it with link_channel_free. */
int link_exec(struct link *l, const char *command, ssh_channel *out, struct err *e);
void link_channel_free(ssh_channel ch);

/*
 * Run a fixed command to its end: in (in_n bytes, may be NULL) goes to its standard input, its
 * output (at most 64 KiB) to out, the end of its error output to errs; either may be NULL. Returns
 * the exit status 0..255 or a negative E_.
 */
int link_run(struct link *l, const char *command, const void *in, size_t in_n, struct str *out,
	struct str *errs, struct err *e);

/* A connected TCP socket, or E_UNREACH. timeout in seconds. (remote_tcp.c) */
int tcp_connect(const char *name, const char *host, int port, int timeout, int *fd, struct err *e);

#endif
