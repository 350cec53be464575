/* SPDX-License-Identifier: MIT */
/* Whole files: backup, replacement, checks; and questions in the operator's own SQL. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "svc/db_int.h"
#include "util/str.h"

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
		                : err_set(e, db_last_code(to), "backup to %s: %s", path,
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

int db_open_copy(struct db *db, struct db **out, struct err *e)
{
	struct db *copy = mem_zalloc(sizeof(*copy));
	int r = 0;

	copy->path = mem_strdup("(memory)");
	copy->mode = DB_WRITE;
	if (sqlite3_open(":memory:", &copy->h) || copy_pages(db, copy->h))
		r = interrupted ? err_interrupted(e)
		                : err_set(e, db_last_code(copy->h), "copy into memory: %s",
					  sqlite3_errmsg(copy->h));
	if (r < 0)
		db_close(&copy);
	else
		*out = copy;
	return r;
}

static int replace_content(struct db *db, sqlite3_backup *b,
	int (*locked)(void *arg, struct err *e), void *arg, struct err *e)
{
	int rc = sqlite3_backup_step(b, 0), r;

	/* Nothing is copied yet, but from here on nobody else writes. */
	if (rc != SQLITE_OK) {
		sqlite3_backup_finish(b);
		return rc == SQLITE_BUSY || rc == SQLITE_LOCKED
		               ? err_set(e, E_BUSY,
					 "database %s is locked by another run, try again",
					 db->path)
		               : err_set(e, E_FAIL, "database %s: %s", db->path,
					 sqlite3_errstr(rc));
	}
	if (locked && (r = locked(arg, e)) < 0) {
		sqlite3_backup_finish(b);
		return r;
	}
	sqlite3_backup_step(b, -1);
	return sqlite3_backup_finish(b) == SQLITE_OK ? 0 : db_fail(db, e);
}

int db_replace(struct db *db, struct db *from, int (*locked)(void *arg, struct err *e), void *arg,
	struct err *e)
{
	sqlite3_backup *b;

	db_forget_statements(db);
	b = sqlite3_backup_init(db->h, "main", from->h, "main");
	return b ? replace_content(db, b, locked, arg, e) : db_fail(db, e);
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

/* What a question may do; whether a statement writes is asked of the statement itself. */
static int may_ask(void *unused, int action, const char *a, const char *b, const char *db,
	const char *in)
{
	(void)unused, (void)a, (void)db, (void)in;
	if (action == SQLITE_FUNCTION)
		return str_eq(b, "load_extension") ? SQLITE_DENY : SQLITE_OK;
	return action == SQLITE_ATTACH || action == SQLITE_DETACH ? SQLITE_DENY : SQLITE_OK;
}

static int prepare_text(struct db *db, const char *sql, sqlite3_stmt **st, const char **rest)
{
	sqlite3_set_authorizer(db->h, may_ask, NULL);
	int rc = sqlite3_prepare_v2(db->h, sql, -1, st, rest);

	sqlite3_set_authorizer(db->h, NULL, NULL);
	return rc;
}

int db_query_text(struct db *db, struct query *q, const char *sql, struct err *e)
{
	const char *rest = NULL;
	sqlite3_stmt *st = NULL;
	int rc = prepare_text(db, sql, &st, &rest);

	if (rc == SQLITE_AUTH)
		return err_set(e, E_PERM, "sql: only reading is allowed");
	if (rc != SQLITE_OK)
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
	*q = (struct query){st, db, NULL};
	return 0;
}
