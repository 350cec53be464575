/* SPDX-License-Identifier: MIT */
#include "util/tz.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "util/mem.h"
#include "util/period.h"
#include "util/str.h"

#define ZONES    "/usr/share/zoneinfo/"
#define TZ_BYTES (256 << 10)

/* When a footer's rule takes effect: RFC 8536, 3.3; POSIX TZ, "Mm.w.d", "Jn" and "n". */
struct rule {
	char form; /* M, J or 0-based day: 'N' */
	int month, week, day;
	int64_t time; /* seconds of the local day */
};

struct tz {
	char *name;
	size_t n;        /* transitions */
	int64_t *at;     /* when each begins */
	int64_t *offset; /* and what holds from then */
	int64_t first;   /* before the first */
	bool footer, dst;
	int64_t std_offset, dst_offset; /* of the footer, after the last transition */
	struct rule begin, end;
};

void tz_free(struct tz *tz)
{
	if (!tz)
		return;
	free(tz->name);
	free(tz->at);
	free(tz->offset);
	free(tz);
}

void tz_cleanup(struct tz **tz)
{
	tz_free(*tz);
}

/* ---- the footer ---- */

static bool skip_abbreviation(const char **p)
{
	const char *from = *p;

	if (**p == '<') {
		*p += strcspn(*p, ">");
		if (**p != '>')
			return false;
		(*p)++;
		return true;
	}
	while (isalpha((unsigned char)**p))
		(*p)++;
	return *p - from >= 3;
}

static bool take_number(const char **p, int max, int *out)
{
	if (!isdigit((unsigned char)**p))
		return false;
	for (*out = 0; isdigit((unsigned char)**p); (*p)++) {
		*out = *out * 10 + (**p - '0');
		if (*out > max)
			return false;
	}
	return true;
}

/* [+-]hh[:mm[:ss]] in seconds. */
static bool take_time(const char **p, int64_t *out)
{
	int sign = 1, part = 0, unit = 3600;

	if (**p == '-' || **p == '+')
		sign = *(*p)++ == '-' ? -1 : 1;
	*out = 0;
	do {
		if (!take_number(p, unit == 3600 ? 167 : 59, &part))
			return false;
		*out += (int64_t)part * unit;
		unit /= 60;
	} while (unit && **p == ':' && (*p)++);
	*out *= sign;
	return true;
}

static bool take_rule(const char **p, struct rule *r)
{
	bool ok;

	r->form = **p == 'M' || **p == 'J' ? *(*p)++ : 'N';
	if (r->form == 'M')
		ok = take_number(p, 12, &r->month) && *(*p)++ == '.' &&
		     take_number(p, 5, &r->week) && *(*p)++ == '.' && take_number(p, 6, &r->day) &&
		     r->month >= 1 && r->week >= 1;
	else
		ok = take_number(p, 365, &r->day);
	r->time = 2 * 3600;
	if (ok && **p == '/') {
		(*p)++;
		ok = take_time(p, &r->time);
	}
	return ok;
}

static bool parse_footer(struct tz *tz, const char *p)
{
	int64_t west;

	if (!skip_abbreviation(&p) || !take_time(&p, &west))
		return false;
	tz->std_offset = -west;
	tz->footer = true;
	if (!*p)
		return true;
	if (!skip_abbreviation(&p))
		return false;
	tz->dst_offset = tz->std_offset + 3600;
	if (*p && *p != ',') {
		if (!take_time(&p, &west))
			return false;
		tz->dst_offset = -west;
	}
	tz->dst = true;
	return *p++ == ',' && take_rule(&p, &tz->begin) && *p++ == ',' && take_rule(&p, &tz->end) &&
	       !*p;
}

/* Local seconds since 1970 at which the rule takes effect in that year. */
static int64_t rule_at(const struct rule *r, int64_t year)
{
	int64_t day = day_of((struct civil){year, 1, 1});

	if (r->form == 'M') {
		int64_t weekday;

		day = day_of((struct civil){year, r->month, 1});
		weekday = ((day + 4) % 7 + 7) % 7;
		day += (r->day - weekday + 7) % 7 + 7 * (r->week - 1);
		if (day_civil(day).month != r->month)
			day -= 7;
	} else {
		day += r->day;
		/* J counts from 1 and never counts February 29. */
		if (r->form == 'J' && !(r->day >= 60 && days_in_month(year, 2) == 29))
			day--;
	}
	return day * 86400 + r->time;
}

static int64_t footer_offset(const struct tz *tz, int64_t t)
{
	int64_t year, begin, end;
	bool inside;

	if (!tz->dst)
		return tz->std_offset;
	year = day_civil((t + tz->std_offset) / 86400).year;
	begin = rule_at(&tz->begin, year) - tz->std_offset;
	end = rule_at(&tz->end, year) - tz->dst_offset;
	inside = begin < end ? t >= begin && t < end : t >= begin || t < end;
	return inside ? tz->dst_offset : tz->std_offset;
}

/* ---- the file ---- */

