/* SPDX-License-Identifier: MIT */
/*
 * complete - what may stand at the cursor: commands, options, their values, names of objects.
 *
 * One engine for `sxc __complete` (bash, zsh, fish) and the interactive shell.
 */
#ifndef SXC_CMD_COMPLETE_H
#define SXC_CMD_COMPLETE_H

#include "cmd/session.h"

enum complete_files { COMPLETE_NO_FILES, COMPLETE_FILES };

/*
 * words[0..n-2] are complete, words[n-1] is the beginning at the cursor (may be ""). fn gets each
 * candidate in full (with "--option=" before it where the word had that) and a description. Opens
 * the store read-only when names are wanted; never fails, at worst says nothing. Tells whether
 * names of files may stand there too.
 */
enum complete_files complete_words(struct session *ses, char **words, int n,
	void (*fn)(void *arg, const char *word, const char *help), void *arg);

#endif
