/* SPDX-License-Identifier: MIT */
/*
 * ident - is this text a path, a version, the name of a unit, of a package?
 *
 * Must not know about: whether such a thing exists.
 */
#ifndef SXC_UTIL_IDENT_H
#define SXC_UTIL_IDENT_H

#include <stdbool.h>

/* A version as distributions write them: [A-Za-z0-9.+~:-], beginning with a digit, at most 100. */
bool ident_is_version(const char *s);
/* A path within a tree: relative, no empty, "." or ".." part, no control byte, at most 255 bytes. */
bool ident_is_path(const char *s);
/* The same behind a slash. */
bool ident_is_absolute(const char *s);
/* A systemd unit that is a service, a socket or a timer; no option. */
bool ident_is_unit(const char *s);
/* A package of Debian: policy manual, 5.6.1. */
bool ident_is_package(const char *s);
/* One argument of a command: not empty, no control byte. */
bool ident_is_argument(const char *s);
/* The name of a setting: a-z, then also 0-9 and _, at most 63. */
bool ident_is_variable(const char *s);

#endif
