/* SPDX-License-Identifier: MIT */
/* Templates, typed values and the order of versions: what packages stand on. */
#include "test.h"

#include "biz/app_int.h"
#include "svc/template.h"
#include "svc/wrapper.h"
#include "util/typed.h"

/* ---- templates ---- */

static bool look_up(void *arg, const char *name, struct template_value *out)
{
	static const char *const items[] = {"a", "b"};

	(void)arg;
	if (strcmp(name, "yes") == 0)
		*out = (struct template_value){.text = "yes", .truth = true};
	else if (strcmp(name, "no") == 0)
		*out = (struct template_value){.text = "no"};
	else if (strcmp(name, "list") == 0)
		*out = (struct template_value){.list = items, .n = 2, .truth = true};
	else if (strcmp(name, "none") == 0)
		*out = (struct template_value){.list = items, .n = 0};
	else if (strcmp(name, "braces") == 0)
		*out = (struct template_value){.text = "{{yes}}", .truth = true};
	else
		return false;
	return true;
}

/* The rendered text, or the message. */
static const char *rendered(const char *text)
{
	static struct str out;
	static struct err e;

	str_clear(&out);
	return template_render("t", text, strlen(text), look_up, NULL, &out, &e) < 0 ? e.msg
	                                                                             : str_c(&out);
}

static void test_template(void)
{
	CHECK_TEXT(rendered(""), "");
	CHECK_TEXT(rendered("a{{yes}}b{{no}}"), "ayesbno");
	CHECK_TEXT(rendered("{{#yes}}1{{/yes}}{{#no}}2{{/no}}{{^yes}}3{{/yes}}{{^no}}4{{/no}}"),
		"14");
	CHECK_TEXT(rendered("x{{#list}} {{.}}{{/list}};"), "x a b;");
	CHECK_TEXT(rendered("{{#none}}1{{/none}}{{^none}}2{{/none}}{{^list}}3{{/list}}"), "2");
	CHECK_TEXT(rendered("a\n\t{{#yes}}\nb\n\t{{/yes}}\nc\n"), "a\nb\nc\n");
	CHECK_TEXT(rendered("a\n{{#list}}\n{{.}},\n{{/list}}\n"), "a\na,\nb,\n");
	CHECK_TEXT(rendered("{{#list}}{{#yes}}{{.}}{{/yes}}{{/list}}"), "ab");
	/* A value is never read as a template. */
	CHECK_TEXT(rendered("{{braces}}"), "{{yes}}");
	CHECK_TEXT(rendered("{ {} }} {"), "{ {} }} {");
}

static void test_template_refused(void)
{
	CHECK_TEXT(rendered("a\n{{other}}"), "t:2: no setting named other");
	CHECK_TEXT(rendered("{{#other}}{{/other}}"), "t:1: no setting named other");
	CHECK_TEXT(rendered("{{yes"), "t:1: {{ is not closed by }}");
	CHECK_TEXT(rendered("{{ yes }}"),
		"t:1: between {{ and }} stands a name, or # ^ / and a name");
	CHECK_TEXT(rendered("{{>yes}}"),
		"t:1: between {{ and }} stands a name, or # ^ / and a name");
	CHECK_TEXT(rendered("{{#yes}}\n"), "t:2: a section is not closed: yes");
	CHECK_TEXT(rendered("{{/yes}}"), "t:1: no section is open here named yes");
	CHECK_TEXT(rendered("{{#yes}}{{#list}}{{/yes}}{{/list}}"),
		"t:1: no section is open here named yes");
	CHECK_TEXT(rendered("{{#no}}{{other}}{{/no}}"), "t:1: no setting named other");
	CHECK_TEXT(rendered("{{list}}"), "t:1: a list stands in a section only: list");
	CHECK_TEXT(rendered("{{.}}"), "t:1: {{.}} stands inside the section of a list");
	CHECK_TEXT(rendered("{{#yes}}{{#yes}}{{#yes}}{{#yes}}{{#yes}}{{#yes}}{{#yes}}{{#yes}}"
			    "{{#yes}}"),
		"t:1: sections are nested too deep");
}

/* ---- typed values ---- */

static const char *canon(enum typed_kind kind, int64_t min, int64_t max, const char *match,
	const char *value)
{
	static char *out;
	struct typed t = {.kind = kind};

	free(out);
	out = NULL;
	typed_widest(&t);
	t.min = min > t.min ? min : t.min;
	t.max = max;
	t.match = match;
	return typed_canon(&t, value, &out, NULL) < 0 ? "refused" : out;
}

