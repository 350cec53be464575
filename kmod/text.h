/* SPDX-License-Identifier: GPL-2.0 */
/*
 * From text to values, strictly: the whole text or nothing. Knows no context.
 */
#ifndef SXPS_TEXT_H
#define SXPS_TEXT_H

#include <linux/types.h>
#include "packet.h"

/* All return 0, or -EINVAL for what is not the form, -ERANGE for what is beyond `max`. One newline
 * at the end is allowed. */
int sxps_text_u64(const char *text, u64 max, u64 *value);
/* "max" gives U64_MAX; numbers must be below it. */
int sxps_text_bound(const char *text, u64 max, u64 *value);
int sxps_text_mac(const char *text, u8 mac[6]);
/* Addresses apart by blanks into the lists of `out`, which is cleared first; -E2BIG: too many;
 * -EEXIST: one twice. */
int sxps_text_addresses(const char *text, struct sxps_ident *out);
/* One word of fewer than n bytes without blanks; may be empty. */
int sxps_text_word(const char *text, char *word, size_t n);

#endif
