/* SPDX-License-Identifier: MIT */
#include "biz/coupon.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "biz/plan.h"
#include "util/money.h"
#include "util/num.h"
#include "util/period.h"
#include "util/str.h"

#define SQL_ADD                                                                                    \
	"INSERT INTO coupon (name, percent, amount, currency, start, until, uses, periods, "       \
	"created) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)"
#define SQL_ADD_PLAN   "INSERT OR IGNORE INTO coupon_plan (coupon, plan) VALUES (?1, ?2)"
#define SQL_DROP_PLANS "DELETE FROM coupon_plan WHERE coupon = ?1"
#define SQL_DROP       "DELETE FROM coupon WHERE id = ?1"
#define SQL_ID         "SELECT id FROM coupon WHERE name = ?1"
#define SQL_USED       "SELECT count(*) FROM coupon_use WHERE coupon = ?1"
#define SQL_SET                                                                                    \
	"UPDATE coupon SET start = CASE WHEN ?2 IS NULL THEN start ELSE nullif(?2, '') END, "      \
	"until = CASE WHEN ?3 IS NULL THEN until ELSE nullif(?3, '') END, "                        \
	"uses = coalesce(?4, uses) WHERE id = ?1"
#define SQL_DAYS "SELECT 1 FROM coupon WHERE id = ?1 AND until < start"
#define SQL_LIST                                                                                   \
	"SELECT coupon, percent, amount, currency, plans, \"from\", until, uses, used, periods, "  \
	"created FROM v_coupon ORDER BY created, coupon"
#define SQL_NAMES                                                                                  \
	"SELECT name, coalesce(until, '') FROM coupon WHERE name >= ?1 "                           \
	"AND name < ?1 || char(1114111) ORDER BY name LIMIT ?2"
#define SQL_TERMS                                                                                  \
	"SELECT c.id, c.currency, c.start, c.until, c.uses, "                                      \
	"NOT EXISTS (SELECT 1 FROM coupon_plan x WHERE x.coupon = c.id) OR "                       \
	"EXISTS (SELECT 1 FROM coupon_plan x WHERE x.coupon = c.id AND x.plan = ?2), "             \
	"(SELECT coalesce(max(n), 0) FROM coupon_use u WHERE u.coupon = c.id) "                    \
	"FROM coupon c WHERE c.name = ?1"
#define SQL_USE  "INSERT INTO coupon_use (coupon, n, subscription) VALUES (?1, ?2, ?3)"
#define SQL_MARK "UPDATE subscription SET coupon = ?2 WHERE id = ?1"
#define SQL_GET  "SELECT name, percent, amount, periods FROM coupon WHERE id = ?1"

#define MOST_USES INT64_C(1000000000)

/* ---- add, set, remove ---- */

static struct db_arg count_arg(int64_t n)
{
	return n ? db_arg_i64(n) : db_null();
}

/* What it takes off: one of percent and amount. */
static int read_value(const struct coupon_new *n, int64_t *percent, int64_t *amount, struct err *e)
{
	int r;

	*percent = *amount = 0;
	if (!n->percent == !n->amount)
		return err_set(e, E_USAGE,
			"a coupon takes off either --percent 20%% or --amount 10.00 --currency USD");
	if (!n->amount != !n->currency)
		return err_set(e, E_USAGE, "--amount and --currency go together");
	if (n->percent && (r = rate_parse(n->percent, percent, e)) < 0)
		return r;
	if (n->percent && (*percent < 1 || *percent > RATE_ONE))
		return err_set(e, E_USAGE, "a coupon takes off more than 0%% and at most 100%%");
	if (n->amount && (r = money_parse(n->amount, n->currency, amount, e)) < 0)
		return r;
	if (n->amount && (*amount < 1 || *amount > PRICE_MOST))
		return err_set(e, E_USAGE, "'%.40s' is not an amount that a coupon can take off",
			n->amount);
	return 0;
}

static int check_bounds(const struct coupon_new *n, struct err *e)
{
	int64_t day;
	int r;

	if (n->from && *n->from && (r = day_parse(n->from, &day, e)) < 0)
		return r;
	if (n->until && *n->until && (r = day_parse(n->until, &day, e)) < 0)
		return r;
	if (n->uses < 0 || n->uses > MOST_USES || n->periods < 0 || n->periods > MOST_USES)
		return err_set(e, E_USAGE, "--uses and --periods are 1 to %lld",
			(long long)MOST_USES);
	return 0;
}

static int put_plans(struct sxc *s, int64_t coupon, const struct strvec *plans, struct err *e)
{
	int r = 0;

	for (size_t i = 0; plans && r == 0 && i < plans->n; i++) {
		int64_t plan;

		r = plan_find(s, plans->v[i], &plan, e);
		if (r == 0)
			r = err_set(e, E_NOTFOUND, "no plan named '%s'", plans->v[i]);
		if (r > 0)
			r = db_run(s->db, e, SQL_ADD_PLAN, coupon, plan);
	}
	return r;
}

