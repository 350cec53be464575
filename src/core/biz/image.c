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
#include "util/vec.h"

#define SQL_ADD                                                                                    \
	"INSERT INTO image (name, version, digest, size, unpacked, os, created) VALUES (?1, "      \
	"(SELECT coalesce(max(version), 0) + 1 FROM image WHERE name = ?1), "                      \
	"?2, ?3, ?4, ?5, ?6)"
#define SQL_REMOVE "DELETE FROM image WHERE name = ?1 AND (?2 IS NULL OR version = ?2)"
#define SQL_USER                                                                                   \
	"SELECT i.version, p.name, p.image = i.id FROM image i "                                   \
	"JOIN ps p ON p.image = i.id OR p.previous_image = i.id "                                  \
	"WHERE i.name = ?1 AND (?2 IS NULL OR i.version = ?2) ORDER BY p.image <> i.id LIMIT 1"
#define SQL_DIGESTS "SELECT digest FROM image WHERE name = ?1 AND (?2 IS NULL OR version = ?2)"
#define SQL_SAME    "SELECT id FROM image WHERE digest = ?1 LIMIT 1"
#define SQL_FIND                                                                                   \
	"SELECT id, digest FROM image WHERE (?1 IS NULL OR name = ?1) "                            \
	"AND (?2 IS NULL OR version = ?2) ORDER BY id DESC LIMIT 1"
#define SQL_VERSION "SELECT version FROM image WHERE name = ?1 AND digest = ?2"
#define SQL_ROWS                                                                                   \
	"SELECT image, version, digest, os, size, unpacked, users, newest, created FROM v_image "

/* What a minimal server needs to be entered and reached: an init, a network, an sshd. */
#define SUITE_PACKAGES                                                                             \
	"systemd,systemd-sysv,dbus,iproute2,iputils-ping,procps,openssh-server,ca-certificates,"   \
	"less,vim-tiny,netbase"

char *image_path(const struct sxc *s, const char *digest)
{
	return str_fmt("%s/images/%s.tar.zst", s->home, digest);
}

/* "debian-12" or "debian-12=2". */
struct which {
	char *name;      /* NULL: any */
	struct db_arg v; /* null: any */
};

static void which_release(struct which *w)
{
	free(w->name);
}

