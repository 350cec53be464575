/* SPDX-License-Identifier: MIT */
#include "biz/metering.h"

#include <stdlib.h>

#include "biz/subscription.h"
#include "biz/usage.h"
#include "util/str.h"
#include "util/tz.h"

/* What it says of a private server is taken from the server it lives on alone. */
#define SQL_PS                                                                                     \
	"SELECT p.id, p.created, p.subscription, a.timezone FROM ps p "                            \
	"LEFT JOIN subscription s ON s.id = p.subscription LEFT JOIN account a "                   \
	"ON a.id = s.account WHERE p.name = ?1 AND p.server = ?2 AND p.state <> 'adding'"
#define SQL_CHECKPOINT "SELECT until, total FROM usage_checkpoint WHERE ps = ?1 AND resource = ?2"
#define SQL_KEEP                                                                                   \
	"INSERT INTO usage_checkpoint (ps, resource, until, total) VALUES (?1, ?2, ?3, ?4) "       \
	"ON CONFLICT (ps, resource) DO UPDATE SET until = excluded.until, total = excluded.total"

/* A private server that is not older was counted from its beginning. */
#define FRESH (2 * 86400)
/* Hours that are made up at most, two months: what was counted before is in the first of them. */
#define HOURS_MOST 1488

/* What is kept of one server while all are asked. */
struct asked {
	const struct server_spec *spec;
	struct msg *ans;
	int64_t ps, readings;
};
struct metering {
	struct sxc *s;
	struct server_specs specs;
	struct engine_item *items;
	struct asked *asked;
	struct tz *tz; /* of the account before */
	struct job_ids late;
	size_t failed;
	struct err *only; /* of the last that failed */
};

static void metering_release(struct metering *m)
{
	for (size_t i = 0; i < m->specs.n; i++)
		msg_free(m->asked[i].ans);
	free(m->asked);
	free(m->items);
	tz_free(m->tz);
	vec_release(&m->late);
	server_specs_release(&m->specs);
}

/* ---- asking ---- */

static int ask_one(struct remote *r, struct engine_item *it, struct err *e)
{
	struct asked *a = it->arg;

	return remote_call(r, "ps.list", NULL, NULL, NULL, &a->ans, e);
}

static int ask_all(struct metering *m, struct err *e)
{
	size_t n;
	int r = server_targets(m->s, "all", &m->specs, e);

	if (r < 0)
		return r == E_NOTFOUND ? 0 : r;
	n = m->specs.n;
	m->items = mem_array(NULL, n, sizeof(*m->items));
	m->asked = mem_array(NULL, n, sizeof(*m->asked));
	for (size_t i = 0; i < n; i++) {
		m->asked[i] = (struct asked){.spec = &m->specs.v[i]};
		m->items[i] = (struct engine_item){.spec = &m->specs.v[i].remote,
			.arg = &m->asked[i]};
	}
	return engine_run(m->s->pool, m->items, n, m->s->jobs, ask_one, NULL, NULL, e);
}

/* ---- sealing ---- */

/* A private server as it is in the books, and one of its resources. */
struct metered {
	int64_t id, created, subscription;
	const char *name, *resource;
	int64_t until, total; /* its checkpoint */
};

static int seal(struct metering *m, struct asked *a, const struct metered *p, int64_t start,
	int64_t value, struct err *e)
{
	struct usage_reading r = {.subscription = p->subscription,
		.resource = p->resource,
		.source = p->name,
		.start = start,
		.until = start + METERING_HOUR,
		.day = tz_day(m->tz, start),
		.value = value};
	struct err known = {0};
	bool late = false;
	int n = usage_reading_add(m->s, &r, &late, &known);

	/* Of another private server that had the name in that hour. */
	if (n < 0 && n != E_EXISTS)
		return err_set(e, n, "%s", known.msg);
	a->readings += n > 0;
	if (late)
		vec_push(&m->late, p->subscription);
	return 0;
}

/* What was counted since the checkpoint, spread over the hours that have passed. */
static int seal_total(struct metering *m, struct asked *a, struct metered *p, int64_t total,
	int64_t hour, struct err *e)
{
	int64_t delta = total >= p->total ? total - p->total : total, told = 0;
	int64_t hours = (hour - p->until) / METERING_HOUR;
	int r = 0;

	if (hours > HOURS_MOST)
		hours = HOURS_MOST;
	for (int64_t i = 0; r == 0 && i < hours; i++) {
		int64_t upto = (int64_t)((__int128)delta * (i + 1) / hours);

		r = seal(m, a, p, hour - (hours - i) * METERING_HOUR, upto - told, e);
		told = upto;
	}
	return r;
}

static int read_checkpoint(struct sxc *s, struct metered *p, int64_t hour, int64_t total,
	struct err *e)
{
	autoclean(db_done) struct query q = {0};
	int r = db_one(s->db, &q, e, SQL_CHECKPOINT, p->id, p->resource);

