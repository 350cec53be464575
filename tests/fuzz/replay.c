/* SPDX-License-Identifier: MIT */
/*
 * Run a fuzz target without a fuzzer: over its corpus, and over what becomes of it by cutting and by
 * changing bytes in a way that is the same every time. Built with FUZZ_CORPUS, the directory; files
 * named on the command line are run instead, unchanged.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fuzz.h"
#include "util/err.h"
#include "util/slurp.h"
#include "util/str.h"

#define LARGEST (4u << 20)
#define CUTS    256 /* a file */
#define CHANGES 1000

static unsigned long runs;

static void run(const void *p, size_t n)
{
	/* Memory of exactly that size, so that a checker sees a byte read too far. */
	uint8_t *copy = mem_dup(n ? p : "", n ? n : 1);

	LLVMFuzzerTestOneInput(copy, n);
	free(copy);
	runs++;
}

/* xorshift64 (Marsaglia, 2003); any sequence does. */
static uint64_t next(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

static void change(uint8_t *p, size_t n, uint64_t *state)
{
	static const uint8_t interesting[] = {0, 1, 0x7f, 0x80, 0xff, '\n', '"', ':', '{', '[',
		'-'};
	int times = 1 + (int)(next(state) % 4);

	while (times--) {
		uint64_t v = next(state);
		size_t at = next(state) % n;

		if (v % 3 == 0) {
			p[at] ^= (uint8_t)(1u << (v >> 8) % 8);
		} else if (v % 3 == 1) {
			p[at] = interesting[(v >> 8) % sizeof(interesting)];
		} else {
			size_t from = next(state) % n, room = n - (at > from ? at : from);

			memmove(p + at, p + from, room / 2 / (1 + (v >> 8) % 8));
		}
	}
}

static void run_variants(const struct str *s)
{
	uint64_t state = 88172645463325252u + s->len;
	size_t step = s->len / CUTS + 1;

	for (size_t n = 0; n < s->len; n += step)
		run(s->p, n);
	for (int i = 0; i < CHANGES && s->len; i++) {
		uint8_t *copy = mem_dup(s->p, s->len);

		change(copy, s->len, &state);
		run(copy, s->len);
		free(copy);
	}
}

static int run_file(const char *path, int variants)
{
	autostr s = STR_INIT;
	struct err e;

	if (slurp(path, LARGEST, &s, &e) < 0) {
		fprintf(stderr, "%s\n", e.msg);
		return 1;
	}
	run(str_c(&s), s.len);
	if (variants)
		run_variants(&s);
	return 0;
}

static int visible(const struct dirent *d)
{
	return d->d_name[0] != '.';
}

static int run_corpus(const char *dir)
{
	struct dirent **list;
	int n = scandir(dir, &list, visible, alphasort), failed = n <= 0;

	if (n <= 0)
		fprintf(stderr, "%s: no corpus\n", dir);
	for (int i = 0; i < n; i++) {
		autofree char *path = str_fmt("%s/%s", dir, list[i]->d_name);

		failed |= run_file(path, 1);
		free(list[i]);
	}
	if (n >= 0)
		free(list);
	return failed;
}

int main(int argc, char **argv)
{
	int failed = 0;

	if (argc == 1)
		failed = run_corpus(FUZZ_CORPUS);
	for (int i = 1; i < argc; i++)
		failed |= run_file(argv[i], 0);
	printf("%lu inputs\n", runs);
	return failed;
}
