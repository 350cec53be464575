/* SPDX-License-Identifier: MIT */
/* The audit log: each row's hash covers the row before it, so that none can be changed unseen. */
#include <string.h>
#include <time.h>

#include "svc/sign.h"
#include "svc/sxc.h"
#include "util/str.h"

#define SQL_LAST "SELECT hash FROM audit ORDER BY id DESC LIMIT 1"
#define SQL_ADD                                                                                    \
	"INSERT INTO audit (at, clock, login, actor, what, object, before, after, hash) "          \
	"VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)"
#define SQL_ALL                                                                                    \
	"SELECT id, at, clock, login, actor, what, object, before, after, hash "                   \
	"FROM audit ORDER BY id"

struct entry {
	int64_t at, clock;
	const char *text[6]; /* login actor what object before after */
};

static void add_i64(struct sha256 *h, int64_t v)
{
	unsigned char b[8];

	for (int i = 0; i < 8; i++)
		b[i] = (unsigned char)((uint64_t)v >> (56 - 8 * i));
	sha256_add(h, b, sizeof(b));
}

/* Length first, so that no two rows have the same bytes; NULL is length -1. */
static void add_text(struct sha256 *h, const char *s)
{
	add_i64(h, s ? (int64_t)strlen(s) : -1);
	if (s)
		sha256_add(h, s, strlen(s));
}

static void chain(const unsigned char before[SHA256_SIZE], const struct entry *en,
	unsigned char out[SHA256_SIZE])
{
	struct sha256 h;

	sha256_init(&h);
	sha256_add(&h, before, SHA256_SIZE);
	add_i64(&h, en->at);
	add_i64(&h, en->clock);
	for (size_t i = 0; i < ARRAY_LEN(en->text); i++)
		add_text(&h, en->text[i]);
	sha256_end(&h, out);
}

static int last_hash(struct sxc *s, unsigned char out[SHA256_SIZE], struct err *e)
{
	autoclean(db_done) struct query q = {0};
	const void *p;
	size_t n;
	int r;

	memset(out, 0, SHA256_SIZE);
	if ((r = db_one(s->db, &q, e, SQL_LAST)) <= 0)
		return r;
	p = db_bytes(&q, 0, &n);
	if (n != SHA256_SIZE)
		return err_set(e, E_INTEGRITY, "audit log: the last row's hash is damaged");
	memcpy(out, p, SHA256_SIZE);
	return 0;
}

int audit_add(struct sxc *s, const char *what, const char *object, const char *before,
	const char *after, struct err *e)
{
	struct entry en = {time(NULL), s->now,
		{s->login ? s->login : "?", s->as, what, object, before, after}};
	unsigned char hash[SHA256_SIZE];
	int r;

	if ((r = last_hash(s, hash, e)) < 0)
		return r;
	chain(hash, &en, hash);
	return db_run(s->db, e, SQL_ADD, en.at, en.clock, en.text[0], en.text[1], en.text[2],
		en.text[3], en.text[4], en.text[5], db_blob(hash, sizeof(hash)));
}

int audit_verify(struct sxc *s, int64_t *rows, struct err *e)
{
	autoclean(db_done) struct query q = {0};
	unsigned char hash[SHA256_SIZE] = {0};
	int r;

	*rows = 0;
	if ((r = db_query(s->db, &q, e, SQL_ALL)) < 0)
		return r;
	while ((r = db_next(&q, e)) > 0) {
		struct entry en = {db_i64(&q, 1), db_i64(&q, 2), {0}};
		const void *have;
		size_t n;

		for (int i = 0; i < (int)ARRAY_LEN(en.text); i++)
			en.text[i] = db_text(&q, 3 + i);
		chain(hash, &en, hash);
		have = db_bytes(&q, 9, &n);
		if (n != SHA256_SIZE || memcmp(have, hash, n) != 0)
			return err_set(e, E_INTEGRITY,
				"audit log: row %lld (%s %s) was changed, or one before it removed",
				(long long)db_i64(&q, 0), en.text[2], en.text[3]);
		++*rows;
	}
	return r;
}
