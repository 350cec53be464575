/* SPDX-License-Identifier: MIT */
/* The queue of messages. */
#include "biz/mail.h"

#include "biz/account.h"
#include "biz/invoice.h"
#include "util/str.h"

#define SQL_ADD                                                                                    \
	"INSERT OR IGNORE INTO mail (key, template, account, invoice, data, next, created) "       \
	"VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6)"
#define ROW                                                                                        \
	"SELECT m.id, m.template, a.name, i.number, coalesce(m.recipient, a.email), m.subject, "   \
	"m.state, m.error, m.key, m.attempts, CASE m.state WHEN 'queued' THEN m.next ELSE 0 END, " \
	"m.sent, m.created, m.nonce FROM mail m LEFT JOIN account a ON a.id = m.account "          \
	"LEFT JOIN invoice i ON i.id = m.invoice "
#define SQL_LIST   ROW "WHERE (?1 IS NULL OR m.account = (SELECT id FROM account WHERE name = ?1)) "
#define SQL_ALL    SQL_LIST "ORDER BY m.id"
#define SQL_UNDONE SQL_LIST "AND m.state <> 'sent' ORDER BY m.id"
#define SQL_SHOW   ROW "WHERE m.id = ?1"
#define SQL_STATE  "SELECT state FROM mail WHERE id = ?1"
/* What was refused is rendered anew; what may have arrived keeps every byte. */
#define SQL_RETRY                                                                                  \
	"UPDATE mail SET next = ?2, error = NULL, dated = iif(state = 'unknown', dated, NULL), "   \
	"subject = iif(state = 'unknown', subject, NULL), "                                        \
	"body = iif(state = 'unknown', body, NULL), state = 'queued' WHERE id = ?1"
#define SQL_TO_RETRY "SELECT id FROM mail WHERE state = 'failed' OR (?1 AND state = 'unknown')"
#define SQL_INVOICE  "SELECT id, account, kind, state FROM invoice WHERE number = ?1"
#define SQL_COUNT    "SELECT count(*) FROM mail WHERE invoice = ?1"

int mail_is_on(struct sxc *s, struct err *e)
{
	autofree char *command = NULL;
	int r = config_get(s, "mail.command", &command, e);

	return r < 0 ? r : command != NULL;
}

int mail_queue(struct sxc *s, const struct mail_new *m, struct err *e)
{
	autofree char *data = m->values ? json_dumps(m->values, JSON_COMPACT | JSON_SORT_KEYS)
	                                : NULL;
	int r = mail_is_on(s, e);

	json_decref(m->values);
	if (r <= 0)
		return r;
	r = db_run(s->db, e, SQL_ADD, m->key, m->template, db_ref(m->account), db_ref(m->invoice),
		data, s->now);
	return r < 0 ? r : db_changes(s->db) == 1;
}

int mail_document(struct sxc *s, int64_t account, int64_t invoice, bool credit_note, struct err *e)
{
	autofree char *key = str_fmt("invoice %lld opened", (long long)invoice);
	struct mail_new m = {.key = key,
		.template = credit_note ? "credit-note" : "invoice",
		.account = account,
		.invoice = invoice};
	int r = mail_queue(s, &m, e);

	return r < 0 ? r : 0;
}

/* ---- once more ---- */

static int note(struct sxc *s, const char *what, int64_t id, struct err *e)
{
	autofree char *object = str_fmt("mail %lld", (long long)id);

	return audit_add(s, what, object, NULL, NULL, e);
}

static int retry(struct sxc *s, int64_t id, struct err *e)
{
	int r = db_run(s->db, e, SQL_RETRY, id, s->now);

	return r < 0 ? r : note(s, "mail.retry", id, e);
}

int mail_retry(struct sxc *s, int64_t id, struct err *e)
{
	autorollback struct sxc *tx = NULL;
	autofree char *state = NULL;
	int r = tx_begin(s, e);

	if (r < 0)
		return r;
	tx = s;
	if ((r = db_get_text(s->db, &state, e, SQL_STATE, id)) <= 0)
		return r < 0 ? r : err_set(e, E_NOTFOUND, "no mail %lld", (long long)id);
	if (str_eq(state, "sent") || str_eq(state, "sending"))
		return err_set(e, E_STATE, "mail %lld is %s: it is not sent twice", (long long)id,
			str_eq(state, "sent") ? "sent" : "being sent");
	if ((r = retry(s, id, e)) < 0)
		return r;
	tx = NULL;
	return tx_commit(s, e);
}

