/* SPDX-License-Identifier: MIT */
#include "util/mem.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

void (*mem_on_oom)(void) = abort;

static void *check(void *p)
{
	if (!p) {
		mem_on_oom();
		abort();
	}
	return p;
}

void *mem_alloc(size_t size)
{
	return check(malloc(size ? size : 1));
}

void *mem_zalloc(size_t size)
{
	return check(calloc(1, size ? size : 1));
}

void *mem_realloc(void *p, size_t size)
{
	return check(realloc(p, size ? size : 1));
}

void *mem_array(void *p, size_t n, size_t size)
{
	if (size && n > SIZE_MAX / size)
		check(NULL);
	return mem_realloc(p, n * size);
}

char *mem_strdup(const char *s)
{
	return check(strdup(s));
}

char *mem_strndup(const char *s, size_t n)
{
	return check(strndup(s, n));
}

void *mem_dup(const void *p, size_t n)
{
	void *copy = mem_alloc(n);

	if (n)
		memcpy(copy, p, n);
	return copy;
}

char *mem_strdup0(const char *s)
{
	return s ? mem_strdup(s) : NULL;
}

void mem_wipe(void *p, size_t n)
{
	if (p)
		explicit_bzero(p, n);
}

void mem_cleanup_free(void *pp)
{
	free(*(void **)pp);
}

void mem_cleanup_close(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

void mem_cleanup_fclose(void *fpp)
{
	FILE *f = *(FILE **)fpp;

	if (f)
		fclose(f);
}
