/* SPDX-License-Identifier: MIT */
/* Everything that happened to an account. */
#include "biz/account.h"

/* Each source gives (clock, rank among those of a second, id, at, login, actor, what, object, text,
 * amount, currency). */
#define OF_AUDIT                                                                                   \
	" u.clock, 1, u.id, u.at, u.login, u.actor, u.what, u.object, coalesce(u.after ->> "       \
	"'$.reason', u.after ->> '$.invoice', u.after ->> '$.plan'), "                             \
	"coalesce(u.after ->> '$.amount', u.after ->> '$.total'), "                                \
	"coalesce(u.after ->> '$.currency', a.currency) "
/* What was done to it and its subscriptions (but by a run, which is not about one account). */
#define DONE                                                                                       \
	"SELECT" OF_AUDIT "FROM a JOIN audit u ON u.object = a.name "                              \
	"OR (u.object > a.name || '/' AND u.object < a.name || '0') WHERE u.what <> 'invoice.run'"
#define DONE_TO_DOCUMENTS                                                                          \
	"SELECT" OF_AUDIT "FROM a JOIN invoice i ON i.account = a.id "                             \
	"JOIN audit u ON u.object = i.number WHERE u.what <> 'invoice.run'"
/* A name may have been another's before. */
#define DONE_TO_SERVICES                                                                           \
	"SELECT" OF_AUDIT "FROM a JOIN (SELECT name, account, created FROM ps UNION ALL "          \
	"SELECT name, account, created FROM domain) x ON x.account = a.id "                        \
	"JOIN audit u ON u.object = x.name AND u.clock >= x.created"
#define DOCUMENTS                                                                                  \
	"SELECT i.opened, 2, i.id, NULL, NULL, NULL, i.kind || '.open', i.number, i.reason, "      \
	"i.total, i.currency FROM a JOIN invoice i ON i.account = a.id"
#define MAILS                                                                                      \
	"SELECT coalesce(m.sent, m.created), 3, m.id, NULL, NULL, NULL, 'mail.' || m.state, "      \
	"'mail ' || m.id, m.template || coalesce(': ' || m.subject, ''), NULL, NULL "              \
	"FROM a JOIN mail m ON m.account = a.id"
#define TICKETS                                                                                    \
	"SELECT m.at, 4, m.id, NULL, iif(m.kind = 'customer', NULL, m.author), NULL, "             \
	"'ticket.' || m.kind, 'ticket ' || t.id, "                                                 \
	"iif(m.kind = 'event', m.body, t.subject), NULL, NULL FROM a "                             \
	"JOIN ticket t ON t.account = a.id JOIN ticket_message m ON m.ticket = t.id"
#define JOBS                                                                                       \
	"SELECT j.updated, 5, j.id, NULL, NULL, NULL, 'job.' || j.state, j.object, "               \
	"j.kind || coalesce(': ' || j.error, ''), NULL, NULL FROM a JOIN (SELECT name, account, "  \
	"created FROM ps UNION ALL SELECT name, account, created FROM domain) x "                  \
	"ON x.account = a.id JOIN job j ON j.object = x.name AND j.created >= x.created"
#define SQL_HISTORY                                                                                \
	"WITH a AS (SELECT id, name, currency FROM account WHERE name = ?1) " DONE                 \
	" UNION ALL " DONE_TO_DOCUMENTS " UNION ALL " DONE_TO_SERVICES " UNION ALL " DOCUMENTS     \
	" UNION ALL " MAILS " UNION ALL " TICKETS " UNION ALL " JOBS " ORDER BY 1, 2, 3"

int account_history(struct sxc *s, const char *name, account_row_fn fn, void *arg, struct err *e)
{
	autoclean(db_done) struct query q = {0};
	int r = db_query(s->db, &q, e, SQL_HISTORY, name);

	while (r == 0 && (r = db_next(&q, e)) > 0) {
		struct account_event_row row = {.clock = db_i64(&q, 0),
			.id = db_is_null(&q, 3) ? INT64_MIN : db_i64(&q, 2),
			.at = db_is_null(&q, 3) ? INT64_MIN : db_i64(&q, 3),
			.login = db_text(&q, 4),
			.actor = db_text(&q, 5),
			.what = db_text(&q, 6),
			.object = db_text(&q, 7),
			.text = db_text(&q, 8),
			.amount = db_is_null(&q, 9) ? INT64_MIN : db_i64(&q, 9),
			.currency = db_text(&q, 10)};

		r = fn(arg, &row, e);
	}
	return r;
}
