/* SPDX-License-Identifier: MIT */
#include "biz/method.h"

#include <jansson.h>
#include <string.h>

#include "biz/account.h"
#include "biz/settle.h"
#include "util/vec.h"

#define SQL_NUMBER "SELECT coalesce(max(number), 0) + 1 FROM method WHERE account = ?1"
#define SQL_ADD                                                                                    \
	"INSERT INTO method (account, number, gateway, state, token, label, created) "             \
	"VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)"
#define SQL_GET                                                                                    \
	"SELECT m.key, g.name, a.name, a.email, m.number, m.attempts FROM method m "               \
	"JOIN gateway g ON g.id = m.gateway JOIN account a ON a.id = m.account WHERE m.id = ?1"
#define SQL_ANSWER                                                                                 \
	"UPDATE method SET state = ?2, token = coalesce(?3, token), label = coalesce(?4, label), " \
	"url = ?5, error = ?6, attempts = attempts + 1, next = ?7 WHERE id = ?1"
#define SQL_FIND "SELECT id FROM method WHERE account = ?1 AND number = ?2 AND state <> 'removed'"
#define SQL_BUSY                                                                                   \
	"SELECT count(*) FROM charge WHERE method = ?1 AND state NOT IN ('paid', 'failed', "       \
	"'dropped', 'queued')"
#define SQL_REMOVE  "UPDATE method SET state = 'removed', token = NULL, url = NULL WHERE id = ?1"
#define SQL_PENDING "SELECT id FROM method WHERE state = 'pending' AND next <= ?1 ORDER BY id"
#define SQL_OF                                                                                     \
	"SELECT id, gateway FROM method WHERE account = ?1 AND state = 'active' "                  \
	"ORDER BY number DESC LIMIT 1"
#define SQL_LIST                                                                                   \
	"SELECT m.number, a.name, g.name, m.state, m.label, m.url, m.error, m.created, "           \
	"m.state = 'active' AND m.number = (SELECT max(n.number) FROM method n "                   \
	"WHERE n.account = m.account AND n.state = 'active') FROM method m "                       \
	"JOIN account a ON a.id = m.account JOIN gateway g ON g.id = m.gateway "                   \
	"WHERE m.state <> 'removed' AND (?1 IS NULL OR m.account = (SELECT id FROM account "       \
	"WHERE name = ?1)) ORDER BY m.account, m.number"

#define ASK_AGAIN 300 /* seconds until a page that is not filled in is asked after again */

void method_done_release(struct method_done *d)
{
	free(d->url);
}

/* ---- add ---- */

/* Luhn's check (ISO/IEC 7812): 13 to 19 digits that fit are a card number, and kept nowhere. */
static bool is_card_number(const char *token)
{
	int sum = 0, digits = 0;

	for (const char *p = token + strlen(token); p-- > token;) {
		int d = *p - '0';

		if (*p == ' ' || *p == '-')
			continue;
		if (d < 0 || d > 9)
			return false;
		if (digits++ % 2)
			d = d * 2 > 9 ? d * 2 - 9 : d * 2;
		sum += d;
	}
	return digits >= 13 && digits <= 19 && sum % 10 == 0;
}

static int check(const struct method_new *n, struct err *e)
{
	if (n->token && !str_is_line(n->token, 500))
		return err_set(e, E_USAGE, "a token is one line of at most 500 bytes");
	if (n->token && is_card_number(n->token))
		return err_set(e, E_USAGE,
			"that is the number of a card: sxc takes the gateway's token for it, or "
			"asks the gateway for a page where the customer enters it");
	if (n->label && !str_is_line(n->label, 100))
		return err_set(e, E_USAGE, "a label is one line of at most 100 bytes");
	return 0;
}

static int note(struct sxc *s, const char *what, const char *account, int64_t number,
	const char *gateway, struct err *e)
{
	json_t *j = json_pack("{s:I, s:s?}", "method", (json_int_t)number, "gateway", gateway);
	autofree char *after = json_dumps(j, JSON_COMPACT | JSON_SORT_KEYS);

	json_decref(j);
	return audit_add(s, what, account, NULL, after, e);
}

