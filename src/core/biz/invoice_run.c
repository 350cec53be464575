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

/* The invoices of which a credit note takes back what is to go back to who paid it. */
#define SQL_REFUND                                                                                 \
	"SELECT DISTINCT o.invoice, i.balance FROM invoice_line l JOIN subscription s "            \
	"ON s.id = l.subscription AND s.refund = 1 JOIN invoice_line o ON o.id = l.credits "       \
	"JOIN invoice i ON i.id = o.invoice WHERE l.invoice = ?1 ORDER BY o.invoice DESC"

#define BATCH 1000 /* accounts committed together: what a killed run loses at most */

/* Where a run stands in the order of accounts. */
struct cursor {
	char wake[DAY_TEXT];
	int64_t id;
};

struct batch {
	int64_t accounts[BATCH];
	size_t n;
	struct draft *drafts; /* one an account; no lines: it gets no document */
	char **faults;        /* why an account cannot be billed, or NULL */
	int64_t parked;
	bool careful; /* each account is written in a savepoint of its own */
	bool spoiled; /* it has to be */
};

static void batch_release(struct batch *batch)
{
	for (size_t i = 0; i < batch->n && batch->drafts; i++) {
		draft_release(&batch->drafts[i]);
		free(batch->faults[i]);
	}
	free(batch->drafts);
	free(batch->faults);
}
#define autobatch autoclean(batch_release) struct batch

/* What one run is about. */
struct run {
	struct billing b;
	const struct run_opts *o;
	account_row_fn fn;
	void *arg;
	struct run_done *done;
	struct job_ids *jobs;
	struct cursor at;
};

static void run_release(struct run *run)
{
	billing_release(&run->b);
}
#define autorun autoclean(run_release) struct run

/* The latest day that it can be anywhere. */
static int64_t last_day(const struct billing *b)
{
	return (b->until != DAY_NONE ? b->until : b->s->now / 86400 + 1) + b->ahead;
}

static int pick(struct run *run, struct batch *batch, struct err *e)
{
	autoclean(db_done) struct query q = {0};
	struct cursor *at = &run->at;
	char last[DAY_TEXT];
	int r = db_query(run->b.s->db, &q, e, SQL_DUE, at->wake, at->id,
		day_format(last_day(&run->b), last), BATCH);

	while (r >= 0 && (r = db_next(&q, e)) > 0) {
		batch->accounts[batch->n++] = db_i64(&q, 0);
		at->id = db_i64(&q, 0);
		strncpy(at->wake, db_text(&q, 1), DAY_TEXT - 1);
	}
	return r;
}

/* Only that account, once. */
static int pick_one(struct run *run, struct batch *batch, struct err *e)
{
	autoclean(account_release) struct account a = {0};
	int r = account_get(run->b.s, run->o->account, &a, e);

	if (r < 0)
		return r;
	if (a.parked)
		return err_set(e, E_STATE, "account %s is parked: it is not billed", a.name);
	batch->accounts[batch->n++] = a.id;
	return 0;
}

static int fill(struct run *run, struct batch *batch, struct err *e)
{
	int r = run->o->account ? pick_one(run, batch, e) : pick(run, batch, e);

	batch->drafts = mem_zalloc(sizeof(*batch->drafts) * (batch->n + 1));
	batch->faults = mem_zalloc(sizeof(*batch->faults) * (batch->n + 1));
	return r;
}

/* ---- one account ---- */

/* Is it the account that is wrong, and not the machine? */
static bool is_account_fault(int code)
{
	return code == E_INTEGRITY || code == E_LIMIT || code == E_USAGE || code == E_EXISTS ||
	       code == E_NOTFOUND || code == E_INUSE || code == E_STATE;
}

static int fault_of(const struct draft *d, int code, const struct err *why, char **fault,
	struct err *e)
{
	if (!is_account_fault(code))
		return err_set(e, code, "account %s: %s", d->a.name ? d->a.name : "?", why->msg);
	*fault = mem_strdup(why->msg);
	return 0;
}

/* Work out what becomes of the accounts; nothing is written. */
static int draft_all(struct billing *b, struct batch *batch, struct err *e)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < batch->n; i++) {
		struct err why = {0};

		if ((r = err_interrupted(e)) < 0)
			return r;
		r = draft_make(b, batch->accounts[i], &batch->drafts[i], &why);
		if (r < 0)
			r = fault_of(&batch->drafts[i], r, &why, &batch->faults[i], e);
	}
	return r;
}

static int save_subs(struct billing *b, const struct draft *d, struct job_ids *jobs, struct err *e)
{
	int r = 0;

	vec_each(&d->subs, sub)
		if (r == 0)
			r = subscription_save(b->s, sub, d->today, jobs, e);
	return r;
}

