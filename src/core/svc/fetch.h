/* SPDX-License-Identifier: MIT */
/*
 * fetch - files from elsewhere by their address: a directory here, HTTP(S), SSH (libcurl).
 *
 * What comes is never more than was said, and is the caller's to verify.
 * Must not know about: what the files are.
 */
#ifndef SXC_SVC_FETCH_H
#define SXC_SVC_FETCH_H

#include <stdint.h>

#include "util/err.h"
#include "util/str.h"

/* How to get at a place. Borrowed texts. */
struct fetch {
	const char *base;     /* /DIR, http://…, https://…, ssh://[USER@]HOST[:PORT]/DIR */
	const char *ca;       /* file of certificates to trust for https; NULL: the system's */
	const char *identity; /* private key for ssh; its public one is beside it (.pub) */
	const char *host_key; /* "SHA256:…", for ssh */
	void (*progress)(void *arg, const char *what, int64_t done, int64_t total); /* or NULL */
	void *arg;
};

/* Is this the address of a place that can be fetched from? E_USAGE says what is. */
int fetch_check_base(const char *base, struct err *e);
/*
 * Append a file of the place to out, at most max bytes. E_NOTFOUND; E_UNREACH; E_PERM; E_INTEGRITY
 * for a certificate or host key that is not right or for more than max bytes; E_INTR.
 */
int fetch_text(const struct fetch *f, const char *name, int64_t max, struct str *out,
	struct err *e);
/* The same into a file that grows from what is there of it to at most size bytes. */
int fetch_file(const struct fetch *f, const char *name, const char *path, int64_t size,
	struct err *e);

#endif
