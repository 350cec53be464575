/* SPDX-License-Identifier: MIT */
/* Changing what was agreed, and ending it. */
#include <jansson.h>
#include <stdio.h>

#include "biz/plan_provide.h"
#include "biz/subscription_int.h"
#include "util/money.h"
#include "util/num.h"
#include "util/str.h"
#include "util/tz.h"

#define SQL_TERM_AT                                                                                \
	"SELECT id, seq, version, price, start, until, anchor, anchor_day FROM subscription_term " \
	"WHERE subscription = ?1 AND (until IS NULL OR until > start) AND (start <= ?2 OR "        \
	"seq = 1) ORDER BY seq DESC LIMIT 1"
#define SQL_CUT_LATER                                                                              \
	"UPDATE subscription_term SET until = start, closed = 0 WHERE subscription = ?1 "          \
	"AND start >= ?2 AND (until IS NULL OR until > start)"
#define SQL_CUT                                                                                    \
	"UPDATE subscription_term SET until = ?2, closed = 0 WHERE subscription = ?1 "             \
	"AND start < ?2 AND (until IS NULL OR until > ?2)"
#define SQL_CUSTOM   "SELECT custom FROM subscription_term WHERE id = ?1"
#define SQL_LAST_SEQ "SELECT max(seq) FROM subscription_term WHERE subscription = ?1"
#define SQL_CHOSEN   "SELECT name, quantity FROM term_option WHERE term = ?1 ORDER BY name"
#define SQL_UNTIL    "UPDATE subscription SET until = ?2 WHERE id = ?1"
#define SQL_ORDERED  "SELECT created FROM subscription WHERE id = ?1"
#define SQL_WITHDRAW "UPDATE subscription SET withdrawn = 1, setup_due = 0 WHERE id = ?1"
/* The term that bore the set-up is looked at again. */
#define SQL_REFUND "UPDATE subscription SET refund = 1 WHERE id = ?1"
#define SQL_REOPEN                                                                                 \
	"UPDATE subscription_term SET closed = 0 WHERE id = (SELECT term FROM billed "             \
	"WHERE subscription = ?1 AND item = 'setup' AND kind = 'charge')"

int sub_term_at(struct sxc *s, int64_t subscription, int64_t day, struct cur_term *t, struct err *e)
{
	autoclean(db_done) struct query q = {0};
	char buf[DAY_TEXT];
	int r = db_one(s->db, &q, e, SQL_TERM_AT, subscription, day_format(day, buf));

	if (r <= 0)
		return r < 0 ? r
		             : err_set(e, E_INTEGRITY, "subscription #%lld has no terms",
				       (long long)subscription);
	*t = (struct cur_term){.id = db_i64(&q, 0),
		.seq = db_i64(&q, 1),
		.version = db_i64(&q, 2),
		.price = db_is_null(&q, 3) ? -1 : db_i64(&q, 3),
		.start = day_col(&q, 4),
		.until = day_col(&q, 5),
		.anchor = {day_col(&q, 6), (int)db_i64(&q, 7), {1, UNIT_DAY}}};
	return 0;
}

int sub_cut(struct sxc *s, int64_t subscription, int64_t day, struct err *e)
{
	char buf[DAY_TEXT];
	int r = db_run(s->db, e, SQL_CUT_LATER, subscription, day_format(day, buf));

	return r < 0 ? r : db_run(s->db, e, SQL_CUT, subscription, day_format(day, buf));
}

/* ---- change ---- */

/* What a change is about: before and after. */
struct change {
	struct sub sub;
	struct cur_term cur;
	struct plan_offer old, new;
	struct chosen_vec before, after;
	int64_t price; /* of the new term, -1: the plan's */
	char *custom;  /* of the new term, or NULL */
	int64_t term;  /* the new one */
	int64_t today, day;
	bool upgrade;
};

static void change_release(struct change *c)
{
	sub_release(&c->sub);
	plan_offer_release(&c->old);
	plan_offer_release(&c->new);
	chosen_release(&c->before);
	chosen_release(&c->after);
	free(c->custom);
}

