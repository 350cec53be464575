/* SPDX-License-Identifier: MIT */
/*
 * iso8601 - points in time and days as text (ISO 8601, proleptic Gregorian calendar, UTC).
 *
 * Years 1970 to 9999. Must not know about: time zones by name, the clock.
 */
#ifndef SXC_UTIL_ISO8601_H
#define SXC_UTIL_ISO8601_H

#include <stdbool.h>
#include <stdint.h>

#include "util/str.h"

#define ISO8601_FORM "a time such as 2026-11-23, 2026-11-23T10:00:00Z or 2026-11-23T12:00+02:00"

/*
 * Seconds since 1970 of a date (midnight UTC) or a date and time: "T" or a blank between them,
 * seconds optional, "Z", "+hh:mm" or nothing (UTC) behind. 0, or -1 if it is not one.
 */
int iso8601_parse(const char *s, int64_t *out);
/* Exactly YYYY-MM-DD and a day that exists. */
bool iso8601_is_date(const char *s);
/* Append "2026-11-23T10:00:00Z". */
void iso8601_add(struct str *s, int64_t when);
/* Append "2026-11-23". */
void iso8601_add_date(struct str *s, int64_t when);

#endif
