/* SPDX-License-Identifier: MIT */
/* Opening a store: is it ours, of which version, and bringing it up. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "svc/db_int.h"
#include "svc/schema.h"
#include "util/str.h"

#define APPLICATION_ID 0x53584331 /* "SXC1" in the header of the file */
#define BUSY_MS        5000

int db_schema_version(void)
{
	return schema_migrations_n;
}

void db_close(struct db **dbp)
{
	struct db *db = *dbp;

	if (!db)
		return;
	db_forget_statements(db);
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
		r = db_fail(db, e);
	if (r >= 0 && sqlite3_exec(db->h, pragma, NULL, NULL, NULL))
		r = db_fail(db, e);
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
		return db_fail(db, e);
	return migrate(db, 0, e);
}

static int prepare(struct db *db, struct err *e)
{
	int64_t version;
	int r;

	sqlite3_busy_timeout(db->h, BUSY_MS);
	sqlite3_extended_result_codes(db->h, 1);
	if (sqlite3_exec(db->h,
		    "PRAGMA foreign_keys = ON; PRAGMA synchronous = FULL;"
		    "PRAGMA cache_size = -16384;"
		    "PRAGMA temp_store = MEMORY; PRAGMA mmap_size = 268435456",
		    NULL, NULL, NULL))
		return db_fail(db, e);
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
	/* Nobody asks how much memory is in use, and counting costs. Too late once SQLite runs. */
	sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
	/* Only one thread uses it: those of the engine know servers alone. */
	flags |= SQLITE_OPEN_NOMUTEX | (uri ? SQLITE_OPEN_URI : 0);
	if (sqlite3_open_v2(uri ? uri : db->path, &db->h, flags, NULL))
		return err_set(e, E_FAIL, "database %s: %s", db->path,
			db->h ? sqlite3_errmsg(db->h) : "out of memory");
	return 0;
}

/* Customers are nobody else's business; the files beside the database get its mode. */
static int create_private(const char *path, struct err *e)
{
	autoclose int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	return fd < 0 ? err_sys(e, "%s", path) : 0;
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
	if ((mode == DB_CREATE && (r = create_private(path, e)) < 0) ||
		(r = open_handle(db, e)) < 0 || (r = prepare(db, e)) < 0)
		return r;
	*out = steal(&db);
	return 0;
}
