/* SPDX-License-Identifier: MIT */
/*
 * Operation ps.rebuild: a fresh layer on another image is prepared, with what belongs to the people
 * in it carried over: /home, /root, /srv, the data of applications, accounts, SSH host keys.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "agent/agent.h"
#include "agent/ps.h"
#include "agent/ps_kept.h"
#include "agent/ps_layer.h"
#include "util/vec.h"

#define ACCOUNTS_MAX (4 << 20) /* bytes of passwd and the like */

struct rebuild {
	struct tree_copy copy;
	int old, image, upper; /* files as they showed inside; the new image; the new layer */
};

static void rebuild_release(struct rebuild *b)
{
	if (b->old >= 0)
		close(b->old);
	if (b->image >= 0)
		close(b->image);
	if (b->upper >= 0)
		close(b->upper);
}

static int open_in(int root, const char *path, uint64_t flags)
{
	struct open_how how = {.flags = flags | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS};

	return (int)syscall(SYS_openat2, root, path, &how, sizeof(how));
}

/* ---- trees ---- */

/* The directories above path, as they are in the old tree. */
static int make_parents(const struct rebuild *b, const char *path, struct err *e)
{
	autofree char *p = mem_strdup(path);

	for (char *c = p; (c = strchr(c, '/')); *c++ = '/') {
		struct stat st;

		*c = '\0';
		autoclose int old = open_in(b->old, p, O_RDONLY | O_DIRECTORY);
		autoclose int there = open_in(b->upper, p, O_RDONLY | O_DIRECTORY);

		if (old < 0 || fstat(old, &st) < 0)
			return err_sys(e, "/%s", p);
		if (there >= 0)
			continue;
		if (mkdirat(b->upper, p, 0755) < 0 ||
			(there = open_in(b->upper, p, O_RDONLY | O_DIRECTORY)) < 0)
			return err_sys(e, "making /%s", p);
		int rc = tree_attributes(old, there, &st, e);

		if (rc < 0)
			return rc;
	}
	return 0;
}

/* It alone shows, not what the image has below it. */
static int hide_image(int dir, struct err *e)
{
	return fsetxattr(dir, "user.overlay.opaque", "y", 1, 0) < 0
	               ? err_sys(e, "hiding the image's own")
	               : 0;
}

static int carry(struct rebuild *b, const char *path, struct err *e)
{
	autoclose int from = open_in(b->old, path, O_RDONLY | O_DIRECTORY);
	autoclose int to = -1;
	struct stat st;
	int rc;

	if (from < 0)
		return errno == ENOENT || errno == ENOTDIR || errno == ELOOP
		               ? 0
		               : err_sys(e, "/%s", path);
	if (fstat(from, &st) < 0)
		return err_sys(e, "/%s", path);
	if ((rc = make_parents(b, path, e)) < 0)
		return rc;
	if (mkdirat(b->upper, path, 0700) < 0)
		return errno == EEXIST ? 0 : err_sys(e, "making /%s", path); /* came with another */
	to = open_in(b->upper, path, O_RDONLY | O_DIRECTORY);
	if (to < 0)
		return err_sys(e, "/%s", path);
	if ((rc = tree_copy(from, to, &b->copy, e)) < 0 ||
		(rc = tree_attributes(from, to, &st, e)) < 0)
		return err_wrap(e, "carrying /%s over", path);
	return hide_image(to, e);
}

/* ---- accounts ---- */

static int read_text(int root, const char *path, struct str *out, struct stat *st, struct err *e)
{
	autoclose int fd = open_in(root, path, O_RDONLY | O_NONBLOCK);
	ssize_t n;

	if (fd < 0 || fstat(fd, st) < 0 || !S_ISREG(st->st_mode))
		return fd < 0 && errno == ENOENT ? 0 : err_set(e, E_STATE, "/%s is no file", path);
	if (st->st_size > ACCOUNTS_MAX)
		return err_set(e, E_LIMIT, "/%s is over %d bytes", path, ACCOUNTS_MAX);
	str_reserve(out, (size_t)st->st_size);
	n = read(fd, out->p, (size_t)st->st_size);
	if (n < 0)
		return err_sys(e, "/%s", path);
	str_setlen(out, (size_t)n);
	return 1;
}

static const char *line_of(const struct strvec *lines, const char *name, size_t n)
{
	for (size_t i = 0; i < lines->n; i++)
		if (strncmp(lines->v[i], name, n) == 0 && lines->v[i][n] == ':')
			return lines->v[i];
	return NULL;
}

/* The image's accounts, with the old ones of other names behind; root's password is the old one. */
static void merge_accounts(const struct str *image, const struct str *old, struct str *out)
{
	autostrvec theirs = {0}, ours = {0};

	strvec_split(&theirs, str_c(image), "\n");
	strvec_split(&ours, str_c(old), "\n");
	for (size_t i = 0; i < theirs.n; i++) {
		const char *root = str_starts(theirs.v[i], "root:") ? line_of(&ours, "root", 4)
		                                                    : NULL;

		str_addf(out, "%s\n", root ? root : theirs.v[i]);
	}
	for (size_t i = 0; i < ours.n; i++)
		if (!line_of(&theirs, ours.v[i], strcspn(ours.v[i], ":")))
			str_addf(out, "%s\n", ours.v[i]);
}

static int carry_accounts(struct rebuild *b, const char *path, struct err *e)
{
	autostr image = STR_INIT, old = STR_INIT, text = STR_INIT;
	autoclose int fd = -1;
	struct stat st, was;
	int rc;

	if ((rc = read_text(b->image, path, &image, &st, e)) <= 0 ||
		(rc = read_text(b->old, path, &old, &was, e)) <= 0)
		return rc;
	merge_accounts(&image, &old, &text);
	fd = openat(b->upper, path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0 || write(fd, text.p, text.len) != (ssize_t)text.len ||
		fchown(fd, st.st_uid, st.st_gid) < 0 || fchmod(fd, st.st_mode & 07777) < 0)
		return err_sys(e, "writing /%s", path);
	return 0;
}

