/* SPDX-License-Identifier: MIT */
/* YAML: the tree and its places, what is refused and where, typed reads, writing. */
#include "svc/yaml.h"

#include <stdlib.h>

#include "test.h"
#include "util/mem.h"

static int parse(struct yaml **y, const char *text, size_t n, struct err *e)
{
	*e = (struct err){0};
	return yaml_parse(y, "t.yaml", text, n, e);
}

static void test_tree(void)
{
	static const char text[] = "name: web\nlimits:\n  memory: 128M\n  cpu: 30%\n"
				   "list: [1, \"two\", 3]\nblock: |\n  a\n  b\nnone:\n";
	autoyaml *y = NULL;
	struct err e;
	const struct yaml_node *r, *n;

	CHECK_I64(parse(&y, text, sizeof(text) - 1, &e), 0);
	r = yaml_root(y);
	CHECK_I64(r->kind, YAML_MAP);
	CHECK_I64((int64_t)r->n, 5);
	n = yaml_get(yaml_get(r, "limits"), "cpu");
	CHECK_TEXT(n->text, "30%");
	CHECK_I64(n->line, 4);
	CHECK_I64(n->column, 8);
	n = yaml_get(r, "list");
	CHECK_I64(n->kind, YAML_LIST);
	CHECK_TEXT(n->items[1]->text, "two");
	CHECK(n->items[1]->quoted && !n->items[0]->quoted);
	CHECK_I64(n->items[2]->column, 18);
	CHECK_TEXT(yaml_get(r, "block")->text, "a\nb\n");
	CHECK(yaml_get(r, "absent") == NULL);
	CHECK(yaml_get(yaml_get(r, "name"), "x") == NULL);
}

static void test_empty(void)
{
	static const char *const texts[] = {"", "# nothing\n", "\n\n"};

	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		autoyaml *y = NULL;
		struct err e;

		CHECK_I64(parse(&y, texts[i], strlen(texts[i]), &e), 0);
		CHECK_I64(yaml_root(y)->kind, YAML_MAP);
		CHECK_I64((int64_t)yaml_root(y)->n, 0);
	}
}

/* Text, and the message it must be answered with. */
static const struct {
	const char *text;
	size_t n;
	const char *message;
} bad[] = {
#define BAD(text, message)                                                                         \
	{                                                                                          \
		text, sizeof(text) - 1, message                                                    \
	}
	BAD("a: 1\nb: 2\na: 3\n", "t.yaml:3:1: key 'a' stands twice, first in line 1"),
	BAD("a:\n  {x: 1, y: 2, x: 3}\n", "t.yaml:2:16: key 'x' stands twice, first in line 2"),
	BAD("a: &x 1\n", "t.yaml:1:4: anchors are not allowed"),
	BAD("b: &x [1]\n", "t.yaml:1:4: anchors are not allowed"),
	BAD("a: 1\nb: *x\n", "t.yaml:2:4: aliases are not allowed: write the value out"),
	BAD("a: !!int 1\n", "t.yaml:1:4: tags are not allowed"),
	BAD("a: !x {}\n", "t.yaml:1:4: tags are not allowed"),
	BAD("? [a]\n: 1\n", "t.yaml:1:3: a key must be a text, not a list"),
	BAD("{a: 1}: 1\n", "t.yaml:1:1: a key must be a text, not a mapping"),
	BAD("\"\": 1\n", "t.yaml:1:1: a key may not be empty"),
	BAD("a: 1\n---\nb: 2\n", "t.yaml:2:1: only one document a file is allowed"),
	BAD("a: \"x\\0y\"\n", "t.yaml:1:4: a text may not hold a NUL byte"),
	BAD("a: x\0y\n", "t.yaml:1:5: byte 0x00 is not text: UTF-8 is expected"),
	BAD("\xff\xfe\x61\0", "t.yaml:1:1: byte 0xff is not text: UTF-8 is expected"),
	BAD("ä: 1\nöö: \xc3\n", "t.yaml:2:5: byte 0xc3 is not text: UTF-8 is expected"),
	BAD("ä: \x1b[31m\n", "t.yaml:1:4: control character 0x1b is not allowed"),
	BAD("\x7f"
	    "ELF\x02",
		"t.yaml:1:1: control character 0x7f is not allowed"),
#undef BAD
};

