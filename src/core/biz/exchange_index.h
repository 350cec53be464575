/* SPDX-License-Identifier: MIT */
/*
 * exchange_index - index.yaml of an exchange as text: written, signed, verified, read.
 *
 * The last line is a comment with the signature over the SHA-256 of all before it, so that a reader
 * never sees the one without the other; see sxc-wrapper(5).
 * Must not know about: the store, where an index comes from.
 */
#ifndef SXC_BIZ_EXCHANGE_INDEX_H
#define SXC_BIZ_EXCHANGE_INDEX_H

#include <stdbool.h>
#include <stdint.h>

#include "svc/sign.h"
#include "svc/yaml.h"
#include "util/err.h"
#include "util/vec.h"

#define INDEX_FILE   "index.yaml"
#define INDEX_MAX    (YAML_MAX_BYTES + 256)
#define EXCHANGE_PUB "exchange.pub"

struct index_entry {
	const char *app, *version, *title, *file, *sha256;
	int64_t size;
	bool security;
};

/* Release with index_release; what was read borrows from doc. */
struct index {
	struct yaml *doc;
	int64_t serial, created, expires;
	char digest[SHA256_HEX]; /* of the whole text */
	struct {
		struct index_entry *v;
		size_t n, cap;
	} entries;
};
void index_release(struct index *x);

/* The text of an index, signed with the secret key; entries in their order. */
void index_write(const struct index *x, const unsigned char secret[SIGN_SECRET_SIZE],
	struct str *out);
/* Verify and read; label names it in messages. E_INTEGRITY for anything that is not as it must
 * be. */
int index_read(const char *text, size_t n, const unsigned char pub[SIGN_PUBLIC_SIZE],
	const char *label, struct index *out, struct err *e);

#endif