static void test_typed(void)
{
	CHECK_TEXT(canon(TYPED_INTEGER, 1, 64, NULL, "64"), "64");
	CHECK_TEXT(canon(TYPED_INTEGER, 1, 64, NULL, "65"), "refused");
	CHECK_TEXT(canon(TYPED_INTEGER, 1, 64, NULL, "1;"), "refused");
	CHECK_TEXT(canon(TYPED_SIZE, 0, 1 << 30, NULL, "8M"), "8388608");
	CHECK_TEXT(canon(TYPED_DURATION, 0, 3600, NULL, "1h"), "3600");
	CHECK_TEXT(canon(TYPED_DURATION, 0, 3600, NULL, "2h"), "refused");
	CHECK_TEXT(canon(TYPED_BOOLEAN, 0, 1, NULL, "on"), "yes");
	CHECK_TEXT(canon(TYPED_BOOLEAN, 0, 1, NULL, "maybe"), "refused");
	CHECK_TEXT(canon(TYPED_STRING, 0, 255, NULL, "a b/c.d:8"), "a b/c.d:8");
	CHECK_TEXT(canon(TYPED_STRING, 0, 255, NULL, "a;b"), "refused");
	CHECK_TEXT(canon(TYPED_STRING, 0, 255, NULL, "$(id)"), "refused");
	CHECK_TEXT(canon(TYPED_STRING, 0, 255, "[a-z;]+", "a;b"), "a;b");
	CHECK_TEXT(canon(TYPED_STRING, 0, 255, "a|b", "ab"), "refused");
	CHECK_TEXT(canon(TYPED_STRING, 0, 255, ".*", "a\nb"), "refused");
	CHECK_TEXT(canon(TYPED_STRING, 0, 255, ".*", "a\xff"), "refused");
	CHECK_TEXT(canon(TYPED_STRING, 0, 2, NULL, "abc"), "refused");
	CHECK_TEXT(canon(TYPED_LIST, 1, 2, "[a-z]+", ",a,,b,"), "a,b");
	CHECK_TEXT(canon(TYPED_LIST, 1, 2, "[a-z]+", "a,b,c"), "refused");
	CHECK_TEXT(canon(TYPED_LIST, 1, 2, "[a-z]+", "a,B"), "refused");
}

static void test_secret(void)
{
	struct typed t = {.kind = TYPED_SECRET, .max = 4};
	autofree char *out = NULL;
	struct err e = {0};

	CHECK(typed_canon(&t, "hunter2", &out, &e) == E_USAGE);
	CHECK(strstr(e.msg, "hunter2") == NULL);
}

/* ---- names and versions ---- */

static void test_paths(void)
{
	CHECK(ident_is_path("a/b.c"));
	CHECK(ident_is_path("..a/b.."));
	CHECK(!ident_is_path(""));
	CHECK(!ident_is_path("/a"));
	CHECK(!ident_is_path("a/"));
	CHECK(!ident_is_path("a//b"));
	CHECK(!ident_is_path("a/../b"));
	CHECK(!ident_is_path("a/./b"));
	CHECK(!ident_is_path(".."));
	CHECK(!ident_is_path("a\nb"));
}

static int order(const char *a, const char *b)
{
	int d = version_compare(a, b), back = version_compare(b, a);

	CHECK((d < 0) == (back > 0) && (d > 0) == (back < 0));
	return d < 0 ? -1 : d > 0;
}

static void test_versions(void)
{
	CHECK_I64(order("1.0", "1.0"), 0);
	CHECK_I64(order("1.0~rc1", "1.0"), -1);
	CHECK_I64(order("1.0", "1.0+s1"), -1);
	CHECK_I64(order("1.0+s9", "1.0+s10"), -1);
	CHECK_I64(order("1.9", "1.10"), -1);
	CHECK_I64(order("2.0", "1:0.1"), -1);
	CHECK_I64(order("1.0-1", "1.0-2"), -1);
	CHECK_I64(order("1.0", "1.0-0"), 0);
	CHECK_I64(order("1.0a", "1.0+"), -1);
	CHECK_I64(order("1.22.1-9+deb12u2+s1", "1.22.1-9+deb12u11+s1"), -1);
	CHECK_I64(order("1.002", "1.2"), 0);
	CHECK_I64(order("99999999999999999999.1", "99999999999999999999.2"), -1);
}

int main(void)
{
	test_template();
	test_template_refused();
	test_typed();
	test_secret();
	test_paths();
	test_versions();
	return test_end();
}