static int check_days(struct sxc *s, int64_t coupon, struct err *e)
{
	int64_t wrong = 0;
	int r = db_get_i64(s->db, &wrong, e, SQL_DAYS, coupon);

	if (r > 0)
		return err_set(e, E_USAGE, "--until is before --from");
	return r;
}

static int note(struct sxc *s, const char *what, const struct coupon_new *n, struct err *e)
{
	json_t *j = json_pack("{s:s?, s:s?, s:s?, s:s?, s:s?}", "percent", n->percent, "amount",
		n->amount, "currency", n->currency, "from", n->from, "until", n->until);
	autofree char *after = NULL;
	json_t *plans = json_array();

	for (size_t i = 0; n->plans && i < n->plans->n; i++)
		json_array_append_new(plans, json_string(n->plans->v[i]));
	json_object_set_new(j, "plans", plans);
	if (n->uses)
		json_object_set_new(j, "uses", json_integer(n->uses));
	if (n->periods)
		json_object_set_new(j, "periods", json_integer(n->periods));
	after = json_dumps(j, JSON_SORT_KEYS | JSON_COMPACT);
	json_decref(j);
	return audit_add(s, what, n->name, NULL, after, e);
}

static int insert(struct sxc *s, const struct coupon_new *n, int64_t percent, int64_t amount,
	struct err *e)
{
	int r = db_run(s->db, e, SQL_ADD, n->name, count_arg(percent), count_arg(amount),
		n->currency, n->from, n->until, count_arg(n->uses), count_arg(n->periods), s->now);
	int64_t id = db_last_id(s->db);

	if (r == E_EXISTS)
		return err_set(e, r, "coupon %s exists already", n->name);
	if (r < 0 || (r = put_plans(s, id, n->plans, e)) < 0 || (r = check_days(s, id, e)) < 0)
		return r;
	return note(s, "coupon.add", n, e);
}

int coupon_add(struct sxc *s, const struct coupon_new *n, struct err *e)
{
	autorollback struct sxc *tx = NULL;
	int64_t percent, amount;
	int r;

	if (!str_is_name(n->name))
		return err_set(e, E_USAGE, "'%.80s' is not a name", n->name);
	if ((r = read_value(n, &percent, &amount, e)) < 0 || (r = check_bounds(n, e)) < 0 ||
		(r = tx_begin(s, e)) < 0)
		return r;
	tx = s;
	if ((r = insert(s, n, percent, amount, e)) < 0)
		return r;
	tx = NULL;
	return tx_commit(s, e);
}

static int find(struct sxc *s, const char *name, int64_t *id, struct err *e)
{
	int r = db_get_i64(s->db, id, e, SQL_ID, name);

	return r < 0 ? r : r ? 0 : err_set(e, E_NOTFOUND, "no coupon named '%s'", name);
}

static int update(struct sxc *s, const struct coupon_new *n, struct err *e)
{
	bool plans = n->plans && n->plans->n;
	int64_t id, used = 0;
	int r;

	if ((r = find(s, n->name, &id, e)) < 0 ||
		(r = db_get_i64(s->db, &used, e, SQL_USED, id)) < 0)
		return r;
	if (n->uses && n->uses < used)
		return err_set(e, E_USAGE,
			"coupon %s has been used %lld times: --uses cannot be less", n->name,
			(long long)used);
	if ((r = db_run(s->db, e, SQL_SET, id, n->from, n->until, count_arg(n->uses))) < 0 ||
		(plans && (r = db_run(s->db, e, SQL_DROP_PLANS, id)) < 0) ||
		(plans && !str_eq(n->plans->v[0], "all") &&
			(r = put_plans(s, id, n->plans, e)) < 0) ||
		(r = check_days(s, id, e)) < 0)
		return r;
	return note(s, "coupon.set", n, e);
}

int coupon_set(struct sxc *s, const struct coupon_new *n, struct err *e)
{
	autorollback struct sxc *tx = NULL;
	int r;

	if (!n->from && !n->until && !n->uses && !(n->plans && n->plans->n))
		return err_set(e, E_USAGE,
			"say what is to be set: --from, --until, --uses or --plan");
	if ((r = check_bounds(n, e)) < 0 || (r = tx_begin(s, e)) < 0)
		return r;
	tx = s;
	if ((r = update(s, n, e)) < 0)
		return r;
	tx = NULL;
	return tx_commit(s, e);
}

