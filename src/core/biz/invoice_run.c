/* SPDX-License-Identifier: MIT */
/* Billing: account by account, each in a savepoint, committed in batches. */
#include <jansson.h>
#include <string.h>

#include "biz/invoice_int.h"
#include "svc/sign.h"
#include "util/str.h"

#define SQL_DUE                                                                                    \
	"SELECT id, wake FROM account WHERE wake IS NOT NULL AND parked = 0 "                      \
	"AND (wake, id) > (?1, ?2) AND wake <= ?3 ORDER BY wake, id LIMIT ?4"

#define BATCH 200 /* accounts committed together: what a killed run loses at most */

/* Where a run stands in the order of accounts. */
struct cursor {
	char wake[DAY_TEXT];
	int64_t id;
};

struct batch {
	int64_t accounts[BATCH];
	size_t n;
	struct draft *drafts; /* of those that got a document */
	size_t made;
};

static void batch_release(struct batch *batch)
{
	for (size_t i = 0; i < batch->made; i++)
		draft_release(&batch->drafts[i]);
	free(batch->drafts);
}
#define autobatch autoclean(batch_release) struct batch

/* The latest day that it can be anywhere. */
static int64_t last_day(const struct billing *b)
{
	return b->until != DAY_NONE ? b->until : b->s->now / 86400 + 1;
}

static int pick(struct billing *b, struct cursor *at, struct batch *batch, struct err *e)
{
	autoclean(db_done) struct query q = {0};
	char last[DAY_TEXT];
	int r = db_query(b->s->db, &q, e, SQL_DUE, at->wake, at->id, day_format(last_day(b), last),
		BATCH);

	while (r >= 0 && (r = db_next(&q, e)) > 0) {
		batch->accounts[batch->n++] = db_i64(&q, 0);
		at->id = db_i64(&q, 0);
		strncpy(at->wake, db_text(&q, 1), DAY_TEXT - 1);
	}
	return r;
}

/* Only that account, once. */
static int pick_one(struct billing *b, const char *name, struct batch *batch, struct err *e)
{
	autoclean(account_release) struct account a = {0};
	int r = account_get(b->s, name, &a, e);

	if (r < 0)
		return r;
	if (a.parked)
		return err_set(e, E_STATE, "account %s is parked: it is not billed", a.name);
	batch->accounts[batch->n++] = a.id;
	return 0;
}

/* ---- writing ---- */

static int save_subs(struct billing *b, const struct draft *d, struct job_ids *jobs, struct err *e)
{
	int r = 0;

	vec_each(&d->subs, sub)
		if (r == 0)
			r = subscription_save(b->s, sub, d->today, jobs, e);
	if (r == 0)
		r = subscription_retry(b->s, d->a.id, jobs, e);
	return r < 0 ? r : account_set_wake(b->s, d->a.id, e);
}

static int bill_one(struct billing *b, int64_t account, struct draft *d, struct job_ids *jobs,
	struct err *e)
{
	int64_t id;
	int r = draft_make(b, account, d, e);

	if (r < 0)
		return r;
	if (d->doc.lines.n) {
		draft_number(b, d);
		if ((r = draft_store(b, d, &id, e)) < 0)
			return r;
		if (d->doc.total == 0 && (r = settle_mark(b->s, id, jobs, e)) < 0)
			return r;
		if ((r = settle_credit(b->s, account, jobs, e)) < 0)
			return r;
	}
	return save_subs(b, d, jobs, e);
}

static int park(struct billing *b, int64_t account, const char *why, struct err *e)
{
	autoclean(account_release) struct account a = {0};
	json_t *j = json_pack("{s:s}", "reason", why);
	autofree char *after = json_dumps(j, JSON_COMPACT);
	int r;

	json_decref(j);
	if ((r = account_get_id(b->s, account, &a, e)) < 0 ||
		(r = account_hold(b->s, &a, "park", "billing", why, e)) < 0)
		return r;
	sxc_note(b->s, 0, "account %s is parked: %s", a.name, why);
	return audit_add(b->s, "account.park", a.name, NULL, after, e);
}

/* Is it the account that is wrong, and not the machine? */
static bool is_account_fault(int code)
{
	return code == E_INTEGRITY || code == E_LIMIT || code == E_USAGE || code == E_EXISTS ||
	       code == E_NOTFOUND || code == E_INUSE || code == E_STATE;
}

/* In a savepoint: an account that fails is rolled back alone, and parked. */
static int bill_account(struct billing *b, int64_t account, struct batch *batch,
	struct run_done *done, struct job_ids *jobs, struct err *e)
{
	struct series invoices = b->invoices, credit_notes = b->credit_notes;
	autodraft d = {0};
	struct err why = {0};
	size_t queued = jobs->n;
	int r = db_begin(b->s->db, e);

	if (r < 0)
		return r;
	r = bill_one(b, account, &d, jobs, &why);
	if (r == 0)
		r = db_commit(b->s->db, &why);
	if (r < 0) {
		db_rollback(b->s->db);
		b->invoices = invoices;
		b->credit_notes = credit_notes;
		jobs->n = queued;
		if (!is_account_fault(r))
			return err_set(e, r, "account %s: %s", d.a.name ? d.a.name : "?", why.msg);
		done->parked++;
		return park(b, account, why.msg, e);
	}
	if (d.doc.lines.n) {
		batch->drafts[batch->made++] = d;
		d = (struct draft){0};
	}
	return 0;
}

/* ---- telling ---- */

static int tell(struct billing *b, const struct batch *batch, account_row_fn fn, void *arg,
	struct run_done *done, struct err *e)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < batch->made; i++) {
		const struct draft *d = &batch->drafts[i];

		done->credit_notes += d->credit_note;
		done->invoices += !d->credit_note;
		done->lines += (int64_t)d->doc.lines.n;
		r = draft_tell(b, d, fn, arg, e);
	}
	return r;
}

