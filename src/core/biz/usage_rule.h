/* SPDX-License-Identifier: MIT */
/*
 * usage_rule - what metered usage costs: units that were started beyond what is included, and
 * their price in tiers. Exact to the last step, which rounds half away from zero.
 *
 * Must not know about: the database, files, invoices.
 */
#ifndef SXC_BIZ_USAGE_RULE_H
#define SXC_BIZ_USAGE_RULE_H

#include <stdbool.h>
#include <stdint.h>

#include "util/err.h"
#include "util/period.h"
#include "util/vec.h"

#define USAGE_PRICE_DIGITS 6                          /* of a unit price */
#define USAGE_VALUE_MOST   INT64_C(10000000000000000) /* of one reading */
#define USAGE_RESOURCES    10                         /* of a plan */

enum usage_measure { MEASURE_SUM, MEASURE_MAX, MEASURE_AVERAGE };

struct usage_tier {
	int64_t upto;  /* billable units, 0: all the rest */
	int64_t price; /* of one, in millionths of the currency's major unit */
};
/* How a plan charges for one resource, in one currency. */
struct usage_rate {
	char *resource;
	int64_t included; /* of a whole month */
	int64_t unit;
	enum usage_measure measure;
	bool volume; /* all units at the price of the last tier reached; else each in its tier */
	VEC(struct usage_tier) tiers;
};
void usage_rate_release(struct usage_rate *rate);

/* What the readings of a span come to. */
struct usage_count {
	int64_t readings;
	int64_t spans; /* different starts among them */
	int64_t total; /* the sum of their values; for max, the largest */
};

const char *usage_measure_name(enum usage_measure m);

/*
 * Billable units: what was counted, less the included amount for so many days of a whole month,
 * each unit that was started. E_LIMIT.
 */
int usage_units(const struct usage_rate *rate, const struct usage_count *count, int64_t days,
	int64_t whole, int64_t *units, struct err *e);
/* What they cost in minor units of a currency with that many digits; rounded once. E_LIMIT. */
int usage_gross(const struct usage_rate *rate, int64_t units, int digits, int64_t *gross,
	struct err *e);
/* Units that fall into a tier. */
int64_t usage_tier_units(const struct usage_rate *rate, size_t tier, int64_t units);
/* The one price of all units in minor units, or INT64_MIN when there is no such. */
int64_t usage_unit_price(const struct usage_rate *rate, int64_t units, int digits);

/* The grid of calendar months of an anchor, whatever its own period. */
struct anchor usage_months(const struct anchor *a);

#endif
