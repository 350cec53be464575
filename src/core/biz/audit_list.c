/* SPDX-License-Identifier: MIT */
#include "biz/audit_list.h"

#include "util/mem.h"

#define ROW           "SELECT id, at, clock, login, actor, what, object, before, after FROM audit "
#define WHERE         "WHERE (?1 IS NULL OR object = ?1) AND (?2 IS NULL OR what = ?2) "
#define SQL_ALL       ROW WHERE "ORDER BY id"
#define SQL_OF_OBJECT ROW "WHERE object = ?1 AND (?2 IS NULL OR what = ?2) ORDER BY id"
#define SQL_LAST      "SELECT * FROM (" ROW WHERE "ORDER BY id DESC LIMIT ?3) ORDER BY id"

int audit_list(struct sxc *s, const struct audit_filter *f,
	int (*fn)(void *arg, const void *row, struct err *e), void *arg, struct err *e)
{
	autoclean(db_done) struct query q = {0};
	int r;

	if (f->limit)
		r = db_query(s->db, &q, e, SQL_LAST, f->object, f->what, f->limit);
	else
		r = db_query(s->db, &q, e, f->object ? SQL_OF_OBJECT : SQL_ALL, f->object, f->what);
	while (r >= 0 && (r = db_next(&q, e)) > 0) {
		struct audit_row row = {db_i64(&q, 0), db_i64(&q, 1), db_i64(&q, 2), db_text(&q, 3),
			db_text(&q, 4), db_text(&q, 5), db_text(&q, 6), db_text(&q, 7),
			db_text(&q, 8)};

		r = fn(arg, &row, e);
	}
	return r;
}
