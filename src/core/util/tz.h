/* SPDX-License-Identifier: MIT */
/*
 * tz - which calendar day it is somewhere, from the system's time zone database.
 *
 * Reads TZif files (RFC 8536) under /usr/share/zoneinfo itself, because the C library knows one
 * zone a process; "UTC" needs no file.
 * Must not know about: the clock, periods.
 */
#ifndef SXC_UTIL_TZ_H
#define SXC_UTIL_TZ_H

#include <stdint.h>

#include "util/err.h"

/* Rules of one zone, in memory. */
struct tz;
void tz_free(struct tz *tz);
void tz_cleanup(struct tz **tz);
#define autotz autoclean(tz_cleanup) struct tz

/* Load a zone such as "Europe/Paris". E_USAGE when there is none of that name. *out is the
 * caller's. */
int tz_load(struct tz **out, const char *zone, struct err *e);
const char *tz_name(const struct tz *tz);
/* Seconds east of UTC in force at time t (seconds since 1970 UTC). */
int64_t tz_offset(const struct tz *tz, int64_t t);
/* The day (since 1970-01-01) that it is there at time t. */
int64_t tz_day(const struct tz *tz, int64_t t);

#endif
