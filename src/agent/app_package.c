/* SPDX-License-Identifier: MIT */
/* Packages of wrapped applications on this server, and whose signature they must bear. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/app.h"

#define MANIFEST_MAX (PACKAGE_MAX_MANIFEST + 1)
#define FILE_MAX     (256u << 20)

/* ---- trust ---- */

static int trusted_key(unsigned char pub[SIGN_PUBLIC_SIZE], struct err *e)
{
	autostr text = STR_INIT;
	int r;

	if (access(AGENT_TRUST, F_OK) != 0)
		return err_set(e, E_STATE, "this server was not told whose packages to trust");
	if ((r = file_read(AGENT_TRUST, &text, 4096, e)) < 0)
		return r;
	if (text.len && text.p[text.len - 1] == '\n')
		text.p[--text.len] = '\0';
	if (hex_decode(str_c(&text), pub, SIGN_PUBLIC_SIZE) < 0)
		return err_set(e, E_INTEGRITY, AGENT_TRUST " is damaged");
	return 0;
}

/*
 * The first key is kept; another one is refused: whoever can send packages can not thereby have
 * others trusted. Removing the file, as root on the server, lets a new one in.
 */
AGENT_OP(app_trust, "app.trust", OP_CHANGE)
{
	unsigned char have[SIGN_PUBLIC_SIZE];
	char hex[2 * SIGN_PUBLIC_SIZE + 2];
	const void *key;
	size_t n;
	int r;

	(void)a;
	(void)ans;
	if (!(key = msg_bytes(req, "public_key", &n)) || n != SIGN_PUBLIC_SIZE)
		return err_set(e, E_USAGE, "\"public_key\" must be 32 bytes");
	if (access(AGENT_TRUST, F_OK) == 0) {
		if ((r = trusted_key(have, e)) < 0)
			return r;
		return memcmp(have, key, n) == 0
		               ? 0
		               : err_set(e, E_INTEGRITY,
					 "this server trusts the packages of another control "
					 "center; remove " AGENT_TRUST " there to change that");
	}
	hex_encode(key, n, hex);
	hex[2 * n] = '\n';
	return file_write(AGENT_TRUST, hex, 2 * n + 1, 0600, e);
}

/* ---- unpacking ---- */

static int write_manifest(const char *dir, const struct package *p, struct err *e)
{
	autofree char *path = str_fmt("%s/" PACKAGE_MANIFEST, dir);

	return file_write(path, p->manifest, strlen(p->manifest), 0600, e);
}

/* Beside its place, then renamed: an unpacked package is whole. */
static int unpack(int fd, struct package *p, struct err *e)
{
	autofree char *dir = str_fmt(AGENT_APPS "/%s", p->digest);
	autofree char *tmp = str_fmt(AGENT_APPS "/.new-%s-%d", p->digest, (int)getpid());
	int r;

	if (access(dir, F_OK) == 0)
		return 0;
	if ((r = dir_make(AGENT_APPS, 0700, e)) < 0 || (r = dir_remove(tmp, e)) < 0 ||
		(r = dir_make(tmp, 0700, e)) < 0)
		return r;
	autoclose int at = open(tmp, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	r = at < 0 ? err_sys(e, "%s", tmp) : package_unpack(fd, p, at, p->digest, e);
	if (r == 0)
		r = write_manifest(tmp, p, e);
	if (r == 0 && rename(tmp, dir) < 0 && access(dir, F_OK) != 0)
		r = err_sys(e, "%s", dir);
	if (r < 0 || access(tmp, F_OK) == 0)
		dir_remove(tmp, NULL);
	return r;
}

int app_package_take(const char *digest, const char *signature, struct package **out, struct err *e)
{
	unsigned char pub[SIGN_PUBLIC_SIZE];
	autofree char *path = str_fmt(AGENT_STORE "/%s", digest);
	autopackage *p = NULL;
	int r;

	if (!sha256_is_hex(digest))
		return err_set(e, E_USAGE, "\"digest\" is not 64 hex digits");
	if ((r = trusted_key(pub, e)) < 0 ||
		(r = package_check_signature(digest, signature, pub, digest, e)) < 0)
		return r;
	/* Unpacked before, for another private server: it was verified then. */
	if ((r = app_package_open(digest, out, e)) != E_NOTFOUND) {
		autofree char *dir = str_fmt(AGENT_APPS "/%s", digest);

		utimensat(AT_FDCWD, dir, NULL, 0); /* in use: not to be swept away */
		return r;
	}
	autoclose int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT
		               ? err_set(e, E_NOTFOUND, "package %s is not in the store", digest)
		               : err_sys(e, "%s", path);
	if ((r = package_read(fd, digest, &p, e)) < 0)
		return r;
	if (strcmp(p->digest, digest) != 0)
		return package_refuse(e, digest, NULL, "its digest is another one");
	if ((r = unpack(fd, p, e)) < 0)
		return r;
	*out = steal(&p);
	return 0;
}

int app_package_open(const char *digest, struct package **out, struct err *e)
{
	autofree char *path = str_fmt(AGENT_APPS "/%s/" PACKAGE_MANIFEST, digest);
	autostr text = STR_INIT;
	int r;

	if (!sha256_is_hex(digest) || access(path, F_OK) != 0)
		return err_set(e, E_NOTFOUND, "package %.64s is not unpacked here", digest);
	if ((r = file_read(path, &text, MANIFEST_MAX, e)) < 0 ||
		(r = package_read_manifest(str_c(&text), text.len, digest, out, e)) < 0)
		return r;
	memcpy((*out)->digest, digest, SHA256_HEX);
	return 0;
}

int app_package_file(const struct package *p, const char *path, struct str *out, struct err *e)
{
	autofree char *full = str_fmt(AGENT_APPS "/%s/%s", p->digest, path);

	return file_read(full, out, FILE_MAX, e);
}
