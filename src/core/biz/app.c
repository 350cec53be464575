/* SPDX-License-Identifier: MIT */
/* The packages that are registered with this control center. */
#include "biz/app.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "biz/app_int.h"
#include "util/str.h"

#define SQL_APP_ADD                                                                                \
	"INSERT INTO app (name, title, created) VALUES (?1, ?2, ?3) "                              \
	"ON CONFLICT (name) DO UPDATE SET title = excluded.title"
#define SQL_APP_ID "SELECT id FROM app WHERE name = ?1"
#define SQL_ADD                                                                                    \
	"INSERT INTO app_version (app, version, digest, signature, size, unpacked, manifest, "     \
	"created) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)"
#define SQL_PROVIDES                                                                               \
	"INSERT INTO app_provides (version, capability) VALUES (?1, ?2) ON CONFLICT DO NOTHING"
#define SQL_DIGEST                                                                                 \
	"SELECT v.digest FROM app_version v JOIN app a ON a.id = v.app "                           \
	"WHERE a.name = ?1 AND v.version = ?2"
#define SQL_USER                                                                                   \
	"SELECT i.place FROM instance i JOIN app a ON a.id = i.app "                               \
	"JOIN app_version v ON v.id = i.version "                                                  \
	"WHERE a.name = ?1 AND (?2 IS NULL OR v.version = ?2) LIMIT 1"
#define SQL_REMOVE_PROVIDES                                                                        \
	"DELETE FROM app_provides WHERE version IN (SELECT v.id FROM app_version v "               \
	"JOIN app a ON a.id = v.app WHERE a.name = ?1 AND (?2 IS NULL OR v.version = ?2))"
#define SQL_REMOVE                                                                                 \
	"DELETE FROM app_version WHERE app = (SELECT id FROM app WHERE name = ?1) "                \
	"AND (?2 IS NULL OR version = ?2)"
#define SQL_REMOVE_APP                                                                             \
	"DELETE FROM app WHERE name = ?1 "                                                         \
	"AND NOT EXISTS (SELECT 1 FROM app_version v WHERE v.app = app.id)"
#define SQL_DIGESTS                                                                                \
	"SELECT v.digest FROM app_version v JOIN app a ON a.id = v.app "                           \
	"WHERE a.name = ?1 AND (?2 IS NULL OR v.version = ?2)"
#define SQL_LIST                                                                                   \
	"SELECT app, version, title, provides, digest, size, unpacked, instances, created "        \
	"FROM v_app WHERE ?1 IS NULL OR app = ?1 ORDER BY app"
#define SQL_COMPLETE                                                                               \
	"SELECT name, title FROM app WHERE name >= ?1 AND name < ?1 || x'f48fbfbf' "               \
	"ORDER BY name LIMIT ?2"

char *app_path(const struct sxc *s, const char *digest)
{
	return str_fmt("%s/packages/%s", s->home, digest);
}

/* ---- adding ---- */

static int copy_bytes(int from, int to, const char *what, struct err *e)
{
	ssize_t n;

	while ((n = sendfile(to, from, NULL, 1 << 20)) > 0)
		if (interrupted)
			return err_interrupted(e);
	return n < 0 || fsync(to) < 0 ? err_sys(e, "%s", what) : 0;
}

int app_copy_file(const char *from, const char *to, unsigned mode, struct err *e)
{
	autoclose int in = open(from, O_RDONLY | O_CLOEXEC), out = -1;

	if (in < 0 || (out = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode)) < 0)
		return err_sys(e, "%s", in < 0 ? from : to);
	return copy_bytes(in, out, to, e);
}

/* Into HOME/packages under its digest: temporary name, digest of what was written, rename. */
static int keep_file(struct sxc *s, const char *from, const struct package *p, struct err *e)
{
	autofree char *to = app_path(s, p->digest), *tmp = str_fmt("%s.part", to);
	char digest[SHA256_HEX];
	int r;

	if (access(to, F_OK) == 0 || s->dry_run)
		return 0;
	if ((r = app_copy_file(from, tmp, 0600, e)) == 0 &&
		(r = sha256_file(tmp, digest, NULL, e)) == 0 && strcmp(digest, p->digest) != 0)
		r = err_set(e, E_INTEGRITY, "%s changed while it was read", from);
	if (r == 0 && rename(tmp, to) < 0)
		r = err_sys(e, "%s", to);
	if (r < 0)
		unlink(tmp);
	return r;
}

