/* SPDX-License-Identifier: MIT */
/* sxc sql: one question to the store, in its own language, that cannot change anything. */
#include <string.h>

#include "cmd/cmd.h"
#include "cmd/out.h"
#include "svc/sign.h"
#include "util/slurp.h"
#include "util/str.h"

#define MAX_QUERY (1u << 20)

/* A cell is a number or a text, as its row has it: the column's type follows. */
struct cell {
	int64_t i;
	const char *t;
};
struct result {
	struct column *cols; /* as many as the query has, and the end */
	struct cell *cells;
	struct strvec names, hex;
};

static void result_release(struct result *res)
{
	free(res->cols);
	free(res->cells);
	strvec_release(&res->names);
	strvec_release(&res->hex);
}

/* JSON needs names that differ: the second "id" is "id_2". */
static void add_name(struct strvec *names, const char *name)
{
	autofree char *fresh = mem_strdup(name);
	int same = 1;

	for (size_t i = 0; i < names->n; i++)
		if (strcmp(names->v[i], fresh) == 0) {
			free(fresh);
			fresh = str_fmt("%s_%d", name, ++same);
			i = (size_t)-1;
		}
	strvec_push(names, fresh);
}

static void result_init(struct result *res, struct query *q)
{
	size_t n = (size_t)db_columns(q);

	res->cols = mem_zalloc((n + 1) * sizeof(*res->cols));
	res->cells = mem_zalloc((n + 1) * sizeof(*res->cells));
	for (size_t i = 0; i < n; i++)
		add_name(&res->names, db_column_name(q, (int)i));
	for (size_t i = 0; i < n; i++)
		res->cols[i] = (struct column){res->names.v[i], COL_TEXT,
			i * sizeof(struct cell) + offsetof(struct cell, t), 0, "", false};
}

static void read_cell(struct result *res, struct query *q, int i)
{
	struct cell *cell = &res->cells[i];
	struct column *col = &res->cols[i];
	enum db_type type = db_column_type(q, i);
	size_t at = (size_t)i * sizeof(*cell);

	*cell = (struct cell){0};
	col->type = type == DB_I64 ? COL_INT : COL_TEXT;
	col->offset = at + (type == DB_I64 ? offsetof(struct cell, i) : offsetof(struct cell, t));
	if (type == DB_I64) {
		cell->i = db_i64(q, i);
	} else if (type == DB_TEXT) {
		cell->t = db_text(q, i);
	} else if (type == DB_BLOB) {
		size_t n;
		const void *p = db_bytes(q, i, &n);
		autofree char *hex = mem_zalloc(2 * n + 1);

		hex_encode(p, n, hex);
		strvec_push(&res->hex, hex);
		cell->t = res->hex.v[res->hex.n - 1];
	}
}

static void read_row(struct result *res, struct query *q)
{
	strvec_release(&res->hex);
	for (int i = 0; i < db_columns(q); i++)
		read_cell(res, q, i);
}

/* The first row is fetched before the list begins, so that numbers stand to the right. */
static int print_rows(struct call *c, struct query *q, struct result *res, struct err *e)
{
	int r = db_next(q, e), r2;

	if (r < 0)
		return r;
	if (r > 0)
		read_row(res, q);
	if ((r2 = out_list(c->out, "rows", res->cols, e)) < 0)
		return r2;
	while (r > 0) {
		if ((r = out_row(c->out, res->cells, e)) < 0 || (r = db_next(q, e)) <= 0)
			break;
		read_row(res, q);
	}
	return r < 0 ? r : out_end(c->out, e);
}

static int get_query(struct call *c, struct str *text, struct err *e)
{
	int r;

	if (c->nargs) {
		str_add(text, c->args[0]);
		return 0;
	}
	if ((r = slurp("-", MAX_QUERY, text, e)) < 0)
		return r;
	if (!str_is_utf8(str_c(text), text->len))
		return err_set(e, E_USAGE, "sql: the query is not UTF-8 text");
	return 0;
}

static int run_sql(struct call *c, struct err *e)
{
	autoclean(db_done) struct query q = {0};
	autoclean(result_release) struct result res = {0};
	autostr text = STR_INIT;
	int r = get_query(c, &text, e);

	if (r < 0 || (r = db_query_text(c->sxc->db, &q, str_c(&text), e)) < 0)
		return r;
	result_init(&res, &q);
	return print_rows(c, &q, &res, e);
}

static const struct arg args_sql[] = {{"QUERY", ENT_NONE, ARG_OPTIONAL}, ARG_END};
static const struct cmd cmd_sql = {.noun = "sql",
	.verb = "",
	.help = "put a question to the store that changes nothing",
	.args = args_sql,
	.flags = CMD_DB_READ,
	.run = run_sql};

CMD_NOUN(sql, "sql", "questions to the store in SQL, read-only", 40, &cmd_sql);
