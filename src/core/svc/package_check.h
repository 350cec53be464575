/* SPDX-License-Identifier: MIT */
/*
 * package_check - what a package may hold: the rules for the list of members in its manifest and
 * for each entry of its archive. Nothing here reads or writes a file.
 *
 * A package holds regular files with relative names only; see sxc-wrapper(5).
 * Must not know about: where packages come from or go.
 */
#ifndef SXC_SVC_PACKAGE_CHECK_H
#define SXC_SVC_PACKAGE_CHECK_H

#include <stdbool.h>
#include <stdint.h>

#include "svc/wrapper.h"
#include "svc/yaml.h"
#include "util/err.h"

#define PACKAGE_MAX_MEMBERS  1500
#define PACKAGE_MAX_UNPACKED (4LL << 30) /* bytes of all members */
#define PACKAGE_MANIFEST     "manifest.yaml"
#define PACKAGE_MAX_MANIFEST YAML_MAX_BYTES

struct package_member {
	const char *path, *sha256; /* borrowed from the manifest */
	int64_t size;
	unsigned mode; /* 0644 or 0755 */
	bool seen;
};

struct package_members {
	struct package_member *v;
	size_t n, cap;
};

/* Read the manifest's list: E_USAGE with its place for what may not be there. Sorted by name. */
int package_members_read(struct package_members *m, const struct yaml_node *list, struct err *e);
struct package_member *package_member_find(const struct package_members *m, const char *path);
/* E_USAGE when a file that the wrapper speaks of is not a member. */
int package_members_complete(const struct package_members *m, const struct wrapper *w,
	struct err *e);

/* "LABEL refused: NAME: WHY" with E_INTEGRITY, name cleaned; name may be NULL. */
int package_refuse(struct err *e, const char *label, const char *name, const char *why);

struct archive_entry;
/* The entry's name when it is a regular file with a fit name and nothing special about it. */
int package_entry_name(struct archive_entry *en, const char *label, const char **name,
	struct err *e);
/* Is this entry the member that must come now? at: its index. E_INTEGRITY. */
int package_entry_check(struct archive_entry *en, const char *name, const struct package_members *m,
	size_t at, const char *label, struct err *e);

#endif
