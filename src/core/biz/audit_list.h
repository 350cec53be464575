/* SPDX-License-Identifier: MIT */
/*
 * audit_list - reading the audit log.
 *
 * Must not know about: how its rows are chained (svc/sxc.h).
 */
#ifndef SXC_BIZ_AUDIT_LIST_H
#define SXC_BIZ_AUDIT_LIST_H

#include "svc/sxc.h"

struct audit_row {
	int64_t id, at, clock;
	const char *login, *actor, *what, *object;
	const char *before, *after; /* JSON or NULL */
};
struct audit_filter {
	const char *object, *what; /* NULL: any */
	int64_t limit;             /* the last ones; 0: all */
};
/* Rows in the order they were written. */
int audit_list(struct sxc *s, const struct audit_filter *f,
	int (*fn)(void *arg, const void *row, struct err *e), void *arg, struct err *e);

#endif
