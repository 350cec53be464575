/* SPDX-License-Identifier: MIT */
/*
 * mime - a mail message as bytes (RFC 5322, RFC 2045 to 2047): UTF-8 in subject, names and body,
 * attachments. The same values always give the same bytes.
 *
 * Must not know about: where it goes, templates.
 */
#ifndef SXC_SVC_MIME_H
#define SXC_SVC_MIME_H

#include <stddef.h>
#include <stdint.h>

#include "util/err.h"
#include "util/str.h"

struct mime_part {
	const char *name; /* file name: ASCII letters, digits, "._-" */
	const char *type; /* "application/pdf" */
	const void *data;
	size_t n;
};
struct mime_message {
	const char *from, *from_name; /* address in ASCII; name may be NULL */
	const char *to, *to_name;
	const char *subject;
	const char *body;       /* lines end with \n */
	const char *message_id; /* without < > */
	int64_t date;           /* seconds since 1970 */
	const struct mime_part *parts;
	size_t n;
};
/* Append the message, lines ended by \n as sendmail wants them. E_USAGE for an address that is not
 * one of printable ASCII. */
int mime_build(const struct mime_message *m, struct str *out, struct err *e);

/* Append "NAME: text" folded, with encoded words (RFC 2047) where it is not plain ASCII. Control
 * characters become blanks. */
void mime_header(struct str *out, const char *name, const char *text);
/* Append quoted-printable (RFC 2045, 6.7) of a text, its last line ended. */
void mime_quoted(struct str *out, const char *text);
/* Append base64 in lines of 76. */
void mime_base64(struct str *out, const void *p, size_t n);

#endif
