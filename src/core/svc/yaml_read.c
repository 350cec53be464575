/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "svc/yaml.h"
#include "util/units.h"

#define SHOWN_BYTES 40 /* of a value, in a message */

/* ---- messages ---- */

int yaml_err(struct err *e, const struct yaml_node *at, const char *fmt, ...)
{
	autostr text = STR_INIT;
	va_list ap;

	va_start(ap, fmt);
	str_addvf(&text, fmt, ap);
	va_end(ap);
	if (!at)
		return err_set(e, E_USAGE, "%s", str_c(&text));
	return err_set(e, E_USAGE, "%s:%d:%d: %s", at->file, at->line, at->column, str_c(&text));
}

/* What stands there, short and safe to print. */
static void describe(struct str *s, const struct yaml_node *n)
{
	size_t len;

	if (n->kind == YAML_MAP || n->kind == YAML_LIST) {
		str_add(s, n->kind == YAML_MAP ? "a mapping" : "a list");
		return;
	}
	if (!n->quoted && !*n->text) {
		str_add(s, "nothing");
		return;
	}
	len = strlen(n->text);
	str_addc(s, '\'');
	if (len > SHOWN_BYTES)
		for (len = SHOWN_BYTES; len > 0 && (n->text[len] & 0xc0) == 0x80;)
			len--;
	str_add_clean(s, n->text, len, false);
	str_add(s, n->text[len] ? "…'" : "'");
}

static int wrong(struct err *e, const struct yaml_node *n, const char *what, const char *wanted)
{
	autostr is = STR_INIT;

	if (!n)
		return err_set(e, E_USAGE, "%s is missing: it must be %s", what, wanted);
	describe(&is, n);
	return yaml_err(e, n, "%s must be %s, not %s", what, wanted, str_c(&is));
}

/* ---- typed reads ---- */

const struct yaml_node *yaml_get(const struct yaml_node *map, const char *key)
{
	if (!map || map->kind != YAML_MAP)
		return NULL;
	for (size_t i = 0; i < map->n; i++)
		if (strcmp(map->keys[i]->text, key) == 0)
			return map->items[i];
	return NULL;
}

static bool listed(const char *const *allowed, const char *key)
{
	for (; *allowed; allowed++)
		if (strcmp(*allowed, key) == 0)
			return true;
	return false;
}

int yaml_only_keys(const struct yaml_node *map, const char *const *allowed, struct err *e)
{
	int r = yaml_need_map(map, "this", e);

	if (r < 0)
		return r;
	for (size_t i = 0; i < map->n; i++) {
		autostr name = STR_INIT, list = STR_INIT;

		if (listed(allowed, map->keys[i]->text))
			continue;
		describe(&name, map->keys[i]);
		for (const char *const *a = allowed; *a; a++)
			str_addf(&list, "%s%s", a == allowed ? "" : " ", *a);
		return yaml_err(e, map->keys[i], "unknown key %s: allowed are %s", str_c(&name),
			str_c(&list));
	}
	return 0;
}

int yaml_need_key(const struct yaml_node *map, const char *key, struct err *e)
{
	return yaml_get(map, key) ? 0 : yaml_err(e, map, "the key '%s' is missing", key);
}

static bool is_null(const struct yaml_node *n)
{
	return !n->quoted && (!*n->text || !strcmp(n->text, "~") || !strcmp(n->text, "null"));
}

/* The text of an unquoted scalar, or NULL. */
static const char *plain(const struct yaml_node *n)
{
	return n && n->kind == YAML_SCALAR && !n->quoted ? n->text : NULL;
}

int yaml_need_map(const struct yaml_node *n, const char *what, struct err *e)
{
	return n && n->kind == YAML_MAP ? 0 : wrong(e, n, what, "a mapping of keys to values");
}

int yaml_need_list(const struct yaml_node *n, const char *what, struct err *e)
{
	return n && n->kind == YAML_LIST ? 0 : wrong(e, n, what, "a list");
}

int yaml_text(const struct yaml_node *n, const char *what, const char **out, struct err *e)
{
	if (!n || n->kind != YAML_SCALAR || is_null(n))
		return wrong(e, n, what, "a text");
	*out = n->text;
	return 0;
}

