/* SPDX-License-Identifier: MIT */
/*
 * db - the store: SQLite behind a small typed interface.
 *
 * The only module that includes sqlite3.h. WAL, synchronous=FULL, foreign keys on. SQL stands
 * beside its entity as one constant a statement; values are bound, never concatenated:
 *
 *	if (db_run(db, e, SQL_INSERT, name, db_null_if(email), amount) < 0) …
 *
 *	autoclean(db_done) struct query q = {0};
 *	if ((r = db_query(db, &q, e, SQL_LIST, state)) < 0) return r;
 *	while ((r = db_next(&q, e)) > 0) { db_i64(&q, 0); db_text(&q, 1); }
 *	if (r < 0) return r;
 *
 * Must not know about: any entity.
 */
#ifndef SXC_SVC_DB_H
#define SXC_SVC_DB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/err.h"

struct db;

enum db_mode {
	DB_READ,   /* must exist; nothing is ever written */
	DB_WRITE,  /* must exist; migrated to this version (a copy of the file is made first) */
	DB_CREATE, /* must not exist yet */
};

/*
 * Open the database file. E_NOTFOUND if absent, E_EXISTS for DB_CREATE on one, E_INTEGRITY
 * if it is no database, damaged or of a newer version, E_BUSY when locked longer than five seconds,
 * E_PERM when not readable or (DB_WRITE) not writable. *out is the caller's, closed by db_close.
 */
int db_open(struct db **out, const char *path, enum db_mode mode, struct err *e);
void db_close(struct db **db); /* NULL-safe, sets *db to NULL */
/* Close it with all that was written in the one file, which can then be renamed. */
int db_close_whole(struct db **db, struct err *e);
/* The version of the schema this program writes. */
int db_schema_version(void);

/* ---- values ---- */

enum db_type { DB_NULL, DB_I64, DB_TEXT, DB_BLOB };

struct db_arg {
	enum db_type type;
	int64_t i;
	const void *p; /* borrowed until the statement is stepped or done */
	size_t n;
};

static inline struct db_arg db_arg_i64(int64_t v)
{
	return (struct db_arg){.type = DB_I64, .i = v};
}
static inline struct db_arg db_arg_text(const char *s)
{
	return (struct db_arg){.type = s ? DB_TEXT : DB_NULL, .p = s};
}
static inline struct db_arg db_arg_self(struct db_arg a)
{
	return a;
}
static inline struct db_arg db_blob(const void *p, size_t n)
{
	return (struct db_arg){.type = DB_BLOB, .p = p, .n = n};
}
static inline struct db_arg db_null(void)
{
	return (struct db_arg){.type = DB_NULL};
}
/* The number, or NULL when it is zero: for optional references. */
static inline struct db_arg db_ref(int64_t id)
{
	return id ? db_arg_i64(id) : db_null();
}

/* A text pointer that is NULL binds NULL. Integers of every width and bool bind as INTEGER. */
#define DB_ARG(x)                                                                                  \
	_Generic((x), char *: db_arg_text, const char *: db_arg_text, struct db_arg: db_arg_self,  \
		default: db_arg_i64)(x)

#define DB_CAT_(a, b) a##b
#define DB_CAT(a, b)  DB_CAT_(a, b)
#define DB_COUNT_(_0, _1, _2, _3, _4, _5, _6, _7, _8, _9, _10, _11, _12, _13, _14, _15, _16, _17,  \
	_18, _19, _20, _21, _22, _23, _24, N, ...)                                                 \
	N
#define DB_COUNT(...)                                                                              \
	DB_COUNT_(_, ##__VA_ARGS__, 24, 23, 22, 21, 20, 19, 18, 17, 16, 15, 14, 13, 12, 11, 10, 9, \
		8, 7, 6, 5, 4, 3, 2, 1, 0)
#define DB_A0()
#define DB_A1(a)       DB_ARG(a)
#define DB_A2(a, ...)  DB_ARG(a), DB_A1(__VA_ARGS__)
#define DB_A3(a, ...)  DB_ARG(a), DB_A2(__VA_ARGS__)
#define DB_A4(a, ...)  DB_ARG(a), DB_A3(__VA_ARGS__)
#define DB_A5(a, ...)  DB_ARG(a), DB_A4(__VA_ARGS__)
#define DB_A6(a, ...)  DB_ARG(a), DB_A5(__VA_ARGS__)
#define DB_A7(a, ...)  DB_ARG(a), DB_A6(__VA_ARGS__)
#define DB_A8(a, ...)  DB_ARG(a), DB_A7(__VA_ARGS__)
#define DB_A9(a, ...)  DB_ARG(a), DB_A8(__VA_ARGS__)
#define DB_A10(a, ...) DB_ARG(a), DB_A9(__VA_ARGS__)
#define DB_A11(a, ...) DB_ARG(a), DB_A10(__VA_ARGS__)
#define DB_A12(a, ...) DB_ARG(a), DB_A11(__VA_ARGS__)
#define DB_A13(a, ...) DB_ARG(a), DB_A12(__VA_ARGS__)
#define DB_A14(a, ...) DB_ARG(a), DB_A13(__VA_ARGS__)
#define DB_A15(a, ...) DB_ARG(a), DB_A14(__VA_ARGS__)
#define DB_A16(a, ...) DB_ARG(a), DB_A15(__VA_ARGS__)
#define DB_A17(a, ...) DB_ARG(a), DB_A16(__VA_ARGS__)
#define DB_A18(a, ...) DB_ARG(a), DB_A17(__VA_ARGS__)
#define DB_A19(a, ...) DB_ARG(a), DB_A18(__VA_ARGS__)
#define DB_A20(a, ...) DB_ARG(a), DB_A19(__VA_ARGS__)
#define DB_A21(a, ...) DB_ARG(a), DB_A20(__VA_ARGS__)
#define DB_A22(a, ...) DB_ARG(a), DB_A21(__VA_ARGS__)
#define DB_A23(a, ...) DB_ARG(a), DB_A22(__VA_ARGS__)
#define DB_A24(a, ...) DB_ARG(a), DB_A23(__VA_ARGS__)
#define DB_ARGS(...)                                                                               \
	(const struct db_arg[]){                                                                   \
		DB_CAT(DB_A, DB_COUNT(__VA_ARGS__))(__VA_ARGS__) __VA_OPT__(, ) db_null()},        \
		DB_COUNT(__VA_ARGS__)

