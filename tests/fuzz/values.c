/* SPDX-License-Identifier: MIT */
/* Single values as people write them: what is taken is written and read back the same. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "svc/settings.h"
#include "svc/sign.h"
#include "util/iso8601.h"
#include "util/money.h"
#include "util/str.h"
#include "util/units.h"

static void must(int ok)
{
	if (!ok)
		abort();
}

static void sizes(const char *t)
{
	autostr s = STR_INIT;
	int64_t v, again = -1;

	if (units_size(t, &v) < 0)
		return;
	must(v >= 0);
	units_add_size_exact(&s, v);
	must(units_size(str_c(&s), &again) == 0 && again == v);
}

static void percents(const char *t)
{
	autostr s = STR_INIT;
	int64_t v, again = -1;

	if (units_percent(t, &v) < 0)
		return;
	units_add_percent(&s, v);
	must(units_percent(str_c(&s), &again) == 0 && again == v);
}

static void rates(const char *t)
{
	autostr s = STR_INIT;
	int64_t v, again = -1;

	if (units_rate(t, &v) < 0)
		return;
	units_add_rate(&s, v);
	must(units_rate(str_c(&s), &again) == 0 && again == v);
}

static void times(const char *t)
{
	autostr s = STR_INIT;
	int64_t v, again = -1;

	if (iso8601_parse(t, &v) < 0)
		return;
	iso8601_add(&s, v);
	must(iso8601_parse(str_c(&s), &again) == 0 && again == v);
}

static void amounts(const char *t)
{
	static const char *const currencies[] = {"USD", "JPY", "KWD", "XXX?"};
	struct err e;

	for (size_t i = 0; i < ARRAY_LEN(currencies); i++) {
		autostr s = STR_INIT;
		int64_t v, again = -1;

		if (money_parse(t, currencies[i], &v, &e) < 0)
			continue;
		money_format(&s, v, currencies[i]);
		must(money_parse(str_c(&s), currencies[i], &again, &e) == 0 && again == v);
	}
}

static void all_settings(const char *t)
{
	const struct setting *st;
	struct err e;

	settings_check_key(t, &e);
	for (size_t i = 0; (st = settings_at(i)); i++) {
		/* Reads a file of the system: what it does with names is tested elsewhere. */
		if (st->type == SETTING_TIMEZONE)
			continue;
		e = (struct err){0};
		must(settings_check(st->key, t, &e) == 0 || (e.code == E_USAGE && *e.msg));
	}
}

static void cleaned(const uint8_t *data, size_t size)
{
	autostr s = STR_INIT;

	str_add_clean(&s, (const char *)data, size, false);
	must(str_is_utf8(str_c(&s), s.len));
	for (size_t i = 0; i < s.len; i++)
		must((unsigned char)s.p[i] >= 0x20 && s.p[i] != 0x7f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	autofree char *t = mem_strndup((const char *)data, size);
	unsigned char key[32];
	int64_t v;

	sizes(t);
	percents(t);
	rates(t);
	times(t);
	amounts(t);
	all_settings(t);
	cleaned(data, size);
	units_duration(t, &v);
	units_int(t, &v);
	hex_decode(t, key, sizeof(key));
	return 0;
}
