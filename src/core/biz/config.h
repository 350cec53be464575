/* SPDX-License-Identifier: MIT */
/*
 * config - the seller's and the control center's settings, changed with a row in the audit log.
 *
 * Must not know about: what the settings are for.
 */
#ifndef SXC_BIZ_CONFIG_H
#define SXC_BIZ_CONFIG_H

#include "svc/sxc.h"

/*
 * Set a key, or take its value away (value NULL). E_USAGE for an unknown key or a wrong value,
 * E_NOTFOUND for taking away what is not set. In a dry run only checked.
 */
int config_change(struct sxc *s, const char *key, const char *value, struct err *e);

struct config_row {
	const char *key, *value; /* value: what is in force, NULL for none */
	const char *def;         /* default, NULL for none */
	int64_t set;             /* 1: was set, 0: the default */
	const char *help;
};
/* Every key there is, in alphabetical order, to fn. */
int config_list(struct sxc *s, int (*fn)(void *arg, const void *row, struct err *e), void *arg,
	struct err *e);

#endif
