/* SPDX-License-Identifier: MIT */
/*
 * settings - the keys of `sxc config`: types, defaults, one line of help each.
 *
 * Must not know about: the store.
 */
#ifndef SXC_SVC_SETTINGS_H
#define SXC_SVC_SETTINGS_H

#include "util/err.h"

/* Default of a key, or NULL when it has none or is unknown. */
const char *settings_default(const char *key);
/* 0, or E_USAGE: unknown key (naming near ones) or a value it does not take. */
int settings_check(const char *key, const char *value, struct err *e);

#endif
