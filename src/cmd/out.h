/* SPDX-License-Identifier: MIT */
/*
 * out - everything a command says: tables, TSV, CSV, JSON on stdout; notes and progress on stderr.
 *
 * One column table an entity drives headings, --columns, JSON types, alignment, --sort, --filter.
 * Rows are pointers to the business layer's row structs; columns name a field by offset.
 * Must not know about: the database, entities.
 */
#ifndef SXC_CMD_OUT_H
#define SXC_CMD_OUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/err.h"

enum col_type {
	COL_TEXT,       /* const char *; NULL is null (empty in tables) */
	COL_INT,        /* int64_t; INT64_MIN is null */
	COL_SIZE,       /* int64_t bytes: tables human (2.0G), else exact; INT64_MIN null */
	COL_PERCENT,    /* int64_t hundredths of a percent; JSON: hundredths, tables 12.5% */
	COL_HUNDREDTHS, /* int64_t hundredths; JSON: hundredths, tables 1.47 */
	COL_DURATION,   /* int64_t seconds */
	COL_MONEY,      /* int64_t minor units, currency in the field at offset2; tables 24.95 */
	COL_TIME,       /* int64_t seconds since 1970, shown ISO 8601 UTC; 0 or INT64_MIN null */
	COL_BOOL,       /* int64_t 0/1 */
	COL_LIST,       /* const char *: words separated by blanks; JSON array of texts */
	COL_PAIRS,      /* const char *: a JSON object of texts, "{}" is null; tables K=V, K=V */
};

struct column {
	const char *name; /* "state"; heading is its upper case */
	enum col_type type;
	size_t offset;
	size_t offset2;   /* COL_MONEY: const char * currency */
	const char *help; /* one line for --columns help */
	bool extra;       /* in JSON always, elsewhere only when asked for with --columns */
};
#define COL(struct_, field, type, help_)                                                           \
	{                                                                                          \
#field, type, offsetof(struct_, field), 0, help_, false                            \
	}
#define COL_X(struct_, field, type, help_)                                                         \
	{                                                                                          \
#field, type, offsetof(struct_, field), 0, help_, true                             \
	}
#define COL_NAMED(name_, struct_, field, type, help_)                                              \
	{                                                                                          \
		name_, type, offsetof(struct_, field), 0, help_, false                             \
	}
#define COL_CASH(struct_, field, curfield, help_)                                                  \
	{                                                                                          \
#field, COL_MONEY, offsetof(struct_, field), offsetof(struct_, curfield), help_,   \
			false                                                                      \
	}
#define COL_END                                                                                    \
	{                                                                                          \
		NULL, COL_TEXT, 0, 0, NULL, false                                                  \
	}

struct out;

/*
 * A list: begin with the columns and the JSON key ("servers"), a row each, end. With -q only the
 * first column is printed. Texts are cleaned for terminals. out_row copies what it keeps, and has
 * the signature of the business layer's row callbacks: pass out_row_fn with the struct out *.
 */
int out_list(struct out *o, const char *json_key, const struct column *cols, struct err *e);
int out_row(struct out *o, const void *row, struct err *e);
int out_end(struct out *o, struct err *e);
int out_row_fn(void *out, const void *row, struct err *e);

/*
 * One object: begin, the row (label/value pairs in tables; the object itself in JSON), any number
 * of nested lists or texts, end. TSV and CSV print the row as a list of one, nested parts left out.
 */
int out_object(struct out *o, const struct column *cols, const void *row, struct err *e);
int out_nested(struct out *o, const char *title, const char *json_key, const struct column *cols,
	struct err *e); /* then out_row…; ended by out_nested, out_field or out_object_end */
/* One more label/value. */
int out_field(struct out *o, const char *key, const char *value, struct err *e);
int out_field_i64(struct out *o, const char *key, int64_t value, struct err *e);
int out_object_end(struct out *o, struct err *e);

/* What an action did, a line on stdout ("web1 added"); nothing with -q; with -o json an object
 * {"result": text, KEY: value…} from the pairs (NULL-terminated list of const char * key, value). */
void out_done(struct out *o, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* The same, with name as the object's name: printed alone under -q? No: -q prints nothing. */
void out_done_name(struct out *o, const char *key, const char *name, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
/* Plain text to stdout as it is (yaml, invoices, logs), cleaned when stdout is a terminal. */
void out_text(struct out *o, const char *text);
void out_bytes(struct out *o, const void *p, size_t n);
/* A note on stderr (not with -q), cleaned. */
void out_note(struct out *o, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* A dry run's line: "would …" on stdout. */
void out_would(struct out *o, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* A prebuilt JSON text from the core (nested reports), printed as is when -o json. true if so. */
bool out_is_json(const struct out *o);
bool out_is_tty(const struct out *o);
/* A whole object for a person to read: a table, neither -q nor --columns. Texts of many lines may
 * follow it then. */
bool out_is_page(const struct out *o);

#endif
