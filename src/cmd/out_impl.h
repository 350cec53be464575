/* SPDX-License-Identifier: MIT */
/*
 * out_impl - what the out*.c files share.
 *
 * A row becomes values as soon as it arrives; values are filtered, then written at once or kept
 * for sorting. Tables go through libsmartcols, JSON through jansson, TSV and CSV are written here.
 */
#ifndef SXC_CMD_OUT_IMPL_H
#define SXC_CMD_OUT_IMPL_H

#include <jansson.h>
#include <pthread.h>
#include <stdio.h>

#include "cmd/out.h"
#include "cmd/out_setup.h"
#include "util/str.h"
#include "util/vec.h"

struct libscols_table;

/* One cell. Texts are borrowed from the row or, when kept, owned by the row's block. */
struct value {
	int64_t i;
	const char *t;   /* COL_TEXT, COL_LIST; NULL is null */
	const char *cur; /* COL_MONEY */
};

struct filter {
	int col;
	char *glob;
};

struct kept_row {
	struct value *v; /* one a column of the table; freed with the texts behind it */
	size_t seq;
	const struct out_list *list;
};

/* A list while its rows come in: the main one, or one nested in an object. */
struct out_list {
	bool open;
	const struct column *cols;
	int ncols;
	VEC(int) shown;
	VEC(struct filter) filters;
	int sort; /* column or -1 */
	bool descending;
	size_t rows;       /* written */
	size_t start;      /* where in out.buf its head began */
	struct value *now; /* room for one row */
	VEC(struct kept_row) kept;
	struct libscols_table *table;
	char *title;   /* nested lists in tables, printed when a row comes */
	json_t *array; /* nested lists of JSON objects */
};

struct label {
	char *key, *value;
};

struct out {
	struct out_setup setup;
	enum out_format format;
	bool tty, color;
	struct str buf;   /* not written yet */
	struct str *copy; /* everything written, for --request-key; NULL if not wanted */
	int error;        /* errno of the first write that failed */
	struct out_list list, nested;
	/* an object while it is open */
	bool object_open;
	VEC(struct label) labels;
	json_t *object;
	/* what actions said, for JSON */
	json_t *results, *would;
	struct str row; /* one line of output in the making */
};

/* ---- out.c ---- */
void out_put(struct out *o, const void *p, size_t n);
void out_puts(struct out *o, const char *s);
void out_flush(struct out *o);
/* 0, or E_FAIL when standard output cannot be written. */
int out_error(struct out *o, struct err *e);

/* ---- out_value.c ---- */
void value_read(struct value *v, const struct column *c, const void *row);
/* A list that its command did not end, for it failed: no head without rows, no JSON cut short. */
void list_abandon(struct out *o);
bool column_is_text(const struct column *c); /* its cells are texts */
bool value_null(const struct value *v, const struct column *c);
/* Plain form (TSV, CSV, --filter), or human for tables. Not cleaned. */
void value_text(const struct value *v, const struct column *c, bool human, struct str *s);
/* < 0, 0, > 0; null last. */
int value_compare(const struct value *a, const struct value *b, const struct column *c);
json_t *value_json(const struct value *v, const struct column *c);
/* Text that may not be UTF-8, bad bytes replaced by U+FFFD. */
json_t *out_json_text(const char *s);
/* Values of all columns in one JSON object; cur: also "currency" where a column of money needs it. */
json_t *row_json(const struct out_list *l, const struct value *v, const int *shown, size_t n);

/* ---- out_select.c ---- */
/* Set up columns, filters and sort order. main: --columns, --sort, --filter and -q apply. */
int list_init(struct out *o, struct out_list *l, const struct column *cols, bool main, bool sorts,
	struct err *e);
void list_release(struct out_list *l);
bool list_matches(const struct out_list *l, const struct value *v, struct str *scratch);
void list_keep(struct out_list *l, const struct value *v);
void list_sort(struct out_list *l);

/* ---- out_delim.c, out_table.c ---- */
void delim_header(struct out *o, const struct out_list *l);
void delim_row(struct out *o, const struct out_list *l, const struct value *v);
/* One field of TSV or CSV appended to s. */
void delim_field(const struct out *o, struct str *s, const char *text, size_t n);
void table_open(struct out *o, struct out_list *l);
void table_row(struct out *o, struct out_list *l, const struct value *v);
void table_close(struct out *o, struct out_list *l);
void labels_print(struct out *o);

#endif
