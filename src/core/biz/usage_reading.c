/* SPDX-License-Identifier: MIT */
/* Readings, written down once and read again. */
#include <stdlib.h>

#include "biz/subscription_int.h"
#include "biz/usage.h"

#define SQL_METER                                                                                  \
	"SELECT id, seq FROM usage_meter WHERE coalesce(subscription, 0) = ?1 AND resource = ?2 "  \
	"AND source = ?3"
#define SQL_METER_ADD "INSERT INTO usage_meter (source, subscription, resource) VALUES (?1, ?2, ?3)"
#define SQL_METER_SEQ "UPDATE usage_meter SET seq = ?2 WHERE id = ?1 AND seq < ?2"
#define SQL_KNOWN     "SELECT until, value, seq FROM usage_reading WHERE meter = ?1 AND start = ?2"
#define SQL_ADD                                                                                    \
	"INSERT INTO usage_reading (meter, seq, start, until, day, value, created) "               \
	"VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)"
/* The term of a day whose usage has been billed beyond it. */
#define SQL_LATE                                                                                   \
	"SELECT t.id FROM subscription_term t JOIN usage_term u ON u.term = t.id "                 \
	"WHERE t.subscription = ?1 AND t.start <= ?2 AND (t.until IS NULL OR t.until > ?2) "       \
	"AND u.until > ?2"
#define SQL_LIST                                                                                   \
	"SELECT CASE WHEN s.id IS NULL THEN NULL ELSE a.name || '/' || s.number END, a.name, "     \
	"m.resource, m.source, r.day, r.seq, r.start, r.until, r.value, r.created "                \
	"FROM usage_meter m LEFT JOIN subscription s ON s.id = m.subscription "                    \
	"LEFT JOIN account a ON a.id = s.account JOIN usage_reading r ON r.meter = m.id "          \
	"WHERE (?1 IS NULL OR a.name = ?1) AND (?2 IS NULL OR m.subscription = ?2) "               \
	"AND (?3 IS NULL OR m.resource = ?3) AND (?4 IS NULL OR m.source = ?4) "                   \
	"AND (?5 IS NULL OR r.day >= ?5) AND (?6 IS NULL OR r.day < ?6) ORDER BY m.id, r.seq"

static int find_meter(struct sxc *s, const struct usage_reading *r, int64_t *id, int64_t *seq,
	struct err *e)
{
	autoclean(db_done) struct query q = {0};
	int n = db_one(s->db, &q, e, SQL_METER, r->subscription, r->resource, r->source);

	if (n > 0) {
		*id = db_i64(&q, 0);
		*seq = db_i64(&q, 1);
		return 0;
	}
	if (n < 0)
		return n;
	n = db_run(s->db, e, SQL_METER_ADD, r->source, db_ref(r->subscription), r->resource);
	*id = db_last_id(s->db);
	*seq = 0;
	return n;
}

/* 1: the same is there, 0: nothing is. */
static int known(struct sxc *s, int64_t meter, const struct usage_reading *r, struct err *e)
{
	autoclean(db_done) struct query q = {0};
	int n = db_one(s->db, &q, e, SQL_KNOWN, meter, r->start);

	if (n <= 0)
		return n;
	if (db_i64(&q, 0) == r->until && db_i64(&q, 1) == r->value &&
		(!r->seq || db_i64(&q, 2) == r->seq))
		return 1;
	return err_set(e, E_EXISTS,
		"there is another reading of %s by %s for that start already, of %lld: it is "
		"sealed",
		r->resource, r->source, (long long)db_i64(&q, 1));
}

static int note_late(struct sxc *s, const struct usage_reading *r, const char *day, bool *late,
	struct err *e)
{
	int64_t term = 0;
	int n = db_get_i64(s->db, &term, e, SQL_LATE, r->subscription, day);

	if (n <= 0)
		return n;
	*late = true;
	return usage_reopen(s, 0, term, r->day, e);
}

int usage_reading_add(struct sxc *s, const struct usage_reading *r, bool *late, struct err *e)
{
	char day[DAY_TEXT];
	int64_t meter, last, seq;
	int n = find_meter(s, r, &meter, &last, e);

	*late = false;
	if (n < 0 || (n = known(s, meter, r, e)) != 0)
		return n < 0 ? n : 0;
	seq = r->seq ? r->seq : last + 1;
	n = db_run(s->db, e, SQL_ADD, meter, seq, r->start, r->until, day_format(r->day, day),
		r->value, s->now);
	if (n == E_EXISTS)
		return err_set(e, E_EXISTS, "%s by %s has a reading with sequence number %lld",
			r->resource, r->source, (long long)seq);
	if (n < 0 || (n = db_run(s->db, e, SQL_METER_SEQ, meter, seq)) < 0 ||
		(n = note_late(s, r, day, late, e)) < 0)
		return n;
	return 1;
}

int usage_refresh(struct sxc *s, int64_t subscription, struct job_ids *jobs, struct err *e)
{
	autosub sub = {0};
	int64_t today;
	int r;

	if ((r = sub_get(s, subscription, &sub, e)) < 0 ||
		(r = account_today(s, &sub.a, &today, e)) < 0)
		return r;
	return subscription_refresh(s, sub.id, today, jobs, e);
}

int usage_list(struct sxc *s, const struct usage_filter *f, account_row_fn fn, void *arg,
	struct err *e)
{
	autoclean(db_done) struct query q = {0};
	int64_t id = 0;
	int r = f->subscription ? subscription_find(s, f->subscription, &id, e) : 0;

	if (r >= 0)
		r = db_query(s->db, &q, e, SQL_LIST, f->account,
			f->subscription ? db_arg_i64(id) : db_null(), f->resource, f->source,
			f->from, f->to);
	while (r >= 0 && (r = db_next(&q, e)) > 0) {
		struct usage_reading_row row = {.subscription = db_text(&q, 0),
			.account = db_text(&q, 1),
			.resource = db_text(&q, 2),
			.source = db_text(&q, 3),
			.day = db_text(&q, 4),
			.sequence = db_i64(&q, 5),
			.start = db_i64(&q, 6),
			.end = db_i64(&q, 7),
			.value = db_i64(&q, 8),
			.created = db_i64(&q, 9)};

		r = fn(arg, &row, e);
	}
	return r;
}
