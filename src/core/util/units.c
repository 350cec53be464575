/* SPDX-License-Identifier: MIT */
#include "util/units.h"

#include <string.h>

/* Digits at *s into *out, *s behind them; -1 for none or too many. */
static int digits(const char **s, int64_t *out)
{
	int64_t v = 0;
	const char *p = *s;

	if (*p < '0' || *p > '9')
		return -1;
	for (; *p >= '0' && *p <= '9'; p++)
		if (__builtin_mul_overflow(v, 10, &v) || __builtin_add_overflow(v, *p - '0', &v))
			return -1;
	*s = p;
	*out = v;
	return 0;
}

/* A number with at most places decimals, as a multiple of 10^-places. */
static int decimal(const char **s, int places, int64_t *out)
{
	const char *p = *s;
	int64_t v;

	if (digits(&p, &v) < 0)
		return -1;
	bool point = *p == '.';
	if (point && (*++p < '0' || *p > '9'))
		return -1;
	for (int i = 0; i < places; i++) {
		int d = point && *p >= '0' && *p <= '9' ? *p++ - '0' : 0;

		if (__builtin_mul_overflow(v, 10, &v) || __builtin_add_overflow(v, d, &v))
			return -1;
	}
	*s = p;
	*out = v;
	return 0;
}

int units_int(const char *s, int64_t *out)
{
	bool minus = *s == '-';
	int64_t v;

	s += minus;
	if (digits(&s, &v) < 0 || *s)
		return -1;
	*out = minus ? -v : v;
	return 0;
}

static const char size_units[] = "KMGTP";

int units_size(const char *s, int64_t *out)
{
	int64_t v;

	if (digits(&s, &v) < 0)
		return -1;
	if (*s) {
		char c = *s >= 'a' && *s <= 'z' ? (char)(*s - 'a' + 'A') : *s;
		const char *u = strchr(size_units, c);

		if (!u || s[1] ||
			__builtin_mul_overflow(v, (int64_t)1 << 10 * (u - size_units + 1), &v))
			return -1;
	}
	*out = v;
	return 0;
}

int units_percent(const char *s, int64_t *out)
{
	int64_t v;

	if (decimal(&s, 2, &v) < 0 || strcmp(s, "%") != 0 || v > 100000000)
		return -1;
	*out = v;
	return 0;
}

static const struct {
	const char *name;
	int64_t bits;
} rates[] = {
	{"tbit", 1000000000000},
	{"gbit", 1000000000},
	{"mbit", 1000000},
	{"kbit", 1000},
};

int units_rate(const char *s, int64_t *out)
{
	const char *p = s;
	int64_t v;

	if (digits(&p, &v) == 0 && strcmp(p, "bit") == 0) {
		*out = v;
		return 0;
	}
	if (decimal(&s, 3, &v) < 0)
		return -1;
	for (size_t i = 0; i < ARRAY_LEN(rates); i++) {
		if (strcmp(s, rates[i].name) != 0)
			continue;
		if (__builtin_mul_overflow(v, rates[i].bits / 1000, &v))
			return -1;
		*out = v;
		return 0;
	}
	return -1;
}

static const struct {
	char letter;
	int64_t seconds;
} spans[] = {
	{'w', 604800},
	{'d', 86400},
	{'h', 3600},
	{'m', 60},
	{'s', 1},
};

int units_duration(const char *s, int64_t *out)
{
	int64_t sum = 0, v;
	size_t i = 0;

	if (strcmp(s, "0") == 0) {
		*out = 0;
		return 0;
	}
	do {
		if (digits(&s, &v) < 0)
			return -1;
		while (i < ARRAY_LEN(spans) && spans[i].letter != *s)
			i++;
		if (i == ARRAY_LEN(spans) || __builtin_mul_overflow(v, spans[i].seconds, &v) ||
			__builtin_add_overflow(sum, v, &sum))
			return -1;
		i++;
	} while (*++s);
	*out = sum;
	return 0;
}

void units_add_size(struct str *s, int64_t bytes)
{
	double v = (double)bytes;
	int u = -1;

	while ((v >= 999.5 || v <= -999.5) && u < (int)strlen(size_units) - 1) {
		v /= 1024;
		u++;
	}
	if (u < 0)
		str_addf(s, "%lld", (long long)bytes);
	else
		str_addf(s, "%.*f%c", v > -9.95 && v < 9.95 ? 1 : 0, v, size_units[u]);
}

void units_add_size_exact(struct str *s, int64_t bytes)
{
	int u = -1;

	for (; bytes && bytes % 1024 == 0 && u < (int)strlen(size_units) - 1; u++)
		bytes /= 1024;
	str_addf(s, "%lld", (long long)bytes);
	if (u >= 0)
		str_addc(s, size_units[u]);
}

/* Lists print millions of numbers: printf would be most of the time. */
void units_add_int(struct str *s, int64_t v)
{
	char buf[24], *p = buf + sizeof(buf);
	uint64_t u = v < 0 ? -(uint64_t)v : (uint64_t)v;

	do {
		*--p = (char)('0' + u % 10);
	} while (u /= 10);
	if (v < 0)
		*--p = '-';
	str_addn(s, p, (size_t)(buf + sizeof(buf) - p));
}

/* v / 10^places without trailing zeros. */
static void add_decimal(struct str *s, int64_t v, int places)
{
	char part[8];
	int64_t unit = 1;

	for (int i = 0; i < places; i++)
		unit *= 10;
	if (v < 0 && v > -unit)
		str_addc(s, '-');
	units_add_int(s, v / unit);
	v = v % unit < 0 ? -(v % unit) : v % unit;
	if (!v)
		return;
	for (; v % 10 == 0; places--)
		v /= 10;
	str_addc(s, '.');
	for (int i = places; i-- > 0; v /= 10)
		part[i] = (char)('0' + v % 10);
	str_addn(s, part, (size_t)places);
}

void units_add_hundredths(struct str *s, int64_t hundredths)
{
	uint64_t v = hundredths < 0 ? -(uint64_t)hundredths : (uint64_t)hundredths;

	str_addf(s, "%s%llu.%02u", hundredths < 0 ? "-" : "", (unsigned long long)(v / 100),
		(unsigned)(v % 100));
}

void units_add_percent(struct str *s, int64_t hundredths)
{
	add_decimal(s, hundredths, 2);
	str_addc(s, '%');
}

void units_add_rate(struct str *s, int64_t bits)
{
	for (size_t i = 0; i < ARRAY_LEN(rates); i++) {
		if (bits < rates[i].bits || bits % (rates[i].bits / 1000) != 0)
			continue;
		add_decimal(s, bits / (rates[i].bits / 1000), 3);
		str_add(s, rates[i].name);
		return;
	}
	str_addf(s, "%lldbit", (long long)bits);
}

void units_add_duration(struct str *s, int64_t seconds)
{
	int parts = 0;

	if (seconds < 0) {
		str_addc(s, '-');
		seconds = seconds == INT64_MIN ? INT64_MAX : -seconds;
	}
	/* Weeks are left out: "9d" says more than "1w2d". */
	for (size_t i = 1; i < ARRAY_LEN(spans) && parts < 2; i++) {
		int64_t n = seconds / spans[i].seconds;

		seconds %= spans[i].seconds;
		if (n) {
			str_addf(s, "%lld%c", (long long)n, spans[i].letter);
			parts++;
		} else if (parts) {
			break;
		}
	}
	if (!parts)
		str_add(s, "0s");
}
