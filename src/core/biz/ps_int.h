/* SPDX-License-Identifier: MIT */
/*
 * ps_int - what the files of ps share among themselves; not for others.
 *
 * Must not know about: commands, money.
 */
#ifndef SXC_BIZ_PS_INT_H
#define SXC_BIZ_PS_INT_H

#include "biz/job.h"
#include "biz/ps.h"

/*
 * A server (on, or the one with most memory left) that can keep the promise; b->net_share is turned
 * into b->net there. except: a private server whose own promise does not count (0: none).
 */
int ps_find_room(struct sxc *s, const char *on, int64_t except, struct ps_bounds *b,
	int64_t *server, char **name, struct err *e);

extern const struct job_kind job_kind_ps_add, job_kind_ps_start, job_kind_ps_stop,
	job_kind_ps_restart, job_kind_ps_suspend, job_kind_ps_resume, job_kind_ps_remove,
	job_kind_ps_set;

#endif
