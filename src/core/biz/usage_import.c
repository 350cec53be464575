/* SPDX-License-Identifier: MIT */
/* Readings of things that sxc does not run, from a file. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "biz/subscription_int.h"
#include "biz/usage.h"
#include "biz/usage_csv.h"
#include "svc/sign.h"
#include "util/iso8601.h"
#include "util/slurp.h"
#include "util/str.h"
#include "util/tz.h"
#include "util/units.h"

#define FILE_MOST ((size_t)256 << 20)

#define SQL_LIFE                                                                                   \
	"SELECT s.start, s.until, a.timezone, a.name FROM subscription s "                         \
	"JOIN account a ON a.id = s.account WHERE s.id = ?1"

enum col { C_SUBSCRIPTION, C_RESOURCE, C_START, C_END, C_VALUE, C_SOURCE, C_SEQUENCE, COLS };
static const char *const COL_NAMES[COLS] = {"subscription", "resource", "start", "end", "value",
	"source", "sequence"};
#define COLS_NEEDED C_SOURCE

struct import {
	struct sxc *s;
	struct csv csv;
	int at[COLS]; /* place of a column in the file, -1: absent */
	/* The subscription of the record before, and its life. */
	char *name, *zone;
	int64_t id, start, until;
	struct tz *tz;
	VEC(int64_t) late; /* subscriptions with months to be reckoned anew */
	struct usage_import_done *done;
};

static void import_release(struct import *im)
{
	free(im->name);
	free(im->zone);
	tz_free(im->tz);
	vec_release(&im->late);
}

static const char *value_of(const struct import *im, enum col col)
{
	const char *v = im->at[col] < 0 ? NULL : im->csv.fields[im->at[col]];

	return v && *v ? v : NULL;
}

/* ---- the header ---- */

static int find_column(const char *name)
{
	for (int i = 0; i < COLS; i++)
		if (strcmp(COL_NAMES[i], name) == 0)
			return i;
	return -1;
}

static int read_header(struct import *im, struct err *e)
{
	int r = csv_next(&im->csv, e);

	if (r < 0)
		return r;
	for (int i = 0; i < COLS; i++)
		im->at[i] = -1;
	for (size_t i = 0; r && i < im->csv.n; i++) {
		int col = find_column(im->csv.fields[i]);

		if (col < 0)
			return csv_err(&im->csv, e, E_USAGE,
				"unknown column '%.40s'; there are subscription, resource, start, "
				"end, value, source, sequence",
				im->csv.fields[i]);
		if (im->at[col] >= 0)
			return csv_err(&im->csv, e, E_USAGE, "column %s stands there twice",
				COL_NAMES[col]);
		im->at[col] = (int)i;
	}
	for (int i = 0; i < COLS_NEEDED; i++)
		if (im->at[i] < 0)
			return csv_err(&im->csv, e, E_USAGE, "the header has no column %s",
				COL_NAMES[i]);
	return 0;
}

/* ---- a record ---- */

static int need_subscription(struct import *im, struct err *e)
{
	const char *name = value_of(im, C_SUBSCRIPTION);
	autoclean(db_done) struct query q = {0};
	struct err why;
	int r;

	if (!name)
		return csv_err(&im->csv, e, E_USAGE, "no subscription");
	if (str_eq(name, im->name))
		return 0;
	free(steal(&im->name));
	if ((r = subscription_find(im->s, name, &im->id, e)) < 0)
		return r;
	if (r == 0)
		return csv_err(&im->csv, e, E_NOTFOUND, "no subscription named '%.80s'", name);
	if ((r = db_one(im->s->db, &q, e, SQL_LIFE, im->id)) < 0)
		return r;
	im->start = day_col(&q, 0);
	im->until = day_col(&q, 1);
	if (!str_eq(im->zone, db_text(&q, 2))) {
		tz_free(steal(&im->tz));
		free(im->zone);
		im->zone = db_text_dup(&q, 2);
		if (tz_load(&im->tz, im->zone, &why) < 0)
			return csv_err(&im->csv, e, why.code, "%s", why.msg);
	}
	im->name = mem_strdup(name);
	return 0;
}

/* The first second of a day there; a zone may jump over midnight. */
static int64_t day_begins(const struct tz *tz, int64_t day)
{
	int64_t t = day * 86400 - tz_offset(tz, day * 86400);

	t = day * 86400 - tz_offset(tz, t);
	while (tz_day(tz, t) < day)
		t += 900;
	return t;
}

/* A time, or a date: when that day begins where the account lives. */
static int read_time(struct import *im, enum col col, int64_t *out, struct err *e)
{
	const char *text = value_of(im, col);
	int64_t day;

	if (text && day_parse(text, &day, NULL) == 0) {
		*out = day_begins(im->tz, day);
		return 0;
	}
	if (!text || iso8601_parse(text, out) < 0)
		return csv_err(&im->csv, e, E_USAGE, "%s '%.40s' is not " ISO8601_FORM,
			COL_NAMES[col], text ? text : "");
	return 0;
}

