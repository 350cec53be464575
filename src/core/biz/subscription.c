/* SPDX-License-Identifier: MIT */
/* Ordering a plan. */
#include "biz/subscription.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "biz/coupon.h"
#include "biz/subscription_int.h"
#include "util/money.h"
#include "util/str.h"
#include "util/units.h"

#define SQL_STOCK "SELECT count(*) FROM subscription WHERE plan = ?1 AND state <> 'ended'"
#define SQL_MINE                                                                                   \
	"SELECT count(*) FROM subscription WHERE plan = ?1 AND account = ?2 AND state <> 'ended'"
#define SQL_NUMBER "SELECT coalesce(max(number), 0) + 1 FROM subscription WHERE account = ?1"
#define SQL_ADD                                                                                    \
	"INSERT INTO subscription (account, number, label, state, plan, currency, start, "         \
	"first_paid, setup_due, prepaid_until, paid_until, created) "                              \
	"VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?10, ?11)"
#define SQL_TERM                                                                                   \
	"INSERT INTO subscription_term (subscription, seq, start, version, price, anchor, "        \
	"anchor_day, billed_until, custom, created) "                                              \
	"VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)"
#define SQL_TERM_OPTION "INSERT INTO term_option (term, name, quantity) VALUES (?1, ?2, ?3)"
#define SQL_SET_TERM    "UPDATE subscription SET term = ?2 WHERE id = ?1"
#define SQL_SET_REQUEST "UPDATE subscription SET request = ?2 WHERE id = ?1"

#define FURTHEST 3660 /* days from today that a subscription may begin or be paid until */

/* ---- options ---- */

void chosen_release(struct chosen_vec *c)
{
	vec_each(c, it)
		free(it->name);
	vec_release(c);
}

void chosen_set(struct chosen_vec *c, const char *name, int64_t quantity)
{
	struct chosen new = {NULL, quantity, 0};
	size_t i = 0;

	while (i < c->n && strcmp(c->v[i].name, name) != 0)
		i++;
	if (i < c->n && quantity) {
		c->v[i].quantity = quantity;
	} else if (i < c->n) {
		free(c->v[i].name);
		c->v[i] = c->v[--c->n];
	} else if (quantity) {
		new.name = mem_strdup(name);
		vec_push(c, new);
	}
}

int chosen_parse(struct chosen_vec *c, const struct strvec *pairs, int64_t least, struct err *e)
{
	for (size_t i = 0; pairs && i < pairs->n; i++) {
		const char *eq = strchr(pairs->v[i], '=');
		autofree char *name = eq ? mem_strndup(pairs->v[i], (size_t)(eq - pairs->v[i]))
		                         : NULL;
		int64_t n;

		if (!eq || !str_is_name(name) || units_int(eq + 1, &n) < 0 || n < least ||
			n > 1000000)
			return err_set(e, E_USAGE,
				"'%.60s' is not an option: write NAME=NUMBER, the number %s",
				pairs->v[i], least ? "1 or more" : "0 or more");
		chosen_set(c, name, n);
	}
	return 0;
}

int chosen_price(struct sxc *s, struct chosen_vec *c, const struct plan_offer *o,
	const char *currency, struct err *e)
{
	vec_each(c, it) {
		int r = plan_option_price(s, o, currency, it->name, it->quantity, &it->price, e);

		if (r < 0)
			return r;
	}
	return 0;
}

/* ---- may it be ordered ---- */

static int check_stock(struct sxc *s, const struct account *a, const struct plan_offer *o,
	struct err *e)
{
	int64_t sold = 0, mine = 0;
	int r;

	if (o->stock >= 0 && (r = db_get_i64(s->db, &sold, e, SQL_STOCK, o->plan)) < 0)
		return r;
	if (o->stock >= 0 && sold >= o->stock)
		return err_set(e, E_LIMIT, "plan %s is sold out: %lld of %lld", o->name,
			(long long)sold, (long long)o->stock);
	if (o->per_account && (r = db_get_i64(s->db, &mine, e, SQL_MINE, o->plan, a->id)) < 0)
		return r;
	if (o->per_account && mine >= o->per_account)
		return err_set(e, E_LIMIT, "account %s has %lld of plan %s, the most it may have",
			a->name, (long long)mine, o->name);
	return 0;
}

int subscription_check_offer(struct sxc *s, const struct account *a, const struct plan_offer *o,
	struct err *e)
{
	int r;

	if (!str_eq(o->state, "active"))
		return err_set(e, E_STATE, "plan %s is retired", o->name);
	if (o->reseller)
		return err_set(e, E_STATE,
			"plan %s is for resellers: nobody can be one in this version", o->name);
	if (!o->priced || o->setup < 0)
		return err_set(e, E_STATE, "plan %s has no %s in %s, the currency of account %s",
			o->name, o->priced ? "setup price" : "price", a->currency, a->name);
	r = usage_plan_check(s, o->version, o->name, a->currency, e);
	return r < 0 ? r : check_stock(s, a, o, e);
}

