/* SPDX-License-Identifier: MIT */
/* Between the store and the rules: one subscription in, how far it has come out. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "biz/dunning.h"
#include "biz/subscription_int.h"
#include "biz/usage.h"
#include "util/str.h"

#define SQL_SUB                                                                                    \
	"SELECT account, number, plan, term, state, currency, request, start, first_paid, until, " \
	"prepaid_until, provided FROM subscription WHERE id = ?1"
#define HEAD                                                                                       \
	"SELECT id, first_paid, until, setup_due, paid_until, number, state, coupon, "             \
	"EXISTS (SELECT 1 FROM subscription_term t WHERE t.subscription = s.id AND t.seq = 2), "   \
	"EXISTS (SELECT 1 FROM dunning_hold h WHERE h.subscription = s.id), withdrawn, currency "  \
	"FROM subscription s "
#define SQL_HEAD HEAD "WHERE id = ?1"
#define SQL_DUE  HEAD "WHERE account = ?1 AND wake <= ?2 ORDER BY number"
#define SQL_TERMS                                                                                  \
	"SELECT t.id, t.version, t.start, t.until, t.billed_until, t.anchor, t.anchor_day, "       \
	"coalesce(t.price, x.price), coalesce(x.setup, 0), v.title, v.every_n, v.every_unit, "     \
	"v.bill = 'arrears', v.taxable, v.tax_included, "                                          \
	"EXISTS (SELECT 1 FROM term_option o WHERE o.term = t.id), "                               \
	"EXISTS (SELECT 1 FROM billed b WHERE b.subscription = ?1 AND b.term = t.id "              \
	"AND (t.until IS NOT NULL OR b.start >= t.billed_until)) FROM subscription_term t "        \
	"JOIN plan_version v ON v.id = t.version "                                                 \
	"JOIN plan_price x ON x.version = v.id AND x.currency = ?2 "                               \
	"WHERE t.subscription = ?1 AND t.closed = 0 ORDER BY t.seq"
#define SQL_PAUSES                                                                                 \
	"SELECT day, lifted FROM dunning_hold WHERE subscription = ?1 AND effect = 'suspend' "     \
	"ORDER BY day"
#define SQL_OPTIONS                                                                                \
	"SELECT o.name, o.quantity, p.price FROM term_option o "                                   \
	"JOIN subscription_term t ON t.id = o.term JOIN subscription s ON s.id = t.subscription "  \
	"JOIN plan_option p ON p.version = t.version AND p.currency = s.currency "                 \
	"AND p.name = o.name WHERE o.term = ?1 ORDER BY o.name"
#define SQL_CHARGES                                                                                \
	"SELECT l.id, b.item, l.start, l.until, l.quantity, l.unit_price, l.whole, "               \
	"EXISTS (SELECT 1 FROM invoice_line c JOIN invoice i ON i.id = c.invoice "                 \
	"WHERE c.credits = l.id AND i.state <> 'void' AND c.part = 0) "                            \
	"FROM billed b JOIN invoice_line l ON l.id = b.line "                                      \
	"WHERE b.subscription = ?1 AND b.term = ?2 AND b.kind = 'charge' "                         \
	"AND (l.until > ?3 OR b.start >= ?4 OR (?5 AND b.item = 'setup')) ORDER BY l.id"
#define SQL_SAVE_TERM "UPDATE subscription_term SET billed_until = ?2, closed = ?3 WHERE id = ?1"
#define SQL_SAVE                                                                                   \
	"UPDATE subscription SET setup_due = ?2, paid_until = ?3, next_bill = ?4, wake = ?5 "      \
	"WHERE id = ?1"
#define SQL_IN_FORCE                                                                               \
	"SELECT t.id, v.plan FROM subscription_term t JOIN plan_version v ON v.id = t.version "    \
	"WHERE t.subscription = ?1 AND (t.until IS NULL OR t.until > t.start) "                    \
	"AND (t.start <= ?2 OR t.seq = 1) ORDER BY t.seq DESC LIMIT 1"
#define SQL_SWITCH "UPDATE subscription SET term = ?2, plan = ?3 WHERE id = ?1 AND term <> ?2"
#define SQL_NEXT_TERM                                                                              \
	"SELECT min(start) FROM subscription_term WHERE subscription = ?1 AND start > ?2 "         \
	"AND (until IS NULL OR until > start)"
#define SQL_CURRENCY "SELECT currency FROM subscription WHERE id = ?1"
#define SQL_ACCOUNT  "SELECT account FROM subscription WHERE id = ?1"
#define SQL_END      "UPDATE subscription SET state = 'ended', request = NULL WHERE id = ?1"

struct db_arg day_arg(int64_t day, char buf[DAY_TEXT])
{
	return day == DAY_NONE ? db_null() : db_arg_text(day_format(day, buf));
}

int64_t day_col(struct query *q, int col)
{
	const char *text = db_text(q, col);
	int64_t day = DAY_NONE;

	if (text)
		day_parse(text, &day, NULL);
	return day;
}

/* ---- as it stands ---- */

