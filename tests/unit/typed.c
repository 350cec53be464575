/* SPDX-License-Identifier: MIT */
/* Typed values: their canonical form, which is taken again as it is, and what is refused. */
#include "util/typed.h"

#include "test.h"
#include "util/mem.h"

static const struct {
	enum typed_kind kind;
	const char *value, *canon; /* NULL: refused */
} values[] = {
	{TYPED_INTEGER, "12", "12"},
	{TYPED_INTEGER, "12s", NULL},
	{TYPED_SIZE, "8M", "8388608"},
	{TYPED_SIZE, "-1", NULL},
	{TYPED_DURATION, "5m", "300"},
	{TYPED_DURATION, "1h30m", "5400"},
	{TYPED_DURATION, "0", "0"},
	{TYPED_DURATION, "-5", NULL},
	{TYPED_DURATION, "5 minutes", NULL},
	{TYPED_BOOLEAN, "on", "yes"},
	{TYPED_BOOLEAN, "perhaps", NULL},
	{TYPED_STRING, "a b", "a b"},
	{TYPED_STRING, "a;b", NULL},
	{TYPED_LIST, "a,b c", "a,b c"},
};

static void check_one(enum typed_kind kind, const char *value, const char *canon)
{
	struct typed t = {.kind = kind};
	autofree char *once = NULL, *twice = NULL;
	struct err e;

	typed_widest(&t);
	CHECK_I64(typed_canon(&t, value, &once, &e), canon ? 0 : E_USAGE);
	if (!canon)
		return;
	CHECK_TEXT(once, canon);
	CHECK_I64(typed_canon(&t, once, &twice, &e), 0);
	CHECK_TEXT(twice, canon);
}

int main(void)
{
	for (size_t i = 0; i < ARRAY_LEN(values); i++)
		check_one(values[i].kind, values[i].value, values[i].canon);
	return test_end();
}
