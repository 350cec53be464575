/* SPDX-License-Identifier: MIT */
/* Subscriptions for reading. */
#include <stdlib.h>
#include <string.h>

#include "biz/subscription.h"
#include "util/str.h"

#define SQL_FIND                                                                                   \
	"SELECT s.id FROM subscription s JOIN account a ON a.id = s.account "                      \
	"WHERE a.name = ?1 AND s.number = ?2"
#define SQL_FIND_ID "SELECT id FROM subscription WHERE id = ?1"
#define SQL_NAME                                                                                   \
	"SELECT a.name || '/' || s.number FROM subscription s JOIN account a ON a.id = s.account " \
	"WHERE s.id = ?1"
#define ROW                                                                                        \
	"SELECT s.id, a.name || '/' || s.number, a.name, p.name, v.version, s.state, s.start, "    \
	"t.anchor, s.paid_until, s.next_bill, coalesce(t.price, x.price), s.currency, "            \
	"v.every_n || ' ' || v.every_unit || CASE v.every_n WHEN 1 THEN '' ELSE 's' END, "         \
	"s.label, s.until, s.created, "                                                            \
	"(SELECT group_concat(o.name || '=' || o.quantity, ' ') FROM term_option o "               \
	"WHERE o.term = t.id), "                                                                   \
	"(SELECT c.name FROM coupon c WHERE c.id = s.coupon), "                                    \
	"(SELECT group_concat('private-server.' || key || '=' || value, ' ') "                     \
	"FROM json_each(t.custom, '$.private-server')) FROM "
#define JOINED                                                                                     \
	"JOIN subscription_term t ON t.id = s.term JOIN plan_version v ON v.id = t.version "       \
	"JOIN plan p ON p.id = v.plan "                                                            \
	"JOIN plan_price x ON x.version = v.id AND x.currency = s.currency "
#define SQL_LIST ROW "subscription s JOIN account a ON a.id = s.account " JOINED "ORDER BY s.id"
#define SQL_OF                                                                                     \
	ROW "account a JOIN subscription s ON s.account = a.id " JOINED                            \
	    "WHERE a.name = ?1 ORDER BY s.number"
#define SQL_NAMES                                                                                  \
	"SELECT a.name || '/' || s.number, p.name FROM account a "                                 \
	"JOIN subscription s ON s.account = a.id JOIN plan p ON p.id = s.plan "                    \
	"WHERE a.name >= ?1 AND a.name < ?1 || char(1114111) AND s.state <> 'ended' "              \
	"ORDER BY a.name, s.number LIMIT ?2"

int subscription_find(struct sxc *s, const char *name, int64_t *id, struct err *e)
{
	const char *slash = strrchr(name, '/');
	autofree char *account = NULL;
	char *end;
	long long number;

	if (name[0] == '#')
		return db_get_i64(s->db, id, e, SQL_FIND_ID, strtoll(name + 1, NULL, 10));
	if (!slash || slash[1] < '1' || slash[1] > '9')
		return 0;
	account = mem_strndup(name, (size_t)(slash - name));
	number = strtoll(slash + 1, &end, 10);
	return *end ? 0 : db_get_i64(s->db, id, e, SQL_FIND, account, number);
}

int subscription_name_of(struct sxc *s, int64_t id, char **name, struct err *e)
{
	return db_get_text(s->db, name, e, SQL_NAME, id);
}

int subscription_names(struct sxc *s, const char *prefix, int limit,
	void (*fn)(void *arg, const char *name, const char *help), void *arg, struct err *e)
{
	autoclean(db_done) struct query q = {0};
	autofree char *account = mem_strndup(prefix, strcspn(prefix, "/"));
	int r = db_query(s->db, &q, e, SQL_NAMES, account, limit);

	while (r == 0 && (r = db_next(&q, e)) > 0) {
		if (str_starts(db_text(&q, 0), prefix))
			fn(arg, db_text(&q, 0), db_text(&q, 1));
		r = 0;
	}
	return r;
}

int subscription_list(struct sxc *s, const char *account, account_row_fn fn, void *arg,
	struct err *e)
{
	autoclean(db_done) struct query q = {0};
	int r = account ? db_query(s->db, &q, e, SQL_OF, account)
	                : db_query(s->db, &q, e, SQL_LIST);

	while (r == 0 && (r = db_next(&q, e)) > 0) {
		struct subscription_row row = {.id = db_i64(&q, 0),
			.subscription = db_text(&q, 1),
			.account = db_text(&q, 2),
			.plan = db_text(&q, 3),
			.version = db_i64(&q, 4),
			.state = db_text(&q, 5),
			.start = db_text(&q, 6),
			.anchor = db_text(&q, 7),
			.paid_until = db_text(&q, 8),
			.next_bill = db_text(&q, 9),
			.price = db_i64(&q, 10),
			.currency = db_text(&q, 11),
			.every = db_text(&q, 12),
			.name = db_text(&q, 13),
			.until = db_text(&q, 14),
			.created = db_i64(&q, 15),
			.options = db_text(&q, 16),
			.coupon = db_text(&q, 17),
			.custom = db_text(&q, 18)};

		r = fn(arg, &row, e);
	}
	return r;
}
