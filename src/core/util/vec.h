/* SPDX-License-Identifier: MIT */
/*
 * vec - typed growing arrays: VEC(struct server) servers = VEC_INIT; vec_push(&servers, s);
 *
 * Elements are copied in; what they own is the user's to release before vec_release.
 * Must not know about: what it holds.
 */
#ifndef SXC_UTIL_VEC_H
#define SXC_UTIL_VEC_H

#include "util/mem.h"

#define VEC(type)                                                                                  \
	struct {                                                                                   \
		type *v;                                                                           \
		size_t n;                                                                          \
		size_t cap;                                                                        \
	}

#define VEC_INIT                                                                                   \
	{                                                                                          \
		NULL, 0, 0                                                                         \
	}

/* Append a copy of the value. */
#define vec_push(vec, value)                                                                       \
	do {                                                                                       \
		if ((vec)->n == (vec)->cap) {                                                      \
			(vec)->cap = (vec)->cap ? (vec)->cap * 2 : 8;                              \
			(vec)->v = mem_array((vec)->v, (vec)->cap, sizeof(*(vec)->v));             \
		}                                                                                  \
		(vec)->v[(vec)->n++] = (value);                                                    \
	} while (0)

#define vec_each(vec, it)                                                                          \
	for (__typeof__((vec)->v + 0) it = (vec)->v; it < (vec)->v + (vec)->n; it++)

#define vec_release(vec)                                                                           \
	do {                                                                                       \
		free((vec)->v);                                                                    \
		(vec)->v = NULL;                                                                   \
		(vec)->n = (vec)->cap = 0;                                                         \
	} while (0)

/* A list of strings that it owns. */
struct strvec {
	char **v;
	size_t n;
	size_t cap;
};
#define autostrvec autoclean(strvec_release) struct strvec

void strvec_push(struct strvec *sv, const char *s);
void strvec_release(struct strvec *sv);
/* Split at any of the characters in seps, empty parts left out. */
void strvec_split(struct strvec *sv, const char *s, const char *seps);
/* NULL-terminated argument array borrowed from sv; the array is valid until the next push. */
char **strvec_argv(struct strvec *sv);

#endif
