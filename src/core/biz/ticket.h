/* SPDX-License-Identifier: MIT */
/*
 * ticket - what customers ask and what was answered.
 *
 * States: open (waits for us), waiting (waits for the customer), closed, merged (its messages are
 * in another ticket). Messages are only ever added. What changed a ticket stands among its messages
 * as an event and in the audit log. A dry run (s->dry_run) checks and does everything, then rolls
 * it back.
 * Must not know about: mail, terminals.
 */
#ifndef SXC_BIZ_TICKET_H
#define SXC_BIZ_TICKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "svc/sxc.h"
#include "util/str.h"
#include "util/vec.h"

#define TICKET_SUBJECT_MAX 200        /* bytes */
#define TICKET_BODY_MAX    (1u << 20) /* bytes */
#define TICKET_FILE_MAX    (10u << 20)
#define TICKET_FILES_MAX   20 /* a message */

/* A message to be added. body: UTF-8, lines; CR LF become LF. files: paths. Either may be empty. */
struct ticket_text {
	const char *body;
	size_t body_len;
	const struct strvec *files;
};

struct ticket_new {
	const char *account;
	const char *subject;
	const char *priority;   /* NULL: normal */
	const char *about_kind; /* "server", "domain" …, or NULL */
	const char *about;      /* the object's name; the caller knows that it exists */
	struct ticket_text text;
};

/* Open one with the customer's first message; *id is its number. E_USAGE, E_NOTFOUND (account). */
int ticket_open(struct sxc *s, const struct ticket_new *n, int64_t *id, struct err *e);

enum ticket_voice {
	TICKET_REPLY,    /* ours to the customer: the ticket then waits for him */
	TICKET_CUSTOMER, /* the customer's: the ticket is open again */
	TICKET_NOTE,     /* among us; changes no state */
};
/* Add a message. E_STATE for a reply to a closed ticket, anything to a merged one. */
int ticket_say(struct sxc *s, int64_t id, enum ticket_voice voice, const struct ticket_text *t,
	struct err *e);

/* NULL fields stay as they are; an empty assigned or about takes it away. */
struct ticket_change {
	const char *subject, *priority, *assigned;
	const char *about_kind, *about;
};
/* E_USAGE for wrong values; E_STATE for a merged ticket. */
int ticket_set(struct sxc *s, int64_t id, const struct ticket_change *c, struct err *e);
/* E_STATE when it is so already. */
int ticket_close(struct sxc *s, int64_t id, struct err *e);
int ticket_reopen(struct sxc *s, int64_t id, struct err *e);
/* Move everything said in id to into, which must be of the same account (E_STATE). */
int ticket_merge(struct sxc *s, int64_t id, int64_t into, struct err *e);

/* ---- reading ---- */

typedef int (*ticket_row_fn)(void *arg, const void *row, struct err *e);

struct ticket_row {
	int64_t ticket;
	const char *account, *state, *priority, *subject, *assigned, *about_kind, *about;
	int64_t merged_into; /* INT64_MIN: not */
	int64_t created, updated, closed;
};
struct ticket_filter {
	const char *state; /* NULL: open and waiting; "all"; or one state */
	const char *account, *assigned;
	const char *search; /* words that all stand, at least as beginnings, in one message */
};
/* E_USAGE for an unknown state, a search without a word. */
int ticket_check_filter(const struct ticket_filter *f, struct err *e);
/* Streams tickets in the order they were opened. */
int ticket_list(struct sxc *s, const struct ticket_filter *f, ticket_row_fn fn, void *arg,
	struct err *e);
/* One ticket to fn: E_NOTFOUND. */
int ticket_show(struct sxc *s, int64_t id, ticket_row_fn fn, void *arg, struct err *e);

struct ticket_message_row {
	int64_t message, origin, at;
	const char *kind, *author, *body;
};
int ticket_messages(struct sxc *s, int64_t id, ticket_row_fn fn, void *arg, struct err *e);

struct ticket_attachment_row {
	int64_t attachment, message;
	const char *name;
	int64_t size;
	const char *digest; /* SHA-256, hex */
};
int ticket_attachments(struct sxc *s, int64_t id, ticket_row_fn fn, void *arg, struct err *e);
/* The bytes of one attachment of that ticket into *out. E_NOTFOUND; E_INTEGRITY. */
int ticket_attachment(struct sxc *s, int64_t id, int64_t attachment, struct str *out,
	struct err *e);

/* ---- for the dispatcher ---- */

/* "12" or "#12" as a number; 0 when it is neither. */
int64_t ticket_number(const char *text);
int ticket_exists(struct sxc *s, const char *name, struct err *e);
int ticket_complete(struct sxc *s, const char *prefix, int limit,
	void (*fn)(void *arg, const char *name, const char *help), void *arg, struct err *e);
int ticket_name_of(struct sxc *s, int64_t id, char **name, struct err *e);

#endif
