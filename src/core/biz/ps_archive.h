/* SPDX-License-Identifier: MIT */
/*
 * ps_archive - a backup of a private server that is made before it is deleted for good, as a job.
 *
 * Must not know about: why it goes.
 */
#ifndef SXC_BIZ_PS_ARCHIVE_H
#define SXC_BIZ_PS_ARCHIVE_H

#include "svc/sxc.h"

/* Queue it behind whatever is unfinished there; inside the caller's transaction. The file is
 * HOME/backups/NAME-archive-JOB.sxb. */
int ps_archive_tx(struct sxc *s, const char *name, int64_t *job, struct err *e);
/* Was it made? 1; 0: not, and *unfinished says whether it is still to be. */
int ps_archive_made(struct sxc *s, const char *name, bool *unfinished, struct err *e);

#endif
