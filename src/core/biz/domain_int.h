/* SPDX-License-Identifier: MIT */
/*
 * domain_int - what the files of domain share among themselves; not for others.
 *
 * Must not know about: commands, money.
 */
#ifndef SXC_BIZ_DOMAIN_INT_H
#define SXC_BIZ_DOMAIN_INT_H

#include "biz/app_int.h"
#include "biz/domain.h"
#include "biz/job.h"

/* As people write it: the Unicode form of an IDNA name, fresh memory. */
char *domain_title(const char *ascii);

struct domain {
	int64_t id, ps, server, account;
	char *name, *title, *state, *ps_name, *address; /* address: the first IPv4 one, or NULL */
};
void domain_release(struct domain *d);
/* name in any form. E_NOTFOUND. */
int domain_get(struct sxc *s, const char *name, struct domain *out, struct err *e);

extern const struct job_kind job_kind_domain_add, job_kind_domain_remove, job_kind_domain_suspend,
	job_kind_domain_resume, job_kind_domain_repair;

/* Make its site on the private server as the books say, files that are there kept. */
int domain_repair(struct sxc *s, const char *name, struct err *e);

#endif
