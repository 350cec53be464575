/* SPDX-License-Identifier: MIT */
/*
 * money - amounts in a currency's minor unit (cents), as 64-bit integers.
 *
 * Must not know about: exchange rates (there are none), invoices.
 */
#ifndef SXC_UTIL_MONEY_H
#define SXC_UTIL_MONEY_H

#include <stdint.h>

#include "util/err.h"
#include "util/str.h"

/*
 * Digits of the minor unit of a currency (ISO 4217, list one, codes in capitals): JPY 0, USD 2,
 * KWD 3. -1 for a code that is not there.
 */
int money_digits(const char *currency);
/* Append the amount without the currency: 2495 USD is "24.95". Unknown codes get two digits. */
void money_format(struct str *s, int64_t minor, const char *currency);
/* Append "24.95 USD". */
void money_format_code(struct str *s, int64_t minor, const char *currency);
/*
 * Parse "24.95" or "-3" into minor units. Never more decimals than the currency has, no thousands
 * separators. E_USAGE with what is wrong; also for an unknown currency.
 */
int money_parse(const char *text, const char *currency, int64_t *out, struct err *e);
/* E_USAGE unless it is the code of a currency. */
int money_check_currency(const char *currency, struct err *e);

#endif
