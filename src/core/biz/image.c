/* SPDX-License-Identifier: MIT */
#include "biz/image.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "svc/rootfs.h"
#include "svc/run.h"
#include "util/str.h"

#define SQL_ADD                                                                                    \
	"INSERT INTO image (name, digest, size, unpacked, os, created) "                           \
	"VALUES (?1, ?2, ?3, ?4, ?5, ?6)"
#define SQL_EXISTS "SELECT id FROM image WHERE name = ?1"
#define SQL_REMOVE "DELETE FROM image WHERE name = ?1"
#define SQL_USER   "SELECT p.name FROM ps p JOIN image i ON i.id = p.image WHERE i.name = ?1 LIMIT 1"
#define SQL_SAME   "SELECT id FROM image WHERE digest = ?1 LIMIT 1"
#define SQL_FIND                                                                                   \
	"SELECT id, digest FROM image WHERE ?1 IS NULL OR name = ?1 ORDER BY id DESC LIMIT 1"
#define SQL_ROWS "SELECT image, digest, os, size, unpacked, users, created FROM v_image "

/* What a minimal server needs to be entered and reached: an init, a network, an sshd. */
#define SUITE_PACKAGES                                                                             \
	"systemd,systemd-sysv,dbus,iproute2,iputils-ping,procps,openssh-server,ca-certificates,"   \
	"less,vim-tiny,netbase"

char *image_path(const struct sxc *s, const char *digest)
{
	return str_fmt("%s/images/%s.tar.zst", s->home, digest);
}

static void show_bytes(void *arg, int64_t bytes)
{
	struct sxc *s = arg;

	if (s->progress)
		s->progress(s->tell_arg, "reading image", bytes, 0);
}

/* A word that is no path and no file: a suite. */
static bool is_suite(const char *from)
{
	return !strchr(from, '/') && !strchr(from, '.') && access(from, F_OK) != 0 &&
	       str_is_name(from);
}

static int make_suite(struct sxc *s, const char *suite, const char *to, struct err *e)
{
	char include[] = "--include=" SUITE_PACKAGES;
	autofree char *name = mem_strdup(suite), *out = mem_strdup(to);
	char prog[] = "mmdebstrap", variant[] = "--variant=minbase", format[] = "--format=tar";
	char quiet[] = "--quiet";
	char *argv[] = {prog, quiet, variant, format, include, name, out, NULL};

	sxc_note(s, 0, "making a Debian %s root directory with mmdebstrap", suite);
	return run_program(argv, e);
}

static int register_tx(struct sxc *s, const char *name, const struct rootfs_info *info,
	struct err *e)
{
	autorollback struct sxc *tx = NULL;
	int r = tx_begin(s, e);

	if (r < 0)
		return r;
	tx = s;
	r = db_run(s->db, e, SQL_ADD, name, info->digest, info->size, info->unpacked,
		info->os[0] ? info->os : (const char *)NULL, s->now);
	if (r == E_EXISTS)
		return err_set(e, r, "image %s exists already", name);
	if (r < 0 || (r = audit_add(s, "image.add", name, NULL, NULL, e)) < 0)
		return r;
	tx = NULL;
	return tx_commit(s, e);
}

static int take_in(struct sxc *s, const char *name, const char *from, struct err *e)
{
	autofree char *rel = str_fmt("images/.new-%s-%d", name, (int)getpid());
	autofree char *tmp = sxc_path(s, rel);
	struct rootfs_info info;
	int r = rootfs_write(from, tmp, &info, show_bytes, s, e);

	if (r < 0)
		return r;
	autofree char *path = image_path(s, info.digest);
	if (s->dry_run ? unlink(tmp) < 0 : rename(tmp, path) < 0) {
		r = err_sys(e, "%s", path);
		unlink(tmp);
		return r;
	}
	return register_tx(s, name, &info, e);
}

int image_add(struct sxc *s, const char *name, const char *from, struct err *e)
{
	int64_t id;
	int r = db_get_i64(s->db, &id, e, SQL_EXISTS, name);

	if (r != 0)
		return r < 0 ? r : err_set(e, E_EXISTS, "image %s exists already", name);
	if (!is_suite(from))
		return take_in(s, name, from, e);
	autofree char *rel = str_fmt("images/.suite-%s-%d.tar", name, (int)getpid());
	autofree char *tar = sxc_path(s, rel);
	r = make_suite(s, from, tar, e);
	if (r == 0)
		r = take_in(s, name, tar, e);
	unlink(tar);
	return r;
}

static int remove_tx(struct sxc *s, const char *name, char **digest, struct err *e)
{
	autofree char *user = NULL;
	int64_t id;
	char hex[SHA256_HEX];
	int r;

	if ((r = image_find(s, name, &id, hex, e)) < 0 ||
		(r = db_get_text(s->db, &user, e, SQL_USER, name)) < 0)
		return r;
	if (r > 0)
		return err_set(e, E_INUSE, "image %s: private server %s was made from it", name,
			user);
	if ((r = db_run(s->db, e, SQL_REMOVE, name)) < 0 ||
		(r = audit_add(s, "image.remove", name, NULL, NULL, e)) < 0)
		return r;
	if ((r = db_get_i64(s->db, &id, e, SQL_SAME, hex)) == 0)
		*digest = mem_strdup(hex);
	return r < 0 ? r : 0;
}

int image_remove(struct sxc *s, const char *name, struct err *e)
{
	autorollback struct sxc *tx = NULL;
	autofree char *digest = NULL;
	int r = tx_begin(s, e);

	if (r < 0)
		return r;
	tx = s;
	if ((r = remove_tx(s, name, &digest, e)) < 0)
		return r;
	tx = NULL;
	r = tx_commit(s, e);
	if (r == 0 && digest && !s->dry_run) {
		autofree char *path = image_path(s, digest);

		unlink(path);
	}
	return r;
}

static int give(struct query *q, image_row_fn fn, void *arg, struct err *e)
{
	struct image_row row = {
		.name = db_text(q, 0),
		.digest = db_text(q, 1),
		.os = db_text(q, 2),
		.size = db_i64(q, 3),
		.unpacked = db_i64(q, 4),
		.users = db_i64(q, 5),
		.created = db_i64(q, 6),
	};

	return fn(arg, &row, e);
}

int image_list(struct sxc *s, image_row_fn fn, void *arg, struct err *e)
{
	autoclean(db_done) struct query q = {0};
	int r = db_query(s->db, &q, e, SQL_ROWS "ORDER BY created, image");

	while (r >= 0 && (r = db_next(&q, e)) > 0)
		r = give(&q, fn, arg, e);
	return r;
}

int image_show(struct sxc *s, const char *name, image_row_fn fn, void *arg, struct err *e)
{
	autoclean(db_done) struct query q = {0};
	int r = db_one(s->db, &q, e, SQL_ROWS "WHERE image = ?1", name);

	if (r == 0)
		return err_set(e, E_NOTFOUND, "no image named '%s'", name);
	return r < 0 ? r : give(&q, fn, arg, e);
}

int image_find(struct sxc *s, const char *name, int64_t *id, char *digest, struct err *e)
{
	autoclean(db_done) struct query q = {0};
	int r = db_one(s->db, &q, e, SQL_FIND, name);

	if (r < 0)
		return r;
	if (r == 0)
		return name ? err_set(e, E_NOTFOUND, "no image named '%s'", name)
		            : err_set(e, E_NOTFOUND,
				      "no image is registered: add one with \"sxc image add\"");
	*id = db_i64(&q, 0);
	memcpy(digest, db_text(&q, 1), SHA256_HEX);
	return 0;
}