void sub_release(struct sub *sub)
{
	free(sub->state);
	free(sub->currency);
	free(sub->request);
	account_release(&sub->a);
}

int sub_get(struct sxc *s, int64_t id, struct sub *sub, struct err *e)
{
	autoclean(db_done) struct query q = {0};
	int r = db_one(s->db, &q, e, SQL_SUB, id);

	if (r <= 0)
		return r < 0 ? r : err_set(e, E_NOTFOUND, "no subscription #%lld", (long long)id);
	*sub = (struct sub){.id = id,
		.account = db_i64(&q, 0),
		.number = db_i64(&q, 1),
		.plan = db_i64(&q, 2),
		.term = db_i64(&q, 3),
		.state = db_text_dup(&q, 4),
		.currency = db_text_dup(&q, 5),
		.request = db_text_dup(&q, 6),
		.start = day_col(&q, 7),
		.first_paid = day_col(&q, 8),
		.until = day_col(&q, 9),
		.prepaid = day_col(&q, 10),
		.provided = db_i64(&q, 11)};
	return account_get_id(s, sub->account, &sub->a, e);
}

void sub_name(const struct sub *sub, char *buf, size_t size)
{
	snprintf(buf, size, "%s/%lld", sub->a.name, (long long)sub->number);
}

/* ---- load ---- */

static int load_options(struct sxc *s, struct bill_term *t, struct err *e)
{
	autoclean(db_done) struct query q = {0};
	int r = db_query(s->db, &q, e, SQL_OPTIONS, t->id);

	while (r >= 0 && (r = db_next(&q, e)) > 0) {
		struct bill_option o = {db_text_dup(&q, 0), db_i64(&q, 1), db_i64(&q, 2)};

		vec_push(&t->options, o);
	}
	return r;
}

static int load_charges(struct sxc *s, struct bill_sub *sub, const struct bill_term *t,
	struct err *e)
{
	autoclean(db_done) struct query q = {0};
	char until[DAY_TEXT], billed[DAY_TEXT];
	int r = db_query(s->db, &q, e, SQL_CHARGES, sub->id, t->id, day_arg(t->until, until),
		day_format(t->billed_until, billed), sub->withdrawn);

	while (r >= 0 && (r = db_next(&q, e)) > 0) {
		struct bill_charge c = {.line = db_i64(&q, 0),
			.term = t->id,
			.item = db_text_dup(&q, 1),
			.start = day_col(&q, 2),
			.until = day_col(&q, 3),
			.quantity = db_i64(&q, 4),
			.unit_price = db_i64(&q, 5),
			.whole = db_i64(&q, 6),
			.credited = db_i64(&q, 7)};

		vec_push(&sub->charges, c);
	}
	return r;
}

