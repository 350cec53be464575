/* SPDX-License-Identifier: MIT */
/* Which step is due when; a run takes them. */
#include "biz/dunning.h"

#include <stdio.h>
#include <string.h>

#include "biz/dunning_int.h"
#include "util/str.h"
#include "util/tz.h"

#define SQL_OPEN                                                                                   \
	"SELECT i.id FROM invoice i WHERE i.state = 'open' AND i.kind = 'invoice' "                \
	"AND i.due <= ?2 AND (SELECT a.parked = 0 AND (?1 IS NULL OR a.name = ?1) FROM account a " \
	"WHERE a.id = i.account) ORDER BY i.due, i.id"
/* Sent: by the first notice that really went out; where mail was off, as it opened. */
#define SQL_GET                                                                                    \
	"SELECT i.number, i.account, i.due, i.balance, i.opened, iif(EXISTS (SELECT 1 FROM mail "  \
	"WHERE invoice = i.id AND template = 'invoice'), (SELECT min(sent) FROM mail WHERE "       \
	"invoice = i.id AND template = 'invoice' AND state = 'sent'), i.opened), d.step, "         \
	"d.after, d.day, a.dunning, (SELECT min(day) FROM dunning WHERE invoice = i.id AND "       \
	"after = d.after) FROM invoice i JOIN account a ON a.id = i.account "                      \
	"LEFT JOIN dunning d ON d.invoice = i.id AND d.step = "                                    \
	"(SELECT max(step) FROM dunning WHERE invoice = i.id) "                                    \
	"WHERE i.id = ?1 AND i.state = 'open'"
#define SQL_DONE                                                                                   \
	"INSERT INTO dunning (invoice, step, do, after, day, note, created) "                      \
	"VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)"
#define SQL_LAST "SELECT do FROM dunning WHERE invoice = ?1 AND step = ?2"

#define LAST_DAY "9999-12-31" /* no day is after it */
#define BATCH    200          /* invoices committed together */

void dun_release(struct dun *d)
{
	free(d->number);
	free(d->schedule);
	account_release(&d->a);
}

/* ---- where an invoice stands ---- */

static int64_t day_at(const struct tz *tz, struct query *q, int col)
{
	return db_is_null(q, col) ? DAY_NONE : tz_day(tz, db_i64(q, col));
}

static int read_dun(struct sxc *s, struct query *q, struct dun *d, struct err *e)
{
	autotz *tz = NULL;
	int r;

	d->number = db_text_dup(q, 0);
	if ((r = account_get_id(s, db_i64(q, 1), &d->a, e)) < 0 ||
		(r = tz_load(&tz, d->a.timezone, e)) < 0 ||
		(r = day_parse(db_text(q, 2), &d->due, e)) < 0)
		return r;
	d->today = tz_day(tz, s->now);
	d->balance = db_i64(q, 3);
	d->opened = day_at(tz, q, 4);
	d->sent = day_at(tz, q, 5);
	d->last = db_i64(q, 6);
	d->last_after = db_i64(q, 7);
	d->schedule = db_text_dup(q, 9);
	if (!d->last)
		return 0;
	r = day_parse(db_text(q, 8), &d->last_day, e);
	return r < 0 ? r : day_parse(db_text(q, 10), &d->group_day, e);
}

int dun_get(struct sxc *s, int64_t invoice, struct dun *d, struct err *e)
{
	autoclean(db_done) struct query q = {0};
	int r = db_one(s->db, &q, e, SQL_GET, invoice);

	if (r <= 0)
		return r;
	d->id = invoice;
	r = read_dun(s, &q, d, e);
	if (r == 0 && !d->schedule)
		r = config_get(s, "dunning", &d->schedule, e);
	return r < 0 ? r : 1;
}

int dun_schedule(struct sxc *s, const struct dun *d, struct dunning_schedule *out, struct err *e)
{
	autofree char *yaml = NULL;
	int r = config_get(s, "dunning.schedules", &yaml, e);

	return r < 0 ? r : dunning_schedule_read(yaml, d->schedule, out, e);
}

int dunning_check_name(struct sxc *s, const char *name, struct err *e)
{
	autofree char *yaml = NULL;
	autoschedule sched = {0};
	int r = config_get(s, "dunning.schedules", &yaml, e);

	return r < 0 ? r : dunning_schedule_read(yaml, name, &sched, e);
}

