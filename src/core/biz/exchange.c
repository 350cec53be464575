/* SPDX-License-Identifier: MIT */
/* Which exchanges are trusted, and what they offer. */
#include "biz/exchange.h"

#include <string.h>

#include "biz/exchange_int.h"
#include "util/iso8601.h"
#include "util/str.h"

#define SQL_ADD                                                                                    \
	"INSERT INTO exchange (name, url, key, host_key, ca, created) "                            \
	"VALUES (?1, ?2, ?3, ?4, ?5, ?6)"
#define SQL_GET                                                                                    \
	"SELECT id, name, url, key, host_key, ca, serial, digest FROM exchange WHERE name = ?1"
#define SQL_ID     "SELECT id FROM exchange WHERE name = ?1"
#define SQL_REMOVE "DELETE FROM exchange WHERE name = ?1"
#define SQL_NAMES  "SELECT name FROM exchange ORDER BY name"
#define SQL_LIST                                                                                   \
	"SELECT exchange, url, key, serial, packages, expires, synced, created FROM v_exchange "   \
	"ORDER BY exchange"
#define SQL_COMPLETE                                                                               \
	"SELECT name, url FROM exchange WHERE name >= ?1 AND name < ?1 || x'f48fbfbf' "            \
	"ORDER BY name LIMIT ?2"
#define SQL_SYNCED                                                                                 \
	"UPDATE exchange SET serial = ?2, digest = ?3, expires = ?4, synced = ?5 WHERE id = ?1"
#define SQL_DROP_OFFERS "DELETE FROM exchange_offer WHERE exchange = ?1"
#define SQL_ADD_OFFER                                                                              \
	"INSERT INTO exchange_offer "                                                              \
	"(exchange, app, version, title, file, size, digest, security) "                           \
	"VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)"

/* ---- which there are ---- */

void exchange_release(struct exchange *x)
{
	free(x->name);
	free(x->url);
	free(x->key);
	free(x->host_key);
	free(x->ca);
	free(x->digest);
	free(x->identity);
	*x = (struct exchange){0};
}

int exchange_get(struct sxc *s, const char *name, struct exchange *out, struct err *e)
{
	autoclean(db_done) struct query q = {0};
	int r = db_one(s->db, &q, e, SQL_GET, name);

	if (r <= 0)
		return r < 0 ? r : err_set(e, E_NOTFOUND, "no exchange named '%s'", name);
	*out = (struct exchange){.id = db_i64(&q, 0),
		.name = db_text_dup(&q, 1),
		.url = db_text_dup(&q, 2),
		.key = db_text_dup(&q, 3),
		.host_key = db_text_dup(&q, 4),
		.ca = db_text_dup(&q, 5),
		.serial = db_i64(&q, 6),
		.digest = db_text_dup(&q, 7),
		.identity = sxc_path(s, "keys/ssh")};
	return 0;
}

struct fetch exchange_place(struct sxc *s, const struct exchange *x)
{
	return (struct fetch){.base = x->url,
		.ca = x->ca,
		.identity = x->identity,
		.host_key = x->host_key,
		.progress = s->progress,
		.arg = s->tell_arg};
}

int exchange_exists(struct sxc *s, const char *name, struct err *e)
{
	int64_t id;

	return db_get_i64(s->db, &id, e, SQL_ID, name);
}

int exchange_complete(struct sxc *s, const char *prefix, int limit,
	void (*fn)(void *arg, const char *name, const char *help), void *arg, struct err *e)
{
	autoclean(db_done) struct query q = {0};
	int r = db_query(s->db, &q, e, SQL_COMPLETE, prefix, limit);

	while (r >= 0 && (r = db_next(&q, e)) > 0)
		fn(arg, db_text(&q, 0), db_text(&q, 1));
	return r;
}

int exchange_list(struct sxc *s, app_row_fn fn, void *arg, struct err *e)
{
	autoclean(db_done) struct query q = {0};
	int r = db_query(s->db, &q, e, SQL_LIST);

	while (r >= 0 && (r = db_next(&q, e)) > 0) {
		struct exchange_row row = {.exchange = db_text(&q, 0),
			.url = db_text(&q, 1),
			.key = db_text(&q, 2),
			.serial = db_i64(&q, 3),
			.packages = db_i64(&q, 4),
			.expires = db_i64(&q, 5),
			.synced = db_i64(&q, 6),
			.created = db_i64(&q, 7)};

		r = fn(arg, &row, e);
	}
	return r;
}

