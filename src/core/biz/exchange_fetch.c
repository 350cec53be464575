/* SPDX-License-Identifier: MIT */
/* What exchanges offer beyond what is here, and bringing it here. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "biz/exchange_int.h"
#include "util/str.h"

#define SQL_OFFERS                                                                                 \
	"SELECT o.app, o.version, x.name, o.title, o.size, o.security, o.file, o.digest "          \
	"FROM exchange_offer o JOIN exchange x ON x.id = o.exchange "                              \
	"WHERE (?1 IS NULL OR x.name = ?1) AND (?2 IS NULL OR o.app = ?2) ORDER BY o.app, x.name"
#define SQL_HAVE                                                                                   \
	"SELECT v.version, (SELECT count(*) FROM instance i WHERE i.version = v.id) "              \
	"FROM app_version v JOIN app a ON a.id = v.app WHERE a.name = ?1"

/* The newest of one application, over all exchanges that were looked at. */
struct offer {
	char *app, *version, *exchange, *title, *file, *digest, *have;
	int64_t size, instances;
	bool security;
};
struct offers {
	struct offer *v;
	size_t n, cap;
};

static void offer_release(struct offer *o)
{
	free(o->app);
	free(o->version);
	free(o->exchange);
	free(o->title);
	free(o->file);
	free(o->digest);
	free(o->have);
}

static void offers_release(struct offers *l)
{
	vec_each(l, o)
		offer_release(o);
	vec_release(l);
}

static void fill(struct query *q, struct offer *o)
{
	*o = (struct offer){.app = db_text_dup(q, 0),
		.version = db_text_dup(q, 1),
		.exchange = db_text_dup(q, 2),
		.title = db_text_dup(q, 3),
		.size = db_i64(q, 4),
		.security = db_i64(q, 5) != 0,
		.file = db_text_dup(q, 6),
		.digest = db_text_dup(q, 7)};
}

/* The newest version that is registered of it: 1, 0 none. */
static int find_have(struct sxc *s, const char *app, char **have, struct err *e)
{
	autoclean(db_done) struct query q = {0};
	int r = db_query(s->db, &q, e, SQL_HAVE, app);

	while (r >= 0 && (r = db_next(&q, e)) > 0)
		if (!*have || version_compare(db_text(&q, 0), *have) > 0) {
			free(*have);
			*have = db_text_dup(&q, 0);
		}
	return r < 0 ? r : *have != NULL;
}

static int count_older(struct sxc *s, struct offer *o, struct err *e)
{
	autoclean(db_done) struct query q = {0};
	int r = db_query(s->db, &q, e, SQL_HAVE, o->app);

	while (r >= 0 && (r = db_next(&q, e)) > 0)
		if (version_compare(db_text(&q, 0), o->version) < 0)
			o->instances += db_i64(&q, 1);
	return r;
}

/*
 * Of each application the newest offer. A fix of security between what is here and that one counts
 * for it. version not NULL: just that one.
 */
static int load(struct sxc *s, const char *name, const char *app, const char *version,
	struct offers *l, struct err *e)
{
	autoclean(db_done) struct query q = {0};
	int r = db_query(s->db, &q, e, SQL_OFFERS, name, app);

	while (r >= 0 && (r = db_next(&q, e)) > 0) {
		struct offer *last = l->n ? &l->v[l->n - 1] : NULL, o;
		bool fix;

		if (version && strcmp(db_text(&q, 1), version) != 0)
			continue;
		fill(&q, &o);
		if (!last || strcmp(last->app, o.app) != 0) {
			if ((r = find_have(s, o.app, &o.have, e)) >= 0)
				o.security = o.security && o.have &&
				             version_compare(o.version, o.have) > 0;
			vec_push(l, o);
			continue;
		}
		fix = last->security ||
		      (o.security && last->have && version_compare(o.version, last->have) > 0);
		if (version_compare(o.version, last->version) > 0) {
			struct offer old = *last;

			*last = o;
			last->have = steal(&old.have);
			o = old;
		}
		last->security = fix;
		offer_release(&o);
	}
	return r;
}

static bool is_more(const struct offer *o)
{
	return !o->have || version_compare(o->version, o->have) > 0;
}

/* Security first, then what is installed, then what is here, then what is new. */
static int rank(const struct offer *o)
{
	return o->security ? (o->instances ? 0 : 1) : o->instances ? 2 : o->have ? 3 : 4;
}

static int by_rank(const void *a, const void *b)
{
	const struct offer *x = a, *y = b;
	int d = rank(x) - rank(y);

	return d ? d : strcmp(x->app, y->app);
}

