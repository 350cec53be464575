/* SPDX-License-Identifier: MIT */
#include "biz/ticket.h"

#include <jansson.h>
#include <string.h>

#include "biz/ticket_text.h"

#define SQL_ADD                                                                                    \
	"INSERT INTO ticket (account, subject, priority, about_kind, about, created, updated) "    \
	"SELECT id, ?2, coalesce(?3, 'normal'), ?4, ?5, ?6, ?6 FROM account WHERE name = ?1"
#define SQL_STATE "SELECT state, account, merged_into FROM ticket WHERE id = ?1"
#define SQL_SET_STATE                                                                              \
	"UPDATE ticket SET state = ?2, updated = ?3, merged_into = ?4, "                           \
	"closed = CASE WHEN ?2 IN ('closed', 'merged') THEN ?3 END WHERE id = ?1"
#define SQL_TOUCH  "UPDATE ticket SET updated = ?2 WHERE id = ?1"
#define SQL_VALUES "SELECT subject, priority, assigned, about_kind, about FROM ticket WHERE id = ?1"
#define SQL_SET                                                                                    \
	"UPDATE ticket SET subject = ?2, priority = ?3, assigned = ?4, about_kind = ?5, "          \
	"about = ?6, updated = ?7 WHERE id = ?1"
#define SQL_MOVE "UPDATE ticket_message SET ticket = ?2 WHERE ticket = ?1"

/* ---- what every change does ---- */

/* The end of a change: its row in the audit log, then commit, or nothing in a dry run. */
static int finish(struct sxc *s, const char *what, int64_t id, json_t *before, json_t *after,
	struct err *e)
{
	autofree char *name = str_fmt("%lld", (long long)id);
	autofree char *old = before ? json_dumps(before, JSON_COMPACT) : NULL;
	autofree char *new = after ? json_dumps(after, JSON_COMPACT) : NULL;
	int r = audit_add(s, what, name, old, new, e);

	if (r < 0 || !s->dry_run)
		return r < 0 ? r : tx_commit(s, e);
	tx_rollback(s);
	return 0;
}

static void json_cleanup(json_t **j)
{
	json_decref(*j);
}
#define autojson autoclean(json_cleanup) json_t

struct current {
	char state[16];
	int64_t account, merged_into;
};

static int look(struct sxc *s, int64_t id, struct current *c, struct err *e)
{
	autoclean(db_done) struct query q = {0};
	int r = db_one(s->db, &q, e, SQL_STATE, id);

	if (r < 0)
		return r;
	if (r == 0)
		return err_set(e, E_NOTFOUND, "no ticket %lld", (long long)id);
	*c = (struct current){{0}, db_i64(&q, 1), db_i64(&q, 2)};
	strncpy(c->state, db_text(&q, 0), sizeof(c->state) - 1);
	return 0;
}

/* The ticket, which must not have been merged into another. */
static int look_own(struct sxc *s, int64_t id, struct current *c, struct err *e)
{
	int r = look(s, id, c, e);

	if (r == 0 && c->merged_into)
		return err_set(e, E_STATE, "ticket %lld was merged into ticket %lld", (long long)id,
			(long long)c->merged_into);
	return r;
}

static int set_state(struct sxc *s, int64_t id, const char *state, int64_t into, struct err *e)
{
	return db_run(s->db, e, SQL_SET_STATE, id, state, s->now, db_ref(into));
}

static bool is_closed(const struct current *c)
{
	return strcmp(c->state, "closed") == 0;
}

/* ---- opening and saying ---- */

static int check_new(const struct ticket_new *n, struct err *e)
{
	int r = ticket_check_subject(n->subject, e);

	return r == 0 && n->priority ? ticket_check_priority(n->priority, e) : r;
}

static int add_ticket(struct sxc *s, const struct ticket_new *n, int64_t *id, struct err *e)
{
	int r = db_run(s->db, e, SQL_ADD, n->account, n->subject, n->priority, n->about_kind,
		n->about, s->now);

	if (r == 0 && db_changes(s->db) == 0)
		return err_set(e, E_NOTFOUND, "no account named '%s'", n->account);
	*id = db_last_id(s->db);
	return r;
}

