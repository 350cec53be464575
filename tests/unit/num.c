/* SPDX-License-Identifier: MIT */
#include "test.h"
#include "util/money.h"
#include "util/num.h"

static int64_t muldiv(int64_t a, int64_t b, int64_t c)
{
	int64_t out = -999;

	return num_muldiv(a, b, c, &out, NULL) < 0 ? INT64_MIN : out;
}

static const char *money(int64_t v, const char *currency)
{
	static struct str s;

	str_clear(&s);
	money_format(&s, v, currency);
	return str_c(&s);
}

static const char *parsed(const char *text, const char *currency)
{
	static char buf[40];
	int64_t v;

	if (money_parse(text, currency, &v, NULL) < 0)
		return "refused";
	snprintf(buf, sizeof(buf), "%lld", (long long)v);
	return buf;
}

static const char *rate(const char *text)
{
	static struct str s;
	int64_t v;

	str_clear(&s);
	if (rate_parse(text, &v, NULL) < 0)
		return "refused";
	rate_format(&s, v);
	return str_c(&s);
}

int main(void)
{
	/* Proration and tax: half away from zero on both sides of it. */
	CHECK_I64(muldiv(2495, 9, 31), 724);
	CHECK_I64(muldiv(-5000, 20, 30), -3333);
	CHECK_I64(muldiv(10000, 20, 30), 6667);
	CHECK_I64(muldiv(1, 1, 2), 1);
	CHECK_I64(muldiv(-1, 1, 2), -1);
	CHECK_I64(muldiv(1, 49, 100), 0);
	CHECK_I64(muldiv(3, 1, 3), 1);
	CHECK_I64(muldiv(INT64_MAX, INT64_MAX, INT64_MAX), INT64_MAX);
	CHECK_I64(muldiv(INT64_MIN, 1, 1), INT64_MIN);
	CHECK_I64(muldiv(INT64_MAX, 2, 1), INT64_MIN); /* refused */

	CHECK_TEXT(money(2495, "USD"), "24.95");
	CHECK_TEXT(money(-5, "USD"), "-0.05");
	CHECK_TEXT(money(2495, "JPY"), "2495");
	CHECK_TEXT(money(1, "KWD"), "0.001");
	CHECK_TEXT(money(INT64_MIN, "USD"), "-92233720368547758.08");
	CHECK_TEXT(money(0, "CLF"), "0.0000");
	CHECK_I64(money_digits("usd"), -1);
	CHECK_I64(money_digits("SD "), -1);
	CHECK_I64(money_digits("XPF"), 0);
	CHECK_I64(money_digits("ZWG"), 2);

	CHECK_TEXT(parsed("24.95", "USD"), "2495");
	CHECK_TEXT(parsed("24.9", "USD"), "2490");
	CHECK_TEXT(parsed("-3", "USD"), "-300");
	CHECK_TEXT(parsed("24.955", "USD"), "refused");
	CHECK_TEXT(parsed("24.5", "JPY"), "refused");
	CHECK_TEXT(parsed("24", "JPY"), "24");
	CHECK_TEXT(parsed("1.234", "KWD"), "1234");
	CHECK_TEXT(parsed("1,00", "USD"), "refused");
	CHECK_TEXT(parsed("", "USD"), "refused");
	CHECK_TEXT(parsed(".5", "USD"), "refused");
	CHECK_TEXT(parsed("5.", "USD"), "refused");
	CHECK_TEXT(parsed("0x10", "USD"), "refused");
	CHECK_TEXT(parsed("1e3", "USD"), "refused");
	CHECK_TEXT(parsed(" 1", "USD"), "refused");
	CHECK_TEXT(parsed("nan", "USD"), "refused");
	CHECK_TEXT(parsed("92233720368547758.07", "USD"), "9223372036854775807");
	CHECK_TEXT(parsed("92233720368547758.08", "USD"), "refused");
	CHECK_TEXT(parsed("5", "XXX"), "refused");

	CHECK_TEXT(rate("9.975%"), "9.975%");
	CHECK_TEXT(rate("20%"), "20%");
	CHECK_TEXT(rate("0.000001%"), "0.000001%");
	CHECK_TEXT(rate("0.0000001%"), "refused");
	CHECK_TEXT(rate("-1%"), "refused");
	CHECK_TEXT(rate("20"), "refused");
	CHECK_TEXT(rate("%"), "refused");
	CHECK_TEXT(rate("1001%"), "refused");
	return test_end();
}