static int read_chosen(struct sxc *s, int64_t term, struct chosen_vec *before,
	struct chosen_vec *after, struct err *e)
{
	autoclean(db_done) struct query q = {0};
	int r = db_query(s->db, &q, e, SQL_CHOSEN, term);

	while (r >= 0 && (r = db_next(&q, e)) > 0) {
		chosen_set(before, db_text(&q, 0), db_i64(&q, 1));
		chosen_set(after, db_text(&q, 0), db_i64(&q, 1));
	}
	return r;
}

static int read_change(struct sxc *s, const struct change_new *n, struct change *c, struct err *e)
{
	const char *currency;
	int64_t id;
	int r = subscription_find(s, n->subscription, &id, e);

	if (r <= 0)
		return r < 0 ? r
		             : err_set(e, E_NOTFOUND, "no subscription named '%s'",
				       n->subscription);
	if ((r = sub_get(s, id, &c->sub, e)) < 0 ||
		(r = account_today(s, &c->sub.a, &c->today, e)) < 0 ||
		(r = sub_term_at(s, id, c->today, &c->cur, e)) < 0)
		return r;
	currency = c->sub.currency;
	if ((r = plan_offer_version(s, c->cur.version, currency, &c->old, e)) < 0)
		return r;
	c->cur.anchor.every = c->old.every;
	r = n->plan ? plan_offer_current(s, n->plan, currency, &c->new, e)
	            : plan_offer_version(s, n->version ? n->version : c->cur.version, currency,
			      &c->new, e);
	return r < 0 ? r : read_chosen(s, c->cur.id, &c->before, &c->after, e);
}

static bool given(const struct strvec *v)
{
	return v && v->n;
}

static int check_change(struct sxc *s, const struct change_new *n, const struct change *c,
	struct err *e)
{
	char day[DAY_TEXT];

	if (str_eq(c->sub.state, "ended"))
		return err_set(e, E_STATE, "%s has ended", n->subscription);
	if (c->sub.until != DAY_NONE)
		return err_set(e, E_STATE, "%s is cancelled from %s", n->subscription,
			day_format(c->sub.until, day));
	if (c->new.version == c->old.version && !n->price && !given(n->options) &&
		!given(n->custom))
		return err_set(e, E_STATE, "%s has this plan in this version: nothing would change",
			n->subscription);
	if (c->new.plan == c->old.plan)
		return c->new.priced ? 0
		                     : err_set(e, E_STATE, "plan %s has no price in %s",
					       c->new.name, c->sub.currency);
	return subscription_check_offer(s, &c->sub.a, &c->new, e);
}

/* Price of a year, options included, as numerator; the denominator is the same for both sides. */
static int year_price(int64_t price, const struct chosen_vec *options, struct every every,
	int64_t other_den, __int128 *out, struct err *e)
{
	int64_t num, den, part;
	int r = 0;

	for (size_t i = 0; r == 0 && i < options->n; i++) {
		r = num_mul(options->v[i].price, options->v[i].quantity, &part, e);
		if (r == 0)
			r = num_add(price, part, &price, e);
	}
	every_per_year(every, &num, &den);
	*out = (__int128)price * num * other_den;
	return r;
}

static int is_upgrade(struct change *c, struct err *e)
{
	int64_t num, old_den, new_den;
	__int128 before, after;
	int r;

	every_per_year(c->old.every, &num, &old_den);
	every_per_year(c->new.every, &num, &new_den);
	r = year_price(c->cur.price < 0 ? c->old.price : c->cur.price, &c->before, c->old.every,
		new_den, &before, e);
	if (r == 0)
		r = year_price(c->price < 0 ? c->new.price : c->price, &c->after, c->new.every,
			old_den, &after, e);
	c->upgrade = r == 0 && after >= before;
	return r;
}

static int new_price(const struct change_new *n, struct change *c, struct err *e)
{
	int r;

	c->price = c->new.plan == c->old.plan ? c->cur.price : -1;
	if (!n->price)
		return 0;
	r = money_parse(n->price, c->sub.currency, &c->price, e);
	if (r == 0 && (c->price < 0 || c->price > PRICE_MOST))
		r = err_set(e, E_USAGE, "'%.40s' is not a price", n->price);
	return r;
}

