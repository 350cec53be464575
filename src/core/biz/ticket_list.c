/* SPDX-License-Identifier: MIT */
#include <ctype.h>
#include <string.h>

#include "biz/ticket.h"
#include "svc/sign.h"
#include "util/units.h"

#define ROW                                                                                        \
	"SELECT t.id, a.name, t.state, t.priority, t.subject, t.assigned, t.about_kind, t.about, " \
	"t.merged_into, t.created, t.updated, t.closed "                                           \
	"FROM ticket t JOIN account a ON a.id = t.account "
#define FILTER                                                                                     \
	"AND (?2 IS NULL OR t.assigned = ?2) AND (?3 IS NULL OR t.id IN "                          \
	"(SELECT m.ticket FROM ticket_words JOIN ticket_message m ON m.id = ticket_words.rowid "   \
	"WHERE ticket_words MATCH ?3)) AND (?4 IS NULL OR t.state = ?4) "
/* One statement for each way to the rows, so that each finds its index. */
#define SQL_UNFINISHED                                                                             \
	ROW "WHERE t.state IN ('open', 'waiting') AND (?1 IS NULL OR a.name = ?1) " FILTER         \
	    "ORDER BY t.id"
#define SQL_ALL ROW "WHERE (?1 IS NULL OR a.name = ?1) " FILTER "ORDER BY t.id"
#define SQL_OF_ACCOUNT                                                                             \
	ROW "WHERE t.account = (SELECT id FROM account WHERE name = ?1) " FILTER "ORDER BY t.id"
#define SQL_SHOW ROW "WHERE t.id = ?1"
#define SQL_MESSAGES                                                                               \
	"SELECT id, origin, at, kind, author, body FROM ticket_message WHERE ticket = ?1 "         \
	"ORDER BY id"
#define SQL_FILES                                                                                  \
	"SELECT attachment, message, name, size, digest FROM v_ticket_attachment "                 \
	"WHERE ticket = ?1 ORDER BY attachment"
#define SQL_FILE                                                                                   \
	"SELECT f.content, f.digest FROM ticket_attachment f JOIN ticket_message m "               \
	"ON m.id = f.message WHERE m.ticket = ?1 AND f.id = ?2"
#define SQL_EXISTS "SELECT 1 FROM ticket WHERE id = ?1"
#define SQL_COMPLETE                                                                               \
	"SELECT id, subject FROM ticket WHERE state IN ('open', 'waiting') AND id GLOB ?1 || '*' " \
	"ORDER BY id DESC LIMIT ?2"

static int64_t or_null(struct query *q, int col)
{
	return db_is_null(q, col) ? INT64_MIN : db_i64(q, col);
}

static int give_rows(struct query *q, ticket_row_fn fn, void *arg, struct err *e)
{
	int r;

	while ((r = db_next(q, e)) > 0) {
		struct ticket_row row = {db_i64(q, 0), db_text(q, 1), db_text(q, 2), db_text(q, 3),
			db_text(q, 4), db_text(q, 5), db_text(q, 6), db_text(q, 7), or_null(q, 8),
			db_i64(q, 9), db_i64(q, 10), or_null(q, 11)};

		if ((r = fn(arg, &row, e)) < 0)
			return r;
	}
	return r;
}

/* ---- searching ---- */

static bool in_word(char c)
{
	return isalnum((unsigned char)c) || (unsigned char)c >= 0x80;
}

/* Words as FTS5 wants them, each the beginning of a word; SQLite's own operators mean nothing. */
static void make_match(struct str *out, const char *text)
{
	while (*text) {
		size_t n = 0;

		while (text[n] && in_word(text[n]))
			n++;
		if (n)
			str_addf(out, "%s\"%.*s\"*", out->len ? " " : "", (int)n, text);
		text += n ? n : 1;
	}
}

static int check_state(const char *state, struct err *e)
{
	static const char *const all[] = {"open", "waiting", "closed", "merged", "all"};

	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		if (!state || strcmp(all[i], state) == 0)
			return 0;
	return err_set(e, E_USAGE, "no state '%s': there are open waiting closed merged all",
		state);
}

int ticket_check_filter(const struct ticket_filter *f, struct err *e)
{
	autostr match = STR_INIT;
	int r = check_state(f->state, e);

	if (r < 0 || !f->search)
		return r;
	make_match(&match, f->search);
	if (!match.len)
		return err_set(e, E_USAGE, "'%s' has no word to search for", f->search);
	return 0;
}

