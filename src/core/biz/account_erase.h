/* SPDX-License-Identifier: MIT */
/*
 * account_erase - forgetting the person behind an account.
 *
 * Must not know about: commands.
 */
#ifndef SXC_BIZ_ACCOUNT_ERASE_H
#define SXC_BIZ_ACCOUNT_ERASE_H

#include "svc/sxc.h"

/*
 * Name, address, contact, tax number, payment methods, mail and tickets go; invoices, who they were
 * addressed to, the ledger and the audit log stay. erased: what the account is called from now on.
 * E_STATE when it is not closed or not settled, E_INUSE while it has something.
 */
int account_erase(struct sxc *s, const char *name, const char *reason, char erased[32],
	struct err *e);

#endif