/* Those who log in would be warned of another machine. */
static int carry_host_key(struct rebuild *b, const char *path, struct err *e)
{
	autostr text = STR_INIT;
	autoclose int fd = -1;
	struct stat st;
	int rc = read_text(b->old, path, &text, &st, e);

	if (rc <= 0 || (rc = make_parents(b, path, e)) < 0)
		return rc;
	fd = openat(b->upper, path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0 || write(fd, text.p, text.len) != (ssize_t)text.len ||
		fchown(fd, st.st_uid, st.st_gid) < 0 || fchmod(fd, st.st_mode & 07777) < 0)
		return err_sys(e, "writing /%s", path);
	return 0;
}

static int carry_files(struct rebuild *b, struct err *e)
{
	static const char *const accounts[] = {"etc/passwd", "etc/group", "etc/shadow",
		"etc/gshadow", "etc/subuid", "etc/subgid"};
	static const char *const kinds[] = {"ed25519", "rsa", "ecdsa"};
	int rc = 0;

	for (size_t i = 0; i < ARRAY_LEN(accounts) && rc >= 0; i++)
		rc = carry_accounts(b, accounts[i], e);
	for (size_t i = 0; i < 2 * ARRAY_LEN(kinds) && rc >= 0; i++) {
		autofree char *path = str_fmt("etc/ssh/ssh_host_%s_key%s", kinds[i / 2],
			i % 2 ? ".pub" : "");

		rc = carry_host_key(b, path, e);
	}
	return rc < 0 ? rc : 0;
}

/* ---- the operation ---- */

static int tick(void *arg, int64_t done, struct err *e)
{
	struct agent *a = arg;

	agent_progress(a, "carrying files over", done, 0);
	return agent_cancelled(a) ? err_set(e, E_INTR, "cancelled") : 0;
}

static int open_old(struct rebuild *b, const struct ps_conf *c, struct err *e)
{
	char upper[PATH_MAX];

	return kept_merged(c, ps_path(upper, c->name, LAYER_NOW "/upper"), c->image, &b->old, e);
}

/* "/var/www" of a wrapper; nothing that leads elsewhere. */
static int carry_data(struct rebuild *b, const struct msg *req, struct err *e)
{
	const char *path;
	int rc = 0;

	for (size_t i = 0; rc == 0 && (path = msg_text_at(req, "data", i)); i++) {
		if (path[0] != '/' || !path[1] || strstr(path, "/../") || str_ends(path, "/..") ||
			strlen(path) > 1024)
			return err_set(e, E_USAGE, "data '%.80s' is not a path inside", path);
		rc = carry(b, path + 1, e);
	}
	return rc;
}

static int fill_new(struct rebuild *b, const struct ps_conf *now, struct ps_conf *next,
	const struct msg *req, struct err *e)
{
	static const char *const own[] = {"home", "root", "srv"};
	struct layer_facts f = {.made = 0};
	char path[PATH_MAX];
	int rc;

	snprintf(path, sizeof(path), "%s/%s", AGENT_IMAGES, next->image);
	b->image = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (b->image < 0)
		return errno == ENOENT ? err_set(e, E_NOTFOUND,
						 "image %.16s… is not on this server", next->image)
		                       : err_sys(e, "%s", path);
	if ((rc = open_old(b, now, e)) < 0 || (rc = kept_make(now, LAYER_NEXT, &b->upper, e)) < 0 ||
		(rc = layer_fill(next, b->upper, e)) < 0 || (rc = carry_files(b, e)) < 0)
		return rc;
	for (size_t i = 0; i < ARRAY_LEN(own) && rc == 0; i++)
		rc = carry(b, own[i], e);
	if (rc < 0 || (rc = carry_data(b, req, e)) < 0)
		return rc;
	snprintf(f.image, sizeof(f.image), "%s", next->image);
	rc = kept_write_facts(now, LAYER_NEXT, &f, e);
	return rc == 0 && syncfs(b->upper) < 0 ? err_sys(e, "syncing the new layer") : rc;
}

AGENT_OP(ps_rebuild, "ps.rebuild", OP_CHANGE | OP_LOCK_PS)
{
	autoclean(rebuild_release) struct rebuild b = {.copy = {.progress = tick, .arg = a},
		.old = -1,
		.image = -1,
		.upper = -1};
	autoconf_ps c = {0}, next = {0};
	const char *name, *image;
	int rc;

	(void)ans;
	if ((rc = msg_need_name(req, "name", &name, e)) < 0 ||
		(rc = msg_need_text(req, "image", &image, e)) < 0 ||
		(rc = ps_conf_read(&c, name, e)) < 0 || (rc = ps_conf_read(&next, name, e)) < 0)
		return rc;
	if (strlen(image) != 64 || strspn(image, "0123456789abcdef") != 64)
		return err_set(e, E_USAGE, "image must be 64 hexadecimal digits");
	if (ps_is_running(name))
		return err_set(e, E_STATE, "private server %s is running", name);
	free(next.image);
	next.image = mem_strdup(image);
	if ((rc = kept_ready(&c, e)) < 0 || (rc = kept_room(&c, NULL, &b.copy, e)) < 0)
		return rc;
	rc = fill_new(&b, &c, &next, req, e);
	if (rc < 0)
		kept_remove(&c, LAYER_NEXT, NULL);
	return rc;
}
