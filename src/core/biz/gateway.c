/* SPDX-License-Identifier: MIT */
/* Which gateways there are. */
#include "biz/gateway.h"

#include "biz/gateway_int.h"

#define SQL_ADD  "INSERT INTO gateway (name, created) VALUES (?1, ?2)"
#define SQL_FIND "SELECT id FROM gateway WHERE name = ?1"
#define SQL_LIST                                                                                   \
	"SELECT g.name, (SELECT count(*) FROM method m WHERE m.gateway = g.id "                    \
	"AND m.state <> 'removed'), g.created FROM gateway g ORDER BY g.name"
#define SQL_USES                                                                                   \
	"SELECT (SELECT count(*) FROM method WHERE gateway = ?1) + "                               \
	"(SELECT count(*) FROM charge WHERE gateway = ?1)"
#define SQL_REMOVE "DELETE FROM gateway WHERE id = ?1"

int gateway_find(struct sxc *s, const char *name, int64_t *id, struct err *e)
{
	int r = db_get_i64(s->db, id, e, SQL_FIND, name);

	if (r < 0)
		return r;
	return r > 0 ? 0 : err_set(e, E_NOTFOUND, "no gateway named '%.40s'", name);
}

static int add(struct sxc *s, const char *name, struct err *e)
{
	int r = db_run(s->db, e, SQL_ADD, name, s->now);

	if (r == E_EXISTS)
		return err_set(e, E_EXISTS, "there is a gateway %s already", name);
	return r < 0 ? r : audit_add(s, "gateway.add", name, NULL, NULL, e);
}

int gateway_add(struct sxc *s, const char *name, struct err *e)
{
	autorollback struct sxc *tx = NULL;
	autofree char *program = NULL;
	int r;

	if (str_eq(name, "manual"))
		return err_set(e, E_USAGE, "the gateway manual is built in");
	if ((r = gateway_program(s, name, &program, e)) < 0 || (r = tx_begin(s, e)) < 0)
		return r;
	tx = s;
	if ((r = add(s, name, e)) < 0)
		return r;
	tx = NULL;
	return tx_commit(s, e);
}

static int drop(struct sxc *s, const char *name, struct err *e)
{
	int64_t id, uses = 0;
	int r;

	if ((r = gateway_find(s, name, &id, e)) < 0 ||
		(r = db_get_i64(s->db, &uses, e, SQL_USES, id)) < 0)
		return r;
	if (uses)
		return err_set(e, E_INUSE,
			"gateway %s has methods or charges: what they were stays in the books",
			name);
	if ((r = db_run(s->db, e, SQL_REMOVE, id)) < 0)
		return r;
	return audit_add(s, "gateway.remove", name, NULL, NULL, e);
}

int gateway_remove(struct sxc *s, const char *name, struct err *e)
{
	autorollback struct sxc *tx = NULL;
	int r = tx_begin(s, e);

	if (r < 0)
		return r;
	tx = s;
	if ((r = drop(s, name, e)) < 0)
		return r;
	tx = NULL;
	return tx_commit(s, e);
}

int gateway_list(struct sxc *s, gateway_row_fn fn, void *arg, struct err *e)
{
	static const struct gateway_row manual = {"manual", NULL, INT64_MIN, INT64_MIN};
	autoclean(db_done) struct query q = {0};
	int r = fn(arg, &manual, e);

	if (r == 0)
		r = db_query(s->db, &q, e, SQL_LIST);
	while (r >= 0 && (r = db_next(&q, e)) > 0) {
		autofree char *program = NULL;
		struct err ignored;
		struct gateway_row row = {.gateway = db_text(&q, 0),
			.methods = db_i64(&q, 1),
			.created = db_i64(&q, 2)};

		gateway_program(s, row.gateway, &program, &ignored);
		row.program = program;
		r = fn(arg, &row, e);
	}
	return r;
}

int gateway_test(struct sxc *s, const char *name, struct gateway_answer *answer, struct err *e)
{
	autofree char *key = str_fmt("sxc-test-%lld", (long long)s->now);
	autostr lines = STR_INIT;
	int64_t id;
	int r = gateway_find(s, name, &id, e);

	if (r < 0)
		return r;
	gateway_ask(&lines, "key", key);
	gateway_ask(&lines, "of", "charge");
	if ((r = gateway_call(s, name, "status", key, &lines, answer, e)) < 0)
		return r;
	if (answer->result != GATEWAY_FAILED)
		return err_set(e, E_FAIL, "gateway %s knows of a key that was never used: %s%s%s",
			name, gateway_result_name(answer->result), answer->message ? ": " : "",
			answer->message ? answer->message : "");
	return 0;
}
