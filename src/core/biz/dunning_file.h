/* SPDX-License-Identifier: MIT */
/*
 * dunning_file - schedules: what is done when about an invoice that is not paid.
 *
 * The setting dunning.schedules is YAML: a list of steps a name. "standard" is built in, unless it
 * stands there.
 * Must not know about: invoices, the store.
 */
#ifndef SXC_BIZ_DUNNING_FILE_H
#define SXC_BIZ_DUNNING_FILE_H

#include <stdint.h>

#include "util/err.h"

enum dunning_do { DUN_REMIND, DUN_COLLECT, DUN_LATE_FEE, DUN_THROTTLE, DUN_SUSPEND, DUN_TERMINATE };

struct dunning_fee {
	char currency[4];
	int64_t amount; /* minor units */
};
struct dunning_step {
	int64_t after; /* days from the later of the due date and the day it was sent */
	enum dunning_do act;
	struct dunning_fee *fees; /* of a late fee */
	size_t n_fees;
};
struct dunning_schedule {
	struct dunning_step *v;
	size_t n, cap;
};
void dunning_schedule_release(struct dunning_schedule *s);
#define autoschedule autoclean(dunning_schedule_release) struct dunning_schedule

/* The word of what is done: "late-fee". */
const char *dunning_do_name(enum dunning_do act);
/* Read the schedule of that name. yaml NULL: none are set. E_NOTFOUND, E_USAGE. */
int dunning_schedule_read(const char *yaml, const char *name, struct dunning_schedule *out,
	struct err *e);
/* The fewest days after the due date on which any schedule does something. E_USAGE. */
int dunning_schedules_first(const char *yaml, int64_t *after, struct err *e);
/* Are all of them right? E_USAGE "dunning.schedules:line:column: …". */
int dunning_schedules_check(const char *yaml, struct err *e);

#endif