static void test_refused(void)
{
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		autoyaml *y = NULL;
		struct err e;

		CHECK_I64(parse(&y, bad[i].text, bad[i].n, &e), E_USAGE);
		CHECK_TEXT(e.msg, bad[i].message);
		CHECK(y == NULL);
	}
}

/* libyaml's words, our place. */
static void test_syntax(void)
{
	static const char *const texts[][2] = {
		{"a: 1\n\tb: 2\n", "t.yaml:2:1: "},
		{"a: [1, 2\n", "t.yaml:2:1: "},
		{"a: b: c\n", "t.yaml:1:5: "},
		{"a: \"x\n", "t.yaml:2:1: "},
		{"a: 1\n  b: 2\n", "t.yaml:2:4: "},
		{"%TAG\n", "t.yaml:1:5: "},
	};

	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		autoyaml *y = NULL;
		struct err e;

		CHECK_I64(parse(&y, texts[i][0], strlen(texts[i][0]), &e), E_USAGE);
		if (!str_starts(e.msg, texts[i][1]))
			CHECK_TEXT(e.msg, texts[i][1]);
		CHECK(strlen(e.msg) > strlen(texts[i][1]));
	}
}

static void test_limits(void)
{
	autostr big = STR_INIT, deep = STR_INIT, many = STR_INIT;
	autoyaml *y = NULL;
	struct err e;

	while (big.len <= YAML_MAX_BYTES)
		str_add(&big, "# a comment that goes on and on\n");
	CHECK_I64(parse(&y, big.p, big.len, &e), E_USAGE);
	CHECK_TEXT(e.msg, "t.yaml: larger than 1 MiB, the most a YAML file may have");
	for (int i = 0; i < 100000; i++)
		str_addc(&deep, '[');
	CHECK_I64(parse(&y, deep.p, deep.len, &e), E_USAGE);
	CHECK_TEXT(e.msg, "t.yaml:1:17: nested too deeply: 16 levels are allowed");
	for (int i = 0; i < YAML_MAX_NODES; i++)
		str_add(&many, "- a\n");
	CHECK_I64(parse(&y, many.p, many.len, &e), E_USAGE);
	CHECK_TEXT(e.msg, "t.yaml:20000:3: too many values: a file may have 20000");
	CHECK_I64(parse(&y, many.p, many.len - 4, &e), 0);
}

static const char typed[] = "int: 42\nneg: -7\noctal: 007\nhex: 0x10\nquoted: \"42\"\n"
			    "huge: 99999999999999999999\nyes: yes\nno: false\nmaybe: on\n"
			    "size: 128M\nbadsize: 12Q\npercent: 12.5%\nover: 101%\nname: web-1\n"
			    "badname: Web 1\nnull: ~\nmap: {a: 1}\nctl: \"a\\u001bb\"\n";

#define GET(key) yaml_get(yaml_root(y), key)

static void test_typed(void)
{
	autoyaml *y = NULL;
	struct err e;
	int64_t v = 0;
	bool b = false;
	const char *t = NULL;

	CHECK_I64(parse(&y, typed, sizeof(typed) - 1, &e), 0);
	CHECK_I64(yaml_i64(GET("int"), "int", 0, 100, &v, &e), 0);
	CHECK_I64(v, 42);
	CHECK_I64(yaml_i64(GET("neg"), "neg", -10, 100, &v, &e), 0);
	CHECK_I64(v, -7);
	CHECK_I64(yaml_bool(GET("yes"), "yes", &b, &e), 0);
	CHECK(b);
	CHECK_I64(yaml_bool(GET("no"), "no", &b, &e), 0);
	CHECK(!b);
	CHECK_I64(yaml_size(GET("size"), "size", &v, &e), 0);
	CHECK_I64(v, 128 << 20);
	CHECK_I64(yaml_percent(GET("percent"), "percent", &v, &e), 0);
	CHECK_I64(v, 1250);
	CHECK_I64(yaml_name(GET("name"), "name", &t, &e), 0);
	CHECK_TEXT(t, "web-1");
	CHECK_I64(yaml_text(GET("octal"), "octal", &t, &e), 0);
	CHECK_TEXT(t, "007");
	CHECK_I64(yaml_need_map(GET("map"), "map", &e), 0);
}

