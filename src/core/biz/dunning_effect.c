/* SPDX-License-Identifier: MIT */
/* What dunning does to services, and how that is lifted: exactly what it did, by name. */
#include <jansson.h>

#include "biz/domain.h"
#include "biz/dunning_int.h"
#include "biz/mail.h"
#include "biz/ps.h"
#include "biz/ps_archive.h"
#include "biz/ps_throttle.h"
#include "biz/subscription.h"
#include "util/str.h"

#define SQL_SUBS                                                                                   \
	"SELECT DISTINCT s.id, s.state FROM invoice_line l JOIN subscription s "                   \
	"ON s.id = l.subscription WHERE l.invoice = ?1 AND s.state <> 'ended' AND NOT EXISTS "     \
	"(SELECT 1 FROM dunning_hold h WHERE h.subscription = s.id AND h.effect = ?2 "             \
	"AND h.lifted IS NULL) ORDER BY s.id"
#define SQL_HOLD                                                                                   \
	"INSERT INTO dunning_hold (subscription, account, invoice, effect, day, did, until, "      \
	"created) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)"
#define SQL_PS                                                                                     \
	"SELECT name, state FROM ps WHERE subscription = ?1 AND state <> 'removing' ORDER BY id"
/* Those that do not live on a private server of the same subscription, which takes them along. */
#define SQL_DOMAINS                                                                                \
	"SELECT d.name, d.state FROM domain d JOIN ps p ON p.id = d.ps WHERE d.subscription = ?1 " \
	"AND d.state <> 'removing' AND p.subscription IS NOT ?1 ORDER BY d.id"
#define SQL_STATE      "UPDATE subscription SET state = ?2 WHERE id = ?1"
#define SQL_PS_NOW     "SELECT state FROM ps WHERE name = ?1"
#define SQL_DOMAIN_NOW "SELECT state FROM domain WHERE name = ?1"
#define SQL_ACTIVE                                                                                 \
	"SELECT h.id, h.subscription, h.effect, h.did, s.state FROM dunning_hold h "               \
	"JOIN subscription s ON s.id = h.subscription WHERE h.account = ?1 AND h.lifted IS NULL "  \
	"ORDER BY h.id"
#define SQL_HAS "SELECT count(*) FROM dunning_hold WHERE account = ?1 AND lifted IS NULL"
/* What was given up was not paid: what it stopped stays so. */
#define SQL_OVERDUE                                                                                \
	"SELECT count(*) FROM invoice i WHERE account = ?1 AND ((state = 'open' "                  \
	"AND kind = 'invoice' AND due < ?2) OR (state = 'written-off' AND EXISTS "                 \
	"(SELECT 1 FROM dunning_hold h WHERE h.invoice = i.id AND h.lifted IS NULL)))"
#define SQL_LIFTED "UPDATE dunning_hold SET lifted = ?2 WHERE id = ?1"
#define SQL_PERSON "SELECT count(*) FROM account_hold WHERE account = ?1 AND kind = 'suspend'"
#define SQL_KEEPS                                                                                  \
	"SELECT count(*) FROM dunning_hold WHERE subscription = ?1 AND effect = 'terminate' "      \
	"AND lifted IS NULL"
#define SQL_KEPT "SELECT id, subscription FROM dunning_hold WHERE until <= ?1 AND lifted IS NULL"

static void json_cleanup(json_t **j)
{
	json_decref(*j);
}
#define autojson autoclean(json_cleanup) json_t

/* A name and the state it is in. */
struct thing {
	char *name, *state;
};
struct things {
	struct thing *v;
	size_t n, cap;
};

static void things_release(struct things *t)
{
	vec_each(t, it) {
		free(it->name);
		free(it->state);
	}
	vec_release(t);
}
#define autothings autoclean(things_release) struct things

static int list_things(struct sxc *s, const char *sql, int64_t subscription, struct things *out,
	struct err *e)
{
	autoclean(db_done) struct query q = {0};
	int r = db_query(s->db, &q, e, sql, subscription);

	while (r >= 0 && (r = db_next(&q, e)) > 0) {
		struct thing t = {db_text_dup(&q, 0), db_text_dup(&q, 1)};

		vec_push(out, t);
	}
	return r;
}

static void note_job(struct job_ids *jobs, int64_t job)
{
	if (job && jobs)
		vec_push(jobs, job);
}

/* ---- doing ---- */

/* What a person has stopped already is left alone, now and when it is lifted. */
static int on_servers(struct sxc *s, int64_t sub, bool throttle, json_t *did, struct job_ids *jobs,
	struct err *e)
{
	autothings list = {0};
	int r = list_things(s, SQL_PS, sub, &list, e);

