/* SPDX-License-Identifier: MIT */
/*
 * account_ops - what a person does to an account as a whole: suspend, park, close, and back.
 *
 * Each is one transaction; jobs that stop or remove services are queued in it and added to *jobs.
 * Must not know about: how services are stopped.
 */
#ifndef SXC_BIZ_ACCOUNT_OPS_H
#define SXC_BIZ_ACCOUNT_OPS_H

#include "biz/settle.h"

/* Stop its services and new orders. E_STATE when a person has done so already, or it is closed. */
int account_suspend(struct sxc *s, const char *name, const char *reason, struct job_ids *jobs,
	struct err *e);
/* Lift every suspension and start the services. E_STATE when it is not suspended. */
int account_resume(struct sxc *s, const char *name, struct job_ids *jobs, struct err *e);
/* Stop logins and new orders; services and billing go on. */
int account_lock(struct sxc *s, const char *name, const char *reason, struct err *e);
int account_unlock(struct sxc *s, const char *name, struct err *e);
/* Stop billing only. */
int account_park(struct sxc *s, const char *name, const char *reason, struct err *e);
int account_unpark(struct sxc *s, const char *name, struct err *e);
/* End all its subscriptions today and take no more orders; the next run makes the final invoice.
 * refund: what that credits goes back to who paid, instead of becoming credit. */
int account_close(struct sxc *s, const char *name, const char *reason, bool refund,
	struct job_ids *jobs, struct err *e);

#endif
