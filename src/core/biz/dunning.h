/* SPDX-License-Identifier: MIT */
/*
 * dunning - what is done about invoices that are not paid, and how payment takes it back.
 *
 * A step is taken once an invoice, at most one a run, and counted from the later of the due date
 * and the day on which the invoice was really sent; gaps between steps are kept. What it does to
 * services are jobs. Once nothing of an account is overdue, what dunning did is lifted, and only
 * that.
 * Must not know about: how services are stopped, how mail is sent, how money is taken.
 */
#ifndef SXC_BIZ_DUNNING_H
#define SXC_BIZ_DUNNING_H

#include "biz/dunning_file.h"
#include "biz/settle.h"
#include "svc/sxc.h"

struct dunning_row {
	const char *invoice, *account, *action, *day, *currency;
	int64_t step, after;
	int64_t fee; /* of a step that is looked ahead at, minor units, 0: none */
};
struct dunning_done {
	int64_t steps, failed;
};
/*
 * Take the steps that are due. fn gets each as struct dunning_row once it is committed. E_PARTIAL
 * when some could not be taken (each is noted; they are tried again by the next run).
 */
int dunning_run(struct sxc *s, const char *account, account_row_fn fn, void *arg,
	struct dunning_done *done, struct job_ids *jobs, struct err *e);
/* The same steps; nothing is done. until: all steps up to that day, if a run is made each day and
 * nobody pays; NULL: those that a run would take now. */
int dunning_preview(struct sxc *s, const char *account, const char *until, account_row_fn fn,
	void *arg, struct dunning_done *done, struct err *e);

struct dunning_state_row {
	const char *invoice, *account, *due, *sent, *schedule, *last, *last_day, *next, *next_day;
	int64_t steps;
};
/* Open invoices and where they stand. account NULL: all. */
int dunning_list(struct sxc *s, const char *account, account_row_fn fn, void *arg, struct err *e);

/* ---- for other parts of billing; inside the caller's transaction ---- */

/* Something of the account was settled: lift what dunning did when nothing is overdue any more. */
int dunning_settled(struct sxc *s, int64_t account, struct job_ids *jobs, struct err *e);
/* Lift it whatever is overdue: a person's word. How many subscriptions it was. */
int dunning_lift(struct sxc *s, int64_t account, struct job_ids *jobs, struct err *e);
/* Is what a subscription that ends has made kept for now? 1 or 0. */
int dunning_keeps(struct sxc *s, int64_t subscription, struct err *e);
/* May that be a schedule of an account? E_NOTFOUND, E_USAGE. */
int dunning_check_name(struct sxc *s, const char *name, struct err *e);

#endif
