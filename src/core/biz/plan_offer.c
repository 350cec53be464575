/* SPDX-License-Identifier: MIT */
/* What a subscription needs to know of a plan version. */
#include <stdlib.h>

#include "biz/plan.h"
#include "util/str.h"

#define OFFER                                                                                      \
	"SELECT p.id, v.id, v.version, p.name, v.title, p.state, v.every_n, "                      \
	"v.every_unit, v.bill, v.taxable, v.tax_included, v.provision, v.align, "                  \
	"v.trial_n, v.trial_unit, v.upgrade, v.downgrade, v.cancel, v.stock, "                     \
	"v.per_account, v.provides, v.best_effort, x.price, x.setup, "                             \
	"v.reseller IS NOT NULL FROM plan p "                                                      \
	"JOIN plan_version v ON v.plan = p.id LEFT JOIN plan_price x ON x.version "                \
	"= v.id AND x.currency = ?2 "
#define SQL_CURRENT OFFER "WHERE p.name = ?1 AND v.version = p.version"
#define SQL_VERSION OFFER "WHERE v.id = ?1"
#define SQL_OPTION                                                                                 \
	"SELECT price, most FROM plan_option WHERE version = ?1 AND currency = ?2 AND name = ?3"
#define SQL_OPTION_ANY "SELECT 1 FROM plan_option WHERE version = ?1 AND name = ?2 LIMIT 1"

void plan_offer_release(struct plan_offer *o)
{
	free(o->name);
	free(o->title);
	free(o->state);
	free(o->upgrade);
	free(o->downgrade);
	free(o->cancel);
	free(o->provides);
	free(o->best_effort);
	*o = (struct plan_offer){0};
}

static void read_offer(struct query *q, struct plan_offer *o)
{
	*o = (struct plan_offer){.plan = db_i64(q, 0),
		.version = db_i64(q, 1),
		.number = db_i64(q, 2),
		.name = db_text_dup(q, 3),
		.title = db_text_dup(q, 4),
		.state = db_text_dup(q, 5),
		.every.n = db_i64(q, 6),
		.arrears = str_eq(db_text(q, 8), "arrears"),
		.taxable = db_i64(q, 9),
		.tax_included = db_i64(q, 10),
		.paid_first = str_eq(db_text(q, 11), "paid"),
		.align = (int)db_i64(q, 12),
		.trial_n = db_i64(q, 13),
		.upgrade = db_text_dup(q, 15),
		.downgrade = db_text_dup(q, 16),
		.cancel = db_text_dup(q, 17),
		.stock = db_is_null(q, 18) ? -1 : db_i64(q, 18),
		.per_account = db_i64(q, 19),
		.provides = db_text_dup(q, 20),
		.best_effort = db_text_dup(q, 21),
		.priced = !db_is_null(q, 22),
		.price = db_i64(q, 22),
		.setup = db_is_null(q, 23) ? -1 : db_i64(q, 23),
		.reseller = db_i64(q, 24)};
	unit_parse(db_text(q, 7), &o->every.unit);
	unit_parse(db_text(q, 14), &o->trial_unit);
}

int plan_offer_current(struct sxc *s, const char *name, const char *currency, struct plan_offer *o,
	struct err *e)
{
	autoclean(db_done) struct query q = {0};
	int r = db_one(s->db, &q, e, SQL_CURRENT, name, currency);

	if (r <= 0)
		return r < 0 ? r : err_set(e, E_NOTFOUND, "no plan named '%s'", name);
	read_offer(&q, o);
	return 0;
}

int plan_offer_version(struct sxc *s, int64_t version, const char *currency, struct plan_offer *o,
	struct err *e)
{
	autoclean(db_done) struct query q = {0};
	int r = db_one(s->db, &q, e, SQL_VERSION, version, currency);

	if (r <= 0)
		return r < 0 ? r : err_set(e, E_INTEGRITY, "a plan version is missing");
	read_offer(&q, o);
	return 0;
}

static int no_option(struct sxc *s, const struct plan_offer *o, const char *currency,
	const char *option, struct err *e)
{
	int64_t any = 0;
	int r = db_get_i64(s->db, &any, e, SQL_OPTION_ANY, o->version, option);

	if (r < 0)
		return r;
	if (any)
		return err_set(e, E_STATE, "option %s of plan %s has no price in %s", option,
			o->name, currency);
	return err_set(e, E_NOTFOUND, "plan %s has no option '%s'", o->name, option);
}

int plan_option_price(struct sxc *s, const struct plan_offer *o, const char *currency,
	const char *option, int64_t quantity, int64_t *price, struct err *e)
{
	autoclean(db_done) struct query q = {0};
	int r = db_one(s->db, &q, e, SQL_OPTION, o->version, currency, option);

	if (r <= 0)
		return r < 0 ? r : no_option(s, o, currency, option, e);
	if (!db_is_null(&q, 1) && quantity > db_i64(&q, 1))
		return err_set(e, E_LIMIT, "plan %s has at most %lld of option %s", o->name,
			(long long)db_i64(&q, 1), option);
	*price = db_i64(&q, 0);
	return 0;
}
