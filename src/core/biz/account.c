/* SPDX-License-Identifier: MIT */
#include "biz/account.h"

#include <ctype.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "util/money.h"
#include "biz/dunning.h"
#include "util/str.h"
#include "util/tz.h"

#define SQL_FIND    "SELECT id FROM account WHERE name = ?1"
#define SQL_FIND_ID "SELECT id FROM account WHERE id = ?1"
#define SQL_NAME    "SELECT name FROM account WHERE id = ?1"
#define SQL_ADD                                                                                    \
	"INSERT INTO account (name, email, kind, country, tax_id, currency, timezone, bill_day, "  \
	"terms, contact, dunning, created) "                                                       \
	"VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)"
#define SQL_SET                                                                                    \
	"UPDATE account SET email = ?2, kind = ?3, country = ?4, tax_id = ?5, currency = ?6, "     \
	"timezone = ?7, bill_day = ?8, terms = ?9, contact = ?10, dunning = ?11 WHERE id = ?1"
#define SQL_FIELDS                                                                                 \
	"SELECT email, kind, country, tax_id, currency, timezone, bill_day, terms, contact, "      \
	"dunning FROM account WHERE id = ?1"
#define SQL_SOLD                                                                                   \
	"SELECT EXISTS (SELECT 1 FROM subscription WHERE account = ?1) + "                         \
	"EXISTS (SELECT 1 FROM invoice WHERE account = ?1) + "                                     \
	"EXISTS (SELECT 1 FROM extra WHERE account = ?1) + "                                       \
	"EXISTS (SELECT 1 FROM ledger_entry WHERE account = ?1)"
#define SQL_TAX       "SELECT id FROM tax WHERE name = ?1"
#define SQL_TAX_CLEAR "DELETE FROM account_tax WHERE account = ?1"
#define SQL_TAX_ADD   "INSERT OR IGNORE INTO account_tax (account, tax) VALUES (?1, ?2)"

int account_find(struct sxc *s, const char *name, int64_t *id, struct err *e)
{
	if (name[0] == '#')
		return db_get_i64(s->db, id, e, SQL_FIND_ID, strtoll(name + 1, NULL, 10));
	return db_get_i64(s->db, id, e, SQL_FIND, name);
}

int account_name_of(struct sxc *s, int64_t id, char **name, struct err *e)
{
	return db_get_text(s->db, name, e, SQL_NAME, id);
}

/* ---- checks ---- */

static bool printable(const char *v, size_t most)
{
	return !*v || str_is_line(v, most);
}

static bool is_email(const char *v)
{
	const char *at = strrchr(v, '@');

	if (!at || at == v || !at[1] || strlen(v) > 254 || !printable(v, 254))
		return false;
	return !strpbrk(v, " ,;<>()\"\\") && strchr(v, '@') == at;
}

static int check_email(const char *v, struct err *e)
{
	if (!v || is_email(v))
		return 0;
	return err_set(e, E_USAGE,
		"'%.80s' is not a mail address: write one such as ada@example.net", v);
}

static int check_country(const char *v, struct err *e)
{
	if (!v || !*v ||
		(strlen(v) == 2 && isupper((unsigned char)v[0]) && isupper((unsigned char)v[1])))
		return 0;
	return err_set(e, E_USAGE,
		"'%.20s' is not a country: write its two capital letters (ISO 3166-1), such as FR",
		v);
}

static int check_timezone(const char *v, struct err *e)
{
	autotz *tz = NULL;

	return v ? tz_load(&tz, v, e) : 0;
}

static int check_fields(const struct account_fields *f, struct err *e)
{
	int r;

	if ((r = check_email(f->email, e)) < 0 || (r = check_country(f->country, e)) < 0 ||
		(r = check_timezone(f->timezone, e)) < 0 ||
		(r = f->currency ? money_check_currency(f->currency, e) : 0) < 0)
		return r;
	if (f->kind && !str_eq(f->kind, "consumer") && !str_eq(f->kind, "business"))
		return err_set(e, E_USAGE, "'%.20s' is not a kind: consumer or business", f->kind);
	if (f->tax_id && !printable(f->tax_id, 40))
		return err_set(e, E_USAGE, "a tax number has at most 40 printable characters");
	if (f->bill_day > 31)
		return err_set(e, E_USAGE, "a bill day is from 1 to 31, or 0 for none");
	if (f->terms > 3650)
		return err_set(e, E_USAGE, "terms are from 0 to 3650 days");
	return 0;
}

/* ---- the fields of one account ---- */

struct fields {
	char *email, *kind, *country, *tax_id, *currency, *timezone, *contact, *dunning;
	int64_t bill_day, terms; /* 0, -1: none */
};

