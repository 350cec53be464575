/* SPDX-License-Identifier: MIT */
/*
 * units - sizes, percentages, rates and durations as people write them.
 *
 * Parsers take the whole text, nothing around it, and return 0 or -1; *out is written on success
 * only and is never negative. What is allowed is said by the UNITS_…_FORM texts, for messages.
 * Must not know about: options, files, money.
 */
#ifndef SXC_UTIL_UNITS_H
#define SXC_UTIL_UNITS_H

#include <stdint.h>

#include "util/str.h"

#define UNITS_SIZE_FORM     "a size such as 64K, 128M, 2G or 1T"
#define UNITS_PERCENT_FORM  "a percentage such as 30% or 12.5%"
#define UNITS_RATE_FORM     "a rate such as 500kbit, 20mbit or 2.5gbit"
#define UNITS_DURATION_FORM "a duration such as 10s, 5m, 2h or 7d"

/* Bytes: a whole number with K M G T P (powers of 1024, upper or lower case), or none for bytes. */
int units_size(const char *s, int64_t *out);
/* Hundredths of a percent: "30%" is 3000, at most two decimals, at most 1000000%. */
int units_percent(const char *s, int64_t *out);
/* Bit a second: bit kbit mbit gbit tbit (powers of 1000), at most three decimals but for "bit". */
int units_rate(const char *s, int64_t *out);
/* Seconds: s m h d w behind a whole number; parts may follow each other ("1h30m"); "0" alone. */
int units_duration(const char *s, int64_t *out);
/* A whole decimal number in int64_t, with an optional leading minus. */
int units_int(const char *s, int64_t *out);

/* Decimal digits with a minus where needed. */
void units_add_int(struct str *s, int64_t v);
/* Human: three digits or fewer ("2.0G", "128M", "512"). */
void units_add_size(struct str *s, int64_t bytes);
/* Exact, in the largest unit that divides it ("512M", "1000"): units_size reads it back. */
void units_add_size_exact(struct str *s, int64_t bytes);
/* 147 is "1.47", 100 is "1.00". */
void units_add_hundredths(struct str *s, int64_t hundredths);
/* "12.5%", no trailing zeros. */
void units_add_percent(struct str *s, int64_t hundredths);
/* Exact, in the largest unit with at most three decimals ("2.5gbit"). */
void units_add_rate(struct str *s, int64_t bits);
/* The two largest parts: "3d4h", "5m10s", "42s". */
void units_add_duration(struct str *s, int64_t seconds);

#endif
