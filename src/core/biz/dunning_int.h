/* SPDX-License-Identifier: MIT */
/*
 * dunning_int - shared by the files of dunning alone: an open invoice and the step that is next.
 */
#ifndef SXC_BIZ_DUNNING_INT_H
#define SXC_BIZ_DUNNING_INT_H

#include "biz/dunning.h"
#include "util/period.h"

/* An open invoice, and how far dunning has come. */
struct dun {
	int64_t id;
	char *number, *schedule;
	struct account a;
	int64_t due, opened, sent; /* days; sent DAY_NONE: not yet */
	int64_t balance;
	int64_t last, last_after, last_day; /* the last step that was taken; 0: none */
	int64_t group_day; /* of the first step with the same last_after: gaps count from it */
	int64_t today;     /* where the account lives */
};
void dun_release(struct dun *d);
#define autodun autoclean(dun_release) struct dun
/* 1, or 0 when it is not open any more. */
int dun_get(struct sxc *s, int64_t invoice, struct dun *d, struct err *e);
/* Its next step: 1, *step its index and *day the day it is due; 0 when there is none, or it cannot
 * be told because the invoice was not sent yet. */
int dun_next(const struct dun *d, const struct dunning_schedule *sched, size_t *step, int64_t *day);
/* The schedule that holds for it. */
int dun_schedule(struct sxc *s, const struct dun *d, struct dunning_schedule *out, struct err *e);

/* Take a step; *note (the caller's, or NULL) says what of it could not be done. */
int dun_act(struct sxc *s, const struct dun *d, size_t step, const struct dunning_step *st,
	char **note, struct job_ids *jobs, struct err *e);
/* What it does to services. */
int dun_effect(struct sxc *s, const struct dun *d, enum dunning_do act, struct job_ids *jobs,
	struct err *e);
/* Delete what was kept long enough. The number of subscriptions. */
int dun_delete_kept(struct sxc *s, struct job_ids *jobs, struct err *e);

/* What a late fee of it would be now, minor units; 0: none. */
int dun_fee(struct sxc *s, const struct dun *d, const struct dunning_step *st, int64_t *amount,
	struct err *e);

#endif
