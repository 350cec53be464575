/* SPDX-License-Identifier: MIT */
#include "biz/license.h"

#include <string.h>

#include "biz/app_int.h"
#include "svc/sign.h"
#include "util/slurp.h"
#include "util/str.h"
#include "util/vec.h"

#define FILE_MAX    (4u << 20)
#define LICENSE_MAX 4096
#define SETTING     "license"

#define SQL_TAKE                                                                                   \
	"UPDATE license SET instance = ?1 WHERE id = (SELECT id FROM license WHERE pool = ?2 "     \
	"AND instance IS NULL ORDER BY id LIMIT 1)"
#define SQL_HELD      "SELECT pool FROM license WHERE instance = ?1"
#define SQL_GIVE_BACK "UPDATE license SET instance = NULL WHERE instance = ?1"
#define SQL_COUNT     "SELECT count(*) FROM license WHERE pool = ?1"
#define SQL_TEXT      "SELECT license FROM license WHERE instance = ?1"
#define SQL_ADD       "INSERT INTO license (pool, license, digest, created) VALUES (?1, ?2, ?3, ?4)"
#define SQL_LIST                                                                                   \
	"SELECT l.id, l.created, l.pool, a.name, i.place "                                         \
	"FROM license l LEFT JOIN instance i ON i.id = l.instance "                                \
	"LEFT JOIN app a ON a.id = i.app WHERE l.pool = ?1 ORDER BY l.id"
#define SQL_HOLDER                                                                                 \
	"SELECT i.place FROM license l JOIN instance i ON i.id = l.instance WHERE l.id = ?1"
#define SQL_REMOVE "DELETE FROM license WHERE id = ?1 AND pool = ?2 AND instance IS NULL"

/* ---- taking ---- */

int license_take(struct sxc *s, const struct wrapper *w, int64_t instance, json_t *settings,
	struct err *e)
{
	autofree char *text = NULL;
	int64_t all = 0;
	int r;

	if (!w->pool)
		return 0;
	if ((r = db_run(s->db, e, SQL_TAKE, instance, w->pool)) < 0)
		return r;
	if (db_changes(s->db) == 0) {
		if ((r = db_get_i64(s->db, &all, e, SQL_COUNT, w->pool)) < 0)
			return r;
		return err_set(e, E_LIMIT,
			"%s needs a licence and none of the pool %s is free (%lld of %lld taken): "
			"\"sxc app license add %s\"",
			w->app, w->pool, (long long)all, (long long)all, w->app);
	}
	if ((r = db_get_text(s->db, &text, e, SQL_TEXT, instance)) > 0 &&
		wrapper_setting(w, SETTING) && !json_object_get(settings, SETTING))
		json_object_set_new(settings, SETTING, json_string(text));
	return r < 0 ? r : 0;
}

int license_keep(struct sxc *s, const struct wrapper *w, int64_t instance, json_t *settings,
	struct err *e)
{
	autofree char *held = NULL;
	int r = w->pool ? db_get_text(s->db, &held, e, SQL_HELD, instance) : 0;

	if (r < 0 || !w->pool)
		return r;
	if (r == 0)
		return license_take(s, w, instance, settings, e);
	if (strcmp(held, w->pool) == 0)
		return 0;
	return err_set(e, E_STATE,
		"%s needs a licence of the pool %s and holds one of %s: uninstall it first", w->app,
		w->pool, held);
}

int license_settle(struct sxc *s, const struct wrapper *w, int64_t instance, struct err *e)
{
	return w->pool ? 0 : db_run(s->db, e, SQL_GIVE_BACK, instance);
}

/* ---- adding and removing ---- */

static int pool_of(struct sxc *s, const char *app, char **pool, struct err *e)
{
	autoclean(app_version_release) struct app_version v = {0};
	int r = app_version_get(s, app, NULL, &v, e);

	if (r < 0)
		return r;
	if (!v.package->wrapper.pool)
		return err_set(e, E_STATE, "%s is free: it takes no licences", app);
	*pool = mem_strdup(v.package->wrapper.pool);
	return 0;
}

