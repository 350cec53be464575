/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A token bucket: how much may pass now at a rate. Pure: the caller brings the time and sees to
 * it that only one asks at once; compiles in user space too.
 */
#ifndef SXPS_BUCKET_H
#define SXPS_BUCKET_H

#ifdef __KERNEL__
#include <linux/types.h>
#else
#include <stdbool.h>
#include <stdint.h>
#endif

/* Zeroed is a valid start: full at the first use. */
struct sxps_bucket {
	int64_t tokens; /* bytes; negative: passed on credit, to be waited for */
	uint64_t last;  /* ns, up to which tokens have been granted */
	bool used;
};

/* Whether a packet of `bytes` may pass at `now` (ns, never decreasing) and `rate` (bytes a second,
 * at most SXPS_RATE_MAX / 8; 0: never). A packet passes whole while there is any token, so that
 * one larger than the bucket is possible; the excess is waited for, and the long run keeps the
 * rate. The bucket holds a quarter of a second, at least two frames. */
bool sxps_bucket_take(struct sxps_bucket *b, uint64_t rate, uint64_t now, uint64_t bytes);

#endif