/* What was agreed for it alone: goes on while the plan is the same. */
static int new_custom(struct sxc *s, const struct change_new *n, struct change *c, struct err *e)
{
	autofree char *before = NULL;
	json_t *j;
	int r = 0;

	if (c->new.plan == c->old.plan)
		r = db_get_text(s->db, &before, e, SQL_CUSTOM, c->cur.id);
	if (r < 0)
		return r;
	j = before ? json_loads(before, 0, NULL) : json_object();
	for (size_t i = 0; n->custom && r >= 0 && i < n->custom->n; i++)
		r = provide_custom_parse(j, n->custom->v[i], e);
	if (r >= 0 && json_object_size(json_object_get(j, "private-server")))
		c->custom = json_dumps(j, JSON_SORT_KEYS | JSON_COMPACT);
	json_decref(j);
	return r < 0 ? r : 0;
}

/* The first day after the period that holds today; the first paid day before that. */
static int64_t renewal(const struct sub *sub, const struct anchor *anchor, int64_t today)
{
	int64_t start, end;

	if (today < sub->first_paid)
		return sub->first_paid;
	anchor_period(anchor, today, &start, &end);
	return end;
}

static int64_t later(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

static void find_day(const struct change_new *n, struct change *c)
{
	bool now = n->when == WHEN_NOW;

	if (n->when == WHEN_POLICY)
		now = str_eq(c->upgrade ? c->old.upgrade : c->old.downgrade, "now");
	c->day = now ? c->today : renewal(&c->sub, &c->cur.anchor, c->today);
	c->day = later(c->day, c->sub.start);
	if (c->day >= c->today + n->notice)
		return;
	c->day = c->today + n->notice;
	if (!now)
		c->day = renewal(&c->sub, &c->cur.anchor, c->day - 1);
}

static int put_term(struct sxc *s, struct change *c, struct err *e)
{
	bool same = c->new.every.n == c->old.every.n && c->new.every.unit == c->old.every.unit;
	int64_t paid = later(c->day, c->sub.first_paid), last = 0;
	struct term_new t = {.subscription = c->sub.id,
		.version = c->new.version,
		.price = c->price,
		.start = c->day,
		.billed_until = later(paid, c->sub.prepaid),
		.custom = c->custom,
		.anchor = same ? c->cur.anchor : anchor_at(paid, c->new.every)};
	int r;

	if ((r = sub_cut(s, c->sub.id, c->day, e)) < 0 ||
		(r = db_get_i64(s->db, &last, e, SQL_LAST_SEQ, c->sub.id)) < 0)
		return r;
	t.seq = last + 1;
	return subscription_put_term(s, &t, &c->after, &c->term, e);
}

/* From today on: through jobs, now. Later: when it comes into force, but it must be possible. */
static int provide(struct sxc *s, const struct change *c, struct job_ids *jobs, struct err *e)
{
	autofree char *provides = NULL, *best = NULL;
	int r;

	if (!c->sub.provided) /* checked when it is provided, but for what cannot be */
		return sub_provides(s, c->term, &provides, &best, e);
	if (c->day > c->today)
		return sub_could_provide(s, c->sub.id, c->sub.provided, c->term, e);
	r = sub_switch(s, c->sub.id, c->today, e);
	return r < 0 ? r : sub_provide(s, c->sub.id, jobs, e);
}

static int note_change(struct sxc *s, const struct change *c, const char *name, struct err *e)
{
	char day[DAY_TEXT];
	json_t *was = json_pack("{s:s, s:I}", "plan", c->old.name, "version",
		(json_int_t)c->old.number);
	json_t *is = json_pack("{s:s, s:I, s:s, s:s?}", "plan", c->new.name, "version",
		(json_int_t)c->new.number, "from", day_format(c->day, day), "custom", c->custom);
	autofree char *before = json_dumps(was, JSON_SORT_KEYS | JSON_COMPACT);
	autofree char *after = json_dumps(is, JSON_SORT_KEYS | JSON_COMPACT);

	json_decref(was);
	json_decref(is);
	return audit_add(s, "account.change", name, before, after, e);
}

int subscription_change_tx(struct sxc *s, const struct change_new *n, struct change_done *done,
	struct job_ids *jobs, struct err *e)
{
	autoclean(change_release) struct change c = {0};
	int r;

	if ((r = read_change(s, n, &c, e)) < 0 || (r = check_change(s, n, &c, e)) < 0 ||
		(r = chosen_parse(&c.after, n->options, 0, e)) < 0 ||
		(r = chosen_price(s, &c.before, &c.old, c.sub.currency, e)) < 0 ||
		(r = chosen_price(s, &c.after, &c.new, c.sub.currency, e)) < 0 ||
		(r = new_price(n, &c, e)) < 0 || (r = new_custom(s, n, &c, e)) < 0 ||
		(r = is_upgrade(&c, e)) < 0)
		return r;
	find_day(n, &c);
	sub_name(&c.sub, done->name, sizeof(done->name));
	day_format(c.day, done->day);
	done->upgrade = c.upgrade;
	if ((r = put_term(s, &c, e)) < 0 || (r = provide(s, &c, jobs, e)) < 0 ||
		(r = subscription_refresh(s, c.sub.id, c.today, jobs, e)) < 0)
		return r;
	return note_change(s, &c, done->name, e);
}

int subscription_change(struct sxc *s, const struct change_new *n, struct change_done *done,
	struct job_ids *jobs, struct err *e)
{
	autorollback struct sxc *tx = NULL;
	int r = tx_begin(s, e);

	if (r < 0)
		return r;
	tx = s;
	if ((r = subscription_change_tx(s, n, done, jobs, e)) < 0)
		return r;
	tx = NULL;
	return tx_commit(s, e);
}

/* ---- cancel ---- */

static int cancel_day(struct sxc *s, const struct sub *sub, enum cancel_when when, int64_t today,
	int64_t *day, struct err *e)
{
	autoclean(plan_offer_release) struct plan_offer o = {0};
	struct cur_term cur;
	int r;

	if ((r = sub_term_at(s, sub->id, today, &cur, e)) < 0 ||
		(r = plan_offer_version(s, cur.version, sub->currency, &o, e)) < 0)
		return r;
	cur.anchor.every = o.every;
	if (when == CANCEL_POLICY)
		when = str_eq(o.cancel, "now") ? CANCEL_NOW : CANCEL_END;
	*day = when != CANCEL_END ? today : renewal(sub, &cur.anchor, today);
	if (when == CANCEL_END && sub->prepaid != DAY_NONE)
		*day = later(*day, sub->prepaid);
	return 0;
}

/* Directive 2011/83/EU, articles 9 and 14, is the model: consumers alone, for some days. */
static int withdraw(struct sxc *s, const struct sub *sub, int64_t today, struct err *e)
{
	int64_t days = 0, created = 0, ordered;
	char name[96], last[DAY_TEXT];
	autotz *tz = NULL;
	int r;

	sub_name(sub, name, sizeof(name));
	if (!str_eq(sub->a.kind, "consumer"))
		return err_set(e, E_STATE, "account %s is a %s: only consumers may withdraw",
			sub->a.name, sub->a.kind);
	if ((r = config_get_i64(s, "withdrawal", &days, e)) < 0 ||
		(r = db_get_i64(s->db, &created, e, SQL_ORDERED, sub->id)) < 0 ||
		(r = tz_load(&tz, sub->a.timezone, e)) < 0)
		return r;
	ordered = tz_day(tz, created);
	if (today > ordered + days)
		return err_set(e, E_STATE, "%s could be withdrawn from until %s", name,
			day_format(ordered + days, last));
	if ((r = db_run(s->db, e, SQL_WITHDRAW, sub->id)) < 0)
		return r;
	return db_run(s->db, e, SQL_REOPEN, sub->id);
}

int sub_end_on(struct sxc *s, const struct sub *sub, int64_t day, int64_t today,
	struct job_ids *jobs, struct err *e)
{
	autofree char *after = NULL;
	char buf[DAY_TEXT], name[96];
	json_t *j;
	int r;

	if ((r = sub_cut(s, sub->id, later(day, sub->start), e)) < 0 ||
		(r = db_run(s->db, e, SQL_UNTIL, sub->id, day_format(day, buf))) < 0 ||
		(r = subscription_refresh(s, sub->id, today, jobs, e)) < 0)
		return r;
	sub_name(sub, name, sizeof(name));
	j = json_pack("{s:s}", "until", buf);
	after = json_dumps(j, JSON_COMPACT);
	json_decref(j);
	return audit_add(s, "account.cancel", name, NULL, after, e);
}

static int cancel(struct sxc *s, const struct cancel_new *n, struct cancel_done *done,
	struct job_ids *jobs, struct err *e)
{
	const char *subscription = n->subscription;
	autosub sub = {0};
	int64_t id, today, day;
	int r = subscription_find(s, subscription, &id, e);

	if (r <= 0)
		return r < 0 ? r
		             : err_set(e, E_NOTFOUND, "no subscription named '%s'", subscription);
	if ((r = sub_get(s, id, &sub, e)) < 0 || (r = account_today(s, &sub.a, &today, e)) < 0)
		return r;
	if (str_eq(sub.state, "ended"))
		return err_set(e, E_STATE, "%s has ended", subscription);
	if ((r = cancel_day(s, &sub, n->when, today, &day, e)) < 0)
		return r;
	sub_name(&sub, done->name, sizeof(done->name));
	day_format(day, done->day);
	done->ended = day <= today;
	if (sub.until != DAY_NONE && sub.until <= day)
		return err_set(e, E_STATE, "%s is cancelled from %s already", subscription,
			day_format(sub.until, done->day));
	if (n->when == CANCEL_WITHDRAW && (r = withdraw(s, &sub, today, e)) < 0)
		return r;
	if (n->refund && (r = db_run(s->db, e, SQL_REFUND, sub.id)) < 0)
		return r;
	return sub_end_on(s, &sub, day, today, jobs, e);
}

int subscription_cancel(struct sxc *s, const struct cancel_new *n, struct cancel_done *done,
	struct job_ids *jobs, struct err *e)
{
	autorollback struct sxc *tx = NULL;
	int r = tx_begin(s, e);

	if (r < 0)
		return r;
	tx = s;
	if ((r = cancel(s, n, done, jobs, e)) < 0)
		return r;
	tx = NULL;
	return tx_commit(s, e);
}

/* ---- all of an account ---- */

#define SQL_LIVE "SELECT id FROM subscription WHERE account = ?1 AND state <> 'ended' ORDER BY id"

static int cancel_one(struct sxc *s, int64_t id, int64_t today, struct job_ids *jobs, struct err *e)
{
	autosub sub = {0};
	int r = sub_get(s, id, &sub, e);

	return r < 0 ? r : sub_end_on(s, &sub, today, today, jobs, e);
}

int subscription_end_today(struct sxc *s, int64_t id, struct job_ids *jobs, struct err *e)
{
	autosub sub = {0};
	int64_t today;
	int r;

	if ((r = sub_get(s, id, &sub, e)) < 0 || (r = account_today(s, &sub.a, &today, e)) < 0)
		return r;
	return sub_end_on(s, &sub, today, today, jobs, e);
}

int subscription_cancel_all(struct sxc *s, const struct account *a, struct job_ids *jobs,
	struct err *e)
{
	autojobs ids = {0};
	int64_t today;
	int r = account_today(s, a, &today, e);

	if (r == 0) {
		autoclean(db_done) struct query q = {0};

		r = db_query(s->db, &q, e, SQL_LIVE, a->id);
		while (r >= 0 && (r = db_next(&q, e)) > 0)
			vec_push(&ids, db_i64(&q, 0));
	}
	for (size_t i = 0; r == 0 && i < ids.n; i++)
		r = cancel_one(s, ids.v[i], today, jobs, e);
	return r;
}
