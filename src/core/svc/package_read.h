/* SPDX-License-Identifier: MIT */
/*
 * package_read - packages (NAME-VERSION.sxa) as files: verified whole, then unpacked.
 *
 * Used by the control center and by the agent, which trusts the former no more than anyone.
 * Must not know about: the store, servers.
 */
#ifndef SXC_SVC_PACKAGE_READ_H
#define SXC_SVC_PACKAGE_READ_H

#include <stdint.h>

#include "svc/package_check.h"
#include "svc/sign.h"
#include "svc/wrapper.h"
#include "util/err.h"

struct package {
	struct yaml *doc; /* the manifest; wrapper and members borrow from it */
	char *manifest;   /* its text */
	const char *version;
	struct wrapper wrapper;
	struct package_members members;
	int64_t size, unpacked;  /* bytes of the file; of its members */
	char digest[SHA256_HEX]; /* of the file */
};
void package_free(struct package *p);
void package_cleanup(struct package **p);
#define autopackage autoclean(package_cleanup) struct package

/*
 * Read a package from its first byte to its last: every rule of package_check, every size and
 * digest. label names it in messages. *out is the caller's. E_INTEGRITY for anything that is not
 * as it must be.
 */
int package_read(int fd, const char *label, struct package **out, struct err *e);
/* The manifest alone, from its text (which is copied): for packages that were read before. */
int package_read_manifest(const char *text, size_t n, const char *label, struct package **out,
	struct err *e);
/*
 * Write the members of a package that was read below the directory dir, which must be empty;
 * digests are checked again. The caller removes what is there after a failure. Synced.
 */
int package_unpack(int fd, struct package *p, int dir, const char *label, struct err *e);

/*
 * The signature is Ed25519 over the 32 bytes of the file's SHA-256, kept as 128 hex digits.
 * E_INTEGRITY.
 */
int package_check_signature(const char *digest, const char *signature,
	const unsigned char pub[SIGN_PUBLIC_SIZE], const char *label, struct err *e);

#endif
