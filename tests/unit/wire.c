/* SPDX-License-Identifier: MIT */
/* Frames: cut out of a stream however it arrives, refused when they are none. */
/* NOCORE */
/* CFLAGS: -Isrc/core */
/* SRCS: src/core/svc/wire.c src/core/svc/msg.c src/core/util/mem.c src/core/util/str.c src/core/util/err.c */
#include "test.h"
#include "svc/wire.h"
#include "util/str.h"

static void feed(struct wire_in *in, const void *p, size_t n)
{
	size_t room;
	void *to = wire_room(in, &room);

	CHECK(room >= n);
	memcpy(to, p, n);
	wire_fed(in, n);
}

static void bytes_on_the_wire(void)
{
	static const char want[] = "\0\0\0\x08\x05\0\0\x01\x02"
				   "abc";
	autostr s = STR_INIT;

	wire_add(&s, WIRE_INPUT, 258, "abc", 3);
	CHECK(s.len == sizeof(want) - 1 && memcmp(s.p, want, s.len) == 0);
}

/* However the stream is cut, the frames are the same. */
static void cut(size_t step)
{
	autoclean(wire_in_release) struct wire_in in = {0};
	autostr s = STR_INIT;
	struct wire_frame f;
	struct err e = {0};
	int seen = 0, r = 0;

	wire_add(&s, WIRE_DATA, 1, "\x01hello", 6);
	wire_add(&s, WIRE_CANCEL, 2, NULL, 0);
	wire_add(&s, WIRE_INPUT, 3, "x", 1);
	for (size_t off = 0; off < s.len; off += step) {
		feed(&in, s.p + off, s.len - off < step ? s.len - off : step);
		while ((r = wire_next(&in, &f, &e)) > 0) {
			seen++;
			CHECK_I64(f.id, seen);
			CHECK_I64((int64_t)f.n, seen == 1 ? 6 : seen == 2 ? 0 : 1);
		}
		CHECK_I64(r, 0);
	}
	CHECK_I64(seen, 3);
	CHECK_I64((int64_t)wire_held(&in), 0);
}

static void refused(const char *bytes, size_t n, const char *why)
{
	autoclean(wire_in_release) struct wire_in in = {0};
	struct wire_frame f;
	struct err e = {0};

	feed(&in, bytes, n);
	CHECK_I64(wire_next(&in, &f, &e), E_INTEGRITY);
	CHECK_TEXT(e.msg, why);
}

/* A long stream does not make the buffer grow. */
static void stays_small(void)
{
	autoclean(wire_in_release) struct wire_in in = {0};
	autofree char *chunk = mem_zalloc(60000);
	autostr s = STR_INIT;
	struct wire_frame f;
	struct err e;

	wire_add(&s, WIRE_INPUT, 1, chunk, 60000);
	for (int i = 0; i < 500; i++) {
		feed(&in, s.p, s.len);
		CHECK_I64(wire_next(&in, &f, &e), 1);
	}
	CHECK(in.buf.cap < (1u << 20));
}

int main(void)
{
	bytes_on_the_wire();
	for (size_t step = 1; step < 40; step++)
		cut(step);
	refused("\xff\xff\xff\xff", 4, "a frame of 4294967295 bytes is not allowed");
	refused("\0\0\0\x04", 4, "a frame of 4 bytes is not allowed");
	refused("\0\0\0\x05\x0a\0\0\0\0", 9, "a frame of kind 10 is not known");
	refused("\0\0\0\x05\0", 5, "a frame of kind 0 is not known");
	stays_small();
	return test_end();
}