int ticket_list(struct sxc *s, const struct ticket_filter *f, ticket_row_fn fn, void *arg,
	struct err *e)
{
	autoclean(db_done) struct query q = {0};
	autostr match = STR_INIT;
	const char *state = f->state && strcmp(f->state, "all") != 0 ? f->state : NULL;
	const char *sql = !f->state ? SQL_UNFINISHED : f->account ? SQL_OF_ACCOUNT : SQL_ALL;
	int r = ticket_check_filter(f, e);

	if (r < 0)
		return r;
	if (f->search)
		make_match(&match, f->search);
	r = db_query(s->db, &q, e, sql, f->account, f->assigned,
		(const char *)(match.len ? match.p : NULL), state);
	return r < 0 ? r : give_rows(&q, fn, arg, e);
}

/* ---- one ticket ---- */

int ticket_show(struct sxc *s, int64_t id, ticket_row_fn fn, void *arg, struct err *e)
{
	autoclean(db_done) struct query q = {0};
	int64_t one;
	int r = db_get_i64(s->db, &one, e, SQL_EXISTS, id);

	if (r == 0)
		return err_set(e, E_NOTFOUND, "no ticket %lld", (long long)id);
	if (r < 0 || (r = db_query(s->db, &q, e, SQL_SHOW, id)) < 0)
		return r;
	return give_rows(&q, fn, arg, e);
}

int ticket_messages(struct sxc *s, int64_t id, ticket_row_fn fn, void *arg, struct err *e)
{
	autoclean(db_done) struct query q = {0};
	int r = db_query(s->db, &q, e, SQL_MESSAGES, id);

	while (r >= 0 && (r = db_next(&q, e)) > 0) {
		struct ticket_message_row row = {db_i64(&q, 0), db_i64(&q, 1), db_i64(&q, 2),
			db_text(&q, 3), db_text(&q, 4), db_text(&q, 5)};

		r = fn(arg, &row, e);
	}
	return r;
}

int ticket_attachments(struct sxc *s, int64_t id, ticket_row_fn fn, void *arg, struct err *e)
{
	autoclean(db_done) struct query q = {0};
	int r = db_query(s->db, &q, e, SQL_FILES, id);

	while (r >= 0 && (r = db_next(&q, e)) > 0) {
		struct ticket_attachment_row row = {db_i64(&q, 0), db_i64(&q, 1), db_text(&q, 2),
			db_i64(&q, 3), db_text(&q, 4)};

		r = fn(arg, &row, e);
	}
	return r;
}

int ticket_attachment(struct sxc *s, int64_t id, int64_t attachment, struct str *out, struct err *e)
{
	autoclean(db_done) struct query q = {0};
	int r = db_one(s->db, &q, e, SQL_FILE, id, attachment);
	char digest[SHA256_HEX];
	const void *p;
	size_t n;

	if (r < 0)
		return r;
	if (r == 0)
		return err_set(e, E_NOTFOUND, "ticket %lld has no attachment %lld", (long long)id,
			(long long)attachment);
	p = db_bytes(&q, 0, &n);
	sha256_buf(p, n, digest);
	if (!str_eq(digest, db_text(&q, 1)))
		return err_set(e, E_INTEGRITY, "attachment %lld is damaged: its digest differs",
			(long long)attachment);
	str_addn(out, p, n);
	return 0;
}

/* ---- names ---- */

int64_t ticket_number(const char *text)
{
	int64_t n;

	return units_int(text + (*text == '#'), &n) == 0 && n > 0 ? n : 0;
}

int ticket_exists(struct sxc *s, const char *name, struct err *e)
{
	int64_t id = ticket_number(name), one;

	return id ? db_get_i64(s->db, &one, e, SQL_EXISTS, id) : 0;
}

int ticket_complete(struct sxc *s, const char *prefix, int limit,
	void (*fn)(void *arg, const char *name, const char *help), void *arg, struct err *e)
{
	autoclean(db_done) struct query q = {0};
	int r;

	if (strspn(prefix, "0123456789") != strlen(prefix))
		return 0;
	r = db_query(s->db, &q, e, SQL_COMPLETE, prefix, limit);
	while (r >= 0 && (r = db_next(&q, e)) > 0)
		fn(arg, db_text(&q, 0), db_text(&q, 1));
	return r;
}

int ticket_name_of(struct sxc *s, int64_t id, char **name, struct err *e)
{
	int64_t one;
	int r = db_get_i64(s->db, &one, e, SQL_EXISTS, id);

	if (r > 0)
		*name = str_fmt("%lld", (long long)id);
	return r;
}
