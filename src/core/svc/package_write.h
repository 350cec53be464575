/* SPDX-License-Identifier: MIT */
/*
 * package_write - make a package from a wrapper directory and its lock. The same directory and lock
 * give the same bytes.
 *
 * Must not know about: the store, servers, how packages of the distribution are found.
 */
#ifndef SXC_SVC_PACKAGE_WRITE_H
#define SXC_SVC_PACKAGE_WRITE_H

#include "svc/package_lock.h"
#include "svc/wrapper.h"
#include "svc/yaml.h"
#include "util/err.h"

#define WRAPPER_FILE "wrapper.yaml"

/*
 * Read DIR/wrapper.yaml. The wrapper borrows from *doc, the caller's. E_NOTFOUND: no wrapper
 * directory; E_USAGE with file:line:column.
 */
int package_load_wrapper(const char *dir, struct yaml **doc, struct wrapper *w, struct err *e);

/*
 * Write the package to path. Members are the regular files below dir but for wrapper.yaml, names
 * that begin with a dot and names that end in ~, and each locked package from CACHE/SHA256.deb.
 * Links and special files are refused, templates are tried. Read back and checked before it is
 * there. E_USAGE for what is wrong in the directory.
 */
int package_write(const char *dir, const struct yaml_node *root, const struct wrapper *w,
	const struct package_lock *lock, const char *cache, const char *path, struct err *e);

/* Do the names in a template exist, and is its syntax sound? E_USAGE with its line. */
int package_try_template(const char *dir, const struct wrapper *w, const struct wrapper_template *t,
	struct err *e);

/* "NAME-VERSION.sxa" in fresh memory; the : of an epoch is written %3a. */
char *package_file_name(const char *app, const char *version);

#endif