/* What is open of an invoice is settled first; the rest of the credit note goes back. */
static int refund_from(struct sxc *s, const struct draft *d, int64_t invoice, int64_t balance,
	int64_t *rest, struct job_ids *jobs, struct err *e)
{
	struct refund_sum sum;
	int r = settle_credit_only(s, d->a.id, invoice, e);

	*rest -= *rest < balance ? *rest : balance;
	if (r < 0 || (r = refund_invoice(s, invoice, *rest, "cancelled", &sum, jobs, e)) < 0)
		return r;
	*rest -= sum.booked + sum.asked;
	return 0;
}

static int refund_note(struct sxc *s, const struct draft *d, int64_t note, struct job_ids *jobs,
	struct err *e)
{
	autoclean(db_done) struct query q = {0};
	int64_t rest = -d->doc.total;
	int r = db_query(s->db, &q, e, SQL_REFUND, note);

	while (r >= 0 && (r = db_next(&q, e)) > 0)
		r = refund_from(s, d, db_i64(&q, 0), db_i64(&q, 1), &rest, jobs, e);
	return r;
}

static int bill_one(struct billing *b, struct draft *d, struct job_ids *jobs, struct err *e)
{
	int64_t id;
	int r = save_subs(b, d, jobs, e);

	if (r < 0)
		return r;
	if (d->doc.lines.n == 0) {
		r = account_set_wake(b->s, d->a.id, e);
	} else {
		draft_number(b, d);
		r = draft_store(b, d, &id, e);
		if (r == 0 && d->doc.total == 0)
			r = settle_mark(b->s, id, jobs, e);
		if (r == 0 && d->credit_note)
			r = refund_note(b->s, d, id, jobs, e);
		if (r == 0 && (d->a.credit || d->credit_note))
			r = settle_credit(b->s, d->a.id, jobs, e);
	}
	return r < 0 || !b->pending ? r : subscription_retry(b->s, d->a.id, jobs, e);
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

/* An account that fails is rolled back alone. */
static int bill_carefully(struct run *run, struct draft *d, char **fault, struct err *e)
{
	struct billing *b = &run->b;
	struct series invoices = b->invoices, credit_notes = b->credit_notes;
	int64_t seller = b->seller_id;
	struct err why = {0};
	size_t queued = run->jobs->n;
	int r = db_begin(b->s->db, e);

	if (r < 0)
		return r;
	r = bill_one(b, d, run->jobs, &why);
	if (r == 0)
		r = db_commit(b->s->db, &why);
	if (r == 0)
		return 0;
	db_rollback(b->s->db);
	b->invoices = invoices;
	b->credit_notes = credit_notes;
	b->seller_id = seller;
	run->jobs->n = queued;
	return fault_of(d, r, &why, fault, e);
}

/* ---- a batch ---- */

/*
 * An account that cannot be worked out is parked here. One that fails only as it is written is too
 * rare for a savepoint around each: it spoils the batch, which is made again carefully.
 */
static int write_account(struct run *run, struct batch *batch, size_t i, struct err *e)
{
	struct draft *d = &batch->drafts[i];
	int r = 0;

	if (batch->careful && !batch->faults[i])
		r = bill_carefully(run, d, &batch->faults[i], e);
	else if (!batch->faults[i] && (r = bill_one(&run->b, d, run->jobs, e)) < 0)
		batch->spoiled = is_account_fault(r);
	if (r < 0 || !batch->faults[i])
		return r;
	draft_release(d);
	*d = (struct draft){0};
	batch->parked++;
	return park(&run->b, batch->accounts[i], batch->faults[i], e);
}

static int write_all(struct run *run, struct batch *batch, struct err *e)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < batch->n; i++)
		if ((r = err_interrupted(e)) == 0)
			r = write_account(run, batch, i, e);
	return r < 0 ? r : billing_write_series(&run->b, e);
}

static int tell(struct run *run, const struct batch *batch, struct err *e)
{
	int r = 0;

	run->done->parked += batch->parked;
	for (size_t i = 0; r == 0 && i < batch->n; i++) {
		const struct draft *d = &batch->drafts[i];

		if (d->doc.lines.n == 0)
			continue;
		run->done->credit_notes += d->credit_note;
		run->done->invoices += !d->credit_note;
		run->done->lines += (int64_t)d->doc.lines.n;
		r = draft_tell(&run->b, d, run->fn, run->arg, e);
	}
	return r;
}