static void fields_release(struct fields *f)
{
	free(f->email);
	free(f->kind);
	free(f->country);
	free(f->tax_id);
	free(f->currency);
	free(f->timezone);
	free(f->contact);
	free(f->dunning);
}
#define autofields autoclean(fields_release) struct fields

static int read_fields(struct sxc *s, int64_t id, struct fields *f, struct err *e)
{
	autoclean(db_done) struct query q = {0};
	int r = db_one(s->db, &q, e, SQL_FIELDS, id);

	if (r <= 0)
		return r < 0 ? r : err_set(e, E_NOTFOUND, "no such account");
	*f = (struct fields){.email = db_text_dup(&q, 0),
		.kind = db_text_dup(&q, 1),
		.country = db_text_dup(&q, 2),
		.tax_id = db_text_dup(&q, 3),
		.currency = db_text_dup(&q, 4),
		.timezone = db_text_dup(&q, 5),
		.bill_day = db_i64(&q, 6),
		.terms = db_is_null(&q, 7) ? -1 : db_i64(&q, 7),
		.contact = db_text_dup(&q, 8),
		.dunning = db_text_dup(&q, 9)};
	return 0;
}

static int default_fields(struct sxc *s, struct fields *f, struct err *e)
{
	int r;

	*f = (struct fields){.kind = mem_strdup("consumer"),
		.terms = -1,
		.contact = mem_strdup("{}")};
	if ((r = config_get(s, "currency", &f->currency, e)) < 0 ||
		(r = config_get(s, "timezone", &f->timezone, e)) < 0)
		return r;
	if (!f->currency)
		f->currency = mem_strdup("USD");
	if (!f->timezone)
		f->timezone = mem_strdup("UTC");
	return 0;
}

static void take(char **field, const char *value)
{
	if (!value)
		return;
	free(*field);
	*field = *value ? mem_strdup(value) : NULL;
}

static int set_contact(json_t *contact, const char *pair, struct err *e)
{
	const char *eq = strchr(pair, '=');
	autofree char *key = eq ? mem_strndup(pair, (size_t)(eq - pair)) : NULL;

	if (!key || !str_is_name(key) || !printable(eq + 1, 200))
		return err_set(e, E_USAGE,
			"'%.60s' is not a contact: write KEY=VALUE on one line, such as city=Paris",
			pair);
	if (eq[1])
		json_object_set_new(contact, key, json_string(eq + 1));
	else
		json_object_del(contact, key);
	return 0;
}

static int merge_contact(struct fields *f, const struct strvec *pairs, struct err *e)
{
	json_t *contact = json_loads(f->contact, 0, NULL);
	int r = 0;

	for (size_t i = 0; pairs && r == 0 && i < pairs->n; i++)
		r = set_contact(contact, pairs->v[i], e);
	free(f->contact);
	f->contact = json_dumps(contact, JSON_SORT_KEYS | JSON_COMPACT);
	json_decref(contact);
	return r;
}

static int merge(struct fields *f, const struct account_fields *given, struct err *e)
{
	take(&f->email, given->email);
	take(&f->kind, given->kind);
	take(&f->country, given->country);
	take(&f->tax_id, given->tax_id);
	take(&f->currency, given->currency);
	take(&f->timezone, given->timezone);
	take(&f->dunning, given->dunning);
	if (given->bill_day >= 0)
		f->bill_day = given->bill_day;
	if (given->terms >= 0)
		f->terms = given->terms;
	return merge_contact(f, given->contact, e);
}

static char *fields_json(const struct fields *f)
{
	json_t *contact = json_loads(f->contact, 0, NULL);
	json_t *j = json_pack("{s:s?, s:s?, s:s?, s:s?, s:s?, s:s?, s:I, s:I, s:o, s:s?}", "email",
		f->email, "kind", f->kind, "country", f->country, "tax_id", f->tax_id, "currency",
		f->currency, "timezone", f->timezone, "bill_day", (json_int_t)f->bill_day, "terms",
		(json_int_t)f->terms, "contact", contact, "dunning", f->dunning);
	char *text = json_dumps(j, JSON_SORT_KEYS | JSON_COMPACT);

	json_decref(j);
	return text;
}

static int set_taxes(struct sxc *s, int64_t id, const struct strvec *names, struct err *e)
{
	int r;

	if (!names)
		return 0;
	r = db_run(s->db, e, SQL_TAX_CLEAR, id);
	for (size_t i = 0; r == 0 && i < names->n; i++) {
		int64_t tax = 0;

		r = db_get_i64(s->db, &tax, e, SQL_TAX, names->v[i]);
		if (r == 0)
			return err_set(e, E_NOTFOUND,
				"no tax named '%.60s': \"sxc invoice tax list\" shows them",
				names->v[i]);
		if (r > 0)
			r = db_run(s->db, e, SQL_TAX_ADD, id, tax);
	}
	return r;
}

