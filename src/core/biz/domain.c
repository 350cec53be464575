/* SPDX-License-Identifier: MIT */
#include "biz/domain.h"

#include <string.h>

#include "biz/domain_int.h"
#include "biz/ps.h"
#include "util/str.h"

#define SQL_ADD                                                                                    \
	"INSERT INTO domain (name, title, ps, account, subscription, state, created) "             \
	"VALUES (?1, ?2, ?3, ?4, ?5, 'adding', ?6)"
#define SQL_FEATURE "INSERT INTO domain_feature (domain, feature, instance) VALUES (?1, ?2, ?3)"
#define SQL_STATE   "UPDATE domain SET state = ?2 WHERE id = ?1"
#define SQL_APP                                                                                    \
	"SELECT a.name FROM domain_feature f JOIN instance i ON i.id = f.instance "                \
	"JOIN app a ON a.id = i.app WHERE f.domain = ?1 ORDER BY f.feature LIMIT 1"
#define SQL_EXISTS "SELECT id FROM domain WHERE name = ?1"
#define SQL_GET                                                                                    \
	"SELECT d.id, d.ps, p.server, d.account, d.name, d.title, d.state, p.name, "               \
	"(SELECT ip FROM address a WHERE a.ps = d.ps AND instr(ip, ':') = 0 ORDER BY a.id "        \
	"LIMIT 1) FROM domain d JOIN ps p ON p.id = d.ps WHERE d.name = ?1"
#define SQL_ROWS                                                                                   \
	"SELECT domain, title, account, subscription, ps, server, state, addresses, features, "    \
	"created FROM v_domain "
/* One statement for each way to the rows, so that each finds its index. */
#define SQL_LIST       SQL_ROWS "ORDER BY domain"
#define SQL_OF_PS      SQL_ROWS "WHERE ps = ?1 AND (?2 IS NULL OR account = ?2) ORDER BY domain"
#define SQL_OF_ACCOUNT SQL_ROWS "WHERE account = ?1 ORDER BY domain"
#define SQL_SHOW       SQL_ROWS "WHERE domain = ?1"
#define SQL_COMPLETE                                                                               \
	"SELECT d.name, p.name || ' ' || d.state FROM domain d JOIN ps p ON p.id = d.ps "          \
	"WHERE d.name >= ?1 AND d.name < ?1 || x'f48fbfbf' ORDER BY d.name LIMIT ?2"

static const char *const only_http[] = {"http", NULL};

void domain_release(struct domain *d)
{
	free(d->name);
	free(d->title);
	free(d->state);
	free(d->ps_name);
	free(d->address);
	*d = (struct domain){0};
}

int domain_get(struct sxc *s, const char *name, struct domain *out, struct err *e)
{
	autoclean(db_done) struct query q = {0};
	autofree char *ascii = NULL;
	int r = domain_ascii(name, &ascii, e);

	if (r < 0 || (r = db_one(s->db, &q, e, SQL_GET, ascii)) < 0)
		return r;
	if (r == 0)
		return err_set(e, E_NOTFOUND, "no domain named '%s'", ascii);
	*out = (struct domain){.id = db_i64(&q, 0),
		.ps = db_i64(&q, 1),
		.server = db_i64(&q, 2),
		.account = db_i64(&q, 3),
		.name = db_text_dup(&q, 4),
		.title = db_text_dup(&q, 5),
		.state = db_text_dup(&q, 6),
		.ps_name = db_text_dup(&q, 7),
		.address = db_text_dup(&q, 8)};
	return 0;
}

/* ---- adding ---- */

static int add_features(struct sxc *s, int64_t domain, const struct ps *p,
	const char *const *features, int64_t *http, struct err *e)
{
	for (; *features; features++) {
		int64_t id = 0;
		int r = instance_provider(s, p->id, *features, &id, e);

		if (r < 0)
			return r;
		if (r == 0)
			return err_set(e, E_STATE,
				"nothing on %s provides %s: \"sxc app install\" "
				"brings an application that does",
				p->name, *features);
		if ((r = db_run(s->db, e, SQL_FEATURE, domain, *features, id)) < 0)
			return r == E_EXISTS ? err_set(e, E_USAGE, "the feature %s is named twice",
						       *features)
			                     : r;
		if (!*http)
			*http = id;
	}
	return 0;
}

/* What a site's job is told: enough to undo it when the rows are gone. */
static json_t *site_args(int64_t id, const char *name, const char *title, const char *ps,
	const char *app)
{
	autofree char *user = str_fmt("site%lld", (long long)id);

	return json_pack("{s:I, s:s, s:s, s:s, s:s, s:s}", "domain", (json_int_t)id, "site", name,
		"title", title, "ps", ps, "app", app, "user", user);
}

