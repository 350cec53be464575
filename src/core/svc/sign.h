/* SPDX-License-Identifier: MIT */
/*
 * sign - SHA-256 digests and Ed25519 signatures (libsodium: the same code on both sides, small
 * enough for the static agent; FIPS 180-4, RFC 8032).
 *
 * Must not know about: packages, connections.
 */
#ifndef SXC_SVC_SIGN_H
#define SXC_SVC_SIGN_H

#include <stddef.h>
#include <stdint.h>

#include "util/err.h"

#define SHA256_SIZE 32
#define SHA256_HEX  65 /* with NUL */

struct sha256 {
	uint64_t opaque[16]; /* large enough for the library's state; checked at compile time */
};
void sha256_init(struct sha256 *h);
void sha256_add(struct sha256 *h, const void *p, size_t n);
void sha256_end(struct sha256 *h, unsigned char out[SHA256_SIZE]);
void sha256_end_hex(struct sha256 *h, char out[SHA256_HEX]);
void sha256_hex(const unsigned char d[SHA256_SIZE], char out[SHA256_HEX]);
/* Digest of n bytes as hex. */
void sha256_buf(const void *p, size_t n, char out[SHA256_HEX]);
/* Digest and size of an open file from its current position / of a path. size may be NULL. */
int sha256_fd(int fd, char out[SHA256_HEX], int64_t *size, struct err *e);
int sha256_file(const char *path, char out[SHA256_HEX], int64_t *size, struct err *e);
/* 64 lower-case hex digits? */
int sha256_is_hex(const char *s);

#define SIGN_PUBLIC_SIZE 32
#define SIGN_SECRET_SIZE 64
#define SIGN_SIZE        64

/*
 * The control center's signing key: HOME/keys/sign (0600, hex) and sign.pub. Made by sxc init.
 * E_EXISTS; E_NOTFOUND; E_INTEGRITY for a damaged file.
 */
int sign_key_make(const char *path, struct err *e);
int sign_key_load(const char *path, unsigned char secret[SIGN_SECRET_SIZE], struct err *e);
int sign_public_load(const char *path, unsigned char pub[SIGN_PUBLIC_SIZE], struct err *e);
void sign_make(const unsigned char secret[SIGN_SECRET_SIZE], const void *p, size_t n,
	unsigned char sig[SIGN_SIZE]);
/* 0, or E_INTEGRITY. */
int sign_check(const unsigned char pub[SIGN_PUBLIC_SIZE], const void *p, size_t n,
	const unsigned char sig[SIGN_SIZE], struct err *e);

/* Lower-case hex of n bytes / back; from_hex wants exactly n bytes: 0 or -1. */
void hex_encode(const void *p, size_t n, char *out);
int hex_decode(const char *hex, void *out, size_t n);

#endif