static int add_text(struct sxc *s, const char *pool, const char *text, size_t line, struct err *e)
{
	char digest[SHA256_HEX];
	int r;

	if (!str_is_line(text, LICENSE_MAX))
		return err_set(e, E_USAGE,
			"line %zu is no licence: one line of text, at most %d bytes", line,
			LICENSE_MAX);
	sha256_buf(text, strlen(text), digest);
	r = db_run(s->db, e, SQL_ADD, pool, text, digest, s->now);
	return r == E_EXISTS ? err_set(e, r, "the licence of line %zu is in the pool %s already",
				       line, pool)
	                     : r;
}

static int add_lines(struct sxc *s, const char *pool, const char *file, int64_t *added,
	struct err *e)
{
	autostr text = STR_INIT;
	autostrvec lines = {0};
	int r = slurp(file, FILE_MAX, &text, e);

	if (r < 0)
		return r;
	strvec_split(&lines, str_c(&text), "\r\n");
	if (!lines.n)
		return err_set(e, E_USAGE, "%s holds no licence", file);
	for (size_t i = 0; i < lines.n && r == 0; i++)
		r = add_text(s, pool, lines.v[i], i + 1, e);
	*added = (int64_t)lines.n;
	return r;
}

int license_add(struct sxc *s, const char *app, const char *file, int64_t count, int64_t *added,
	struct err *e)
{
	autorollback struct sxc *tx = NULL;
	autofree char *pool = NULL;
	int r = pool_of(s, app, &pool, e);

	if (r < 0 || (r = tx_begin(s, e)) < 0)
		return r;
	tx = s;
	*added = count;
	if (file)
		r = add_lines(s, pool, file, added, e);
	for (int64_t i = 0; !file && i < count && r == 0; i++)
		r = db_run(s->db, e, SQL_ADD, pool, db_null(), db_null(), s->now);
	if (r < 0)
		return r;
	autofree char *after = str_fmt("{\"added\":%lld}", (long long)*added);
	if ((r = audit_add(s, "app.license.add", pool, NULL, after, e)) < 0)
		return r;
	tx = NULL;
	return tx_commit(s, e);
}

static int remove_row(struct sxc *s, const char *pool, int64_t id, struct err *e)
{
	autofree char *holder = NULL, *before = str_fmt("{\"id\":%lld}", (long long)id);
	int r = db_get_text(s->db, &holder, e, SQL_HOLDER, id);

	if (r < 0)
		return r;
	if (r > 0)
		return err_set(e, E_INUSE, "licence %lld is held on %s", (long long)id, holder);
	if ((r = db_run(s->db, e, SQL_REMOVE, id, pool)) < 0)
		return r;
	if (db_changes(s->db) == 0)
		return err_set(e, E_NOTFOUND, "no licence %lld in the pool %s", (long long)id,
			pool);
	return audit_add(s, "app.license.remove", pool, before, NULL, e);
}

int license_remove(struct sxc *s, const char *app, int64_t id, struct err *e)
{
	autorollback struct sxc *tx = NULL;
	autofree char *pool = NULL;
	int r = pool_of(s, app, &pool, e);

	if (r < 0 || (r = tx_begin(s, e)) < 0)
		return r;
	tx = s;
	if ((r = remove_row(s, pool, id, e)) < 0)
		return r;
	tx = NULL;
	return tx_commit(s, e);
}

int license_list(struct sxc *s, const char *app, app_row_fn fn, void *arg, struct err *e)
{
	autoclean(db_done) struct query q = {0};
	autofree char *pool = NULL;
	int r = pool_of(s, app, &pool, e);

	if (r < 0 || (r = db_query(s->db, &q, e, SQL_LIST, pool)) < 0)
		return r;
	while (r >= 0 && (r = db_next(&q, e)) > 0) {
		struct license_row row = {.id = db_i64(&q, 0),
			.created = db_i64(&q, 1),
			.pool = db_text(&q, 2),
			.app = db_text(&q, 3),
			.ps = db_text(&q, 4),
			.state = db_text(&q, 4) ? "taken" : "free"};

		r = fn(arg, &row, e);
	}
	return r;
}
