/* SPDX-License-Identifier: MIT */
/*
 * metering - readings of private servers, collected from the servers they live on.
 *
 * Each active server is asked once; a private server has a reading an hour of `transfer` (bytes in
 * and out) and of `disk` (bytes held), sealed once the hour is over. Transfer is counted on the
 * server, in a total that outlives restarts of everything there: hours that were not collected are
 * made up from it, evenly. Of disk they stay unknown.
 * Must not know about: what usage costs.
 */
#ifndef SXC_BIZ_METERING_H
#define SXC_BIZ_METERING_H

#include "biz/server.h"
#include "biz/settle.h"
#include "svc/sxc.h"

#define METERING_HOUR 3600

struct metering_row {
	const char *server, *state, *error; /* state: up, down */
	int64_t ps, readings;               /* private servers that are there; readings sealed */
};

/*
 * Ask every active server, at once up to s->jobs, and seal what is due; fn gets each server as
 * struct metering_row, by name. Servers that do not answer hold nothing up: what they have counted
 * is collected next time. E_PARTIAL when some failed; what they failed with when all did.
 */
int metering_collect(struct sxc *s, server_row_fn fn, void *arg, struct job_ids *jobs,
	struct err *e);

#endif
