/* SPDX-License-Identifier: MIT */
/*
 * Digests are OpenSSL's, for it uses the processor's own instructions; by their old names, which
 * need none of its providers and keep the agent small. Signatures are libsodium's.
 */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "svc/sign.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/sha.h>
#include <sodium.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/mem.h"
#include "util/str.h"

_Static_assert(sizeof(SHA256_CTX) <= sizeof(struct sha256), "state fits");
_Static_assert(SIGN_PUBLIC_SIZE == crypto_sign_ed25519_PUBLICKEYBYTES, "public key size");
_Static_assert(SIGN_SECRET_SIZE == crypto_sign_ed25519_SECRETKEYBYTES, "secret key size");
_Static_assert(SIGN_SIZE == crypto_sign_ed25519_BYTES, "signature size");

/* ---- digests ---- */

static SHA256_CTX *state(struct sha256 *h)
{
	return (SHA256_CTX *)(void *)h->opaque;
}

void sha256_init(struct sha256 *h)
{
	SHA256_Init(state(h));
}

void sha256_add(struct sha256 *h, const void *p, size_t n)
{
	if (n)
		SHA256_Update(state(h), p, n);
}

void sha256_end(struct sha256 *h, unsigned char out[SHA256_SIZE])
{
	SHA256_Final(out, state(h));
}

void sha256_hex(const unsigned char d[SHA256_SIZE], char out[SHA256_HEX])
{
	hex_encode(d, SHA256_SIZE, out);
}

void sha256_end_hex(struct sha256 *h, char out[SHA256_HEX])
{
	unsigned char d[SHA256_SIZE];

	sha256_end(h, d);
	sha256_hex(d, out);
}

void sha256_buf(const void *p, size_t n, char out[SHA256_HEX])
{
	struct sha256 h;

	sha256_init(&h);
	sha256_add(&h, p, n);
	sha256_end_hex(&h, out);
}

int sha256_fd(int fd, char out[SHA256_HEX], int64_t *size, struct err *e)
{
	enum { CHUNK = 128 * 1024 };
	autofree unsigned char *buf = mem_alloc(CHUNK);
	struct sha256 h;
	int64_t total = 0;
	ssize_t n;

	sha256_init(&h);
	while ((n = read(fd, buf, CHUNK)) != 0) {
		if (n < 0 && errno == EINTR && !interrupted)
			continue;
		if (n < 0)
			return interrupted ? err_interrupted(e) : err_sys(e, "cannot read");
		sha256_add(&h, buf, (size_t)n);
		total += n;
	}
	sha256_end_hex(&h, out);
	if (size)
		*size = total;
	return 0;
}

int sha256_file(const char *path, char out[SHA256_HEX], int64_t *size, struct err *e)
{
	autoclose int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	int r;

	if (fd < 0 && errno == ENOENT)
		return err_set(e, E_NOTFOUND, "%s: no such file", path);
	if (fd < 0)
		return err_sys(e, "cannot read %s", path);
	r = sha256_fd(fd, out, size, e);
	return r < 0 ? err_wrap(e, "%s", path) : 0;
}

int sha256_is_hex(const char *s)
{
	return strspn(s, "0123456789abcdef") == SHA256_HEX - 1 && !s[SHA256_HEX - 1];
}

/* ---- key files: one line of hex ---- */

static int write_all(int fd, const char *p, size_t n)
{
	while (n > 0) {
		ssize_t w = write(fd, p, n);

		if (w < 0 && errno != EINTR)
			return -1;
		if (w > 0) {
			p += w;
			n -= (size_t)w;
		}
	}
	return 0;
}

/* Temporary name beside it, fsync, rename: there is a whole key or none. */
static int write_key(const char *path, const unsigned char *key, size_t n, mode_t mode,
	struct err *e)
{
	autofree char *tmp = str_fmt("%s.new", path);
	char line[2 * SIGN_SECRET_SIZE + 2];
	autoclose int fd = -1;
	int r = 0;

