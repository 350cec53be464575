/* SPDX-License-Identifier: MIT */
/*
 * check - does the fleet agree with the books?
 *
 * Must not know about: how findings are shown.
 */
#ifndef SXC_BIZ_CHECK_H
#define SXC_BIZ_CHECK_H

#include "svc/sxc.h"

struct check_row {
	const char *area;   /* database, audit, books, job, server, ps */
	const char *object; /* name of what it is about, or NULL */
	const char *finding;
	const char *repair; /* what was done, or why nothing could be; NULL: not asked to */
};
typedef int (*check_fn)(void *arg, const void *row, struct err *e);

/*
 * Look at the database file, the audit log, the books of money, unfinished jobs, and at each
 * server what lives there; fn gets each finding as struct check_row. offline: servers are not
 * asked. mend: jobs are gone on with, private servers started or stopped as the books say; nothing
 * is ever destroyed. Returns the number of findings that are left or a negative E_.
 */
int check_all(struct sxc *s, bool offline, bool mend, check_fn fn, void *arg, struct err *e);

#endif
