/* SPDX-License-Identifier: MIT */
/* All who have one version of a plan get another. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "biz/mail.h"
#include "biz/subscription_int.h"
#include "util/money.h"
#include "util/str.h"

#define SQL_VERSION                                                                                \
	"SELECT v.id FROM plan_version v JOIN plan p ON p.id = v.plan WHERE p.name = ?1 "          \
	"AND v.version = ?2"
/* Whose last term is of the version; a change agreed on for later stands. */
#define SQL_HAVE                                                                                   \
	"SELECT s.id FROM subscription_term t JOIN subscription s ON s.id = t.subscription "       \
	"WHERE t.version = ?1 AND t.until IS NULL AND s.until IS NULL AND s.state <> 'ended' "     \
	"ORDER BY s.id"

static int version_id(struct sxc *s, const char *plan, int64_t version, int64_t *id, struct err *e)
{
	int r = db_get_i64(s->db, id, e, SQL_VERSION, plan, version);

	return r < 0 ? r
	       : r   ? 0
	             : err_set(e, E_NOTFOUND, "plan %s has no version %lld", plan,
			       (long long)version);
}

static int collect(struct sxc *s, int64_t version, struct job_ids *ids, struct err *e)
{
	autoclean(db_done) struct query q = {0};
	int r = db_query(s->db, &q, e, SQL_HAVE, version);

	while (r >= 0 && (r = db_next(&q, e)) > 0)
		vec_push(ids, db_i64(&q, 0));
	return r;
}

static int tell_price(struct sxc *s, int64_t id, int64_t day, json_t *values, const char *key,
	struct err *e)
{
	autoclean(plan_offer_release) struct plan_offer o = {0};
	autostr text = STR_INIT;
	autosub sub = {0};
	struct cur_term t;
	int r;

	if ((r = sub_get(s, id, &sub, e)) < 0 || (r = sub_term_at(s, id, day, &t, e)) < 0 ||
		(r = plan_offer_version(s, t.version, sub.currency, &o, e)) < 0)
		return r;
	money_format_code(&text, t.price < 0 ? o.price : t.price, sub.currency);
	json_object_set_new(values, key, json_string(str_c(&text)));
	json_object_set_new(values, "plan", json_string(o.title));
	return 0;
}

/* The mail that announces it, in the transaction that agrees on it. */
static int notify(struct sxc *s, int64_t id, const struct change_done *done, struct err *e)
{
	autofree char *key = str_fmt("subscription %lld changes on %s", (long long)id, done->day);
	json_t *values = json_pack("{s:s, s:s}", "subscription", done->name, "from", done->day);
	struct mail_new m = {.key = key, .template = "plan-change", .values = values};
	autosub sub = {0};
	int64_t day = 0;
	int r;

	if ((r = day_parse(done->day, &day, e)) < 0 ||
		(r = tell_price(s, id, day - 1, values, "price_before", e)) < 0 ||
		(r = tell_price(s, id, day, values, "price", e)) < 0 ||
		(r = sub_get(s, id, &sub, e)) < 0) {
		json_decref(values);
		return r;
	}
	m.account = sub.account;
	r = mail_queue(s, &m, e);
	return r < 0 ? r : 0;
}

/* One subscription, in a transaction of its own. */
static int migrate_one(struct sxc *s, const struct migrate_new *n, int64_t version, int64_t id,
	struct change_done *done, struct job_ids *jobs, struct err *e)
{
	autofree char *name = str_fmt("#%lld", (long long)id);
	struct change_new c = {.subscription = name,
		.version = version,
		.notice = n->notice,
		.when = n->when};
	autorollback struct sxc *tx = NULL;
	size_t queued = jobs->n;
	int r = tx_begin(s, e);

	if (r < 0)
		return r;
	tx = s;
	if ((r = subscription_change_tx(s, &c, done, jobs, e)) < 0 ||
		(n->notice && (r = notify(s, id, done, e)) < 0)) {
		jobs->n = queued;
		return r;
	}
	tx = NULL;
	return tx_commit(s, e);
}

static int check_notice(struct sxc *s, const struct migrate_new *n, struct err *e)
{
	int r = n->notice ? mail_is_on(s, e) : 1;

	if (r == 0)
		return err_set(e, E_STATE,
			"nobody can be given notice: no mail is sent until mail.command is set");
	return r < 0 ? r : 0;
}

static int tell(struct sxc *s, int64_t id, const struct change_done *done, int failed,
	const struct err *why, account_row_fn fn, void *arg, struct err *e)
{
	autofree char *name = NULL;
	struct migrate_row row = {.state = failed ? "failed" : "changed",
		.day = failed ? NULL : done->day,
		.reason = failed ? why->msg : NULL};
	int r = subscription_name_of(s, id, &name, e);

	row.subscription = name;
	return r < 0 ? r : fn(arg, &row, e);
}

int subscription_migrate(struct sxc *s, const struct migrate_new *n, account_row_fn fn, void *arg,
	struct job_ids *jobs, struct err *e)
{
	autojobs ids = {0};
	int64_t from, to;
	size_t failed = 0;
	int r;

	if (n->from == n->to)
		return err_set(e, E_USAGE, "--from and --to are the same version");
	if ((r = check_notice(s, n, e)) < 0 ||
		(r = version_id(s, n->plan, n->from, &from, e)) < 0 ||
		(r = version_id(s, n->plan, n->to, &to, e)) < 0 ||
		(r = collect(s, from, &ids, e)) < 0)
		return r;
	for (size_t i = 0; i < ids.n; i++) {
		struct change_done done;
		struct err why = {0};

		if ((r = err_interrupted(e)) < 0)
			return r;
		r = migrate_one(s, n, to, ids.v[i], &done, jobs, &why);
		if (r < 0 && !sub_is_refusal(r))
			return err_set(e, r, "%s", why.msg);
		failed += r < 0;
		if ((r = tell(s, ids.v[i], &done, r < 0, &why, fn, arg, e)) < 0)
			return r;
	}
	if (!failed)
		return 0;
	return err_set(e, E_PARTIAL, "%zu of %zu subscriptions keep version %lld", failed, ids.n,
		(long long)n->from);
}
