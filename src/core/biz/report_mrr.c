/* SPDX-License-Identifier: MIT */
/*
 * Monthly recurring revenue. Most subscriptions did not move in the months that are asked for: the
 * store counts those, by what they pay. The others are gone through customer by customer.
 */
#include <stdlib.h>
#include <string.h>

#include "biz/report.h"
#include "biz/subscription_int.h"
#include "util/num.h"
#include "util/period.h"
#include "util/str.h"

/* Read from the index term_value alone. */
#define SQL_STILL                                                                                  \
	"SELECT currency, version, price, count(*) FROM subscription_term "                        \
	"WHERE until IS NULL AND paid_from <= ?1 GROUP BY currency, version, price"
#define SQL_MOVING                                                                                 \
	"SELECT id, subscription, currency, version, price, paid_from, until "                     \
	"FROM subscription_term WHERE (until IS NULL AND paid_from > ?1 AND paid_from <= ?2) "     \
	"OR (until > ?1 AND until > paid_from AND paid_from <= ?2)"
/* Customers with more than one subscription, ever. */
#define SQL_MANY                                                                                   \
	"SELECT s.id, s.account FROM subscription s WHERE s.account IN "                           \
	"(SELECT account FROM subscription WHERE number > 1) ORDER BY s.id"
#define SQL_THEIRS                                                                                 \
	"SELECT t.id, t.subscription, t.currency, t.version, t.price, t.paid_from, t.until "       \
	"FROM subscription s JOIN subscription_term t ON t.subscription = s.id "                   \
	"WHERE s.account IN (SELECT account FROM subscription WHERE number > 1) "                  \
	"AND (t.until IS NULL OR t.until > t.paid_from) AND t.paid_from <= ?1"
#define SQL_OPTIONS                                                                                \
	"SELECT t.id, t.subscription, t.currency, t.version, sum(p.price * o.quantity), "          \
	"t.paid_from, t.until FROM term_option o JOIN subscription_term t ON t.id = o.term "       \
	"JOIN plan_option p ON p.version = t.version AND p.currency = t.currency "                 \
	"AND p.name = o.name GROUP BY o.term ORDER BY o.term"
#define SQL_PRICE                                                                                  \
	"SELECT x.price, v.every_n, v.every_unit FROM plan_version v JOIN plan_price x "           \
	"ON x.version = v.id AND x.currency = ?2 WHERE v.id = ?1"

#define SNAPSHOTS (REPORT_MONTHS_MOST + 1)

struct money_months {
	char currency[4];
	int64_t still, still_customers; /* of those that did not move */
	int64_t mrr[SNAPSHOTS];         /* of the others, at the end of each month */
	int64_t customers[SNAPSHOTS];
	int64_t fresh[SNAPSHOTS], more[SNAPSHOTS], less[SNAPSHOTS], lost[SNAPSHOTS],
		back[SNAPSHOTS];
	int64_t n_fresh[SNAPSHOTS], n_lost[SNAPSHOTS], n_back[SNAPSHOTS];
};
/* What a version costs in a currency, and how often. */
struct price {
	int64_t version, price;
	struct every every;
	char currency[4];
};
struct term {
	int64_t id, customer; /* row id of the account, or less than nothing: of the subscription */
	int64_t value;        /* a month, minor units */
	int64_t from, until;
	size_t currency; /* index */
};
struct pair {
	int64_t key, value;
};
struct pairs {
	struct pair *v;
	size_t n, cap;
};
struct mrr {
	struct sxc *s;
	int months;
	int64_t end[SNAPSHOTS]; /* the last day before the months, and of each */
	VEC(struct money_months) currencies;
	VEC(struct price) prices;
	struct pairs many;    /* subscription: account */
	struct pairs options; /* term: what its options cost a month */
	VEC(struct term) terms;
};

static void mrr_release(struct mrr *m)
{
	vec_release(&m->currencies);
	vec_release(&m->prices);
	vec_release(&m->many);
	vec_release(&m->options);
	vec_release(&m->terms);
}
#define automrr autoclean(mrr_release) struct mrr

static int64_t find_pair(const struct pairs *pairs, int64_t key)
{
	size_t low = 0, high = pairs->n;

	while (low < high) {
		size_t mid = (low + high) / 2;

		if (pairs->v[mid].key < key)
			low = mid + 1;
		else
			high = mid;
	}
	return low < pairs->n && pairs->v[low].key == key ? pairs->v[low].value : 0;
}

static size_t currency_at(struct mrr *m, const char *code)
{
	struct money_months new = {0};

	for (size_t i = 0; i < m->currencies.n; i++)
		if (strcmp(m->currencies.v[i].currency, code) == 0)
			return i;
	strncpy(new.currency, code, sizeof(new.currency) - 1);
	vec_push(&m->currencies, new);
	return m->currencies.n - 1;
}

static struct money_months *currency_of(struct mrr *m, const char *code)
{
	size_t i = currency_at(m, code);

	return &m->currencies.v[i];
}

/* ---- what a term is worth ---- */

