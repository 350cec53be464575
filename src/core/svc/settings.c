/* SPDX-License-Identifier: MIT */
#include "svc/settings.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "util/mem.h"
#include "util/money.h"
#include "util/str.h"
#include "util/tz.h"
#include "util/units.h"
#include "util/vec.h"

#define PREFIX_BYTES "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-./"

/* In alphabetical order; a unit test keeps it so. */
static const struct setting settings[] = {
	{"ahead", SETTING_DAYS, "0d", "days before a period on which its invoice is made", 0, 60,
		NULL},
	{"currency", SETTING_CURRENCY, "USD", "currency of new accounts", 0, 0, NULL},
	{"dunning", SETTING_TEXT, "standard", "the dunning schedule of accounts that have none", 1,
		63, "abcdefghijklmnopqrstuvwxyz0123456789._-"},
	{"dunning.retain", SETTING_DAYS, "30d",
		"days that what dunning ended is kept before it is deleted", 0, 3650, NULL},
	{"dunning.schedules", SETTING_LINES, NULL, "dunning schedules by name, in YAML", 1, 20000,
		NULL},
	{"dunning.throttle", SETTING_INT, "10",
		"percent of its CPU time and network that a throttled server keeps", 1, 99, NULL},
	{"gateway.timeout", SETTING_INT, "60", "seconds that a payment gateway may take", 1, 600,
		NULL},
	{"invoice.prefix", SETTING_TEXT, NULL, "what stands before the number of an invoice", 0, 16,
		PREFIX_BYTES},
	{"mail.attach", SETTING_CHOICE, "text", "the form in which documents are attached to mail",
		0, 0, "text pdf"},
	{"mail.command", SETTING_TEXT, NULL,
		"the sendmail-compatible command that mail goes to, blanks between words", 1, 200,
		NULL},
	{"mail.from", SETTING_EMAIL, NULL, "sender of mail; default seller.email", 0, 0, NULL},
	{"ps.nameservers", SETTING_TEXT, NULL, "resolvers of new private servers, blanks between",
		1, 200, "0123456789abcdefABCDEF.: "},
	{"round", SETTING_CHOICE, "line",
		"taxes are rounded on each line, or once a rate and invoice", 0, 0, "line invoice"},
	{"seller.address", SETTING_LINES, NULL, "the seller's address, lines apart", 1, 500, NULL},
	{"seller.bank", SETTING_LINES, NULL, "where customers pay to, lines apart", 1, 300, NULL},
	{"seller.email", SETTING_EMAIL, NULL, "the seller's address for mail", 0, 0, NULL},
	{"seller.logo", SETTING_FILE, NULL, "a PNG or JPEG file that documents print", 0, 0, NULL},
	{"seller.name", SETTING_TEXT, NULL, "the seller's name as invoices print it", 1, 200, NULL},
	{"seller.tax-id", SETTING_TEXT, NULL, "the seller's tax number", 1, 60, NULL},
	{"server.timeout", SETTING_INT, "30", "seconds that a server may be silent", 5, 3600, NULL},
	{"terms", SETTING_DAYS, "14d", "days from an invoice to its due date", 0, 365, NULL},
	{"timezone", SETTING_TIMEZONE, "UTC", "the seller's time zone: the day invoices bear", 0, 0,
		NULL},
	{"withdrawal", SETTING_DAYS, "14d", "days from an order in which a consumer may withdraw",
		0, 365, NULL},
};

const struct setting *settings_at(size_t i)
{
	return i < ARRAY_LEN(settings) ? &settings[i] : NULL;
}

const struct setting *settings_find(const char *key)
{
	for (size_t i = 0; i < ARRAY_LEN(settings); i++)
		if (strcmp(settings[i].key, key) == 0)
			return &settings[i];
	return NULL;
}

const char *settings_default(const char *key)
{
	const struct setting *s = settings_find(key);

	return s ? s->def : NULL;
}

/* ---- unknown keys ---- */

static size_t min3(size_t a, size_t b, size_t c)
{
	a = a < b ? a : b;
	return a < c ? a : c;
}

/* Levenshtein's distance, of at most 63 bytes of b. */
static size_t distance(const char *a, const char *b)
{
	size_t row[64], n = strlen(b);

	n = n < ARRAY_LEN(row) ? n : ARRAY_LEN(row) - 1;
	for (size_t j = 0; j <= n; j++)
		row[j] = j;
	for (size_t i = 0; a[i]; i++) {
		size_t diagonal = row[0];

		row[0] = i + 1;
		for (size_t j = 1; j <= n; j++) {
			size_t up = row[j];

			row[j] = min3(up + 1, row[j - 1] + 1, diagonal + (a[i] != b[j - 1]));
			diagonal = up;
		}
	}
	return row[n];
}

