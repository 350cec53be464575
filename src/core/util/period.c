/* SPDX-License-Identifier: MIT */
#include "util/period.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "util/mem.h"

/* Days before year y (y - 1 whole years) in the Gregorian calendar, year 1 first. */
static int64_t days_before_year(int64_t y)
{
	y--;
	return 365 * y + y / 4 - y / 100 + y / 400;
}

static int is_leap(int64_t y)
{
	return (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;
}

int days_in_month(int64_t year, int month)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

	return days[month - 1] + (month == 2 && is_leap(year));
}

int64_t day_of(struct civil c)
{
	int64_t n = days_before_year(c.year) - days_before_year(1970) + c.day - 1;

	for (int m = 1; m < c.month; m++)
		n += days_in_month(c.year, m);
	return n;
}

struct civil day_civil(int64_t day)
{
	struct civil c = {1970 + day / 366, 1, 1};

	while (day_of((struct civil){c.year + 1, 1, 1}) <= day)
		c.year++;
	while (day_of((struct civil){c.year, 1, 1}) > day)
		c.year--;
	day -= day_of((struct civil){c.year, 1, 1});
	while (day >= days_in_month(c.year, c.month))
		day -= days_in_month(c.year, c.month++);
	c.day = (int)day + 1;
	return c;
}

static int all_digits(const char *p, int n)
{
	for (int i = 0; i < n; i++)
		if (!isdigit((unsigned char)p[i]))
			return 0;
	return 1;
}

int day_parse(const char *text, int64_t *out, struct err *e)
{
	struct civil c;

	if (strlen(text) != 10 || !all_digits(text, 4) || text[4] != '-' ||
		!all_digits(text + 5, 2) || text[7] != '-' || !all_digits(text + 8, 2))
		return err_set(e, E_USAGE, "'%s' is not a date: write YYYY-MM-DD", text);
	c.year = (text[0] - '0') * 1000 + (text[1] - '0') * 100 + (text[2] - '0') * 10 +
	         (text[3] - '0');
	c.month = (text[5] - '0') * 10 + (text[6] - '0');
	c.day = (text[8] - '0') * 10 + (text[9] - '0');
	if (c.year < 1970 || c.month < 1 || c.month > 12 || c.day < 1 ||
		c.day > days_in_month(c.year, c.month))
		return err_set(e, E_USAGE, "'%s' is not a date of the calendar since 1970", text);
	*out = day_of(c);
	return 0;
}

/* The last n digits; a bill has many days, and printf is slow. */
static void put_digits(char *to, int n, unsigned v)
{
	for (; n-- > 0; v /= 10)
		to[n] = (char)('0' + v % 10);
}

const char *day_format(int64_t day, char buf[DAY_TEXT])
{
	struct civil c;

	buf[0] = '\0';
	if (day == DAY_NONE)
		return buf;
	c = day_civil(day);
	put_digits(buf, 4, (unsigned)(c.year % 10000));
	put_digits(buf + 5, 2, (unsigned)c.month);
	put_digits(buf + 8, 2, (unsigned)c.day);
	buf[4] = buf[7] = '-';
	buf[DAY_TEXT - 1] = '\0';
	return buf;
}

static const char *const UNITS[] = {"day", "week", "month", "year"};

const char *unit_name(enum period_unit unit)
{
	return UNITS[unit];
}

int unit_parse(const char *name, enum period_unit *out)
{
	for (size_t i = 0; i < ARRAY_LEN(UNITS); i++) {
		if (strcmp(name, UNITS[i]) != 0)
			continue;
		*out = (enum period_unit)i;
		return 1;
	}
	return 0;
}

static int take_every(const char *text, struct every *out)
{
	static const int64_t most[] = {3650, 520, 120, 10};
	char unit[8];
	int end = 0;

	if (!isdigit((unsigned char)text[0]) ||
		sscanf(text, "%" SCNd64 " %7[a-z]%n", &out->n, unit, &end) != 2 || text[end])
		return 0;
	if (unit[strlen(unit) - 1] == 's')
		unit[strlen(unit) - 1] = '\0';
	return unit_parse(unit, &out->unit) && out->n >= 1 && out->n <= most[out->unit];
}

int every_parse(const char *text, struct every *out, struct err *e)
{
	if (strlen(text) < 32 && take_every(text, out))
		return 0;
	return err_set(e, E_USAGE,
		"'%s' is not a period: write a number and day, week, month or year, "
		"such as 1 month, up to 10 years",
		text);
}

static int by_month(struct every every)
{
	return every.unit == UNIT_MONTH || every.unit == UNIT_YEAR;
}

struct anchor anchor_at(int64_t start, struct every every)
{
	return (struct anchor){start, by_month(every) ? day_civil(start).day : 0, every};
}

static int64_t clamp(int64_t year, int month, int dom)
{
	int last = days_in_month(year, month);

	return day_of((struct civil){year, month, dom < last ? dom : last});
}

struct anchor anchor_aligned(int64_t day, int dom, struct every every)
{
	struct civil c = day_civil(day);
	int64_t start = clamp(c.year, c.month, dom);

	if (start < day)
		start = c.month == 12 ? clamp(c.year + 1, 1, dom) : clamp(c.year, c.month + 1, dom);
	return (struct anchor){start, dom, every};
}

int64_t anchor_nth(const struct anchor *a, int64_t k)
{
	struct civil c;
	int64_t months;

	if (!by_month(a->every))
		return a->start + k * a->every.n * (a->every.unit == UNIT_WEEK ? 7 : 1);
	c = day_civil(a->start);
	months = c.year * 12 + c.month - 1 + k * a->every.n * (a->every.unit == UNIT_YEAR ? 12 : 1);
	return clamp(months / 12, (int)(months % 12) + 1, a->dom);
}

void anchor_period(const struct anchor *a, int64_t day, int64_t *start, int64_t *end)
{
	static const int64_t shortest[] = {1, 7, 28, 365};
	/* As many as could have passed at most or at least; from there walk to the right one. */
	int64_t k = (day - a->start) / (shortest[a->every.unit] * a->every.n) + 1;

	if (day < a->start)
		k = (day - a->start) / (31 * a->every.n) + 1;
	while (anchor_nth(a, k) > day)
		k--;
	while (anchor_nth(a, k + 1) <= day)
		k++;
	*start = anchor_nth(a, k);
	*end = anchor_nth(a, k + 1);
}

void every_per_year(struct every every, int64_t *num, int64_t *den)
{
	static const int64_t nums[] = {3652425, 3652425, 12, 1};
	static const int64_t dens[] = {10000, 70000, 1, 1};

	*num = nums[every.unit];
	*den = dens[every.unit] * every.n;
}
