/* SPDX-License-Identifier: MIT */
/* Bringing about what was ordered, stopping and starting it. */
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "biz/subscription_int.h"
#include "util/str.h"

#define SQL_ACTIVATE                                                                               \
	"UPDATE subscription SET state = 'active', "                                               \
	"provided = coalesce(?2, provided) WHERE id = ?1"
#define SQL_WAITING                                                                                \
	"SELECT s.id FROM subscription s WHERE s.account = ?1 AND s.state = 'pending' AND EXISTS " \
	"(SELECT 1 FROM invoice_line l JOIN invoice i ON i.id = l.invoice "                        \
	"WHERE l.subscription = s.id AND i.state = 'paid' AND i.kind = 'invoice' "                 \
	"AND NOT EXISTS (SELECT 1 FROM invoice_line c WHERE c.credits = l.id))"
#define SQL_ANY_PENDING "SELECT EXISTS (SELECT 1 FROM subscription WHERE state = 'pending')"
#define SQL_WAIT                                                                                   \
	"UPDATE subscription SET state = 'pending', provided = NULL, "                             \
	"wake = min(coalesce(wake, ?2), ?2) WHERE id = ?1"
#define SQL_WAKE      "UPDATE subscription SET wake = min(coalesce(wake, ?2), ?2) WHERE id = ?1"
#define SQL_IN_STATE  "SELECT id FROM subscription WHERE account = ?1 AND state = ?2 ORDER BY id"
#define SQL_SET_STATE "UPDATE subscription SET state = ?2 WHERE id = ?1"

static int collect(struct sxc *s, const char *sql, int64_t account, const char *state,
	struct job_ids *ids, struct err *e)
{
	autoclean(db_done) struct query q = {0};
	int r = state ? db_query(s->db, &q, e, sql, account, state)
	              : db_query(s->db, &q, e, sql, account);

	while (r >= 0 && (r = db_next(&q, e)) > 0)
		vec_push(ids, db_i64(&q, 0));
	return r;
}

/* ---- after the first payment ---- */

/* The key text in a file of its own that lives as long as the descriptor. */
static int key_file(const char *text, char *path, size_t size, int *fd, struct err *e)
{
	size_t n = strlen(text);

	*fd = memfd_create("key", MFD_CLOEXEC);
	if (*fd < 0 || write(*fd, text, n) != (ssize_t)n)
		return err_sys(e, "cannot keep the key at hand");
	snprintf(path, size, "/proc/self/fd/%d", *fd);
	return 0;
}

static int provision(struct sxc *s, const struct sub *sub, const json_t *kept, int64_t *job,
	int64_t *term, struct err *e)
{
	autofree char *provides = NULL, *best = NULL;
	struct provision_request req = {.domain = json_string_value(
						json_object_get(kept, "domain")),
		.on = json_string_value(json_object_get(kept, "on")),
		.hostname = json_string_value(json_object_get(kept, "hostname")),
		.image = json_string_value(json_object_get(kept, "image")),
		.name = json_string_value(json_object_get(kept, "name"))};
	const char *key = json_string_value(json_object_get(kept, "key"));
	autoclose int fd = -1;
	struct cur_term cur;
	char path[32];
	int r;

	if (key && (r = key_file(key, path, sizeof(path), &fd, e)) < 0)
		return r;
	req.key = key ? path : NULL;
	if ((r = sub_term_at(s, sub->id, s->now / 86400, &cur, e)) < 0 ||
		(r = sub_provides(s, cur.id, &provides, &best, e)) < 0)
		return r;
	*term = cur.id;
	return provision_queue(s, sub->id, provides, best, &req, job, e);
}

/* In a savepoint of its own: money that has come in is not refused because a server is full. */
static int try_provision(struct sxc *s, const struct sub *sub, int64_t *job, int64_t *term,
	struct err *e)
{
	json_t *kept = sub->request ? json_loads(sub->request, 0, NULL) : NULL;
	autotx struct db *tx = NULL;
	int r = db_begin(s->db, e);

	if (r == 0) {
		tx = s->db;
		r = provision(s, sub, kept, job, term, e);
	}
	json_decref(kept);
	if (r < 0)
		return r;
	tx = NULL;
	return db_commit(s->db, e);
}

