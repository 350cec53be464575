/* SPDX-License-Identifier: MIT */
/*
 * test - what unit tests check with. A failing check prints where, what was expected and what was
 * there, and the test goes on; test_end() gives the exit status.
 */
#ifndef SXC_TEST_H
#define SXC_TEST_H

#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

static int test_checks, test_failures;

static inline void test_fail(const char *file, int line, const char *what)
{
	test_failures++;
	printf("%s:%d: failed: %s\n", file, line, what);
}

#define CHECK(cond)                                                                                \
	do {                                                                                       \
		test_checks++;                                                                     \
		if (!(cond))                                                                       \
			test_fail(__FILE__, __LINE__, #cond);                                      \
	} while (0)

/* Numbers: what is there, what is expected. */
#define CHECK_I64(is, want)                                                                        \
	do {                                                                                       \
		int64_t is_ = (is), want_ = (want);                                                \
		CHECK(is_ == want_);                                                               \
		if (is_ != want_)                                                                  \
			printf("\tis %" PRId64 ", wanted %" PRId64 "\n", is_, want_);              \
	} while (0)

/* Texts; NULL equals only NULL. */
#define CHECK_TEXT(is, want)                                                                       \
	do {                                                                                       \
		const char *is_ = (is), *want_ = (want);                                           \
		int same_ = is_ && want_ ? strcmp(is_, want_) == 0 : is_ == want_;                 \
		CHECK(same_);                                                                      \
		if (!same_)                                                                        \
			printf("\tis     \"%s\"\n\twanted \"%s\"\n", is_ ? is_ : "(null)",         \
				want_ ? want_ : "(null)");                                         \
	} while (0)

static inline int test_end(void)
{
	printf("%d checks, %d failed\n", test_checks, test_failures);
	return test_failures || !test_checks;
}

#endif