/* One row of the audit log a batch: which documents, and the digest of what they come to. */
static int audit_batch(struct billing *b, const struct batch *batch, struct err *e)
{
	autostr text = STR_INIT;
	autofree char *after = NULL;
	char digest[SHA256_HEX];
	json_t *j;
	const struct draft *last = batch->made ? &batch->drafts[batch->made - 1] : NULL;

	if (!last)
		return 0;
	for (size_t i = 0; i < batch->made; i++)
		str_addf(&text, "%s %s %lld\n", batch->drafts[i].number, batch->drafts[i].a.name,
			(long long)batch->drafts[i].doc.total);
	sha256_buf(text.p, text.len, digest);
	j = json_pack("{s:I, s:s, s:s, s:s}", "documents", (json_int_t)batch->made, "first",
		batch->drafts[0].number, "last", last->number, "sha256", digest);
	after = json_dumps(j, JSON_SORT_KEYS | JSON_COMPACT);
	json_decref(j);
	return audit_add(b->s, "invoice.run", last->number, NULL, after, e);
}

/* ---- run ---- */

static int fill(struct billing *b, const struct run_opts *o, struct cursor *at, struct batch *batch,
	struct err *e)
{
	int r = o->account ? pick_one(b, o->account, batch, e) : pick(b, at, batch, e);

	batch->drafts = mem_zalloc(sizeof(*batch->drafts) * (batch->n + 1));
	return r;
}

/* 1: there may be more, 0: that was the last. */
static int run_batch(struct billing *b, const struct run_opts *o, struct cursor *at,
	account_row_fn fn, void *arg, struct run_done *done, struct job_ids *jobs, struct err *e)
{
	autobatch batch = {0};
	autorollback struct sxc *tx = NULL;
	int r = tx_begin(b->s, e);

	if (r < 0)
		return r;
	tx = b->s;
	if ((r = billing_read_series(b, e)) < 0 || (r = fill(b, o, at, &batch, e)) < 0)
		return r;
	for (size_t i = 0; i < batch.n; i++)
		if ((r = err_interrupted(e)) < 0 ||
			(r = bill_account(b, batch.accounts[i], &batch, done, jobs, e)) < 0)
			return r;
	if ((r = audit_batch(b, &batch, e)) < 0)
		return r;
	tx = NULL;
	if (batch.n == 0) {
		tx_rollback(b->s);
		return 0;
	}
	if ((r = tx_commit(b->s, e)) < 0 || (r = tell(b, &batch, fn, arg, done, e)) < 0)
		return r;
	return !o->account && batch.n == BATCH;
}

static int need_seller(struct sxc *s, struct err *e)
{
	static const char *const keys[] = {"seller.name", "seller.address"};

	for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
		autofree char *value = NULL;
		int r = config_get(s, keys[i], &value, e);

		if (r < 0)
			return r;
		if (!value)
			return err_set(e, E_STATE,
				"invoices need a seller: set %s with \"sxc config set\"", keys[i]);
	}
	return 0;
}

static int partial(const struct run_done *done, struct err *e)
{
	if (!done->parked)
		return 0;
	return err_set(e, E_PARTIAL,
		"%lld account%s not billed, the others were: see \"sxc account show\", repair, "
		"then \"sxc account unpark\"",
		(long long)done->parked, done->parked == 1 ? " was" : "s were");
}

int invoice_run(struct sxc *s, const struct run_opts *o, account_row_fn fn, void *arg,
	struct run_done *done, struct job_ids *jobs, struct err *e)
{
	autobilling b = {0};
	struct cursor at = {"", 0};
	int r;

	*done = (struct run_done){0};
	if (!s->rehearsal && (r = need_seller(s, e)) < 0)
		return r;
	if ((r = billing_begin(&b, s, o->until, e)) < 0)
		return r;
	while ((r = run_batch(&b, o, &at, fn, arg, done, jobs, e)) > 0)
		;
	return r < 0 ? r : partial(done, e);
}

/* ---- preview ---- */

static int preview_one(struct billing *b, int64_t account, account_row_fn fn, void *arg,
	struct run_done *done, struct err *e)
{
	autodraft d = {0};
	struct err why = {0};
	int r = draft_make(b, account, &d, &why);

	if (r < 0 && is_account_fault(r)) {
		done->parked++;
		sxc_note(b->s, 0, "account %s would be parked: %s", d.a.name ? d.a.name : "?",
			why.msg);
		return 0;
	}
	if (r < 0)
		return err_set(e, r, "%s", why.msg);
	if (d.doc.lines.n == 0)
		return 0;
	draft_number(b, &d);
	done->credit_notes += d.credit_note;
	done->invoices += !d.credit_note;
	done->lines += (int64_t)d.doc.lines.n;
	return draft_tell(b, &d, fn, arg, e);
}

int invoice_preview(struct sxc *s, const struct run_opts *o, account_row_fn fn, void *arg,
	struct run_done *done, struct err *e)
{
	autobilling b = {0};
	struct cursor at = {"", 0};
	size_t n;
	int r;

	*done = (struct run_done){0};
	if ((r = billing_begin(&b, s, o->until, e)) < 0 || (r = billing_read_series(&b, e)) < 0)
		return r;
	do {
		autobatch batch = {0};

		if ((r = fill(&b, o, &at, &batch, e)) < 0)
			return r;
		n = batch.n;
		for (size_t i = 0; i < n; i++)
			if ((r = err_interrupted(e)) < 0 ||
				(r = preview_one(&b, batch.accounts[i], fn, arg, done, e)) < 0)
				return r;
	} while (!o->account && n == BATCH);
	return partial(done, e);
}