static void test_typed_wrong(void)
{
	autoyaml *y = NULL;
	struct err e;
	int64_t v = 77;
	bool b;
	const char *t = NULL;

	CHECK_I64(parse(&y, typed, sizeof(typed) - 1, &e), 0);
	CHECK_I64(yaml_i64(GET("int"), "the count", 50, 60, &v, &e), E_USAGE);
	CHECK_TEXT(e.msg, "t.yaml:1:6: the count must be a whole number from 50 to 60, not '42'");
	CHECK_I64(yaml_i64(GET("octal"), "n", 0, 9, &v, &e), E_USAGE);
	CHECK_I64(yaml_i64(GET("hex"), "n", 0, 99, &v, &e), E_USAGE);
	CHECK_I64(yaml_i64(GET("quoted"), "n", 0, 99, &v, &e), E_USAGE);
	CHECK_I64(yaml_i64(GET("huge"), "n", INT64_MIN, INT64_MAX, &v, &e), E_USAGE);
	CHECK_I64(yaml_i64(GET("absent"), "n", 0, 9, &v, &e), E_USAGE);
	CHECK_TEXT(e.msg, "n is missing: it must be a whole number from 0 to 9");
	CHECK_I64(v, 77);
	CHECK_I64(yaml_bool(GET("maybe"), "m", &b, &e), E_USAGE);
	CHECK_TEXT(e.msg, "t.yaml:9:8: m must be yes or no, not 'on'");
	CHECK_I64(yaml_size(GET("badsize"), "disk", &v, &e), E_USAGE);
	CHECK_TEXT(e.msg,
		"t.yaml:11:10: disk must be a size such as 64K, 128M, 2G or 1T, not '12Q'");
	CHECK_I64(yaml_percent(GET("over"), "cpu", &v, &e), E_USAGE);
	CHECK_I64(yaml_name(GET("badname"), "name", &t, &e), E_USAGE);
	CHECK_I64(yaml_text(GET("null"), "title", &t, &e), E_USAGE);
	CHECK_TEXT(e.msg, "t.yaml:16:7: title must be a text, not '~'");
	CHECK_I64(yaml_text(GET("map"), "title", &t, &e), E_USAGE);
	CHECK_TEXT(e.msg, "t.yaml:17:6: title must be a text, not a mapping");
	CHECK_I64(yaml_need_list(GET("ctl"), "it", &e), E_USAGE);
	CHECK_TEXT(e.msg, "t.yaml:18:6: it must be a list, not 'a\\x1bb'");
	CHECK(t == NULL);
}

static void test_only_keys(void)
{
	static const char *const keys[] = {"name", "price", NULL};
	autoyaml *y = NULL;
	struct err e;

	CHECK_I64(parse(&y, "name: a\npirce: 3\n", 17, &e), 0);
	CHECK_I64(yaml_only_keys(yaml_root(y), keys, &e), E_USAGE);
	CHECK_TEXT(e.msg, "t.yaml:2:1: unknown key 'pirce': allowed are name price");
	CHECK_I64(yaml_only_keys(GET("name"), keys, &e), E_USAGE);
}

/* What is written is read back the same. */
static void test_emit(void)
{
	static const char *const texts[] = {"plain", "", " lead", "trail ", "a: b", "# no", "yes",
		"null", "~", "1.5", "1e3", "0x1f", "- x", "@x", "%x", "two words", "a\nb",
		"tab\there", "quote\"back\\slash", "\x1b[0m", "ünï", "\xc2\x85", "x\xe2\x80\xa8y",
		"\xef\xbb\xbf", "[x]", "{x}", "*a", "&a", "!t", "'", "128M", "30%", "\x7f", "--- x",
		"..."};

	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		autostr s = STR_INIT;
		autoyaml *y = NULL;
		struct err e = {0};

		str_add(&s, "k: ");
		yaml_emit_scalar(&s, texts[i]);
		str_add(&s, "\n");
		CHECK_I64(parse(&y, s.p, s.len, &e), 0);
		CHECK_TEXT(e.msg, "");
		CHECK_TEXT(y ? GET("k")->text : NULL, texts[i]);
	}
}

int main(void)
{
	test_tree();
	test_empty();
	test_refused();
	test_syntax();
	test_limits();
	test_typed();
	test_typed_wrong();
	test_only_keys();
	test_emit();
	return test_end();
}