static int insert(struct sxc *s, const struct method_new *n, struct method_done *done,
	struct err *e)
{
	autoclean(account_release) struct account a = {0};
	int64_t gateway;
	int r;

	if ((r = account_get(s, n->account, &a, e)) < 0 ||
		(r = gateway_find(s, n->gateway, &gateway, e)) < 0)
		return r;
	if (str_eq(a.state, "closed"))
		return err_set(e, E_STATE, "account %s is closed", a.name);
	strncpy(done->state, n->token ? "active" : "pending", sizeof(done->state) - 1);
	if ((r = db_get_i64(s->db, &done->number, e, SQL_NUMBER, a.id)) < 0 ||
		(r = db_run(s->db, e, SQL_ADD, a.id, done->number, gateway, done->state, n->token,
			 n->label, s->now)) < 0)
		return r;
	done->id = db_last_id(s->db);
	return note(s, "account.method.add", a.name, done->number, n->gateway, e);
}

/* ---- what the gateway says ---- */

struct asked {
	char *key, *gateway, *account, *email;
	int64_t number, attempts;
};

static void asked_release(struct asked *a)
{
	free(a->key);
	free(a->gateway);
	free(a->account);
	free(a->email);
}

static int read_asked(struct sxc *s, int64_t id, struct asked *a, struct err *e)
{
	autoclean(db_done) struct query q = {0};
	int r = db_one(s->db, &q, e, SQL_GET, id);

	if (r <= 0)
		return r < 0 ? r : err_set(e, E_NOTFOUND, "no such method");
	*a = (struct asked){db_text_dup(&q, 0), db_text_dup(&q, 1), db_text_dup(&q, 2),
		db_text_dup(&q, 3), db_i64(&q, 4), db_i64(&q, 5)};
	return 0;
}

static const char *state_of(const struct gateway_answer *a)
{
	if (a->result == GATEWAY_PAID)
		return a->token && !is_card_number(a->token) ? "active" : "failed";
	return a->result == GATEWAY_FAILED ? "failed" : "pending";
}

static int write_answer(struct sxc *s, int64_t id, const struct gateway_answer *a, struct err *e)
{
	autorollback struct sxc *tx = NULL;
	const char *state = state_of(a);
	bool set_up = str_eq(state, "active"), waits = str_eq(state, "pending");
	const char *why = set_up                      ? NULL
	                  : a->message                ? a->message
	                  : a->result == GATEWAY_PAID ? "it gave no token"
	                                              : NULL;
	int r = tx_begin(s, e);

	if (r < 0)
		return r;
	tx = s;
	r = db_run(s->db, e, SQL_ANSWER, id, state, set_up ? a->token : NULL, a->label,
		waits ? a->url : NULL, why, s->now + ASK_AGAIN);
	if (r < 0)
		return r;
	tx = NULL;
	return tx_commit(s, e);
}

static int ask(struct sxc *s, int64_t id, const char *verb, struct gateway_answer *answer,
	struct err *e)
{
	autoclean(asked_release) struct asked a = {0};
	autostr lines = STR_INIT;
	int r = read_asked(s, id, &a, e);

	if (r < 0)
		return r;
	gateway_ask(&lines, "key", a.key);
	gateway_ask(&lines, "of", "setup");
	gateway_ask(&lines, "account", a.account);
	gateway_ask(&lines, "email", a.email);
	if ((r = gateway_call(s, a.gateway, verb, a.key, &lines, answer, e)) < 0)
		return r;
	return write_answer(s, id, answer, e);
}

static int set_up(struct sxc *s, struct method_done *done, struct err *e)
{
	autoanswer a = {0};
	int r = ask(s, done->id, "setup", &a, e);

	if (r < 0)
		return r;
	strncpy(done->state, state_of(&a), sizeof(done->state) - 1);
	done->url = str_eq(done->state, "pending") && a.url ? mem_strdup(a.url) : NULL;
	if (str_eq(done->state, "failed"))
		return err_set(e, E_FAIL, "the gateway refuses it%s%s", a.message ? ": " : "",
			a.message ? a.message : "");
	return 0;
}

