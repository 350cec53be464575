/* SPDX-License-Identifier: MIT */
#include "agent/ps_kept.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "agent/agent.h"
#include "agent/quota.h"

#define SPARE (64 << 20) /* bytes of the server's disk left alone */

bool kept_there(const struct ps_conf *c, const char *rest)
{
	char path[PATH_MAX];

	return access(ps_path(path, c->name, rest), F_OK) == 0;
}

int kept_remove(const struct ps_conf *c, const char *rest, struct err *e)
{
	char path[PATH_MAX], away[PATH_MAX];
	int rc;

	ps_path(path, c->name, rest);
	ps_path(away, c->name, ".gone");
	if ((rc = dir_remove(away, e)) < 0)
		return rc;
	/* At once out of sight: one that is half gone is no layer. */
	if (rename(path, away) < 0)
		return errno == ENOENT ? 0 : err_sys(e, "%s", path);
	return dir_remove(away, e);
}

int kept_make(const struct ps_conf *c, const char *rest, int *upper, struct err *e)
{
	char path[PATH_MAX];
	autoclose int dir = -1;
	int rc = kept_remove(c, rest, e);

	if (rc < 0 || (rc = dir_make(ps_path(path, c->name, rest), 0755, e)) < 0)
		return rc;
	dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return err_sys(e, "%s", path);
	/* Marked while it is empty: all that is ever made in it inherits the project. */
	if (quota_usable(AGENT_STATE) && (rc = quota_mark(dir, (uint32_t)c->id, e)) < 0)
		return rc;
	if (mkdirat(dir, "upper", 0755) < 0 || mkdirat(dir, "work", 0755) < 0)
		return err_sys(e, "%s", path);
	*upper = openat(dir, "upper", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return *upper < 0 ? err_sys(e, "%s", path) : 0;
}

/* ---- facts ---- */

static char *facts_path(const struct ps_conf *c, const char *rest)
{
	return str_fmt("%s/%s/%s/facts", AGENT_PS, c->name, rest);
}

int kept_write_facts(const struct ps_conf *c, const char *rest, const struct layer_facts *f,
	struct err *e)
{
	autofree char *path = facts_path(c, rest);
	autofree char *text = str_fmt("image=%s\nmade=%lld\nbytes=%lld\n", f->image,
		(long long)f->made, (long long)f->bytes);

	return file_write(path, text, strlen(text), 0600, e);
}

int kept_read_facts(const struct ps_conf *c, const char *rest, struct layer_facts *f, struct err *e)
{
	autofree char *path = facts_path(c, rest);
	autostr s = STR_INIT;
	long long made = 0, bytes = 0;

	if (!kept_there(c, rest))
		return err_set(e, E_NOTFOUND, "%s has no layer %s", c->name, rest);
	*f = (struct layer_facts){.made = 0};
	if (access(path, F_OK) < 0) { /* as it was made, by ps.create */
		snprintf(f->image, sizeof(f->image), "%s", c->image);
		return 0;
	}
	if (file_read(path, &s, 512, e) < 0)
		return e ? e->code : E_FAIL;
	if (sscanf(str_c(&s), "image=%64[0-9a-f]\nmade=%lld\nbytes=%lld", f->image, &made,
		    &bytes) != 3 ||
		strlen(f->image) != 64)
		return err_set(e, E_INTEGRITY, "%s is damaged", path);
	f->made = made;
	f->bytes = bytes;
	return 0;
}

/* ---- contents ---- */

int kept_upper(const struct ps_conf *c, const char *rest, int *upper, struct err *e)
{
	autofree char *sub = str_fmt("%s/upper", rest);
	char path[PATH_MAX];

	*upper = open(ps_path(path, c->name, sub), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return *upper < 0 ? err_sys(e, "%s", path) : 0;
}

static int size_of(const struct ps_conf *c, const char *rest, int64_t *bytes, struct err *e)
{
	autoclose int upper = -1;
	int rc = kept_upper(c, rest, &upper, e);

	return rc < 0 ? rc : tree_size(upper, bytes, e);
}

static int64_t at_least_0(int64_t v)
{
	return v > 0 ? v : 0;
}

int kept_room(const struct ps_conf *c, const char *gone, struct tree_copy *t, struct err *e)
{
	struct quota_use use = {0};
	struct statvfs fs;
	int64_t going = 0;
	int rc;

	if (statvfs(AGENT_STATE, &fs) < 0)
		return err_sys(e, "%s", AGENT_STATE);
	if (gone && (rc = size_of(c, gone, &going, e)) < 0)
		return rc;
	t->max = at_least_0((int64_t)(fs.f_bavail * fs.f_frsize) - SPARE);
	t->max_files = (int64_t)fs.f_favail;
	if (!c->disk || quota_get(AGENT_STATE, (uint32_t)c->id, &use, NULL) < 0)
		return 0;
	if (at_least_0(c->disk - use.bytes + going) < t->max)
		t->max = at_least_0(c->disk - use.bytes + going);
	if (c->inodes && !gone && at_least_0(c->inodes - use.inodes) < t->max_files)
		t->max_files = at_least_0(c->inodes - use.inodes);
	return 0;
}

int kept_copy(const struct ps_conf *c, const char *from, int upper, struct tree_copy *t,
	struct err *e)
{
	autoclose int source = -1;
	struct stat st;
	int rc = kept_upper(c, from, &source, e);

	if (rc < 0 || (rc = tree_copy(source, upper, t, e)) < 0)
		return rc;
	if (fstat(source, &st) < 0)
		return err_sys(e, "reading its top directory");
	return tree_attributes(source, upper, &st, e);
}

/* ---- merged ---- */

int kept_merged(const struct ps_conf *c, const char *upper, const char *image, int *root,
	struct err *e)
{
	autofree char *lower = str_fmt("%s:%s/%s", upper, AGENT_IMAGES, image);
	autoclose int ctx = (int)syscall(SYS_fsopen, "overlay", FSOPEN_CLOEXEC);

	if (ctx < 0 || syscall(SYS_fsconfig, ctx, FSCONFIG_SET_STRING, "lowerdir", lower, 0) < 0 ||
		syscall(SYS_fsconfig, ctx, FSCONFIG_SET_FLAG, "userxattr", NULL, 0) < 0 ||
		syscall(SYS_fsconfig, ctx, FSCONFIG_SET_FLAG, "ro", NULL, 0) < 0 ||
		syscall(SYS_fsconfig, ctx, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return err_sys(e, "joining layer and image of %s", c->name);
	*root = (int)syscall(SYS_fsmount, ctx, FSMOUNT_CLOEXEC,
		MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
	return *root < 0 ? err_sys(e, "joining layer and image of %s", c->name) : 0;
}

/* ---- images ---- */

static bool stands_on(const struct ps_conf *c, const char *rest, const char *image)
{
	struct layer_facts f;

	return kept_read_facts(c, rest, &f, NULL) == 0 && str_eq(f.image, image);
}

bool kept_uses(const struct ps_conf *c, const char *image)
{
	static const char *const layers[] = {LAYER_NOW, LAYER_NEXT, LAYER_LAST, LAYER_PREVIOUS};
	char path[PATH_MAX];
	DIR *d = opendir(ps_path(path, c->name, SNAPSHOTS));
	struct dirent *de;
	bool used = false;

	for (size_t i = 0; i < ARRAY_LEN(layers) && !used; i++)
		used = stands_on(c, layers[i], image);
	while (d && !used && (de = readdir(d))) {
		autofree char *rest = str_fmt("%s/%s", SNAPSHOTS, de->d_name);

		used = str_is_name(de->d_name) && stands_on(c, rest, image);
	}
	if (d)
		closedir(d);
	return used;
}
