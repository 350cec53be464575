/* SPDX-License-Identifier: MIT */
/* Operations on OS images: image.add, image.list, image.remove. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/agent.h"
#include "agent/image_unpack.h"
#include "agent/ps_conf.h"
#include "agent/ps_kept.h"

#define IMAGE_BYTES_MAX (INT64_C(64) << 30)
#define IMAGE_FILES_MAX 4000000

struct adding {
	struct agent *a;
	int64_t total;
};

static int need_digest(const struct msg *m, const char **out, struct err *e)
{
	int rc = msg_need_text(m, "digest", out, e);

	if (rc < 0)
		return rc;
	if (strlen(*out) != 64 || strspn(*out, "0123456789abcdef") != 64)
		return err_set(e, E_USAGE, "digest must be 64 hexadecimal digits");
	return 0;
}

static int on_progress(void *arg, int64_t done, struct err *e)
{
	struct adding *ad = arg;

	agent_progress(ad->a, "unpacking", done, ad->total);
	return agent_cancelled(ad->a) ? err_set(e, E_INTR, "cancelled") : 0;
}

/* Size and number of files stand beside the tree, so that a list need not walk it. */
static int write_facts(const char *digest, const struct unpack *u, struct err *e)
{
	char path[PATH_MAX], text[80];
	int n;

	snprintf(path, sizeof(path), "%s/%s.facts", AGENT_IMAGES, digest);
	n = snprintf(text, sizeof(text), "size=%lld\nfiles=%lld\n", (long long)u->bytes,
		(long long)u->files);
	return file_write(path, text, (size_t)n, 0600, e);
}

static int read_facts(const char *digest, struct msg *ans, struct err *e)
{
	autostr s = STR_INIT;
	char path[PATH_MAX];
	long long size = 0, files = 0;

	snprintf(path, sizeof(path), "%s/%s.facts", AGENT_IMAGES, digest);
	if (file_read(path, &s, 256, e) < 0)
		return e ? e->code : E_FAIL;
	if (sscanf(str_c(&s), "size=%lld\nfiles=%lld", &size, &files) != 2)
		return err_set(e, E_INTEGRITY, "%s is damaged", path);
	msg_add_i64(ans, "size", size);
	msg_add_i64(ans, "files", files);
	return 0;
}

static int sync_dir(const char *path, struct err *e)
{
	autoclose int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 || fsync(fd) < 0 ? err_sys(e, "syncing %s", path) : 0;
}

static int unpack_to(struct adding *ad, const char *archive, const char *tmp, struct unpack *u,
	struct err *e)
{
	autoclose int fd = open(archive, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	autoclose int dir = -1;
	struct stat st;
	int rc;

	if (fd < 0 || fstat(fd, &st) < 0)
		return errno == ENOENT
		               ? err_set(e, E_NOTFOUND, "the store has no file %.16s…", u->digest)
		               : err_sys(e, "opening %s", archive);
	if (mkdir(tmp, 0755) < 0)
		return err_sys(e, "making %s", tmp);
	dir = open(tmp, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dir < 0)
		return err_sys(e, "opening %s", tmp);
	ad->total = st.st_size;
	u->fd = fd;
	u->dir = dir;
	u->progress = on_progress;
	u->arg = ad;
	rc = image_unpack(u, e);
	if (rc < 0)
		return err_wrap(e, "image %.16s…", u->digest);
	return syncfs(dir) < 0 ? err_sys(e, "syncing %s", tmp) : 0;
}

AGENT_OP(image_add, "image.add", OP_CHANGE)
{
	struct unpack u = {.max_bytes = IMAGE_BYTES_MAX, .max_files = IMAGE_FILES_MAX};
	struct adding ad = {.a = a};
	char path[PATH_MAX], tmp[PATH_MAX], archive[PATH_MAX];
	int rc = need_digest(req, &u.digest, e);

	if (rc < 0 || (rc = dir_make(AGENT_IMAGES, 0700, e)) < 0)
		return rc;
	snprintf(path, sizeof(path), "%s/%s", AGENT_IMAGES, u.digest);
	snprintf(tmp, sizeof(tmp), "%s/.tmp-%s", AGENT_IMAGES, u.digest);
	snprintf(archive, sizeof(archive), "%s/%s", AGENT_STORE, u.digest);
	if (access(path, F_OK) == 0)
		return read_facts(u.digest, ans, e);
	rc = dir_remove(tmp, e); /* of a run that was killed */
	if (rc < 0)
		return rc;
	rc = unpack_to(&ad, archive, tmp, &u, e);
	if (rc == 0)
		rc = write_facts(u.digest, &u, e);
	if (rc == 0 && rename(tmp, path) < 0)
		rc = err_sys(e, "renaming to %s", path);
	if (rc < 0) {
		dir_remove(tmp, NULL);
		return rc;
	}
	rc = sync_dir(AGENT_IMAGES, e);
	return rc < 0 ? rc : read_facts(u.digest, ans, e);
}

static void close_dir(DIR **d)
{
	if (*d)
		closedir(*d);
}

AGENT_OP(image_list, "image.list", OP_READ)
{
	autoclean(close_dir) DIR *d = opendir(AGENT_IMAGES);
	struct dirent *de;

	(void)a;
	(void)req;
	if (!d)
		return errno == ENOENT ? 0 : err_sys(e, "opening %s", AGENT_IMAGES);
	while ((de = readdir(d))) {
		automsg *m = NULL;

		if (de->d_name[0] == '.' || strlen(de->d_name) != 64)
			continue;
		m = msg_new();
		msg_add_text(m, "digest", de->d_name);
		if (read_facts(de->d_name, m, e) < 0)
			return e ? e->code : E_FAIL;
		msg_add_msg(ans, "image", steal(&m));
	}
	return 0;
}

static int refuse_used(void *arg, const struct ps_conf *c, struct err *e)
{
	if (kept_uses(c, arg))
		return err_set(e, E_INUSE, "image %.16s… is used by private server %s",
			(const char *)arg, c->name);
	return 0;
}

AGENT_OP(image_remove, "image.remove", OP_CHANGE)
{
	char path[PATH_MAX], tmp[PATH_MAX];
	const char *digest;
	int rc = need_digest(req, &digest, e);

	(void)a;
	(void)ans;
	if (rc < 0 || (rc = ps_conf_each(refuse_used, (void *)(uintptr_t)digest, e)) < 0)
		return rc;
	snprintf(path, sizeof(path), "%s/%s", AGENT_IMAGES, digest);
	snprintf(tmp, sizeof(tmp), "%s/.tmp-%s", AGENT_IMAGES, digest);
	rc = dir_remove(tmp, e);
	if (rc == 0 && rename(path, tmp) < 0 && errno != ENOENT)
		rc = err_sys(e, "renaming %s", path);
	if (rc == 0)
		rc = dir_remove(tmp, e);
	if (rc < 0)
		return rc;
	snprintf(path, sizeof(path), "%s/%s.facts", AGENT_IMAGES, digest);
	return unlink(path) < 0 && errno != ENOENT ? err_sys(e, "removing %s", path) : 0;
}
