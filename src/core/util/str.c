/* SPDX-License-Identifier: MIT */
#include "util/str.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

void str_release(struct str *s)
{
	free(s->p);
	*s = (struct str)STR_INIT;
}

void str_clear(struct str *s)
{
	str_setlen(s, 0);
}

void str_reserve(struct str *s, size_t n)
{
	size_t need = s->len + n + 1;

	if (need <= s->cap)
		return;
	if (need < s->cap * 2)
		need = s->cap * 2;
	if (need < 64)
		need = 64;
	s->p = mem_realloc(s->p, need);
	s->cap = need;
}

void str_setlen(struct str *s, size_t len)
{
	if (!s->p)
		return;
	s->len = len;
	s->p[len] = '\0';
}

void str_drop_used(struct str *s, size_t *off, size_t slack)
{
	size_t left = s->len - *off;

	if (*off == 0 || (left && *off <= slack))
		return;
	memmove(s->p, s->p + *off, left);
	str_setlen(s, left);
	*off = 0;
}

void str_addn(struct str *s, const void *p, size_t n)
{
	str_reserve(s, n);
	if (n)
		memcpy(s->p + s->len, p, n);
	str_setlen(s, s->len + n);
}

void str_add(struct str *s, const char *text)
{
	str_addn(s, text, strlen(text));
}

void str_addc(struct str *s, char c)
{
	str_addn(s, &c, 1);
}

void str_addvf(struct str *s, const char *fmt, va_list ap)
{
	va_list again;
	int n;

	va_copy(again, ap);
	n = vsnprintf(NULL, 0, fmt, ap);
	if (n > 0) {
		str_reserve(s, (size_t)n);
		vsnprintf(s->p + s->len, (size_t)n + 1, fmt, again);
		s->len += (size_t)n;
	}
	va_end(again);
}

void str_addf(struct str *s, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	str_addvf(s, fmt, ap);
	va_end(ap);
}

char *str_steal(struct str *s)
{
	char *p = s->p ? s->p : mem_strdup("");

	*s = (struct str)STR_INIT;
	return p;
}

char *str_fmt(const char *fmt, ...)
{
	struct str s = STR_INIT;
	va_list ap;

	va_start(ap, fmt);
	str_addvf(&s, fmt, ap);
	va_end(ap);
	return str_steal(&s);
}

bool str_eq(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

bool str_starts(const char *s, const char *prefix)
{
	return strncmp(s, prefix, strlen(prefix)) == 0;
}

bool str_ends(const char *s, const char *suffix)
{
	size_t n = strlen(s), m = strlen(suffix);

	return n >= m && strcmp(s + n - m, suffix) == 0;
}

/* Length of the UTF-8 sequence at p (n bytes left), 0 if invalid; RFC 3629, section 4. */
static size_t utf8_seq(const unsigned char *p, size_t n)
{
	unsigned char lo = 0x80, hi = 0xbf;
	size_t len;

	if (p[0] < 0x80)
		return 1;
	if (p[0] < 0xc2 || p[0] > 0xf4)
		return 0;
	len = p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
	if (n < len)
		return 0;
	if (p[0] == 0xe0)
		lo = 0xa0;
	if (p[0] == 0xed)
		hi = 0x9f;
	if (p[0] == 0xf0)
		lo = 0x90;
	if (p[0] == 0xf4)
		hi = 0x8f;
	if (p[1] < lo || p[1] > hi)
		return 0;
	for (size_t i = 2; i < len; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	return len;
}

bool str_is_utf8(const char *s, size_t n)
{
	const unsigned char *p = (const unsigned char *)s;

	for (size_t i = 0, k; i < n; i += k) {
		k = utf8_seq(p + i, n - i);
		if (k == 0 || p[i] == 0)
			return false;
	}
	return true;
}

static bool name_char(char c, bool first)
{
	if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))
		return true;
	return !first && (c == '.' || c == '_' || c == '-');
}

bool str_is_name(const char *s)
{
	size_t n = strlen(s);

	if (n < 1 || n > 63)
		return false;
	for (size_t i = 0; i < n; i++)
		if (!name_char(s[i], i == 0))
			return false;
	return true;
}

/* C0, DEL, or C1 as UTF-8 has them; n bytes are there. */
static bool is_control(const unsigned char *p, size_t n)
{
	return *p < 0x20 || *p == 0x7f || (n >= 2 && *p == 0xc2 && p[1] < 0xa0);
}

bool str_is_line(const char *s, size_t most)
{
	size_t n = strlen(s);

	if (n < 1 || n > most || !str_is_utf8(s, n))
		return false;
	for (size_t i = 0; i < n; i++)
		if (is_control((const unsigned char *)s + i, n - i))
			return false;
	return true;
}

void str_add_clean(struct str *s, const char *text, size_t n, bool keep_lines)
{
	const unsigned char *p = (const unsigned char *)text;

	for (size_t i = 0, k; i < n; i += k) {
		k = utf8_seq(p + i, n - i);
		bool control = is_control(p + i, k);

		if (keep_lines && (p[i] == '\n' || p[i] == '\t'))
			control = false;
		if (k && !control) {
			str_addn(s, p + i, k);
			continue;
		}
		k = k ? k : 1;
		for (size_t j = 0; j < k; j++)
			str_addf(s, "\\x%02x", p[i + j]);
	}
}
