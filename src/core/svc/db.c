/* SPDX-License-Identifier: MIT */
#include "svc/db.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "svc/schema.h"
#include "util/str.h"

#define APPLICATION_ID 0x53584331 /* "SXC1" in the header of the file */
#define BUSY_MS        5000
#define CACHE_SIZE     128 /* prepared statements kept, a power of two */

struct db {
	sqlite3 *h;
	char *path;
	enum db_mode mode;
	int depth; /* of nested transactions */
	sqlite3_stmt *cache[CACHE_SIZE];
};

int db_schema_version(void)
{
	return schema_migrations_n;
}

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

static int last_code(sqlite3 *h)
{
	int sys = system_error(h);

	return sys == ENOSPC || sys == EDQUOT
		       ? E_LIMIT
		       : code_of(sqlite3_errcode(h) & 0xff, sqlite3_extended_errcode(h));
}

static int fail(struct db *db, struct err *e)
{
	int rc = sqlite3_errcode(db->h) & 0xff, sys = system_error(db->h);
	int code = last_code(db->h);
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

static size_t cache_slot(const char *sql)
{
	size_t h = 5381;

	for (const char *p = sql; *p; p++)
		h = h * 33 + (unsigned char)*p;
	return h & (CACHE_SIZE - 1);
}

/* A prepared statement out of the cache, or a fresh one. */
static sqlite3_stmt *statement(struct db *db, const char *sql, struct err *e)
{
	sqlite3_stmt **slot = &db->cache[cache_slot(sql)];
	sqlite3_stmt *st = *slot;

	if (st && strcmp(sqlite3_sql(st), sql) == 0) {
		*slot = NULL;
		return st;
	}
	if (sqlite3_prepare_v3(db->h, sql, -1, SQLITE_PREPARE_PERSISTENT, &st, NULL)) {
		fail(db, e);
		return NULL;
	}
	return st;
}

static void statement_put(struct db *db, sqlite3_stmt *st)
{
	sqlite3_stmt **slot = &db->cache[cache_slot(sqlite3_sql(st))];

	sqlite3_reset(st);
	sqlite3_clear_bindings(st);
	sqlite3_finalize(*slot);
	*slot = st;
}

static int start(struct db *db, struct query *q, struct err *e, const char *sql,
	const struct db_arg *args, int n, bool copy)
{
	sqlite3_stmt *st = statement(db, sql, e);

	if (!st)
		return e ? e->code : E_FAIL;
	if (bind(st, args, n, copy)) {
		fail(db, e);
		sqlite3_finalize(st);
		return e ? e->code : E_FAIL;
	}
	*q = (struct query){st, db, false};
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
	return r == SQLITE_DONE ? 0 : fail(db, e);
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
		return fail(q->db, e);
	db_done(q);
	return 0;
}

void db_done(struct query *q)
{
	if (q->stmt)
		statement_put(q->db, q->stmt);
	*q = (struct query){0};
}

int db_one_args(struct db *db, struct query *q, struct err *e, const char *sql,
	const struct db_arg *args, int n)
{
	int r = start(db, q, e, sql, args, n, true);

	return r < 0 ? r : db_next(q, e);
}

int db_get_i64_args(struct db *db, int64_t *out, struct err *e, const char *sql,
	const struct db_arg *args, int n)
{
	autoclean(db_done) struct query q = {0};
	int r = db_one_args(db, &q, e, sql, args, n);

	if (r <= 0 || db_is_null(&q, 0))
		return r < 0 ? r : 0;
	*out = db_i64(&q, 0);
	return 1;
}

int db_get_text_args(struct db *db, char **out, struct err *e, const char *sql,
	const struct db_arg *args, int n)
{
	autoclean(db_done) struct query q = {0};
	int r = db_one_args(db, &q, e, sql, args, n);

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
	int r = db->depth > 1 ? tx_word(db, "RELEASE", db->depth - 1, e)
			      : db_run(db, e, "COMMIT");

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

/* ---- opening ---- */

void db_close(struct db **dbp)
{
	struct db *db = *dbp;

	if (!db)
		return;
	for (int i = 0; i < CACHE_SIZE; i++)
		sqlite3_finalize(db->cache[i]);
	sqlite3_close(db->h);
	free(db->path);
	free(db);
	*dbp = NULL;
}

int db_close_whole(struct db **db, struct err *e)
{
	int64_t busy = 0;
	int r = db_get_i64(*db, &busy, e, "PRAGMA wal_checkpoint(TRUNCATE)");

	if (r >= 0 && busy)
		r = err_set(e, E_BUSY, "database %s is in use by another run", (*db)->path);
	db_close(db);
	return r < 0 ? r : 0;
}

static int pragma_i64(struct db *db, const char *sql, int64_t *out, struct err *e)
{
	*out = 0;
	return db_get_i64(db, out, e, sql);
}

static int migrate_one(struct db *db, int version, struct err *e)
{
	const struct migration *m = &schema_migrations[version];
	char pragma[64];
	int64_t have;
	int r;

	if ((r = db_begin(db, e)) < 0)
		return r;
	r = pragma_i64(db, "PRAGMA user_version", &have, e);
	if (r >= 0 && have > version) { /* another run was quicker */
		db_rollback(db);
		return 0;
	}
	snprintf(pragma, sizeof(pragma), "PRAGMA user_version = %d", version + 1);
	if (r >= 0 && sqlite3_exec(db->h, m->sql, NULL, NULL, NULL))
		r = fail(db, e);
	if (r >= 0 && sqlite3_exec(db->h, pragma, NULL, NULL, NULL))
		r = fail(db, e);
	if (r < 0) {
		db_rollback(db);
		return err_wrap(e, "migration %s", m->name);
	}
	return db_commit(db, e);
}

static int migrate(struct db *db, int64_t from, struct err *e)
{
	int r = 0;

	if (from > 0) {
		autofree char *copy = str_fmt("%s.v%lld", db->path, (long long)from);

		if (access(copy, F_OK) != 0 && (r = db_backup(db, copy, e)) < 0)
			return err_wrap(e, "copy before migrating");
	}
	for (int v = (int)from; v < schema_migrations_n && r == 0; v++)
		r = migrate_one(db, v, e);
	return r;
}

/* Is it ours, and of which version? */
static int identify(struct db *db, int64_t *version, struct err *e)
{
	int64_t app;
	int r;

	if ((r = pragma_i64(db, "PRAGMA application_id", &app, e)) < 0)
		return r;
	if ((r = pragma_i64(db, "PRAGMA user_version", version, e)) < 0)
		return r;
	if (app != APPLICATION_ID)
		return err_set(e, E_INTEGRITY, "%s is not a database of sxc", db->path);
	if (*version > schema_migrations_n)
		return err_set(e, E_INTEGRITY,
			"database %s is of version %lld, this sxc knows up to %d: use a newer sxc",
			db->path, (long long)*version, schema_migrations_n);
	return 0;
}

static int prepare_create(struct db *db, struct err *e)
{
	char pragma[64];

	snprintf(pragma, sizeof(pragma), "PRAGMA application_id = %d", APPLICATION_ID);
	if (sqlite3_exec(db->h, "PRAGMA journal_mode = WAL", NULL, NULL, NULL) ||
		sqlite3_exec(db->h, pragma, NULL, NULL, NULL))
		return fail(db, e);
	return migrate(db, 0, e);
}

static int prepare(struct db *db, struct err *e)
{
	int64_t version;
	int r;

	sqlite3_busy_timeout(db->h, BUSY_MS);
	sqlite3_extended_result_codes(db->h, 1);
	if (sqlite3_exec(db->h, "PRAGMA foreign_keys = ON; PRAGMA synchronous = FULL;"
				"PRAGMA cache_size = -16384;"
				"PRAGMA temp_store = MEMORY; PRAGMA mmap_size = 268435456",
		    NULL, NULL, NULL))
		return fail(db, e);
	if (db->mode == DB_CREATE)
		return prepare_create(db, e);
	if ((r = identify(db, &version, e)) < 0)
		return r;
	if (db->mode == DB_READ && version < schema_migrations_n)
		return err_set(e, E_STATE,
			"database %s is of version %lld, this sxc wants %d: any command that "
			"changes something brings it up",
			db->path, (long long)version, schema_migrations_n);
	return db->mode == DB_WRITE && version < schema_migrations_n ? migrate(db, version, e) : 0;
}

static int look(const char *path, enum db_mode mode, struct err *e)
{
	struct stat st;

	if (stat(path, &st) != 0) {
		if (errno != ENOENT)
			return err_set(e, errno == EACCES ? E_PERM : E_FAIL, "%s: %s", path,
				strerror(errno));
		return mode == DB_CREATE ? 0 : err_set(e, E_NOTFOUND, "no database at %s", path);
	}
	if (mode == DB_CREATE)
		return err_set(e, E_EXISTS, "%s exists already", path);
	if (!S_ISREG(st.st_mode))
		return err_set(e, E_INTEGRITY, "%s is not a file", path);
	if (st.st_size == 0)
		return err_set(e, E_INTEGRITY, "database %s is empty (0 bytes)", path);
	if (access(path, mode == DB_READ ? R_OK : R_OK | W_OK) != 0)
		return err_set(e, E_PERM, "database %s: %s", path, strerror(errno));
	return 0;
}

/* Where the directory cannot be written, a WAL database opens only as one that nobody changes. */
static int open_handle(struct db *db, struct err *e)
{
	int flags = db->mode == DB_READ    ? SQLITE_OPEN_READONLY
		    : db->mode == DB_WRITE ? SQLITE_OPEN_READWRITE
					   : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
	autofree char *wal = str_fmt("%s-wal", db->path);
	autofree char *uri = NULL;

	if (db->mode == DB_READ && access(wal, F_OK) != 0) {
		autofree char *dir = mem_strndup(db->path,
			(size_t)(strrchr(db->path, '/') - db->path));

		if (access(dir, W_OK) != 0 && !strpbrk(db->path, "?#%"))
			uri = str_fmt("file:%s?immutable=1", db->path);
	}
	if (sqlite3_open_v2(uri ? uri : db->path, &db->h, flags | (uri ? SQLITE_OPEN_URI : 0),
		    NULL))
		return err_set(e, E_FAIL, "database %s: %s", db->path,
			db->h ? sqlite3_errmsg(db->h) : "out of memory");
	return 0;
}

int db_open(struct db **out, const char *path, enum db_mode mode, struct err *e)
{
	autoclean(db_close) struct db *db = NULL;
	int r = look(path, mode, e);

	if (r < 0)
		return r;
	db = mem_zalloc(sizeof(*db));
	db->path = mem_strdup(path);
	db->mode = mode;
	if ((r = open_handle(db, e)) < 0 || (r = prepare(db, e)) < 0)
		return r;
	*out = steal(&db);
	return 0;
}

/* ---- whole files ---- */

static int sync_file(const char *path, struct err *e)
{
	autoclose int fd = open(path, O_RDONLY | O_CLOEXEC);

	return fd < 0 || fsync(fd) < 0 ? err_sys(e, "%s", path) : 0;
}

static int copy_pages(struct db *db, sqlite3 *to)
{
	sqlite3_backup *b = sqlite3_backup_init(to, "main", db->h, "main");
	int rc;

	if (!b)
		return sqlite3_errcode(to);
	do {
		rc = sqlite3_backup_step(b, 1024);
		if (rc == SQLITE_BUSY || rc == SQLITE_LOCKED)
			sqlite3_sleep(50);
	} while (!interrupted && (rc == SQLITE_OK || rc == SQLITE_BUSY || rc == SQLITE_LOCKED));
	sqlite3_backup_finish(b);
	/* One file, complete in itself. */
	return rc == SQLITE_DONE
		       ? sqlite3_exec(to, "PRAGMA journal_mode = DELETE", NULL, NULL, NULL)
		       : SQLITE_ERROR;
}

static int copy_into(struct db *db, const char *path, struct err *e)
{
	sqlite3 *to = NULL;
	int r = 0;

	if (sqlite3_open(path, &to) || copy_pages(db, to)) {
		r = interrupted ? err_interrupted(e)
				: err_set(e, last_code(to), "backup to %s: %s", path,
					  sqlite3_errmsg(to));
	}
	sqlite3_close(to);
	return r;
}

/* Made by us, so that nobody else can read it while it grows. */
static int make_empty(const char *path, struct err *e)
{
	autoclose int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	return fd < 0 ? err_sys(e, "%s", path) : 0;
}

static void remove_copy(const char *path)
{
	static const char *const parts[] = {"", "-journal", "-wal", "-shm"};

	for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
		autofree char *part = str_fmt("%s%s", path, parts[i]);

		unlink(part);
	}
}

static int sync_dir_of(const char *path, struct err *e)
{
	const char *slash = strrchr(path, '/');
	autofree char *dir = slash ? mem_strndup(path, (size_t)(slash - path + 1))
				   : mem_strdup(".");

	return sync_file(dir, e);
}

int db_backup(struct db *db, const char *path, struct err *e)
{
	autofree char *tmp = str_fmt("%s.part", path);
	int r;

	if (access(path, F_OK) == 0)
		return err_set(e, E_EXISTS, "%s exists already", path);
	remove_copy(tmp);
	if ((r = make_empty(tmp, e)) == 0 && (r = copy_into(db, tmp, e)) == 0 &&
		(r = sync_file(tmp, e)) == 0 && rename(tmp, path) < 0)
		r = err_sys(e, "%s", path);
	else if (r == 0 && (r = sync_dir_of(path, e)) < 0)
		unlink(path);
	if (r < 0)
		remove_copy(tmp);
	return r;
}

static int replace_content(struct db *db, sqlite3_backup *b, int (*locked)(void *arg, struct err *e),
	void *arg, struct err *e)
{
	int rc = sqlite3_backup_step(b, 0), r;

	/* Nothing is copied yet, but from here on nobody else writes. */
	if (rc != SQLITE_OK) {
		sqlite3_backup_finish(b);
		return rc == SQLITE_BUSY || rc == SQLITE_LOCKED
			       ? err_set(e, E_BUSY, "database %s is locked by another run, try again",
					 db->path)
			       : err_set(e, E_FAIL, "database %s: %s", db->path, sqlite3_errstr(rc));
	}
	if (locked && (r = locked(arg, e)) < 0) {
		sqlite3_backup_finish(b);
		return r;
	}
	sqlite3_backup_step(b, -1);
	return sqlite3_backup_finish(b) == SQLITE_OK ? 0 : fail(db, e);
}

int db_replace(struct db *db, struct db *from, int (*locked)(void *arg, struct err *e), void *arg,
	struct err *e)
{
	sqlite3_backup *b;

	for (int i = 0; i < CACHE_SIZE; i++) {
		sqlite3_finalize(db->cache[i]);
		db->cache[i] = NULL;
	}
	b = sqlite3_backup_init(db->h, "main", from->h, "main");
	return b ? replace_content(db, b, locked, arg, e) : fail(db, e);
}

int db_check(struct db *db, void (*fn)(void *arg, const char *finding), void *arg, struct err *e)
{
	autoclean(db_done) struct query q = {0};
	int r, found = 0;

	if ((r = db_query(db, &q, e, "PRAGMA integrity_check(100)")) < 0)
		return r;
	while ((r = db_next(&q, e)) > 0) {
		if (strcmp(db_text(&q, 0), "ok") == 0)
			continue;
		fn(arg, db_text(&q, 0));
		found++;
	}
	if (r < 0 || (r = db_query(db, &q, e, "PRAGMA foreign_key_check")) < 0)
		return r;
	while ((r = db_next(&q, e)) > 0) {
		autofree char *text = str_fmt("table %s, row %lld refers to a missing row of %s",
			db_text(&q, 0), (long long)db_i64(&q, 1), db_text(&q, 2));

		fn(arg, text);
		found++;
	}
	return r < 0 ? r : found;
}

static int stop_asked(void *unused)
{
	(void)unused;
	return interrupted;
}

int db_query_text(struct db *db, struct query *q, const char *sql, struct err *e)
{
	const char *rest = NULL;
	sqlite3_stmt *st = NULL;

	if (sqlite3_prepare_v2(db->h, sql, -1, &st, &rest))
		return err_set(e, E_USAGE, "sql: %s", sqlite3_errmsg(db->h));
	if (!st)
		return err_set(e, E_USAGE, "sql: the query is empty");
	rest += strspn(rest, " \t\r\n;");
	if (*rest) {
		sqlite3_finalize(st);
		return err_set(e, E_USAGE, "sql: one statement at a time, not \"%.40s\"", rest);
	}
	if (!sqlite3_stmt_readonly(st)) {
		sqlite3_finalize(st);
		return err_set(e, E_PERM, "sql: only reading is allowed");
	}
	/* Such a query may go on for long without giving a row. */
	sqlite3_progress_handler(db->h, 10000, stop_asked, NULL);
	*q = (struct query){st, db, false};
	return 0;
}