/* One row of the audit log a batch: which documents, and the digest of what they come to. */
static int audit_batch(struct run *run, const struct batch *batch, struct err *e)
{
	autostr text = STR_INIT;
	autofree char *after = NULL;
	char digest[SHA256_HEX];
	const char *first = NULL, *last = NULL;
	json_int_t made = 0;
	json_t *j;

	for (size_t i = 0; i < batch->n; i++) {
		const struct draft *d = &batch->drafts[i];

		if (d->doc.lines.n == 0)
			continue;
		str_addf(&text, "%s %s %lld\n", d->number, d->a.name, (long long)d->doc.total);
		first = first ? first : d->number;
		last = d->number;
		made++;
	}
	if (!last)
		return 0;
	sha256_buf(text.p, text.len, digest);
	j = json_pack("{s:I, s:s, s:s, s:s}", "documents", made, "first", first, "last", last,
		"sha256", digest);
	after = json_dumps(j, JSON_SORT_KEYS | JSON_COMPACT);
	json_decref(j);
	return audit_add(run->b.s, "invoice.run", last, NULL, after, e);
}

/* In one transaction. */
static int bill_batch(struct run *run, struct batch *batch, struct err *e)
{
	autorollback struct sxc *tx = NULL;
	int r = tx_begin(run->b.s, e);

	if (r < 0)
		return r;
	tx = run->b.s;
	if ((r = billing_read_series(&run->b, e)) < 0 ||
		(r = subscription_any_pending(run->b.s, &run->b.pending, e)) < 0 ||
		(r = fill(run, batch, e)) < 0 || batch->n == 0 ||
		(r = draft_all(&run->b, batch, e)) < 0 || (r = write_all(run, batch, e)) < 0 ||
		(r = audit_batch(run, batch, e)) < 0)
		return r;
	tx = NULL;
	return tx_commit(run->b.s, e);
}

/* ---- run ---- */

/* 1: there may be more, 0: that was the last. */
static int run_batch(struct run *run, bool careful, struct err *e)
{
	autobatch batch = {.careful = careful};
	struct cursor from = run->at;
	size_t queued = run->jobs->n;
	int r = bill_batch(run, &batch, e);

	if (r < 0 && batch.spoiled) {
		*e = (struct err){0};
		run->at = from;
		run->jobs->n = queued;
		return run_batch(run, true, e);
	}
	if (r < 0 || (r = tell(run, &batch, e)) < 0)
		return r;
	return !run->o->account && batch.n == BATCH;
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
	autorun run = {.o = o, .fn = fn, .arg = arg, .done = done, .jobs = jobs};
	int r;

	*done = (struct run_done){0};
	if (!s->rehearsal && (r = need_seller(s, e)) < 0)
		return r;
	if ((r = billing_begin(&run.b, s, o->until, e)) < 0)
		return r;
	while ((r = run_batch(&run, false, e)) > 0)
		;
	return r < 0 ? r : partial(done, e);
}

/* ---- preview ---- */

static int preview_one(struct run *run, int64_t account, struct err *e)
{
	autodraft d = {0};
	autofree char *fault = NULL;
	struct err why = {0};
	int r = draft_make(&run->b, account, &d, &why);

	if (r < 0 && (r = fault_of(&d, r, &why, &fault, e)) < 0)
		return r;
	if (fault) {
		run->done->parked++;
		sxc_note(run->b.s, 0, "account %s would be parked: %s", d.a.name ? d.a.name : "?",
			fault);
		return 0;
	}
	if (d.doc.lines.n == 0)
		return 0;
	draft_number(&run->b, &d);
	run->done->credit_notes += d.credit_note;
	run->done->invoices += !d.credit_note;
	run->done->lines += (int64_t)d.doc.lines.n;
	return draft_tell(&run->b, &d, run->fn, run->arg, e);
}

/* 1: there may be more, 0: that was the last. */
static int preview_batch(struct run *run, struct err *e)
{
	autobatch batch = {0};
	int r = fill(run, &batch, e);

	for (size_t i = 0; r == 0 && i < batch.n; i++)
		if ((r = err_interrupted(e)) == 0)
			r = preview_one(run, batch.accounts[i], e);
	return r < 0 ? r : !run->o->account && batch.n == BATCH;
}

int invoice_preview(struct sxc *s, const struct run_opts *o, account_row_fn fn, void *arg,
	struct run_done *done, struct err *e)
{
	autorun run = {.o = o, .fn = fn, .arg = arg, .done = done};
	int r;

	*done = (struct run_done){0};
	if ((r = billing_begin(&run.b, s, o->until, e)) < 0 ||
		(r = billing_read_series(&run.b, e)) < 0)
		return r;
	while ((r = preview_batch(&run, e)) > 0)
		;
	return r < 0 ? r : partial(done, e);
}
