/* SPDX-License-Identifier: MIT */
#include "agent/ps_layer.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/agent.h"
#include "agent/quota.h"
#include "util/vec.h"

/* A directory of the layer looks like the image's, since it is the one that shows. */
static int upper_dir(int image, int upper, const char *path, mode_t mode, struct err *e)
{
	struct stat st;
	int fd;

	if (fstatat(image, path, &st, AT_SYMLINK_NOFOLLOW) == 0) {
		if (!S_ISDIR(st.st_mode))
			return err_set(e, E_INTEGRITY, "/%s of the image is not a directory", path);
		mode = st.st_mode & 07777;
	} else {
		st.st_uid = st.st_gid = 0;
	}
	if (mkdirat(upper, path, 0700) < 0 && errno != EEXIST)
		return err_sys(e, "making /%s", path);
	fd = openat(upper, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fchown(fd, st.st_uid, st.st_gid) < 0 || fchmod(fd, mode) < 0) {
		int rc = err_sys(e, "making /%s", path);

		if (fd >= 0)
			close(fd);
		return rc;
	}
	return fd;
}

static int upper_file(int dir, const char *name, const struct str *text, mode_t mode, struct err *e)
{
	autoclose int fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);

	if (fd < 0 || fchmod(fd, mode) < 0 ||
		(text->len && write(fd, text->p, text->len) != (ssize_t)text->len))
		return err_sys(e, "writing %s", name);
	return 0;
}

void layer_hosts(const struct ps_conf *c, struct str *s, bool own)
{
	if (!own)
		str_add(s, "127.0.0.1\tlocalhost\n"
			   "::1\tlocalhost ip6-localhost ip6-loopback\n");
	for (size_t i = 0; i < c->address.n; i++)
		str_addf(s, "%s\t%s\n", c->address.v[i], c->hostname);
	if (!c->address.n)
		str_addf(s, "127.0.1.1\t%s\n", c->hostname);
}

/* A resolver of the server's own loopback is out of reach inside. */
static void server_resolv(struct str *s)
{
	autostr text = STR_INIT;
	autostrvec lines = {0};
	char address[64];

	if (file_read("/etc/resolv.conf", &text, 65536, NULL) < 0)
		return;
	strvec_split(&lines, str_c(&text), "\n");
	for (size_t i = 0; i < lines.n; i++)
		if (sscanf(lines.v[i], "nameserver %63s", address) == 1 &&
			ps_address_family(address) && !str_starts(address, "127.") &&
			!str_eq(address, "::1"))
			str_addf(s, "nameserver %s\n", address);
}

void layer_resolv(const struct ps_conf *c, struct str *s)
{
	for (size_t i = 0; i < c->nameserver.n; i++)
		str_addf(s, "nameserver %s\n", c->nameserver.v[i]);
	if (!c->nameserver.n)
		server_resolv(s);
}

/* The files that say who it is, also over those that are there. */
static int fill_name(const struct ps_conf *c, int etc, struct err *e)
{
	static const char *const files[] = {"hostname", "hosts", "resolv.conf"};
	autostr name = STR_INIT, hosts = STR_INIT, resolv = STR_INIT;
	int rc;

	for (size_t i = 0; i < ARRAY_LEN(files); i++)
		if (unlinkat(etc, files[i], 0) < 0 && errno != ENOENT)
			return err_sys(e, "replacing %s", files[i]);
	str_addf(&name, "%s\n", c->hostname);
	layer_hosts(c, &hosts, false);
	layer_resolv(c, &resolv);
	if ((rc = upper_file(etc, "hostname", &name, 0644, e)) < 0 ||
		(rc = upper_file(etc, "hosts", &hosts, 0644, e)) < 0)
		return rc;
	return upper_file(etc, "resolv.conf", &resolv, 0644, e);
}

