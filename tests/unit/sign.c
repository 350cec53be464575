/* SPDX-License-Identifier: MIT */
/* SHA-256 (FIPS 180-4), Ed25519 (RFC 8032, 7.1), key files. */
#include "svc/sign.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "test.h"
#include "util/mem.h"
#include "util/str.h"

static void test_digests(void)
{
	char out[SHA256_HEX];
	struct sha256 h;
	unsigned char d[SHA256_SIZE];

	sha256_buf("", 0, out);
	CHECK_TEXT(out, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	sha256_buf("abc", 3, out);
	CHECK_TEXT(out, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	sha256_init(&h);
	for (int i = 0; i < 1000; i++) {
		char block[1000];

		memset(block, 'a', sizeof(block));
		sha256_add(&h, block, sizeof(block));
	}
	sha256_end(&h, d);
	sha256_hex(d, out);
	CHECK_TEXT(out, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
	CHECK(sha256_is_hex(out));
	out[5] = 'G';
	CHECK(!sha256_is_hex(out));
	CHECK(!sha256_is_hex("cdc7"));
}

static const struct {
	const char *secret, *pub, *text, *sig;
} vectors[] = {
	{"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
		"d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
		"e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
		"5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"},
	{"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
		"3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
		"92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
		"085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"},
	{"c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
		"fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
		"6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
		"18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"},
};

static void test_signatures(void)
{
	for (size_t i = 0; i < ARRAY_LEN(vectors); i++) {
		unsigned char secret[SIGN_SECRET_SIZE], pub[SIGN_PUBLIC_SIZE], sig[SIGN_SIZE];
		unsigned char text[8];
		size_t n = strlen(vectors[i].text) / 2;
		char hex[2 * SIGN_SIZE + 1];
		struct err e = {0};

		CHECK(hex_decode(vectors[i].secret, secret, 32) == 0);
		CHECK(hex_decode(vectors[i].pub, secret + 32, 32) == 0);
		CHECK(hex_decode(vectors[i].pub, pub, 32) == 0);
		CHECK(hex_decode(vectors[i].text, text, n) == 0);
		sign_make(secret, text, n, sig);
		hex_encode(sig, sizeof(sig), hex);
		CHECK_TEXT(hex, vectors[i].sig);
		CHECK_I64(sign_check(pub, text, n, sig, &e), 0);
		sig[3] ^= 1;
		CHECK_I64(sign_check(pub, text, n, sig, &e), E_INTEGRITY);
		sig[3] ^= 1;
		text[0] ^= 1;
		CHECK_I64(sign_check(pub, text, n + 1, sig, &e), E_INTEGRITY);
	}
}

static void put(const char *path, const char *text)
{
	autofclose FILE *f = fopen(path, "w");

	if (!f || fputs(text, f) < 0)
		abort();
}

static void test_damaged(const char *path, const unsigned char *secret)
{
	unsigned char back[SIGN_SECRET_SIZE];
	char hex[2 * SIGN_SECRET_SIZE + 1];
	struct err e;

	hex_encode(secret, SIGN_SECRET_SIZE, hex);
	hex[7] = hex[7] == '0' ? '1' : '0';
	put(path, hex);
	CHECK_I64(sign_key_load(path, back, &e), E_INTEGRITY);
	hex[7] = 'x';
	put(path, hex);
	CHECK_I64(sign_key_load(path, back, &e), E_INTEGRITY);
	put(path, "");
	CHECK_I64(sign_key_load(path, back, &e), E_INTEGRITY);
	hex_encode(secret, SIGN_SECRET_SIZE, hex);
	autofree char *longer = str_fmt("%s00\n", hex);
	put(path, longer);
	CHECK_I64(sign_key_load(path, back, &e), E_INTEGRITY);
}

static void test_keys(void)
{
	char dir[] = "/tmp/sxc-sign-XXXXXX";
	unsigned char secret[SIGN_SECRET_SIZE], pub[SIGN_PUBLIC_SIZE], sig[SIGN_SIZE];
	struct err e = {0};
	struct stat st;

	CHECK(mkdtemp(dir) != NULL);
	autofree char *path = str_fmt("%s/sign", dir), *pub_path = str_fmt("%s/sign.pub", dir);
	CHECK_I64(sign_key_load(path, secret, &e), E_NOTFOUND);
	CHECK_I64(sign_key_make(path, &e), 0);
	CHECK(stat(path, &st) == 0 && (st.st_mode & 0777) == 0600);
	CHECK_I64(sign_key_make(path, &e), E_EXISTS);
	CHECK_I64(sign_key_load(path, secret, &e), 0);
	CHECK_I64(sign_public_load(pub_path, pub, &e), 0);
	sign_make(secret, "x", 1, sig);
	CHECK_I64(sign_check(pub, "x", 1, sig, &e), 0);
	test_damaged(path, secret);
	unlink(path);
	unlink(pub_path);
	CHECK_I64(sign_key_make("/nonexistent/sign", &e), E_FAIL);
	CHECK(rmdir(dir) == 0); /* nothing else was left there */
}

static void test_files(void)
{
	char path[] = "/tmp/sxc-sign-XXXXXX", out[SHA256_HEX];
	autoclose int fd = mkstemp(path);
	int64_t size = 0;
	struct err e;

	CHECK(write(fd, "abc", 3) == 3);
	CHECK_I64(sha256_file(path, out, &size, &e), 0);
	CHECK_I64(size, 3);
	CHECK(str_starts(out, "ba7816bf"));
	unlink(path);
	CHECK_I64(sha256_file(path, out, NULL, &e), E_NOTFOUND);
	CHECK_I64(sha256_file("/tmp", out, NULL, &e), E_FAIL);
	CHECK_TEXT(e.msg, "/tmp: cannot read: Is a directory");
}

int main(void)
{
	test_digests();
	test_signatures();
	test_keys();
	test_files();
	return test_end();
}
