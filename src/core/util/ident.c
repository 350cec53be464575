/* SPDX-License-Identifier: MIT */
#include "util/ident.h"

#include <stddef.h>
#include <string.h>

#include "util/str.h"

static bool only(const char *s, const char *allowed)
{
	return s[strspn(s, allowed)] == '\0';
}

#define LOWER  "abcdefghijklmnopqrstuvwxyz"
#define UPPER  "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS "0123456789"

bool ident_is_version(const char *s)
{
	size_t n = strlen(s);

	return n > 0 && n <= 100 && strchr(DIGITS, s[0]) && only(s, LOWER UPPER DIGITS ".+~:-");
}

static bool is_control_free(const char *s)
{
	for (; *s; s++)
		if ((unsigned char)*s < 0x20 || *s == 0x7f)
			return false;
	return true;
}

bool ident_is_path(const char *s)
{
	size_t n = strlen(s);

	if (n == 0 || n > 255 || !is_control_free(s))
		return false;
	for (const char *p = s; p; p = strchr(p, '/'), p = p ? p + 1 : NULL) {
		size_t len = strcspn(p, "/");

		if (len == 0 || (len == 1 && p[0] == '.') || (len == 2 && strncmp(p, "..", 2) == 0))
			return false;
	}
	return true;
}

bool ident_is_absolute(const char *s)
{
	return s[0] == '/' && ident_is_path(s + 1);
}

bool ident_is_unit(const char *s)
{
	return only(s, LOWER UPPER DIGITS "@._-") && s[0] != '-' && s[0] != '.' &&
	       strlen(s) < 200 &&
	       (str_ends(s, ".service") || str_ends(s, ".socket") || str_ends(s, ".timer"));
}

/* Debian policy 5.6.1. */
bool ident_is_package(const char *s)
{
	return strlen(s) >= 2 && strlen(s) <= 100 && strchr(LOWER DIGITS, s[0]) &&
	       only(s, LOWER DIGITS "+.-");
}

bool ident_is_argument(const char *s)
{
	return *s && is_control_free(s);
}

bool ident_is_variable(const char *s)
{
	return strchr(LOWER, s[0]) && s[0] && strlen(s) <= 63 && only(s, LOWER DIGITS "_");
}
