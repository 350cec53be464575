/* SPDX-License-Identifier: MIT */
/*
 * usage_csv - records of comma-separated values (RFC 4180).
 *
 * Quoted fields may hold commas, doubled quotes and line ends; lines end in LF or CRLF. The text
 * holds no NUL.
 * Must not know about: what the fields mean.
 */
#ifndef SXC_BIZ_USAGE_CSV_H
#define SXC_BIZ_USAGE_CSV_H

#include <stddef.h>

#include "util/err.h"

#define CSV_FIELDS 64

struct csv {
	const char *name; /* of the file, for messages */
	char *at;         /* what is left; the text is changed in place */
	int line;         /* on which the record that was read last began */
	int next;         /* line that comes next */
	char *fields[CSV_FIELDS];
	size_t n;
};
/* text: writable, NUL-terminated, kept by the caller as long as the fields are used. */
void csv_init(struct csv *c, const char *name, char *text);
/* Read the next record: 1, or 0 at the end. Empty lines are passed over. E_USAGE with file:line. */
int csv_next(struct csv *c, struct err *e);
/* "file:line: " before a formatted message. */
int csv_err(const struct csv *c, struct err *e, int code, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

#endif
