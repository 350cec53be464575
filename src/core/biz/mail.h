/* SPDX-License-Identifier: MIT */
/*
 * mail - what customers are told by mail: a queue in the store, templates, and the hand-over to a
 * sendmail-compatible command.
 *
 * Mail is on once the setting mail.command is there. A message is a row, written in the transaction
 * that causes it and unique by its key; mail_run hands rows over later. The attempt is written down
 * before it is made, so a message is handed over at most once, and one of which it is not known is
 * "unknown" until a person decides.
 * Must not know about: why a message is sent.
 */
#ifndef SXC_BIZ_MAIL_H
#define SXC_BIZ_MAIL_H

#include <jansson.h>
#include <stdint.h>

#include "svc/sxc.h"

typedef int (*mail_row_fn)(void *arg, const void *row, struct err *e);

/* ---- queue; inside the caller's transaction ---- */

struct mail_new {
	const char *key;      /* what it is about: the same key is mailed once */
	const char *template; /* one of those mail_template_list gives */
	int64_t account;      /* row id: goes to the address it has when it is sent */
	int64_t invoice;      /* row id or 0: known to the template, and attached */
	json_t *values;       /* further values of the template, texts; taken over. NULL: none */
};
/* Is mail sent at all? 1 or 0. */
int mail_is_on(struct sxc *s, struct err *e);
/* Write a message down: 1, or 0 when mail is off or the key was used before. */
int mail_queue(struct sxc *s, const struct mail_new *m, struct err *e);
/* The first notice of a document that has opened, with the document attached. */
int mail_document(struct sxc *s, int64_t account, int64_t invoice, bool credit_note, struct err *e);

/* ---- verbs ---- */

struct mail_done {
	int64_t sent, waiting, failed, unknown;
};
/*
 * Hand over what waits, one after another. E_BUSY when another run does; E_STATE when mail.command
 * or a sender is not set while something waits; E_PARTIAL when a message failed, waits to be tried
 * again or is unknown; E_INTR.
 */
int mail_run(struct sxc *s, struct mail_done *done, struct err *e);
/* Hand one over to an address now, outside the queue. E_FAIL with what the command said. */
int mail_test(struct sxc *s, const char *address, struct err *e);
/* Queue one that failed, is unknown, or waits, again, to be tried at once. E_NOTFOUND, E_STATE. */
int mail_retry(struct sxc *s, int64_t id, struct err *e);
/* All that failed; unknown: those, too. The number of them. */
int mail_retry_all(struct sxc *s, bool unknown, struct err *e);
/* Write the first notice of a document, or a reminder of it, to be sent again. E_STATE: mail is
 * off; it is not open (reminder). */
int mail_send_again(struct sxc *s, const char *invoice, bool reminder, struct err *e);

struct mail_row {
	const char *template, *account, *invoice, *recipient, *subject, *state, *error, *message_id,
		*key;
	int64_t mail, attempts, next, sent, created;
};
/* all: also those that were sent. */
int mail_list(struct sxc *s, const char *account, bool all, mail_row_fn fn, void *arg,
	struct err *e);
int mail_show(struct sxc *s, int64_t id, mail_row_fn fn, void *arg, struct err *e);
/* The message as it was or would be sent; the caller's. */
int mail_message(struct sxc *s, int64_t id, char **text, struct err *e);

/* ---- templates: share/mail/NAME.txt, or one's own in HOME/mail ---- */

struct mail_template_row {
	const char *name, *source, *help; /* source: shared, own */
};
int mail_template_list(struct sxc *s, mail_row_fn fn, void *arg, struct err *e);
/* Its text; the caller's. E_NOTFOUND. */
int mail_template_text(struct sxc *s, const char *name, char **text, struct err *e);
/* Would text do as that template? E_USAGE "file:line: …". */
int mail_template_check(const char *name, const char *file, const char *text, size_t n,
	struct err *e);
/* Keep text as one's own once it is checked; NULL: back to the shared one. E_STATE when there is no
 * own one. */
int mail_template_set(struct sxc *s, const char *name, const char *text, struct err *e);
/* Render: subject and body, the caller's. values: all that is known, texts. */
int mail_template_render(struct sxc *s, const char *name, const json_t *values, char **subject,
	char **body, struct err *e);

#endif
