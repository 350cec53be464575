/* SPDX-License-Identifier: MIT */
/*
 * account - customers: who they are, how they are billed, what holds them back.
 *
 * Must not know about: plans, servers, how invoices are made.
 */
#ifndef SXC_BIZ_ACCOUNT_H
#define SXC_BIZ_ACCOUNT_H

#include <stdbool.h>
#include <stdint.h>

#include "svc/sxc.h"
#include "util/vec.h"

/* What add and set take; NULL (bill_day, terms: -1): not given, an empty text: none. */
struct account_fields {
	const char *email;
	const char *kind;    /* consumer, business */
	const char *country; /* two capital letters, ISO 3166-1 */
	const char *tax_id;
	const char *currency; /* ISO 4217 */
	const char *timezone;
	int64_t bill_day;             /* 1..31, 0: none */
	int64_t terms;                /* days from an invoice to its due date */
	const char *dunning;          /* name of a schedule */
	const struct strvec *taxes;   /* names; replaces them. NULL: not given */
	const struct strvec *contact; /* K=V; an empty V removes it */
};
struct account_row {
	const char *account, *email, *kind, *currency, *state, *reseller, *country, *tax_id,
		*timezone, *taxes, *contact, *held, *dunning;
	int64_t id, balance, credit, created, bill_day, terms;
};
struct account_event_row {
	int64_t id, at; /* of the audit log, INT64_MIN where the event is not from there */
	int64_t clock;
	const char *login, *actor, *what, *object, *text, *currency;
	int64_t amount; /* minor units, INT64_MIN: it is not about money */
};
struct account_hold_row {
	const char *hold, *by, *reason;
	int64_t since;
};
typedef int (*account_row_fn)(void *arg, const void *row, struct err *e);

/* E_EXISTS; E_USAGE for a value that cannot be; E_NOTFOUND for a tax. */
int account_add(struct sxc *s, const char *name, const struct account_fields *f, struct err *e);
/* Change what is given. E_STATE for another currency once something was sold or billed. */
int account_set(struct sxc *s, const char *name, const struct account_fields *f, struct err *e);

/* Row id of a name or "#id": 1 found, 0 not. */
int account_find(struct sxc *s, const char *name, int64_t *id, struct err *e);
int account_name_of(struct sxc *s, int64_t id, char **name, struct err *e);
int account_names(struct sxc *s, const char *prefix, int limit,
	void (*fn)(void *arg, const char *name, const char *help), void *arg, struct err *e);

int account_list(struct sxc *s, account_row_fn fn, void *arg, struct err *e);
int account_show(struct sxc *s, const char *name, account_row_fn fn, void *arg, struct err *e);
int account_holds(struct sxc *s, const char *name, account_row_fn fn, void *arg, struct err *e);
/* Everything that happened to it, in order of time: what was done to it, its subscriptions and
 * documents, and what came of that by itself: documents, money, mail, dunning, tickets, jobs. */
int account_history(struct sxc *s, const char *name, account_row_fn fn, void *arg, struct err *e);

/* ---- for other parts of billing; inside the caller's transaction ---- */

struct account {
	int64_t id;
	char *name, *state, *kind, *country, *currency, *timezone;
	int64_t bill_day;        /* 0: none */
	int64_t terms;           /* days; -1: as configured */
	int64_t balance, credit; /* minor units */
	bool parked;
	int64_t buyer; /* row id of it as documents name it, 0: it has changed since */
};
void account_release(struct account *a);
/* E_NOTFOUND. */
int account_get(struct sxc *s, const char *name, struct account *a, struct err *e);
int account_get_id(struct sxc *s, int64_t id, struct account *a, struct err *e);
/* The day it is now where the account lives. */
int account_today(struct sxc *s, const struct account *a, int64_t *day, struct err *e);
/* E_STATE when it is suspended or closed: what says what is refused. */
int account_need_active(const struct account *a, const char *what, struct err *e);
/* When invoice run has to look at it next: the first of its subscriptions' days, today's for an
 * extra that waits. */
int account_set_wake(struct sxc *s, int64_t id, struct err *e);
/* The same, and change what it owes and what credit it has, in minor units. */
int account_book(struct sxc *s, int64_t id, int64_t owes, int64_t credit, struct err *e);

/* Put or lift a hold and bring the state up to date. kind: "suspend", "park"; by: "person",
 * "billing". E_STATE when it is as wanted already. */
int account_hold(struct sxc *s, const struct account *a, const char *kind, const char *by,
	const char *reason, struct err *e);
int account_lift(struct sxc *s, const struct account *a, const char *kind, struct err *e);

#endif