static int fill_etc(const struct ps_conf *c, int image, int upper, struct err *e)
{
	autostr none = STR_INIT;
	autoclose int etc = upper_dir(image, upper, "etc", 0755, e);
	int rc = etc < 0 ? etc : fill_name(c, etc, e);

	/* Empty: made at the first start, machine-id(5). */
	return rc < 0 ? rc : upper_file(etc, "machine-id", &none, 0444, e);
}

static int fill_keys(const struct ps_conf *c, int image, int upper, struct err *e)
{
	autostr text = STR_INIT;
	autoclose int root = -1, ssh = -1;

	if (!c->key.n)
		return 0;
	root = upper_dir(image, upper, "root", 0700, e);
	if (root < 0)
		return root;
	ssh = upper_dir(image, upper, "root/.ssh", 0700, e);
	if (ssh < 0)
		return ssh;
	for (size_t i = 0; i < c->key.n; i++)
		str_addf(&text, "%s\n", c->key.v[i]);
	if (unlinkat(ssh, "authorized_keys", 0) < 0 && errno != ENOENT)
		return err_sys(e, "replacing authorized_keys");
	return upper_file(ssh, "authorized_keys", &text, 0600, e);
}

static int image_open(const struct ps_conf *c, struct err *e)
{
	char path[PATH_MAX];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", AGENT_IMAGES, c->image);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? err_sys(e, "%s", path) : fd;
}

int layer_name(const struct ps_conf *c, int upper, struct err *e)
{
	autoclose int image = image_open(c, e);
	autoclose int etc = image < 0 ? -1 : upper_dir(image, upper, "etc", 0755, e);

	return image < 0 ? image : etc < 0 ? etc : fill_name(c, etc, e);
}

int layer_keys(const struct ps_conf *c, int upper, struct err *e)
{
	autoclose int image = image_open(c, e);

	return image < 0 ? image : fill_keys(c, image, upper, e);
}

int layer_fill(const struct ps_conf *c, int upper, struct err *e)
{
	autoclose int image = image_open(c, e);
	struct stat st;
	int rc;

	if (image < 0)
		return image;
	if (fstat(image, &st) < 0 || fchmod(upper, st.st_mode & 07777) < 0)
		return err_sys(e, "the top of the image");
	rc = fill_etc(c, image, upper, e);
	return rc < 0 ? rc : fill_keys(c, image, upper, e);
}

int layer_make(const struct ps_conf *c, const char *dir, struct err *e)
{
	autofree char *path = str_fmt("%s/layer", dir);
	autoclose int layer = -1, upper = -1;
	int rc = dir_make(path, 0755, e);

	if (rc < 0)
		return rc;
	layer = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (layer < 0)
		return err_sys(e, "%s", path);
	/* Marked while it is empty: all that is ever made in it inherits the project. */
	if (quota_usable(AGENT_STATE) && (rc = quota_mark(layer, (uint32_t)c->id, e)) < 0)
		return rc;
	if (mkdirat(layer, "upper", 0755) < 0 || mkdirat(layer, "work", 0755) < 0)
		return err_sys(e, "%s", path);
	upper = openat(layer, "upper", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return upper < 0 ? err_sys(e, "%s", path) : layer_fill(c, upper, e);
}

int layer_bound(const struct ps_conf *c, const char *state, struct err *e)
{
	if (!quota_usable(state))
		return ps_check_quota(c, e);
	return quota_set(state, (uint32_t)c->id, c->disk, c->inodes, e);
}

#define HEAD_BYTES  (1 << 20)
#define HEAD_INODES 64

static int64_t above(int64_t bound, int64_t held, int64_t more)
{
	return bound ? (held > bound ? held : bound) + more : 0;
}

int layer_headroom(const struct ps_conf *c, const char *state, struct err *e)
{
	struct quota_use use;
	int rc;

	if (!quota_usable(state))
		return ps_check_quota(c, e);
	rc = quota_get(state, (uint32_t)c->id, &use, e);
	if (rc < 0)
		return rc;
	return quota_set(state, (uint32_t)c->id, above(c->disk, use.bytes, HEAD_BYTES),
		above(c->inodes, use.inodes, HEAD_INODES), e);
}
