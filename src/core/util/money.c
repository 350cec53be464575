/* SPDX-License-Identifier: MIT */
#include "util/money.h"

#include <string.h>

#include "util/num.h"

/* ISO 4217 list one, as of 2025, grouped by the digits of the minor unit. */
static const struct {
	int digits;
	const char *codes;
} CURRENCIES[] = {
	{2, "USD EUR GBP CHF CAD AUD NZD SEK NOK DKK PLN CZK HUF RON BGN UAH RUB TRY ILS INR CNY "
	    "HKD SGD TWD THB MYR IDR PHP ZAR BRL MXN ARS COP PEN AED AFN ALL AMD ANG AOA AWG AZN "
	    "BAM BBD BDT BMD BND BOB BOV BSD BTN BWP BYN BZD CDF CHE CHW COU CRC CUP CVE DOP DZD "
	    "EGP ERN ETB FJD FKP GEL GHS GIP GMD GTQ GYD HNL HTG IRR JMD KES KGS KHR KPW KYD KZT "
	    "LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXV MZN NAD NGN NIO "
	    "NPR PAB PGK PKR QAR RSD SAR SBD SCR SDG SHP SLE SOS SRD SSP STN SVC SYP SZL TJS TMT "
	    "TOP TTD TZS USN UYU UZS VED VES WST XCD XCG YER ZMW ZWG"},
	{0, "JPY KRW VND CLP ISK PYG UGX BIF DJF GNF KMF RWF UYI VUV XAF XOF XPF"},
	{3, "KWD BHD IQD JOD LYD OMR TND"},
	{4, "CLF UYW"},
};

int money_digits(const char *currency)
{
	if (strlen(currency) != 3)
		return -1;
	for (size_t i = 0; i < ARRAY_LEN(CURRENCIES); i++)
		for (const char *p = CURRENCIES[i].codes; *p; p += p[3] ? 4 : 3)
			if (memcmp(p, currency, 3) == 0)
				return CURRENCIES[i].digits;
	return -1;
}

void money_format(struct str *s, int64_t minor, const char *currency)
{
	int digits = currency ? money_digits(currency) : 2;

	if (digits < 0)
		digits = 2;
	num_format(s, minor, digits, digits);
}

void money_format_code(struct str *s, int64_t minor, const char *currency)
{
	money_format(s, minor, currency);
	str_addf(s, " %s", currency);
}

int money_check_currency(const char *currency, struct err *e)
{
	if (money_digits(currency) >= 0)
		return 0;
	return err_set(e, E_USAGE, "'%s' is not a currency: write its ISO 4217 code, such as USD",
		currency);
}

int money_parse(const char *text, const char *currency, int64_t *out, struct err *e)
{
	int digits = money_digits(currency);

	if (digits < 0)
		return money_check_currency(currency, e);
	switch (num_parse(text, digits, out)) {
	case 0:
		return 0;
	case -2:
		return err_set(e, E_USAGE, "'%s' has more decimals than %s has (%d)", text,
			currency, digits);
	case -3:
		return err_set(e, E_USAGE, "'%s' is too large an amount", text);
	default:
		return err_set(e, E_USAGE, "'%s' is not an amount: write a decimal such as %s",
			text, digits ? "24.95" : "2495");
	}
}
