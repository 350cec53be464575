/* SPDX-License-Identifier: MIT */
/*
 * line - from words to a command with its options and arguments, all of it checked by type.
 *
 * Must not know about: the database (names of objects are looked up by dispatch), output.
 */
#ifndef SXC_CMD_LINE_H
#define SXC_CMD_LINE_H

#include "cmd/cmd.h"
#include "cmd/table.h"

/* The options every command takes; sxc(1), GLOBAL OPTIONS. Texts are borrowed. */
struct globals {
	char *home;
	char *output;
	char *columns;
	bool no_header;
	char *sort;
	struct strvec filter;
	bool quiet;
	int64_t verbose;
	bool dry_run;
	bool yes;
	int64_t jobs;
	char *now;
	char *as;
	char *request_key;
	char *color;
	bool help;
};
extern const struct opt global_opts[];
/* Copy base into *g, owning only what globals_release frees. */
void globals_copy(struct globals *g, const struct globals *base);
void globals_release(struct globals *g);

struct line {
	struct table_entry entry; /* the command; .cmd NULL when none was named */
	char *path;               /* what was named of it: "server add", "server", "" */
	struct globals globals;
	bool *global_given; /* one an option of global_opts */
	void *opts;         /* cmd->opts_size bytes */
	bool *given;
	struct strvec args;
	size_t command_at; /* index in args of the first word of a command to run; SIZE_MAX none */
	struct strvec owned; /* texts that options point to, put there for ids */
	char **words;        /* working copy of the argument vector; texts are the caller's */
};

/*
 * Parse argv (without the program's name; it outlives the line). base: what the
 * global options are when not given. prefix: unique beginnings of commands count (the shell).
 * E_USAGE with one line. With --help anywhere only the command's path is found out. Release it in
 * any case.
 */
int line_parse(struct line *l, int argc, char **argv, const struct globals *base, bool prefix,
	struct err *e);
void line_release(struct line *l);
bool line_global_given(const struct line *l, const char *name);

/* What the i-th argument (from 0) is, as far as the line is parsed; NULL past the last. */
const struct arg *line_arg(const struct line *l, size_t i);
/* Append "sxc server add HOST [OPTIONS]", the last word only if options is set. */
void line_synopsis(const struct table_entry *en, bool options, struct str *s);

/*
 * Write the value of an option into its field of the options struct. E_USAGE: "--memory: '12x' is
 * not a size such as …".
 */
int line_set_option(const struct opt *o, void *opts, const char *value, struct err *e);
/* Release what the fields of an options struct own. */
void line_release_opts(const struct opt *opts, void *p);
/* An option by its long name (n letters of it) or its letter, own ones first; NULL if absent. */
const struct opt *line_find_long(const struct cmd *c, const char *name, size_t n);
const struct opt *line_find_letter(const struct cmd *c, char letter);
bool line_takes_value(const struct opt *o);
/* Does the word before the command's end need the word behind it as its value? (--name, -n) */
bool line_word_wants_value(const struct table_search *ts, const char *word);

#endif
