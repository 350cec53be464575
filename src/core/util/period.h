/* SPDX-License-Identifier: MIT */
/*
 * period - whole days and the periods made of them: "1 month from January 31".
 *
 * A day is counted from 1970-01-01 in the proleptic Gregorian calendar. Periods are half-open,
 * [start, end). The anchor's day of the month is remembered: monthly from January 31 begins on
 * February 28 (29), March 31, April 30.
 * Must not know about: the clock, time zones (util/tz.h), prices.
 */
#ifndef SXC_UTIL_PERIOD_H
#define SXC_UTIL_PERIOD_H

#include <stdint.h>

#include "util/err.h"

#define DAY_NONE INT64_MIN /* no day: open end */
#define DAY_TEXT 11        /* bytes of "YYYY-MM-DD" and its NUL */

struct civil {
	int64_t year;
	int month; /* 1..12 */
	int day;   /* 1..31 */
};

/* The calendar date of a day and back. day_of needs a date that exists. */
struct civil day_civil(int64_t day);
int64_t day_of(struct civil c);
int days_in_month(int64_t year, int month);
/* "YYYY-MM-DD" with years 1970 to 9999, a date that exists. E_USAGE. */
int day_parse(const char *text, int64_t *out, struct err *e);
/* Writes "YYYY-MM-DD" to buf and returns it; "" for DAY_NONE. */
const char *day_format(int64_t day, char buf[DAY_TEXT]);

enum period_unit { UNIT_DAY, UNIT_WEEK, UNIT_MONTH, UNIT_YEAR };
/* N day | week | month | year. */
struct every {
	int64_t n;
	enum period_unit unit;
};
/* "1 month", "2 weeks"; singular and plural are the same. 1 to 3650 days, or as many years. E_USAGE. */
int every_parse(const char *text, struct every *out, struct err *e);
/* "day", "week", "month", "year". */
const char *unit_name(enum period_unit unit);
/* 1 for a unit of that name, *out set. */
int unit_parse(const char *name, enum period_unit *out);

/* A grid of periods: where it begins and the day of the month it remembers (0 for days, weeks). */
struct anchor {
	int64_t start;
	int dom;
	struct every every;
};
/* Grid that begins on that day. */
struct anchor anchor_at(int64_t start, struct every every);
/*
 * Grid of months or years aligned to a day of the month: it begins on the first such day on or
 * after the given day, so that the span before is a part of the period that ends there.
 */
struct anchor anchor_aligned(int64_t day, int dom, struct every every);
/* Start of the k-th period, k may be negative. */
int64_t anchor_nth(const struct anchor *a, int64_t k);
/* The period [*start, *end) that holds the day. */
void anchor_period(const struct anchor *a, int64_t day, int64_t *start, int64_t *end);
/* Price of a year for comparing plans: numerator and denominator of periods in a year of 365.2425
 * days (a month is a twelfth of it), so that price * num / den compares. */
void every_per_year(struct every every, int64_t *num, int64_t *den);

#endif