static int64_t later(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

/* A notice before the due date whose time is over, or was before the invoice itself. */
static bool is_missed(const struct dun *d, const struct dunning_step *st)
{
	return st->after < 0 && (d->today >= d->due || d->due + st->after <= d->sent);
}

int dun_next(const struct dun *d, const struct dunning_schedule *sched, size_t *step, int64_t *day)
{
	const struct dunning_step *st;
	size_t i = (size_t)d->last;

	if (d->sent == DAY_NONE)
		return 0;
	while (i < sched->n && is_missed(d, &sched->v[i]))
		i++;
	if (i >= sched->n)
		return 0;
	st = &sched->v[i];
	*step = i;
	*day = st->after < 0 ? d->due + st->after : later(d->due, d->sent) + st->after;
	if (d->last)
		*day = later(*day, d->group_day + st->after - d->last_after);
	return 1;
}

/* ---- a run ---- */

struct run {
	struct sxc *s;
	bool preview;
	int64_t until; /* preview: look ahead to that day, DAY_NONE: not */
	account_row_fn fn;
	void *arg;
	struct dunning_done *done;
	struct job_ids *jobs;
	struct taken {
		char *invoice, *account, currency[4];
		int64_t step, after, day, fee;
		enum dunning_do act;
	} batch[BATCH]; /* what is told once it is committed */
	size_t n;
	char *schedule; /* the one that was read last: the next invoice's, nearly always */
	struct dunning_schedule sched;
};

static void run_clear(struct run *run)
{
	for (size_t i = 0; i < run->n; i++) {
		free(run->batch[i].invoice);
		free(run->batch[i].account);
	}
	run->n = 0;
}

static void run_release(struct run *run)
{
	run_clear(run);
	free(run->schedule);
	dunning_schedule_release(&run->sched);
}

static int schedule_of(struct run *run, const struct dun *d, struct err *e)
{
	int r;

	if (run->schedule && str_eq(run->schedule, d->schedule))
		return 0;
	free(run->schedule);
	run->schedule = NULL;
	dunning_schedule_release(&run->sched);
	run->sched = (struct dunning_schedule){0};
	if ((r = dun_schedule(run->s, d, &run->sched, e)) == 0)
		run->schedule = mem_strdup0(d->schedule);
	return r;
}

static int tell(struct run *run, struct err *e)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < run->n; i++) {
		const struct taken *t = &run->batch[i];
		char day[DAY_TEXT];
		struct dunning_row row = {.invoice = t->invoice,
			.account = t->account,
			.action = dunning_do_name(t->act),
			.day = day_format(t->day, day),
			.currency = t->currency,
			.step = t->step,
			.after = t->after,
			.fee = t->fee};

		r = run->fn(run->arg, &row, e);
	}
	run->done->steps += (int64_t)run->n;
	run_clear(run);
	return r;
}

static int take_step(struct run *run, const struct dun *d, const struct dunning_schedule *sched,
	size_t step, struct err *e)
{
	const struct dunning_step *st = &sched->v[step];
	autofree char *note = NULL;
	char day[DAY_TEXT];
	int r;

	if (run->preview)
		return 0;
	if ((r = dun_act(run->s, d, step, st, &note, run->jobs, e)) < 0)
		return r;
	if (note)
		sxc_note(run->s, 0, "%s of %s: %s", d->number, d->a.name, note);
	return db_run(run->s->db, e, SQL_DONE, d->id, step + 1, dunning_do_name(st->act), st->after,
		day_format(d->today, day), note, run->s->now);
}

/* A step is taken on its day, the next not before the day after. */
static void move_on(struct dun *d, const struct dunning_step *st, size_t step, int64_t day)
{
	if (!d->last || st->after != d->last_after)
		d->group_day = day;
	d->last = (int64_t)step + 1;
	d->last_after = st->after;
	d->last_day = day;
	d->today = day + 1;
}

static int note_ahead(struct run *run, const struct dun *d, const struct dunning_step *st,
	size_t step, int64_t day, bool *charged, struct err *e)
{
	struct taken *t;
	int r = run->n == BATCH ? tell(run, e) : 0;

	if (r < 0)
		return r;
	t = &run->batch[run->n++];
	*t = (struct taken){.invoice = mem_strdup(d->number),
		.account = mem_strdup(d->a.name),
		.step = (int64_t)step + 1,
		.after = st->after,
		.day = day,
		.act = st->act};
	snprintf(t->currency, sizeof(t->currency), "%s", d->a.currency);
	if (st->act != DUN_LATE_FEE || *charged)
		return 0;
	*charged = true;
	return dun_fee(run->s, d, st, &t->fee, e);
}