static int refuse_known(struct sxc *s, const struct package *p, struct err *e)
{
	autofree char *digest = NULL;
	int r = db_get_text(s->db, &digest, e, SQL_DIGEST, p->wrapper.app, p->version);

	if (r <= 0)
		return r;
	if (strcmp(digest, p->digest) == 0)
		return err_set(e, E_EXISTS, "%s %s is registered already", p->wrapper.app,
			p->version);
	return err_set(e, E_EXISTS,
		"%s %s is registered with other content: \"sxc app pack --update\" raises the version",
		p->wrapper.app, p->version);
}

static int insert(struct sxc *s, const struct package *p, const char *signature, struct err *e)
{
	const struct wrapper *w = &p->wrapper;
	int64_t app = 0, id;
	int r;

	if ((r = db_run(s->db, e, SQL_APP_ADD, w->app, w->title, s->now)) < 0 ||
		(r = db_get_i64(s->db, &app, e, SQL_APP_ID, w->app)) < 0 ||
		(r = db_run(s->db, e, SQL_ADD, app, p->version, p->digest, signature, p->size,
			 p->unpacked, p->manifest, s->now)) < 0)
		return r;
	id = db_last_id(s->db);
	for (size_t i = 0; i < w->provides.n && r == 0; i++)
		r = db_run(s->db, e, SQL_PROVIDES, id, w->provides.v[i]);
	return r;
}

static int register_tx(struct sxc *s, const struct package *p, const char *signature, struct err *e)
{
	autorollback struct sxc *tx = NULL;
	json_t *about = json_pack("{s:s, s:s}", "version", p->version, "digest", p->digest);
	autofree char *after = json_dumps(about, JSON_COMPACT);
	int r = tx_begin(s, e);

	json_decref(about);
	if (r < 0)
		return r;
	tx = s;
	if ((r = refuse_known(s, p, e)) < 0 || (r = insert(s, p, signature, e)) < 0 ||
		(r = audit_add(s, "app.add", p->wrapper.app, NULL, after, e)) < 0)
		return r;
	tx = NULL;
	return tx_commit(s, e);
}

int app_add(struct sxc *s, const char *from, char **name, char **version, struct err *e)
{
	autofree char *packed = NULL, *signature = NULL;
	autopackage *p = NULL;
	autofree char *cache = sxc_path(s, "cache");
	struct stat st;
	int r;

	if (stat(from, &st) == 0 && S_ISDIR(st.st_mode) && s->dry_run)
		return err_set(e, E_USAGE, "%s: a dry run packs nothing: name a package", from);
	if (stat(from, &st) == 0 && S_ISDIR(st.st_mode) &&
		(r = app_pack(s, from, cache, false, &packed, e)) < 0)
		return r;
	if ((r = app_check_file(s, packed ? packed : from, &p, &signature, e)) < 0 ||
		(r = refuse_known(s, p, e)) < 0 ||
		(r = keep_file(s, packed ? packed : from, p, e)) < 0 ||
		(r = register_tx(s, p, signature, e)) < 0)
		return r;
	*name = mem_strdup(p->wrapper.app);
	*version = mem_strdup(p->version);
	return 0;
}

/* ---- removing ---- */

static int remove_rows(struct sxc *s, const char *name, const char *version, struct err *e)
{
	autofree char *user = NULL;
	int r = db_get_text(s->db, &user, e, SQL_USER, name, version);

	if (r < 0)
		return r;
	if (r > 0)
		return err_set(e, E_INUSE, "application %s is installed on %s", name, user);
	if ((r = db_run(s->db, e, SQL_REMOVE_PROVIDES, name, version)) < 0 ||
		(r = db_run(s->db, e, SQL_REMOVE, name, version)) < 0)
		return r;
	if (db_changes(s->db) == 0)
		return err_set(e, E_NOTFOUND, "no application named '%s'%s%s", name,
			version ? " in version " : "", version ? version : "");
	if ((r = db_run(s->db, e, SQL_REMOVE_APP, name)) < 0)
		return r;
	return audit_add(s, "app.remove", name, NULL, NULL, e);
}

static int list_digests(struct sxc *s, const char *name, const char *version, struct strvec *out,
	struct err *e)
{
	autoclean(db_done) struct query q = {0};
	int r = db_query(s->db, &q, e, SQL_DIGESTS, name, version);

