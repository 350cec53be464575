/* SPDX-License-Identifier: MIT */
/*
 * provision_int - shared by the files of provision alone.
 */
#ifndef SXC_BIZ_PROVISION_INT_H
#define SXC_BIZ_PROVISION_INT_H

#include <jansson.h>

#include "biz/provision.h"
#include "biz/ps.h"
#include "util/vec.h"

/* The bounds of a private server as a plan says them, and which of them may go unenforced. */
void provision_bounds(const json_t *ps, const json_t *best_effort, struct ps_bounds *b);
/* E_STATE for a bound that nothing would enforce, unless it is in the list best_effort. */
int provision_refuse(const json_t *provides, const json_t *best_effort, struct err *e);
/* Names of the private servers that a subscription made, in their order. */
int provision_servers(struct sxc *s, int64_t subscription, struct strvec *names, struct err *e);

#endif
