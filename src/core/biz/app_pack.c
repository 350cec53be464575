/* SPDX-License-Identifier: MIT */
/* Packages as files: made, signed, checked. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "biz/app_int.h"
#include "svc/package_lock.h"
#include "svc/package_write.h"
#include "util/slurp.h"
#include "util/str.h"

/* ---- the lock ---- */

/* The lock of the directory; asked of the distribution when there is none or update is wanted. */
static int bring_lock(struct sxc *s, const char *dir, const struct wrapper *w, bool update,
	struct package_lock *lock, struct err *e)
{
	autoclean(package_lock_release) struct package_lock old = {0};
	autofree char *cache = sxc_path(s, "cache");
	int r = package_lock_load(update ? &old : lock, dir, e);

	if (r < 0)
		return r;
	if (r == 0 || update) {
		sxc_note(s, 0, "looking up the packages of %s in the distribution's archives",
			w->app);
		if ((r = package_lock_resolve(lock, w, &old, cache, e)) < 0 ||
			(r = package_lock_save(lock, dir, e)) < 0)
			return r;
	} else if (strcmp(w->version, "auto") != 0) {
		free(lock->version);
		lock->version = mem_strdup(w->version);
	}
	return package_lock_fetch(lock, cache, e);
}

/* ---- signing ---- */

static int sign_digest(struct sxc *s, const char *digest, char out[2 * SIGN_SIZE + 1],
	struct err *e)
{
	unsigned char secret[SIGN_SECRET_SIZE], raw[SHA256_SIZE], sig[SIGN_SIZE];
	autofree char *key = sxc_path(s, "keys/sign");
	int r = sign_key_load(key, secret, e);

	if (r == E_NOTFOUND)
		return err_set(e, r,
			"no key to sign with at %s: make a control center with "
			"\"sxc init\"",
			key);
	if (r < 0)
		return r;
	hex_decode(digest, raw, sizeof(raw));
	sign_make(secret, raw, sizeof(raw), sig);
	mem_wipe(secret, sizeof(secret));
	hex_encode(sig, sizeof(sig), out);
	return 0;
}

int app_sign(struct sxc *s, const char *path, struct err *e)
{
	autofree char *to = str_fmt("%s.sig", path), *tmp = str_fmt("%s.part", to);
	char digest[SHA256_HEX], sig[2 * SIGN_SIZE + 2];
	int r;

	if ((r = sha256_file(path, digest, NULL, e)) < 0 ||
		(r = sign_digest(s, digest, sig, e)) < 0)
		return r;
	sig[2 * SIGN_SIZE] = '\n';
	autoclose int fd = open(tmp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (fd < 0 || write(fd, sig, 2 * SIGN_SIZE + 1) != 2 * SIGN_SIZE + 1 || fsync(fd) < 0 ||
		rename(tmp, to) < 0)
		return err_sys(e, "%s", to);
	return 0;
}

int app_read_signature(const char *path, char **out, struct err *e)
{
	autofree char *file = str_fmt("%s.sig", path);
	autostr text = STR_INIT;
	int r;

	if (access(file, F_OK) != 0)
		return err_set(e, E_INTEGRITY, "%s refused: there is no signature %s beside it",
			path, file);
	if ((r = slurp(file, 4096, &text, e)) < 0)
		return r;
	text.p[strcspn(str_c(&text), "\r\n")] = '\0';
	*out = mem_strdup(str_c(&text));
	return 0;
}

/* ---- packing and checking ---- */

/* A directory given with slashes behind it is the same directory. */
static char *plain_dir(const char *dir)
{
	size_t n = strlen(dir);

	while (n > 1 && dir[n - 1] == '/')
		n--;
	return mem_strndup(dir, n);
}

/* out is a file, or a directory for a file of the usual name. */
static char *place(const char *out, const char *app, const char *version)
{
	autofree char *name = package_file_name(app, version);
	struct stat st;

	if (!out)
		return steal(&name);
	if (stat(out, &st) == 0 && S_ISDIR(st.st_mode))
		return str_fmt("%s/%s", out, name);
	return mem_strdup(out);
}

int app_pack(struct sxc *s, const char *dir, const char *out, bool update, char **path,
	struct err *e)
{
	autoclean(package_lock_release) struct package_lock lock = {0};
	autoclean(wrapper_release) struct wrapper w = {0};
	autofree char *from = plain_dir(dir), *cache = sxc_path(s, "cache");
	autoyaml *doc = NULL;
	int r;

	if ((r = package_load_wrapper(from, &doc, &w, e)) < 0)
		return r;
	if (access(cache, W_OK) != 0)
		return err_set(e, E_NOTFOUND, "no control center at %s: make one with \"sxc init\"",
			s->home);
	if ((r = bring_lock(s, from, &w, update, &lock, e)) < 0)
		return r;
	autofree char *to = place(out, w.app, lock.version);
	if ((r = package_write(from, yaml_root(doc), &w, &lock, cache, to, e)) < 0 ||
		(r = app_sign(s, to, e)) < 0)
		return r;
	*path = steal(&to);
	return 0;
}

static int check_file(struct sxc *s, int fd, const char *file, const char *label,
	struct package **out, char **signature, struct err *e)
{
	unsigned char pub[SIGN_PUBLIC_SIZE];
	autofree char *key = sxc_path(s, "keys/sign.pub");
	autofree char *sig = NULL;
	autopackage *p = NULL;
	int r;

	if ((r = package_read(fd, label, &p, e)) < 0 ||
		(r = app_read_signature(file, &sig, e)) < 0 ||
		(r = sign_public_load(key, pub, e)) < 0 ||
		(r = package_check_signature(p->digest, sig, pub, label, e)) < 0)
		return r;
	*out = steal(&p);
	if (signature)
		*signature = steal(&sig);
	return 0;
}

int app_check_file(struct sxc *s, const char *file, struct package **out, char **signature,
	struct err *e)
{
	autoclose int fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	const char *slash = strrchr(file, '/');
	struct stat st;

	if (fd < 0)
		return errno == ENOENT ? err_set(e, E_NOTFOUND, "%s: no such file", file)
		                       : err_sys(e, "%s", file);
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return err_set(e, E_USAGE, "%s is not a file", file);
	return check_file(s, fd, file, slash ? slash + 1 : file, out, signature, e);
}

int app_verify(struct sxc *s, const char *file, struct package **out, struct err *e)
{
	return app_check_file(s, file, out, NULL, e);
}
