/* SPDX-License-Identifier: MIT */
/*
 * app_dir - wrapper directories of developers: a new one to begin with, and what is missing in one.
 *
 * Must not know about: the store, packages as files.
 */
#ifndef SXC_BIZ_APP_DIR_H
#define SXC_BIZ_APP_DIR_H

#include "biz/app.h"
#include "util/err.h"

/* Write the directory NAME (in the current one), a wrapper that works and says in comments what to
 * change. E_EXISTS. */
int app_dir_new(const char *name, struct err *e);

struct app_finding_row {
	const char *where;   /* "web/wrapper.yaml:12" */
	const char *level;   /* error: it cannot be packed; advice */
	const char *finding; /* one line */
};
/* Look at a wrapper directory; each finding once. The number of errors, or E_NOTFOUND when it is no
 * wrapper directory, or what fn returned. */
int app_dir_check(const char *dir, app_row_fn fn, void *arg, struct err *e);

#endif