static int find_price(struct mrr *m, int64_t version, const char *currency, struct price *out,
	struct err *e)
{
	autoclean(db_done) struct query q = {0};
	int r;

	vec_each(&m->prices, p)
		if (p->version == version && strcmp(p->currency, currency) == 0) {
			*out = *p;
			return 0;
		}
	if ((r = db_one(m->s->db, &q, e, SQL_PRICE, version, currency)) <= 0)
		return r < 0 ? r : err_set(e, E_INTEGRITY, "a plan version has no price");
	*out = (struct price){.version = version,
		.price = db_i64(&q, 0),
		.every = {db_i64(&q, 1), UNIT_DAY}};
	unit_parse(db_text(&q, 2), &out->every.unit);
	strncpy(out->currency, currency, sizeof(out->currency) - 1);
	vec_push(&m->prices, *out);
	return 0;
}

static int a_month(int64_t price, struct every every, int64_t *out, struct err *e)
{
	int64_t num, den;

	every_per_year(every, &num, &den);
	return num_muldiv(price, num, den * 12, out, e);
}

/* Columns 2 to 4 of a row: currency, version, price agreed or NULL. */
static int value_of(struct mrr *m, struct query *q, int col, int64_t *value, struct err *e)
{
	struct price p;
	int r = find_price(m, db_i64(q, col + 1), db_text(q, col), &p, e);

	if (r < 0)
		return r;
	return a_month(db_is_null(q, col + 2) ? p.price : db_i64(q, col + 2), p.every, value, e);
}

/* ---- reading ---- */

static int read_many(struct mrr *m, struct err *e)
{
	autoclean(db_done) struct query q = {0};
	int r = db_query(m->s->db, &q, e, SQL_MANY);

	while (r >= 0 && (r = db_next(&q, e)) > 0)
		vec_push(&m->many, ((struct pair){db_i64(&q, 0), db_i64(&q, 1)}));
	return r;
}

static bool stands_still(const struct mrr *m, struct query *q)
{
	return db_is_null(q, 6) && day_col(q, 5) <= m->end[0];
}

static int read_options(struct mrr *m, struct err *e)
{
	autoclean(db_done) struct query q = {0};
	int r = db_query(m->s->db, &q, e, SQL_OPTIONS);

	while (r >= 0 && (r = db_next(&q, e)) > 0) {
		int64_t value;

		if ((r = value_of(m, &q, 2, &value, e)) < 0)
			return r;
		vec_push(&m->options, ((struct pair){db_i64(&q, 0), value}));
		if (stands_still(m, &q) && !find_pair(&m->many, db_i64(&q, 1)))
			currency_of(m, db_text(&q, 2))->still += value;
	}
	return r;
}

static int read_still(struct mrr *m, struct err *e)
{
	autoclean(db_done) struct query q = {0};
	char day[DAY_TEXT];
	int r = db_query(m->s->db, &q, e, SQL_STILL, day_format(m->end[0], day));

	while (r >= 0 && (r = db_next(&q, e)) > 0) {
		struct money_months *c = currency_of(m, db_text(&q, 0));
		int64_t value;

		if ((r = value_of(m, &q, 0, &value, e)) < 0 ||
			(r = num_mul(value, db_i64(&q, 3), &value, e)) < 0 ||
			(r = num_add(c->still, value, &c->still, e)) < 0)
			return r;
		c->still_customers += db_i64(&q, 3);
	}
	return r;
}

static int read_term(struct mrr *m, struct query *q, struct err *e)
{
	struct term t = {.id = db_i64(q, 0), .from = day_col(q, 5), .until = day_col(q, 6)};
	int64_t account = find_pair(&m->many, db_i64(q, 1));
	int r = value_of(m, q, 2, &t.value, e);

	t.customer = account ? account : -db_i64(q, 1);
	t.currency = currency_at(m, db_text(q, 2));
	t.value += find_pair(&m->options, t.id);
	vec_push(&m->terms, t);
	return r;
}

static int read_moving(struct mrr *m, struct err *e)
{
	autoclean(db_done) struct query q = {0};
	char from[DAY_TEXT], to[DAY_TEXT];
	int r = db_query(m->s->db, &q, e, SQL_MOVING, day_format(m->end[0], from),
		day_format(m->end[m->months], to));

	while (r >= 0 && (r = db_next(&q, e)) > 0)
		if (!find_pair(&m->many, db_i64(&q, 1)))
			r = read_term(m, &q, e);
	return r;
}

/* All terms of customers with several; what stands still of them was counted before. */
static int read_theirs(struct mrr *m, struct err *e)
{
	autoclean(db_done) struct query q = {0};
	char to[DAY_TEXT];
	int r = m->many.n ? db_query(m->s->db, &q, e, SQL_THEIRS, day_format(m->end[m->months], to))
	                  : 0;

	while (m->many.n && r >= 0 && (r = db_next(&q, e)) > 0) {
		if ((r = read_term(m, &q, e)) < 0)
			return r;
		if (stands_still(m, &q)) {
			const struct term *t = &m->terms.v[m->terms.n - 1];
			struct money_months *c = &m->currencies.v[t->currency];

			c->still -= t->value - find_pair(&m->options, t->id);
			c->still_customers--;
		}
	}
	return r;
}