/* All steps of an invoice up to a day, as daily runs would take them. */
static int look_ahead(struct run *run, int64_t invoice, struct err *e)
{
	autodun d = {0};
	bool charged = false;
	size_t step;
	int64_t day;
	int r;

	if ((r = dun_get(run->s, invoice, &d, e)) <= 0 || (r = schedule_of(run, &d, e)) < 0)
		return r;
	d.sent = d.sent == DAY_NONE ? d.today : d.sent;
	d.today = later(d.today, d.opened + 1);
	while (r == 0 && dun_next(&d, &run->sched, &step, &day)) {
		day = later(day, d.today);
		if (day > run->until)
			break;
		r = note_ahead(run, &d, &run->sched.v[step], step, day, &charged, e);
		move_on(&d, &run->sched.v[step], step, day);
	}
	return r;
}

static int step_of(struct run *run, int64_t invoice, struct err *e)
{
	autodun d = {0};
	const struct dunning_schedule *sched = &run->sched;
	struct taken *done;
	size_t step;
	int64_t day;
	int r;

	if ((r = dun_get(run->s, invoice, &d, e)) <= 0 || d.opened >= d.today ||
		(r = schedule_of(run, &d, e)) < 0 || !dun_next(&d, sched, &step, &day))
		return r < 0 ? r : 0;
	if (day > d.today)
		return 0;
	if ((r = take_step(run, &d, sched, step, e)) < 0)
		return err_wrap(e, "%s of %s, %s", d.number, d.a.name,
			dunning_do_name(sched->v[step].act));
	done = &run->batch[run->n++];
	*done = (struct taken){.step = (int64_t)step + 1,
		.after = sched->v[step].after,
		.day = d.today,
		.act = sched->v[step].act};
	done->invoice = steal(&d.number);
	done->account = steal(&d.a.name);
	return 0;
}

/* A step that cannot be taken now holds nothing up. */
static bool is_own_fault(int code)
{
	return code != E_INTR && code != E_FAIL && code != E_PERM;
}

static int step_alone(struct run *run, int64_t invoice, struct err *e)
{
	autotx struct db *tx = NULL;
	struct err why = {0};
	size_t queued = run->jobs ? run->jobs->n : 0, told = run->n;
	int r = run->preview ? 0 : db_begin(run->s->db, e);

	if (r < 0)
		return r;
	tx = run->preview ? NULL : run->s->db;
	r = run->until != DAY_NONE ? look_ahead(run, invoice, &why) : step_of(run, invoice, &why);
	if (r == 0 && tx) {
		tx = NULL;
		return db_commit(run->s->db, e);
	}
	if (r == 0)
		return 0;
	if (!is_own_fault(r))
		return err_set(e, r, "%s", why.msg);
	if (run->jobs)
		run->jobs->n = queued;
	for (; run->n > told; run->n--) {
		free(run->batch[run->n - 1].invoice);
		free(run->batch[run->n - 1].account);
	}
	run->done->failed++;
	sxc_note(run->s, 0, "dunning: %s", why.msg);
	return 0;
}

/* Open invoices that fall due up to a day. */
static int collect(struct sxc *s, const char *account, const char *due, struct job_ids *ids,
	struct err *e)
{
	autoclean(db_done) struct query q = {0};
	int r = db_query(s->db, &q, e, SQL_OPEN, account, due);

	while (r >= 0 && (r = db_next(&q, e)) > 0)
		vec_push(ids, db_i64(&q, 0));
	return r;
}

static int run_batch(struct run *run, const int64_t *ids, size_t n, struct err *e)
{
	autorollback struct sxc *tx = NULL;
	int r = run->preview ? 0 : tx_begin(run->s, e);

	if (r < 0)
		return r;
	tx = run->preview ? NULL : run->s;
	for (size_t i = 0; i < n; i++)
		if ((r = err_interrupted(e)) < 0 || (r = step_alone(run, ids[i], e)) < 0)
			return r;
	if (tx) {
		tx = NULL;
		if ((r = tx_commit(run->s, e)) < 0)
			return r;
	}
	return tell(run, e);
}