int exchange_offers(struct sxc *s, const char *name, app_row_fn fn, void *arg, struct err *e)
{
	autoclean(offers_release) struct offers l = {0};
	int r = load(s, name, NULL, NULL, &l, e);

	for (size_t i = 0; i < l.n && r >= 0; i++)
		r = count_older(s, &l.v[i], e);
	if (r < 0)
		return r;
	if (l.n)
		qsort(l.v, l.n, sizeof(*l.v), by_rank);
	for (size_t i = 0; i < l.n && r >= 0; i++) {
		const struct offer *o = &l.v[i];
		struct exchange_offer_row row = {o->app, o->version, o->have, o->exchange, o->title,
			o->security ? "security"
			: o->have   ? "behind"
				    : "new",
			o->instances, o->size};

		r = is_more(o) ? fn(arg, &row, e) : 0;
	}
	return r;
}

/* ---- fetching ---- */

static int check_package(const char *path, const struct offer *o, struct err *e)
{
	autoclose int fd = open(path, O_RDONLY | O_CLOEXEC);
	autopackage *p = NULL;
	int r;

	if (fd < 0)
		return err_sys(e, "%s", path);
	if ((r = package_read(fd, o->file, &p, e)) < 0)
		return r;
	if (strcmp(p->wrapper.app, o->app) != 0 || strcmp(p->version, o->version) != 0)
		return err_set(e, E_INTEGRITY, "%s refused: it is %s %s, the index says %s %s",
			o->file, p->wrapper.app, p->version, o->app, o->version);
	return 0;
}

/* What was cut short goes on; what is whole and wrong is thrown away. */
static int download(struct sxc *s, const struct offer *o, const char *path, struct err *e)
{
	autoclean(exchange_release) struct exchange x = {0};
	char digest[SHA256_HEX];
	int64_t size;
	int r = exchange_get(s, o->exchange, &x, e);

	if (r < 0)
		return r;
	struct fetch f = exchange_place(s, &x);
	if ((r = fetch_file(&f, o->file, path, o->size, e)) < 0) {
		if (r == E_INTEGRITY)
			unlink(path);
		return err_wrap(e, "exchange %s", x.name);
	}
	if ((r = sha256_file(path, digest, &size, e)) < 0)
		return r;
	r = strcmp(digest, o->digest) == 0
	            ? check_package(path, o, e)
	            : err_set(e, E_INTEGRITY,
			      "exchange %s: %s refused: it is not the file that the index names",
			      x.name, o->file);
	if (r < 0)
		unlink(path);
	return r;
}

static int fetch_one(struct sxc *s, const struct offer *o, struct err *e)
{
	autofree char *cache = sxc_path(s, "cache");
	autofree char *path = str_fmt("%s/%s.sxa", cache, o->digest);
	autofree char *sig = str_fmt("%s.sig", path), *name = NULL, *version = NULL;
	int r = s->dry_run ? 0 : download(s, o, path, e);

	if (r < 0 || s->dry_run)
		return r;
	if ((r = app_sign(s, path, e)) == 0)
		r = app_add(s, path, &name, &version, e);
	unlink(path);
	unlink(sig);
	return r;
}

static int fetch_named(struct sxc *s, const char *name, const char *app, const char *version,
	exchange_told_fn told, void *arg, struct err *e)
{
	autoclean(offers_release) struct offers l = {0};
	int r = load(s, name, app, version, &l, e);

	if (r < 0)
		return r;
	if (!l.n)
		return err_set(e, E_NOTFOUND, "exchange %s does not offer %s%s%s", name, app,
			version ? " " : "", version ? version : "");
	if (!version && l.v[0].have && version_compare(l.v[0].version, l.v[0].have) < 0)
		return err_set(e, E_STATE,
			"exchange %s offers %s %s, older than %s, which is registered: "
			"name %s=%s to have it",
			name, app, l.v[0].version, l.v[0].have, app, l.v[0].version);
	if ((r = fetch_one(s, &l.v[0], e)) == 0)
		told(arg, l.v[0].app, l.v[0].version);
	return r;
}

int exchange_fetch(struct sxc *s, const char *name, const char *app, const char *version,
	const struct exchange_sync *how, exchange_told_fn told, void *arg, struct err *e)
{
	autoclean(offers_release) struct offers l = {0};
	int r = exchange_sync(s, name, how, e);

	if (r < 0)
		return r;
	if (app)
		return fetch_named(s, name, app, version, told, arg, e);
	r = load(s, name, NULL, NULL, &l, e);
	for (size_t i = 0; i < l.n && r >= 0; i++)
		if (l.v[i].have && is_more(&l.v[i]) && (r = fetch_one(s, &l.v[i], e)) == 0)
			told(arg, l.v[i].app, l.v[i].version);
	return r;
}