/* ---- writing it down ---- */

int subscription_put_term(struct sxc *s, const struct term_new *t, const struct chosen_vec *options,
	int64_t *id, struct err *e)
{
	char start[DAY_TEXT], anchor[DAY_TEXT], billed[DAY_TEXT];
	int r = db_run(s->db, e, SQL_TERM, t->subscription, t->seq, day_format(t->start, start),
		t->version, t->price < 0 ? db_null() : db_arg_i64(t->price),
		day_format(t->anchor.start, anchor), t->anchor.dom,
		day_format(t->billed_until, billed), t->custom, s->now);

	if (r < 0)
		return r;
	*id = db_last_id(s->db);
	vec_each(options, o)
		if (r == 0)
			r = db_run(s->db, e, SQL_TERM_OPTION, *id, o->name, o->quantity);
	return r;
}

/* Days of a new subscription. */
struct days {
	int64_t today, start, first_paid, prepaid; /* prepaid may be DAY_NONE */
	struct anchor anchor;
};

static int far_day(const char *text, int64_t today, int64_t *day, struct err *e)
{
	int r = day_parse(text, day, e);

	if (r < 0)
		return r;
	if (*day < today - FURTHEST || *day > today + FURTHEST)
		return err_set(e, E_USAGE, "%s is more than ten years away", text);
	return 0;
}

static struct anchor anchor_for(const struct account *a, const struct plan_offer *o, int64_t day)
{
	int align = a->bill_day ? (int)a->bill_day : o->align;

	if (align && (o->every.unit == UNIT_MONTH || o->every.unit == UNIT_YEAR))
		return anchor_aligned(day, align, o->every);
	return anchor_at(day, o->every);
}

static int find_days(struct sxc *s, const struct subscribe_new *n, const struct account *a,
	const struct plan_offer *o, struct days *d, struct err *e)
{
	struct anchor trial = {0};
	int r = account_today(s, a, &d->today, e);

	d->start = d->today;
	d->prepaid = DAY_NONE;
	if (r == 0 && n->at)
		r = far_day(n->at, d->today, &d->start, e);
	if (r == 0 && n->paid_until)
		r = far_day(n->paid_until, d->today, &d->prepaid, e);
	if (r < 0)
		return r;
	if (n->paid_until && d->prepaid < d->start)
		return err_set(e, E_USAGE, "--paid-until %s is before the first day",
			n->paid_until);
	trial = anchor_at(d->start, (struct every){1, o->trial_unit});
	d->first_paid = anchor_nth(&trial, o->trial_n);
	d->anchor = anchor_for(a, o, d->first_paid);
	return 0;
}

static int insert(struct sxc *s, const struct subscribe_new *n, const struct account *a,
	const struct plan_offer *o, const struct days *d, struct sub *sub, struct err *e)
{
	char start[DAY_TEXT], first[DAY_TEXT], prepaid[DAY_TEXT];
	int r = db_get_i64(s->db, &sub->number, e, SQL_NUMBER, a->id);

	if (r < 0)
		return r;
	r = db_run(s->db, e, SQL_ADD, a->id, sub->number, n->request.name,
		o->paid_first ? "pending" : "active", o->plan, a->currency,
		day_format(d->start, start), day_format(d->first_paid, first),
		d->prepaid == DAY_NONE, day_arg(d->prepaid, prepaid), s->now);
	sub->id = db_last_id(s->db);
	return r;
}

static int first_term(struct sxc *s, const struct subscribe_new *n, const struct account *a,
	const struct plan_offer *o, const struct days *d, struct sub *sub, struct err *e)
{
	autochosen options = {0};
	struct term_new t = {.subscription = sub->id,
		.seq = 1,
		.version = o->version,
		.price = -1,
		.start = d->start,
		.billed_until = d->prepaid > d->first_paid ? d->prepaid : d->first_paid,
		.anchor = d->anchor};
	int r;

	if (n->price && (r = money_parse(n->price, a->currency, &t.price, e)) < 0)
		return r;
	if (n->price && (t.price < 0 || t.price > PRICE_MOST))
		return err_set(e, E_USAGE, "'%.40s' is not a price", n->price);
	if ((r = chosen_parse(&options, n->options, 1, e)) < 0 ||
		(r = chosen_price(s, &options, o, a->currency, e)) < 0 ||
		(r = subscription_put_term(s, &t, &options, &sub->term, e)) < 0)
		return r;
	return db_run(s->db, e, SQL_SET_TERM, sub->id, sub->term);
}

