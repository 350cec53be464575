/* SPDX-License-Identifier: MIT */
/* Names of domains: IDNA 2008 (RFC 5891) with the mappings of UTS #46, by libidn2. */
#include <idn2.h>
#include <string.h>

#include "biz/domain_int.h"
#include "util/str.h"

#define NOT_LDH "it holds more than letters, digits and hyphens"

static int wrong(struct err *e, const char *name, const char *why)
{
	autostr shown = STR_INIT;

	str_add_clean(&shown, name, strnlen(name, 80), false);
	return err_set(e, E_USAGE, "'%s' is no domain name: %s", str_c(&shown), why);
}

/* Letter-digit-hyphen labels only (RFC 1123, 2.1), two at least; addresses are no names. */
static const char *why_not(const char *s)
{
	size_t labels = 0;

	if (strlen(s) > 253)
		return "it is longer than 253 bytes";
	for (const char *p = s;; p++) {
		size_t n = strcspn(p, ".");

		if (n == 0)
			return "a part of it is empty";
		if (n > 63)
			return "a part of it is longer than 63 bytes";
		if (p[0] == '-' || p[n - 1] == '-')
			return "a part of it begins or ends with a hyphen";
		if (strspn(p, "abcdefghijklmnopqrstuvwxyz0123456789-") < n)
			return NOT_LDH;
		labels++;
		if (!p[n]) {
			if (labels < 2)
				return "it needs a dot";
			return strspn(p, "0123456789") == n ? "its last part is a number" : NULL;
		}
		p += n;
	}
}

/* The mappings of UTS #46 make some bytes disappear; what was typed must be fit already. */
static bool is_plain(const char *s)
{
	for (; *s; s++)
		if ((unsigned char)*s < 0x80 && *s != '.' && *s != '-' &&
			!(*s >= '0' && *s <= '9') && !((*s | 0x20) >= 'a' && (*s | 0x20) <= 'z'))
			return false;
	return true;
}

int domain_ascii(const char *name, char **out, struct err *e)
{
	char *ascii = NULL;
	size_t n = strnlen(name, 1024);
	const char *why;
	int rc;

	if (n == 0 || n >= 1024 || !str_is_utf8(name, n))
		return wrong(e, name, n ? "it is too long or not UTF-8" : "it is empty");
	if (!is_plain(name))
		return wrong(e, name, NOT_LDH);
	rc = idn2_to_ascii_8z(name, &ascii,
		IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL | IDN2_USE_STD3_ASCII_RULES);
	if (rc != IDN2_OK)
		return wrong(e, name, idn2_strerror(rc));
	n = strlen(ascii);
	if (n && ascii[n - 1] == '.')
		ascii[n - 1] = '\0';
	autofree char *lower = mem_strdup(ascii);
	idn2_free(ascii);
	for (char *p = lower; *p; p++)
		if (*p >= 'A' && *p <= 'Z')
			*p += 'a' - 'A';
	if ((why = why_not(lower)))
		return wrong(e, name, why);
	*out = steal(&lower);
	return 0;
}

char *domain_title(const char *ascii)
{
	char *utf8 = NULL;
	char *title;

	if (idn2_to_unicode_8z8z(ascii, &utf8, 0) != IDN2_OK || !utf8)
		return mem_strdup(ascii);
	title = mem_strdup(utf8);
	idn2_free(utf8);
	return title;
}