static int read_span(struct import *im, struct usage_reading *r, struct err *e)
{
	char day[DAY_TEXT];
	int n;

	if ((n = read_time(im, C_START, &r->start, e)) < 0 ||
		(n = read_time(im, C_END, &r->until, e)) < 0)
		return n;
	if (r->until <= r->start)
		return csv_err(&im->csv, e, E_USAGE, "end is not after start");
	if (r->until > im->s->now)
		return csv_err(&im->csv, e, E_USAGE, "the reading ends in the future");
	r->day = tz_day(im->tz, r->start);
	if (r->day < im->start)
		return csv_err(&im->csv, e, E_USAGE, "%s begins on %s, after the reading", im->name,
			day_format(im->start, day));
	if (im->until != DAY_NONE && r->day >= im->until)
		return csv_err(&im->csv, e, E_USAGE, "%s ended on %s, before the reading", im->name,
			day_format(im->until, day));
	return 0;
}

static int read_record(struct import *im, struct usage_reading *r, struct err *e)
{
	const char *value = value_of(im, C_VALUE), *sequence = value_of(im, C_SEQUENCE);
	int n;

	*r = (struct usage_reading){.resource = value_of(im, C_RESOURCE),
		.source = value_of(im, C_SOURCE)};
	if (!r->source)
		r->source = "import";
	if ((n = need_subscription(im, e)) < 0 || (n = read_span(im, r, e)) < 0)
		return n;
	r->subscription = im->id;
	if (!r->resource || !str_is_name(r->resource))
		return csv_err(&im->csv, e, E_USAGE, "'%.80s' is not the name of a resource",
			r->resource ? r->resource : "");
	if (!str_is_name(r->source))
		return csv_err(&im->csv, e, E_USAGE, "'%.80s' is not the name of a source",
			r->source);
	if (!value || units_size(value, &r->value) < 0 || r->value > USAGE_VALUE_MOST)
		return csv_err(&im->csv, e, E_USAGE,
			"value '%.40s' is not a whole number from 0 to %lld, or " UNITS_SIZE_FORM,
			value ? value : "", (long long)USAGE_VALUE_MOST);
	if (sequence && (units_int(sequence, &r->seq) < 0 || r->seq < 1))
		return csv_err(&im->csv, e, E_USAGE, "sequence '%.40s' is not a number from 1",
			sequence);
	return 0;
}

static int import_record(struct import *im, size_t fields, struct err *e)
{
	struct usage_reading r;
	struct err why;
	bool late;
	int n;

	if (im->csv.n != fields)
		return csv_err(&im->csv, e, E_USAGE, "%zu fields, the header has %zu", im->csv.n,
			fields);
	if ((n = read_record(im, &r, e)) < 0)
		return n;
	if ((n = usage_reading_add(im->s, &r, &late, &why)) < 0)
		return csv_err(&im->csv, e, n, "%s", why.msg);
	im->done->added += n;
	im->done->known += !n;
	if (late && (!im->late.n || im->late.v[im->late.n - 1] != im->id))
		vec_push(&im->late, im->id);
	return err_interrupted(e);
}

/* ---- the file ---- */

static int refresh(struct import *im, struct job_ids *jobs, struct err *e)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < im->late.n; i++)
		r = usage_refresh(im->s, im->late.v[i], jobs, e);
	return r;
}

static int note_import(struct import *im, const char *digest, struct err *e)
{
	json_t *j = json_pack("{s:I, s:s}", "readings", (json_int_t)im->done->added, "sha256",
		digest);
	autofree char *after = json_dumps(j, JSON_SORT_KEYS | JSON_COMPACT);

	json_decref(j);
	return audit_add(im->s, "usage.import", "usage", NULL, after, e);
}

static int import_all(struct import *im, struct err *e)
{
	size_t fields;
	int r = read_header(im, e);

	fields = im->csv.n;
	while (r >= 0 && (r = csv_next(&im->csv, e)) > 0)
		r = import_record(im, fields, e);
	return r;
}

int usage_import(struct sxc *s, const char *path, struct usage_import_done *done,
	struct job_ids *jobs, struct err *e)
{
	autostr text = STR_INIT;
	autorollback struct sxc *tx = NULL;
	autoclean(import_release) struct import im = {.s = s, .done = done};
	char digest[SHA256_HEX];
	int r = slurp(path, FILE_MOST, &text, e);

	*done = (struct usage_import_done){0};
	if (r < 0)
		return r;
	if (!str_is_utf8(str_c(&text), text.len))
		return err_set(e, E_USAGE, "%s is not a text in UTF-8", slurp_name(path));
	sha256_buf(str_c(&text), text.len, digest);
	str_addc(&text, '\n');
	csv_init(&im.csv, slurp_name(path), text.p);
	if ((r = tx_begin(s, e)) < 0)
		return r;
	tx = s;
	if ((r = import_all(&im, e)) < 0 || (r = refresh(&im, jobs, e)) < 0)
		return r;
	if (!done->added)
		return 0;
	if ((r = note_import(&im, digest, e)) < 0)
		return r;
	tx = NULL;
	return tx_commit(s, e);
}
