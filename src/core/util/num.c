/* SPDX-License-Identifier: MIT */
#include "util/num.h"

#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

static int too_large(struct err *e)
{
	return err_set(e, E_LIMIT, "the amount is too large to be counted");
}

int num_add(int64_t a, int64_t b, int64_t *out, struct err *e)
{
	return __builtin_add_overflow(a, b, out) ? too_large(e) : 0;
}

int num_mul(int64_t a, int64_t b, int64_t *out, struct err *e)
{
	return __builtin_mul_overflow(a, b, out) ? too_large(e) : 0;
}

int num_muldiv(int64_t a, int64_t b, int64_t c, int64_t *out, struct err *e)
{
	__int128 product = (__int128)a * b;
	__int128 q = product / c;
	__int128 rest = product % c;

	if (rest < 0)
		rest = -rest;
	if (2 * rest >= c)
		q += product < 0 ? -1 : 1;
	if (q > INT64_MAX || q < INT64_MIN)
		return too_large(e);
	*out = (int64_t)q;
	return 0;
}

/* Take the digits at *p into *v, at most max of them; how many, or -3 when they do not fit. */
static int take_digits(const char **p, int max, int64_t *v)
{
	int n = 0;

	while (**p >= '0' && **p <= '9' && n < max) {
		if (__builtin_mul_overflow(*v, 10, v) || __builtin_add_overflow(*v, **p - '0', v))
			return -3;
		(*p)++;
		n++;
	}
	return n;
}

static int take_places(const char **p, int places, int64_t *v)
{
	int n = 0;

	if (**p == '.') {
		(*p)++;
		n = take_digits(p, places, v);
		if (n < 0)
			return n;
		if (**p >= '0' && **p <= '9')
			return -2;
		if (n == 0)
			return -1;
	}
	for (; n < places; n++)
		if (__builtin_mul_overflow(*v, 10, v))
			return -3;
	return 0;
}

int num_parse(const char *text, int places, int64_t *out)
{
	bool minus = *text == '-';
	int64_t v = 0;
	int r;

	if (*text == '-' || *text == '+')
		text++;
	r = take_digits(&text, 40, &v);
	if (r <= 0)
		return r < 0 ? r : -1;
	if (*text == '.' && places == 0 && text[1] >= '0' && text[1] <= '9')
		return -2;
	r = take_places(&text, places, &v);
	if (r < 0)
		return r;
	if (*text)
		return -1;
	*out = minus ? -v : v;
	return 0;
}

void num_format(struct str *s, int64_t v, int places, int min)
{
	uint64_t u = v < 0 ? -(uint64_t)v : (uint64_t)v;
	char buf[48], *end = buf + sizeof(buf), *p = end;

	/* From the last digit on; by hand, for lists have many. */
	for (int n = 0; n <= places || u; n++, u /= 10) {
		if (n == places && p < end)
			*--p = '.';
		if (n >= places - min || p < end || u % 10)
			*--p = (char)('0' + u % 10);
	}
	if (v < 0)
		*--p = '-';
	str_addn(s, p, (size_t)(end - p));
}

int rate_parse(const char *text, int64_t *out, struct err *e)
{
	size_t n = strlen(text);
	autofree char *number = mem_strndup(text, n && text[n - 1] == '%' ? n - 1 : n);
	int64_t v;

	if (!n || text[n - 1] != '%' || num_parse(number, 6, &v) < 0 || v < 0 || v > 10 * RATE_ONE)
		return err_set(e, E_USAGE,
			"'%s' is not a rate: write 9.975%%, from 0%% to 1000%%, up to six decimals",
			text);
	*out = v;
	return 0;
}

void rate_format(struct str *s, int64_t rate)
{
	num_format(s, rate, 6, 0);
	str_addc(s, '%');
}
