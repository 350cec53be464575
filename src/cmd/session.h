/* SPDX-License-Identifier: MIT */
/*
 * session - one invocation of sxc, or one interactive shell: runs command lines one after another
 * with the same open store and the same connections to servers.
 *
 * Must not know about: line editing, how errors are shown.
 */
#ifndef SXC_CMD_SESSION_H
#define SXC_CMD_SESSION_H

#include "cmd/cmd.h"
#include "cmd/line.h"

struct session {
	struct sxc sxc;
	struct globals base; /* global options a line starts with */
	char *base_now;      /* SXC_NOW; NULL when unset */
	bool shell;          /* lines of sxc shell: unique beginnings of commands will do */
	const struct globals *globals; /* of the line that runs now */
	bool terminal;                 /* a person can be asked */
	bool broken_pipe;              /* the reader of standard output went away */
};

/* Finds out who is calling and from the environment what the options are when not given. */
void session_init(struct session *ses);
void session_release(struct session *ses);

/*
 * Run one command line (argv without the program's name). 0, the exit status of a command that ran
 * somewhere (positive), or a negative E_ with *e, which the caller shows.
 */
int session_run(struct session *ses, int argc, char **argv, struct err *e);

/* Settle home, login and clock from the options of a line; opens nothing. */
int session_setup(struct session *ses, const struct globals *g, struct err *e);

/* The session that runs the command: for the nouns that run further lines (shell, __complete). */
struct session *session_of(const struct call *c);

#endif