static int insert(struct sxc *s, const struct domain_new *d, const struct ps *p, const char *name,
	int64_t *id, struct err *e)
{
	autofree char *title = domain_title(name);
	int64_t account = d->account ? d->account : p->account;
	int r = db_run(s->db, e, SQL_ADD, name, title, p->id, db_ref(account),
		db_ref(d->subscription), s->now);

	if (r == E_EXISTS)
		return err_set(e, r, "domain %s exists already", name);
	*id = db_last_id(s->db);
	return r;
}

static int queue_add(struct sxc *s, const struct domain_new *d, const struct ps *p,
	const char *name, int64_t *job, struct err *e)
{
	autoclean(instance_release) struct instance i = {0};
	autofree char *title = domain_title(name);
	int64_t id = 0, http = 0;
	int r;

	if ((r = insert(s, d, p, name, &id, e)) < 0 ||
		(r = add_features(s, id, p, d->features ? d->features : only_http, &http, e)) < 0)
		return r;
	if (!http)
		return err_set(e, E_USAGE, "a domain needs at least one feature");
	if ((r = instance_get_id(s, http, &i, e)) < 0 ||
		(r = audit_add(s, "domain.add", name, NULL, NULL, e)) < 0)
		return r;
	return job_create(s, &job_kind_domain_add, name, p->server,
		site_args(id, name, title, p->name, i.app), job, e);
}

int domain_add_tx(struct sxc *s, const struct domain_new *d, int64_t *job, struct err *e)
{
	autoclean(ps_release) struct ps p = {0};
	autofree char *name = NULL;
	int r;

	if (!d->on)
		return err_set(e, E_USAGE, "say on which private server with --on");
	if ((r = domain_ascii(d->name, &name, e)) < 0 || (r = ps_get(s, d->on, &p, e)) < 0)
		return r;
	if (strcmp(p.state, "running") != 0 && strcmp(p.state, "adding") != 0)
		return err_set(e, E_STATE, "private server %s is %s, not running", p.name, p.state);
	return queue_add(s, d, &p, name, job, e);
}

/* Unfinished work of that kind about the domain goes on: 1; 0 there is none. */
static int go_on(struct sxc *s, const struct job_kind *kind, const char *name, struct err *e)
{
	int64_t job;
	int r = job_unfinished(s, kind->name, name, &job, e);

	if (r <= 0 || s->dry_run) {
		if (r == 0 && (r = job_unfinished(s, NULL, name, &job, e)) > 0)
			return err_set(e, E_BUSY,
				"job %lld about %s is unfinished: \"sxc job resume "
				"%lld\" or cancel it",
				(long long)job, name, (long long)job);
		return r;
	}
	sxc_note(s, 1, "going on with job %lld", (long long)job);
	r = job_run(s, job, e);
	return r < 0 ? r : 1;
}

static int finish(struct sxc *s, struct sxc **tx, int64_t job, struct err *e)
{
	int r;

	if (s->dry_run)
		return 0; /* rolled back by the caller's cleanup */
	*tx = NULL;
	r = tx_commit(s, e);
	return r < 0 ? r : job_run(s, job, e);
}

int domain_add(struct sxc *s, const struct domain_new *d, struct err *e)
{
	autorollback struct sxc *tx = NULL;
	autofree char *name = NULL;
	int64_t job;
	int r = domain_ascii(d->name, &name, e);

	if (r < 0)
		return r;
	if ((r = go_on(s, &job_kind_domain_add, name, e)) != 0)
		return r < 0 ? r : 0;
	if ((r = tx_begin(s, e)) < 0)
		return r;
	tx = s;
	r = domain_add_tx(s, d, &job, e);
	return r < 0 ? r : finish(s, &tx, job, e);
}

/* ---- removing, suspending ---- */

static int site_app(struct sxc *s, const struct domain *d, char **app, struct err *e)
{
	int r = db_get_text(s->db, app, e, SQL_APP, d->id);

	if (r == 0)
		*app = mem_strdup("none");
	return r < 0 ? r : 0;
}

static int queue(struct sxc *s, const struct job_kind *kind, const struct domain *d, int64_t *job,
	struct err *e)
{
	autofree char *app = NULL;
	int r;

	if ((r = site_app(s, d, &app, e)) < 0 ||
		(r = audit_add(s, kind->name, d->name, NULL, NULL, e)) < 0)
		return r;
	return job_create(s, kind, d->name, d->server,
		site_args(d->id, d->name, d->title, d->ps_name, app), job, e);
}

int domain_remove_tx(struct sxc *s, const char *name, int64_t *job, struct err *e)
{
	autoclean(domain_release) struct domain d = {0};
	int r;

	if ((r = domain_get(s, name, &d, e)) < 0 ||
		(r = db_run(s->db, e, SQL_STATE, d.id, "removing")) < 0)
		return r;
	return queue(s, &job_kind_domain_remove, &d, job, e);
}

