/* SPDX-License-Identifier: MIT */
/*
 * db_int - what the files of db share: the handle behind struct db, and how its errors become ours.
 * The only file that includes sqlite3.h, and only db's own include it.
 *
 * Must not know about: any entity.
 */
#ifndef SXC_SVC_DB_INT_H
#define SXC_SVC_DB_INT_H

#include <sqlite3.h>

#include "svc/db.h"
#include "util/mem.h"

#define CACHE_SIZE 512 /* prepared statements kept, a power of two */
#define CACHE_WAYS 4   /* places where one may stand */

/* A prepared statement under the address of its text, which is a constant as a rule. */
struct cached {
	const char *sql;
	sqlite3_stmt *st;
};

struct db {
	sqlite3 *h;
	char *path;
	enum db_mode mode;
	int depth; /* of nested transactions */
	struct cached cache[CACHE_SIZE];
};

/* The last error of h as an E_ code, a full disk told from other failures of the system. */
int db_last_code(sqlite3 *h);
/* Fill *e from the last error of db; returns its code. */
int db_fail(struct db *db, struct err *e);
/* Forget the prepared statements. */
void db_forget_statements(struct db *db);

#endif