	for (size_t i = 0; r >= 0 && i < list.n; i++) {
		int64_t job = 0;

		if (str_eq(list.v[i].state, "suspended"))
			continue;
		r = throttle ? ps_throttle_tx(s, list.v[i].name, &job, e)
		             : ps_job_behind_tx(s, list.v[i].name, "suspend", &job, e);
		json_array_append_new(did, json_string(list.v[i].name));
		note_job(jobs, job);
	}
	return r < 0 ? r : 0;
}

static int on_domains(struct sxc *s, int64_t sub, json_t *did, struct job_ids *jobs, struct err *e)
{
	autothings list = {0};
	int r = list_things(s, SQL_DOMAINS, sub, &list, e);

	for (size_t i = 0; r >= 0 && i < list.n; i++) {
		int64_t job = 0;

		if (str_eq(list.v[i].state, "suspended"))
			continue;
		r = domain_switch_tx(s, list.v[i].name, false, &job, e);
		json_array_append_new(did, json_string(list.v[i].name));
		note_job(jobs, job);
	}
	return r < 0 ? r : 0;
}

static int stop(struct sxc *s, int64_t sub, const char *state, json_t *did, struct job_ids *jobs,
	struct err *e)
{
	int r;

	if ((r = on_servers(s, sub, false, json_object_get(did, "ps"), jobs, e)) < 0 ||
		(r = on_domains(s, sub, json_object_get(did, "domains"), jobs, e)) < 0)
		return r;
	return str_eq(state, "active") ? db_run(s->db, e, SQL_STATE, sub, "suspended") : 0;
}

/* Private servers that have no archive yet get one: how many those are. */
static int archive_all(struct sxc *s, int64_t sub, struct job_ids *jobs, struct err *e)
{
	autothings list = {0};
	int r = list_things(s, SQL_PS, sub, &list, e), missing = 0;

	for (size_t i = 0; r >= 0 && i < list.n; i++) {
		bool unfinished = false;
		int64_t job = 0;

		if ((r = ps_archive_made(s, list.v[i].name, &unfinished, e)) != 0)
			continue;
		missing++;
		if (!unfinished)
			r = ps_archive_tx(s, list.v[i].name, &job, e);
		note_job(jobs, job);
	}
	return r < 0 ? r : missing;
}

/* Stopped now; what it holds is kept on its server until the day. */
static int terminate(struct sxc *s, const struct dun *d, int64_t sub, const char *state,
	json_t *did, struct job_ids *jobs, struct err *e)
{
	int r = str_eq(state, "active") ? stop(s, sub, state, did, jobs, e) : 0;

	(void)d;
	if (r < 0 || (r = archive_all(s, sub, jobs, e)) < 0)
		return r;
	return subscription_end_today(s, sub, jobs, e);
}

static int keep_until(struct sxc *s, const struct dun *d, char until[DAY_TEXT], struct err *e)
{
	int64_t retain = 30;
	int r = config_get_i64(s, "dunning.retain", &retain, e);

	day_format(d->today + retain, until);
	return r < 0 ? r : 0;
}

static int hold(struct sxc *s, const struct dun *d, int64_t sub, enum dunning_do act,
	const json_t *did, const char *until, struct err *e)
{
	autofree char *text = json_dumps(did, JSON_COMPACT | JSON_SORT_KEYS);
	char day[DAY_TEXT];

	return db_run(s->db, e, SQL_HOLD, sub, d->a.id, d->id, dunning_do_name(act),
		day_format(d->today, day), text, until, s->now);
}

static int touch(struct sxc *s, const struct dun *d, int64_t sub, const char *state,
	enum dunning_do act, const char *until, struct job_ids *jobs, struct err *e)
{
	autojson *did = json_pack("{s:[], s:[]}", "ps", "domains");
	int r = 0;

	/* The hold is there first: what ends finds that it is to be kept. */
	if (act == DUN_TERMINATE && (r = hold(s, d, sub, act, did, until, e)) < 0)
		return r;
	if (act == DUN_TERMINATE)
		return terminate(s, d, sub, state, did, jobs, e);
	if (act == DUN_SUSPEND && !str_eq(state, "pending"))
		r = stop(s, sub, state, did, jobs, e);
	else if (act == DUN_THROTTLE && str_eq(state, "active"))
		r = on_servers(s, sub, true, json_object_get(did, "ps"), jobs, e);
	return r < 0 ? r : hold(s, d, sub, act, did, NULL, e);
}

static int tell_customer(struct sxc *s, const struct dun *d, enum dunning_do act, const char *subs,
	const char *until, struct err *e)
{
	autofree char *key = str_fmt("dunning %lld %s", (long long)d->id, dunning_do_name(act));
	struct mail_new m = {.key = key,
		.template = act == DUN_THROTTLE  ? "throttled"
	                    : act == DUN_SUSPEND ? "suspended"
	                                         : "terminated",
		.account = d->a.id,
		.invoice = d->id,
		.values = json_pack("{s:s, s:s*}", "subscriptions", subs, "until", until)};
	int r = mail_queue(s, &m, e);

	return r < 0 ? r : 0;
}

