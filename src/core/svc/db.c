/* SPDX-License-Identifier: MIT */
/* Statements, values, transactions. */
#include "svc/db.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "svc/db_int.h"
#include "util/str.h"

/* ---- errors ---- */

static int code_of(int rc, int extended)
{
	switch (rc) {
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return E_BUSY;
	case SQLITE_FULL:
		return E_LIMIT;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return E_INTEGRITY;
	case SQLITE_READONLY:
	case SQLITE_PERM:
	case SQLITE_AUTH:
		return E_PERM;
	case SQLITE_INTERRUPT:
		return E_INTR;
	case SQLITE_TOOBIG:
		return E_USAGE;
	case SQLITE_CONSTRAINT:
		break;
	default:
		return E_FAIL;
	}
	switch (extended) {
	case SQLITE_CONSTRAINT_UNIQUE:
	case SQLITE_CONSTRAINT_PRIMARYKEY:
	case SQLITE_CONSTRAINT_ROWID:
		return E_EXISTS;
	case SQLITE_CONSTRAINT_FOREIGNKEY:
	case SQLITE_CONSTRAINT_TRIGGER:
		return E_INUSE;
	default:
		return E_USAGE;
	}
}

/* errno behind the last error of that connection, 0 if there is none. */
static int system_error(sqlite3 *h)
{
	int rc = sqlite3_errcode(h) & 0xff;

	return rc == SQLITE_IOERR || rc == SQLITE_CANTOPEN ? sqlite3_system_errno(h) : 0;
}

int db_last_code(sqlite3 *h)
{
	int sys = system_error(h);

	return sys == ENOSPC || sys == EDQUOT
	               ? E_LIMIT
	               : code_of(sqlite3_errcode(h) & 0xff, sqlite3_extended_errcode(h));
}

int db_fail(struct db *db, struct err *e)
{
	int rc = sqlite3_errcode(db->h) & 0xff, sys = system_error(db->h);
	int code = db_last_code(db->h);
	const char *why = sqlite3_errmsg(db->h);

	if (code == E_BUSY)
		return err_set(e, code, "database %s is locked by another run, try again",
			db->path);
	if (code == E_LIMIT)
		return err_set(e, code, "database %s: the disk is full, nothing was changed",
			db->path);
	if (code == E_INTEGRITY)
		return err_set(e, code,
			"database %s is damaged (%s), restore a backup with \"sxc restore\"",
			db->path, why);
	if (code == E_PERM)
		return err_set(e, code, "database %s cannot be written: %s", db->path, why);
	if (rc == SQLITE_CANTOPEN)
		return err_set(e, code, "database %s: it or a file beside it cannot be opened",
			db->path);
	if (rc == SQLITE_IOERR)
		return err_set(e, code, "database %s: %s%s%s", db->path, why, sys ? ": " : "",
			sys ? strerror(sys) : "");
	return err_set(e, code, "database: %s", why);
}

/* ---- statements ---- */

static int bind(sqlite3_stmt *st, const struct db_arg *args, int n, bool copy)
{
	sqlite3_destructor_type life = copy ? SQLITE_TRANSIENT : SQLITE_STATIC;
	int rc = SQLITE_OK;

	for (int i = 0; i < n && rc == SQLITE_OK; i++) {
		const struct db_arg *a = &args[i];

		if (a->type == DB_I64)
			rc = sqlite3_bind_int64(st, i + 1, a->i);
		else if (a->type == DB_TEXT)
			rc = sqlite3_bind_text(st, i + 1, a->p, -1, life);
		else if (a->type == DB_BLOB)
			rc = sqlite3_bind_blob64(st, i + 1, a->p ? a->p : "", a->n, life);
		else
			rc = sqlite3_bind_null(st, i + 1);
	}
	return rc;
}

/* The place where a statement may stand; way: 0 to CACHE_WAYS - 1. */
static struct cached *cache_place(struct db *db, const char *sql, size_t way)
{
	size_t h = (size_t)((uintptr_t)sql * 0x9e3779b97f4a7c15u >> 32);

	return &db->cache[(h + way) & (CACHE_SIZE - 1)];
}

/* A prepared statement out of the cache, or a fresh one. */
static sqlite3_stmt *statement(struct db *db, const char *sql, struct err *e)
{
	sqlite3_stmt *st = NULL;

	for (size_t way = 0; way < CACHE_WAYS; way++) {
		struct cached *c = cache_place(db, sql, way);

		/* Texts that are no constants may have another content under the same address. */
		if (c->st && c->sql == sql && strcmp(sqlite3_sql(c->st), sql) == 0)
			return steal(&c->st);
	}
	if (sqlite3_prepare_v3(db->h, sql, -1, SQLITE_PREPARE_PERSISTENT, &st, NULL)) {
		db_fail(db, e);
		return NULL;
	}
	return st;
}

static void statement_put(struct db *db, const char *sql, sqlite3_stmt *st)
{
	struct cached *c = cache_place(db, sql, 0);

	sqlite3_reset(st);
	sqlite3_clear_bindings(st);
	for (size_t way = 0; way < CACHE_WAYS && c->st; way++)
		c = cache_place(db, sql, way);
	sqlite3_finalize(c->st);
	*c = (struct cached){sql, st};
}

void db_forget_statements(struct db *db)
{
	for (int i = 0; i < CACHE_SIZE; i++)
		sqlite3_finalize(steal(&db->cache[i].st));
}

