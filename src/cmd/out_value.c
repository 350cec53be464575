/* SPDX-License-Identifier: MIT */
/* One cell: read from a row struct, compared, written as text or JSON. */
#include <string.h>

#include "cmd/out_impl.h"
#include "util/iso8601.h"
#include "util/money.h"
#include "util/units.h"

bool column_is_text(const struct column *c)
{
	return c->type == COL_TEXT || c->type == COL_LIST || c->type == COL_PAIRS;
}

void value_read(struct value *v, const struct column *c, const void *row)
{
	const char *field = (const char *)row + c->offset;

	*v = (struct value){0};
	if (column_is_text(c))
		v->t = *(const char *const *)field;
	else
		v->i = *(const int64_t *)field;
	if (c->type == COL_MONEY)
		v->cur = *(const char *const *)((const char *)row + c->offset2);
}

bool value_null(const struct value *v, const struct column *c)
{
	if (c->type == COL_PAIRS)
		return !v->t || str_eq(v->t, "{}");
	if (column_is_text(c))
		return !v->t || (!*v->t && c->type == COL_TEXT);
	return v->i == INT64_MIN || (c->type == COL_TIME && v->i == 0);
}

/* {"city":"Paris","name":"Ada"} as "city=Paris, name=Ada". */
static void add_pairs(struct str *s, const char *object)
{
	json_t *j = json_loads(object, 0, NULL), *value;
	const char *key, *gap = "";

	json_object_foreach(j, key, value)
	{
		str_addf(s, "%s%s=%s", gap, key, json_string_value(value));
		gap = ", ";
	}
	json_decref(j);
}

void value_text(const struct value *v, const struct column *c, bool human, struct str *s)
{
	if (value_null(v, c))
		return;
	switch (c->type) {
	case COL_TEXT:
	case COL_LIST:
		str_add(s, v->t);
		break;
	case COL_PAIRS:
		human ? add_pairs(s, v->t) : str_add(s, v->t);
		break;
	case COL_PERCENT:
		units_add_percent(s, v->i);
		break;
	case COL_HUNDREDTHS:
		units_add_hundredths(s, v->i);
		break;
	case COL_MONEY:
		human ? money_format(s, v->i, v->cur ? v->cur : "") : units_add_int(s, v->i);
		break;
	case COL_TIME:
		iso8601_add(s, v->i);
		break;
	case COL_BOOL:
		str_add(s, v->i ? "yes" : "no");
		break;
	case COL_SIZE:
		human ? units_add_size(s, v->i) : units_add_int(s, v->i);
		break;
	case COL_DURATION:
		human ? units_add_duration(s, v->i) : units_add_int(s, v->i);
		break;
	default:
		units_add_int(s, v->i);
	}
}

int value_compare(const struct value *a, const struct value *b, const struct column *c)
{
	bool x = value_null(a, c), y = value_null(b, c);

	if (x || y)
		return x - y;
	if (column_is_text(c))
		return strverscmp(a->t, b->t);
	return (a->i > b->i) - (a->i < b->i);
}

/* ---- JSON ---- */

json_t *out_json_text(const char *s)
{
	static const char replacement[] = "\xef\xbf\xbd";
	autostr fixed = STR_INIT;
	json_t *j;

	if (!s)
		return json_null();
	if ((j = json_string(s)))
		return j;
	for (; *s; s++) {
		size_t n = 4;

		while (n > 1 && (strnlen(s, n) < n || !str_is_utf8(s, n)))
			n--;
		if (n > 1 || (unsigned char)*s < 0x80)
			str_addn(&fixed, s, n);
		else
			str_add(&fixed, replacement);
		s += n - 1;
	}
	return json_stringn(str_c(&fixed), fixed.len);
}

static json_t *list_json(const char *words)
{
	autostrvec sv = {0};
	json_t *array = json_array();

	strvec_split(&sv, words, " ");
	vec_each(&sv, it)
		json_array_append_new(array, out_json_text(*it));
	return array;
}

json_t *value_json(const struct value *v, const struct column *c)
{
	autostr s = STR_INIT;

	if (value_null(v, c))
		return json_null();
	switch (c->type) {
	case COL_TEXT:
		return out_json_text(v->t);
	case COL_LIST:
		return list_json(v->t);
	case COL_PAIRS:
		return json_loads(v->t, 0, NULL);
	case COL_BOOL:
		return json_boolean(v->i != 0);
	case COL_TIME:
		iso8601_add(&s, v->i);
		return json_stringn_nocheck(s.p, s.len);
	default:
		return json_integer(v->i);
	}
}

/* "currency" beside money unless a column gives it; a second currency goes by the column's name. */
static void add_currency(json_t *j, const struct value *v, const struct column *c)
{
	const char *have = json_string_value(json_object_get(j, "currency"));

	if (c->type != COL_MONEY || !v->cur || value_null(v, c) || str_eq(have, v->cur))
		return;
	autofree char *key = have ? str_fmt("%s_currency", c->name) : mem_strdup("currency");

	json_object_set_new(j, key, out_json_text(v->cur));
}

json_t *row_json(const struct out_list *l, const struct value *v, const int *shown, size_t n)
{
	json_t *j = json_object();

	for (size_t i = 0; i < n; i++)
		json_object_set_new_nocheck(j, l->cols[shown[i]].name,
			value_json(&v[shown[i]], &l->cols[shown[i]]));
	for (size_t i = 0; i < n; i++)
		if (l->cols[shown[i]].type == COL_MONEY)
			add_currency(j, &v[shown[i]], &l->cols[shown[i]]);
	return j;
}
