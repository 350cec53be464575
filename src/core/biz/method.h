/* SPDX-License-Identifier: MIT */
/*
 * method - how customers pay through gateways: a token that the gateway gave, never a card number.
 *
 * The method that was added last, of those that are active, is charged.
 * Must not know about: charges.
 */
#ifndef SXC_BIZ_METHOD_H
#define SXC_BIZ_METHOD_H

#include "biz/gateway.h"

struct method_new {
	const char *account, *gateway;
	const char *token; /* NULL: the gateway is asked for a page where the customer enters it */
	const char *label; /* as people know it, or NULL */
};
struct method_done {
	int64_t id, number;
	char state[16];
	char *url; /* where the customer goes, or NULL */
};
void method_done_release(struct method_done *d);
/* E_NOTFOUND; E_USAGE for a token that looks like the number of a card; E_STATE: closed account.
 * Without a token the gateway is asked after the method was written down. */
int method_add(struct sxc *s, const struct method_new *n, struct method_done *done, struct err *e);
/* E_NOTFOUND; E_INUSE while a charge on it is not settled. */
int method_remove(struct sxc *s, const char *account, int64_t number, struct err *e);
/* Ask after the methods that are being set up. Those that are still pending. */
int method_ask_pending(struct sxc *s, struct err *e);

struct method_row {
	const char *account, *gateway, *state, *label, *url, *error;
	int64_t method, charged, created; /* charged: 1 for the one that charges go to */
};
/* account NULL: all. */
int method_list(struct sxc *s, const char *account, gateway_row_fn fn, void *arg, struct err *e);
/* The one that charges go to: its row id and its gateway's; 1, or 0 when there is none. */
int method_of(struct sxc *s, int64_t account, int64_t *method, int64_t *gateway, struct err *e);

#endif
