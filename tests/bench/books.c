/* SPDX-License-Identifier: MIT */
/*
 * The floor below invoice run: the rows that it inserts, by SQLite alone. books FILE N: into the
 * store of books.sql that has N accounts, a document each, durable, in batches of the same size.
 */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BATCH    1000
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* ?1: the account's number, ?2: 1 for the tenth that has a tax. */
static const char *const ROWS[] = {
	"INSERT INTO invoice (id, number, prefix, seq, kind, account, state, date, due, currency, "
	"subtotal, discount, tax, total, credit, opening_credit, seller, buyer, opened, round) "
	"VALUES (?1, "
	"printf('2026-%06d', ?1), '2026-', ?1, 'invoice', ?1, 'open', '2026-02-01', '2026-02-15', "
	"'USD', 999, 0, 200 * ?2, 999 + 200 * ?2, 0, 0, 1, ?1, 1769904000, 'line')",
	"INSERT INTO invoice_line (id, invoice, seq, kind, subscription, term, version, item, text, "
	"start, until, quantity, unit_price, days, whole, tax_included, gross, amount, discount, tax) "
	"VALUES (?1, ?1, 1, 'charge', ?1, ?1, 1, 'plan', 'web', '2026-02-01', '2026-03-01', 1, 999, "
	"28, 28, 0, 999, 999, 0, 200 * ?2)",
	"INSERT INTO line_tax (line, seq, name, rate, note, amount) "
	"SELECT ?1, 0, 'tva', 20000000, NULL, 200 WHERE ?2",
	"INSERT INTO billed (subscription, term, start, item, kind, batch, line) "
	"VALUES (?1, ?1, '2026-02-01', 'plan', 'charge', 0, ?1)",
	"INSERT INTO ledger_entry (id, day, text, account, invoice, payment, created) "
	"VALUES (?1, '2026-02-01', printf('invoice 2026-%06d', ?1), ?1, ?1, NULL, 1769904000)",
	"INSERT INTO ledger_posting (entry, book, currency, amount) "
	"VALUES (?1, 'receivable', 'USD', 999 + 200 * ?2)",
	"INSERT INTO ledger_posting (entry, book, currency, amount) "
	"VALUES (?1, 'revenue', 'USD', -999)",
	"INSERT INTO ledger_posting (entry, book, currency, amount) "
	"SELECT ?1, 'tax', 'USD', -200 WHERE ?2",
};

static void check(sqlite3 *db, int rc)
{
	if (rc == SQLITE_OK || rc == SQLITE_DONE)
		return;
	fprintf(stderr, "books: %s\n", sqlite3_errmsg(db));
	exit(1);
}

static void insert(sqlite3 *db, sqlite3_stmt *st, long i)
{
	check(db, sqlite3_bind_int64(st, 1, i));
	if (sqlite3_bind_parameter_count(st) > 1)
		check(db, sqlite3_bind_int(st, 2, i % 10 == 0));
	check(db, sqlite3_step(st));
	check(db, sqlite3_reset(st));
}

int main(int argc, char **argv)
{
	sqlite3_stmt *rows[COUNT(ROWS)];
	sqlite3 *db;
	long n = argc > 2 ? strtol(argv[2], NULL, 10) : 0;

	if (n <= 0 || sqlite3_open(argv[1], &db))
		return 2;
	check(db, sqlite3_exec(db,
			  "PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;"
			  "INSERT INTO series VALUES ('2026-', 'invoice', 0, '2026-02-01');"
			  "INSERT INTO party (role, data) VALUES ('seller', '{}')",
			  NULL, NULL, NULL));
	for (size_t k = 0; k < COUNT(ROWS); k++)
		check(db, sqlite3_prepare_v2(db, ROWS[k], -1, &rows[k], NULL));
	for (long i = 1; i <= n; i++) {
		if (i % BATCH == 1)
			check(db, sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL));
		for (size_t k = 0; k < COUNT(ROWS); k++)
			insert(db, rows[k], i);
		if (i % BATCH == 0 || i == n)
			check(db, sqlite3_exec(db, "COMMIT", NULL, NULL, NULL));
	}
	for (size_t k = 0; k < COUNT(ROWS); k++)
		sqlite3_finalize(rows[k]);
	return sqlite3_close(db) != SQLITE_OK;
}
