/* SPDX-License-Identifier: MIT */
/* Sizes, percentages, rates, durations, times, words of a line: what is taken, what refused. */
/* SRCS: src/cmd/shell_words.c */
#include "test.h"
#include "cmd/shell.h"
#include "util/iso8601.h"
#include "util/units.h"

static int64_t of(int (*parse)(const char *, int64_t *), const char *text)
{
	int64_t v = -7; /* stays when it is refused */

	return parse(text, &v) < 0 && v != -7 ? -8 : v;
}

static void parsers(void)
{
	static const struct {
		int (*parse)(const char *, int64_t *);
		const char *text;
		int64_t want; /* -7: refused */
	} cases[] = {
		{units_size, "0", 0},
		{units_size, "64K", 65536},
		{units_size, "2g", 2147483648},
		{units_size, "8191P", 8191LL << 50},
		{units_size, "8192P", -7},
		{units_size, "", -7},
		{units_size, "1.5G", -7},
		{units_size, "-1", -7},
		{units_size, "1KB", -7},
		{units_size, " 1", -7},
		{units_size, "9223372036854775808", -7},
		{units_percent, "30%", 3000},
		{units_percent, "12.5%", 1250},
		{units_percent, "0.05%", 5},
		{units_percent, "30", -7},
		{units_percent, "1.234%", -7},
		{units_percent, ".5%", -7},
		{units_percent, "1.%", -7},
		{units_percent, "1000001%", -7},
		{units_rate, "500kbit", 500000},
		{units_rate, "2.5gbit", 2500000000},
		{units_rate, "12bit", 12},
		{units_rate, "1.5bit", -7},
		{units_rate, "20m", -7},
		{units_rate, "20", -7},
		{units_rate, "99999999999tbit", -7},
		{units_duration, "10s", 10},
		{units_duration, "1h30m", 5400},
		{units_duration, "0", 0},
		{units_duration, "2w", 1209600},
		{units_duration, "30m1h", -7},
		{units_duration, "1m1m", -7},
		{units_duration, "10", -7},
		{units_duration, "", -7},
		{units_int, "-12", -12},
		{units_int, "+1", -7},
		{units_int, "1x", -7},
		{units_int, "-", -7},
		{iso8601_parse, "1970-01-01", 0},
		{iso8601_parse, "2024-02-29T12:00", 1709208000},
		{iso8601_parse, "2024-02-29T14:00:00+02:00", 1709208000},
		{iso8601_parse, "2024-02-29 10:30:00-01:30", 1709208000},
		{iso8601_parse, "2023-02-29", -7},
		{iso8601_parse, "2024-13-01", -7},
		{iso8601_parse, "2024-1-01", -7},
		{iso8601_parse, "2024-01-01T24:00", -7},
		{iso8601_parse, "2024-01-01T10:00+2", -7},
		{iso8601_parse, "2024-01-01Z", -7},
		{iso8601_parse, "1969-12-31", -7},
		{iso8601_parse, "2024-01-01T10:00:00ZZ", -7},
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		int64_t got = of(cases[i].parse, cases[i].text);

		if (got != cases[i].want)
			printf("'%s': %lld, not %lld\n", cases[i].text, (long long)got,
				(long long)cases[i].want);
		CHECK(got == cases[i].want);
	}
}

static void writers(void)
{
	static const struct {
		void (*add)(struct str *, int64_t);
		int64_t v;
		const char *want;
	} cases[] = {
		{units_add_size, 0, "0"},
		{units_add_size, 999, "999"},
		{units_add_size, 1023, "1.0K"},
		{units_add_size, 2147483648, "2.0G"},
		{units_add_size, 134217728, "128M"},
		{units_add_size, 1048000, "1.0M"},
		{units_add_size, -2048, "-2.0K"},
		{units_add_size_exact, 536870912, "512M"},
		{units_add_size_exact, 1000, "1000"},
		{units_add_size_exact, 0, "0"},
		{units_add_hundredths, 147, "1.47"},
		{units_add_hundredths, 100, "1.00"},
		{units_add_hundredths, 5, "0.05"},
		{units_add_hundredths, -5, "-0.05"},
		{units_add_hundredths, INT64_MIN, "-92233720368547758.08"},
		{units_add_percent, 1250, "12.5%"},
		{units_add_percent, 5, "0.05%"},
		{units_add_percent, 10000, "100%"},
		{units_add_percent, -50, "-0.5%"},
		{units_add_rate, 2500000000, "2.5gbit"},
		{units_add_rate, 1234567, "1234.567kbit"},
		{units_add_rate, 7, "7bit"},
		{units_add_duration, 0, "0s"},
		{units_add_duration, 42, "42s"},
		{units_add_duration, 3725, "1h2m"},
		{units_add_duration, 86401, "1d"},
		{units_add_duration, 788645, "9d3h"},
		{units_add_int, INT64_MIN, "-9223372036854775808"},
		{iso8601_add, 1709208000, "2024-02-29T12:00:00Z"},
		{iso8601_add_date, 951782400, "2000-02-29"},
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		autostr s = STR_INIT;

		cases[i].add(&s, cases[i].v);
		if (!str_eq(str_c(&s), cases[i].want))
			printf("%lld: '%s', not '%s'\n", (long long)cases[i].v, str_c(&s),
				cases[i].want);
		CHECK(str_eq(str_c(&s), cases[i].want));
	}
}

/* The words with | between them; "!" when refused. */
static void words(const char *line, const char *want)
{
	autostrvec sv = {0};
	autostr s = STR_INIT;
	struct err e = {0};

	if (words_split(&sv, line, &e) < 0)
		str_add(&s, "!");
	else
		vec_each(&sv, it)
			str_addf(&s, "%s%s", s.len ? "|" : "", *it);
	if (!str_eq(str_c(&s), want))
		printf("<%s>: <%s>, not <%s>\n", line, str_c(&s), want);
	CHECK(str_eq(str_c(&s), want));
}

static void cursor(const char *line, size_t at, const char *last)
{
	autostrvec sv = {0};
	size_t start;

	words_at_cursor(&sv, line, &start);
	CHECK(start == at);
	CHECK(sv.n && str_eq(sv.v[sv.n - 1], last));
}

/* Quoting and splitting give the word back. */
static void quoted(const char *word)
{
	autostrvec sv = {0};
	autostr s = STR_INIT;
	struct err e;

	words_quote(&s, word);
	CHECK(words_split(&sv, str_c(&s), &e) == 0 && sv.n == 1 && str_eq(sv.v[0], word));
}

int main(void)
{
	parsers();
	writers();
	words("a  b\tc", "a|b|c");
	words("'a b' \"c 'd\" e\\ f", "a b|c 'd|e f");
	words("\"a\\\"b\\n\" # c", "a\"b\\n");
	words("a#b #c", "a#b");
	words("$x *; `id` $(id)", "$x|*;|`id`|$(id)");
	words("'a", "!");
	words("x\"", "!");
	words("", "");
	cursor("account sh", 8, "sh");
	cursor("account ", 8, "");
	cursor("account 'a b", 8, "a b");
	quoted("it's");
	quoted("a b\\c\"d");
	quoted("#12");
	return test_end();
}
