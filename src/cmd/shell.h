/* SPDX-License-Identifier: MIT */
/*
 * shell - `sxc shell`: command lines one after another, typed, from a file or from a pipe.
 *
 * shell.c runs lines, shell_words.c splits them, shell_edit.c reads them from a person (libedit),
 * shell_complete.c completes them.
 */
#ifndef SXC_CMD_SHELL_H
#define SXC_CMD_SHELL_H

#include "cmd/session.h"

/*
 * Split a line into words: blanks part them, '…' and "…" hold them together, \ takes the next
 * character as it is (inside "…" only before " and \), # at the beginning of a word starts a comment.
 * Nothing is expanded. E_USAGE when a quote is not closed.
 */
int words_split(struct strvec *words, const char *line, struct err *e);
/*
 * The same for the part before the cursor: an open quote is no error, and the last word is the one
 * at the cursor, empty after a blank. *start: where in line it begins, quotes included.
 */
void words_at_cursor(struct strvec *words, const char *line, size_t *start);
/* Append a word so that words_split reads it back; blank behind it left out. */
void words_quote(struct str *s, const char *word);

/* Run one line. 0, a positive exit status, or E_ with *e. *leave is set by exit and quit. */
int shell_line(struct session *ses, const char *line, bool *leave, struct err *e);
/* Lines typed by a person until Ctrl-D; the exit status of the last one. */
int shell_edit(struct session *ses, const char *history_path, struct err *e);

/* Candidates for the word at the cursor: text to put in its place, list to show. */
struct shell_candidates {
	struct strvec words;
	struct strvec helps;
	size_t start; /* of the word in the line */
	bool files;   /* candidates are names of files */
};
void shell_complete(struct session *ses, const char *line, struct shell_candidates *sc);
void shell_candidates_release(struct shell_candidates *sc);
/* The longest beginning all candidates share, in fresh memory; "" when there are none. */
char *shell_common(const struct shell_candidates *sc);

#endif
