/* SPDX-License-Identifier: MIT */
/*
 * usage_int - shared by the files of usage alone: the months of a term.
 */
#ifndef SXC_BIZ_USAGE_INT_H
#define SXC_BIZ_USAGE_INT_H

#include "biz/usage.h"

/* The days of a term that fall into one month of its anchor, and the days of that month. */
struct usage_span {
	int64_t start, until, whole;
};
/* The span that holds a day; usage counts from the day first on. */
struct usage_span usage_span_at(const struct bill_term *t, int64_t first, int64_t day);
/* The day from which on a term's usage counts, and a day in the span that is to be billed next. */
int usage_days(struct sxc *s, int64_t term, int64_t *first, int64_t *from, struct err *e);

#endif