int method_add(struct sxc *s, const struct method_new *n, struct method_done *done, struct err *e)
{
	autorollback struct sxc *tx = NULL;
	int r;

	*done = (struct method_done){0};
	if ((r = check(n, e)) < 0 || (r = tx_begin(s, e)) < 0)
		return r;
	tx = s;
	if ((r = insert(s, n, done, e)) < 0)
		return r;
	tx = NULL;
	if ((r = tx_commit(s, e)) < 0 || n->token || s->dry_run)
		return r;
	return set_up(s, done, e);
}

int method_ask_pending(struct sxc *s, struct err *e)
{
	autojobs ids = {0};
	int left = 0, r;

	{
		autoclean(db_done) struct query q = {0};

		r = db_query(s->db, &q, e, SQL_PENDING, s->now);
		while (r >= 0 && (r = db_next(&q, e)) > 0)
			vec_push(&ids, db_i64(&q, 0));
	}
	for (size_t i = 0; r == 0 && i < ids.n; i++) {
		autoanswer a = {0};
		struct err why = {0};

		if (ask(s, ids.v[i], "status", &a, &why) < 0)
			sxc_note(s, 0, "method #%lld: %s", (long long)ids.v[i], why.msg);
		left += str_eq(state_of(&a), "pending");
		r = err_interrupted(e);
	}
	return r < 0 ? r : left;
}

/* ---- remove, list ---- */

static int drop(struct sxc *s, const char *account, int64_t number, struct err *e)
{
	autoclean(account_release) struct account a = {0};
	int64_t id, busy = 0;
	int r = account_get(s, account, &a, e);

	if (r < 0 || (r = db_get_i64(s->db, &id, e, SQL_FIND, a.id, number)) < 0)
		return r;
	if (r == 0)
		return err_set(e, E_NOTFOUND, "account %s has no method %lld", a.name,
			(long long)number);
	if ((r = db_get_i64(s->db, &busy, e, SQL_BUSY, id)) < 0)
		return r;
	if (busy)
		return err_set(e, E_INUSE,
			"it is not known yet what became of a charge on it: see \"sxc invoice "
			"charges\"");
	if ((r = db_run(s->db, e, SQL_REMOVE, id)) < 0)
		return r;
	return note(s, "account.method.remove", a.name, number, NULL, e);
}

int method_remove(struct sxc *s, const char *account, int64_t number, struct err *e)
{
	autorollback struct sxc *tx = NULL;
	int r = tx_begin(s, e);

	if (r < 0)
		return r;
	tx = s;
	if ((r = drop(s, account, number, e)) < 0)
		return r;
	tx = NULL;
	return tx_commit(s, e);
}

int method_list(struct sxc *s, const char *account, gateway_row_fn fn, void *arg, struct err *e)
{
	autoclean(db_done) struct query q = {0};
	int r = db_query(s->db, &q, e, SQL_LIST, account);

	while (r >= 0 && (r = db_next(&q, e)) > 0) {
		struct method_row row = {.method = db_i64(&q, 0),
			.account = db_text(&q, 1),
			.gateway = db_text(&q, 2),
			.state = db_text(&q, 3),
			.label = db_text(&q, 4),
			.url = db_text(&q, 5),
			.error = db_text(&q, 6),
			.created = db_i64(&q, 7),
			.charged = db_i64(&q, 8)};

		r = fn(arg, &row, e);
	}
	return r;
}

int method_of(struct sxc *s, int64_t account, int64_t *method, int64_t *gateway, struct err *e)
{
	autoclean(db_done) struct query q = {0};
	int r = db_one(s->db, &q, e, SQL_OF, account);

	if (r > 0) {
		*method = db_i64(&q, 0);
		*gateway = db_i64(&q, 1);
	}
	return r;
}
