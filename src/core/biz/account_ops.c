/* SPDX-License-Identifier: MIT */
#include "biz/account_ops.h"

#include <jansson.h>
#include <string.h>

#include "biz/dunning.h"
#include "biz/subscription.h"
#include "util/str.h"

#define SQL_REFUND "UPDATE subscription SET refund = 1 WHERE account = ?1 AND state <> 'ended'"
#define SQL_CLOSE  "UPDATE account SET state = 'closed' WHERE id = ?1"

static int check_reason(const char *reason, struct err *e)
{
	if (!reason || str_is_line(reason, 200))
		return 0;
	return err_set(e, E_USAGE, "a reason is one line of at most 200 bytes");
}

static int note(struct sxc *s, const char *what, const struct account *a, const char *reason,
	struct err *e)
{
	json_t *j = json_pack("{s:s?}", "reason", reason);
	autofree char *after = json_dumps(j, JSON_COMPACT);

	json_decref(j);
	return audit_add(s, what, a->name, NULL, after, e);
}

static int suspend(struct sxc *s, const struct account *a, const char *reason, struct job_ids *jobs,
	struct err *e)
{
	int r = account_hold(s, a, "suspend", "person", reason ? reason : "", e);

	return r < 0 ? r : subscription_suspend_all(s, a->id, jobs, e);
}

static int resume(struct sxc *s, const struct account *a, const char *reason, struct job_ids *jobs,
	struct err *e)
{
	int lifted = dunning_lift(s, a->id, jobs, e), r;

	(void)reason;
	if (lifted < 0)
		return lifted;
	r = account_lift(s, a, "suspend", e);
	if (r == E_STATE && lifted > 0)
		return 0;
	return r < 0 ? r : subscription_resume_all(s, a->id, jobs, e);
}

static int lock(struct sxc *s, const struct account *a, const char *reason, struct job_ids *jobs,
	struct err *e)
{
	(void)jobs;
	return account_hold(s, a, "lock", "person", reason ? reason : "", e);
}

static int unlock(struct sxc *s, const struct account *a, const char *reason, struct job_ids *jobs,
	struct err *e)
{
	(void)reason, (void)jobs;
	return account_lift(s, a, "lock", e);
}

static int park(struct sxc *s, const struct account *a, const char *reason, struct job_ids *jobs,
	struct err *e)
{
	(void)jobs;
	return account_hold(s, a, "park", "person", reason ? reason : "", e);
}

static int unpark(struct sxc *s, const struct account *a, const char *reason, struct job_ids *jobs,
	struct err *e)
{
	(void)reason, (void)jobs;
	return account_lift(s, a, "park", e);
}

typedef int op_fn(struct sxc *s, const struct account *a, const char *reason, struct job_ids *jobs,
	struct err *e);

static int run(struct sxc *s, const char *name, const char *what, op_fn *fn, const char *reason,
	struct job_ids *jobs, struct err *e)
{
	autorollback struct sxc *tx = NULL;
	autoclean(account_release) struct account a = {0};
	int r;

	if ((r = check_reason(reason, e)) < 0 || (r = tx_begin(s, e)) < 0)
		return r;
	tx = s;
	if ((r = account_get(s, name, &a, e)) < 0 || (r = fn(s, &a, reason, jobs, e)) < 0 ||
		(r = note(s, what, &a, reason, e)) < 0)
		return r;
	tx = NULL;
	return tx_commit(s, e);
}

int account_suspend(struct sxc *s, const char *name, const char *reason, struct job_ids *jobs,
	struct err *e)
{
	return run(s, name, "account.suspend", suspend, reason, jobs, e);
}

int account_resume(struct sxc *s, const char *name, struct job_ids *jobs, struct err *e)
{
	return run(s, name, "account.resume", resume, NULL, jobs, e);
}

int account_lock(struct sxc *s, const char *name, const char *reason, struct err *e)
{
	return run(s, name, "account.lock", lock, reason, NULL, e);
}

int account_unlock(struct sxc *s, const char *name, struct err *e)
{
	return run(s, name, "account.unlock", unlock, NULL, NULL, e);
}

int account_park(struct sxc *s, const char *name, const char *reason, struct err *e)
{
	return run(s, name, "account.park", park, reason, NULL, e);
}

int account_unpark(struct sxc *s, const char *name, struct err *e)
{
	return run(s, name, "account.unpark", unpark, NULL, NULL, e);
}

static int shut(struct sxc *s, const struct account *a, bool refund, struct job_ids *jobs,
	struct err *e)
{
	int r;

	if (str_eq(a->state, "closed"))
		return err_set(e, E_STATE, "account %s is closed already", a->name);
	if (refund && (r = db_run(s->db, e, SQL_REFUND, a->id)) < 0)
		return r;
	r = subscription_cancel_all(s, a, jobs, e);
	return r < 0 ? r : db_run(s->db, e, SQL_CLOSE, a->id);
}

static int shut_and_refund(struct sxc *s, const struct account *a, const char *reason,
	struct job_ids *jobs, struct err *e)
{
	(void)reason;
	return shut(s, a, true, jobs, e);
}

static int shut_only(struct sxc *s, const struct account *a, const char *reason,
	struct job_ids *jobs, struct err *e)
{
	(void)reason;
	return shut(s, a, false, jobs, e);
}

int account_close(struct sxc *s, const char *name, const char *reason, bool refund,
	struct job_ids *jobs, struct err *e)
{
	return run(s, name, "account.close", refund ? shut_and_refund : shut_only, reason, jobs, e);
}