int ticket_open(struct sxc *s, const struct ticket_new *n, int64_t *id, struct err *e)
{
	autoclean(ticket_said_release) struct ticket_said said = {0};
	autorollback struct sxc *tx = NULL;
	autojson *after = NULL;
	int r;

	if ((r = check_new(n, e)) < 0 || (r = ticket_said_make(&said, &n->text, e)) < 0 ||
		(r = tx_begin(s, e)) < 0)
		return r;
	tx = s;
	if ((r = add_ticket(s, n, id, e)) < 0 ||
		(r = ticket_said_add(s, *id, "customer", n->account, &said, e)) < 0)
		return r;
	after = json_pack("{ss ss ss* sI}", "account", n->account, "subject", n->subject, "about",
		n->about, "bytes", (json_int_t)said.body.len);
	r = finish(s, "ticket.open", *id, NULL, after, e);
	tx = r == 0 ? NULL : tx;
	return r;
}

/* What a message does to the state: NULL for nothing. */
static int next_state(int64_t id, const struct current *c, enum ticket_voice voice,
	const char **next, struct err *e)
{
	*next = NULL;
	if (voice == TICKET_NOTE)
		return 0;
	if (voice == TICKET_REPLY && is_closed(c))
		return err_set(e, E_STATE, "ticket %lld is closed, reopen it first", (long long)id);
	*next = voice == TICKET_REPLY ? "waiting" : "open";
	return 0;
}

static int say(struct sxc *s, int64_t id, enum ticket_voice voice, struct ticket_said *said,
	struct err *e)
{
	static const char *const kinds[] = {"reply", "customer", "note"};
	static const char *const whats[] = {"ticket.reply", "ticket.reply", "ticket.note"};
	struct current c;
	const char *next;
	autojson *after = NULL;
	autofree char *customer = NULL;
	int r;

	if ((r = look_own(s, id, &c, e)) < 0 || (r = next_state(id, &c, voice, &next, e)) < 0)
		return r;
	if (voice == TICKET_CUSTOMER && (r = ticket_customer(s, id, &customer, e)) < 0)
		return r;
	if ((r = ticket_said_add(s, id, kinds[voice], customer ? customer : ticket_actor(s), said,
		     e)) < 0)
		return r;
	r = next ? set_state(s, id, next, 0, e) : db_run(s->db, e, SQL_TOUCH, id, s->now);
	if (r < 0)
		return r;
	after = json_pack("{ss sI sI}", "kind", kinds[voice], "bytes", (json_int_t)said->body.len,
		"files", (json_int_t)said->files.n);
	return finish(s, whats[voice], id, NULL, after, e);
}

int ticket_say(struct sxc *s, int64_t id, enum ticket_voice voice, const struct ticket_text *t,
	struct err *e)
{
	autoclean(ticket_said_release) struct ticket_said said = {0};
	int r;

	if ((r = ticket_said_make(&said, t, e)) < 0)
		return r;
	if (said.body.len == 0 && said.files.n == 0)
		return err_set(e, E_USAGE, "nothing to say: give --body, --body-file or --attach");
	if ((r = tx_begin(s, e)) < 0)
		return r;
	if ((r = say(s, id, voice, &said, e)) < 0)
		tx_rollback(s);
	return r;
}

/* ---- changing ---- */

/* A value and its successor; NULL given: it stays; empty given: none. */
struct value {
	const char *key;
	const char *given;
	char *old;
	const char *new;
};

static int read_values(struct sxc *s, int64_t id, struct value *v, size_t n, struct err *e)
{
	autoclean(db_done) struct query q = {0};
	int r = db_one(s->db, &q, e, SQL_VALUES, id);

	if (r <= 0)
		return r < 0 ? r : err_set(e, E_NOTFOUND, "no ticket %lld", (long long)id);
	for (size_t i = 0; i < n; i++) {
		v[i].old = db_text_dup(&q, (int)i);
		v[i].new = !v[i].given ? v[i].old : *v[i].given ? v[i].given : NULL;
	}
	return 0;
}

/* Events and both sides of the audit row for what is different. */
static int note_values(struct sxc *s, int64_t id, const struct value *v, size_t n, json_t *before,
	json_t *after, struct err *e)
{
	int r = 0;

	for (size_t i = 0; i < n && r == 0; i++) {
		autofree char *text = NULL;

		if (str_eq(v[i].old, v[i].new))
			continue;
		json_object_set_new(before, v[i].key,
			v[i].old ? json_string(v[i].old) : json_null());
		json_object_set_new(after, v[i].key,
			v[i].new ? json_string(v[i].new) : json_null());
		text = str_fmt("%s: %s", v[i].key, v[i].new ? v[i].new : "none");
		if (strcmp(v[i].key, "about_kind") != 0)
			r = ticket_event(s, id, text, e);
	}
	return r;
}

