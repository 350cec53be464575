/* SPDX-License-Identifier: MIT */
/* Operations on applications that are installed: start, stop, restart, status, new settings. */
#include <string.h>

#include "agent/app.h"
#include "agent/ps.h"

#define HEALTHY_TIME 60

static int open_request(struct app_on *o, struct agent *a, const struct msg *req, struct err *e)
{
	const char *ps, *app;
	int r = place_need(req, &ps, e);

	if (r < 0 || (r = msg_need_name(req, "app", &app, e)) < 0 ||
		(r = app_on_open(o, a, ps, app, e)) < 0)
		return r;
	return place_check(ps, e);
}

/* ---- start, stop, restart ---- */

/* A stopped application stays stopped over a restart of its private server. */
static int control(struct app_on *o, const char *op, struct err *e)
{
	bool stop = strcmp(op, "stop") == 0;
	int r;

	if (strcmp(op, "restart") != 0 && (r = app_units(o, stop ? "disable" : "enable", e)) < 0)
		return r;
	if ((r = app_units(o, op, e)) < 0 || stop)
		return r;
	return app_wait_healthy(o, app_patience(o, HEALTHY_TIME), e);
}

AGENT_OP(app_control, "app.control", OP_CHANGE | OP_LOCK_PS)
{
	autoapp o = {0};
	const char *op;
	int r = msg_need_text(req, "op", &op, e);

	(void)ans;
	if (r < 0 || (r = open_request(&o, a, req, e)) < 0)
		return r;
	if (strcmp(op, "start") != 0 && strcmp(op, "stop") != 0 && strcmp(op, "restart") != 0)
		return err_set(e, E_USAGE, "\"op\" must be start, stop or restart");
	return control(&o, op, e);
}

/* ---- status ---- */

static void units_of(const struct wrapper *w, struct str *s)
{
	vec_each(&w->services, v) {
		if (v->unit && app_is_first_of_unit(w, v))
			str_addf(s, "%s%s", s->len ? " " : "", v->unit);
	}
}

static int add_status(struct agent *a, const char *ps, const char *app, struct msg *ans,
	struct err *e)
{
	autoapp o = {0};
	autostr units = STR_INIT;
	struct err why = {0};
	struct msg *m;
	int r = app_on_open(&o, a, ps, app, e);

	if (r < 0)
		return r;
	m = msg_new();
	msg_add_text(m, "app", app);
	msg_add_text(m, "version", o.p->version);
	units_of(&o.p->wrapper, &units);
	msg_add_text(m, "unit", str_c(&units));
	if (!place_is_running(ps)) {
		msg_add_text(m, "health", "stopped");
		msg_add_text(m, "note", "its private server is not running");
	} else if (app_healthy(&o, &why) == 0) {
		msg_add_text(m, "health", "up");
	} else {
		msg_add_text(m, "health", app_is_active(&o) ? "down" : "stopped");
		msg_add_text(m, "note", why.msg);
	}
	msg_add_msg(ans, "instance", m);
	return 0;
}

/* Of one application, or of all on that private server. */
AGENT_OP(app_status, "app.status", OP_READ)
{
	autostrvec names = {0};
	const char *ps, *app = msg_text(req, "app");
	int r = place_need(req, &ps, e);

	if (r < 0)
		return r;
	if (!place_exists(ps))
		return err_set(e, E_NOTFOUND, "no private server named '%s' here", ps);
	if (app) {
		if ((r = msg_need_name(req, "app", &app, e)) < 0)
			return r;
		strvec_push(&names, app);
	} else if ((r = record_names(ps, "apps", &names, e)) < 0) {
		return r;
	}
	for (size_t i = 0; i < names.n && r >= 0; i++)
		r = add_status(a, ps, names.v[i], ans, e);
	return r == E_NOTFOUND && app ? 0 : r; /* left out: the caller sees that it is missing */
}

/* ---- settings ---- */

static struct msg *with_settings(const struct msg *old, const struct msg *req)
{
	static const char *const keep[] = {"app", "version", "digest", "state", "package", "fresh"};
	struct msg *m = msg_new();
	const struct msg *s;

	for (size_t i = 0; i < ARRAY_LEN(keep); i++)
		app_record_copy(m, old, keep[i]);
	for (size_t i = 0; (s = msg_sub_at(req, "setting", i)); i++) {
		struct msg *copy = msg_new();

		msg_add_text(copy, "name", msg_text(s, "name"));
		msg_add_text(copy, "value", msg_text(s, "value"));
		msg_add_msg(m, "setting", copy);
	}
	return m;
}

/* New files in place and taken up; else the old ones come back. */
static int apply(struct app_on *o, struct err *e)
{
	struct err ignored;
	int r = app_configure(o, e);

	if (r < 0 || !app_is_active(o))
		return r;
	r = app_units(o, "reload-or-restart", e);
	if (r == 0)
		r = app_wait_healthy(o, app_patience(o, HEALTHY_TIME), e);
	if (r == 0)
		return 0;
	app_configure_back(o, &ignored);
	app_units(o, "reload-or-restart", &ignored);
	return err_wrap(e, "taken back");
}

static const char *setting_in(const struct msg *m, const char *name)
{
	const struct msg *s;

	for (size_t i = 0; (s = msg_sub_at(m, "setting", i)); i++)
		if (str_eq(msg_text(s, "name"), name))
			return msg_text(s, "value");
	return NULL;
}

/* Asked again, or told to go back to what holds anyway: nothing is touched. */
static bool holds_already(const struct wrapper *w, const struct msg *record, const struct msg *req)
{
	for (size_t i = 0; i < w->settings.n; i++) {
		const char *name = w->settings.v[i].name;

		if (!str_eq(setting_in(record, name), setting_in(req, name)))
			return false;
	}
	return true;
}

/* All settings of the instance, not only those that change: the request is the whole truth. */
AGENT_OP(app_config, "app.config", OP_CHANGE | OP_LOCK_PS)
{
	autoapp now = {0}, next = {0};
	automsg *record = NULL, *changed = NULL;
	struct package *p = NULL;
	int r = open_request(&now, a, req, e);

	(void)ans;
	if (r < 0 || (r = app_record_read(now.ps, now.p->wrapper.app, &record, e)) < 0)
		return r;
	if (holds_already(&now.p->wrapper, record, req))
		return 0;
	if ((r = app_package_open(now.p->digest, &p, e)) < 0 ||
		(r = app_on_init(&next, a, now.ps, p, req, e)) < 0 || (r = apply(&next, e)) < 0)
		return r;
	changed = with_settings(record, req);
	return app_record_write(now.ps, now.p->wrapper.app, changed, e);
}
