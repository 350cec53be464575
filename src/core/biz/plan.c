/* SPDX-License-Identifier: MIT */
#include "biz/plan.h"

#include <stdlib.h>
#include <string.h>

#include "util/str.h"

#define SQL_FIND    "SELECT id FROM plan WHERE name = ?1"
#define SQL_FIND_ID "SELECT id FROM plan WHERE id = ?1"
#define SQL_NAME    "SELECT name FROM plan WHERE id = ?1"
#define SQL_CURRENT                                                                                \
	"SELECT p.id, p.version, v.content FROM plan p "                                           \
	"JOIN plan_version v ON v.plan = p.id AND v.version = p.version WHERE p.name = ?1"
#define SQL_ADD "INSERT INTO plan (name, version, created) VALUES (?1, 1, ?2)"
#define SQL_ADD_VERSION                                                                            \
	"INSERT INTO plan_version (plan, version, title, currency, every_n, every_unit, align, "   \
	"bill, trial_n, trial_unit, upgrade, downgrade, cancel, taxable, tax_included, "           \
	"provision, stock, per_account, provides, best_effort, attributes, content, source, "      \
	"created) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, " \
	"?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24)"
#define SQL_ADD_PRICE                                                                              \
	"INSERT INTO plan_price (version, currency, price, setup) VALUES (?1, ?2, ?3, ?4)"
#define SQL_ADD_OPTION                                                                             \
	"INSERT INTO plan_option (version, currency, name, price, most, adds) "                    \
	"VALUES (?1, ?2, ?3, ?4, ?5, ?6)"
#define SQL_SET_VERSION "UPDATE plan SET version = ?2, state = 'active' WHERE id = ?1"
#define SQL_STATE       "SELECT state FROM plan WHERE name = ?1"
#define SQL_RETIRE      "UPDATE plan SET state = 'retired' WHERE name = ?1"
#define SQL_USED                                                                                   \
	"SELECT count(*) FROM subscription_term t JOIN plan_version v ON v.id = t.version "        \
	"JOIN plan p ON p.id = v.plan WHERE p.name = ?1"
#define SQL_OF              "(SELECT v.id FROM plan_version v JOIN plan p ON p.id = v.plan WHERE p.name = ?1)"
#define SQL_REMOVE_OPTIONS  "DELETE FROM plan_option WHERE version IN " SQL_OF
#define SQL_REMOVE_PRICES   "DELETE FROM plan_price WHERE version IN " SQL_OF
#define SQL_REMOVE_VERSIONS "DELETE FROM plan_version WHERE id IN " SQL_OF
#define SQL_REMOVE          "DELETE FROM plan WHERE name = ?1"

/* ---- apply ---- */

static char *json_text(const json_t *j)
{
	return j ? json_dumps(j, JSON_SORT_KEYS | JSON_COMPACT) : NULL;
}

static int add_version(struct sxc *s, int64_t plan, int64_t version, const struct plan_def *d,
	const char *content, struct err *e)
{
	autofree char *provides = json_text(d->provides);
	autofree char *best_effort = json_text(d->best_effort);
	autofree char *attributes = json_text(d->attributes);

	return db_run(s->db, e, SQL_ADD_VERSION, plan, version, d->title, d->prices.v[0].currency,
		d->every.n, unit_name(d->every.unit), db_ref(d->align),
		d->arrears ? "arrears" : "advance", d->trial_n, unit_name(d->trial_unit),
		d->upgrade, d->downgrade, d->cancel, d->taxable, d->tax_included, d->provision,
		d->stock < 0 ? db_null() : db_arg_i64(d->stock), db_ref(d->per_account), provides,
		best_effort, attributes, content, d->source, s->now);
}

static int add_prices(struct sxc *s, int64_t version, const struct plan_def *d, struct err *e)
{
	int r = 0;

	vec_each(&d->prices, p) {
		if (r == 0)
			r = db_run(s->db, e, SQL_ADD_PRICE, version, p->currency, p->price,
				p->setup < 0 ? db_null() : db_arg_i64(p->setup));
		vec_each(&p->options, o) {
			autofree char *adds = json_text(o->adds);

			if (r == 0)
				r = db_run(s->db, e, SQL_ADD_OPTION, version, p->currency, o->name,
					o->price, db_ref(o->most), adds);
		}
	}
	return r < 0 ? r : usage_plan_store(s, version, &d->usage, d->prices.v[0].currency, e);
}

/* Where the plan stands: 1 and its row id, version and content, or 0. */
static int current(struct sxc *s, const char *name, int64_t *id, int64_t *version, char **content,
	struct err *e)
{
	autoclean(db_done) struct query q = {0};
	int r = db_one(s->db, &q, e, SQL_CURRENT, name);

	if (r <= 0)
		return r;
	*id = db_i64(&q, 0);
	*version = db_i64(&q, 1);
	*content = db_text_dup(&q, 2);
	return 1;
}

int plan_apply(struct sxc *s, const struct plan_def *d, int64_t *version, bool *changed,
	struct err *e)
{
	autofree char *content = plan_def_content(d), *before = NULL;
	int64_t id = 0;
	int r;

