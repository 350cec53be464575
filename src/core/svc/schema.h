/* SPDX-License-Identifier: MIT */
/*
 * schema - the ordered migrations, made from src/core/schema/NNN-*.sql at build time. A database's
 * user_version counts how many of them it has; a fresh one has run them all.
 */
#ifndef SXC_SVC_SCHEMA_H
#define SXC_SVC_SCHEMA_H

struct migration {
	const char *name; /* file name */
	const char *sql;
};

extern const struct migration schema_migrations[];
extern const int schema_migrations_n;

#endif
