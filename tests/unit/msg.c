/* SPDX-License-Identifier: MIT */
/* Messages: what is put in comes out; what is malformed is refused with its place. */
/* NOCORE */
/* CFLAGS: -Isrc/core */
/* SRCS: src/core/svc/msg.c src/core/util/mem.c src/core/util/str.c src/core/util/err.c */
#include "test.h"
#include "svc/msg.h"
#include "util/str.h"

static struct msg *decode(const void *p, size_t n, struct err *e)
{
	struct msg *m = NULL;

	*e = (struct err){0};
	msg_decode(&m, p, n, e);
	return m;
}

static void round_trip(void)
{
	automsg *m = msg_new(), *got = NULL;
	struct msg *sub = msg_new();
	autostr enc = STR_INIT;
	struct err e = {0};
	size_t n;

	msg_add_i64(m, "least", INT64_MIN);
	msg_add_text(m, "name", "web1");
	msg_add_text(m, "name", "grün");
	msg_add_text(m, "none", NULL);
	msg_add_bytes(m, "raw", "a\0b", 3);
	msg_add_i64(sub, "in", -1);
	msg_add_msg(m, "sub", sub);
	CHECK_I64(msg_encode(m, &enc, &e), 0);
	got = decode(enc.p, enc.len, &e);
	CHECK(got != NULL);
	CHECK_I64(msg_i64(got, "least", 0), INT64_MIN);
	CHECK_I64((int64_t)msg_count(got, "name"), 2);
	CHECK_TEXT(msg_text_at(got, "name", 1), "grün");
	CHECK_TEXT(msg_text_at(got, "name", 2), NULL);
	CHECK(!msg_has(got, "none"));
	CHECK(msg_bytes(got, "raw", &n) && n == 3);
	CHECK_I64(msg_i64(msg_sub(got, "sub"), "in", 0), -1);
	CHECK_TEXT(msg_text(got, "raw"), NULL);
}

/* The encoding is written down in sxc-agent(8): these bytes are a promise. */
static void bytes_on_the_wire(void)
{
	static const char want[] = "\x01\x01n\0\0\0\0\0\0\x01\x02"
				   "\x02\x01t\0\0\0\x02hi"
				   "\x04\x01m\0\0\0\x0b\x01\x01x\xff\xff\xff\xff\xff\xff\xff\xff";
	automsg *m = msg_new();
	struct msg *sub = msg_new();
	autostr enc = STR_INIT;
	struct err e;

	msg_add_i64(m, "n", 258);
	msg_add_text(m, "t", "hi");
	msg_add_i64(sub, "x", -1);
	msg_add_msg(m, "m", sub);
	CHECK_I64(msg_encode(m, &enc, &e), 0);
	CHECK(enc.len == sizeof(want) - 1 && memcmp(enc.p, want, enc.len) == 0);
}

static void refused(void)
{
	static const struct {
		const char *bytes;
		size_t n;
		const char *why;
	} bad[] = {
		{"\x01", 1, "a message is malformed at byte 0: cut short"},
		{"\x05\x01n", 3, "a message is malformed at byte 0: unknown type"},
		{"\x00\x01n", 3, "a message is malformed at byte 0: unknown type"},
		{"\x01\x05n", 3, "a message is malformed at byte 0: a name runs past the end"},
		{"\x01\x00", 2, "a message is malformed at byte 0: not a field name"},
		{"\x01\x01N\0\0\0\0\0\0\0\0", 11,
			"a message is malformed at byte 0: not a field name"},
		{"\x01\x01n\0\0\0\0\0\0\0", 10, "a message is malformed at byte 7: cut short"},
		{"\x02\x01n\xff\xff\xff\xff", 7,
			"a message is malformed at byte 7: a value runs past the end"},
		{"\x02\x01n\0\0\0\x01\xff", 8,
			"a message is malformed at byte 7: a text is not valid UTF-8"},
		{"\x02\x01n\0\0\0\x01\0", 8,
			"a message is malformed at byte 7: a text is not valid UTF-8"},
		{"\x04\x01n\0\0\0\x01\x01", 8, "a message is malformed at byte 7: cut short"},
	};

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct err e;
		automsg *m = decode(bad[i].bytes, bad[i].n, &e);

		CHECK(m == NULL);
		CHECK_I64(e.code, E_INTEGRITY);
		CHECK_TEXT(e.msg, bad[i].why);
	}
}

static void bounds(void)
{
	autostr deep = STR_INIT, many = STR_INIT;
	autofree char *big = mem_zalloc(MSG_MAX_SIZE + 1);
	automsg *m = msg_new(), *got = NULL;
	struct err e;

	for (int i = 20; i > 0; i--) {
		str_addn(&deep, "\x04\x01m\0\0\0", 6);
		str_addc(&deep, (char)((i - 1) * 7));
	}
	got = decode(deep.p, deep.len, &e);
	CHECK(!got && strstr(e.msg, "nested too deeply"));
	for (unsigned i = 0; i <= MSG_MAX_FIELDS; i++)
		str_addn(&many, "\x01\x01n\0\0\0\0\0\0\0\0", 11);
	got = decode(many.p, many.len, &e);
	CHECK(!got && strstr(e.msg, "too many fields"));
	got = decode(big, MSG_MAX_SIZE + 1, &e);
	CHECK(!got && strstr(e.msg, "larger than"));
	msg_add_bytes(m, "big", big, MSG_MAX_SIZE);
	str_clear(&deep);
	str_add(&deep, "kept");
	CHECK_I64(msg_encode(m, &deep, &e), E_LIMIT);
	CHECK_TEXT(str_c(&deep), "kept");
}

static void demands(void)
{
	automsg *m = msg_new();
	const char *t = NULL;
	struct err e;
	int64_t v;

	msg_add_text(m, "name", "../x");
	msg_add_i64(m, "size", 10);
	CHECK_I64(msg_need_name(m, "name", &t, &e), E_USAGE);
	CHECK_TEXT(e.msg, "the field \"name\" of the request is not a name");
	CHECK_I64(msg_need_text(m, "other", &t, &e), E_USAGE);
	CHECK_TEXT(e.msg, "the request lacks the field \"other\"");
	CHECK_I64(msg_need_text(m, "size", &t, &e), E_USAGE);
	CHECK_TEXT(e.msg, "the field \"size\" of the request has the wrong type");
	CHECK_I64(msg_need_i64(m, "size", 11, 20, &v, &e), E_USAGE);
	CHECK_TEXT(e.msg, "the field \"size\" of the request is 10, allowed are 11 to 20");
	CHECK_I64(msg_need_i64(m, "size", 0, 10, &v, &e), 0);
	CHECK_I64(msg_need_i64(NULL, "size", 0, 10, &v, &e), E_USAGE);
}

static void secrets(void)
{
	automsg *m = msg_new();
	autostr s = STR_INIT;

	msg_add_text(m, "root_password", "hunter2");
	msg_add_text(m, "key", "ssh-ed25519 AAAA");
	msg_add_text(m, "name", "a\033[31m");
	msg_print(m, &s);
	CHECK_TEXT(str_c(&s), "root_password=*** key=*** name=\"a\\x1b[31m\"");
}

int main(void)
{
	round_trip();
	bytes_on_the_wire();
	refused();
	bounds();
	demands();
	secrets();
	return test_end();
}