static int load_terms(struct sxc *s, struct bill_sub *sub, const char *currency, struct err *e)
{
	autoclean(db_done) struct query q = {0};
	int r = db_query(s->db, &q, e, SQL_TERMS, sub->id, currency);

	while (r >= 0 && (r = db_next(&q, e)) > 0) {
		bool options = db_i64(&q, 15), charges = db_i64(&q, 16);
		struct bill_term t = {.id = db_i64(&q, 0),
			.version = db_i64(&q, 1),
			.start = day_col(&q, 2),
			.until = day_col(&q, 3),
			.billed_until = day_col(&q, 4),
			.anchor = {day_col(&q, 5), (int)db_i64(&q, 6), {db_i64(&q, 10), UNIT_DAY}},
			.price = db_i64(&q, 7),
			.setup = db_i64(&q, 8),
			.title = db_text_dup(&q, 9),
			.arrears = db_i64(&q, 12),
			.taxable = db_i64(&q, 13),
			.tax_included = db_i64(&q, 14)};

		unit_parse(db_text(&q, 11), &t.anchor.every.unit);
		/* Most terms have neither, and a query costs more than this look. */
		if ((options && (r = load_options(s, &t, e)) < 0) ||
			(charges && (r = load_charges(s, sub, &t, e)) < 0))
			return r;
		vec_push(&sub->terms, t);
	}
	return r;
}

static int load_pauses(struct sxc *s, struct bill_sub *sub, struct err *e)
{
	autoclean(db_done) struct query q = {0};
	int r = db_query(s->db, &q, e, SQL_PAUSES, sub->id);

	while (r >= 0 && (r = db_next(&q, e)) > 0) {
		struct bill_pause p = {day_col(&q, 0), day_col(&q, 1)};

		vec_push(&sub->pauses, p);
	}
	return r;
}

/* Most have never been dunned, and a query costs more than this look. */
static int load_rest(struct sxc *s, struct bill_sub *sub, struct query *head, struct err *e)
{
	int r = db_i64(head, 9) ? load_pauses(s, sub, e) : 0;

	return r < 0 ? r : load_terms(s, sub, db_text(head, 11), e);
}

static void read_head(struct query *q, struct bill_sub *sub)
{
	*sub = (struct bill_sub){.id = db_i64(q, 0),
		.first_paid = day_col(q, 1),
		.until = day_col(q, 2),
		.setup_due = db_i64(q, 3),
		.paid_until = day_col(q, 4),
		.number = db_i64(q, 5),
		.ended = str_eq(db_text(q, 6), "ended"),
		.coupon = db_i64(q, 7),
		.changed = db_i64(q, 8),
		.withdrawn = db_i64(q, 10)};
}

int subscription_load(struct sxc *s, int64_t id, struct bill_sub *sub, struct err *e)
{
	autoclean(db_done) struct query q = {0};
	int r = db_one(s->db, &q, e, SQL_HEAD, id);

	if (r <= 0)
		return r < 0 ? r : err_set(e, E_NOTFOUND, "no such subscription");
	read_head(&q, sub);
	return load_rest(s, sub, &q, e);
}

int subscription_load_due(struct sxc *s, int64_t account, int64_t day, struct bill_subs *subs,
	struct err *e)
{
	autoclean(db_done) struct query q = {0};
	char last[DAY_TEXT];
	int r = db_query(s->db, &q, e, SQL_DUE, account, day_format(day, last));

	while (r >= 0 && (r = db_next(&q, e)) > 0) {
		struct bill_sub sub;

		read_head(&q, &sub);
		r = load_rest(s, &sub, &q, e);
		vec_push(subs, sub);
	}
	return r;
}

/* ---- save ---- */

static int save_terms(struct sxc *s, const struct bill_sub *sub, struct err *e)
{
	int r = 0;

	vec_each(&sub->terms, t) {
		char billed[DAY_TEXT];

		if (r == 0)
			r = db_run(s->db, e, SQL_SAVE_TERM, t->id,
				day_format(t->billed_until, billed), t->closed);
		if (r == 0)
			r = usage_keep_term(s, t, e);
	}
	return r;
}

int sub_switch(struct sxc *s, int64_t id, int64_t today, struct err *e)
{
	autoclean(db_done) struct query q = {0};
	char day[DAY_TEXT];
	int64_t term, plan;
	int r = db_one(s->db, &q, e, SQL_IN_FORCE, id, day_format(today, day));

	if (r <= 0)
		return r;
	term = db_i64(&q, 0);
	plan = db_i64(&q, 1);
	db_done(&q);
	return db_run(s->db, e, SQL_SWITCH, id, term, plan);
}

