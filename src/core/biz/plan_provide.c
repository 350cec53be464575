/* SPDX-License-Identifier: MIT */
#include "biz/plan_provide.h"

#include <string.h>

#include "biz/plan_file.h"
#include "util/num.h"
#include "util/str.h"

#define PS_PREFIX "private-server."

static json_t *server_of(const json_t *provides)
{
	return json_object_get(provides, "private-server");
}

static int64_t value_of(const json_t *j, const char *key)
{
	return json_integer_value(json_object_get(j, key));
}

static void set(json_t *j, const char *key, int64_t v)
{
	json_object_set_new(j, key, json_integer(v));
}

/* vm is memory and swap together: more memory is more of both. */
static void keep_swap(json_t *ps, const json_t *with, int64_t before)
{
	if (json_object_get(with, "memory") && json_object_get(ps, "vm") &&
		!json_object_get(with, "vm"))
		set(ps, "vm", value_of(ps, "vm") + value_of(ps, "memory") - before);
}

int provide_custom(json_t *provides, const json_t *custom, struct err *e)
{
	json_t *own = server_of(custom), *ps = server_of(provides);
	int64_t before = value_of(ps, "memory");

	if (!own || !json_object_size(own))
		return 0;
	if (!ps)
		return err_set(e, E_STATE, "the plan provides no private server to be customised");
	json_object_update(ps, own);
	keep_swap(ps, own, before);
	return 0;
}

int provide_add(json_t *provides, const json_t *adds, int64_t quantity, struct err *e)
{
	json_t *ps = server_of(provides), *v;
	int64_t before = value_of(ps, "memory");
	const char *key;

	json_object_foreach((json_t *)adds, key, v)
	{
		int64_t more, sum;
		int r = num_mul(json_integer_value(v), quantity, &more, e);

		if (r == 0)
			r = num_add(value_of(ps, key), more, &sum, e);
		if (r < 0)
			return r;
		set(ps, key, sum);
	}
	keep_swap(ps, adds, before);
	return 0;
}

/* The value as a plan file would have it, without a file to point at. */
static int read_value(const char *key, const char *text, json_t *ps, struct err *e)
{
	static const char at[] = "--set:1:1: ";
	struct yaml_node n = {.kind = YAML_SCALAR,
		.file = "--set",
		.line = 1,
		.column = 1,
		.text = (char *)text};
	struct err inner = {0};
	int r = plan_bound(key, &n, ps, &inner);

	if (r == 0)
		return 0;
	return err_set(e, r, "--set " PS_PREFIX "%s: %s", key,
		str_starts(inner.msg, at) ? inner.msg + strlen(at) : inner.msg);
}

int provide_custom_parse(json_t *custom, const char *pair, struct err *e)
{
	const char *eq = strchr(pair, '=');
	autofree char *key = NULL;
	json_t *ps = server_of(custom);

	if (!eq || !str_starts(pair, PS_PREFIX) || eq < pair + strlen(PS_PREFIX))
		return err_set(e, E_USAGE,
			"--set '%.80s': write " PS_PREFIX "BOUND=VALUE, such as " PS_PREFIX
			"memory=512M",
			pair);
	key = mem_strndup(pair + strlen(PS_PREFIX), (size_t)(eq - pair) - strlen(PS_PREFIX));
	if (!ps)
		json_object_set_new(custom, "private-server", ps = json_object());
	if (eq[1])
		return read_value(key, eq + 1, ps, e);
	json_object_del(ps, key);
	return 0;
}
