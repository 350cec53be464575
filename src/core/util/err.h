/* SPDX-License-Identifier: MIT */
/*
 * err - errors as values.
 *
 * A fallible function returns 0 (or a count) or a negative E_ code and fills its last argument, a
 * struct err *, which owns nothing and may live on the stack. Messages are lower case, without a
 * full stop, name the object and say what would help. Only src/cmd/main.c and the shell print them.
 * Must not know about: terminals, exit, anything above the C library.
 */
#ifndef SXC_UTIL_ERR_H
#define SXC_UTIL_ERR_H

#include <signal.h>

/* The negative of each is the exit status of sxc; see sxc(1), EXIT STATUS. */
enum {
	E_FAIL = -1,     /* failed for a reason of its own: I/O, a remote command */
	E_USAGE = -2,    /* syntax, unknown option, YAML error, value out of range */
	E_NOTFOUND = -3, /* no such object */
	E_EXISTS = -4,   /* exists already */
	E_STATE = -5,    /* wrong state for this; cannot be enforced there; not configured */
	E_INUSE = -6,    /* in use by something else */
	E_LIMIT = -7,    /* a limit, quota, stock or the capacity would be exceeded */
	E_PERM = -8,     /* wrong password, missing role */
	E_UNREACH = -9,  /* server unreachable: refused, timed out, connection lost */
	E_PARTIAL = -10, /* done for some targets, failed for others */
	E_BUSY = -11,    /* another run holds it */
	E_INTEGRITY =
		-12,   /* digest, signature, host key, damaged or newer database, hostile input */
	E_INTR = -130, /* interrupted by the user */
};

struct err {
	int code; /* 0 or E_… */
	char msg[1024];
};

/* Set code and message; returns code so that "return err_set(e, …)" is the idiom. e may be NULL. */
int err_set(struct err *e, int code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* Like err_set with E_FAIL (E_LIMIT for a full disk or quota) and ": " strerror(errno) behind. */
int err_sys(struct err *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Put "context: " before the message that is there; returns e->code. */
int err_wrap(struct err *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Set by the SIGINT/SIGTERM handler of the program; long work looks at it and returns E_INTR. */
extern volatile sig_atomic_t interrupted;
/* E_INTR with "interrupted" if a signal came, else 0. */
int err_interrupted(struct err *e);

#endif
