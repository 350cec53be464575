/* SPDX-License-Identifier: MIT */
/* The books against what private servers have. */
#include <string.h>

#include "biz/domain_int.h"
#include "util/str.h"
#include "util/vec.h"

#define SQL_PLACES                                                                                 \
	"SELECT p.name, p.server, p.id FROM ps p WHERE p.state = 'running' AND "                   \
	"(?1 = 0 OR p.id = ?1) AND EXISTS (SELECT 1 FROM instance i WHERE i.ps = p.id) "           \
	"ORDER BY p.name"
#define SQL_DOMAINS                                                                                \
	"SELECT name, state, 'site' || id FROM domain "                                            \
	"WHERE ps = ?1 AND (?2 IS NULL OR name = ?2) "                                             \
	"AND state IN ('active', 'suspended') ORDER BY name"
#define SQL_KNOWN "SELECT id FROM domain WHERE ps = ?1 AND name = ?2"

struct place {
	char *name;
	int64_t server, id;
};
struct places {
	struct place *v;
	size_t n, cap;
};

static void places_release(struct places *l)
{
	vec_each(l, p)
		free(p->name);
	vec_release(l);
}

struct finding {
	char *domain, *ps, *text;
	bool mendable; /* by making the site again */
};

struct check {
	struct sxc *s;
	const struct place *at;
	const char *only; /* one domain, or NULL */
	const struct msg *ans;
	VEC(struct finding) found;
};

static int find(struct check *c, bool mendable, const char *domain, const char *text)
{
	vec_push(&c->found, ((struct finding){mem_strdup0(domain), mem_strdup(c->at->name),
				    mem_strdup(text), mendable}));
	return 0;
}

static void check_release(struct check *c)
{
	vec_each(&c->found, f) {
		free(f->domain);
		free(f->ps);
		free(f->text);
	}
	vec_release(&c->found);
}

static const struct msg *site_of(const struct msg *ans, const char *name)
{
	const struct msg *m;

	for (size_t i = 0; (m = msg_sub_at(ans, "site", i)); i++)
		if (str_eq(msg_text(m, "site"), name))
			return m;
	return NULL;
}

static int compare(struct check *c, const char *name, const char *state, const char *user)
{
	const struct msg *m = site_of(c->ans, name);
	int r = 0;

	if (!m)
		return find(c, true, name, "the private server does not know it");
	if (!str_eq(msg_text(m, "state"), state)) {
		autofree char *text = str_fmt("is %s in the books and %s there", state,
			msg_text(m, "state") ? msg_text(m, "state") : "unknown");

		r = find(c, true, name, text);
	}
	if (r >= 0 && !str_eq(msg_text(m, "user"), user))
		r = find(c, false, name, "belongs to another user there");
	if (r >= 0 && !msg_i64(m, "root", 0))
		r = find(c, true, name, "its directory is not there");
	return r;
}

static int compare_domains(struct check *c, struct err *e)
{
	autoclean(db_done) struct query q = {0};
	int r = db_query(c->s->db, &q, e, SQL_DOMAINS, c->at->id, c->only);

	while (r >= 0 && (r = db_next(&q, e)) > 0)
		r = compare(c, db_text(&q, 0), db_text(&q, 1), db_text(&q, 2));
	return r;
}

/* Sites that no domain is for, and what the applications themselves find wrong. */
static int compare_sites(struct check *c, struct err *e)
{
	const struct msg *m;
	int64_t id;
	int r = 0;

	for (size_t i = 0; r >= 0 && !c->only && (m = msg_sub_at(c->ans, "site", i)); i++) {
		const char *name = msg_text(m, "site");

		r = db_get_i64(c->s->db, &id, e, SQL_KNOWN, c->at->id, name ? name : "");
		if (r == 0)
			r = find(c, false, name, "the books do not know it");
	}
	for (size_t i = 0; r >= 0 && (m = msg_sub_at(c->ans, "check", i)); i++)
		r = find(c, false, NULL, msg_text(m, "finding"));
	return r;
}

static int check_place(struct check *c, struct err *e)
{
	automsg *ans = NULL;
	struct msg *req = msg_new();
	struct err why = {0};
	int r;

	msg_add_text(req, "name", c->at->name);
	r = app_ask(c->s, c->at->server, "site.list", req, &ans, &why);
	if (r == E_INTR)
		return err_interrupted(e);
	if (r < 0)
		return find(c, false, c->only, why.msg);
	c->ans = ans;
	if ((r = compare_domains(c, e)) < 0)
		return r;
	return compare_sites(c, e);
}

/* One domain may have several findings: the first that is mended mends all. */
static bool mended_before(const struct check *c, const struct finding *f)
{
	for (const struct finding *g = c->found.v; g < f; g++)
		if (g->mendable && str_eq(g->domain, f->domain))
			return true;
	return false;
}

/* Tells of a finding, mended or not: 1 when it is still there. */
static int tell(struct check *c, const struct finding *f, bool mend, domain_row_fn fn, void *arg,
	struct err *e)
{
	struct domain_finding_row row = {f->domain, f->ps, f->text, NULL};
	struct err why = {0};
	int r = 0;

	if (mend && f->mendable && !mended_before(c, f))
		r = domain_repair(c->s, f->domain, &why);
	if (r == E_INTR)
		return err_interrupted(e);
	if (mend)
		row.repair = r < 0 ? why.msg : f->mendable ? "made again" : "not by itself";
	if (fn(arg, &row, e) < 0)
		return e->code;
	return r < 0 || !mend || !f->mendable;
}

int domain_check(struct sxc *s, const char *name, bool mend, domain_row_fn fn, void *arg,
	struct err *e)
{
	autoclean(domain_release) struct domain d = {0};
	autoclean(places_release) struct places l = {0};
	autoclean(check_release) struct check c = {.s = s};
	int left = 0;
	autoclean(db_done) struct query q = {0};
	int r;

	if (name && (r = domain_get(s, name, &d, e)) < 0)
		return r;
	c.only = d.name;
	r = db_query(s->db, &q, e, SQL_PLACES, d.ps);
	while (r >= 0 && (r = db_next(&q, e)) > 0) {
		struct place p = {db_text_dup(&q, 0), db_i64(&q, 1), db_i64(&q, 2)};

		vec_push(&l, p);
	}
	for (size_t i = 0; i < l.n && r >= 0; i++) {
		c.at = &l.v[i];
		r = check_place(&c, e);
	}
	vec_each(&c.found, f) {
		if (r < 0 || (r = tell(&c, f, mend, fn, arg, e)) < 0)
			return r;
		left += r;
	}
	return r < 0 ? r : left;
}
