/* SPDX-License-Identifier: MIT */
/*
 * mem - allocation that does not fail, and cleanup of locals.
 *
 * Running out of memory ends the program through mem_on_oom: every promise of sxc about being
 * killed at any instant covers this case, so no caller carries a branch that cannot be tested.
 * Must not know about: anything but the C library.
 */
#ifndef SXC_UTIL_MEM_H
#define SXC_UTIL_MEM_H

#include <stddef.h>
#include <stdlib.h>

/* Called when memory is exhausted; must not return. The default calls abort(3). */
extern void (*mem_on_oom)(void);

/* Like malloc, calloc, realloc, strdup and strndup, never NULL. The caller frees with free(). */
void *mem_alloc(size_t size) __attribute__((malloc, returns_nonnull));
void *mem_zalloc(size_t size) __attribute__((malloc, returns_nonnull));
void *mem_realloc(void *p, size_t size) __attribute__((returns_nonnull));
void *mem_array(void *p, size_t n, size_t size) __attribute__((returns_nonnull));
char *mem_strdup(const char *s) __attribute__((malloc, returns_nonnull));
char *mem_strndup(const char *s, size_t n) __attribute__((malloc, returns_nonnull));
void *mem_dup(const void *p, size_t n) __attribute__((malloc, returns_nonnull));
/* strdup that keeps NULL. */
char *mem_strdup0(const char *s);
/* Overwrite n bytes in a way the compiler keeps; for passwords and keys. */
void mem_wipe(void *p, size_t n);

/* Give up ownership: returns *pp and sets it to NULL. */
#define steal(pp)                                                                                  \
	({                                                                                         \
		__typeof__(*(pp)) steal_ = *(pp);                                                  \
		*(pp) = NULL;                                                                      \
		steal_;                                                                            \
	})

void mem_cleanup_free(void *pp);
void mem_cleanup_close(int *fd);
void mem_cleanup_fclose(void *fpp);

#define autofree   __attribute__((cleanup(mem_cleanup_free)))
#define autoclose  __attribute__((cleanup(mem_cleanup_close))) /* -1: nothing open */
#define autofclose __attribute__((cleanup(mem_cleanup_fclose)))
/* For any type: autoclean(str_release) struct str s = STR_INIT; the function gets a pointer. */
#define autoclean(fn) __attribute__((cleanup(fn)))

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

#endif
