/* SPDX-License-Identifier: MIT */
/* What has been provided becomes what another term provides. */
#include <string.h>

#include "biz/app.h"
#include "biz/provision_int.h"
#include "util/str.h"

#define DISK_AN_INODE 8192 /* bytes of disk an inode stands for where a plan does not say */

static void json_cleanup(json_t **j)
{
	json_decref(*j);
}
#define autojson autoclean(json_cleanup) json_t

/* Parts that cannot come or go: they are another thing, not more or less of the same. */
static int check_same(const json_t *before, const json_t *after, struct err *e)
{
	static const char *const parts[] = {"private-server", "domain"};
	json_t *old, *new;

	for (size_t i = 0; i < ARRAY_LEN(parts); i++)
		if (!json_object_get(before, parts[i]) != !json_object_get(after, parts[i]))
			return err_set(e, E_STATE,
				"one of the two provides a %s, the other none: order the new one and "
				"cancel the old",
				parts[i]);
	old = json_object_get(json_object_get(before, "domain"), "features");
	new = json_object_get(json_object_get(after, "domain"), "features");
	if (!json_equal(old, new) && old != new)
		return err_set(e, E_STATE,
			"the features of the domain differ: those of a domain that is there cannot "
			"be changed in this version");
	return 0;
}

static int check_server(const json_t *old, const json_t *new, struct err *e)
{
	static const char *const kept[] = {"cpu-max", "net", "sessions", "transfer"};

	if (json_integer_value(json_object_get(old, "ip")) !=
		json_integer_value(json_object_get(new, "ip")))
		return err_set(e, E_STATE,
			"a private server that is there keeps its addresses: more or fewer can only "
			"be ordered with a new one");
	for (size_t i = 0; i < ARRAY_LEN(kept); i++)
		if (json_object_get(old, kept[i]) && !json_object_get(new, kept[i]))
			return err_set(e, E_STATE,
				"it has a bound %s and would have none: set one with --set "
				"private-server.%s=",
				kept[i], kept[i]);
	return 0;
}

/* Bounds as ps_add would set them where the plan says nothing. */
static void fill(const json_t *ps, const json_t *best, struct ps_bounds *b)
{
	provision_bounds(ps, best, b);
	if (b->disk != PS_UNSET && b->inodes == PS_UNSET)
		b->inodes = b->disk / DISK_AN_INODE;
	if (b->memory != PS_UNSET && b->vm == PS_UNSET)
		b->vm = b->memory * 2;
}

static int change_servers(struct sxc *s, int64_t subscription, const json_t *ps, const json_t *best,
	int64_t *job, struct err *e)
{
	autostrvec names = {0};
	struct ps_bounds b;
	int r = provision_servers(s, subscription, &names, e);

	fill(ps, best, &b);
	for (size_t i = 0; r >= 0 && i < names.n; i++) {
		int64_t made = 0;

		r = ps_set_tx(s, names.v[i], &b, &made, e);
		if (r >= 0 && !*job)
			*job = made;
	}
	return r < 0 ? r : 0;
}

static bool has_app(const json_t *apps, const char *name)
{
	const json_t *app;
	size_t i;

	json_array_foreach((json_t *)apps, i, app)
	{
		if (str_eq(json_string_value(json_object_get(app, "name")), name))
			return true;
	}
	return false;
}

/* An application takes its data with it: a person removes it, not a change of plan. */
static int check_apps(const json_t *before, const json_t *after, struct err *e)
{
	const json_t *apps = json_object_get(before, "apps"), *app;
	size_t i;

	json_array_foreach((json_t *)apps, i, app)
	{
		const char *name = json_string_value(json_object_get(app, "name"));

		if (!has_app(json_object_get(after, "apps"), name))
			return err_set(e, E_STATE,
				"%s would no longer be provided: an application with its data is "
				"not taken away by a change",
				name);
	}
	return 0;
}

/* Those that come with it; one that is there already stays as it is. */
static int add_apps(struct sxc *s, int64_t subscription, const json_t *before, const json_t *after,
	int64_t *job, struct err *e)
{
	const json_t *apps = json_object_get(after, "apps"), *app;
	autostrvec names = {0};
	size_t i;
	int r = provision_servers(s, subscription, &names, e);

	json_array_foreach((json_t *)apps, i, app)
	{
		const char *name = json_string_value(json_object_get(app, "name"));
		json_t *set = json_object_get(app, "set");
		autoclean(ps_release) struct ps p = {0};
		int64_t made = 0;

		if (r < 0 || !names.n || has_app(json_object_get(before, "apps"), name))
			continue;
		if ((r = ps_get(s, names.v[0], &p, e)) < 0)
			return r;
		r = app_install_tx(s, p.id, name, NULL, set ? json_incref(set) : json_object(),
			&made, e);
		if (r == E_EXISTS)
			r = 0;
		if (r >= 0 && !*job)
			*job = made;
	}
	return r < 0 ? r : 0;
}

int provision_change(struct sxc *s, int64_t subscription, const char *before, const char *after,
	const char *best_effort, int64_t *job, struct err *e)
{
	autojson *old = before ? json_loads(before, 0, NULL) : NULL;
	autojson *new = after ? json_loads(after, 0, NULL) : NULL;
	autojson *best = best_effort ? json_loads(best_effort, 0, NULL) : NULL;
	const json_t *ps = json_object_get(new, "private-server");
	int r;

	*job = 0;
	if (json_equal(old, new) || (!old && !new))
		return 0;
	if ((r = check_same(old, new, e)) < 0 || (r = check_apps(old, new, e)) < 0 ||
		(r = provision_refuse(new, best, e)) < 0 ||
		(r = check_server(json_object_get(old, "private-server"), ps, e)) < 0)
		return r;
	if (ps && !json_equal(json_object_get(old, "private-server"), ps) &&
		(r = change_servers(s, subscription, ps, best, job, e)) < 0)
		return r;
	return add_apps(s, subscription, old, new, job, e);
}
