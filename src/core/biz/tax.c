/* SPDX-License-Identifier: MIT */
#include "biz/tax.h"

#include <ctype.h>
#include <jansson.h>
#include <string.h>

#include "util/num.h"
#include "util/period.h"
#include "util/str.h"

#define SQL_ADD                                                                                    \
	"INSERT INTO tax (name, country, customer, note, created) VALUES (?1, ?2, ?3, ?4, ?5)"
#define SQL_ADD_RATE                                                                               \
	"INSERT INTO tax_rate (tax, start, rate) VALUES (?1, ?2, ?3) "                             \
	"ON CONFLICT (tax, start) DO UPDATE SET rate = excluded.rate"
#define SQL_ID         "SELECT id FROM tax WHERE name = ?1"
#define SQL_SET_NOTE   "UPDATE tax SET note = ?2 WHERE id = ?1"
#define SQL_USERS      "SELECT count(*) FROM account_tax WHERE tax = ?1"
#define SQL_DROP_RATES "DELETE FROM tax_rate WHERE tax = ?1"
#define SQL_DROP       "DELETE FROM tax WHERE id = ?1"
#define SQL_LIST                                                                                   \
	"SELECT t.name, r.rate, r.start, t.country, t.customer, t.note, "                          \
	"(SELECT count(*) FROM account_tax x WHERE x.tax = t.id) "                                 \
	"FROM tax t JOIN tax_rate r ON r.tax = t.id ORDER BY t.id, r.start"
#define SQL_NAMES                                                                                  \
	"SELECT name, coalesce(note, country, '') FROM tax WHERE name >= ?1 "                      \
	"AND name < ?1 || char(1114111) ORDER BY name LIMIT ?2"
#define RATE_ON                                                                                    \
	"(SELECT rate FROM tax_rate r WHERE r.tax = t.id AND r.start <= ?2 "                       \
	"ORDER BY r.start DESC LIMIT 1)"
#define SQL_OWN                                                                                    \
	"SELECT t.name, t.note, " RATE_ON                                                          \
	" AS rate FROM account_tax x JOIN tax t ON t.id = x.tax "                                  \
	"WHERE x.account = ?1 ORDER BY t.id"
#define SQL_MATCHING                                                                               \
	"SELECT t.name, t.note, " RATE_ON " AS rate FROM tax t WHERE t.country = ?1 "              \
	"AND t.customer IN ('any', ?3) ORDER BY t.id"

#define EVER "1970-01-01"

static int check_note(const char *note, struct err *e)
{
	if (!note || !*note || str_is_line(note, 200))
		return 0;
	return err_set(e, E_USAGE, "a note is one line of at most 200 bytes");
}

static int check_tax(const struct tax_new *t, struct err *e)
{
	if (!str_is_name(t->name))
		return err_set(e, E_USAGE, "'%.80s' is not a name", t->name);
	if (t->country && (strlen(t->country) != 2 || !isupper((unsigned char)t->country[0]) ||
				  !isupper((unsigned char)t->country[1])))
		return err_set(e, E_USAGE,
			"'%.20s' is not a country: write its two capital letters "
			"(ISO 3166-1), such as FR",
			t->country);
	if (t->customer && !str_eq(t->customer, "consumer") && !str_eq(t->customer, "business") &&
		!str_eq(t->customer, "any"))
		return err_set(e, E_USAGE,
			"'%.20s' is not whom a tax is for: consumer, business or "
			"any",
			t->customer);
	return check_note(t->note, e);
}

static int find(struct sxc *s, const char *name, int64_t *id, struct err *e)
{
	int r = db_get_i64(s->db, id, e, SQL_ID, name);

	return r < 0 ? r : r ? 0 : err_set(e, E_NOTFOUND, "no tax named '%s'", name);
}

static int put_rate(struct sxc *s, int64_t id, const struct tax_new *t, const char *from,
	struct err *e)
{
	int64_t rate, day;
	int r;

	if ((r = rate_parse(t->rate, &rate, e)) < 0 || (r = day_parse(from, &day, e)) < 0)
		return r;
	return db_run(s->db, e, SQL_ADD_RATE, id, from, rate);
}

static int note_change(struct sxc *s, const char *what, const struct tax_new *t, struct err *e)
{
	json_t *j = json_pack("{s:s?, s:s?, s:s?, s:s?, s:s?}", "rate", t->rate, "from", t->from,
		"country", t->country, "for", t->customer, "note", t->note);
	autofree char *after = json_dumps(j, JSON_SORT_KEYS | JSON_COMPACT);

	json_decref(j);
	return audit_add(s, what, t->name, NULL, after, e);
}

