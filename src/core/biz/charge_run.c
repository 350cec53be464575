/* SPDX-License-Identifier: MIT */
/*
 * Asking. A charge becomes "asked", committed, before its gateway is; one that is found so by a
 * later run was cut short and is asked after by status, under its key.
 */
#include <fcntl.h>
#include <sys/file.h>

#include "biz/charge_int.h"
#include "biz/method.h"
#include "util/fault.h"

#define SQL_DUE                                                                                    \
	"SELECT id FROM charge WHERE state NOT IN ('paid', 'failed', 'dropped') AND next <= ?1 "   \
	"ORDER BY id"
#define SQL_DROP "UPDATE charge SET state = 'dropped', error = ?2, updated = ?3 WHERE id = ?1"
#define SQL_ASKED                                                                                  \
	"UPDATE charge SET state = 'asked', amount = ?2, attempts = attempts + 1, updated = ?3 "   \
	"WHERE id = ?1 AND state = ?4"
#define SQL_BACK                                                                                   \
	"UPDATE charge SET state = ?2, attempts = attempts - 1, error = ?3, next = ?4 "            \
	"WHERE id = ?1"
#define SQL_STATE "SELECT state FROM charge WHERE id = ?1"
#define SQL_LEFT  "SELECT count(*) FROM charge WHERE state NOT IN ('paid', 'failed', 'dropped')"

#define NOT_STARTED_WAIT 300 /* seconds until a gateway that cannot be run is tried again */

static int take_lock(struct sxc *s, int *fd, struct err *e)
{
	autofree char *path = sxc_path(s, "run/gateway.lock");

	*fd = open(path, O_CREAT | O_RDWR | O_CLOEXEC, 0600);
	if (*fd < 0)
		return err_sys(e, "%s", path);
	if (flock(*fd, LOCK_EX | LOCK_NB) == 0)
		return 0;
	return err_set(e, E_BUSY, "another run asks the gateways");
}

/* ---- one charge: what is written before and after ---- */

/* 1: go on; 0: there is nothing to ask for any more. c->amount is settled. */
static int prepare(struct sxc *s, struct charge *c, struct err *e)
{
	bool fresh = str_eq(c->state, "queued");
	const char *why = NULL;
	int r;

	if (fresh && !c->refund) {
		why = !c->is_open || c->balance <= 0 ? "nothing is open of the invoice any more"
		      : !c->token                    ? "the method was removed"
		                                     : NULL;
		c->amount = c->balance;
	}
	if (why)
		r = db_run(s->db, e, SQL_DROP, c->id, why, s->now);
	else
		r = db_run(s->db, e, SQL_ASKED, c->id, c->amount, s->now, c->state);
	if (r < 0)
		return r;
	if (!why && db_changes(s->db) != 1)
		return err_set(e, E_BUSY, "charge %lld is being asked for by another run",
			(long long)c->id);
	return !why;
}

static int write_asked(struct sxc *s, struct charge *c, struct err *e)
{
	autorollback struct sxc *tx = NULL;
	int r = tx_begin(s, e), go;

	if (r < 0)
		return r;
	tx = s;
	if ((go = prepare(s, c, e)) < 0)
		return go;
	tx = NULL;
	c->attempts++;
	return (r = tx_commit(s, e)) < 0 ? r : go;
}

static int write_answer(struct sxc *s, const struct charge *c, const struct gateway_answer *a,
	struct job_ids *jobs, struct err *e)
{
	autorollback struct sxc *tx = NULL;
	int r = tx_begin(s, e);

	if (r < 0)
		return r;
	tx = s;
	if ((r = charge_take(s, c, a, jobs, e)) < 0)
		return r;
	tx = NULL;
	return tx_commit(s, e);
}

/* The gateway was not started: nothing was asked, it stands as before. */
static int write_back(struct sxc *s, const struct charge *c, const struct err *why, struct err *e)
{
	const char *before = str_eq(c->state, "asked") ? "unknown" : c->state;
	autorollback struct sxc *tx = NULL;
	int r = tx_begin(s, e);

	if (r < 0)
		return r;
	tx = s;
	r = db_run(s->db, e, SQL_BACK, c->id, before, why->msg, s->now + NOT_STARTED_WAIT);
	if (r < 0)
		return r;
	tx = NULL;
	return tx_commit(s, e);
}

