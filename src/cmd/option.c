/* SPDX-License-Identifier: MIT */
/* Values of options, by type. */
#include <string.h>

#include "cmd/line.h"
#include "util/iso8601.h"
#include "util/units.h"

bool line_takes_value(const struct opt *o)
{
	return o->type != OPT_FLAG && o->type != OPT_COUNT;
}

static int bad_value(const struct opt *o, const char *value, const char *form, struct err *e)
{
	return err_set(e, E_USAGE, "--%s: '%.200s' is not %s", o->name, value, form);
}

/* Parsers of numbers: 0 or -1. */
static const struct number {
	enum opt_type type;
	int (*parse)(const char *s, int64_t *out);
	const char *form;
} numbers[] = {
	{OPT_INT, units_int, "a whole number"},
	{OPT_SIZE, units_size, UNITS_SIZE_FORM},
	{OPT_PERCENT, units_percent, UNITS_PERCENT_FORM},
	{OPT_DURATION, units_duration, UNITS_DURATION_FORM},
	{OPT_RATE, units_rate, UNITS_RATE_FORM},
};

static int set_number(const struct opt *o, int64_t *field, const char *value, struct err *e)
{
	for (size_t i = 0; i < ARRAY_LEN(numbers); i++)
		if (numbers[i].type == o->type)
			return numbers[i].parse(value, field) == 0
			               ? 0
			               : bad_value(o, value, numbers[i].form, e);
	return 0;
}

/* "a|b|c" as the value's name in the help means: one of these. */
static int check_choice(const struct opt *o, const char *value, struct err *e)
{
	autostrvec words = {0};
	autostr allowed = STR_INIT;

	if (!o->value || !strchr(o->value, '|'))
		return 0;
	strvec_split(&words, o->value, "|");
	vec_each(&words, it) {
		if (**it < 'a' || **it > 'z' || strcmp(*it, value) == 0)
			return 0;
		str_addf(&allowed, "%s%s", allowed.len ? ", " : "one of ", *it);
	}
	return bad_value(o, value, str_c(&allowed), e);
}

int line_set_option(const struct opt *o, void *opts, const char *value, struct err *e)
{
	char *field = (char *)opts + o->offset;
	int r;

	switch (o->type) {
	case OPT_FLAG:
		*(bool *)field = true;
		return 0;
	case OPT_COUNT:
		++*(int64_t *)field;
		return 0;
	case OPT_TEXTS:
		strvec_push((struct strvec *)field, value);
		return 0;
	case OPT_DATE:
		if (!iso8601_is_date(value))
			return bad_value(o, value, "a date such as 2026-11-23", e);
		*(const char **)field = value;
		return 0;
	case OPT_TEXT:
	case OPT_FILE:
	case OPT_ENTITY:
		if ((r = check_choice(o, value, e)) < 0)
			return r;
		*(const char **)field = value;
		return 0;
	default:
		return set_number(o, (int64_t *)field, value, e);
	}
}

void line_release_opts(const struct opt *opts, void *p)
{
	if (!p)
		return;
	for (const struct opt *o = opts; o && o->name; o++)
		if (o->type == OPT_TEXTS)
			strvec_release((struct strvec *)((char *)p + o->offset));
}

static const struct opt *find_in(const struct opt *o, const char *name, size_t n, char letter)
{
	for (; o && o->name; o++) {
		if (name && strlen(o->name) == n && strncmp(o->name, name, n) == 0)
			return o;
		if (!name && o->letter == letter)
			return o;
	}
	return NULL;
}

const struct opt *line_find_long(const struct cmd *c, const char *name, size_t n)
{
	const struct opt *o = c ? find_in(c->opts, name, n, 0) : NULL;

	return o ? o : find_in(global_opts, name, n, 0);
}

const struct opt *line_find_letter(const struct cmd *c, char letter)
{
	const struct opt *o = c ? find_in(c->opts, NULL, 0, letter) : NULL;

	return o ? o : find_in(global_opts, NULL, 0, letter);
}

/* Before the command is known, an option may be anybody's: the first that has it decides. */
static const struct opt *find_anywhere(const struct table_search *ts, const char *name, char letter)
{
	size_t n = name ? strlen(name) : 0;
	const struct opt *o = find_in(global_opts, name, n, letter);

	for (size_t i = 0; !o && i < ts->n; i++)
		o = find_in(ts->all[i].cmd->opts, name, n, letter);
	return o;
}

bool line_word_wants_value(const struct table_search *ts, const char *word)
{
	const struct opt *o;

	if (word[0] != '-' || !word[1])
		return false;
	if (word[1] == '-')
		o = strchr(word, '=') ? NULL : find_anywhere(ts, word + 2, 0);
	else
		for (o = NULL, word++; *word; word++)
			if ((o = find_anywhere(ts, NULL, *word)) && line_takes_value(o))
				return !word[1];
	return o && line_takes_value(o);
}
