/* SPDX-License-Identifier: MIT */
#include "util/iso8601.h"

#include <string.h>
#include <time.h>

/* Exactly n digits at *s; -1 if they are not there. */
static int number(const char **s, int n)
{
	int v = 0;

	for (int i = 0; i < n; i++, ++*s) {
		if (**s < '0' || **s > '9')
			return -1;
		v = v * 10 + (**s - '0');
	}
	return v;
}

static bool eat(const char **s, char c)
{
	if (**s != c)
		return false;
	++*s;
	return true;
}

static int month_days(int year, int month)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

	if (month == 2 && year % 4 == 0 && (year % 100 != 0 || year % 400 == 0))
		return 29;
	return days[month - 1];
}

static bool date(const char **s, struct tm *tm)
{
	int y, m, d;

	if ((y = number(s, 4)) < 1970 || !eat(s, '-') || (m = number(s, 2)) < 1 || m > 12 ||
		!eat(s, '-') || (d = number(s, 2)) < 1 || d > month_days(y, m))
		return false;
	tm->tm_year = y - 1900;
	tm->tm_mon = m - 1;
	tm->tm_mday = d;
	return true;
}

static bool clock_time(const char **s, struct tm *tm)
{
	if ((tm->tm_hour = number(s, 2)) < 0 || tm->tm_hour > 23 || !eat(s, ':') ||
		(tm->tm_min = number(s, 2)) < 0 || tm->tm_min > 59)
		return false;
	if (eat(s, ':') && ((tm->tm_sec = number(s, 2)) < 0 || tm->tm_sec > 59))
		return false;
	return true;
}

/* Seconds east of UTC. */
static bool offset(const char **s, int *out)
{
	int sign = **s == '-' ? -1 : 1, h, m;

	*out = 0;
	if (!**s || eat(s, 'Z'))
		return true;
	if (!eat(s, '+') && !eat(s, '-'))
		return false;
	if ((h = number(s, 2)) < 0 || h > 14 || !eat(s, ':') || (m = number(s, 2)) < 0 || m > 59)
		return false;
	*out = sign * (h * 3600 + m * 60);
	return true;
}

int iso8601_parse(const char *s, int64_t *out)
{
	struct tm tm = {0};
	int east = 0;

	if (!date(&s, &tm))
		return -1;
	if (*s && ((!eat(&s, 'T') && !eat(&s, ' ')) || !clock_time(&s, &tm) || !offset(&s, &east)))
		return -1;
	if (*s)
		return -1;
	*out = (int64_t)timegm(&tm) - east;
	return 0;
}

bool iso8601_is_date(const char *s)
{
	struct tm tm;

	return date(&s, &tm) && !*s;
}

static void put(char *p, int v, int n)
{
	while (n-- > 0) {
		p[n] = (char)('0' + v % 10);
		v /= 10;
	}
}

/* Lists print hundred thousands of them: written by hand, strftime is ten times slower. */
static size_t format(char buf[20], int64_t when)
{
	time_t t = (time_t)when;
	struct tm tm = {0};

	gmtime_r(&t, &tm);
	memcpy(buf, "0000-00-00T00:00:00Z", 20);
	put(buf, tm.tm_year + 1900, 4);
	put(buf + 5, tm.tm_mon + 1, 2);
	put(buf + 8, tm.tm_mday, 2);
	put(buf + 11, tm.tm_hour, 2);
	put(buf + 14, tm.tm_min, 2);
	put(buf + 17, tm.tm_sec, 2);
	return 20;
}

void iso8601_add(struct str *s, int64_t when)
{
	char buf[20];

	str_addn(s, buf, format(buf, when));
}

void iso8601_add_date(struct str *s, int64_t when)
{
	char buf[20];

	format(buf, when);
	str_addn(s, buf, 10);
}
