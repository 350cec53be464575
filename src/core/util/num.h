/* SPDX-License-Identifier: MIT */
/*
 * num - exact whole-number arithmetic for money and rates. No floating point, no wrap-around.
 *
 * Must not know about: currencies, plans.
 */
#ifndef SXC_UTIL_NUM_H
#define SXC_UTIL_NUM_H

#include <stdint.h>

#include "util/err.h"
#include "util/str.h"

/* *out = a + b. E_LIMIT when it does not fit. */
int num_add(int64_t a, int64_t b, int64_t *out, struct err *e);
/* *out = a * b. E_LIMIT when it does not fit. */
int num_mul(int64_t a, int64_t b, int64_t *out, struct err *e);
/*
 * *out = a * b / c, multiplied first in 128 bits, rounded half away from zero (IEEE 754-2019,
 * 4.3.1 roundTiesToAway). c must be positive. E_LIMIT when the result does not fit.
 */
int num_muldiv(int64_t a, int64_t b, int64_t c, int64_t *out, struct err *e);

/*
 * Parse a decimal with exactly the given number of places kept: "9.975" with 6 places is 9975000.
 * Optional sign, at least one digit before the point, at most places after it, nothing else.
 * Returns 0, -1 when it is no such number, -2 for more places than allowed, -3 when too large.
 */
int num_parse(const char *text, int places, int64_t *out);
/* Append v / 10^places as a decimal with min to places digits behind the point. */
void num_format(struct str *s, int64_t v, int places, int min);

/* A rate is in millionths of a percent: 9.975% is 9975000; this is 100%. */
#define RATE_ONE INT64_C(100000000)
/* "9.975%", 0% to 1000%, up to six decimals. E_USAGE with what is allowed. */
int rate_parse(const char *text, int64_t *out, struct err *e);
/* Append "9.975%". */
void rate_format(struct str *s, int64_t rate);

#endif
