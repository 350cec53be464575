/* SPDX-License-Identifier: MIT */
/*
 * call - the parts of running a command that stand between parsing and its run().
 */
#ifndef SXC_CMD_CALL_H
#define SXC_CMD_CALL_H

#include "cmd/line.h"
#include "cmd/session.h"

/*
 * Look up every object that arguments and options name (E_NOTFOUND, "no server named 'web1'"),
 * check new names against the rule (E_USAGE), put names for ids. The store must be open for kinds
 * that are looked up; without it (a command that needs no database) nothing is.
 */
int entity_check_line(struct sxc *s, struct line *l, struct err *e);

/* The question before a destructive command; 0 to go on, E_USAGE when nobody can be asked, E_FAIL
 * when the answer was no. */
int confirm_destruction(struct call *c, struct err *e);

/*
 * Run the command under --request-key: the first result again, or run it and remember. out prints
 * through call->out.
 */
int request_run(struct call *c, const struct line *l, struct err *e);

/* Help on standard output for what a line named: everything, a noun, a command. */
int help_print(struct call *c, const char *path, struct err *e);
/* The same text of a noun's verbs for a noun that stands alone, on stderr. */
void help_verbs_to_stderr(const char *path);

#endif
