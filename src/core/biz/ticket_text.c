/* SPDX-License-Identifier: MIT */
#include "biz/ticket_text.h"

#include <string.h>

#include "util/slurp.h"

#define SQL_MESSAGE                                                                                \
	"INSERT INTO ticket_message (ticket, origin, at, kind, author, body) "                     \
	"VALUES (?1, ?1, ?2, ?3, ?4, ?5)"
#define SQL_FILE                                                                                   \
	"INSERT INTO ticket_attachment (message, name, size, digest, content) "                    \
	"VALUES (?1, ?2, ?3, ?4, ?5)"
/* Not by a trigger: SQLite runs none on a virtual table where it does not trust the schema. */
#define SQL_WORDS                                                                                  \
	"INSERT INTO ticket_words (rowid, subject, body) "                                         \
	"SELECT m.id, t.subject, m.body FROM ticket_message m JOIN ticket t ON t.id = m.ticket "   \
	"WHERE m.id = ?1"
#define SQL_CUSTOMER                                                                               \
	"SELECT a.name FROM ticket t JOIN account a ON a.id = t.account WHERE t.id = ?1"

/* ---- checks ---- */

/* The first byte that a text of lines may not have, or NULL. */
static const char *bad_byte(const char *p, size_t n)
{
	for (const char *end = p + n; p < end; p++)
		if (((unsigned char)*p < 0x20 && *p != '\n' && *p != '\t') || *p == 0x7f)
			return p;
	return NULL;
}

int ticket_check_subject(const char *subject, struct err *e)
{
	size_t n = strlen(subject);

	if (n < 1 || n > TICKET_SUBJECT_MAX || !str_is_line(subject, n) ||
		strspn(subject, " ") == n)
		return err_set(e, E_USAGE, "a subject is one line of text of 1 to %d bytes",
			TICKET_SUBJECT_MAX);
	return 0;
}

int ticket_check_priority(const char *priority, struct err *e)
{
	static const char *const all[] = {"low", "normal", "high", "urgent"};

	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		if (strcmp(all[i], priority) == 0)
			return 0;
	return err_set(e, E_USAGE, "no priority '%s': there are low normal high urgent", priority);
}

int ticket_check_login(const char *login, struct err *e)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789._@+-";
	size_t n = strlen(login);

	if (n < 1 || n > 64 || strspn(login, allowed) != n || login[0] == '-')
		return err_set(e, E_USAGE, "'%s' is not a login name", login);
	return 0;
}

/* ---- body and files ---- */

static int make_body(struct str *out, const char *body, size_t n, struct err *e)
{
	const char *bad;
	int line = 1;

	if (n > TICKET_BODY_MAX)
		return err_set(e, E_USAGE, "the text is larger than 1 MiB, attach it as a file");
	for (size_t i = 0; i < n; i++)
		if (body[i] != '\r' || i + 1 == n || body[i + 1] != '\n')
			str_addc(out, body[i]);
	if (!str_is_utf8(str_c(out), out->len) && !memchr(str_c(out), '\0', out->len))
		return err_set(e, E_USAGE, "the text is not UTF-8, attach it as a file");
	bad = bad_byte(str_c(out), out->len);
	for (const char *p = out->p; bad && p < bad; p++)
		line += *p == '\n';
	return bad ? err_set(e, E_USAGE, "line %d of the text has the control byte 0x%02x", line,
			     (unsigned char)*bad)
	           : 0;
}

static int make_name(const char *path, char **out, struct err *e)
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
	size_t n = strlen(name);

	if (strcmp(path, "-") == 0)
		return err_set(e, E_USAGE, "an attachment needs a name: give a file, not '-'");
	if (n < 1 || n > 255 || !str_is_utf8(name, n) || bad_byte(name, n) || strpbrk(name, "\n\t"))
		return err_set(e, E_USAGE, "'%s' cannot be the name of an attachment", path);
	*out = mem_strdup(name);
	return 0;
}

static int make_file(struct ticket_said *said, const char *path, struct err *e)
{
	struct ticket_file f = {0};
	int r = make_name(path, &f.name, e);

	if (r == 0)
		r = slurp(path, TICKET_FILE_MAX, &f.content, e);
	sha256_buf(str_c(&f.content), f.content.len, f.digest);
	vec_push(&said->files, f);
	return r;
}

int ticket_said_make(struct ticket_said *out, const struct ticket_text *t, struct err *e)
{
	size_t n = t->files ? t->files->n : 0;
	int r = make_body(&out->body, t->body ? t->body : "", t->body ? t->body_len : 0, e);

	if (r == 0 && n > TICKET_FILES_MAX)
		return err_set(e, E_USAGE, "a message takes %d attachments, not %zu",
			TICKET_FILES_MAX, n);
	for (size_t i = 0; i < n && r == 0; i++)
		r = make_file(out, t->files->v[i], e);
	return r;
}

void ticket_said_release(struct ticket_said *said)
{
	str_release(&said->body);
	vec_each(&said->files, f) {
		free(f->name);
		str_release(&f->content);
	}
	vec_release(&said->files);
}

/* ---- the store ---- */

static int add_file(struct sxc *s, int64_t message, const struct ticket_file *f, struct err *e)
{
	return db_run(s->db, e, SQL_FILE, message, f->name, (int64_t)f->content.len,
		(const char *)f->digest, db_blob(str_c(&f->content), f->content.len));
}

int ticket_said_add(struct sxc *s, int64_t ticket, const char *kind, const char *author,
	const struct ticket_said *said, struct err *e)
{
	int r = db_run(s->db, e, SQL_MESSAGE, ticket, s->now, kind, author, str_c(&said->body));
	int64_t message = db_last_id(s->db);

	if (r == 0)
		r = db_run(s->db, e, SQL_WORDS, message);
	for (size_t i = 0; i < said->files.n && r == 0; i++)
		r = add_file(s, message, &said->files.v[i], e);
	return r;
}

int ticket_event(struct sxc *s, int64_t ticket, const char *text, struct err *e)
{
	int r = db_run(s->db, e, SQL_MESSAGE, ticket, s->now, "event", ticket_actor(s), text);

	/* Of what happened only a new subject is looked for. */
	if (r == 0 && str_starts(text, "subject: "))
		r = db_run(s->db, e, SQL_WORDS, db_last_id(s->db));
	return r;
}

const char *ticket_actor(const struct sxc *s)
{
	return s->as ? s->as : s->login ? s->login : "?";
}

int ticket_customer(struct sxc *s, int64_t ticket, char **out, struct err *e)
{
	int r = db_get_text(s->db, out, e, SQL_CUSTOMER, ticket);

	return r < 0 ? r : r == 0 ? err_set(e, E_NOTFOUND, "no ticket %lld", (long long)ticket) : 0;
}