/* ---- movements ---- */

static int by_customer(const void *a, const void *b)
{
	const struct term *x = a, *y = b;

	if (x->currency != y->currency)
		return x->currency < y->currency ? -1 : 1;
	return (x->customer > y->customer) - (x->customer < y->customer);
}

/* One customer, from the end of a month to that of the next. */
static void move(struct money_months *c, int k, int64_t before, int64_t after, bool known)
{
	c->mrr[k] += after;
	c->customers[k] += after > 0;
	if (k == 0 || before == after)
		return;
	if (before == 0 && known) {
		c->back[k] += after;
		c->n_back[k]++;
	} else if (before == 0) {
		c->fresh[k] += after;
		c->n_fresh[k]++;
	} else if (after == 0) {
		c->lost[k] -= before;
		c->n_lost[k]++;
	} else if (after > before) {
		c->more[k] += after - before;
	} else {
		c->less[k] += after - before;
	}
}

static void walk(struct mrr *m, const struct term *t, size_t n)
{
	struct money_months *c = &m->currencies.v[t->currency];
	int64_t before = 0;
	bool known = false;

	for (int k = 0; k <= m->months; k++) {
		int64_t after = 0, day = m->end[k];

		for (size_t i = 0; i < n; i++)
			if (t[i].from <= day && (t[i].until == DAY_NONE || t[i].until > day))
				after += t[i].value;
		move(c, k, before, after, known);
		before = after;
		for (size_t i = 0; i < n; i++)
			known = known || (t[i].from <= day && t[i].value > 0);
	}
}

static void walk_all(struct mrr *m)
{
	qsort(m->terms.v, m->terms.n, sizeof(*m->terms.v), by_customer);
	for (size_t i = 0, n; i < m->terms.n; i += n) {
		for (n = 1;
			i + n < m->terms.n && by_customer(&m->terms.v[i], &m->terms.v[i + n]) == 0;
			n++)
			;
		walk(m, &m->terms.v[i], n);
	}
}

static int work_out(struct mrr *m, struct err *e)
{
	int64_t today;
	int r = report_today(m->s, &today, e);

	if (r < 0)
		return r;
	for (int k = 0; k <= m->months; k++)
		m->end[k] = report_month_start(today, 1 - m->months + k) - 1;
	m->end[m->months] = today;
	if ((r = read_many(m, e)) < 0 || (r = read_still(m, e)) < 0 ||
		(r = read_options(m, e)) < 0 || (r = read_moving(m, e)) < 0 ||
		(r = read_theirs(m, e)) < 0)
		return r;
	walk_all(m);
	return 0;
}

/* ---- telling ---- */

typedef void (*fill_fn)(const struct money_months *c, int k, int64_t *n);

static int tell_all(struct mrr *m, fill_fn fill, account_row_fn fn, void *arg, struct err *e)
{
	int r = 0;

	for (int k = 1; k <= m->months; k++) {
		char month[MONTH_TEXT];

		report_month(m->end[k], month);
		vec_each(&m->currencies, c) {
			struct report_row row = {.month = month, .currency = c->currency};

			fill(c, k, row.n);
			if (r == 0)
				r = fn(arg, &row, e);
		}
	}
	return r;
}

static void fill_mrr(const struct money_months *c, int k, int64_t *n)
{
	n[0] = c->still + c->mrr[k - 1];
	n[1] = c->fresh[k];
	n[2] = c->more[k];
	n[3] = c->less[k];
	n[4] = c->lost[k];
	n[5] = c->back[k];
	n[6] = c->still + c->mrr[k];
}

static int64_t share(int64_t part, int64_t whole)
{
	int64_t out = INT64_MIN;

	if (whole)
		num_muldiv(part, 10000, whole, &out, NULL);
	return out;
}

static void fill_customers(const struct money_months *c, int k, int64_t *n)
{
	n[0] = c->still_customers + c->customers[k - 1];
	n[1] = c->n_fresh[k];
	n[2] = c->n_lost[k];
	n[3] = c->n_back[k];
	n[4] = c->still_customers + c->customers[k];
	n[5] = share(c->n_lost[k], n[0]);
	n[6] = share(-c->lost[k], c->still + c->mrr[k - 1]);
}

static int report(struct sxc *s, int months, fill_fn fill, account_row_fn fn, void *arg,
	struct err *e)
{
	automrr m = {.s = s, .months = months};
	int r = work_out(&m, e);

	return r < 0 ? r : tell_all(&m, fill, fn, arg, e);
}

int report_mrr(struct sxc *s, int months, account_row_fn fn, void *arg, struct err *e)
{
	return report(s, months, fill_mrr, fn, arg, e);
}

int report_customers(struct sxc *s, int months, account_row_fn fn, void *arg, struct err *e)
{
	return report(s, months, fill_customers, fn, arg, e);
}