int yaml_i64(const struct yaml_node *n, const char *what, int64_t min, int64_t max, int64_t *out,
	struct err *e)
{
	const char *t = plain(n), *digits = t && *t == '-' ? t + 1 : t;
	autofree char *wanted = str_fmt("a whole number from %lld to %lld", (long long)min,
		(long long)max);
	int64_t v;

	if (!t || !*digits || strspn(digits, "0123456789") != strlen(digits) ||
		(digits[0] == '0' && digits[1]))
		return wrong(e, n, what, wanted);
	errno = 0;
	v = strtoll(t, NULL, 10);
	if (errno || v < min || v > max)
		return wrong(e, n, what, wanted);
	*out = v;
	return 0;
}

int yaml_bool(const struct yaml_node *n, const char *what, bool *out, struct err *e)
{
	const char *t = plain(n);
	bool yes = str_eq(t, "yes") || str_eq(t, "true");

	if (!yes && !str_eq(t, "no") && !str_eq(t, "false"))
		return wrong(e, n, what, "yes or no");
	*out = yes;
	return 0;
}

int yaml_size(const struct yaml_node *n, const char *what, int64_t *out, struct err *e)
{
	const char *t = plain(n);

	return t && units_size(t, out) == 0 ? 0 : wrong(e, n, what, UNITS_SIZE_FORM);
}

int yaml_percent(const struct yaml_node *n, const char *what, int64_t *out, struct err *e)
{
	const char *t = plain(n);
	int64_t v;

	if (!t || units_percent(t, &v) < 0 || v < 0 || v > 10000)
		return wrong(e, n, what, "a percentage from 0% to 100%");
	*out = v;
	return 0;
}

int yaml_name(const struct yaml_node *n, const char *what, const char **out, struct err *e)
{
	if (!n || n->kind != YAML_SCALAR || !str_is_name(n->text))
		return wrong(e, n, what,
			"a name: lower-case letters, digits, '.', '_', '-', at most 63, "
			"beginning with a letter or digit");
	*out = n->text;
	return 0;
}

/* ---- writing ---- */

#define ALNUM "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

static bool word_of_yaml(const char *t)
{
	static const char *const words[] = {"null", "true", "false", "yes", "no", "on", "off", "y",
		"n", "nan", "inf"};

	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (strcasecmp(t, words[i]) == 0)
			return true;
	return strspn(t, "0123456789.-+_exXabcdefABCDEFoO") == strlen(t) &&
	       strpbrk(t, "0123456789");
}

static bool safe_plain(const char *t)
{
	size_t n = strlen(t);

	return n > 0 && strspn(t, ALNUM "_/.@%+- ") == n && strchr(ALNUM "_/", t[0]) &&
	       t[n - 1] != ' ' && !word_of_yaml(t);
}

/* Bytes of a line break or byte order mark outside ASCII at p (YAML 1.2, section 5.4), else 0. */
static size_t odd_break(const char *p)
{
	if (strncmp(p, "\xc2\x85", 2) == 0)
		return 2;
	return !strncmp(p, "\xe2\x80\xa8", 3) || !strncmp(p, "\xe2\x80\xa9", 3) ||
	                       !strncmp(p, "\xef\xbb\xbf", 3)
	               ? 3
	               : 0;
}

void yaml_emit_scalar(struct str *s, const char *text)
{
	if (safe_plain(text)) {
		str_add(s, text);
		return;
	}
	str_addc(s, '"');
	for (const char *p = text; *p; p++) {
		size_t odd = odd_break(p);

		if (odd) {
			str_add(s, odd == 2         ? "\\u0085"
				   : p[1] == '\xbb' ? "\\ufeff"
				   : p[2] == '\xa8' ? "\\u2028"
						    : "\\u2029");
			p += odd - 1;
		} else if (*p == '"' || *p == '\\') {
			str_addf(s, "\\%c", *p);
		} else if (*p == '\n' || *p == '\t') {
			str_add(s, *p == '\n' ? "\\n" : "\\t");
		} else if ((unsigned char)*p < 0x20 || *p == 0x7f) {
			str_addf(s, "\\x%02x", (unsigned)*p);
		} else {
			str_addc(s, *p);
		}
	}
	str_addc(s, '"');
}
