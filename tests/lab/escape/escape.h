/* SPDX-License-Identifier: MIT */
/*
 * What root inside a private server tries. An attempt says with reached() that it had its way, with
 * stopped() or refused() what kept it from that; a bomb takes as much as it gets and holds it. One
 * file a concern; main.c knows them all. Must not know how it is judged: the host does that.
 */
#ifndef ESCAPE_H
#define ESCAPE_H

#include <stdbool.h>

struct attempt {
	const char *name, *what;
	bool (*fn)(void); /* true when it had its way */
};

struct bomb {
	const char *name;
	void (*fn)(void);
};

/* Each ends with a name of NULL. */
extern const struct attempt root_attempts[], kernel_attempts[], bounds_attempts[],
	others_attempts[];
extern const struct bomb bombs[];

/* A process of the neighbour, by its number on the host; 0 when none was told. */
extern int other_pid;

/* What an attempt ends with: true, and what it got. */
bool reached(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* False, and what stopped it; by the error number of what was just refused. */
bool stopped(const char *by);
bool refused(void);

/* An attempt in namespaces of its own (CLONE_NEW… flags), as a child's child. */
bool in_namespaces(int flags, bool (*fn)(void));

/* True, and said so, when the text could be written into the file. */
bool write_to(const char *path, const char *text);

/* What the neighbour measures meanwhile; they print one line and return an exit status. share: how
 * much of the machine's processors it got, in hundredths of a per cent. usable: whether one of each
 * thing that a bomb may have taken from everybody is to be had. */
int share(int seconds);
int usable(void);

#endif
