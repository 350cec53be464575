/* SPDX-License-Identifier: MIT */
/*
 * table - finding commands among the registered nouns.
 *
 * A command's path is its words: "server add", "domain user add", "init".
 * Must not know about: options, the database.
 */
#ifndef SXC_CMD_TABLE_H
#define SXC_CMD_TABLE_H

#include "cmd/cmd.h"

struct table_entry {
	const struct noun *noun;
	const struct cmd *cmd;
};

/* Every command, in the order of sxc help: nouns by order and name, verbs in that of their tables.
 * Hidden ones included. The caller frees the array; *n is its length. */
struct table_entry *table_all(size_t *n);

/* Append the path of a command, words separated by blanks. */
void table_path(const struct table_entry *en, struct str *path);
/* The path in fresh memory. */
char *table_path_dup(const struct table_entry *en);

/* A search that takes word by word; prefix lets unique beginnings stand for words (the shell). */
struct table_search {
	struct table_entry *all;
	size_t n;
	bool prefix;
	struct str path; /* the words so far, in full */
	bool ambiguous;  /* the last word refused begins several */
};
void table_search_init(struct table_search *ts, bool prefix);
void table_search_release(struct table_search *ts);
/* True if the word goes on with the path of some command; it is taken then. */
bool table_search_word(struct table_search *ts, const char *word);
/* The command whose path is exactly what was taken; NULL if there is none. */
const struct table_entry *table_search_found(const struct table_search *ts);
/* Calls fn for each different word that may come next, with its help; hidden ones left out. */
void table_search_next(const struct table_search *ts,
	void (*fn)(void *arg, const char *word, const char *help), void *arg);
/* The word nearest to what was typed among those that may come next, in fresh memory, or NULL. */
char *table_search_nearest(const struct table_search *ts, const char *word);

/* How many single-letter edits (insert, remove, change, swap neighbours) lie between a and b. */
int table_distance(const char *a, const char *b);

/* The operations of an entity; NULL if nobody registered it. */
const struct entity_ops *table_entity(enum entity ent);

#endif