/* A few letters off, or one a part of the other ("address"). */
static bool near(const char *key, const char *known)
{
	return distance(known, key) <= 3 || (strlen(key) >= 3 && strstr(known, key));
}

int settings_check_key(const char *key, struct err *e)
{
	autostr list = STR_INIT;

	if (settings_find(key))
		return 0;
	for (size_t i = 0; i < ARRAY_LEN(settings); i++)
		if (near(key, settings[i].key))
			str_addf(&list, "%s%s", list.len ? ", " : "", settings[i].key);
	if (list.len)
		return err_set(e, E_USAGE, "no setting named '%s': did you mean %s?", key,
			str_c(&list));
	return err_set(e, E_USAGE, "no setting named '%s': \"sxc config list\" shows them", key);
}

/* ---- values ---- */

static int wrong(struct err *e, const struct setting *s, const char *value, const char *wanted)
{
	return err_set(e, E_USAGE, "%s must be %s, not '%.60s'", s->key, wanted, value);
}

static bool has_control(const char *v, bool lines)
{
	for (; *v; v++)
		if (((unsigned char)*v < 0x20 && !(lines && *v == '\n')) || *v == 0x7f)
			return true;
	return false;
}

static int check_text(const struct setting *s, const char *v, struct err *e)
{
	bool lines = s->type == SETTING_LINES;
	size_t n = strlen(v);
	autofree char *wanted = str_fmt("%s of %lld to %lld bytes", lines ? "text" : "one line",
		(long long)s->min, (long long)s->max);

	if ((int64_t)n < s->min || (int64_t)n > s->max || !str_is_utf8(v, n) ||
		has_control(v, lines))
		return wrong(e, s, v, wanted);
	if (s->form && strspn(v, s->form) != n)
		return err_set(e, E_USAGE, "%s: '%.60s' has other characters than %s", s->key, v,
			s->form);
	return 0;
}

static int check_int(const struct setting *s, const char *v, struct err *e)
{
	autofree char *wanted = str_fmt("a whole number from %lld to %lld", (long long)s->min,
		(long long)s->max);
	int64_t n;

	return units_int(v, &n) < 0 || n < s->min || n > s->max ? wrong(e, s, v, wanted) : 0;
}

static int check_days(const struct setting *s, const char *v, struct err *e)
{
	autofree char *wanted = str_fmt("days from %lldd to %lldd", (long long)s->min,
		(long long)s->max);
	size_t n = strspn(v, "0123456789");

	if (n < 1 || n > 6 || strcmp(v + n, "d") != 0 || strtoll(v, NULL, 10) < s->min ||
		strtoll(v, NULL, 10) > s->max)
		return wrong(e, s, v, wanted);
	return 0;
}

static int check_timezone(const char *v, struct err *e)
{
	autotz *tz = NULL;

	return tz_load(&tz, v, e);
}

/* Enough to catch a slip; only the mail that comes back proves an address. */
static bool is_email(const char *v)
{
	const char *at = strchr(v, '@');
	size_t n = strlen(v);

	return at && at > v && at[1] && !strchr(at + 1, '@') && n <= 254 && str_is_utf8(v, n) &&
	       !has_control(v, false) && !strpbrk(v, " ,;<>()[]\\\"");
}

static int check_choice(const struct setting *s, const char *v, struct err *e)
{
	autofree char *wanted = str_fmt("one of: %s", s->form);
	autostrvec words = {0};

	strvec_split(&words, s->form, " ");
	for (size_t i = 0; i < words.n; i++)
		if (strcmp(words.v[i], v) == 0)
			return 0;
	return wrong(e, s, v, wanted);
}

static int check_value(const struct setting *s, const char *v, struct err *e)
{
	switch (s->type) {
	case SETTING_TEXT:
	case SETTING_LINES:
		return check_text(s, v, e);
	case SETTING_INT:
		return check_int(s, v, e);
	case SETTING_DAYS:
		return check_days(s, v, e);
	case SETTING_CURRENCY:
		return money_check_currency(v, e);
	case SETTING_TIMEZONE:
		return check_timezone(v, e);
	case SETTING_EMAIL:
		return is_email(v) ? 0 : wrong(e, s, v, "a mail address");
	case SETTING_FILE:
		return 0;
	case SETTING_CHOICE:
		return check_choice(s, v, e);
	}
	return 0;
}

int settings_check(const char *key, const char *value, struct err *e)
{
	int r = settings_check_key(key, e);

	return r < 0 ? r : check_value(settings_find(key), value, e);
}
