/* SPDX-License-Identifier: MIT */
/* Is it up? Units by systemctl inside, then what its probe asks (app_probe.c). */
#include <string.h>
#include <time.h>

#include "agent/app.h"
#include "agent/ps.h"

#define UNIT_TIME 120

int app_unit(struct app_on *o, const char *op, const char *unit, struct err *e)
{
	char prog[] = "systemctl", quiet[] = "--quiet";
	autofree char *verb = mem_strdup(op), *name = mem_strdup(unit);
	char *argv[] = {prog, quiet, verb, name, NULL};

	return inside_run(o->ps, argv, NULL, UNIT_TIME, e);
}

bool app_is_first_of_unit(const struct wrapper *w, const struct wrapper_service *s)
{
	for (const struct wrapper_service *t = w->services.v; t < s; t++)
		if (t->unit && strcmp(t->unit, s->unit) == 0)
			return false;
	return true;
}

/* systemd goes by the units that it read, not by those that lie there. */
static int know_units(struct app_on *o, const char *op, struct err *e)
{
	char prog[] = "systemctl", verb[] = "daemon-reload";
	char *argv[] = {prog, verb, NULL};

	if (strcmp(op, "restart") != 0 && strcmp(op, "reload-or-restart") != 0)
		return 0;
	vec_each(&o->p->wrapper.templates, t) {
		if (str_starts(t->to, "/etc/systemd/"))
			return inside_run(o->ps, argv, NULL, UNIT_TIME, e);
	}
	return 0;
}

int app_units(struct app_on *o, const char *op, struct err *e)
{
	const struct wrapper *w = &o->p->wrapper;
	int r = know_units(o, op, e);

	vec_each(&w->services, s) {
		if (r == 0 && s->unit && app_is_first_of_unit(w, s))
			r = app_unit(o, op, s->unit, e);
	}
	return r;
}

bool app_is_active(struct app_on *o)
{
	struct err ignored;
	bool units = false;

	vec_each(&o->p->wrapper.services, s) {
		units |= s->unit != NULL;
		if (s->unit && app_unit(o, "is-active", s->unit, &ignored) == 0)
			return true;
	}
	return !units;
}

/* ---- a look ---- */

static int service_healthy(struct app_on *o, const struct wrapper_service *s, struct err *e)
{
	if (s->when && !wrapper_value_holds(&o->values, s->when))
		return 0;
	if (s->unit && app_unit(o, "is-active", s->unit, e) < 0)
		return err_set(e, E_FAIL, "%s is not active", s->unit);
	if (app_probe(o->ps, s, e) == 0)
		return 0;
	return s->unit ? err_wrap(e, "%s", s->unit) : e->code;
}

int app_healthy(struct app_on *o, struct err *e)
{
	int r = 0;

	for (size_t i = 0; i < o->p->wrapper.services.n && r == 0; i++)
		r = service_healthy(o, &o->p->wrapper.services.v[i], e);
	return r;
}

int app_wait_healthy(struct app_on *o, int seconds, struct err *e)
{
	int64_t end = now_ms() + seconds * 1000LL;
	int r;

	while ((r = app_healthy(o, e)) < 0 && now_ms() < end) {
		struct timespec pause = {.tv_sec = 1};

		nanosleep(&pause, NULL);
	}
	return r < 0 ? err_wrap(e, "%s did not come up", o->p->wrapper.app) : 0;
}