	hex_encode(key, n, line);
	line[2 * n] = '\n';
	unlink(tmp);
	fd = open(tmp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
	if (fd < 0 || write_all(fd, line, 2 * n + 1) < 0 || fsync(fd) < 0 || rename(tmp, path) < 0)
		r = err_sys(e, "cannot write %s", path);
	if (r < 0)
		unlink(tmp);
	mem_wipe(line, sizeof(line));
	return r;
}

static int read_key(const char *path, unsigned char *key, size_t n, struct err *e)
{
	autoclose int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	char line[2 * SIGN_SECRET_SIZE + 3];
	ssize_t got;
	int r = 0;

	if (fd < 0 && errno == ENOENT)
		return err_set(e, E_NOTFOUND, "no key %s: \"sxc init\" makes it", path);
	got = fd < 0 ? -1 : read(fd, line, sizeof(line) - 1);
	if (got < 0)
		return err_sys(e, "cannot read %s", path);
	if (got > 0 && line[got - 1] == '\n')
		got--;
	line[got] = '\0';
	if ((size_t)got != 2 * n || hex_decode(line, key, n) < 0)
		r = err_set(e, E_INTEGRITY, "%s is damaged: it must hold %zu hex digits", path,
			2 * n);
	mem_wipe(line, sizeof(line));
	return r;
}

int sign_key_make(const char *path, struct err *e)
{
	unsigned char pub[SIGN_PUBLIC_SIZE], secret[SIGN_SECRET_SIZE];
	autofree char *public_path = str_fmt("%s.pub", path);
	int r;

	if (access(path, F_OK) == 0)
		return err_set(e, E_EXISTS, "%s exists already", path);
	if (sodium_init() < 0)
		return err_set(e, E_FAIL, "no source of random numbers");
	crypto_sign_ed25519_keypair(pub, secret);
	/* The secret last: once it is there, both are. */
	r = write_key(public_path, pub, sizeof(pub), 0644, e);
	if (r == 0)
		r = write_key(path, secret, sizeof(secret), 0600, e);
	mem_wipe(secret, sizeof(secret));
	return r;
}

int sign_key_load(const char *path, unsigned char secret[SIGN_SECRET_SIZE], struct err *e)
{
	unsigned char pub[SIGN_PUBLIC_SIZE], again[SIGN_SECRET_SIZE];
	int r = read_key(path, secret, SIGN_SECRET_SIZE, e);

	if (r < 0)
		return r;
	/* The second half is the public key of the first (RFC 8032, 5.1.5): they must agree. */
	crypto_sign_ed25519_seed_keypair(pub, again, secret);
	if (sodium_memcmp(again, secret, sizeof(again)) != 0) {
		mem_wipe(secret, SIGN_SECRET_SIZE);
		r = err_set(e, E_INTEGRITY, "%s is damaged: its halves do not belong together",
			path);
	}
	mem_wipe(again, sizeof(again));
	return r;
}

int sign_public_load(const char *path, unsigned char pub[SIGN_PUBLIC_SIZE], struct err *e)
{
	return read_key(path, pub, SIGN_PUBLIC_SIZE, e);
}

/* ---- signatures ---- */

void sign_make(const unsigned char secret[SIGN_SECRET_SIZE], const void *p, size_t n,
	unsigned char sig[SIGN_SIZE])
{
	crypto_sign_ed25519_detached(sig, NULL, p, n, secret);
}

int sign_check(const unsigned char pub[SIGN_PUBLIC_SIZE], const void *p, size_t n,
	const unsigned char sig[SIGN_SIZE], struct err *e)
{
	if (crypto_sign_ed25519_verify_detached(sig, p, n, pub) != 0)
		return err_set(e, E_INTEGRITY, "the signature does not fit");
	return 0;
}

/* ---- hex ---- */

void hex_encode(const void *p, size_t n, char *out)
{
	sodium_bin2hex(out, 2 * n + 1, p, n);
}

int hex_decode(const char *hex, void *out, size_t n)
{
	size_t len = 0;

	if (strlen(hex) != 2 * n)
		return -1;
	return sodium_hex2bin(out, n, hex, 2 * n, NULL, &len, NULL) == 0 && len == n ? 0 : -1;
}
