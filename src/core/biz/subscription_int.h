/* SPDX-License-Identifier: MIT */
/*
 * subscription_int - shared by the files of subscription alone.
 */
#ifndef SXC_BIZ_SUBSCRIPTION_INT_H
#define SXC_BIZ_SUBSCRIPTION_INT_H

#include "biz/plan.h"
#include "biz/subscription.h"

/* An option that was chosen, and its price in the account's currency. */
struct chosen {
	char *name;
	int64_t quantity, price;
};
struct chosen_vec {
	struct chosen *v;
	size_t n, cap;
};
void chosen_release(struct chosen_vec *c);
#define autochosen autoclean(chosen_release) struct chosen_vec
/* Put one in, or replace it; 0 takes it out. */
void chosen_set(struct chosen_vec *c, const char *name, int64_t quantity);
/* Read "K=N" pairs into c; least: the smallest N. E_USAGE. */
int chosen_parse(struct chosen_vec *c, const struct strvec *pairs, int64_t least, struct err *e);
/* Look up their prices. E_NOTFOUND, E_STATE, E_LIMIT. */
int chosen_price(struct sxc *s, struct chosen_vec *c, const struct plan_offer *o,
	const char *currency, struct err *e);

/* Can the account have (another of) the plan? E_STATE, E_LIMIT. */
int subscription_check_offer(struct sxc *s, const struct account *a, const struct plan_offer *o,
	struct err *e);

/* A term to be written down. price -1: the plan's. */
struct term_new {
	int64_t subscription, seq, version, price;
	int64_t start, billed_until; /* days */
	struct anchor anchor;
	const char *custom; /* what was agreed on what it provides, JSON; NULL: nothing */
};
int subscription_put_term(struct sxc *s, const struct term_new *t, const struct chosen_vec *options,
	int64_t *id, struct err *e);

/* One subscription as it stands; release with sub_release. */
struct sub {
	int64_t id, account, number, plan, term;
	char *state, *currency, *request;
	int64_t start, first_paid, until, prepaid; /* days; until, prepaid may be DAY_NONE */
	int64_t provided; /* the term by which it is provided, 0: nothing is */
	struct account a;
};
void sub_release(struct sub *sub);
#define autosub autoclean(sub_release) struct sub
int sub_get(struct sxc *s, int64_t id, struct sub *sub, struct err *e);
/* "ACCOUNT/N" into buf. */
void sub_name(const struct sub *sub, char *buf, size_t size);

/* The term that holds a day, or the last. */
struct cur_term {
	int64_t id, seq, version, price; /* price -1: the plan's */
	int64_t start, until;
	struct anchor anchor; /* without .every */
};
int sub_term_at(struct sxc *s, int64_t subscription, int64_t day, struct cur_term *t,
	struct err *e);
/* What a term provides, its options and what was agreed for it alone worked in, as JSON text, NULL
 * when nothing; the list of bounds that may go unenforced. Both the caller's. */
int sub_provides(struct sxc *s, int64_t term, char **provides, char **best_effort, struct err *e);
/* Queue the change of what is provided from one term's to another's. *job 0: there is none. */
int sub_change_provided(struct sxc *s, int64_t id, int64_t from, int64_t to, int64_t *job,
	struct err *e);
/* Could it be done now? Changes nothing. Errors as provision_change, but other work going on is
 * none. */
int sub_could_provide(struct sxc *s, int64_t id, int64_t from, int64_t to, struct err *e);
/* Write down by which term it is provided. */
int sub_provided(struct sxc *s, int64_t id, int64_t term, struct err *e);
/* What is provided follows the term in force. */
int sub_provide(struct sxc *s, int64_t id, struct job_ids *jobs, struct err *e);
/* The same; when it cannot be done now nothing is changed. */
int sub_try_provide(struct sxc *s, int64_t id, struct job_ids *jobs, struct err *e);
/* Is it a reason to try again later, not a fault of the machine? */
bool sub_is_refusal(int code);
/* Put the term that holds today in force. */
int sub_switch(struct sxc *s, int64_t id, int64_t today, struct err *e);

/* End it on a day: nothing is agreed on from then. */
int sub_end_on(struct sxc *s, const struct sub *sub, int64_t day, int64_t today,
	struct job_ids *jobs, struct err *e);

/* End whatever was agreed from that day on: the term that holds it ends there, later ones never
 * begin. */
int sub_cut(struct sxc *s, int64_t subscription, int64_t day, struct err *e);

/* Day as text, or NULL for DAY_NONE: for binding. */
struct db_arg day_arg(int64_t day, char buf[DAY_TEXT]);
/* A column that holds a day, DAY_NONE for NULL. */
int64_t day_col(struct query *q, int col);

#endif