	while (r >= 0 && (r = db_next(&q, e)) > 0)
		strvec_push(out, db_text(&q, 0));
	return r;
}

int app_remove(struct sxc *s, const char *name, const char *version, struct err *e)
{
	autorollback struct sxc *tx = NULL;
	autostrvec digests = {0};
	int r = tx_begin(s, e);

	if (r < 0)
		return r;
	tx = s;
	if ((r = list_digests(s, name, version, &digests, e)) < 0 ||
		(r = remove_rows(s, name, version, e)) < 0)
		return r;
	tx = NULL;
	if ((r = tx_commit(s, e)) < 0)
		return r;
	for (size_t i = 0; i < digests.n && !s->dry_run; i++) {
		autofree char *path = app_path(s, digests.v[i]);

		unlink(path);
	}
	return 0;
}

/* ---- lists ---- */

struct kept_row {
	char *app, *version, *title, *provides, *digest;
	int64_t size, unpacked, instances, created;
};
struct kept_rows {
	struct kept_row *v;
	size_t n, cap;
};

static void kept_release(struct kept_rows *l)
{
	vec_each(l, k) {
		free(k->app);
		free(k->version);
		free(k->title);
		free(k->provides);
		free(k->digest);
	}
	vec_release(l);
}

/* By name, the newest version of each first: an order that SQL does not know. */
static int by_name_newest(const void *a, const void *b)
{
	const struct kept_row *x = a, *y = b;
	int d = strcmp(x->app, y->app);

	return d ? d : -version_compare(x->version, y->version);
}

static int load_rows(struct sxc *s, const char *name, struct kept_rows *l, struct err *e)
{
	autoclean(db_done) struct query q = {0};
	int r = db_query(s->db, &q, e, SQL_LIST, name);

	while (r >= 0 && (r = db_next(&q, e)) > 0) {
		struct kept_row k = {db_text_dup(&q, 0), db_text_dup(&q, 1), db_text_dup(&q, 2),
			db_text_dup(&q, 3), db_text_dup(&q, 4), db_i64(&q, 5), db_i64(&q, 6),
			db_i64(&q, 7), db_i64(&q, 8)};

		vec_push(l, k);
	}
	if (l->n)
		qsort(l->v, l->n, sizeof(*l->v), by_name_newest);
	return r;
}

int app_list(struct sxc *s, const char *name, app_row_fn fn, void *arg, struct err *e)
{
	autoclean(kept_release) struct kept_rows l = {0};
	int r = load_rows(s, name, &l, e);

	if (r == 0 && name && !l.n)
		return err_set(e, E_NOTFOUND, "no application named '%s'", name);
	for (size_t i = 0; i < l.n && r >= 0; i++) {
		const struct kept_row *k = &l.v[i];
		struct app_row row = {k->app, k->version, k->title, k->provides, k->digest, k->size,
			k->unpacked, k->instances, k->created};

		r = fn(arg, &row, e);
	}
	return r;
}

int app_settings(struct sxc *s, const char *name, app_row_fn fn, void *arg, struct err *e)
{
	autoclean(app_version_release) struct app_version v = {0};
	int r = app_version_get(s, name, NULL, &v, e);

	if (r < 0)
		return r;
	for (size_t i = 0; i < v.package->wrapper.settings.n && r >= 0; i++) {
		const struct wrapper_setting *st = &v.package->wrapper.settings.v[i];
		struct app_setting_row row = {st->name, typed_name(st->type.kind),
			st->type.kind == TYPED_SECRET ? NULL : st->def, st->help};

		r = fn(arg, &row, e);
	}
	return r;
}

int app_exists(struct sxc *s, const char *name, struct err *e)
{
	int64_t id;

	return db_get_i64(s->db, &id, e, SQL_APP_ID, name);
}

int app_complete(struct sxc *s, const char *prefix, int limit,
	void (*fn)(void *arg, const char *name, const char *help), void *arg, struct err *e)
{
	autoclean(db_done) struct query q = {0};
	int r = db_query(s->db, &q, e, SQL_COMPLETE, prefix, limit);

	while (r >= 0 && (r = db_next(&q, e)) > 0)
		fn(arg, db_text(&q, 0), db_text(&q, 1));
	return r;
}
