/* SPDX-License-Identifier: MIT */
/*
 * slurp - whole files in memory, bounded.
 *
 * Must not know about: what is in them.
 */
#ifndef SXC_UTIL_SLURP_H
#define SXC_UTIL_SLURP_H

#include <stddef.h>

#include "util/err.h"
#include "util/str.h"

/*
 * Append the file at path ("-": standard input) to out. E_USAGE when it is a directory, a device or
 * larger than max bytes; E_FAIL when it cannot be opened or read. A pipe is read to its end.
 */
int slurp(const char *path, size_t max, struct str *out, struct err *e);
/* What messages call it: "standard input" for "-". */
const char *slurp_name(const char *path);

#endif