int subscription_paid(struct sxc *s, int64_t id, struct job_ids *jobs, struct err *e)
{
	autosub sub = {0};
	struct err why = {0};
	char name[96], today[DAY_TEXT];
	int64_t job = 0, term = 0;
	int r = sub_get(s, id, &sub, e);

	if (r < 0)
		return r;
	r = try_provision(s, &sub, &job, &term, &why);
	if (sub_is_refusal(r)) {
		sub_name(&sub, name, sizeof(name));
		sxc_note(s, 0, "%s is paid but cannot be provided yet: %s", name, why.msg);
		r = db_run(s->db, e, SQL_WAKE, id, day_format(s->now / 86400, today));
		return r < 0 ? r : account_set_wake(s, sub.account, e);
	}
	if (r < 0)
		return err_set(e, r, "%s", why.msg);
	if (job)
		vec_push(jobs, job);
	return db_run(s->db, e, SQL_ACTIVATE, id, job ? db_arg_i64(term) : db_null());
}

int subscription_any_pending(struct sxc *s, bool *any, struct err *e)
{
	int64_t found = 0;
	int r = db_get_i64(s->db, &found, e, SQL_ANY_PENDING);

	*any = found;
	return r < 0 ? r : 0;
}

int subscription_retry(struct sxc *s, int64_t account, struct job_ids *jobs, struct err *e)
{
	autojobs ids = {0};
	int r = collect(s, SQL_WAITING, account, NULL, &ids, e);

	for (size_t i = 0; r == 0 && i < ids.n; i++)
		r = subscription_paid(s, ids.v[i], jobs, e);
	return r;
}

static int wait_again(struct sxc *s, const struct sub *sub, const char *name, struct err *e)
{
	char today[DAY_TEXT];
	int r = db_run(s->db, e, SQL_WAIT, sub->id, day_format(s->now / 86400, today));

	if (r < 0)
		return r;
	sxc_note(s, 0, "%s waits again: every run tries to provide it", name);
	return account_set_wake(s, sub->account, e);
}

int provision_gave_up(struct sxc *s, int64_t subscription, struct err *e)
{
	autoclean(plan_offer_release) struct plan_offer o = {0};
	autojobs none = {0};
	autosub sub = {0};
	struct cur_term cur;
	char name[96];
	int64_t today;
	int r;

	if ((r = sub_get(s, subscription, &sub, e)) < 0 || str_eq(sub.state, "ended"))
		return r;
	if ((r = account_today(s, &sub.a, &today, e)) < 0 ||
		(r = sub_term_at(s, sub.id, today, &cur, e)) < 0 ||
		(r = plan_offer_version(s, cur.version, sub.currency, &o, e)) < 0)
		return r;
	sub_name(&sub, name, sizeof(name));
	if (o.paid_first)
		return wait_again(s, &sub, name, e);
	sxc_note(s, 0, "the order of %s is taken back", name);
	return sub_end_on(s, &sub, sub.start, today, &none, e);
}

/* ---- suspend, resume ---- */

typedef int provision_fn(struct sxc *s, int64_t subscription, int64_t *job, struct err *e);

static int each(struct sxc *s, int64_t account, const char *from, const char *to, provision_fn *fn,
	struct job_ids *jobs, struct err *e)
{
	autojobs ids = {0};
	int r = collect(s, SQL_IN_STATE, account, from, &ids, e);

	for (size_t i = 0; r == 0 && i < ids.n; i++) {
		int64_t job = 0;

		r = fn(s, ids.v[i], &job, e);
		if (job)
			vec_push(jobs, job);
		if (r == 0)
			r = db_run(s->db, e, SQL_SET_STATE, ids.v[i], to);
	}
	return r;
}

int subscription_suspend_all(struct sxc *s, int64_t account, struct job_ids *jobs, struct err *e)
{
	return each(s, account, "active", "suspended", provision_suspend, jobs, e);
}

int subscription_resume_all(struct sxc *s, int64_t account, struct job_ids *jobs, struct err *e)
{
	return each(s, account, "suspended", "active", provision_resume, jobs, e);
}