/* No step of any schedule is due for what falls due after that day; tomorrow is the latest day that
 * it can be anywhere. */
static int last_due(struct sxc *s, char day[DAY_TEXT], struct err *e)
{
	autofree char *yaml = NULL;
	int64_t first;
	int r = config_get(s, "dunning.schedules", &yaml, e);

	if (r < 0 || (r = dunning_schedules_first(yaml, &first, e)) < 0)
		return r;
	day_format(s->now / 86400 + 1 - first, day);
	return 0;
}

static int run_all(struct run *run, const char *account, struct err *e)
{
	autojobs ids = {0};
	char due[DAY_TEXT];
	int r = last_due(run->s, due, e);

	if (run->until != DAY_NONE)
		memcpy(due, LAST_DAY, sizeof(LAST_DAY));
	if (r == 0)
		r = collect(run->s, account, due, &ids, e);

	for (size_t i = 0; r == 0 && i < ids.n; i += BATCH)
		r = run_batch(run, ids.v + i, ids.n - i < BATCH ? ids.n - i : BATCH, e);
	if (r == 0 && run->done->failed)
		return err_set(e, E_PARTIAL,
			"%lld dunning step%s could not be taken now: the next run tries again",
			(long long)run->done->failed, run->done->failed == 1 ? "" : "s");
	return r;
}

static int delete_kept(struct sxc *s, struct job_ids *jobs, struct err *e)
{
	autorollback struct sxc *tx = NULL;
	int r = tx_begin(s, e), n;

	if (r < 0)
		return r;
	tx = s;
	if ((n = dun_delete_kept(s, jobs, e)) <= 0)
		return n;
	tx = NULL;
	return tx_commit(s, e);
}

int dunning_run(struct sxc *s, const char *account, account_row_fn fn, void *arg,
	struct dunning_done *done, struct job_ids *jobs, struct err *e)
{
	autoclean(run_release) struct run run =
		{.s = s, .until = DAY_NONE, .fn = fn, .arg = arg, .done = done, .jobs = jobs};
	int r;

	*done = (struct dunning_done){0};
	if (!account && (r = delete_kept(s, jobs, e)) < 0)
		return r;
	return run_all(&run, account, e);
}

int dunning_preview(struct sxc *s, const char *account, const char *until, account_row_fn fn,
	void *arg, struct dunning_done *done, struct err *e)
{
	autoclean(run_release) struct run run =
		{.s = s, .preview = true, .until = DAY_NONE, .fn = fn, .arg = arg, .done = done};
	int r = until ? day_parse(until, &run.until, e) : 0;

	*done = (struct dunning_done){0};
	return r < 0 ? r : run_all(&run, account, e);
}

/* ---- reading ---- */

static int tell_state(struct sxc *s, int64_t invoice, account_row_fn fn, void *arg, struct err *e)
{
	autodun d = {0};
	autoschedule sched = {0};
	autofree char *last = NULL;
	char due[DAY_TEXT], sent[DAY_TEXT], last_day[DAY_TEXT], next_day[DAY_TEXT];
	struct dunning_state_row row = {0};
	size_t step;
	int64_t day;
	int r;

	if ((r = dun_get(s, invoice, &d, e)) <= 0 || (r = dun_schedule(s, &d, &sched, e)) < 0 ||
		(d.last && (r = db_get_text(s->db, &last, e, SQL_LAST, d.id, d.last)) < 0))
		return r;
	row = (struct dunning_state_row){.invoice = d.number,
		.account = d.a.name,
		.due = day_format(d.due, due),
		.sent = d.sent == DAY_NONE ? NULL : day_format(d.sent, sent),
		.schedule = d.schedule,
		.last = last,
		.last_day = d.last ? day_format(d.last_day, last_day) : NULL,
		.steps = d.last};
	if (dun_next(&d, &sched, &step, &day)) {
		row.next = dunning_do_name(sched.v[step].act);
		row.next_day = day_format(day, next_day);
	}
	return fn(arg, &row, e);
}

int dunning_list(struct sxc *s, const char *account, account_row_fn fn, void *arg, struct err *e)
{
	autojobs ids = {0};
	int r = collect(s, account, LAST_DAY, &ids, e);

	for (size_t i = 0; r == 0 && i < ids.n; i++)
		r = tell_state(s, ids.v[i], fn, arg, e);
	return r;
}