int domain_remove(struct sxc *s, const char *name, struct err *e)
{
	autorollback struct sxc *tx = NULL;
	autofree char *ascii = NULL;
	int64_t job;
	int r = domain_ascii(name, &ascii, e);

	if (r < 0)
		return r;
	if ((r = go_on(s, &job_kind_domain_remove, ascii, e)) != 0)
		return r < 0 ? r : 0;
	if ((r = tx_begin(s, e)) < 0)
		return r;
	tx = s;
	r = domain_remove_tx(s, ascii, &job, e);
	return r < 0 ? r : finish(s, &tx, job, e);
}

static int switch_to(struct sxc *s, const char *name, const struct job_kind *kind, const char *from,
	struct err *e)
{
	autoclean(domain_release) struct domain d = {0};
	autorollback struct sxc *tx = NULL;
	int64_t job;
	int r;

	if ((r = domain_get(s, name, &d, e)) < 0)
		return r;
	if ((r = go_on(s, kind, d.name, e)) != 0)
		return r < 0 ? r : 0;
	if (strcmp(d.state, from) != 0)
		return err_set(e, E_STATE, "domain %s is %s already", d.name, d.state);
	if ((r = tx_begin(s, e)) < 0)
		return r;
	tx = s;
	r = queue(s, kind, &d, &job, e);
	return r < 0 ? r : finish(s, &tx, job, e);
}

int domain_switch_tx(struct sxc *s, const char *name, bool on, int64_t *job, struct err *e)
{
	autoclean(domain_release) struct domain d = {0};
	int64_t before = s->parent_job, behind = 0;
	int r = domain_get(s, name, &d, e);

	if (r < 0 || (r = job_unfinished(s, NULL, d.name, &behind, e)) < 0)
		return r;
	s->parent_job = behind ? behind : before;
	r = queue(s, on ? &job_kind_domain_resume : &job_kind_domain_suspend, &d, job, e);
	s->parent_job = before;
	return r;
}

int domain_suspend(struct sxc *s, const char *name, struct err *e)
{
	return switch_to(s, name, &job_kind_domain_suspend, "active", e);
}

int domain_resume(struct sxc *s, const char *name, struct err *e)
{
	return switch_to(s, name, &job_kind_domain_resume, "suspended", e);
}

int domain_repair(struct sxc *s, const char *name, struct err *e)
{
	autoclean(domain_release) struct domain d = {0};
	autorollback struct sxc *tx = NULL;
	int64_t job;
	int r;

	if ((r = domain_get(s, name, &d, e)) < 0)
		return r;
	if ((r = go_on(s, &job_kind_domain_repair, d.name, e)) != 0)
		return r < 0 ? r : 0;
	if ((r = tx_begin(s, e)) < 0)
		return r;
	tx = s;
	r = queue(s, &job_kind_domain_repair, &d, &job, e);
	return r < 0 ? r : finish(s, &tx, job, e);
}

/* ---- lists ---- */

static int give(struct query *q, domain_row_fn fn, void *arg, struct err *e)
{
	struct domain_row row = {db_text(q, 0), db_text(q, 1), db_text(q, 2), db_text(q, 3),
		db_text(q, 4), db_text(q, 5), db_text(q, 6), db_text(q, 7), db_text(q, 8),
		db_i64(q, 9)};

	return fn(arg, &row, e);
}

int domain_list(struct sxc *s, const char *ps, const char *account, domain_row_fn fn, void *arg,
	struct err *e)
{
	autoclean(db_done) struct query q = {0};
	int r;

	if (ps)
		r = db_query(s->db, &q, e, SQL_OF_PS, ps, account);
	else if (account)
		r = db_query(s->db, &q, e, SQL_OF_ACCOUNT, account);
	else
		r = db_query(s->db, &q, e, SQL_LIST);
	while (r >= 0 && (r = db_next(&q, e)) > 0)
		r = give(&q, fn, arg, e);
	return r;
}

int domain_show(struct sxc *s, const char *name, domain_row_fn fn, void *arg, struct err *e)
{
	autoclean(db_done) struct query q = {0};
	autofree char *ascii = NULL;
	int r = domain_ascii(name, &ascii, e);

	if (r < 0 || (r = db_one(s->db, &q, e, SQL_SHOW, ascii)) < 0)
		return r;
	return r ? give(&q, fn, arg, e) : err_set(e, E_NOTFOUND, "no domain named '%s'", ascii);
}

int domain_exists(struct sxc *s, const char *name, struct err *e)
{
	autofree char *ascii = NULL;
	struct err ignored;
	int64_t id;

	if (domain_ascii(name, &ascii, &ignored) < 0)
		return 0;
	return db_get_i64(s->db, &id, e, SQL_EXISTS, ascii);
}

int domain_complete(struct sxc *s, const char *prefix, int limit,
	void (*fn)(void *arg, const char *name, const char *help), void *arg, struct err *e)
{
	autoclean(db_done) struct query q = {0};
	int r = db_query(s->db, &q, e, SQL_COMPLETE, prefix, limit);

	while (r >= 0 && (r = db_next(&q, e)) > 0)
		fn(arg, db_text(&q, 0), db_text(&q, 1));
	return r;
}