/* ---- trusting one ---- */

static int check_new(const struct exchange_new *n, struct err *e)
{
	bool ssh = str_starts(n->url, "ssh://");
	int r = fetch_check_base(n->url, e);

	if (r < 0)
		return r;
	if (n->key && !sha256_is_hex(n->key))
		return err_set(e, E_USAGE, "a key is 64 hex digits, as in " EXCHANGE_PUB);
	if (ssh != (n->host_key != NULL))
		return err_set(e, E_USAGE, "%s",
			ssh ? "an exchange over ssh needs --host-key SHA256:…"
			    : "--host-key is for exchanges over ssh");
	if (n->host_key && !str_starts(n->host_key, "SHA256:"))
		return err_set(e, E_USAGE, "a host key is given as SHA256:…");
	if (n->ca && n->ca[0] != '/')
		return err_set(e, E_USAGE, "the file of certificates needs an absolute path");
	return 0;
}

/* The key that the place itself names: worth as much as the word of whoever confirms it. */
static int ask_key(struct sxc *s, const struct exchange_new *n, char **key, struct err *e)
{
	autofree char *identity = sxc_path(s, "keys/ssh");
	struct fetch f = {.base = n->url,
		.ca = n->ca,
		.identity = identity,
		.host_key = n->host_key};
	autostr text = STR_INIT;
	int r = fetch_text(&f, EXCHANGE_PUB, 200, &text, e);

	if (r < 0)
		return r;
	if (text.len)
		str_setlen(&text, strcspn(text.p, "\r\n"));
	if (!sha256_is_hex(str_c(&text)))
		return err_set(e, E_INTEGRITY, "%s/" EXCHANGE_PUB " is no key", n->url);
	if (!n->confirm(n->arg, str_c(&text), e))
		return e->code < 0 ? e->code : err_set(e, E_FAIL, "not trusted");
	*key = str_steal(&text);
	return 0;
}

static int add_tx(struct sxc *s, const struct exchange_new *n, const char *key, struct err *e)
{
	autorollback struct sxc *tx = NULL;
	autofree char *after = str_fmt("{\"key\":\"%s\"}", key);
	int r = tx_begin(s, e);

	if (r < 0)
		return r;
	tx = s;
	r = db_run(s->db, e, SQL_ADD, n->name, n->url, key, n->host_key, n->ca, s->now);
	if (r == E_EXISTS)
		return err_set(e, r, "exchange %s is there already", n->name);
	if (r < 0 || (r = audit_add(s, "app.exchange.add", n->name, NULL, after, e)) < 0)
		return r;
	tx = NULL;
	return tx_commit(s, e);
}

int exchange_add(struct sxc *s, const struct exchange_new *n, struct err *e)
{
	autofree char *asked = NULL;
	int r = check_new(n, e);

	if (r < 0)
		return r;
	if ((r = exchange_exists(s, n->name, e)) != 0)
		return r < 0 ? r : err_set(e, E_EXISTS, "exchange %s is there already", n->name);
	if (!n->key && (r = ask_key(s, n, &asked, e)) < 0)
		return r;
	return add_tx(s, n, n->key ? n->key : asked, e);
}

int exchange_remove(struct sxc *s, const char *name, struct err *e)
{
	autorollback struct sxc *tx = NULL;
	int r = tx_begin(s, e);

	if (r < 0)
		return r;
	tx = s;
	if ((r = db_run(s->db, e, SQL_REMOVE, name)) < 0)
		return r;
	if (db_changes(s->db) == 0)
		return err_set(e, E_NOTFOUND, "no exchange named '%s'", name);
	if ((r = audit_add(s, "app.exchange.remove", name, NULL, NULL, e)) < 0)
		return r;
	tx = NULL;
	return tx_commit(s, e);
}

/* ---- taking an index ---- */

