/* SPDX-License-Identifier: MIT */
/*
 * domain - hosted sites: which application serves which name on which private server.
 *
 * Must not know about: commands, how an application is told of a site.
 */
#ifndef SXC_BIZ_DOMAIN_H
#define SXC_BIZ_DOMAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "svc/sxc.h"
#include "util/vec.h"

struct domain_new {
	const char *name;            /* as people write it; kept in its IDNA form (RFC 5891) */
	const char *on;              /* private server */
	int64_t account;             /* row id; 0: that of the private server */
	int64_t subscription;        /* row id or 0 */
	const char *const *features; /* capabilities, NULL-terminated; NULL: http */
};

/*
 * Write down the domain and the job that makes its site, inside the caller's transaction. E_USAGE
 * for the name; E_EXISTS; E_NOTFOUND; E_STATE when nothing there provides a feature.
 */
int domain_add_tx(struct sxc *s, const struct domain_new *d, int64_t *job, struct err *e);
/* The same in a transaction of its own, then run. One that was cut short goes on. */
int domain_add(struct sxc *s, const struct domain_new *d, struct err *e);
/* The job that removes site and row. */
int domain_remove_tx(struct sxc *s, const char *name, int64_t *job, struct err *e);
int domain_remove(struct sxc *s, const char *name, struct err *e);
/* The site answers no more, its files stay; and back. */
int domain_suspend(struct sxc *s, const char *name, struct err *e);
int domain_resume(struct sxc *s, const char *name, struct err *e);

/* The job of either, inside the caller's transaction; on: resume. Queued behind whatever work on it
 * is unfinished. */
int domain_switch_tx(struct sxc *s, const char *name, bool on, int64_t *job, struct err *e);

/* The IDNA ASCII form of a name, fresh memory. E_USAGE: what is wrong with it. */
int domain_ascii(const char *name, char **out, struct err *e);

struct domain_row {
	const char *domain, *title, *account, *subscription, *ps, *server, *state, *addresses,
		*features;
	int64_t created;
};
typedef int (*domain_row_fn)(void *arg, const void *row, struct err *e);
/* ps, account NULL: all. */
int domain_list(struct sxc *s, const char *ps, const char *account, domain_row_fn fn, void *arg,
	struct err *e);
int domain_show(struct sxc *s, const char *name, domain_row_fn fn, void *arg, struct err *e);
int domain_exists(struct sxc *s, const char *name, struct err *e);
int domain_complete(struct sxc *s, const char *prefix, int limit,
	void (*fn)(void *arg, const char *name, const char *help), void *arg, struct err *e);

/* One service of a domain and its last answer. ms: milliseconds; INT64_MIN: unknown. */
struct domain_probe_row {
	const char *domain, *service, *address, *state, *note;
	int64_t code, ms, checked;
};
/*
 * Ask the services of a domain (NULL: of all active ones) now and record the answers. Returns the
 * number that are down, or E_.
 */
int domain_status(struct sxc *s, const char *name, domain_row_fn fn, void *arg, struct err *e);
/* The recorded answers. */
int domain_probes(struct sxc *s, const char *name, domain_row_fn fn, void *arg, struct err *e);

/* A disagreement between the books and a private server. */
struct domain_finding_row {
	const char *domain, *ps, *finding;
	const char
		*repair; /* what was done about it, or why nothing could be; NULL: not asked to */
};
/*
 * Compare one domain, or all with name NULL. mend: sites that are missing or in another state are
 * made as the books say; nothing is ever removed. Returns the number of findings left, or E_.
 */
int domain_check(struct sxc *s, const char *name, bool mend, domain_row_fn fn, void *arg,
	struct err *e);

#endif