/* On the day it ends, what it made is taken away. */
static int end(struct sxc *s, int64_t id, struct job_ids *jobs, struct err *e)
{
	int64_t job = 0;
	int r = dunning_keeps(s, id, e);

	if (r < 0 || (r == 0 && (r = provision_remove(s, id, &job, e)) < 0))
		return r;
	if (job)
		vec_push(jobs, job);
	return db_run(s->db, e, SQL_END, id);
}

static int64_t earlier(int64_t a, int64_t b)
{
	if (a == DAY_NONE || b == DAY_NONE)
		return a == DAY_NONE ? b : a;
	return a < b ? a : b;
}

static int next_term(struct sxc *s, int64_t id, int64_t today, int64_t *day, struct err *e)
{
	autofree char *text = NULL;
	char buf[DAY_TEXT];
	int r = db_get_text(s->db, &text, e, SQL_NEXT_TERM, id, day_format(today, buf));

	return r > 0 ? day_parse(text, day, e) : r;
}

/* What cannot follow now is noted, and tried again by the next run: it is due today. */
static int follow_term(struct sxc *s, int64_t id, int64_t today, int64_t *due, struct job_ids *jobs,
	struct err *e)
{
	autofree char *name = NULL;
	struct err why = {0};
	int r = sub_try_provide(s, id, jobs, &why);

	if (r == 0)
		return 0;
	if (!sub_is_refusal(r))
		return err_set(e, r, "%s", why.msg);
	if ((r = subscription_name_of(s, id, &name, e)) < 0)
		return r;
	sxc_note(s, 0, "%s cannot be given what its plan provides yet: %s", name, why.msg);
	*due = earlier(*due, today);
	return 0;
}

int subscription_save(struct sxc *s, const struct bill_sub *sub, int64_t today,
	struct job_ids *jobs, struct err *e)
{
	char paid[DAY_TEXT], next[DAY_TEXT], wake[DAY_TEXT];
	int64_t day = DAY_NONE, due;
	int r = save_terms(s, sub, e);

	if (r == 0 && sub->changed && (r = sub_switch(s, sub->id, today, e)) == 0)
		r = next_term(s, sub->id, today, &day, e);
	if (r < 0)
		return r;
	due = earlier(sub->next_bill, day);
	if (sub->changed && !sub->ended && (r = follow_term(s, sub->id, today, &due, jobs, e)) < 0)
		return r;
	if (sub->until != DAY_NONE && !sub->ended) {
		if (sub->until > today)
			due = earlier(due, sub->until);
		else if ((r = end(s, sub->id, jobs, e)) < 0)
			return r;
	}
	return db_run(s->db, e, SQL_SAVE, sub->id, sub->setup_due, day_arg(sub->paid_until, paid),
		day_arg(sub->next_bill, next), day_arg(due, wake));
}

int subscription_refresh(struct sxc *s, int64_t id, int64_t today, struct job_ids *jobs,
	struct err *e)
{
	autoclean(bill_sub_release) struct bill_sub sub = {0}, ahead = {0};
	autoitems credits = {0};
	autousage usage = {0};
	autofree char *currency = NULL;
	int64_t account = 0;
	int r;

	/* The rules tell when something falls due next; what they charge or credit is left to the
	 * run, so they work on a copy of their own. */
	if ((r = subscription_load(s, id, &sub, e)) < 0 ||
		(r = subscription_load(s, id, &ahead, e)) < 0 ||
		(r = bill_subscription(&ahead, DAY_NONE + 1, &credits, e)) < 0 ||
		(r = db_get_text(s->db, &currency, e, SQL_CURRENCY, id)) < 0 ||
		(r = usage_bill(&usage, s, &ahead, currency, DAY_NONE + 1, NULL, e)) < 0)
		return r;
	sub.next_bill = credits.n ? earlier(ahead.next_bill, today) : ahead.next_bill;
	if ((r = subscription_save(s, &sub, today, jobs, e)) < 0 ||
		(r = db_get_i64(s->db, &account, e, SQL_ACCOUNT, id)) < 0)
		return r;
	return account_set_wake(s, account, e);
}