static int check_age(struct sxc *s, const struct exchange *x, const struct index *in,
	const struct exchange_sync *how, struct err *e)
{
	autostr when = STR_INIT;

	if (in->serial < x->serial && !how->older)
		return err_set(e, E_INTEGRITY,
			"exchange %s: its index is number %lld, older than %lld, which was there "
			"before (--accept-older takes it)",
			x->name, (long long)in->serial, (long long)x->serial);
	if (in->serial == x->serial && x->digest && strcmp(in->digest, x->digest) != 0 &&
		!how->older)
		return err_set(e, E_INTEGRITY,
			"exchange %s: there was another index with the number %lld "
			"(--accept-older takes this one)",
			x->name, (long long)in->serial);
	iso8601_add(&when, in->expires);
	if (in->expires <= s->now && !how->expired)
		return err_set(e, E_INTEGRITY,
			"exchange %s: its index is out of date since %s (--accept-expired takes it)",
			x->name, str_c(&when));
	return 0;
}

static int store_offers(struct sxc *s, const struct exchange *x, const struct index *in,
	struct err *e)
{
	int r = db_run(s->db, e, SQL_DROP_OFFERS, x->id);

	for (size_t i = 0; i < in->entries.n && r == 0; i++) {
		const struct index_entry *en = &in->entries.v[i];

		r = db_run(s->db, e, SQL_ADD_OFFER, x->id, en->app, en->version, en->title,
			en->file, en->size, en->sha256, en->security);
	}
	return r;
}

static int store_tx(struct sxc *s, const struct exchange *x, const struct index *in, struct err *e)
{
	autorollback struct sxc *tx = NULL;
	autofree char *after = str_fmt("{\"serial\":%lld}", (long long)in->serial);
	int r = tx_begin(s, e);

	if (r < 0)
		return r;
	tx = s;
	if ((r = db_run(s->db, e, SQL_SYNCED, x->id, in->serial, in->digest, in->expires, s->now)) <
			0 ||
		(r = store_offers(s, x, in, e)) < 0 ||
		(r = audit_add(s, "app.exchange.sync", x->name, NULL, after, e)) < 0)
		return r;
	tx = NULL;
	return tx_commit(s, e);
}

static int sync_one(struct sxc *s, const char *name, const struct exchange_sync *how, struct err *e)
{
	autoclean(exchange_release) struct exchange x = {0};
	autoclean(index_release) struct index in = {0};
	unsigned char pub[SIGN_PUBLIC_SIZE];
	autostr text = STR_INIT;
	int r = exchange_get(s, name, &x, e);

	if (r < 0)
		return r;
	struct fetch f = exchange_place(s, &x);
	autofree char *label = str_fmt("%s/" INDEX_FILE, x.url);
	hex_decode(x.key, pub, sizeof(pub));
	if ((r = fetch_text(&f, INDEX_FILE, INDEX_MAX, &text, e)) < 0)
		return err_wrap(e, "exchange %s", name);
	if ((r = index_read(str_c(&text), text.len, pub, label, &in, e)) < 0 ||
		(r = check_age(s, &x, &in, how, e)) < 0)
		return r;
	if (s->dry_run) {
		sxc_note(s, 0, "dry run: index %lld of exchange %s would be taken",
			(long long)in.serial, name);
		return 0;
	}
	return store_tx(s, &x, &in, e);
}

static int all_names(struct sxc *s, struct strvec *names, struct err *e)
{
	autoclean(db_done) struct query q = {0};
	int r = db_query(s->db, &q, e, SQL_NAMES);

	while (r >= 0 && (r = db_next(&q, e)) > 0)
		strvec_push(names, db_text(&q, 0));
	return r;
}

int exchange_sync(struct sxc *s, const char *name, const struct exchange_sync *how, struct err *e)
{
	autostrvec names = {0};
	size_t failed = 0;
	int r;

	if (name)
		return sync_one(s, name, how, e);
	if ((r = all_names(s, &names, e)) < 0)
		return r;
	for (size_t i = 0; i < names.n; i++) {
		struct err why = {0};

		if ((r = sync_one(s, names.v[i], how, &why)) == E_INTR || (r < 0 && names.n == 1))
			return err_set(e, r, "%s", why.msg);
		if (r < 0)
			sxc_note(s, 0, "%s", why.msg);
		failed += r < 0;
	}
	return failed ? err_set(e, E_PARTIAL, "failed on %zu of %zu exchanges", failed, names.n)
	              : 0;
}
