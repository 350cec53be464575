/* SPDX-License-Identifier: MIT */
/*
 * package_lock - wrapper.lock: which version a wrapper directory stands for, and exactly which
 * packages of the distribution travel inside.
 *
 * Must not know about: archives of packages, the store.
 */
#ifndef SXC_SVC_PACKAGE_LOCK_H
#define SXC_SVC_PACKAGE_LOCK_H

#include "svc/package_apt.h"
#include "svc/wrapper.h"
#include "util/err.h"

#define LOCK_FILE "wrapper.lock"

struct lock_platform {
	char *name;
	struct apt_packages packages; /* sorted by name */
};

struct package_lock {
	char *version;
	struct {
		struct lock_platform *v;
		size_t n, cap;
	} platforms;
};
void package_lock_release(struct package_lock *l);

/* Read DIR/wrapper.lock: 1, 0 when there is none, E_USAGE with the place of what is wrong. */
int package_lock_load(struct package_lock *l, const char *dir, struct err *e);
/* Write it beside and rename. */
int package_lock_save(const struct package_lock *l, const char *dir, struct err *e);
/*
 * Ask the distribution: packages of each platform, and the version, which is higher than that of
 * old (may be NULL). cache: directory for lists and downloads. Lock is empty before.
 */
int package_lock_resolve(struct package_lock *l, const struct wrapper *w,
	const struct package_lock *old, const char *cache, struct err *e);
/* Have every locked package as CACHE/SHA256.deb, fetching those that are not there. */
int package_lock_fetch(const struct package_lock *l, const char *cache, struct err *e);

#endif
