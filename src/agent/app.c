/* SPDX-License-Identifier: MIT */
/* One application on one private server: its package, its settings, what scripts are told. */
#include <ctype.h>
#include <string.h>

#include "agent/app.h"
#include "agent/ps.h"

void app_on_release(struct app_on *o)
{
	wrapper_values_release(&o->values);
	strvec_release(&o->env);
	package_free(o->p);
	free(o->dir);
	*o = (struct app_on){0};
}

static int take_settings(struct app_on *o, const struct msg *m, struct err *e)
{
	const struct msg *s;
	int r = 0;

	for (size_t i = 0; r == 0 && (s = msg_sub_at(m, "setting", i)); i++) {
		const char *name, *value;

		if ((r = msg_need_text(s, "name", &name, e)) == 0 &&
			(r = msg_need_text(s, "value", &value, e)) == 0)
			r = wrapper_values_set(&o->values, name, value, e);
	}
	return r < 0 ? r : wrapper_values_complete(&o->values, e);
}

static void add_env(struct strvec *env, const char *name, const char *value)
{
	autofree char *pair = str_fmt("%s=%s", name, value);

	strvec_push(env, pair);
}

/* Secrets stay out of the environment. */
static void fill_env(struct app_on *o)
{
	const struct wrapper *w = &o->p->wrapper;

	add_env(&o->env, "SXC_APP", w->app);
	add_env(&o->env, "SXC_VERSION", o->p->version);
	add_env(&o->env, "SXC_DIR", o->dir);
	add_env(&o->env, "LC_ALL", "C.UTF-8");
	for (size_t i = 0; i < w->settings.n; i++) {
		const struct wrapper_setting *s = &w->settings.v[i];
		autofree char *name = str_fmt("SXC_SETTING_%s", s->name);

		for (char *p = name; *p; p++)
			*p = (char)toupper((unsigned char)*p);
		if (s->type.kind != TYPED_SECRET)
			add_env(&o->env, name, wrapper_value(&o->values, s->name));
	}
}

void app_on_init_plain(struct app_on *o, struct agent *a, const char *ps, struct package *p)
{
	o->a = a;
	o->ps = ps;
	o->p = p;
	o->dir = str_fmt(INSIDE_DIR "/%s", p->wrapper.app);
	wrapper_values_init(&o->values, &p->wrapper);
}

int app_on_init(struct app_on *o, struct agent *a, const char *ps, struct package *p,
	const struct msg *m, struct err *e)
{
	int r;

	app_on_init_plain(o, a, ps, p);
	if ((r = take_settings(o, m, e)) < 0)
		return r;
	fill_env(o);
	return 0;
}

#define SECRET_MIN 4 /* what is shorter would tear words apart, and is none */

static void hide(struct err *e, const char *secret)
{
	size_t n = strlen(secret);
	char *p = e->msg;

	while (n >= SECRET_MIN && (p = strstr(p, secret))) {
		memcpy(p, "***", 3);
		memmove(p + 3, p + n, strlen(p + n) + 1);
		p += 3;
	}
}

int app_hide_secrets(const struct app_on *o, struct err *e)
{
	vec_each(&o->p->wrapper.settings, s) {
		const char *value = wrapper_value(&o->values, s->name);

		if (s->type.kind == TYPED_SECRET && value)
			hide(e, value);
	}
	return e->code;
}

int app_patience(const struct app_on *o, int usual)
{
	return o->p->wrapper.timeout ? (int)o->p->wrapper.timeout : usual;
}

int app_on_open(struct app_on *o, struct agent *a, const char *ps, const char *app, struct err *e)
{
	automsg *m = NULL;
	struct package *p = NULL;
	const char *digest;
	int r = place_exists(ps) ? app_record_read(ps, app, &m, e)
	                         : err_set(e, E_NOTFOUND, "no private server named '%s' here", ps);

	if (r == 0) {
		autofree char *where = place_where(ps);

		return err_set(e, E_NOTFOUND, "%s is not installed %s", app, where);
	}
	if (r < 0 || (r = msg_need_text(m, "digest", &digest, e)) < 0 ||
		(r = app_package_open(digest, &p, e)) < 0)
		return r;
	return app_on_init(o, a, ps, p, m, e);
}
