/* SPDX-License-Identifier: MIT */
/*
 * tree - walking, copying and measuring trees of files that others filled and that stand still.
 *
 * Never through a symbolic link. Ids, modes, times, sparse files, hard links within the tree, file
 * capabilities, access control lists and user.* attributes are kept.
 * Must not know about: private servers, images.
 */
#ifndef SXC_AGENT_TREE_H
#define SXC_AGENT_TREE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "util/err.h"

struct tree_entry {
	int dir;          /* the directory it is in */
	const char *name; /* in that directory */
	const char *path; /* from the root of the walk, without a leading slash */
	const struct stat *st;
};

struct tree_visitor {
	/* Each entry; a directory before what is in it. 1 from a directory: do not go in. */
	int (*enter)(void *arg, const struct tree_entry *en, struct err *e);
	/* A directory after what is in it; may be NULL. */
	int (*leave)(void *arg, const struct tree_entry *en, struct err *e);
	void *arg;
};
/* Everything below root but root itself. E_LIMIT for a path of over 4095 bytes. */
int tree_walk(int root, const struct tree_visitor *v, struct err *e);

struct tree_copy {
	int64_t max, max_files; /* bytes of disk and files the copy may take; beyond: E_LIMIT */
	/* Called now and then with the bytes copied; negative (with *e) ends it. May be NULL. */
	int (*progress)(void *arg, int64_t done, struct err *e);
	void *arg;
	int64_t bytes, files; /* out */
};
/* Everything below from into to, a directory on a file system of its own kind, where nothing of
 * those names may stand. E_LIMIT, too, when the disk gets full. */
int tree_copy(int from, int to, struct tree_copy *c, struct err *e);
/* Bytes of disk it takes, each file once. */
int tree_size(int root, int64_t *bytes, struct err *e);

/* Owner, mode, attributes and times of an open file. */
struct timespec;
int tree_attributes(int from, int to, const struct stat *st, struct err *e);
/* Is that an extended attribute that belongs to a file's contents? */
bool tree_keeps(const char *xattr);

/* ---- files with several names: the first path of each ---- */

struct tree_links {
	struct tree_link **v;
	size_t n, cap;
};
/* The path under which the file was seen before, else NULL and it is remembered under path. */
const char *tree_links_seen(struct tree_links *l, const struct stat *st, const char *path);
void tree_links_release(struct tree_links *l);

#endif
