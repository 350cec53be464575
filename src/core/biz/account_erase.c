/* SPDX-License-Identifier: MIT */
/*
 * Forgetting a person. What tells who it was goes from every table; documents, their parties and
 * the ledger stay, for the law makes a seller keep them, and so does the audit log, which nothing
 * can change.
 */
#include "biz/account_erase.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "biz/account.h"
#include "util/str.h"

/* Each question counts what must be gone first. */
static const struct need {
	const char *sql, *what;
} needs[] = {
	{"SELECT count(*) FROM ps WHERE account = ?1", "it still has private servers"},
	{"SELECT count(*) FROM domain WHERE account = ?1", "it still has domains"},
	{"SELECT count(*) FROM subscription WHERE account = ?1 AND state <> 'ended'",
		"it still has subscriptions"},
	{"SELECT count(*) FROM extra WHERE account = ?1 AND line IS NULL",
		"it is still to be charged something: \"sxc invoice run\""},
	{"SELECT count(*) FROM subscription WHERE account = ?1 AND wake IS NOT NULL",
		"its final invoice is not made yet: \"sxc invoice run\""},
	{"SELECT count(*) FROM charge WHERE account = ?1 AND state NOT IN "
	 "('paid', 'failed', 'dropped')",
		"it is not known yet what became of a charge: \"sxc invoice charges\""},
};

/* In this order; ?1 is the account, ?2 its new name. */
static const char *const statements[] = {
	"UPDATE account SET name = ?2, email = '', contact = '{}', tax_id = NULL, buyer = NULL "
	"WHERE id = ?1",
	"UPDATE subscription SET label = NULL, request = NULL WHERE account = ?1",
	"UPDATE method SET state = 'removed', token = NULL, label = NULL, url = NULL, error = NULL "
	"WHERE account = ?1",
	"UPDATE charge SET url = NULL WHERE account = ?1",
	"DELETE FROM mail WHERE account = ?1 AND state <> 'sent'",
	"UPDATE mail SET recipient = NULL, subject = NULL, body = NULL, data = NULL, error = NULL "
	"WHERE account = ?1",
	"UPDATE account_hold SET reason = '' WHERE account = ?1",
	"DELETE FROM ticket_attachment WHERE message IN (SELECT m.id FROM ticket_message m "
	"JOIN ticket t ON t.id = m.ticket WHERE t.account = ?1)",
	"UPDATE ticket_message SET body = '(erased)', "
	"author = CASE kind WHEN 'customer' THEN ?2 ELSE author END "
	"WHERE ticket IN (SELECT id FROM ticket WHERE account = ?1)",
	"UPDATE ticket SET subject = '(erased)', state = iif(state = 'merged', state, 'closed'), "
	"closed = coalesce(closed, ?3), about_kind = NULL, about = NULL WHERE account = ?1",
};

/* The index of words cannot forget single ones whose text has changed: it is made anew. */
#define SQL_NO_WORDS "INSERT INTO ticket_words (ticket_words) VALUES ('delete-all')"
#define SQL_WORDS                                                                                  \
	"INSERT INTO ticket_words (rowid, subject, body) SELECT m.id, t.subject, m.body "          \
	"FROM ticket_message m JOIN ticket t ON t.id = m.ticket"
#define SQL_TICKETS "SELECT count(*) FROM ticket WHERE account = ?1"

static int check(struct sxc *s, const struct account *a, struct err *e)
{
	if (!str_eq(a->state, "closed"))
		return err_set(e, E_STATE, "account %s is %s: \"sxc account close\" it first",
			a->name, a->state);
	if (a->balance || a->credit)
		return err_set(e, E_STATE,
			"account %s %s: settle that first (pay, write off, refund)", a->name,
			a->balance ? "owes something" : "has credit");
	for (size_t i = 0; i < ARRAY_LEN(needs); i++) {
		int64_t n = 0;
		int r = db_get_i64(s->db, &n, e, needs[i].sql, a->id);

		if (r < 0)
			return r;
		if (n)
			return err_set(e, E_INUSE, "account %s: %s", a->name, needs[i].what);
	}
	return 0;
}

static int forget_words(struct sxc *s, int64_t account, struct err *e)
{
	int64_t tickets = 0;
	int r = db_get_i64(s->db, &tickets, e, SQL_TICKETS, account);

	if (r < 0 || !tickets)
		return r < 0 ? r : 0;
	r = db_run(s->db, e, SQL_NO_WORDS);
	return r < 0 ? r : db_run(s->db, e, SQL_WORDS);
}

static int erase(struct sxc *s, const struct account *a, const char *name, const char *reason,
	struct err *e)
{
	json_t *j = json_pack("{s:s}", "reason", reason);
	autofree char *after = json_dumps(j, JSON_COMPACT);
	int r = 0;

	json_decref(j);
	for (size_t i = 0; r == 0 && i < ARRAY_LEN(statements); i++) {
		bool named = strstr(statements[i], "?2"), dated = strstr(statements[i], "?3");

		r = dated   ? db_run(s->db, e, statements[i], a->id, name, s->now)
		    : named ? db_run(s->db, e, statements[i], a->id, name)
		            : db_run(s->db, e, statements[i], a->id);
	}
	if (r < 0 || (r = forget_words(s, a->id, e)) < 0)
		return r;
	return audit_add(s, "account.erase", name, NULL, after, e);
}

int account_erase(struct sxc *s, const char *name, const char *reason, char erased[32],
	struct err *e)
{
	autoclean(account_release) struct account a = {0};
	autorollback struct sxc *tx = NULL;
	int r;

	if (!reason || !str_is_line(reason, 200))
		return err_set(e, E_USAGE, "say why with --reason: one line of at most 200 bytes");
	if ((r = tx_begin(s, e)) < 0)
		return r;
	tx = s;
	if ((r = account_get(s, name, &a, e)) < 0 || (r = check(s, &a, e)) < 0)
		return r;
	snprintf(erased, 32, "erased-%lld", (long long)a.id);
	if ((r = erase(s, &a, erased, reason, e)) < 0)
		return r;
	tx = NULL;
	return tx_commit(s, e);
}