	if (r > 0) {
		p->until = db_i64(&q, 0);
		p->total = db_i64(&q, 1);
	} else if (p->created > s->now - FRESH) {
		p->until = p->created - p->created % METERING_HOUR;
		p->total = 0;
	} else {
		p->until = hour;
		p->total = total;
	}
	return r < 0 ? r : 0;
}

/* grows: it is a total; else what is held now. value -1: unknown. */
static int take(struct metering *m, struct asked *a, struct metered *p, const char *resource,
	bool grows, int64_t value, struct err *e)
{
	int64_t hour = m->s->now - m->s->now % METERING_HOUR;
	int r;

	p->resource = resource;
	if (value < 0 || value > USAGE_VALUE_MOST)
		return 0;
	if ((r = read_checkpoint(m->s, p, hour, value, e)) < 0)
		return r;
	if (p->until >= hour) { /* sealed already, the first time, or a clock that went back */
		hour = p->until;
		value = p->total;
	} else {
		r = grows ? seal_total(m, a, p, value, hour, e)
		          : seal(m, a, p, hour - METERING_HOUR, value, e);
	}
	return r < 0 ? r : db_run(m->s->db, e, SQL_KEEP, p->id, resource, hour, value);
}

static int load_zone(struct metering *m, const char *zone, struct err *e)
{
	if (m->tz && str_eq(tz_name(m->tz), zone))
		return 0;
	tz_free(steal(&m->tz));
	return tz_load(&m->tz, zone, e);
}

static int take_ps(struct metering *m, struct asked *a, const struct msg *ps, struct err *e)
{
	struct metered p = {.name = msg_text(ps, "name")};
	int r;

	if (!p.name || !str_is_name(p.name))
		return 0;
	{
		autoclean(db_done) struct query q = {0};

		r = db_one(m->s->db, &q, e, SQL_PS, p.name, a->spec->id);
		if (r <= 0)
			return r;
		p.id = db_i64(&q, 0);
		p.created = db_i64(&q, 1);
		p.subscription = db_i64(&q, 2);
		if ((r = load_zone(m, db_text(&q, 3) ? db_text(&q, 3) : "UTC", e)) < 0)
			return r;
	}
	a->ps++;
	r = take(m, a, &p, "transfer", true, msg_i64(ps, "transfer_total", -1), e);
	return r < 0 ? r : take(m, a, &p, "disk", false, msg_i64(ps, "disk", -1), e);
}

/* Readings of one server: all of them or none. */
static int take_server(struct metering *m, struct asked *a, struct err *e)
{
	autorollback struct sxc *tx = NULL;
	int r = tx_begin(m->s, e);

	if (r < 0)
		return r;
	tx = m->s;
	for (size_t i = 0; i < msg_count(a->ans, "ps"); i++)
		if ((r = take_ps(m, a, msg_sub_at(a->ans, "ps", i), e)) < 0)
			return r;
	tx = NULL;
	return tx_commit(m->s, e);
}

static int by_value(const void *a, const void *b)
{
	const int64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* Months that were billed already fall due again. */
static int refresh(struct metering *m, struct job_ids *jobs, struct err *e)
{
	autorollback struct sxc *tx = NULL;
	int r = m->late.n ? tx_begin(m->s, e) : 0;

	if (r < 0 || !m->late.n)
		return r;
	tx = m->s;
	qsort(m->late.v, m->late.n, sizeof(*m->late.v), by_value);
	for (size_t i = 0; r == 0 && i < m->late.n; i++)
		if (i == 0 || m->late.v[i] != m->late.v[i - 1])
			r = usage_refresh(m->s, m->late.v[i], jobs, e);
	if (r < 0)
		return r;
	tx = NULL;
	return tx_commit(m->s, e);
}

/* ---- all of it ---- */

static int tell(struct metering *m, size_t i, server_row_fn fn, void *arg, struct err *e)
{
	struct asked *a = &m->asked[i];
	struct engine_item *it = &m->items[i];
	struct metering_row row = {.server = a->spec->name, .state = a->ans ? "up" : "down"};

	if (it->result == 0)
		it->result = take_server(m, a, &it->err);
	if (it->result == E_INTR)
		return err_set(e, E_INTR, "%s", it->err.msg);
	if (it->result < 0) {
		row.error = it->err.msg;
		m->only = &it->err;
		m->failed++;
	}
	row.ps = a->ps;
	row.readings = it->result < 0 ? 0 : a->readings;
	return fn(arg, &row, e);
}

int metering_collect(struct sxc *s, server_row_fn fn, void *arg, struct job_ids *jobs,
	struct err *e)
{
	autoclean(metering_release) struct metering m = {.s = s};
	int r = ask_all(&m, e);

	for (size_t i = 0; r >= 0 && i < m.specs.n; i++)
		r = tell(&m, i, fn, arg, e);
	if (r < 0 || (r = refresh(&m, jobs, e)) < 0)
		return r;
	if (!m.failed)
		return 0;
	if (m.failed < m.specs.n)
		return err_set(e, E_PARTIAL, "%zu of %zu servers failed", m.failed, m.specs.n);
	return err_set(e, m.only->code, "%s", m.only->msg);
}