int tax_add(struct sxc *s, const struct tax_new *t, struct err *e)
{
	autorollback struct sxc *tx = NULL;
	int r;

	if ((r = check_tax(t, e)) < 0)
		return r;
	if (!t->rate)
		return err_set(e, E_USAGE, "a tax needs a rate: --rate 9.975%%");
	if ((r = tx_begin(s, e)) < 0)
		return r;
	tx = s;
	r = db_run(s->db, e, SQL_ADD, t->name, t->country, t->customer ? t->customer : "any",
		t->note, s->now);
	if (r == E_EXISTS)
		return err_set(e, E_EXISTS, "tax %s exists already", t->name);
	if (r < 0 || (r = put_rate(s, db_last_id(s->db), t, t->from ? t->from : EVER, e)) < 0 ||
		(r = note_change(s, "tax.add", t, e)) < 0)
		return r;
	tx = NULL;
	return tx_commit(s, e);
}

int tax_set(struct sxc *s, const struct tax_new *t, struct err *e)
{
	autorollback struct sxc *tx = NULL;
	char today[DAY_TEXT];
	int64_t id;
	int r;

	if ((r = check_note(t->note, e)) < 0)
		return r;
	if (!t->rate && !t->note)
		return err_set(e, E_USAGE, "say what is to be set: --rate or --note");
	if ((r = tx_begin(s, e)) < 0)
		return r;
	tx = s;
	if ((r = find(s, t->name, &id, e)) < 0 ||
		(t->note &&
			(r = db_run(s->db, e, SQL_SET_NOTE, id, *t->note ? t->note : NULL)) < 0))
		return r;
	day_format(s->now / 86400, today);
	if (t->rate && (r = put_rate(s, id, t, t->from ? t->from : today, e)) < 0)
		return r;
	if ((r = note_change(s, "tax.set", t, e)) < 0)
		return r;
	tx = NULL;
	return tx_commit(s, e);
}

int tax_remove(struct sxc *s, const char *name, struct err *e)
{
	autorollback struct sxc *tx = NULL;
	int64_t id, users = 0;
	int r = tx_begin(s, e);

	if (r < 0)
		return r;
	tx = s;
	if ((r = find(s, name, &id, e)) < 0 ||
		(r = db_get_i64(s->db, &users, e, SQL_USERS, id)) < 0)
		return r;
	if (users)
		return err_set(e, E_INUSE, "tax %s is named by %lld account%s", name,
			(long long)users, users == 1 ? "" : "s");
	if ((r = db_run(s->db, e, SQL_DROP_RATES, id)) < 0 ||
		(r = db_run(s->db, e, SQL_DROP, id)) < 0 ||
		(r = audit_add(s, "tax.remove", name, NULL, NULL, e)) < 0)
		return r;
	tx = NULL;
	return tx_commit(s, e);
}

int tax_list(struct sxc *s, account_row_fn fn, void *arg, struct err *e)
{
	autoclean(db_done) struct query q = {0};
	int r = db_query(s->db, &q, e, SQL_LIST);

	while (r == 0 && (r = db_next(&q, e)) > 0) {
		autostr rate = STR_INIT;
		struct tax_row row = {.tax = db_text(&q, 0),
			.start = db_text(&q, 2),
			.country = db_text(&q, 3),
			.customer = db_text(&q, 4),
			.note = db_text(&q, 5),
			.accounts = db_i64(&q, 6)};

		rate_format(&rate, db_i64(&q, 1));
		row.rate = str_c(&rate);
		r = fn(arg, &row, e);
	}
	return r;
}

int tax_exists(struct sxc *s, const char *name, struct err *e)
{
	int64_t id;

	return db_get_i64(s->db, &id, e, SQL_ID, name);
}

int tax_names(struct sxc *s, const char *prefix, int limit,
	void (*fn)(void *arg, const char *name, const char *help), void *arg, struct err *e)
{
	autoclean(db_done) struct query q = {0};
	int r = db_query(s->db, &q, e, SQL_NAMES, prefix, limit);

	while (r == 0 && (r = db_next(&q, e)) > 0) {
		fn(arg, db_text(&q, 0), db_text(&q, 1));
		r = 0;
	}
	return r;
}

/* ---- which an account bears ---- */

/* Number of taxes found; those without a rate on that day count, but bear nothing. */
static int read_rates(struct query *q, struct tax_shares *out, struct err *e)
{
	int r, n = 0;

	for (; (r = db_next(q, e)) > 0; n++)
		if (!db_is_null(q, 2))
			tax_shares_add(out, db_text(q, 0), db_text(q, 1), db_i64(q, 2), 0, 0);
	return r < 0 ? r : n;
}

int tax_of_account(struct sxc *s, const struct account *a, int64_t day, struct tax_shares *out,
	struct err *e)
{
	char on[DAY_TEXT];
	int r;

	day_format(day, on);
	{
		autoclean(db_done) struct query q = {0};

		r = db_query(s->db, &q, e, SQL_OWN, a->id, on);
		if (r == 0)
			r = read_rates(&q, out, e);
	}
	if (r != 0 || !a->country)
		return r < 0 ? r : 0;
	autoclean(db_done) struct query q = {0};

	r = db_query(s->db, &q, e, SQL_MATCHING, a->country, on, a->kind);
	if (r == 0)
		r = read_rates(&q, out, e);
	return r < 0 ? r : 0;
}
