// SPDX-License-Identifier: MIT
/* The throttle's token bucket keeps its rate, whatever the size and spacing of packets. */
/* SRCS: kmod/bucket.c */
/* CFLAGS: -Ikmod -Ikmod/uapi */
/* NOCORE */
#include <stdio.h>
#include <stdlib.h>
#include "bucket.h"
#include "sxps.h"

static int failures, tests;

#define CHECK(cond, ...)                                                                           \
	do {                                                                                       \
		tests++;                                                                           \
		if (!(cond)) {                                                                     \
			failures++;                                                                \
			printf("not ok %d - %s:%d %s: ", tests, __FILE__, __LINE__, #cond);        \
			printf(__VA_ARGS__);                                                       \
			printf("\n");                                                              \
		} else {                                                                           \
			printf("ok %d - %s\n", tests, #cond);                                      \
		}                                                                                  \
	} while (0)

/* Bytes that pass in `seconds` when a packet of `size` is offered every `step` ns. */
static uint64_t offer(uint64_t rate, uint64_t size, uint64_t step, uint64_t seconds)
{
	struct sxps_bucket b = {0};
	uint64_t passed = 0;

	for (uint64_t now = 5; now < seconds * 1000000000ULL; now += step)
		if (sxps_bucket_take(&b, rate, now, size))
			passed += size;
	return passed;
}

static void rates_are_kept(void)
{
	static const struct {
		uint64_t rate, size, step, seconds;
	} cases[] = {
		{1, 60, 100000000, 20000},
		{1000, 1514, 1000000, 200},
		{125000, 1514, 100000, 100},
		{125000, 65000, 1000000, 200},
		{12500000, 1514, 7777, 20},
		{SXPS_RATE_MAX / 8, 65000, 3000, 4},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint64_t want = cases[i].rate * cases[i].seconds;
		uint64_t slack = cases[i].rate / 4 + 3036 + 2 * cases[i].size;
		uint64_t got = offer(cases[i].rate, cases[i].size, cases[i].step, cases[i].seconds);

		CHECK(got <= want + slack + want / 1000, "case %zu: %llu of %llu", i,
			(unsigned long long)got, (unsigned long long)want);
		CHECK(got + slack + want / 1000 >= want, "case %zu: %llu of %llu", i,
			(unsigned long long)got, (unsigned long long)want);
	}
}

static void edges(void)
{
	struct sxps_bucket b = {0};

	CHECK(!sxps_bucket_take(&b, 0, 1, 1), "rate 0 stops");
	CHECK(sxps_bucket_take(&b, 1000, 10, 1000000), "a packet larger than the bucket passes");
	CHECK(!sxps_bucket_take(&b, 1000, 11, 1), "its excess is waited for");
	CHECK(!sxps_bucket_take(&b, 1000, 996ULL * 1000000000, 1), "until it is worked off");
	CHECK(sxps_bucket_take(&b, 1000, 998ULL * 1000000000, 1), "then packets pass again");
	CHECK(sxps_bucket_take(&b, 1000, UINT64_MAX, 1), "a wait of centuries fills it");
	CHECK(b.tokens <= 3036, "and no more than that: %lld", (long long)b.tokens);
	CHECK(sxps_bucket_take(&b, 1000, 1, 1), "a clock that steps back grants nothing");
	CHECK(b.tokens <= 3036, "%lld", (long long)b.tokens);
}

int main(void)
{
	rates_are_kept();
	edges();
	printf("1..%d\n", tests);
	return failures ? EXIT_FAILURE : EXIT_SUCCESS;
}
