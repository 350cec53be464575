/* SPDX-License-Identifier: MIT */
/* The order of versions, and registered versions in that order. */
#include <ctype.h>
#include <string.h>

#include "biz/app_int.h"
#include "util/str.h"

#define SQL_VERSIONS                                                                               \
	"SELECT v.id, v.version FROM app_version v JOIN app a ON a.id = v.app WHERE a.name = ?1"
#define SQL_GET                                                                                    \
	"SELECT v.id, v.app, a.name, v.version, v.digest, v.signature, v.manifest "                \
	"FROM app_version v JOIN app a ON a.id = v.app WHERE v.id = ?1"

/* ---- deb-version(7) ---- */

/* Weight of a byte in a part without digits: ~ before the end, then letters, then the rest. */
static int weight(char c)
{
	if (c == '~')
		return -1;
	if (c == '\0' || isdigit((unsigned char)c))
		return 0;
	return isalpha((unsigned char)c) ? (unsigned char)c : (unsigned char)c + 256;
}

static int compare_words(const char **a, const char **b)
{
	while ((**a && !isdigit((unsigned char)**a)) || (**b && !isdigit((unsigned char)**b))) {
		int d = weight(**a) - weight(**b);

		if (d)
			return d;
		*a += **a != '\0';
		*b += **b != '\0';
	}
	return 0;
}

static int compare_numbers(const char **a, const char **b)
{
	size_t n, m;
	int d;

	*a += strspn(*a, "0");
	*b += strspn(*b, "0");
	n = strspn(*a, "0123456789");
	m = strspn(*b, "0123456789");
	d = n == m ? strncmp(*a, *b, n) : n < m ? -1 : 1;
	*a += n;
	*b += m;
	return d;
}

static int compare_part(const char *a, const char *b)
{
	while (*a || *b) {
		int d = compare_words(&a, &b);

		if (d == 0)
			d = compare_numbers(&a, &b);
		if (d)
			return d;
	}
	return 0;
}

struct parts {
	char *epoch, *upstream, *revision;
};

static void parts_release(struct parts *p)
{
	free(p->epoch);
	free(p->upstream);
	free(p->revision);
}

static void split(const char *v, struct parts *p)
{
	const char *colon = strchr(v, ':'), *rest = colon ? colon + 1 : v;
	const char *dash = strrchr(rest, '-');

	p->epoch = mem_strndup(v, colon ? (size_t)(colon - v) : 0);
	p->upstream = mem_strndup(rest, dash ? (size_t)(dash - rest) : strlen(rest));
	p->revision = mem_strdup(dash ? dash + 1 : "");
}

int version_compare(const char *a, const char *b)
{
	autoclean(parts_release) struct parts x, y;
	int d;

	split(a, &x);
	split(b, &y);
	d = compare_part(x.epoch, y.epoch);
	if (d == 0)
		d = compare_part(x.upstream, y.upstream);
	return d ? d : compare_part(x.revision, y.revision);
}

/* ---- registered versions ---- */

void app_version_release(struct app_version *v)
{
	free(v->name);
	free(v->version);
	free(v->digest);
	free(v->signature);
	package_free(v->package);
	*v = (struct app_version){0};
}

int app_version_get_id(struct sxc *s, int64_t id, struct app_version *out, struct err *e)
{
	autoclean(db_done) struct query q = {0};
	int r = db_one(s->db, &q, e, SQL_GET, id);

	if (r <= 0)
		return r < 0 ? r : err_set(e, E_NOTFOUND, "no such version of an application");
	*out = (struct app_version){.id = db_i64(&q, 0),
		.app = db_i64(&q, 1),
		.name = db_text_dup(&q, 2),
		.version = db_text_dup(&q, 3),
		.digest = db_text_dup(&q, 4),
		.signature = db_text_dup(&q, 5)};
	const char *manifest = db_text(&q, 6);
	r = package_read_manifest(manifest, strlen(manifest), out->name, &out->package, e);
	if (r < 0)
		app_version_release(out);
	return r;
}

/* The wanted one, or the highest. */
static int find_id(struct sxc *s, const char *name, const char *version, int64_t *id, struct err *e)
{
	autoclean(db_done) struct query q = {0};
	autofree char *best = NULL;
	int r = db_query(s->db, &q, e, SQL_VERSIONS, name);

	while (r >= 0 && (r = db_next(&q, e)) > 0) {
		const char *v = db_text(&q, 1);

		if (version ? strcmp(v, version) != 0 : best && version_compare(v, best) <= 0)
			continue;
		free(best);
		best = mem_strdup(v);
		*id = db_i64(&q, 0);
	}
	return r < 0 ? r : best != NULL;
}

int app_version_get(struct sxc *s, const char *name, const char *version, struct app_version *out,
	struct err *e)
{
	int64_t id = 0;
	int r = find_id(s, name, version, &id, e);

	if (r < 0)
		return r;
	if (r == 0)
		return err_set(e, E_NOTFOUND,
			"no application named '%s'%s%s is registered: "
			"\"sxc app add\" does it",
			name, version ? " in version " : "", version ? version : "");
	return app_version_get_id(s, id, out, e);
}
