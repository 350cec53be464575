/* SPDX-License-Identifier: MIT */
/* Backups of private servers: the manifest, the file, and what is read from it again. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "biz/ps_files.h"
#include "biz/ps_int.h"
#include "svc/backup_file.h"
#include "util/iso8601.h"
#include "util/str.h"

#define SQL_PS                                                                                     \
	"SELECT p.hostname, i.name, i.digest, a.name, p.cpu, p.cpu_max, p.net, p.memory, p.vm, "   \
	"p.disk, p.inodes, p.procs, p.sessions, p.transfer, p.best_effort, "                       \
	"(SELECT group_concat(ip, ' ') FROM address x WHERE x.ps = p.id) "                         \
	"FROM ps p JOIN image i ON i.id = p.image "                                                \
	"LEFT JOIN account a ON a.id = p.account WHERE p.id = ?1"
#define SQL_APPS                                                                                   \
	"SELECT a.name, v.version, v.digest, i.state, i.settings FROM instance i "                 \
	"JOIN app a ON a.id = i.app JOIN app_version v ON v.id = i.version "                       \
	"WHERE i.ps = ?1 ORDER BY i.id"
#define FORMAT 1 /* of the manifest */

static void json_cleanup(json_t **j)
{
	json_decref(*j);
}
#define autojson autoclean(json_cleanup) json_t

/* ---- manifest ---- */

static const char *const bound_names[] = {"cpu", "cpu_max", "net", "memory", "vm", "disk", "inodes",
	"procs", "sessions", "transfer", "best_effort"};

static json_t *text_or_null(const char *t)
{
	return t ? json_string(t) : json_null();
}

static int add_apps(struct sxc *s, int64_t ps, json_t *o, struct err *e)
{
	autoclean(db_done) struct query q = {0};
	json_t *list = json_array();
	int r = db_query(s->db, &q, e, SQL_APPS, ps);

	json_object_set_new(o, "applications", list);
	while (r >= 0 && (r = db_next(&q, e)) > 0)
		json_array_append_new(list,
			json_pack("{s:s, s:s, s:s, s:s, s:o}", "app", db_text(&q, 0), "version",
				db_text(&q, 1), "digest", db_text(&q, 2), "state", db_text(&q, 3),
				"settings", json_loads(db_text(&q, 4), 0, NULL)));
	return r;
}

static int manifest(struct sxc *s, const struct ps *p, char **out, struct err *e)
{
	autoclean(db_done) struct query q = {0};
	autojson *o = NULL;
	autostr when = STR_INIT;
	json_t *bounds;
	int r = db_one(s->db, &q, e, SQL_PS, p->id);

	if (r <= 0)
		return r < 0 ? r : err_set(e, E_NOTFOUND, "no private server named '%s'", p->name);
	iso8601_add(&when, s->now);
	o = json_pack("{s:i, s:s, s:s, s:s, s:{s:s, s:s}, s:o, s:o}", "backup", FORMAT, "made",
		str_c(&when), "name", p->name, "hostname", db_text(&q, 0), "image", "name",
		db_text(&q, 1), "digest", db_text(&q, 2), "account", text_or_null(db_text(&q, 3)),
		"addresses", text_or_null(db_text(&q, 15)));
	bounds = json_object();
	for (size_t i = 0; i < ARRAY_LEN(bound_names); i++)
		if (!db_is_null(&q, 4 + (int)i))
			json_object_set_new(bounds, bound_names[i],
				json_integer(db_i64(&q, 4 + (int)i)));
	json_object_set_new(o, "bounds", bounds);
	if ((r = add_apps(s, p->id, o, e)) < 0)
		return r;
	*out = json_dumps(o, JSON_INDENT(2) | JSON_SORT_KEYS);
	return 0;
}

/* ---- writing ---- */

struct writing {
	char *path, *part;
	int fd;
	struct sha256 hash;
	int64_t size;
	struct sxc *s;
};

static void writing_release(struct writing *w)
{
	if (w->fd >= 0) {
		unlink(w->part); /* renamed by then when all went well */
		close(w->fd);
	}
	free(w->path);
	free(w->part);
}

static int put_bytes(struct writing *w, const void *p, size_t n, struct err *e)
{
	for (const char *c = p; n;) {
		ssize_t k = write(w->fd, c, n);

		if (k < 0 && errno != EINTR)
			return err_sys(e, "%s", w->part);
		if (k > 0) {
			c += k;
			n -= (size_t)k;
		}
	}
	return 0;
}

static int take_data(void *arg, int fd, const void *p, size_t n, struct err *e)
{
	struct writing *w = arg;

	(void)fd;
	sha256_add(&w->hash, p, n);
	w->size += (int64_t)n;
	if (w->s->progress)
		w->s->progress(w->s->tell_arg, "backing up", w->size, 0);
	return put_bytes(w, p, n, e);
}

