/* SPDX-License-Identifier: MIT */
#include "test.h"
#include "util/str.h"

/* A queue that is never empty, as a transfer's: a megabyte goes through, 1,000 bytes at a time. */
static void passes_through(void)
{
	autostr s = {0};
	size_t off = 0;
	char block[1000];
	int wrong = 0;

	memset(block, 'a', sizeof(block));
	str_addn(&s, block, sizeof(block));
	for (int i = 1; i < 1000; i++) {
		memset(block, 'a' + i % 26, sizeof(block));
		str_addn(&s, block, sizeof(block));
		wrong += s.p[off] != 'a' + (i - 1) % 26 || s.p[off + 999] != s.p[off];
		off += sizeof(block);
		str_drop_used(&s, &off, 4096);
	}
	CHECK_I64(wrong, 0);
	CHECK(s.cap < 16384);
	CHECK_I64((int64_t)(s.len - off), 1000);
}

int main(void)
{
	autostr s = {0};
	size_t off = 0;

	str_drop_used(&s, &off, 4);
	CHECK_I64((int64_t)off, 0);
	str_add(&s, "abcdefgh");
	off = 4;
	str_drop_used(&s, &off, 4);
	CHECK_I64((int64_t)off, 4);
	off = 5;
	str_drop_used(&s, &off, 4);
	CHECK_I64((int64_t)off, 0);
	CHECK_TEXT(s.p, "fgh");
	off = 3;
	str_drop_used(&s, &off, 4);
	CHECK_I64((int64_t)off, 0);
	CHECK_I64((int64_t)s.len, 0);
	passes_through();
	return test_end();
}
