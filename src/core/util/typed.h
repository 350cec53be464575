/* SPDX-License-Identifier: MIT */
/*
 * typed - values of simple types as people write them, checked against bounds and brought to one
 * form: what the settings of wrapped applications are made of.
 *
 * Must not know about: applications, YAML.
 */
#ifndef SXC_UTIL_TYPED_H
#define SXC_UTIL_TYPED_H

#include <stddef.h>
#include <stdint.h>

#include "util/err.h"

enum typed_kind {
	TYPED_INTEGER,
	TYPED_SIZE,
	TYPED_DURATION,
	TYPED_BOOLEAN,
	TYPED_STRING,
	TYPED_CHOICE,
	TYPED_SECRET,
	TYPED_LIST,
	TYPED_KINDS,
};

struct typed {
	enum typed_kind kind;
	int64_t min, max;     /* of numbers; of the bytes of a text; of the items of a list */
	const char *match;    /* POSIX extended expression for the whole text or item, or NULL */
	const char **choices; /* n of them, for TYPED_CHOICE */
	size_t n;
};

/* "integer" … and back: the kind, or -1. */
const char *typed_name(enum typed_kind k);
int typed_find(const char *name);
/* The widest bounds of its kind. */
void typed_widest(struct typed *t);
/* 0, or E_USAGE when match is no expression. */
int typed_check_match(const char *match, struct err *e);
/*
 * Check a value as it was typed and bring it to its canonical form, the caller's: whole numbers,
 * bytes, seconds, yes or no, items of a list apart by single commas. That form is taken as well,
 * and stays as it is: each side checks what the other sends. E_USAGE says what is allowed; secrets
 * are not repeated there. No text holds control bytes or invalid UTF-8; without match, letters,
 * digits, blanks and _ . : / @ % + = - only (and commas between items).
 */
int typed_canon(const struct typed *t, const char *value, char **out, struct err *e);

#endif