static int start(struct db *db, struct query *q, struct err *e, const char *sql,
	const struct db_arg *args, int n, bool copy)
{
	sqlite3_stmt *st = statement(db, sql, e);

	if (!st)
		return e ? e->code : E_FAIL;
	if (bind(st, args, n, copy)) {
		db_fail(db, e);
		sqlite3_finalize(st);
		return e ? e->code : E_FAIL;
	}
	*q = (struct query){st, db, sql};
	return 0;
}

int db_run_args(struct db *db, struct err *e, const char *sql, const struct db_arg *args, int n)
{
	autoclean(db_done) struct query q = {0};
	int r = start(db, &q, e, sql, args, n, false);

	if (r < 0)
		return r;
	do
		r = sqlite3_step(q.stmt);
	while (r == SQLITE_ROW);
	return r == SQLITE_DONE ? 0 : db_fail(db, e);
}

int db_query_args(struct db *db, struct query *q, struct err *e, const char *sql,
	const struct db_arg *args, int n)
{
	return start(db, q, e, sql, args, n, true);
}

int db_next(struct query *q, struct err *e)
{
	int rc;

	if (interrupted)
		return err_interrupted(e);
	rc = sqlite3_step(q->stmt);
	if (rc == SQLITE_ROW)
		return 1;
	if (rc != SQLITE_DONE)
		return db_fail(q->db, e);
	db_done(q);
	return 0;
}

void db_done(struct query *q)
{
	if (q->stmt && q->sql)
		statement_put(q->db, q->sql, q->stmt);
	else
		sqlite3_finalize(q->stmt);
	*q = (struct query){0};
}

int db_one_args(struct db *db, struct query *q, struct err *e, const char *sql,
	const struct db_arg *args, int n)
{
	int r = start(db, q, e, sql, args, n, true);

	return r < 0 ? r : db_next(q, e);
}

/* db_one for one value that is taken at once: nothing that was given need be copied. */
static int get(struct db *db, struct query *q, struct err *e, const char *sql,
	const struct db_arg *args, int n)
{
	int r = start(db, q, e, sql, args, n, false);

	return r < 0 ? r : db_next(q, e);
}

int db_get_i64_args(struct db *db, int64_t *out, struct err *e, const char *sql,
	const struct db_arg *args, int n)
{
	autoclean(db_done) struct query q = {0};
	int r = get(db, &q, e, sql, args, n);

	if (r <= 0 || db_is_null(&q, 0))
		return r < 0 ? r : 0;
	*out = db_i64(&q, 0);
	return 1;
}

int db_get_text_args(struct db *db, char **out, struct err *e, const char *sql,
	const struct db_arg *args, int n)
{
	autoclean(db_done) struct query q = {0};
	int r = get(db, &q, e, sql, args, n);

	if (r <= 0 || db_is_null(&q, 0))
		return r < 0 ? r : 0;
	*out = db_text_dup(&q, 0);
	return 1;
}

int64_t db_i64(struct query *q, int col)
{
	return sqlite3_column_int64(q->stmt, col);
}

const char *db_text(struct query *q, int col)
{
	return (const char *)sqlite3_column_text(q->stmt, col);
}

char *db_text_dup(struct query *q, int col)
{
	return mem_strdup0(db_text(q, col));
}

const void *db_bytes(struct query *q, int col, size_t *n)
{
	const void *p = sqlite3_column_blob(q->stmt, col);

	*n = (size_t)sqlite3_column_bytes(q->stmt, col);
	return p;
}

bool db_is_null(struct query *q, int col)
{
	return sqlite3_column_type(q->stmt, col) == SQLITE_NULL;
}

int db_columns(struct query *q)
{
	return sqlite3_column_count(q->stmt);
}

const char *db_column_name(struct query *q, int col)
{
	return sqlite3_column_name(q->stmt, col);
}

enum db_type db_column_type(struct query *q, int col)
{
	switch (sqlite3_column_type(q->stmt, col)) {
	case SQLITE_NULL:
		return DB_NULL;
	case SQLITE_INTEGER:
		return DB_I64;
	case SQLITE_BLOB:
		return DB_BLOB;
	default:
		return DB_TEXT;
	}
}

int64_t db_last_id(struct db *db)
{
	return sqlite3_last_insert_rowid(db->h);
}

int64_t db_changes(struct db *db)
{
	return sqlite3_changes64(db->h);
}

/* ---- transactions ---- */

static int tx_word(struct db *db, const char *verb, int depth, struct err *e)
{
	char sql[64];

	snprintf(sql, sizeof(sql), "%s s%d", verb, depth);
	return db_run(db, e, sql);
}

int db_begin(struct db *db, struct err *e)
{
	int r = db->depth ? tx_word(db, "SAVEPOINT", db->depth, e)
	                  : db_run(db, e, "BEGIN IMMEDIATE");

	if (r == 0)
		db->depth++;
	return r;
}

int db_commit(struct db *db, struct err *e)
{
	int r = db->depth > 1 ? tx_word(db, "RELEASE", db->depth - 1, e) : db_run(db, e, "COMMIT");

	if (r == 0)
		db->depth--;
	else
		db_rollback(db);
	return r;
}

void db_rollback(struct db *db)
{
	if (db->depth == 0)
		return;
	db->depth--;
	if (db->depth == 0) {
		if (!sqlite3_get_autocommit(db->h))
			db_run(db, NULL, "ROLLBACK");
		return;
	}
	tx_word(db, "ROLLBACK TO", db->depth, NULL);
	tx_word(db, "RELEASE", db->depth, NULL);
}

bool db_in_tx(struct db *db)
{
	return db->depth > 0;
}

void db_cleanup_tx(struct db **db)
{
	if (*db)
		db_rollback(*db);
}
