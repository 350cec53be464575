/* SPDX-License-Identifier: MIT */
#include "test.h"
#include "util/period.h"
#include "util/str.h"
#include "util/tz.h"

static int64_t day(const char *text)
{
	struct err e = {0};
	int64_t d = DAY_NONE;

	if (day_parse(text, &d, &e) < 0)
		CHECK_TEXT(e.msg, "");
	return d;
}

static const char *starts(struct anchor a, int from, int to)
{
	static struct str s;
	char buf[DAY_TEXT];

	str_clear(&s);
	for (int k = from; k <= to; k++)
		str_addf(&s, "%s%s", k > from ? " " : "", day_format(anchor_nth(&a, k), buf));
	return str_c(&s);
}

static const char *holding(struct anchor a, const char *text)
{
	static char out[32];
	char buf[DAY_TEXT], buf2[DAY_TEXT];
	int64_t start, end;

	anchor_period(&a, day(text), &start, &end);
	snprintf(out, sizeof(out), "%s %s", day_format(start, buf), day_format(end, buf2));
	return out;
}

/* Every day from 1970 to 2170 there and back, one after the other. */
static void check_calendar(void)
{
	struct civil before = {1969, 12, 31};
	int bad = 0;

	for (int64_t d = 0; d < 200 * 366; d++) {
		struct civil c = day_civil(d);
		int next = (c.year == before.year && c.month == before.month &&
				   c.day == before.day + 1) ||
		           (c.day == 1 && before.day == days_in_month(before.year, before.month));

		bad += !next || day_of(c) != d;
		before = c;
	}
	CHECK_I64(bad, 0);
	CHECK_I64(day("2026-11-23"), 20780);
	CHECK_I64(day_civil(-1).year, 1969);
}

/* Periods of a grid meet without a gap, and each day lies in the one that says so. */
static void check_grid(struct anchor a)
{
	int bad = 0;

	for (int64_t d = a.start - 800; d < a.start + 4000; d++) {
		int64_t start, end;

		anchor_period(&a, d, &start, &end);
		bad += !(start <= d && d < end);
	}
	CHECK_I64(bad, 0);
}

static const char *day_in(const char *zone, int64_t t)
{
	static char buf[DAY_TEXT];
	struct err e = {0};
	autotz *tz = NULL;

	if (tz_load(&tz, zone, &e) < 0)
		return "none";
	return day_format(tz_day(tz, t), buf);
}

static int64_t offset_in(const char *zone, int64_t t)
{
	autotz *tz = NULL;

	return tz_load(&tz, zone, NULL) < 0 ? -1 : tz_offset(tz, t);
}

static int every_ok(const char *text)
{
	struct every every;

	return every_parse(text, &every, NULL) == 0;
}

int main(void)
{
	struct every month = {1, UNIT_MONTH}, year = {1, UNIT_YEAR}, week = {2, UNIT_WEEK};
	struct err e = {0};
	int64_t d;

	check_calendar();
	CHECK_TEXT(starts(anchor_at(day("2026-01-31"), month), 0, 4),
		"2026-01-31 2026-02-28 2026-03-31 2026-04-30 2026-05-31");
	CHECK_TEXT(starts(anchor_at(day("2028-01-31"), month), 1, 1), "2028-02-29");
	CHECK_TEXT(starts(anchor_at(day("2024-02-29"), year), 0, 4),
		"2024-02-29 2025-02-28 2026-02-28 2027-02-28 2028-02-29");
	CHECK_TEXT(starts(anchor_at(day("2026-01-01"), week), -1, 1),
		"2025-12-18 2026-01-01 2026-01-15");
	CHECK_TEXT(holding(anchor_aligned(day("2021-09-16"), 25, month), "2021-09-16"),
		"2021-08-25 2021-09-25");
	CHECK_TEXT(holding(anchor_aligned(day("2021-09-25"), 25, month), "2021-09-25"),
		"2021-09-25 2021-10-25");
	CHECK_TEXT(holding(anchor_aligned(day("2021-12-26"), 25, month), "2021-12-26"),
		"2021-12-25 2022-01-25");
	CHECK_TEXT(starts(anchor_aligned(day("2026-02-10"), 31, month), -1, 1),
		"2026-01-31 2026-02-28 2026-03-31");
	check_grid(anchor_at(day("2026-01-31"), month));
	check_grid(anchor_at(day("2024-02-29"), year));
	check_grid(anchor_at(day("2024-02-29"), week));
	check_grid(anchor_at(day("2025-12-31"), (struct every){7, UNIT_MONTH}));
	check_grid(anchor_at(day("2025-12-31"), (struct every){3, UNIT_DAY}));

	CHECK_I64(every_ok("1 month"), 1);
	CHECK_I64(every_ok("2 weeks"), 1);
	CHECK_I64(every_ok("0 months"), 0);
	CHECK_I64(every_ok("month"), 0);
	CHECK_I64(every_ok("1 months!"), 0);
	CHECK_I64(every_ok("1 s"), 0);
	CHECK_I64(every_ok("11 years"), 0);
	CHECK_I64(every_ok("99999999999999999999999999 days"), 0);
	CHECK_I64(day_parse("2025-02-29", &d, &e), E_USAGE);
	CHECK_I64(day_parse("2025-2-9", &d, &e), E_USAGE);
	CHECK_I64(day_parse("2025-13-01", &d, &e), E_USAGE);
	CHECK_I64(day_parse("2025-02-0x", &d, &e), E_USAGE);

	/* 2026-03-08 06:59:59Z is still EST; 2050 is past the last transition of any file. */
	CHECK_I64(offset_in("America/New_York", 1772953199), -5 * 3600);
	CHECK_I64(offset_in("America/New_York", 1772953200), -4 * 3600);
	CHECK_I64(offset_in("America/New_York", INT64_C(2540937600)), -4 * 3600); /* 2050-07-08 */
	CHECK_I64(offset_in("America/New_York", INT64_C(2525644800)), -5 * 3600); /* 2050-01-12 */
	CHECK_I64(offset_in("Australia/Sydney", INT64_C(2525644800)), 11 * 3600);
	CHECK_TEXT(day_in("Pacific/Kiritimati", 1772953199), "2026-03-08");
	CHECK_TEXT(day_in("Pacific/Pago_Pago", 1772926200), "2026-03-07");
	CHECK_TEXT(day_in("UTC", 1772953199), "2026-03-08");
	CHECK_TEXT(day_in("../../etc/passwd", 0), "none");
	CHECK_TEXT(day_in("Nowhere/Land", 0), "none");
	CHECK_TEXT(day_in("posixrules/../UTC", 0), "none");
	CHECK_TEXT(day_in("", 0), "none");
	return test_end();
}