static int collect(struct sxc *s, bool unknown, struct job_ids *ids, struct err *e)
{
	autoclean(db_done) struct query q = {0};
	int r = db_query(s->db, &q, e, SQL_TO_RETRY, unknown);

	while (r >= 0 && (r = db_next(&q, e)) > 0)
		vec_push(ids, db_i64(&q, 0));
	return r;
}

int mail_retry_all(struct sxc *s, bool unknown, struct err *e)
{
	autorollback struct sxc *tx = NULL;
	autojobs ids = {0};
	int r = tx_begin(s, e);

	if (r < 0)
		return r;
	tx = s;
	r = collect(s, unknown, &ids, e);
	for (size_t i = 0; r == 0 && i < ids.n; i++)
		r = retry(s, ids.v[i], e);
	if (r < 0)
		return r;
	tx = NULL;
	r = tx_commit(s, e);
	return r < 0 ? r : (int)ids.n;
}

struct document {
	int64_t id, account;
	char *kind, *state;
};

static void document_release(struct document *d)
{
	free(d->kind);
	free(d->state);
}

static int get_document(struct sxc *s, const char *number, struct document *d, struct err *e)
{
	autoclean(db_done) struct query q = {0};
	int r = db_one(s->db, &q, e, SQL_INVOICE, number);

	if (r <= 0)
		return r < 0 ? r : err_set(e, E_NOTFOUND, "no invoice named '%s'", number);
	*d = (struct document){db_i64(&q, 0), db_i64(&q, 1), db_text_dup(&q, 2),
		db_text_dup(&q, 3)};
	return 0;
}

/* A person asks for it: each time is another message. */
static int queue_again(struct sxc *s, const struct document *d, bool reminder, struct err *e)
{
	autofree char *key = NULL;
	int64_t before = 0;
	int r = db_get_i64(s->db, &before, e, SQL_COUNT, d->id);

	key = str_fmt("invoice %lld again %lld", (long long)d->id, (long long)before);
	struct mail_new m = {.key = key,
		.template = reminder ? "reminder" : d->kind,
		.account = d->account,
		.invoice = d->id};

	if (r < 0 || (r = mail_queue(s, &m, e)) < 0)
		return r;
	if (r == 0)
		return err_set(e, E_STATE, "mail is off: set mail.command with \"sxc config set\"");
	return 0;
}

int mail_send_again(struct sxc *s, const char *invoice, bool reminder, struct err *e)
{
	autoclean(document_release) struct document d = {0};
	autorollback struct sxc *tx = NULL;
	int r = tx_begin(s, e);

	if (r < 0)
		return r;
	tx = s;
	if ((r = get_document(s, invoice, &d, e)) < 0)
		return r;
	if (reminder && !str_eq(d.state, "open"))
		return err_set(e, E_STATE, "%s is %s: there is nothing to remind of", invoice,
			d.state);
	if ((r = queue_again(s, &d, reminder, e)) < 0 ||
		(r = audit_add(s, reminder ? "invoice.remind" : "invoice.send", invoice, NULL, NULL,
			 e)) < 0)
		return r;
	tx = NULL;
	return tx_commit(s, e);
}

/* ---- reading ---- */

static int tell(struct query *q, mail_row_fn fn, void *arg, struct err *e)
{
	autofree char *message_id = str_fmt("sxc-%lld-%s", (long long)db_i64(q, 0), db_text(q, 13));
	struct mail_row row = {.mail = db_i64(q, 0),
		.template = db_text(q, 1),
		.account = db_text(q, 2),
		.invoice = db_text(q, 3),
		.recipient = db_text(q, 4),
		.subject = db_text(q, 5),
		.state = db_text(q, 6),
		.error = db_text(q, 7),
		.key = db_text(q, 8),
		.attempts = db_i64(q, 9),
		.next = db_i64(q, 10),
		.sent = db_i64(q, 11),
		.created = db_i64(q, 12),
		.message_id = message_id};

	return fn(arg, &row, e);
}

int mail_list(struct sxc *s, const char *account, bool all, mail_row_fn fn, void *arg,
	struct err *e)
{
	autoclean(db_done) struct query q = {0};
	int r = db_query(s->db, &q, e, all ? SQL_ALL : SQL_UNDONE, account);

	while (r >= 0 && (r = db_next(&q, e)) > 0)
		r = tell(&q, fn, arg, e);
	return r;
}

int mail_show(struct sxc *s, int64_t id, mail_row_fn fn, void *arg, struct err *e)
{
	autoclean(db_done) struct query q = {0};
	int r = db_one(s->db, &q, e, SQL_SHOW, id);

	if (r <= 0)
		return r < 0 ? r : err_set(e, E_NOTFOUND, "no mail %lld", (long long)id);
	return tell(&q, fn, arg, e);
}
