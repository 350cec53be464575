/* SPDX-License-Identifier: MIT */
/*
 * settings - the keys of `sxc config`: types, defaults, one line of help each.
 *
 * A new key is one row of the table in settings.c. Values are kept as the text that was given.
 * Must not know about: the store.
 */
#ifndef SXC_SVC_SETTINGS_H
#define SXC_SVC_SETTINGS_H

#include <stddef.h>
#include <stdint.h>

#include "util/err.h"

enum setting_type {
	SETTING_TEXT,     /* one line, min to max bytes */
	SETTING_LINES,    /* several lines, max bytes */
	SETTING_INT,      /* a whole number from min to max */
	SETTING_DAYS,     /* "14d": min to max days; strtoll reads the number */
	SETTING_CURRENCY, /* ISO 4217 */
	SETTING_TIMEZONE, /* a name of the time zone database */
	SETTING_EMAIL,
	SETTING_FILE,   /* a file that is taken into the store; its digest is the value */
	SETTING_CHOICE, /* one of the words in form */
};

struct setting {
	const char *key;
	enum setting_type type;
	const char *def;  /* NULL: none */
	const char *help; /* one line, lower case, no full stop */
	int64_t min, max;
	const char *form; /* SETTING_CHOICE: the words; SETTING_TEXT: allowed bytes, or NULL */
};

/* The i-th setting in alphabetical order, NULL at the end. */
const struct setting *settings_at(size_t i);
/* The setting of that key, or NULL. */
const struct setting *settings_find(const char *key);
/* Default of a key, or NULL when it has none or is unknown. */
const char *settings_default(const char *key);
/* 0, or E_USAGE: unknown key (naming near ones) or a value it does not take. */
int settings_check(const char *key, const char *value, struct err *e);
/* 0, or E_USAGE naming near keys. */
int settings_check_key(const char *key, struct err *e);

#endif