int coupon_remove(struct sxc *s, const char *name, struct err *e)
{
	autorollback struct sxc *tx = NULL;
	int64_t id, used = 0;
	int r = tx_begin(s, e);

	if (r < 0)
		return r;
	tx = s;
	if ((r = find(s, name, &id, e)) < 0 || (r = db_get_i64(s->db, &used, e, SQL_USED, id)) < 0)
		return r;
	if (used)
		return err_set(e, E_INUSE,
			"coupon %s is used by %lld subscription%s: \"sxc invoice coupon set %s "
			"--until DATE\" ends it",
			name, (long long)used, used == 1 ? "" : "s", name);
	if ((r = db_run(s->db, e, SQL_DROP_PLANS, id)) < 0 ||
		(r = db_run(s->db, e, SQL_DROP, id)) < 0 ||
		(r = audit_add(s, "coupon.remove", name, NULL, NULL, e)) < 0)
		return r;
	tx = NULL;
	return tx_commit(s, e);
}

/* ---- reading ---- */

static int64_t or_none(struct query *q, int col)
{
	return db_is_null(q, col) ? INT64_MIN : db_i64(q, col);
}

int coupon_list(struct sxc *s, account_row_fn fn, void *arg, struct err *e)
{
	autoclean(db_done) struct query q = {0};
	int r = db_query(s->db, &q, e, SQL_LIST);

	while (r == 0 && (r = db_next(&q, e)) > 0) {
		autostr percent = STR_INIT;
		struct coupon_row row = {.coupon = db_text(&q, 0),
			.amount = or_none(&q, 2),
			.currency = db_text(&q, 3),
			.plans = db_text(&q, 4),
			.from = db_text(&q, 5),
			.until = db_text(&q, 6),
			.uses = or_none(&q, 7),
			.used = db_i64(&q, 8),
			.periods = or_none(&q, 9),
			.created = db_i64(&q, 10)};

		if (!db_is_null(&q, 1)) {
			rate_format(&percent, db_i64(&q, 1));
			row.percent = str_c(&percent);
		}
		r = fn(arg, &row, e);
	}
	return r;
}

int coupon_exists(struct sxc *s, const char *name, struct err *e)
{
	int64_t id;

	return db_get_i64(s->db, &id, e, SQL_ID, name);
}

int coupon_names(struct sxc *s, const char *prefix, int limit,
	void (*fn)(void *arg, const char *name, const char *help), void *arg, struct err *e)
{
	autoclean(db_done) struct query q = {0};
	int r = db_query(s->db, &q, e, SQL_NAMES, prefix, limit);

	while (r == 0 && (r = db_next(&q, e)) > 0) {
		fn(arg, db_text(&q, 0), db_text(&q, 1));
		r = 0;
	}
	return r;
}

int coupon_get_id(struct sxc *s, int64_t id, struct coupon *c, struct err *e)
{
	autoclean(db_done) struct query q = {0};
	int r = db_one(s->db, &q, e, SQL_GET, id);

	if (r <= 0)
		return r < 0 ? r : err_set(e, E_INTEGRITY, "a coupon is missing");
	*c = (struct coupon){.percent = db_i64(&q, 1),
		.amount = db_i64(&q, 2),
		.periods = db_i64(&q, 3)};
	snprintf(c->name, sizeof(c->name), "%s", db_text(&q, 0));
	return 0;
}

/* ---- using it ---- */

static int check_day(struct query *q, const char *name, int64_t day, struct err *e)
{
	const char *from = db_text(q, 2), *until = db_text(q, 3);
	char on[DAY_TEXT];

	day_format(day, on);
	if (from && strcmp(on, from) < 0)
		return err_set(e, E_STATE, "coupon %s can be used from %s", name, from);
	if (until && strcmp(on, until) > 0)
		return err_set(e, E_STATE, "coupon %s could be used until %s", name, until);
	return 0;
}

static int check_use(struct query *q, const char *name, const struct account *a, int64_t day,
	struct err *e)
{
	if (db_text(q, 1) && !str_eq(db_text(q, 1), a->currency))
		return err_set(e, E_STATE, "coupon %s is in %s, account %s in %s", name,
			db_text(q, 1), a->name, a->currency);
	if (!db_i64(q, 5))
		return err_set(e, E_STATE, "coupon %s does not hold for this plan", name);
	if (!db_is_null(q, 4) && db_i64(q, 6) >= db_i64(q, 4))
		return err_set(e, E_LIMIT, "coupon %s is used up: %lld of %lld", name,
			(long long)db_i64(q, 6), (long long)db_i64(q, 4));
	return check_day(q, name, day, e);
}

int coupon_redeem(struct sxc *s, const char *name, const struct account *a, int64_t subscription,
	int64_t plan, int64_t day, struct err *e)
{
	autoclean(db_done) struct query q = {0};
	int64_t id, n;
	int r = db_one(s->db, &q, e, SQL_TERMS, name, plan);

	if (r <= 0)
		return r < 0 ? r : err_set(e, E_NOTFOUND, "no coupon named '%s'", name);
	if ((r = check_use(&q, name, a, day, e)) < 0)
		return r;
	id = db_i64(&q, 0);
	n = db_i64(&q, 6) + 1;
	db_done(&q);
	r = db_run(s->db, e, SQL_USE, id, n, subscription);
	return r < 0 ? r : db_run(s->db, e, SQL_MARK, subscription, id);
}
