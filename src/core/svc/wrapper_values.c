/* SPDX-License-Identifier: MIT */
/* Values of settings, and what becomes of them in templates. */
#include <string.h>

#include "svc/template.h"
#include "svc/wrapper.h"

/* ---- values ---- */

void wrapper_values_init(struct wrapper_values *vals, const struct wrapper *w)
{
	vals->w = w;
	vals->v = mem_zalloc((w->settings.n + 1) * sizeof(*vals->v));
}

void wrapper_values_release(struct wrapper_values *vals)
{
	for (size_t i = 0; vals->v && i < vals->w->settings.n; i++)
		free(vals->v[i]);
	free(vals->v);
	*vals = (struct wrapper_values){0};
}

const struct wrapper_setting *wrapper_setting(const struct wrapper *w, const char *name)
{
	vec_each(&w->settings, s) {
		if (strcmp(s->name, name) == 0)
			return s;
	}
	return NULL;
}

static int no_setting(const struct wrapper *w, const char *name, struct err *e)
{
	autostr known = STR_INIT, shown = STR_INIT;

	str_add_clean(&shown, name, strnlen(name, 63), false);
	vec_each(&w->settings, s)
		str_addf(&known, " %s", s->name);
	return err_set(e, E_USAGE, "%s has no setting '%s'%s%s", w->app, str_c(&shown),
		known.len ? ": there are" : "", str_c(&known));
}

int wrapper_values_set(struct wrapper_values *vals, const char *name, const char *value,
	struct err *e)
{
	const struct wrapper_setting *s = wrapper_setting(vals->w, name);
	autofree char *canon = NULL;

	if (!s)
		return no_setting(vals->w, name, e);
	if (value && typed_canon(&s->type, value, &canon, e) < 0)
		return err_wrap(e, "%s", name);
	char **at = &vals->v[s - vals->w->settings.v];
	free(*at);
	*at = steal(&canon);
	return 0;
}

const char *wrapper_value(const struct wrapper_values *vals, const char *name)
{
	const struct wrapper_setting *s = wrapper_setting(vals->w, name);
	const char *v = s ? vals->v[s - vals->w->settings.v] : NULL;

	return v ? v : s ? s->def : NULL;
}

bool wrapper_value_holds(const struct wrapper_values *vals, const char *name)
{
	const char *v = wrapper_value(vals, name);

	return v && *v && strcmp(v, "no") != 0;
}

int wrapper_values_complete(const struct wrapper_values *vals, struct err *e)
{
	vec_each(&vals->w->settings, s) {
		if (!wrapper_value(vals, s->name))
			return err_set(e, E_USAGE,
				"%s needs the setting %s: give it with --set %s=VALUE",
				vals->w->app, s->name, s->name);
	}
	return 0;
}

/* ---- rendering ---- */

struct rendering {
	const struct wrapper_values *vals;
	struct strvec *lists; /* one a setting: the items of its value, once asked for */
};

static bool look_up(void *arg, const char *name, struct template_value *out)
{
	struct rendering *r = arg;
	const struct wrapper *w = r->vals->w;
	const struct wrapper_setting *s = wrapper_setting(w, name);
	const char *v = wrapper_value(r->vals, name);

	if (!s || !v)
		return false;
	if (s->type.kind != TYPED_LIST) {
		*out = (struct template_value){.text = v, .truth = *v && strcmp(v, "no") != 0};
		return true;
	}
	struct strvec *items = &r->lists[s - w->settings.v];
	if (!items->n)
		strvec_split(items, v, ",");
	*out = (struct template_value){.list = (const char *const *)items->v,
		.n = items->n,
		.truth = items->n > 0};
	return true;
}

int wrapper_render(const struct wrapper_values *vals, const char *file, const char *text, size_t n,
	struct str *out, struct err *e)
{
	size_t count = vals->w->settings.n;
	autofree struct strvec *lists = mem_zalloc((count + 1) * sizeof(*lists));
	struct rendering r = {vals, lists};
	int rc = template_render(file, text, n, look_up, &r, out, e);

	for (size_t i = 0; i < count; i++)
		strvec_release(&lists[i]);
	return rc;
}
