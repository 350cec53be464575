/* SPDX-License-Identifier: MIT */
/*
 * subscription - what an account has ordered: its terms, from a day on, and how they change.
 *
 * Must not know about: how items become invoices, how provisioning is done.
 */
#ifndef SXC_BIZ_SUBSCRIPTION_H
#define SXC_BIZ_SUBSCRIPTION_H

#include <stdbool.h>
#include <stdint.h>

#include "biz/account.h"
#include "biz/bill.h"
#include "biz/provision.h"
#include "biz/settle.h"
#include "svc/sxc.h"

struct subscribe_new {
	const char *account, *plan;
	const char *at; /* first day, YYYY-MM-DD; NULL: today where the account lives */
	const struct strvec *options;     /* K=N */
	const char *price;                /* agreed instead of the plan's; NULL: none */
	const char *paid_until;           /* the days before were paid elsewhere */
	const char *coupon;               /* NULL: none */
	struct provision_request request; /* .name is also what the subscription is called */
};
struct subscribe_done {
	int64_t id;
	char name[96]; /* ACCOUNT/N */
	bool waits;    /* for the first payment */
};
/*
 * Order a plan. E_STATE: plan retired, no price in the account's currency, account suspended or
 * closed; E_LIMIT: stock, per account, capacity; E_NOTFOUND, E_USAGE. Provisioning is queued in the
 * same transaction, its jobs are added to *jobs.
 */
int subscription_add(struct sxc *s, const struct subscribe_new *n, struct subscribe_done *done,
	struct job_ids *jobs, struct err *e);

enum change_when { WHEN_POLICY, WHEN_NOW, WHEN_RENEWAL };
struct change_new {
	const char *subscription;     /* ACCOUNT/N or #id */
	const char *plan;             /* NULL: the same, in the same version */
	const struct strvec *options; /* K=N, N 0 takes it away */
	const char *price;            /* NULL: as it is, or the new plan's */
	int64_t version;              /* row id of a version of its plan, with plan NULL; 0: none */
	int64_t notice;               /* not before so many days from now */
	const struct strvec *custom;  /* private-server.BOUND=VALUE; an empty one: the plan's */
	enum change_when when;
};
struct change_done {
	char name[96];
	char day[DAY_TEXT]; /* from which it holds */
	bool upgrade;
};
/* E_STATE: has ended, is cancelled, nothing would change, what is provided cannot become what the
 * other provides; E_LIMIT when it does not fit; E_BUSY while other work on it is unfinished. What
 * is provided is changed by jobs, which are added to *jobs. */
int subscription_change(struct sxc *s, const struct change_new *n, struct change_done *done,
	struct job_ids *jobs, struct err *e);

/* The same inside the caller's transaction. */
int subscription_change_tx(struct sxc *s, const struct change_new *n, struct change_done *done,
	struct job_ids *jobs, struct err *e);

struct migrate_new {
	const char *plan;
	int64_t from, to;      /* versions */
	int64_t notice;        /* days that they are told before, by mail; 0: they are not */
	enum change_when when; /* WHEN_NOW, WHEN_RENEWAL */
};
struct migrate_row {
	const char *subscription, *state, *day, *reason; /* state: changed, failed */
};
/*
 * Every subscription of the one version gets the other, each in a transaction of its own; what was
 * agreed for it alone stays, and so does a change that was agreed on for later. fn is told of each.
 * Run again it goes on. E_NOTFOUND for a version, E_STATE for notice without mail, E_PARTIAL when
 * some cannot be changed.
 */
int subscription_migrate(struct sxc *s, const struct migrate_new *n, account_row_fn fn, void *arg,
	struct job_ids *jobs, struct err *e);

/* Withdraw: only a consumer, within the days that are configured; charged for the days used, the
 * set-up goes back. */
enum cancel_when { CANCEL_POLICY, CANCEL_NOW, CANCEL_END, CANCEL_WITHDRAW };
struct cancel_new {
	const char *subscription;
	enum cancel_when when;
	bool refund; /* what the run credits for it goes back instead of becoming account credit */
};
struct cancel_done {
	char name[96];
	char day[DAY_TEXT]; /* the first without it */
	bool ended;         /* that is today */
};
/* E_STATE when it has ended, is cancelled for that day or earlier, or cannot be withdrawn from. */
int subscription_cancel(struct sxc *s, const struct cancel_new *n, struct cancel_done *done,
	struct job_ids *jobs, struct err *e);

/* ---- for other parts of billing; inside the caller's transaction ---- */

/* An invoice that bills it is paid: provision it if it waits. What cannot be provisioned stays
 * waiting, is noted, and is tried again by the next invoice run. */
int subscription_paid(struct sxc *s, int64_t id, struct job_ids *jobs, struct err *e);
/* Try all of an account that wait although an invoice of theirs is paid. */
int subscription_retry(struct sxc *s, int64_t account, struct job_ids *jobs, struct err *e);
/* Is there any that waits to be provided? */
int subscription_any_pending(struct sxc *s, bool *any, struct err *e);
/* End all of an account today. */
int subscription_cancel_all(struct sxc *s, const struct account *a, struct job_ids *jobs,
	struct err *e);
/* End one today. */
int subscription_end_today(struct sxc *s, int64_t id, struct job_ids *jobs, struct err *e);
/* Stop or start the services of all of an account. */
int subscription_suspend_all(struct sxc *s, int64_t account, struct job_ids *jobs, struct err *e);
int subscription_resume_all(struct sxc *s, int64_t account, struct job_ids *jobs, struct err *e);

/* Terms, charges and days of one, as the rules want them. */
int subscription_load(struct sxc *s, int64_t id, struct bill_sub *sub, struct err *e);
/* The same for those of an account that have to be looked at by that day, appended. */
int subscription_load_due(struct sxc *s, int64_t account, int64_t day, struct bill_subs *subs,
	struct err *e);
/* Write down how far the rules have come, and what today makes of it: the term in force, the
 * end. */
int subscription_save(struct sxc *s, const struct bill_sub *sub, int64_t today,
	struct job_ids *jobs, struct err *e);
/* After its terms were changed: when it falls due next. */
int subscription_refresh(struct sxc *s, int64_t id, int64_t today, struct job_ids *jobs,
	struct err *e);

/* ---- reading ---- */

struct subscription_row {
	const char *subscription, *account, *plan, *state, *start, *anchor, *paid_until, *next_bill,
		*currency, *every, *name, *until, *options, *coupon, *custom;
	int64_t id, version, price, created;
};
/* Row id of ACCOUNT/N or "#id": 1 found, 0 not. */
int subscription_find(struct sxc *s, const char *name, int64_t *id, struct err *e);
int subscription_name_of(struct sxc *s, int64_t id, char **name, struct err *e);
int subscription_names(struct sxc *s, const char *prefix, int limit,
	void (*fn)(void *arg, const char *name, const char *help), void *arg, struct err *e);
/* Those of an account, or all. */
int subscription_list(struct sxc *s, const char *account, account_row_fn fn, void *arg,
	struct err *e);

#endif