	*version = 0;
	if ((r = current(s, d->name, &id, version, &before, e)) < 0)
		return r;
	*changed = !str_eq(content, before);
	if (!*changed)
		return 0;
	++*version;
	if (!id) {
		if ((r = db_run(s->db, e, SQL_ADD, d->name, s->now)) < 0)
			return r;
		id = db_last_id(s->db);
	}
	if ((r = add_version(s, id, *version, d, content, e)) < 0 ||
		(r = add_prices(s, db_last_id(s->db), d, e)) < 0 ||
		(r = db_run(s->db, e, SQL_SET_VERSION, id, *version)) < 0)
		return r;
	return audit_add(s, "plan.apply", d->name, before, content, e);
}

int plan_apply_edited(struct sxc *s, const char *plan, int64_t edited, const struct plan_def *d,
	int64_t *version, bool *changed, struct err *e)
{
	autorollback struct sxc *tx = NULL;
	autofree char *content = NULL;
	int64_t id, now = 0;
	int r;

	if (!str_eq(d->name, plan))
		return err_set(e, E_USAGE, "this is plan '%s' now: a plan keeps its name, %s",
			d->name, plan);
	if ((r = tx_begin(s, e)) < 0)
		return r;
	tx = s;
	if ((r = current(s, plan, &id, &now, &content, e)) < 0)
		return r;
	if (r == 0 || now != edited)
		return err_set(e, E_BUSY, "plan %s was changed by another while it was edited",
			plan);
	if ((r = plan_apply(s, d, version, changed, e)) < 0)
		return r;
	tx = NULL;
	return tx_commit(s, e);
}

struct applied {
	char *plan;
	int64_t version;
	bool changed;
};
struct applied_vec {
	struct applied *v;
	size_t n, cap;
};

static void applied_release(struct applied_vec *a)
{
	vec_each(a, it)
		free(it->plan);
	vec_release(a);
}

static int apply_file(struct sxc *s, const char *path, struct applied_vec *done, struct err *e)
{
	autoclean(plan_def_release) struct plan_def d;
	struct applied a;
	int r = plan_file_load(path, &d, e);

	if (r < 0 || (r = plan_apply(s, &d, &a.version, &a.changed, e)) < 0)
		return r;
	a.plan = mem_strdup(d.name);
	vec_push(done, a);
	return 0;
}

int plan_apply_files(struct sxc *s, char *const *paths,
	void (*fn)(void *arg, const char *plan, int64_t version, bool changed), void *arg,
	struct err *e)
{
	autoclean(applied_release) struct applied_vec done = {0};
	autorollback struct sxc *tx = NULL;
	int r = tx_begin(s, e);

	if (r < 0)
		return r;
	tx = s;
	for (; *paths; paths++)
		if ((r = apply_file(s, *paths, &done, e)) < 0)
			return r;
	tx = NULL;
	if ((r = tx_commit(s, e)) < 0)
		return r;
	vec_each(&done, a)
		fn(arg, a->plan, a->version, a->changed);
	return 0;
}

/* ---- names ---- */

int plan_find(struct sxc *s, const char *name, int64_t *id, struct err *e)
{
	if (name[0] == '#')
		return db_get_i64(s->db, id, e, SQL_FIND_ID, strtoll(name + 1, NULL, 10));
	return db_get_i64(s->db, id, e, SQL_FIND, name);
}

int plan_name_of(struct sxc *s, int64_t id, char **name, struct err *e)
{
	return db_get_text(s->db, name, e, SQL_NAME, id);
}

/* ---- the end of a plan ---- */

int plan_retire(struct sxc *s, const char *name, struct err *e)
{
	autorollback struct sxc *tx = NULL;
	autofree char *state = NULL;
	int r = tx_begin(s, e);

	if (r < 0)
		return r;
	tx = s;
	if ((r = db_get_text(s->db, &state, e, SQL_STATE, name)) <= 0)
		return r < 0 ? r : err_set(e, E_NOTFOUND, "no plan named '%s'", name);
	if (str_eq(state, "retired"))
		return err_set(e, E_STATE, "plan %s is retired already", name);
	if ((r = db_run(s->db, e, SQL_RETIRE, name)) < 0 ||
		(r = audit_add(s, "plan.retire", name, NULL, NULL, e)) < 0)
		return r;
	tx = NULL;
	return tx_commit(s, e);
}

int plan_remove(struct sxc *s, const char *name, struct err *e)
{
	static const char *const steps[] = {SQL_REMOVE_OPTIONS, SQL_REMOVE_PRICES,
		SQL_REMOVE_VERSIONS, SQL_REMOVE};
	autorollback struct sxc *tx = NULL;
	autofree char *content = NULL;
	int64_t used = 0;
	int r = tx_begin(s, e);

	if (r < 0)
		return r;
	tx = s;
	if ((r = plan_content(s, name, 0, &content, e)) < 0 ||
		(r = db_get_i64(s->db, &used, e, SQL_USED, name)) < 0)
		return r;
	if (used)
		return err_set(e, E_INUSE,
			"plan %s was subscribed to and stays in the books: \"sxc plan retire\" "
			"ends its sale",
			name);
	if ((r = usage_plan_remove(s, name, e)) < 0)
		return r;
	for (size_t i = 0; i < ARRAY_LEN(steps); i++)
		if ((r = db_run(s->db, e, steps[i], name)) < 0)
			return r;
	if ((r = audit_add(s, "plan.remove", name, content, NULL, e)) < 0)
		return r;
	tx = NULL;
	return tx_commit(s, e);
}