static int64_t big_endian(const unsigned char *p, int n)
{
	uint64_t v = p[0] & 0x80 ? UINT64_MAX : 0;

	while (n-- > 0)
		v = v << 8 | *p++;
	return (int64_t)v;
}

struct counts {
	size_t isut, isstd, leap, time, type, chars;
};

/* Read a header at p, and the size of the data block behind it with times of width bytes. */
static bool read_header(const unsigned char *p, size_t left, int width, struct counts *c,
	size_t *size)
{
	size_t *const fields[] = {&c->isut, &c->isstd, &c->leap, &c->time, &c->type, &c->chars};

	if (left < 44 || memcmp(p, "TZif", 4) != 0)
		return false;
	for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
		int64_t v = big_endian(p + 20 + 4 * i, 4);

		if (v < 0 || v > TZ_BYTES)
			return false;
		*fields[i] = (size_t)v;
	}
	*size = c->time * (size_t)(width + 1) + c->type * 6 + c->chars +
	        c->leap * (size_t)(width + 4) + c->isstd + c->isut;
	return left - 44 >= *size;
}

static bool read_block(struct tz *tz, const unsigned char *p, const struct counts *c)
{
	const unsigned char *index = p + c->time * 8;
	const unsigned char *types = index + c->time;

	if (c->type == 0)
		return false;
	tz->n = c->time;
	tz->at = mem_array(NULL, tz->n, sizeof(*tz->at));
	tz->offset = mem_array(NULL, tz->n, sizeof(*tz->offset));
	tz->first = big_endian(types, 4);
	for (size_t i = 0; i < tz->n; i++) {
		if (index[i] >= c->type)
			return false;
		tz->at[i] = big_endian(p + 8 * i, 8);
		tz->offset[i] = big_endian(types + 6 * index[i], 4);
	}
	return true;
}

/* RFC 8536, 3: a version 1 block, then the header, block and footer of version 2 or later. */
static bool parse_file(struct tz *tz, const unsigned char *p, size_t n)
{
	struct counts c;
	size_t size;
	const char *footer, *end;
	autofree char *rule = NULL;

	if (!read_header(p, n, 4, &c, &size) || p[4] < '2')
		return false;
	p += 44 + size;
	n -= 44 + size;
	if (!read_header(p, n, 8, &c, &size) || !read_block(tz, p + 44, &c))
		return false;
	footer = (const char *)p + 44 + size;
	n -= 44 + size;
	if (n < 2 || footer[0] != '\n')
		return false;
	end = memchr(footer + 1, '\n', n - 1);
	if (!end)
		return false;
	rule = mem_strndup(footer + 1, (size_t)(end - footer - 1));
	return !*rule || parse_footer(tz, rule);
}

static bool zone_name(const char *zone)
{
	if (!isalpha((unsigned char)zone[0]) || strlen(zone) > 64 || strstr(zone, ".."))
		return false;
	for (const char *p = zone; *p; p++)
		if (!isalnum((unsigned char)*p) && !strchr("/_+-", *p))
			return false;
	return true;
}

static int load_file(struct tz *tz, const char *zone, struct err *e)
{
	autofree char *path = str_fmt(ZONES "%s", zone);
	autofree unsigned char *data = mem_alloc(TZ_BYTES);
	autofclose FILE *f = fopen(path, "rbe");
	size_t n = f ? fread(data, 1, TZ_BYTES, f) : 0;

	if (n == 0 || memcmp(data, "TZif", 4) != 0)
		return err_set(e, E_USAGE,
			"no time zone named '%s': write one such as Europe/Paris or UTC", zone);
	if (!parse_file(tz, data, n))
		return err_set(e, E_INTEGRITY, "%s is not a time zone file of RFC 8536", path);
	return 0;
}

int tz_load(struct tz **out, const char *zone, struct err *e)
{
	autotz *tz = mem_zalloc(sizeof(*tz));
	int r;

	if (!zone_name(zone))
		return err_set(e, E_USAGE,
			"'%s' is not a time zone: write one such as Europe/Paris or UTC", zone);
	tz->name = mem_strdup(zone);
	if (strcmp(zone, "UTC") != 0) {
		r = load_file(tz, zone, e);
		if (r < 0)
			return r;
	}
	*out = steal(&tz);
	return 0;
}

const char *tz_name(const struct tz *tz)
{
	return tz->name;
}

int64_t tz_offset(const struct tz *tz, int64_t t)
{
	size_t lo = 0, hi = tz->n;

	if (tz->n == 0 || t >= tz->at[tz->n - 1]) {
		if (tz->footer)
			return footer_offset(tz, t);
		return tz->n ? tz->offset[tz->n - 1] : tz->first;
	}
	while (lo < hi) {
		size_t mid = (lo + hi) / 2;

		if (tz->at[mid] <= t)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo ? tz->offset[lo - 1] : tz->first;
}

int64_t tz_day(const struct tz *tz, int64_t t)
{
	int64_t local = t + tz_offset(tz, t);

	return local / 86400 - (local % 86400 < 0);
}