/* ---- statements ---- */

struct query {
	void *stmt;
	struct db *db;
	const char *sql; /* under which the statement is kept; NULL: it is not */
};

/* Run one statement that gives no rows. 0, or E_EXISTS for a unique key, E_INUSE for a foreign key,
 * E_BUSY, E_LIMIT for a full disk, E_INTEGRITY for damage, E_USAGE for a CHECK. */
#define db_run(db, e, sql, ...) db_run_args(db, e, sql, DB_ARGS(__VA_ARGS__))
int db_run_args(struct db *db, struct err *e, const char *sql, const struct db_arg *args, int n);

/* Start a query; end it with db_done (or the cleanup attribute). Texts given are copied. */
#define db_query(db, q, e, sql, ...) db_query_args(db, q, e, sql, DB_ARGS(__VA_ARGS__))
int db_query_args(struct db *db, struct query *q, struct err *e, const char *sql,
	const struct db_arg *args, int n);
/* 1 on a row, 0 at the end, negative on error. */
int db_next(struct query *q, struct err *e);
void db_done(struct query *q);

/* Query whose first row is wanted: 1 with the query on it, 0 when there is none (query ended). */
#define db_one(db, q, e, sql, ...) db_one_args(db, q, e, sql, DB_ARGS(__VA_ARGS__))
int db_one_args(struct db *db, struct query *q, struct err *e, const char *sql,
	const struct db_arg *args, int n);
/* One integer of one row: 1 found, 0 no row or NULL (*out unchanged), negative on error. */
#define db_get_i64(db, out, e, sql, ...) db_get_i64_args(db, out, e, sql, DB_ARGS(__VA_ARGS__))
int db_get_i64_args(struct db *db, int64_t *out, struct err *e, const char *sql,
	const struct db_arg *args, int n);
/* One text of one row, in fresh memory (the caller's): 1 found, 0 no row or NULL. */
#define db_get_text(db, out, e, sql, ...) db_get_text_args(db, out, e, sql, DB_ARGS(__VA_ARGS__))
int db_get_text_args(struct db *db, char **out, struct err *e, const char *sql,
	const struct db_arg *args, int n);

/* Columns of the current row, from 0. Texts and blobs live until the next db_next or db_done. */
int64_t db_i64(struct query *q, int col);      /* 0 for NULL */
const char *db_text(struct query *q, int col); /* NULL for NULL */
char *db_text_dup(struct query *q, int col);   /* the caller's; NULL for NULL */
const void *db_bytes(struct query *q, int col, size_t *n);
bool db_is_null(struct query *q, int col);
int db_columns(struct query *q);
const char *db_column_name(struct query *q, int col);
enum db_type db_column_type(struct query *q, int col);

int64_t db_last_id(struct db *db);
int64_t db_changes(struct db *db); /* rows changed by the last statement */

/* ---- transactions ---- */

/*
 * BEGIN IMMEDIATE … COMMIT. They nest: an inner pair is a savepoint, rolled back alone. No
 * transaction may be open while the network is in use; remote and job code assert !db_in_tx.
 */
int db_begin(struct db *db, struct err *e);
int db_commit(struct db *db, struct err *e);
void db_rollback(struct db *db);
bool db_in_tx(struct db *db);
/* Ends by rollback unless committed: autotx struct db *tx = db; … db_commit(tx, e); tx = NULL; */
void db_cleanup_tx(struct db **db);
#define autotx autoclean(db_cleanup_tx)

/* ---- whole files ---- */

/* Online copy of db into a new file, fsynced, renamed into place; E_EXISTS if path exists. */
int db_backup(struct db *db, const char *path, struct err *e);
/* A copy in memory, to try things on; *out is the caller's. */
int db_open_copy(struct db *db, struct db **out, struct err *e);
/*
 * Make db's content that of from, in one transaction that others see whole or not at all. locked is
 * called when no other run can write any more and before anything changes; a negative code from it
 * ends the matter. E_BUSY.
 */
int db_replace(struct db *db, struct db *from, int (*locked)(void *arg, struct err *e), void *arg,
	struct err *e);
/* PRAGMA integrity_check and foreign_key_check; fn gets each finding. Number of findings or E_. */
int db_check(struct db *db, void (*fn)(void *arg, const char *finding), void *arg, struct err *e);
/*
 * Prepare text from the operator for sxc sql: one statement, read-only (E_PERM if it would write).
 * The connection must be DB_READ.
 */
int db_query_text(struct db *db, struct query *q, const char *sql, struct err *e);

#endif