static int set_values(struct sxc *s, int64_t id, struct value *v, size_t n, struct err *e)
{
	autojson *before = json_object(), *after = json_object();
	struct current c;
	int r;

	if ((r = look_own(s, id, &c, e)) < 0 || (r = read_values(s, id, v, n, e)) < 0 ||
		(r = note_values(s, id, v, n, before, after, e)) < 0)
		return r;
	if (json_object_size(after) == 0) {
		tx_rollback(s);
		return 0;
	}
	r = db_run(s->db, e, SQL_SET, id, v[0].new, v[1].new, v[2].new, v[3].new, v[4].new, s->now);
	return r < 0 ? r : finish(s, "ticket.set", id, before, after, e);
}

static int check_change(const struct ticket_change *c, struct err *e)
{
	int r = 0;

	if (c->subject)
		r = ticket_check_subject(c->subject, e);
	if (r == 0 && c->priority)
		r = ticket_check_priority(c->priority, e);
	if (r == 0 && c->assigned && *c->assigned)
		r = ticket_check_login(c->assigned, e);
	return r;
}

int ticket_set(struct sxc *s, int64_t id, const struct ticket_change *c, struct err *e)
{
	struct value v[] = {{"subject", c->subject, NULL, NULL},
		{"priority", c->priority, NULL, NULL}, {"assigned", c->assigned, NULL, NULL},
		{"about_kind", c->about ? c->about_kind : NULL, NULL, NULL},
		{"about", c->about, NULL, NULL}};
	int r;

	if ((r = check_change(c, e)) < 0 || (r = tx_begin(s, e)) < 0)
		return r;
	if ((r = set_values(s, id, v, ARRAY_LEN(v), e)) < 0)
		tx_rollback(s);
	for (size_t i = 0; i < ARRAY_LEN(v); i++)
		free(v[i].old);
	return r;
}

static int turn(struct sxc *s, int64_t id, bool closed, struct err *e)
{
	const char *state = closed ? "closed" : "open";
	struct current c;
	autojson *before = NULL, *after = NULL;
	int r;

	if ((r = look_own(s, id, &c, e)) < 0)
		return r;
	if (is_closed(&c) == closed)
		return err_set(e, E_STATE, "ticket %lld is %s already", (long long)id, c.state);
	if ((r = set_state(s, id, state, 0, e)) < 0 ||
		(r = ticket_event(s, id, closed ? "closed" : "reopened", e)) < 0)
		return r;
	before = json_pack("{ss}", "state", c.state);
	after = json_pack("{ss}", "state", state);
	return finish(s, closed ? "ticket.close" : "ticket.reopen", id, before, after, e);
}

static int turn_tx(struct sxc *s, int64_t id, bool closed, struct err *e)
{
	int r = tx_begin(s, e);

	if (r == 0 && (r = turn(s, id, closed, e)) < 0)
		tx_rollback(s);
	return r;
}

int ticket_close(struct sxc *s, int64_t id, struct err *e)
{
	return turn_tx(s, id, true, e);
}

int ticket_reopen(struct sxc *s, int64_t id, struct err *e)
{
	return turn_tx(s, id, false, e);
}

/* ---- merging ---- */

static int check_merge(struct sxc *s, int64_t id, int64_t into, struct err *e)
{
	struct current a, b;
	int r;

	if (id == into)
		return err_set(e, E_USAGE, "ticket %lld cannot be merged into itself",
			(long long)id);
	if ((r = look_own(s, id, &a, e)) < 0 || (r = look_own(s, into, &b, e)) < 0)
		return r;
	if (a.account != b.account)
		return err_set(e, E_STATE, "tickets %lld and %lld are of different accounts",
			(long long)id, (long long)into);
	return 0;
}

static int merge(struct sxc *s, int64_t id, int64_t into, struct err *e)
{
	autofree char *there = str_fmt("merged into ticket %lld", (long long)into);
	autofree char *here = str_fmt("ticket %lld merged into this one", (long long)id);
	autojson *after = NULL;
	int r;

	if ((r = check_merge(s, id, into, e)) < 0 ||
		(r = db_run(s->db, e, SQL_MOVE, id, into)) < 0 ||
		(r = set_state(s, id, "merged", into, e)) < 0 ||
		(r = ticket_event(s, id, there, e)) < 0 ||
		(r = ticket_event(s, into, here, e)) < 0 ||
		(r = db_run(s->db, e, SQL_TOUCH, into, s->now)) < 0)
		return r;
	after = json_pack("{sI}", "into", (json_int_t)into);
	return finish(s, "ticket.merge", id, NULL, after, e);
}

int ticket_merge(struct sxc *s, int64_t id, int64_t into, struct err *e)
{
	int r = tx_begin(s, e);

	if (r == 0 && (r = merge(s, id, into, e)) < 0)
		tx_rollback(s);
	return r;
}
