/* SPDX-License-Identifier: MIT */
/*
 * package_apt - what the distribution offers, asked of apt-get(8) with a state of its own: nothing
 * of this machine's package database is read or changed, only where its archives are.
 *
 * Must not know about: wrappers, packages of sxc.
 */
#ifndef SXC_SVC_PACKAGE_APT_H
#define SXC_SVC_PACKAGE_APT_H

#include <stdint.h>

#include "util/err.h"
#include "util/vec.h"

struct apt {
	char *dir; /* absolute; conf, sources, lists, downloads */
};

/*
 * Prepare the directory for a platform ("debian-12") and fetch the lists of its archives that this
 * machine has in /etc/apt, main only. E_STATE: an unknown platform, none of its archives there, no
 * apt-get; E_FAIL with apt-get's last line.
 */
int apt_open(struct apt *a, const char *dir, const char *platform, struct err *e);
void apt_release(struct apt *a);

struct apt_package {
	char *name, *version, *arch, *sha256, *file; /* file: as apt-get names it */
	int64_t size;
};
struct apt_packages {
	struct apt_package *v;
	size_t n, cap;
};
void apt_packages_release(struct apt_packages *p);

/*
 * The packages named and all they need (recommended ones left out) beyond a minimal system
 * (essential, required, apt), the named ones included, sorted by name. E_NOTFOUND.
 */
int apt_closure(struct apt *a, const char *const *names, size_t n, struct apt_packages *out,
	struct err *e);
/* Version that would be installed, the caller's. */
int apt_version(struct apt *a, const char *name, char **version, struct err *e);
/*
 * Bring them to DIR/SHA256.deb, checked by digest. E_FAIL: the archives no longer have one of them
 * in that version; E_INTEGRITY: with another digest.
 */
int apt_fetch(struct apt *a, const struct apt_packages *want, const char *dir, struct err *e);

#endif
