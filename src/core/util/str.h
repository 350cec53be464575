/* SPDX-License-Identifier: MIT */
/*
 * str - a growing byte string, always NUL-terminated, that may hold NUL bytes.
 *
 * Must not know about: files, encodings beyond UTF-8 validity.
 */
#ifndef SXC_UTIL_STR_H
#define SXC_UTIL_STR_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include "util/mem.h"

struct str {
	char *p; /* NULL or NUL-terminated; use str_c() for a string that is never NULL */
	size_t len;
	size_t cap;
};

#define STR_INIT                                                                                   \
	{                                                                                          \
		NULL, 0, 0                                                                         \
	}
/* A local that is released on leaving its scope: autostr s = STR_INIT; */
#define autostr autoclean(str_release) struct str

void str_release(struct str *s);
void str_clear(struct str *s); /* length 0, memory kept */
/* Room for n more bytes plus the NUL; str_setlen after writing there. */
void str_reserve(struct str *s, size_t n);
void str_setlen(struct str *s, size_t len);
/* For a queue: the bytes before *off are used up. They go, and *off becomes 0, once nothing is
 * left behind them or they are more than slack, so that it does not grow by all that passes. */
void str_drop_used(struct str *s, size_t *off, size_t slack);
void str_add(struct str *s, const char *text);
void str_addn(struct str *s, const void *p, size_t n);
void str_addc(struct str *s, char c);
void str_addf(struct str *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void str_addvf(struct str *s, const char *fmt, va_list ap) __attribute__((format(printf, 2, 0)));
static inline const char *str_c(const struct str *s)
{
	return s->p ? s->p : "";
}
/* The buffer, owned by the caller; the string is empty afterwards. Never NULL. */
char *str_steal(struct str *s);
/* Formatted into fresh memory owned by the caller. */
char *str_fmt(const char *fmt, ...) __attribute__((format(printf, 1, 2), malloc));

bool str_eq(const char *a, const char *b); /* NULL equals only NULL */
bool str_starts(const char *s, const char *prefix);
bool str_ends(const char *s, const char *suffix);
/* Valid UTF-8 (RFC 3629) of n bytes, without NUL. */
bool str_is_utf8(const char *s, size_t n);
/*
 * A name as CLI fixes it: [a-z0-9][a-z0-9._-]{0,62}. Used for servers, private servers, plans,
 * accounts, applications.
 */
bool str_is_name(const char *s);
/* One line to be shown to people: 1 to most bytes of UTF-8, no control characters (C0, DEL, C1). */
bool str_is_line(const char *s, size_t most);
/*
 * Append text that came from elsewhere so that it is safe on a terminal: control bytes (C0, DEL,
 * C1) and invalid UTF-8 become \xHH, newline and tab stay when keep_lines is set.
 */
void str_add_clean(struct str *s, const char *text, size_t n, bool keep_lines);

#endif
