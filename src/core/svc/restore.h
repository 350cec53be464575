/* SPDX-License-Identifier: MIT */
/*
 * restore - put a backup in the place of the store.
 *
 * The backup is copied, checked and brought to this version first; a store in use is replaced in
 * one transaction, a damaged one is moved aside. What was there is kept beside the store.
 * Must not know about: what is in the store, but for the kind of home and the audit log.
 */
#ifndef SXC_SVC_RESTORE_H
#define SXC_SVC_RESTORE_H

#include "svc/sxc.h"

/*
 * Restore the store of s->home (which is not open) from file. E_NOTFOUND no such file or no home;
 * E_INTEGRITY damaged, newer, not ours, audit log broken; E_STATE a rehearsal's backup for a real
 * home or the reverse; E_BUSY. With s->dry_run only checks. *kept is where the replaced store is
 * now, the caller's; NULL when there was none.
 */
int sxc_restore(struct sxc *s, const char *file, char **kept, struct err *e);

#endif
