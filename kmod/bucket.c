// SPDX-License-Identifier: GPL-2.0
#include "bucket.h"
#ifdef __KERNEL__
#include <linux/math64.h>
#define divide(a, b) div64_u64(a, b)
#else
#define divide(a, b) ((a) / (b))
#endif

#define SECOND  1000000000ULL
#define DAY     86400ULL
#define MINIMUM 3036

static int64_t depth(uint64_t rate)
{
	return rate / 4 > MINIMUM ? (int64_t)(rate / 4) : MINIMUM;
}

/* Grants whole bytes and moves `last` by their time only, so that a slow rate asked often loses
 * nothing to rounding. Longer waits than a day fill any bucket. */
static void refill(struct sxps_bucket *b, uint64_t rate, uint64_t now)
{
	uint64_t wait = now > b->last ? now - b->last : 0;
	uint64_t seconds = divide(wait, SECOND);
	uint64_t rest, part;

	if (seconds > DAY)
		seconds = DAY;
	rest = wait < DAY * SECOND ? wait - seconds * SECOND : 0;
	part = divide(rest * rate, SECOND);
	b->tokens += (int64_t)(seconds * rate + part);
	b->last += seconds * SECOND + divide(part * SECOND + rate - 1, rate);
	if (b->tokens >= depth(rate)) {
		b->tokens = depth(rate);
		b->last = now;
	}
}

bool sxps_bucket_take(struct sxps_bucket *b, uint64_t rate, uint64_t now, uint64_t bytes)
{
	if (!rate)
		return false;
	if (!b->used) {
		b->used = true;
		b->tokens = depth(rate);
		b->last = now;
	}
	refill(b, rate, now);
	if (b->tokens <= 0)
		return false;
	b->tokens -= (int64_t)bytes;
	return true;
}