static int which(const char *text, struct which *w, struct err *e)
{
	const char *eq = text ? strchr(text, '=') : NULL;
	char *end = NULL;
	long long v = eq ? strtoll(eq + 1, &end, 10) : 0;

	*w = (struct which){eq ? mem_strndup(text, (size_t)(eq - text)) : mem_strdup0(text),
		eq ? db_arg_i64(v) : db_null()};
	if (eq && (v < 1 || *end || end == eq + 1))
		return err_set(e, E_USAGE, "'%.80s' is not an image: NAME or NAME=VERSION", text);
	return 0;
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

static int refuse_same(struct sxc *s, const char *name, const struct rootfs_info *info,
	struct err *e)
{
	int64_t version = 0;
	int r = db_get_i64(s->db, &version, e, SQL_VERSION, name, info->digest);

	return r < 0 ? r
	             : err_set(e, E_EXISTS, "image %s is that already, as version %lld", name,
			       (long long)version);
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
		return refuse_same(s, name, info, e);
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
	int r;

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

static int refuse_used(struct sxc *s, const struct which *w, struct err *e)
{
	autoclean(db_done) struct query q = {0};
	int r = db_one(s->db, &q, e, SQL_USER, w->name, w->v);

	if (r <= 0)
		return r;
	return err_set(e, E_INUSE, "image %s: private server %s %s version %lld", w->name,
		db_text(&q, 1), db_i64(&q, 2) ? "was made from" : "can go back to",
		(long long)db_i64(&q, 0));
}

static int remove_tx(struct sxc *s, const char *text, const struct which *w, struct strvec *digests,
	struct err *e)
{
	autoclean(db_done) struct query q = {0};
	char hex[SHA256_HEX];
	int64_t id;
	int r;

	if ((r = image_find(s, text, &id, hex, e)) < 0 || (r = refuse_used(s, w, e)) < 0)
		return r;
	r = db_query(s->db, &q, e, SQL_DIGESTS, w->name, w->v);
	while (r >= 0 && (r = db_next(&q, e)) > 0)
		strvec_push(digests, db_text(&q, 0));
	db_done(&q);
	if (r < 0 || (r = db_run(s->db, e, SQL_REMOVE, w->name, w->v)) < 0)
		return r;
	return audit_add(s, "image.remove", text, NULL, NULL, e);
}

/* The file goes when no image has the same contents. */
static int remove_file(struct sxc *s, const char *digest, struct err *e)
{
	autofree char *path = image_path(s, digest);
	int64_t id;
	int r = db_get_i64(s->db, &id, e, SQL_SAME, digest);

	if (r == 0)
		unlink(path);
	return r < 0 ? r : 0;
}

int image_remove(struct sxc *s, const char *name, struct err *e)
{
	autorollback struct sxc *tx = NULL;
	autoclean(which_release) struct which w = {0};
	autostrvec digests = {0};
	int r = which(name, &w, e);

	if (r < 0 || (r = tx_begin(s, e)) < 0)
		return r;
	tx = s;
	if ((r = remove_tx(s, name, &w, &digests, e)) < 0)
		return r;
	tx = NULL;
	r = tx_commit(s, e);
	for (size_t i = 0; i < digests.n && r == 0 && !s->dry_run; i++)
		r = remove_file(s, digests.v[i], e);
	return r;
}

static int give(struct query *q, image_row_fn fn, void *arg, struct err *e)
{
	struct image_row row = {
		.name = db_text(q, 0),
		.version = db_i64(q, 1),
		.digest = db_text(q, 2),
		.os = db_text(q, 3),
		.size = db_i64(q, 4),
		.unpacked = db_i64(q, 5),
		.users = db_i64(q, 6),
		.newest = db_i64(q, 7),
		.created = db_i64(q, 8),
	};

	return fn(arg, &row, e);
}

int image_list(struct sxc *s, image_row_fn fn, void *arg, struct err *e)
{
	autoclean(db_done) struct query q = {0};
	int r = db_query(s->db, &q, e, SQL_ROWS "ORDER BY created, image, version");

	while (r >= 0 && (r = db_next(&q, e)) > 0)
		r = give(&q, fn, arg, e);
	return r;
}

int image_show(struct sxc *s, const char *name, image_row_fn fn, void *arg, struct err *e)
{
	autoclean(which_release) struct which w = {0};
	autoclean(db_done) struct query q = {0};
	int r = which(name, &w, e);

	if (r < 0)
		return r;
	r = db_one(s->db, &q, e,
		SQL_ROWS "WHERE image = ?1 AND (?2 IS NULL OR version = ?2) "
			 "ORDER BY version DESC LIMIT 1",
		w.name, w.v);
	if (r == 0)
		return err_set(e, E_NOTFOUND, "no image named '%s'", name);
	return r < 0 ? r : give(&q, fn, arg, e);
}

int image_find(struct sxc *s, const char *name, int64_t *id, char *digest, struct err *e)
{
	autoclean(which_release) struct which w = {0};
	autoclean(db_done) struct query q = {0};
	int r = which(name, &w, e);

	if (r < 0 || (r = db_one(s->db, &q, e, SQL_FIND, w.name, w.v)) < 0)
		return r;
	if (r == 0)
		return name ? err_set(e, E_NOTFOUND, "no image named '%s'", name)
		            : err_set(e, E_NOTFOUND,
				      "no image is registered: add one with \"sxc image add\"");
	*id = db_i64(&q, 0);
	memcpy(digest, db_text(&q, 1), SHA256_HEX);
	return 0;
}
