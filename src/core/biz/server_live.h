/* SPDX-License-Identifier: MIT */
/*
 * server_live - asking and using many servers at once: status, ping, commands, a shell, upgrades.
 *
 * Every function works through all of the servers given, however some fare, and tells how each
 * ended. Result: 0; the one error when all failed for the same reason; E_PARTIAL otherwise.
 * Must not know about: commands, terminals beyond what remote does.
 */
#ifndef SXC_BIZ_SERVER_LIVE_H
#define SXC_BIZ_SERVER_LIVE_H

#include "biz/server.h"

/* How one server fared; error NULL: well. */
typedef void (*server_told_fn)(void *arg, const char *name, const char *error);

/* Numbers are INT64_MIN where the server did not answer; state "up" or "down". */
struct server_status_row {
	const char *name, *state, *agent, *module, *module_state, *module_why, *enforces, *error;
	int64_t load; /* average of the last minute in hundredths: 147 is 1.47 */
	int64_t memory_used, memory, disk_used, disk, rx, tx, uptime, ps_running, enforcing;
};
/* Each as struct server_status_row, in the order of l. */
int server_status(struct sxc *s, const struct server_specs *l, server_row_fn fn, void *arg,
	struct err *e);

struct server_ping_row {
	const char *name, *state, *error;
	int64_t ms; /* from asking to the answer, the connection standing; INT64_MIN: none */
	int64_t connect_ms; /* connecting, logging in, starting the agent */
};
int server_ping(struct sxc *s, const struct server_specs *l, server_row_fn fn, void *arg,
	struct err *e);

struct server_exec {
	char *const *argv; /* NULL-terminated */
	/* Output as it comes, from one server at a time; may be called from any thread. */
	int (*data)(void *arg, const char *name, int fd, const void *p, size_t n, struct err *e);
	server_told_fn told; /* from the calling thread */
	void *arg;
	bool input; /* the command reads our standard input; with one server only */
};
/* A command that ends with another status than 0 counts as E_FAIL. */
int server_exec(struct sxc *s, const struct server_specs *l, const struct server_exec *x,
	struct err *e);
/* A shell on this terminal: exit status 0..255 or a negative E_. */
int server_enter(struct sxc *s, const char *name, struct err *e);
/* Each as its own job, one after another. */
int server_upgrade_all(struct sxc *s, const struct server_specs *l, bool restart_ps,
	server_told_fn told, void *arg, struct err *e);

#endif
