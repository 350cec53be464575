/* SPDX-License-Identifier: MIT */
/* What other parts of billing need of an account, and what holds it back. */
#include <stdlib.h>

#include "biz/account.h"
#include "util/period.h"
#include "util/str.h"
#include "util/tz.h"

#define GET                                                                                        \
	"SELECT id, name, state, kind, country, currency, timezone, bill_day, terms, balance, "    \
	"credit, parked, buyer FROM account "
#define SQL_GET    GET "WHERE name = ?1"
#define SQL_GET_ID GET "WHERE id = ?1"
/* ?2, ?3: what it owes more, what credit it has more. */
#define SQL_BOOK                                                                                   \
	"UPDATE account SET balance = balance + ?2, credit = credit + ?3, wake = nullif(min("      \
	"ifnull((SELECT min(wake) FROM subscription WHERE account = ?1), '9999-12-31'), "          \
	"ifnull((SELECT min(day) FROM extra WHERE account = ?1 AND line IS NULL), "                \
	"'9999-12-31')), '9999-12-31') WHERE id = ?1"
#define SQL_HOLD                                                                                   \
	"INSERT INTO account_hold (account, kind, by, reason, since) VALUES (?1, ?2, ?3, ?4, ?5)"
#define SQL_LIFT "DELETE FROM account_hold WHERE account = ?1 AND kind = ?2"
#define SQL_STATE                                                                                  \
	"UPDATE account SET "                                                                      \
	"parked = EXISTS (SELECT 1 FROM account_hold WHERE account = ?1 AND kind = 'park'), "      \
	"state = CASE WHEN state = 'closed' THEN 'closed' "                                        \
	"WHEN EXISTS (SELECT 1 FROM account_hold WHERE account = ?1 AND kind = 'suspend') "        \
	"THEN 'suspended' "                                                                        \
	"WHEN EXISTS (SELECT 1 FROM account_hold WHERE account = ?1 AND kind = 'lock') "           \
	"THEN 'locked' "                                                                           \
	"WHEN EXISTS (SELECT 1 FROM account_hold WHERE account = ?1 AND kind = 'park') "           \
	"THEN 'parked' ELSE 'active' END WHERE id = ?1"

void account_release(struct account *a)
{
	free(a->name);
	free(a->state);
	free(a->kind);
	free(a->country);
	free(a->currency);
	free(a->timezone);
	*a = (struct account){0};
}

static void read_account(struct query *q, struct account *a)
{
	*a = (struct account){.id = db_i64(q, 0),
		.name = db_text_dup(q, 1),
		.state = db_text_dup(q, 2),
		.kind = db_text_dup(q, 3),
		.country = db_text_dup(q, 4),
		.currency = db_text_dup(q, 5),
		.timezone = db_text_dup(q, 6),
		.bill_day = db_i64(q, 7),
		.terms = db_is_null(q, 8) ? -1 : db_i64(q, 8),
		.balance = db_i64(q, 9),
		.credit = db_i64(q, 10),
		.parked = db_i64(q, 11),
		.buyer = db_i64(q, 12)};
}

int account_get_id(struct sxc *s, int64_t id, struct account *a, struct err *e)
{
	autoclean(db_done) struct query q = {0};
	int r = db_one(s->db, &q, e, SQL_GET_ID, id);

	if (r <= 0)
		return r < 0 ? r : err_set(e, E_NOTFOUND, "no account #%lld", (long long)id);
	read_account(&q, a);
	return 0;
}

int account_get(struct sxc *s, const char *name, struct account *a, struct err *e)
{
	autoclean(db_done) struct query q = {0};
	int r;

	if (name[0] == '#')
		return account_get_id(s, strtoll(name + 1, NULL, 10), a, e);
	r = db_one(s->db, &q, e, SQL_GET, name);
	if (r <= 0)
		return r < 0 ? r : err_set(e, E_NOTFOUND, "no account named '%s'", name);
	read_account(&q, a);
	return 0;
}

int account_today(struct sxc *s, const struct account *a, int64_t *day, struct err *e)
{
	autotz *tz = NULL;
	int r = tz_load(&tz, a->timezone, e);

	if (r == 0)
		*day = tz_day(tz, s->now);
	return r;
}

int account_need_active(const struct account *a, const char *what, struct err *e)
{
	if (!str_eq(a->state, "suspended") && !str_eq(a->state, "locked") &&
		!str_eq(a->state, "closed"))
		return 0;
	return err_set(e, E_STATE, "account %s is %s: %s", a->name, a->state, what);
}

int account_book(struct sxc *s, int64_t id, int64_t owes, int64_t credit, struct err *e)
{
	return db_run(s->db, e, SQL_BOOK, id, owes, credit);
}

int account_set_wake(struct sxc *s, int64_t id, struct err *e)
{
	return account_book(s, id, 0, 0, e);
}

int account_hold(struct sxc *s, const struct account *a, const char *kind, const char *by,
	const char *reason, struct err *e)
{
	int r;

	if (str_eq(a->state, "closed"))
		return err_set(e, E_STATE, "account %s is closed", a->name);
	r = db_run(s->db, e, SQL_HOLD, a->id, kind, by, reason, s->now);
	if (r == E_EXISTS)
		return err_set(e, E_STATE, "account %s is %sed already", a->name, kind);
	return r < 0 ? r : db_run(s->db, e, SQL_STATE, a->id);
}

int account_lift(struct sxc *s, const struct account *a, const char *kind, struct err *e)
{
	int r = db_run(s->db, e, SQL_LIFT, a->id, kind);

	if (r < 0)
		return r;
	if (db_changes(s->db) == 0)
		return err_set(e, E_STATE, "account %s is not %sed", a->name, kind);
	return db_run(s->db, e, SQL_STATE, a->id);
}
