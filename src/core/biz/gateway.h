/* SPDX-License-Identifier: MIT */
/*
 * gateway - payment gateways: executables sxc-gateway-NAME that speak lines of key=value.
 *
 * They are looked for in HOME/gateways, then in libexec. "manual" is built in: payments that a
 * person enters. The protocol is sxc-gateway(5).
 * Must not know about: invoices, what is done with an answer.
 */
#ifndef SXC_BIZ_GATEWAY_H
#define SXC_BIZ_GATEWAY_H

#include <stdint.h>

#include "svc/sxc.h"
#include "util/str.h"

typedef int (*gateway_row_fn)(void *arg, const void *row, struct err *e);

/* ---- one call ---- */

enum gateway_result {
	GATEWAY_UNKNOWN, /* no answer, or none that can be understood: message says why */
	GATEWAY_PAID,    /* it is done: the money came, or went back; the method is set up */
	GATEWAY_FAILED,  /* it is not done and never will be under this key */
	GATEWAY_PENDING, /* it will be known later */
	GATEWAY_ACTION,  /* the customer has to do something, at url */
};
struct gateway_answer {
	enum gateway_result result;
	char *id, *url, *message, *token, *label; /* NULL where it did not say */
	int64_t amount;                           /* minor units; -1: it did not say */
};
void gateway_answer_release(struct gateway_answer *a);
#define autoanswer autoclean(gateway_answer_release) struct gateway_answer
/* The word of a result: "paid". */
const char *gateway_result_name(enum gateway_result result);

/* What it is asked: lines of key=value, begun by the key. */
void gateway_ask(struct str *lines, const char *name, const char *value);
void gateway_ask_i64(struct str *lines, const char *name, int64_t value);
/*
 * Ask. verb: setup charge refund status. lines must begin with the key, which the answer has to
 * repeat. 0 whatever the answer; E_STATE when it was not started at all (nothing was asked).
 */
int gateway_call(struct sxc *s, const char *name, const char *verb, const char *key,
	const struct str *lines, struct gateway_answer *out, struct err *e);

/* ---- verbs ---- */

/* E_EXISTS; E_NOTFOUND when there is no executable; E_USAGE for "manual". */
int gateway_add(struct sxc *s, const char *name, struct err *e);
/* E_INUSE while accounts have methods there, or something is not settled. */
int gateway_remove(struct sxc *s, const char *name, struct err *e);
struct gateway_row {
	const char *gateway, *program; /* program NULL: built in, or not found */
	int64_t methods, created;
};
int gateway_list(struct sxc *s, gateway_row_fn fn, void *arg, struct err *e);
/* Ask for the status of a key that was never used; answer is what it said. E_FAIL when that cannot
 * be understood. */
int gateway_test(struct sxc *s, const char *name, struct gateway_answer *answer, struct err *e);
/* Row id. E_NOTFOUND. */
int gateway_find(struct sxc *s, const char *name, int64_t *id, struct err *e);

#endif
