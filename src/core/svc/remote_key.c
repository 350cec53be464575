/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "svc/remote_link.h"

static int write_new(const char *path, const char *text, size_t n, mode_t mode, struct err *e)
{
	autofree char *tmp = str_fmt("%s.new", path);
	autoclose int fd = open(tmp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, mode);
	int r = 0;

	if (fd < 0)
		return err_sys(e, "%s", tmp);
	if (fchmod(fd, mode) < 0 || write(fd, text, n) != (ssize_t)n || fsync(fd) < 0 ||
		rename(tmp, path) < 0) {
		r = err_sys(e, "%s", path);
		unlink(tmp);
	}
	return r;
}

/* libssh writes private keys to files only: into one that nobody else can open. */
static int write_private(ssh_key key, const char *path, struct err *e)
{
	autofree char *tmp = str_fmt("%s.new", path);
	mode_t old = umask(077);
	int rc;

	unlink(tmp);
	rc = ssh_pki_export_privkey_file(key, NULL, NULL, NULL, tmp);
	umask(old);
	if (rc != SSH_OK)
		return err_sys(e, "%s", tmp);
	autoclose int fd = open(tmp, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fchmod(fd, 0600) < 0 || fsync(fd) < 0 || rename(tmp, path) < 0) {
		rc = err_sys(e, "%s", path);
		unlink(tmp);
		return rc;
	}
	return 0;
}

static int write_public(ssh_key key, const char *path, const char *comment, struct err *e)
{
	autofree char *pub = str_fmt("%s.pub", path), *line = NULL;
	char *b64 = NULL;

	if (ssh_pki_export_pubkey_base64(key, &b64) != SSH_OK)
		return err_set(e, E_FAIL, "%s: the public key cannot be written out", pub);
	line = str_fmt("ssh-ed25519 %s %s\n", b64, comment);
	ssh_string_free_char(b64);
	return write_new(pub, line, strlen(line), 0644, e);
}

int remote_make_key(const char *path, const char *comment, struct err *e)
{
	ssh_key key = NULL;
	int r;

	if (ssh_pki_generate(SSH_KEYTYPE_ED25519, 0, &key) != SSH_OK)
		return err_set(e, E_FAIL, "%s: no key pair could be made", path);
	/* The public one first: where the private one is, both are. */
	r = write_public(key, path, comment, e);
	if (r == 0)
		r = write_private(key, path, e);
	ssh_key_free(key);
	return r;
}