/* ---- provisioning ---- */

static int read_key(const char *path, char **text, struct err *e)
{
	autofclose FILE *f = fopen(path, "re");
	char buf[65536];
	size_t n;

	if (!f)
		return err_sys(e, "%s", path);
	n = fread(buf, 1, sizeof(buf), f);
	if (n == sizeof(buf) || !str_is_utf8(buf, n))
		return err_set(e, E_USAGE, "%s is not a file of SSH public keys", path);
	*text = mem_strndup(buf, n);
	return 0;
}

/* Keep what was asked for until the first payment; the key file is read now. */
static int keep_request(struct sxc *s, int64_t id, const struct provision_request *req,
	struct err *e)
{
	autofree char *key = NULL, *text = NULL;
	json_t *j;
	int r;

	if (req->key && (r = read_key(req->key, &key, e)) < 0)
		return r;
	j = json_pack("{s:s?, s:s?, s:s?, s:s?, s:s?, s:s?}", "domain", req->domain, "on", req->on,
		"hostname", req->hostname, "image", req->image, "name", req->name, "key", key);
	text = json_dumps(j, JSON_SORT_KEYS | JSON_COMPACT);
	json_decref(j);
	return db_run(s->db, e, SQL_SET_REQUEST, id, text);
}

static int provision_now(struct sxc *s, const struct sub *sub, const struct provision_request *req,
	struct job_ids *jobs, struct err *e)
{
	autofree char *provides = NULL, *best = NULL;
	int64_t job = 0;
	int r = sub_provides(s, sub->term, &provides, &best, e);

	if (r < 0 || (r = provision_queue(s, sub->id, provides, best, req, &job, e)) < 0)
		return r;
	if (job)
		vec_push(jobs, job);
	return job ? sub_provided(s, sub->id, sub->term, e) : 0;
}

/* ---- the order ---- */

static int note_order(struct sxc *s, const struct subscribe_new *n, const struct plan_offer *o,
	const struct days *d, const char *name, struct err *e)
{
	char start[DAY_TEXT];
	json_t *j = json_pack("{s:s, s:I, s:s, s:s?, s:s?}", "plan", o->name, "version",
		(json_int_t)o->number, "start", day_format(d->start, start), "price", n->price,
		"coupon", n->coupon);
	autofree char *after = json_dumps(j, JSON_SORT_KEYS | JSON_COMPACT);

	json_decref(j);
	return audit_add(s, "account.subscribe", name, NULL, after, e);
}

static int check_order(struct sxc *s, const struct subscribe_new *n, struct account *a,
	struct plan_offer *o, struct err *e)
{
	int r;

	if (n->request.name && !str_is_name(n->request.name))
		return err_set(e, E_USAGE, "'%.80s' is not a name", n->request.name);
	if ((r = account_get(s, n->account, a, e)) < 0 ||
		(r = account_need_active(a, "it cannot order", e)) < 0 ||
		(r = plan_offer_current(s, n->plan, a->currency, o, e)) < 0)
		return r;
	return subscription_check_offer(s, a, o, e);
}

static int order(struct sxc *s, const struct subscribe_new *n, struct subscribe_done *done,
	struct job_ids *jobs, struct err *e)
{
	autoclean(plan_offer_release) struct plan_offer o = {0};
	autosub sub = {0};
	struct days d;
	int r;

	if ((r = check_order(s, n, &sub.a, &o, e)) < 0 ||
		(r = find_days(s, n, &sub.a, &o, &d, e)) < 0 ||
		(r = insert(s, n, &sub.a, &o, &d, &sub, e)) < 0 ||
		(r = first_term(s, n, &sub.a, &o, &d, &sub, e)) < 0 ||
		(n->coupon &&
			(r = coupon_redeem(s, n->coupon, &sub.a, sub.id, o.plan, d.today, e)) < 0))
		return r;
	sub_name(&sub, done->name, sizeof(done->name));
	done->id = sub.id;
	done->waits = o.paid_first;
	r = o.paid_first ? keep_request(s, sub.id, &n->request, e)
	                 : provision_now(s, &sub, &n->request, jobs, e);
	if (r < 0 || (r = subscription_refresh(s, sub.id, d.today, jobs, e)) < 0)
		return r;
	return note_order(s, n, &o, &d, done->name, e);
}

int subscription_add(struct sxc *s, const struct subscribe_new *n, struct subscribe_done *done,
	struct job_ids *jobs, struct err *e)
{
	autorollback struct sxc *tx = NULL;
	int r = tx_begin(s, e);

	if (r < 0)
		return r;
	tx = s;
	if ((r = order(s, n, done, jobs, e)) < 0)
		return r;
	tx = NULL;
	return tx_commit(s, e);
}
