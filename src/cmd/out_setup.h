/* SPDX-License-Identifier: MIT */
/*
 * out_setup - making and ending an output, for the dispatcher; commands know out.h alone.
 */
#ifndef SXC_CMD_OUT_SETUP_H
#define SXC_CMD_OUT_SETUP_H

#include <stdbool.h>

#include "cmd/out.h"
#include "util/str.h"
#include "util/vec.h"

enum out_format { OUT_TABLE, OUT_TSV, OUT_JSON, OUT_CSV };

/* From the global options; borrowed texts outlive the output. */
struct out_setup {
	const char *format;  /* table tsv json csv; NULL: by what standard output is */
	const char *columns; /* "a,b" or NULL */
	const char *sort;    /* "col", "-col" or NULL */
	const struct strvec *filters;
	const char *color; /* auto always never or NULL */
	bool no_header;
	bool quiet;
	bool tried; /* what actions say they did was taken back: a dry run */
};

/* Never NULL. The options were checked by out_check. */
struct out *out_new(const struct out_setup *setup);
/* Print what actions said so far as one JSON document; nothing in other forms. */
void out_settle(struct out *o);
/*
 * Finish: out_settle, flush, report a standard output that could not be
 * written (E_FAIL). Frees nothing.
 */
int out_finish(struct out *o, struct err *e);
void out_free(struct out *o);
/* The reader of standard output went away: end quietly, by SIGPIPE. */
bool out_broken_pipe(const struct out *o);

/* Keep a copy of everything printed, in *copy (the caller's, outlives the output). */
void out_keep_copy(struct out *o, struct str *copy);

/* Before the command runs: are --columns, --sort and --filter names of columns? E_USAGE. */
int out_check(const struct out_setup *setup, const struct column *cols, struct err *e);
/* What --columns help prints. */
int out_column_help(struct out *o, const struct column *cols, struct err *e);

/* Progress and notes of the business layer; signatures of struct sxc. arg is the struct out. */
void tell_note(void *arg, const char *text);
void tell_progress(void *arg, const char *what, int64_t done, int64_t total);
/* Take away the line of progress, if there is one. */
void tell_end(void);
/* One line on stderr, cleaned: "sxc: message". */
void tell_error(const char *prefix, const char *msg);

#endif