/* ---- add, set ---- */

static struct db_arg terms_arg(int64_t terms)
{
	return terms < 0 ? db_null() : db_arg_i64(terms);
}

static int check_dunning(struct sxc *s, const struct account_fields *given, struct err *e)
{
	if (!given->dunning || !*given->dunning)
		return 0;
	return dunning_check_name(s, given->dunning, e);
}

static int insert(struct sxc *s, const char *name, const struct fields *f,
	const struct strvec *taxes, struct err *e)
{
	autofree char *after = fields_json(f);
	int r = db_run(s->db, e, SQL_ADD, name, f->email, f->kind, f->country, f->tax_id,
		f->currency, f->timezone, db_ref(f->bill_day), terms_arg(f->terms), f->contact,
		f->dunning, s->now);

	if (r == E_EXISTS)
		return err_set(e, E_EXISTS, "account %s exists already", name);
	if (r < 0 || (r = set_taxes(s, db_last_id(s->db), taxes, e)) < 0)
		return r;
	return audit_add(s, "account.add", name, NULL, after, e);
}

int account_add(struct sxc *s, const char *name, const struct account_fields *given, struct err *e)
{
	autorollback struct sxc *tx = NULL;
	autofields f = {0};
	int r;

	if (!str_is_name(name))
		return err_set(e, E_USAGE, "'%.80s' is not a name", name);
	if (!given->email || !*given->email)
		return err_set(e, E_USAGE, "an account needs a mail address: --email");
	if ((r = check_fields(given, e)) < 0 || (r = tx_begin(s, e)) < 0)
		return r;
	tx = s;
	if ((r = check_dunning(s, given, e)) < 0 || (r = default_fields(s, &f, e)) < 0 ||
		(r = merge(&f, given, e)) < 0 || (r = insert(s, name, &f, given->taxes, e)) < 0)
		return r;
	tx = NULL;
	return tx_commit(s, e);
}

static int check_currency_change(struct sxc *s, int64_t id, const char *name,
	const struct fields *before, const struct fields *after, struct err *e)
{
	int64_t sold = 0;
	int r;

	if (str_eq(before->currency, after->currency))
		return 0;
	r = db_get_i64(s->db, &sold, e, SQL_SOLD, id);
	if (r < 0 || !sold)
		return r < 0 ? r : 0;
	return err_set(e, E_STATE,
		"account %s has been sold or billed something in %s and keeps it", name,
		before->currency);
}

static int update(struct sxc *s, int64_t id, const char *name, const struct account_fields *given,
	struct err *e)
{
	autofields before = {0}, f = {0};
	autofree char *was = NULL, *is = NULL;
	int r;

	if ((r = read_fields(s, id, &before, e)) < 0 || (r = read_fields(s, id, &f, e)) < 0 ||
		(r = merge(&f, given, e)) < 0 ||
		(r = check_currency_change(s, id, name, &before, &f, e)) < 0)
		return r;
	was = fields_json(&before);
	is = fields_json(&f);
	if ((r = db_run(s->db, e, SQL_SET, id, f.email, f.kind, f.country, f.tax_id, f.currency,
		     f.timezone, db_ref(f.bill_day), terms_arg(f.terms), f.contact, f.dunning)) <
			0 ||
		(r = set_taxes(s, id, given->taxes, e)) < 0)
		return r;
	return audit_add(s, "account.set", name, was, is, e);
}

int account_set(struct sxc *s, const char *name, const struct account_fields *given, struct err *e)
{
	autorollback struct sxc *tx = NULL;
	autofree char *real = NULL;
	int64_t id;
	int r;

	if ((r = check_fields(given, e)) < 0)
		return r;
	if ((given->email && !*given->email) || (given->currency && !*given->currency) ||
		(given->timezone && !*given->timezone) || (given->kind && !*given->kind))
		return err_set(e, E_USAGE,
			"mail address, kind, currency and time zone cannot be empty");
	if ((r = tx_begin(s, e)) < 0)
		return r;
	tx = s;
	if ((r = check_dunning(s, given, e)) < 0)
		return r;
	if ((r = account_find(s, name, &id, e)) <= 0 || (r = account_name_of(s, id, &real, e)) <= 0)
		return r < 0 ? r : err_set(e, E_NOTFOUND, "no account named '%s'", name);
	if ((r = update(s, id, real, given, e)) < 0)
		return r;
	tx = NULL;
	return tx_commit(s, e);
}
