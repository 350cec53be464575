/* SPDX-License-Identifier: MIT */
/* The keys of `sxc config`: order, defaults, what is taken and what is refused. */
#include "svc/settings.h"

#include <stdbool.h>

#include "test.h"
#include "util/mem.h"

static void test_table(void)
{
	const struct setting *s, *before = NULL;
	struct err e;

	for (size_t i = 0; (s = settings_at(i)); before = s, i++) {
		CHECK(!before || strcmp(before->key, s->key) < 0);
		CHECK(s->help && *s->help);
		if (s->def)
			CHECK_I64(settings_check(s->key, s->def, &e), 0);
		CHECK(settings_find(s->key) == s);
	}
	CHECK(before != NULL);
	CHECK_TEXT(settings_default("currency"), "USD");
	CHECK_TEXT(settings_default("seller.name"), NULL);
	CHECK_TEXT(settings_default("nonsense"), NULL);
}

static void test_keys(void)
{
	struct err e;

	CHECK_I64(settings_check("seler.name", "x", &e), E_USAGE);
	CHECK_TEXT(e.msg, "no setting named 'seler.name': did you mean seller.name?");
	CHECK_I64(settings_check_key("seller", &e), E_USAGE);
	CHECK_TEXT(e.msg, "no setting named 'seller': did you mean seller.address, seller.bank, "
			  "seller.email, seller.logo, seller.name, seller.tax-id?");
	CHECK_I64(settings_check_key("zzzzzzzzzz", &e), E_USAGE);
	CHECK_TEXT(e.msg, "no setting named 'zzzzzzzzzz': \"sxc config list\" shows them");
	CHECK_I64(settings_check_key("", &e), E_USAGE);
}

static const struct {
	const char *key, *value;
	bool good;
} values[] = {
	{"seller.name", "Müller & Söhne", true},
	{"seller.name", "", false},
	{"seller.name", "two\nlines", false},
	{"seller.name", "\x1b[31m", false},
	{"seller.name", "\xff", false},
	{"seller.address", "Main Street 1\nSpringfield", true},
	{"seller.address", "bell\a", false},
	{"currency", "EUR", true},
	{"currency", "eur", false},
	{"currency", "XXZ", false},
	{"timezone", "Europe/Paris", true},
	{"timezone", "Mars/Olympus", false},
	{"timezone", "../../etc/passwd", false},
	{"terms", "30d", true},
	{"terms", "0d", true},
	{"terms", "14", false},
	{"terms", "2w", false},
	{"terms", "366d", false},
	{"terms", "-1d", false},
	{"terms", "99999999999999999999d", false},
	{"seller.email", "billing@example.net", true},
	{"seller.email", "billing", false},
	{"seller.email", "a@b@c", false},
	{"seller.email", "a@b\nBcc: x@y", false},
	{"invoice.prefix", "R-", true},
	{"invoice.prefix", "$(x)", false},
};

static void test_values(void)
{
	for (size_t i = 0; i < ARRAY_LEN(values); i++) {
		struct err e = {0};
		int r = settings_check(values[i].key, values[i].value, &e);

		CHECK_I64(r, values[i].good ? 0 : E_USAGE);
		CHECK(values[i].good || *e.msg);
		if (r != (values[i].good ? 0 : E_USAGE))
			printf("\t%s = \"%s\": %s\n", values[i].key, values[i].value, e.msg);
	}
}

int main(void)
{
	test_table();
	test_keys();
	test_values();
	return test_end();
}