static int add_name(struct sxc *s, int64_t sub, struct str *names, struct err *e)
{
	autofree char *name = NULL;
	int r = subscription_name_of(s, sub, &name, e);

	if (r > 0)
		str_addf(names, "%s%s", names->len ? ", " : "", name);
	return r < 0 ? r : 0;
}

int dun_effect(struct sxc *s, const struct dun *d, enum dunning_do act, struct job_ids *jobs,
	struct err *e)
{
	autoclean(db_done) struct query q = {0};
	autostr names = STR_INIT;
	char until[DAY_TEXT] = "";
	int r = act == DUN_TERMINATE ? keep_until(s, d, until, e) : 0;

	if (r == 0)
		r = db_query(s->db, &q, e, SQL_SUBS, d->id, dunning_do_name(act));
	while (r >= 0 && (r = db_next(&q, e)) > 0)
		if ((r = touch(s, d, db_i64(&q, 0), db_text(&q, 1), act, *until ? until : NULL,
			     jobs, e)) < 0 ||
			(r = add_name(s, db_i64(&q, 0), &names, e)) < 0)
			return r;
	if (r < 0 || !names.len)
		return r;
	return tell_customer(s, d, act, str_c(&names), *until ? until : NULL, e);
}

/* ---- lifting ---- */

static int still_is(struct sxc *s, const char *sql, const char *name, struct err *e)
{
	autofree char *state = NULL;
	int r = db_get_text(s->db, &state, e, sql, name);

	return r < 0 ? r : r > 0 && !str_eq(state, "removing");
}

static int lift_servers(struct sxc *s, const json_t *names, bool throttle, struct job_ids *jobs,
	struct err *e)
{
	const json_t *name;
	size_t i;

	json_array_foreach((json_t *)names, i, name)
	{
		const char *ps = json_string_value(name);
		int64_t job = 0;
		int r = still_is(s, SQL_PS_NOW, ps, e);

		if (r > 0)
			r = throttle ? ps_unthrottle_tx(s, ps, &job, e)
			             : ps_job_behind_tx(s, ps, "resume", &job, e);
		if (r < 0)
			return r;
		note_job(jobs, job);
	}
	return 0;
}

static int lift_domains(struct sxc *s, const json_t *names, struct job_ids *jobs, struct err *e)
{
	const json_t *name;
	size_t i;

	json_array_foreach((json_t *)names, i, name)
	{
		int64_t job = 0;
		int r = still_is(s, SQL_DOMAIN_NOW, json_string_value(name), e);

		if (r > 0)
			r = domain_switch_tx(s, json_string_value(name), true, &job, e);
		if (r < 0)
			return r;
		note_job(jobs, job);
	}
	return 0;
}

struct held {
	int64_t id, subscription;
	char *effect, *did, *state;
};
struct helds {
	struct held *v;
	size_t n, cap;
};

static void helds_release(struct helds *h)
{
	vec_each(h, it) {
		free(it->effect);
		free(it->did);
		free(it->state);
	}
	vec_release(h);
}

static int collect(struct sxc *s, int64_t account, struct helds *out, struct err *e)
{
	autoclean(db_done) struct query q = {0};
	int r = db_query(s->db, &q, e, SQL_ACTIVE, account);

	while (r >= 0 && (r = db_next(&q, e)) > 0) {
		struct held h = {db_i64(&q, 0), db_i64(&q, 1), db_text_dup(&q, 2),
			db_text_dup(&q, 3), db_text_dup(&q, 4)};

		vec_push(out, h);
	}
	return r;
}

/* While a person holds the account, its services stay down: what that person lifts starts them. */
static int lift_services(struct sxc *s, const struct held *h, bool person, struct job_ids *jobs,
	struct err *e)
{
	autojson *did = json_loads(h->did, 0, NULL);
	bool throttle = str_eq(h->effect, "throttle");
	int r;

	if (str_eq(h->state, "ended") || (person && !throttle))
		return 0;
	if ((r = lift_servers(s, json_object_get(did, "ps"), throttle, jobs, e)) < 0 ||
		(r = lift_domains(s, json_object_get(did, "domains"), jobs, e)) < 0)
		return r;
	if (throttle || !str_eq(h->state, "suspended"))
		return 0;
	return db_run(s->db, e, SQL_STATE, h->subscription, "active");
}

/* 1 when it was lifted, 0 when there is nothing of it to be lifted: it has ended for good. */
static int lift_one(struct sxc *s, const struct held *h, int64_t today, bool person,
	struct job_ids *jobs, struct err *e)
{
	char day[DAY_TEXT];
	int r;

