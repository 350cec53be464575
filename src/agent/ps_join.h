/* SPDX-License-Identifier: MIT */
/*
 * ps_join - a process that goes into a running private server.
 *
 * Root inside is hostile. What goes in is a copy of the agent in a sealed memory file, so that
 * there is nothing on the host to overwrite through /proc/PID/exe (CVE-2019-5736); it starts in a
 * control group below the private server's, has no descriptor but its streams (CVE-2024-21626), is
 * not dumpable, so root inside cannot trace it, and has its bounding set and system calls cut down
 * before it opens any file inside.
 * Must not know about: the wire, operations.
 */
#ifndef SXC_AGENT_PS_JOIN_H
#define SXC_AGENT_PS_JOIN_H

#include <stdbool.h>
#include <sys/types.h>

#include "agent/agent.h"

struct join {
	const char *ps;
	char *const *argv; /* NULL: root's login shell */
	char *const *env;  /* NAME=VALUE or NULL */
	const char *cwd;   /* or NULL: / */
	const char *term;  /* or NULL: dumb */
	uid_t uid;
	gid_t gid;
	bool pty; /* a terminal of its own devpts; else pipes */
	unsigned short rows, cols;
	/* out, on success */
	struct stream_child
		child; /* descriptors are the caller's; with pty: in is the master side */
	char *cgroup;  /* directory of its control group, the caller's to free */
};

/* E_NOTFOUND, E_STATE (not running), E_LIMIT (its process bound is reached). */
int join_start(struct join *j, struct err *e);
/* After the child was reaped: removes its control group if nothing it started is left in it. */
void join_finish(struct join *j);
/* Kill all that it started, as far as that stayed in its control group. */
void join_kill(struct join *j);

#endif
