/* SPDX-License-Identifier: MIT */
/* YAML from anywhere: parsed or refused with a message; what is parsed is written and read back. */
#include "svc/yaml.h"

#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "util/str.h"

static void read_all_types(const struct yaml_node *n)
{
	struct err e;
	const char *t;
	int64_t v;
	bool b;

	yaml_text(n, "it", &t, &e);
	yaml_i64(n, "it", 0, 100, &v, &e);
	yaml_bool(n, "it", &b, &e);
	yaml_size(n, "it", &v, &e);
	yaml_percent(n, "it", &v, &e);
	yaml_name(n, "it", &t, &e);
	yaml_need_list(n, "it", &e);
}

static void again(const char *text)
{
	autostr s = STR_INIT;
	autoyaml *y = NULL;
	struct err e;

	yaml_emit_scalar(&s, text);
	if (yaml_parse(&y, "again", s.p, s.len, &e) < 0 || yaml_root(y)->kind != YAML_SCALAR ||
		strcmp(yaml_root(y)->text, text) != 0)
		abort();
}

static void walk(const struct yaml_node *n)
{
	static const char *const none[] = {NULL};
	struct err e;

	read_all_types(n);
	if (n->kind == YAML_SCALAR)
		again(n->text);
	if (n->kind == YAML_MAP)
		yaml_only_keys(n, none, &e);
	for (size_t i = 0; i < n->n; i++) {
		if (n->kind == YAML_MAP && !yaml_get(n, n->keys[i]->text))
			abort();
		walk(n->items[i]);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	autoyaml *y = NULL;
	struct err e = {0};
	int r = yaml_parse(&y, "fuzz", (const char *)data, size, &e);

	if (r == 0)
		walk(yaml_root(y));
	else if (r != E_USAGE || e.code != r || !*e.msg || y)
		abort();
	return 0;
}
