/* SPDX-License-Identifier: MIT */
/*
 * ticket_text - what is said in tickets: checked, read from files, added to the store.
 *
 * Must not know about: the states of tickets.
 */
#ifndef SXC_BIZ_TICKET_TEXT_H
#define SXC_BIZ_TICKET_TEXT_H

#include "biz/ticket.h"
#include "svc/sign.h"

/* A file in memory. */
struct ticket_file {
	char *name; /* last part of its path */
	struct str content;
	char digest[SHA256_HEX];
};
/* A message checked and complete, so that no file is read while a transaction is open. */
struct ticket_said {
	struct str body;
	VEC(struct ticket_file) files;
};
/* E_USAGE for a body or a file that is not allowed. Release *out in any case. */
int ticket_said_make(struct ticket_said *out, const struct ticket_text *t, struct err *e);
void ticket_said_release(struct ticket_said *said);
/* Inside a transaction. */
int ticket_said_add(struct sxc *s, int64_t ticket, const char *kind, const char *author,
	const struct ticket_said *said, struct err *e);
int ticket_event(struct sxc *s, int64_t ticket, const char *text, struct err *e);

/* Who acts: --as, else the login. */
const char *ticket_actor(const struct sxc *s);
/* Name of the ticket's account, the caller's. */
int ticket_customer(struct sxc *s, int64_t ticket, char **out, struct err *e);

/* 0 or E_USAGE. */
int ticket_check_subject(const char *subject, struct err *e);
int ticket_check_priority(const char *priority, struct err *e);
int ticket_check_login(const char *login, struct err *e);

#endif
