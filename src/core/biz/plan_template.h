/* SPDX-License-Identifier: MIT */
/*
 * plan_template - the ready-made plans that come with sxc.
 *
 * Files in share/plans beside the program (a source tree), or PREFIX/share/sxc/plans.
 * Must not know about: the store.
 */
#ifndef SXC_BIZ_PLAN_TEMPLATE_H
#define SXC_BIZ_PLAN_TEMPLATE_H

#include "util/err.h"

struct plan_template_row {
	const char *name, *title;
};
/* Each as struct plan_template_row, by name. E_NOTFOUND when they are not installed. */
int plan_template_list(int (*fn)(void *arg, const void *row, struct err *e), void *arg,
	struct err *e);
/* The text of one, the caller's. E_NOTFOUND. */
int plan_template_text(const char *name, char **text, struct err *e);

#endif
