/* SPDX-License-Identifier: MIT */
/*
 * ps_fleet - what the servers say of private servers now, many servers asked at once.
 *
 * Must not know about: commands, how the agent finds out.
 */
#ifndef SXC_BIZ_PS_FLEET_H
#define SXC_BIZ_PS_FLEET_H

#include "biz/ps.h"
#include "biz/server.h"

struct ps_fleet {
	struct server_specs servers;
	struct msg **answers;        /* one a server; NULL: it did not answer */
	struct fleet_entry *entries; /* by name */
	size_t n;
};
/* Ask one server, or with NULL all. Those that do not answer are told of by a note. */
int ps_fleet_ask(struct sxc *s, const char *server, struct ps_fleet *f, struct err *e);
/* What its server said of that private server; NULL: nothing. Borrowed. */
const struct msg *ps_fleet_find(const struct ps_fleet *f, const char *ps);
void ps_fleet_release(struct ps_fleet *f);

struct ps_top_row {
	const char *ps, *server;
	int64_t cpu;            /* hundredths of a percent of the server */
	int64_t memory, disk;   /* bytes */
	int64_t procs;          /* processes and threads */
	int64_t sent, received; /* bit/s */
	int64_t since;          /* when it started */
	int64_t restarts;       /* reboots inside and crashes */
};
/* What those that run take, most CPU first, measured over ms milliseconds. */
int ps_top(struct sxc *s, const char *server, int ms, ps_row_fn fn, void *arg, struct err *e);

#endif