/* ---- the question ---- */

static void question(const struct charge *c, struct str *lines)
{
	gateway_ask(lines, "key", c->key);
	gateway_ask(lines, "of", c->refund ? "refund" : "charge");
	gateway_ask_i64(lines, "amount", c->amount);
	gateway_ask(lines, "currency", c->currency);
	gateway_ask(lines, "account", c->account_name);
	gateway_ask(lines, "email", c->email);
	if (c->refund)
		gateway_ask(lines, "payment", c->external_id);
	else {
		gateway_ask(lines, "invoice", c->invoice_number);
		gateway_ask(lines, "token", c->token);
	}
}

static const char *verb_of(const struct charge *c)
{
	if (!str_eq(c->state, "queued"))
		return "status";
	return c->refund ? "refund" : "charge";
}

static int ask(struct sxc *s, int64_t id, struct job_ids *jobs, struct err *e)
{
	autocharge c = {0};
	autoanswer a = {0};
	autostr lines = STR_INIT;
	struct err why = {0};
	int r;

	if ((r = charge_get(s, id, &c, e)) < 0 || (r = write_asked(s, &c, e)) <= 0)
		return r;
	fault_point("charge.asked");
	question(&c, &lines);
	if (gateway_call(s, c.gateway, verb_of(&c), c.key, &lines, &a, &why) < 0) {
		sxc_note(s, 0, "charge %lld: %s", (long long)id, why.msg);
		return write_back(s, &c, &why, e);
	}
	fault_point("charge.answered");
	return write_answer(s, &c, &a, jobs, e);
}

/* ---- all ---- */

static int collect(struct sxc *s, struct job_ids *ids, struct err *e)
{
	autoclean(db_done) struct query q = {0};
	int r = db_query(s->db, &q, e, SQL_DUE, s->now);

	while (r >= 0 && (r = db_next(&q, e)) > 0)
		vec_push(ids, db_i64(&q, 0));
	return r;
}

static int count(struct sxc *s, int64_t id, struct charge_done *done, struct err *e)
{
	autofree char *state = NULL;
	int r = db_get_text(s->db, &state, e, SQL_STATE, id);

	done->settled += str_eq(state, "paid");
	done->failed += str_eq(state, "failed");
	return r < 0 ? r : 0;
}

static int judge(const struct charge_done *done, struct err *e)
{
	if (!done->failed && !done->waiting)
		return 0;
	return err_set(e, E_PARTIAL,
		"%lld settled, %lld failed, %lld not known yet: see \"sxc invoice charges\"",
		(long long)done->settled, (long long)done->failed, (long long)done->waiting);
}

int charge_run(struct sxc *s, struct charge_done *done, struct job_ids *jobs, struct err *e)
{
	autoclose int lock = -1;
	autojobs ids = {0};
	int r;

	*done = (struct charge_done){0};
	if ((r = db_get_i64(s->db, &done->waiting, e, SQL_LEFT)) < 0 || s->dry_run)
		return r < 0 ? r : 0;
	if ((r = take_lock(s, &lock, e)) < 0 || (r = method_ask_pending(s, e)) < 0 ||
		(r = collect(s, &ids, e)) < 0)
		return r;
	for (size_t i = 0; i < ids.n; i++)
		if ((r = err_interrupted(e)) < 0 || (r = ask(s, ids.v[i], jobs, e)) < 0 ||
			(r = count(s, ids.v[i], done, e)) < 0)
			return r;
	if ((r = db_get_i64(s->db, &done->waiting, e, SQL_LEFT)) < 0)
		return r;
	return judge(done, e);
}

int charge_run_one(struct sxc *s, int64_t id, char **state, struct job_ids *jobs, struct err *e)
{
	autoclose int lock = -1;
	int r;

	if ((r = take_lock(s, &lock, e)) < 0 || (r = ask(s, id, jobs, e)) < 0)
		return r;
	r = db_get_text(s->db, state, e, SQL_STATE, id);
	return r < 0 ? r : 0;
}