static char *default_path(struct sxc *s, const char *name, struct err *e)
{
	autofree char *dir = sxc_path(s, "backups");
	autostr when = STR_INIT;
	char *c;

	if (mkdir(dir, 0700) < 0 && errno != EEXIST) {
		err_sys(e, "%s", dir);
		return NULL;
	}
	iso8601_add(&when, s->now);
	c = when.p;
	for (const char *r = when.p; *r; r++) /* 20260125T100000Z */
		if (*r != '-' && *r != ':')
			*c++ = *r;
	*c = '\0';
	return str_fmt("%s/%s-%s.sxb", dir, name, str_c(&when));
}

static int open_part(struct writing *w, struct err *e)
{
	w->part = str_fmt("%s.part", w->path);
	w->fd = open(w->part, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (w->fd < 0)
		return err_sys(e, "%s", w->part);
	if (flock(w->fd, LOCK_EX | LOCK_NB) < 0) {
		close(w->fd);
		w->fd = -1;
		return err_set(e, E_BUSY, "%s is being written by another run", w->part);
	}
	return ftruncate(w->fd, 0) < 0 ? err_sys(e, "%s", w->part) : 0;
}

static int sync_parent(const char *path, struct err *e)
{
	const char *slash = strrchr(path, '/');
	autofree char *dir = slash ? mem_strndup(path, (size_t)(slash - path) + 1)
	                           : mem_strdup(".");
	autoclose int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 || fsync(fd) < 0 ? err_sys(e, "%s", dir) : 0;
}

/* Sealed, durable, then under its name. */
static int finish(struct writing *w, const char *digest, char hex[SHA256_HEX], struct err *e)
{
	unsigned char sum[SHA256_SIZE], seal[BACKUP_SEAL];
	int r;

	sha256_end(&w->hash, sum);
	sha256_hex(sum, hex);
	if (!str_eq(hex, digest))
		return err_set(e, E_INTEGRITY, "what came has the digest %s, not %s", hex,
			digest ? digest : "(none)");
	backup_seal(sum, seal);
	if ((r = put_bytes(w, seal, sizeof(seal), e)) < 0)
		return r;
	if (fsync(w->fd) < 0 || rename(w->part, w->path) < 0)
		return err_sys(e, "%s", w->path);
	close(w->fd);
	w->fd = -1;
	return sync_parent(w->path, e);
}

static int receive(struct sxc *s, const struct ps *p, const char *text, struct writing *w,
	struct msg **ans, struct err *e)
{
	struct remote_events ev = {.data = take_data, .arg = w};
	struct msg *req = msg_new();

	msg_add_text(req, "manifest", text);
	return ps_ask_with(s, p, "ps.backup", req, &ev, ans, e);
}

static int note_down(struct sxc *s, const struct ps_backup_row *row, struct err *e)
{
	autorollback struct sxc *tx = NULL;
	autojson *o = json_pack("{s:s, s:s, s:I}", "file", row->file, "digest", row->digest, "size",
		(json_int_t)row->size);
	autofree char *after = json_dumps(o, JSON_COMPACT | JSON_SORT_KEYS);
	int r = tx_begin(s, e);

	if (r < 0)
		return r;
	tx = s;
	if ((r = audit_add(s, "ps.backup", row->ps, NULL, after, e)) < 0)
		return r;
	tx = NULL;
	return tx_commit(s, e);
}

int ps_backup(struct sxc *s, const char *name, const char *to, ps_row_fn fn, void *arg,
	struct err *e)
{
	autoclean(ps_release) struct ps p = {0};
	autoclean(writing_release) struct writing w = {.fd = -1, .s = s};
	autofree char *text = NULL;
	automsg *ans = NULL;
	char hex[SHA256_HEX];
	int r = ps_get(s, name, &p, e);

	if (r < 0)
		return r;
	if (!strstr("running stopped suspended", p.state))
		return err_set(e, E_STATE, "private server %s is %s", p.name, p.state);
	w.path = to ? mem_strdup(to) : default_path(s, p.name, e);
	sha256_init(&w.hash);
	if (!w.path || (r = manifest(s, &p, &text, e)) < 0 || (r = open_part(&w, e)) < 0)
		return w.path ? r : e->code;
	if ((r = receive(s, &p, text, &w, &ans, e)) < 0 ||
		(r = finish(&w, msg_text(ans, "digest"), hex, e)) < 0)
		return r;
	struct ps_backup_row row = {p.name, w.path, hex, w.size + BACKUP_SEAL,
		msg_i64(ans, "files", INT64_MIN)};
	r = note_down(s, &row, e);
	return r < 0 ? r : fn(arg, &row, e);
}