	if (str_eq(h->effect, "terminate"))
		return 0;
	if ((r = lift_services(s, h, person, jobs, e)) < 0 ||
		(r = db_run(s->db, e, SQL_LIFTED, h->id, day_format(today, day))) < 0 ||
		(r = subscription_refresh(s, h->subscription, today, jobs, e)) < 0)
		return r;
	return !str_eq(h->state, "ended");
}

static int tell_resumed(struct sxc *s, int64_t account, int64_t hold_id, const char *subs,
	struct err *e)
{
	autofree char *key = str_fmt("dunning lifted %lld", (long long)hold_id);
	struct mail_new m = {.key = key,
		.template = "resumed",
		.account = account,
		.values = json_pack("{s:s}", "subscriptions", subs)};
	int r = mail_queue(s, &m, e);

	return r < 0 ? r : 0;
}

static int lift_all(struct sxc *s, const struct account *a, int64_t today, struct job_ids *jobs,
	struct err *e)
{
	autoclean(helds_release) struct helds list = {0};
	autostr names = STR_INIT;
	int64_t person = 0, last = 0, last_sub = 0;
	int r, lifted = 0;

	if ((r = db_get_i64(s->db, &person, e, SQL_PERSON, a->id)) < 0 ||
		(r = collect(s, a->id, &list, e)) < 0)
		return r;
	vec_each(&list, h) {
		if ((r = lift_one(s, h, today, person > 0, jobs, e)) < 0)
			return r;
		if (r == 0 || h->subscription == last_sub)
			continue;
		if ((r = add_name(s, h->subscription, &names, e)) < 0)
			return r;
		last = h->id;
		last_sub = h->subscription;
		lifted++;
	}
	if (!lifted)
		return 0;
	if ((!person && (r = tell_resumed(s, a->id, last, str_c(&names), e)) < 0) ||
		(r = audit_add(s, "dunning.lift", a->name, NULL, NULL, e)) < 0)
		return r;
	return lifted;
}

int dunning_lift(struct sxc *s, int64_t account, struct job_ids *jobs, struct err *e)
{
	autoclean(account_release) struct account a = {0};
	int64_t has = 0, today;
	int r;

	if ((r = db_get_i64(s->db, &has, e, SQL_HAS, account)) < 0 || !has)
		return r < 0 ? r : 0;
	if ((r = account_get_id(s, account, &a, e)) < 0 ||
		(r = account_today(s, &a, &today, e)) < 0)
		return r;
	return lift_all(s, &a, today, jobs, e);
}

int dunning_settled(struct sxc *s, int64_t account, struct job_ids *jobs, struct err *e)
{
	autoclean(account_release) struct account a = {0};
	int64_t has = 0, overdue = 0, today;
	char day[DAY_TEXT];
	int r;

	if ((r = db_get_i64(s->db, &has, e, SQL_HAS, account)) < 0 || !has)
		return r < 0 ? r : 0;
	if ((r = account_get_id(s, account, &a, e)) < 0 ||
		(r = account_today(s, &a, &today, e)) < 0 ||
		(r = db_get_i64(s->db, &overdue, e, SQL_OVERDUE, account, day_format(today, day))) <
			0)
		return r;
	if (overdue)
		return 0;
	r = lift_all(s, &a, today, jobs, e);
	return r < 0 ? r : 0;
}

/* ---- what is kept after the end ---- */

int dunning_keeps(struct sxc *s, int64_t subscription, struct err *e)
{
	int64_t n = 0;
	int r = db_get_i64(s->db, &n, e, SQL_KEEPS, subscription);

	return r < 0 ? r : n > 0;
}

int dun_delete_kept(struct sxc *s, struct job_ids *jobs, struct err *e)
{
	autoclean(db_done) struct query q = {0};
	char day[DAY_TEXT];
	int n = 0, r;

	day_format(s->now / 86400, day);
	r = db_query(s->db, &q, e, SQL_KEPT, day);
	while (r >= 0 && (r = db_next(&q, e)) > 0) {
		int64_t job = 0, sub = db_i64(&q, 1);

		if ((r = archive_all(s, sub, jobs, e)) < 0)
			return r;
		if (r > 0) {
			sxc_note(s, 0,
				"subscription #%lld: not deleted before it is archived: see "
				"\"sxc job list\"",
				(long long)sub);
			n++;
			continue;
		}
		if ((r = provision_remove(s, sub, &job, e)) < 0 ||
			(r = db_run(s->db, e, SQL_LIFTED, db_i64(&q, 0), day)) < 0)
			return r;
		note_job(jobs, job);
		n++;
	}
	return r < 0 ? r : n;
}
