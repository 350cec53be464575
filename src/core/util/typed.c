/* SPDX-License-Identifier: MIT */
#include "util/typed.h"

#include <regex.h>
#include <stdbool.h>
#include <string.h>

#include "util/str.h"
#include "util/units.h"
#include "util/vec.h"

#define HARMLESS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 _.:/@%+=-"

static const char *const names[TYPED_KINDS] = {"integer", "size", "duration", "boolean", "string",
	"choice", "secret", "list"};

const char *typed_name(enum typed_kind k)
{
	return names[k];
}

int typed_find(const char *name)
{
	for (int i = 0; i < TYPED_KINDS; i++)
		if (strcmp(names[i], name) == 0)
			return i;
	return -1;
}

void typed_widest(struct typed *t)
{
	bool text = t->kind == TYPED_STRING || t->kind == TYPED_SECRET;

	t->min = t->kind == TYPED_INTEGER ? INT64_MIN : 0;
	t->max = text ? 255 : t->kind == TYPED_LIST ? 64 : INT64_MAX;
}

static int compile(const char *match, regex_t *re)
{
	autofree char *whole = str_fmt("^(%s)$", match);

	return regcomp(re, whole, REG_EXTENDED | REG_NOSUB);
}

int typed_check_match(const char *match, struct err *e)
{
	regex_t re;

	if (strlen(match) > 500 || compile(match, &re) != 0)
		return err_set(e, E_USAGE, "match must be a POSIX extended expression");
	regfree(&re);
	return 0;
}

/* ---- messages ---- */

static int wrong(struct err *e, const struct typed *t, const char *value, const char *wanted)
{
	autostr shown = STR_INIT;

	if (t->kind == TYPED_SECRET)
		return err_set(e, E_USAGE, "must be %s", wanted);
	str_add_clean(&shown, value, strnlen(value, 60), false);
	return err_set(e, E_USAGE, "must be %s, not '%s'", wanted, str_c(&shown));
}

/* ---- numbers ---- */

static void add_number(const struct typed *t, struct str *s, int64_t v)
{
	if (t->kind == TYPED_SIZE)
		units_add_size_exact(s, v);
	else
		str_addf(s, "%lld%s", (long long)v, t->kind == TYPED_DURATION ? "s" : "");
}

/* With a unit, or as it stands in its canonical form. */
static int seconds(const char *s, int64_t *out)
{
	return units_duration(s, out) == 0 ? 0 : units_int(s, out);
}

static int number(const struct typed *t, const char *value, char **out, struct err *e)
{
	int (*parse)(const char *, int64_t *) = t->kind == TYPED_SIZE       ? units_size
	                                        : t->kind == TYPED_DURATION ? seconds
	                                                                    : units_int;
	autostr wanted = STR_INIT;
	int64_t v;

	if (parse(value, &v) == 0 && v >= t->min && v <= t->max) {
		*out = str_fmt("%lld", (long long)v);
		return 0;
	}
	str_add(&wanted, t->kind == TYPED_SIZE       ? UNITS_SIZE_FORM
			 : t->kind == TYPED_DURATION ? UNITS_DURATION_FORM
						     : "a whole number");
	if (t->min > INT64_MIN) {
		str_add(&wanted, " from ");
		add_number(t, &wanted, t->min);
	}
	if (t->max < INT64_MAX) {
		str_add(&wanted, " to ");
		add_number(t, &wanted, t->max);
	}
	return wrong(e, t, value, str_c(&wanted));
}

static int boolean(const struct typed *t, const char *value, char **out, struct err *e)
{
	static const char *const yes[] = {"yes", "true", "on", "1"};
	static const char *const no[] = {"no", "false", "off", "0"};

	for (size_t i = 0; i < ARRAY_LEN(yes); i++) {
		bool is_yes = strcmp(value, yes[i]) == 0;

		if (is_yes || strcmp(value, no[i]) == 0) {
			*out = mem_strdup(is_yes ? "yes" : "no");
			return 0;
		}
	}
	return wrong(e, t, value, "yes or no");
}

/* ---- texts ---- */

static bool is_printable(const char *s)
{
	for (const char *p = s; *p; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			return false;
	return str_is_utf8(s, strlen(s));
}

static bool matches(const char *match, const char *value)
{
	regex_t re;
	bool ok;

	if (compile(match, &re) != 0)
		return false;
	ok = regexec(&re, value, 0, NULL, 0) == 0;
	regfree(&re);
	return ok;
}

static int text(const struct typed *t, const char *value, int64_t min, int64_t max, struct err *e)
{
	int64_t n = (int64_t)strnlen(value, 65536);

	if (n < min || n > max || !is_printable(value)) {
		autofree char *form = str_fmt("one line of %lld to %lld bytes", (long long)min,
			(long long)max);

		return wrong(e, t, value, form);
	}
	if (!t->match)
		return value[strspn(value, HARMLESS)]
		               ? wrong(e, t, value, "letters, digits, blanks and _.:/@%+=- only")
		               : 0;
	autofree char *form = str_fmt("text that matches %s", t->match);
	return matches(t->match, value) ? 0 : wrong(e, t, value, form);
}

static int choice(const struct typed *t, const char *value, struct err *e)
{
	autostr form = STR_INIT;

	str_add(&form, "one of");
	for (size_t i = 0; i < t->n; i++) {
		if (strcmp(t->choices[i], value) == 0)
			return 0;
		str_addf(&form, " %s", t->choices[i]);
	}
	return wrong(e, t, value, str_c(&form));
}

static int list(const struct typed *t, const char *value, char **out, struct err *e)
{
	autostrvec items = {0};
	autostr joined = STR_INIT;
	int r;

	if (!is_printable(value))
		return wrong(e, t, value, "items apart by commas, on one line");
	strvec_split(&items, value, ",");
	if ((int64_t)items.n < t->min || (int64_t)items.n > t->max) {
		autofree char *form = str_fmt("%lld to %lld items apart by commas",
			(long long)t->min, (long long)t->max);

		return wrong(e, t, value, form);
	}
	for (size_t i = 0; i < items.n; i++) {
		if ((r = text(t, items.v[i], 1, 255, e)) < 0)
			return r;
		str_addf(&joined, "%s%s", i ? "," : "", items.v[i]);
	}
	*out = str_steal(&joined);
	return 0;
}

int typed_canon(const struct typed *t, const char *value, char **out, struct err *e)
{
	int r;

	switch (t->kind) {
	case TYPED_INTEGER:
	case TYPED_SIZE:
	case TYPED_DURATION:
		return number(t, value, out, e);
	case TYPED_BOOLEAN:
		return boolean(t, value, out, e);
	case TYPED_LIST:
		return list(t, value, out, e);
	case TYPED_CHOICE:
		r = choice(t, value, e);
		break;
	default:
		r = text(t, value, t->min, t->max, e);
	}
	if (r == 0)
		*out = mem_strdup(value);
	return r;
}
