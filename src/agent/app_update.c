/* SPDX-License-Identifier: MIT */
/*
 * Another version in the place of the one that is there. Data and configuration are saved first;
 * what does not come up healthy gives way to the old version again. The record says from the
 * beginning what is under way, so that an update that was cut short is taken back by the next run.
 */
#include <string.h>

#include "agent/app.h"
#include "agent/ps.h"

#define SAVE_TIME    1800
#define STEP_TIME    60
#define HEALTHY_TIME 90

/* DIR PATH…: keep each path as DIR/0, DIR/1 …; one that is not there leaves nothing. */
static const char sh_save[] = SH_PRIVATE_DIR
	"i=0; trap 'rm -rf -- \"$dir.new\"' EXIT\n"
	"rm -rf -- \"$dir.new\"; mkdir -p -- \"$dir.new\"\n"
	"for p; do\n"
	"	if [ -e \"$p\" ] || [ -L \"$p\" ]; then\n"
	"		cp -a -x --reflink=auto -T -- \"$p\" \"$dir.new/$i\"; fi\n"
	"	i=$((i + 1))\n"
	"done\n"
	"mv -T -- \"$dir.new\" \"$dir\"\n";

/*
 * DIR PATH…: each path as it was kept; what was not there goes. Directories stay the ones they are:
 * something may be mounted on them or below.
 */
static const char sh_put_back[] =
	"set -e; dir=$1; shift; i=0\n"
	"for p; do\n"
	"	from=$dir/$i\n"
	"	if [ -d \"$from\" ] && ! [ -L \"$from\" ]; then\n"
	"		if [ -L \"$p\" ] || ! [ -d \"$p\" ]; then rm -f -- \"$p\"; mkdir -p -- \"$p\"; fi\n"
	"		find \"$p\" -xdev -mindepth 1 -delete || :\n"
	"		cp -a -x --reflink=auto -T -- \"$from\" \"$p\"\n"
	"	elif [ -e \"$from\" ] || [ -L \"$from\" ]; then\n"
	"		mkdir -p -- \"${p%/*}\"; rm -rf --one-file-system -- \"$p\"\n"
	"		cp -a -T -- \"$from\" \"$p\"\n"
	"	else rm -rf --one-file-system -- \"$p\"; fi\n"
	"	i=$((i + 1))\n"
	"done\n";

static const char sh_delete[] = "rm -rf --one-file-system -- \"$@\"";

/* ---- what is saved ---- */

/* Data and targets of the templates of both versions, the same list at any time. */
static void add_paths(const struct wrapper *w, struct strvec *words)
{
	for (size_t i = 0; i < w->data.n; i++)
		strvec_push(words, w->data.v[i]);
	vec_each(&w->templates, t)
		strvec_push(words, t->to);
}

static int with_saved(struct app_on *old, struct app_on *next, const char *text, struct err *e)
{
	autofree char *dir = str_fmt("%s.saved", old->dir);
	autostrvec words = {0};

	strvec_push(&words, dir);
	add_paths(&old->p->wrapper, &words);
	add_paths(&next->p->wrapper, &words);
	return inside_sh(old->ps, text, (const char *const *)strvec_argv(&words), SAVE_TIME, e);
}

static int drop_saved(struct app_on *o, struct err *e)
{
	autofree char *dir = str_fmt("%s.saved", o->dir);
	const char *const words[] = {dir, NULL};

	return inside_sh(o->ps, sh_delete, words, SAVE_TIME, e);
}

/* Before everything is saved nothing has changed. */
static int was_saved(struct app_on *o, bool *saved, struct err *e)
{
	char sh[] = "/bin/sh", c[] = "-c", me[] = "sxc",
	     text[] = "if [ -d \"$1\" ]; then echo yes; fi";
	autofree char *dir = str_fmt("%s.saved", o->dir);
	char *argv[] = {sh, c, text, me, dir, NULL};
	autostr out = STR_INIT;
	int r = inside_output(o->ps, argv, STEP_TIME, &out, e);

	*saved = out.len > 0;
	return r;
}

static int daemon_reload(struct app_on *o, struct err *e)
{
	char prog[] = "systemctl", verb[] = "daemon-reload";
	char *argv[] = {prog, verb, NULL};

	return inside_run(o->ps, argv, NULL, STEP_TIME, e);
}

/* Units of the one that the other does not have end with it. */
static void retire_units(struct app_on *o, const struct wrapper *other)
{
	struct err ignored;

	vec_each(&o->p->wrapper.services, s) {
		bool stays = !s->unit;

		vec_each(&other->services, t)
			stays = stays || (t->unit && strcmp(s->unit, t->unit) == 0);
		if (!stays) {
			app_unit(o, "disable", s->unit, &ignored);
			app_unit(o, "stop", s->unit, &ignored);
		}
	}
}

/* ---- going back ---- */

struct change {
	struct app_on *old, *next;
	const struct wrapper_platform *pl; /* of the old version */
	const struct msg *record;
};

/* Of the old version's packages those that were there in just that version. */
static bool was_there(void *arg, const char *file)
{
	const struct change *c = arg;
	const char *pair;

	for (size_t i = 0; (pair = msg_text_at(c->record, "was", i)); i++)
		if (app_deb_is(file, pair))
			return true;
	return false;
}

static int packages_back(struct change *c, struct err *e)
{
	autostrvec names = {0};
	const char *pair;
	int r;

	for (size_t i = 0; !c->pl->bundle && (pair = msg_text_at(c->record, "was", i)); i++)
		strvec_push(&names, pair);
	if ((r = app_send_files(c->old, c->pl, was_there, c, e)) < 0 ||
		(r = app_install_packages(c->old, &names, true, e)) < 0)
		return r;
	return app_remove_packages(c->old, c->record, "arriving", true, e);
}

/* It runs again if it ran before. */
static int up_again(struct change *c, struct err *e)
{
	struct app_on *o = c->old;
	int r;

	if ((r = daemon_reload(o, e)) < 0 || msg_i64(c->record, "stopped", 0))
		return r;
	if ((r = app_units(o, "enable", e)) < 0 || (r = app_units(o, "restart", e)) < 0 ||
		!msg_i64(c->record, "up", 0))
		return r;
	return app_wait_healthy(o, app_patience(o, HEALTHY_TIME), e);
}

static void settle_record(struct msg *to, const struct msg *from)
{
	app_record_copy(to, from, "package");
	app_record_copy(to, from, "fresh");
}

/* The old version's record again, in the state it had. */
static int write_old(struct change *c, struct err *e)
{
	automsg *m = app_record_new(c->old->p, c->record, "running");

	settle_record(m, c->record);
	return app_record_write(c->old->ps, c->old->p->wrapper.app, m, e);
}

static int undo_changes(struct change *c, struct err *e)
{
	struct err ignored;
	int r;

	app_units(c->next, "stop", &ignored);
	app_units(c->old, "stop", &ignored);
	retire_units(c->next, &c->old->p->wrapper);
	if ((r = packages_back(c, e)) < 0)
		return r;
	return with_saved(c->old, c->next, sh_put_back, e);
}

static int go_back(struct change *c, struct err *e)
{
	struct err ignored;
	bool saved = false;
	int r;

	agent_progress(c->old->a, "going back", 0, 0);
	if ((r = was_saved(c->old, &saved, e)) < 0 || (saved && (r = undo_changes(c, e)) < 0) ||
		(r = up_again(c, e)) < 0 || (r = write_old(c, e)) < 0)
		return err_wrap(e, "going back to %s", c->old->p->version);
	drop_saved(c->old, &ignored);
	return r;
}

/* Take back an update that was cut short: everything it needs is in the record. */
static int take_back(struct agent *a, const char *ps, const struct msg *record, struct err *e)
{
	autoapp old = {0}, next = {0};
	struct change c = {&old, &next, NULL, record};
	struct package *p = NULL;
	const char *digest;
	int r;

	if ((r = msg_need_text(record, "next", &digest, e)) < 0 ||
		(r = app_on_open(&old, a, ps, msg_text(record, "app"), e)) < 0 ||
		(r = app_platform(&old, &c.pl, e)) < 0 || (r = app_package_open(digest, &p, e)) < 0)
		return r;
	app_on_init_plain(&next, a, ps, p);
	return go_back(&c, e);
}

/* ---- forward ---- */

static int bring_up(struct change *c, bool older, struct err *e)
{
	struct app_on *o = c->next;
	enum wrapper_script script = o->p->wrapper.scripts[SCRIPT_UPDATE] ? SCRIPT_UPDATE
	                                                                  : SCRIPT_INSTALL;
	const struct wrapper_platform *pl;
	autostrvec env = {0};
	int r;

	if ((r = app_platform(o, &pl, e)) < 0 || (r = app_save_originals(o, e)) < 0 ||
		(r = app_bring_files(o, pl, older, e)) < 0)
		return r;
	agent_progress(o->a, "configuring", 0, 0);
	autofree char *from = str_fmt("SXC_VERSION_BEFORE=%s", c->old->p->version);
	strvec_push(&env, from);
	if ((r = app_configure(o, e)) < 0 || (r = app_script(o, script, "update", &env, e)) < 0 ||
		(r = daemon_reload(o, e)) < 0)
		return r;
	retire_units(c->old, &o->p->wrapper);
	if (msg_i64(c->record, "stopped", 0))
		return 0;
	agent_progress(o->a, "starting", 0, 0);
	if ((r = app_units(o, "enable", e)) < 0 || (r = app_units(o, "restart", e)) < 0)
		return r;
	return app_wait_healthy(o, app_patience(o, HEALTHY_TIME), e);
}

/* The record that says what is under way. */
static int begin(struct app_on *old, struct app_on *next, const struct msg *before,
	const struct msg *req, struct msg **record, struct err *e)
{
	const struct wrapper_platform *pl;
	automsg *m = app_record_new(old->p, before, "updating");
	int r;

	settle_record(m, before);
	msg_add_text(m, "next", next->p->digest);
	msg_add_i64(m, "up", app_is_active(old));
	msg_add_i64(m, "stopped", msg_i64(req, "stopped", 0) != 0);
	if ((r = app_platform(next, &pl, e)) < 0 || (r = drop_saved(old, e)) < 0 ||
		(r = app_plan_packages(next, pl, m, "arriving", e)) < 0 ||
		(r = app_record_write(old->ps, old->p->wrapper.app, m, e)) < 0)
		return r;
	*record = steal(&m);
	return 0;
}

static int save(struct change *c, struct err *e)
{
	struct err ignored;
	int r;

	agent_progress(c->old->a, "saving its data", 0, 0);
	app_units(c->old, "stop", &ignored); /* what is down already is at rest too */
	if ((r = with_saved(c->old, c->next, sh_save, e)) < 0)
		return err_wrap(e, "saving its data");
	return r;
}

static int write_new(struct change *c, const struct msg *req, struct err *e)
{
	automsg *m = app_record_new(c->next->p, req, "running");
	const char *name;

	settle_record(m, c->record);
	for (size_t i = 0; (name = msg_text_at(c->record, "arriving", i)); i++)
		msg_add_text(m, "package", name);
	return app_record_write(c->next->ps, c->next->p->wrapper.app, m, e);
}

static int forward(struct change *c, const struct msg *req, struct err *e)
{
	struct err ignored, back;
	int r;

	if ((r = save(c, e)) == 0)
		r = bring_up(c, msg_i64(req, "older", 0) != 0, e);
	if (r == 0)
		r = write_new(c, req, e);
	if (r < 0) {
		struct err why = *e;

		if (go_back(c, &back) < 0)
			return err_set(e, r, "%.500s; then %.500s", why.msg, back.msg);
		return err_set(e, r, "%.900s (%s is back)", why.msg, c->old->p->version);
	}
	app_restore_originals(c->old, &c->next->p->wrapper, &ignored);
	drop_saved(c->old, &ignored);
	app_sweep();
	return 0;
}

static int update(struct agent *a, struct app_on *next, const struct msg *before,
	const struct msg *req, struct err *e)
{
	autoapp old = {0};
	automsg *record = NULL;
	struct change c = {&old, next, NULL, NULL};
	int r;

	if ((r = app_on_open(&old, a, next->ps, next->p->wrapper.app, e)) < 0 ||
		(r = app_platform(&old, &c.pl, e)) < 0 ||
		(r = begin(&old, next, before, req, &record, e)) < 0)
		return r;
	c.record = record;
	return forward(&c, req, e);
}

static int record_of(const struct app_on *o, struct msg **m, struct err *e)
{
	int r = app_record_read(o->ps, o->p->wrapper.app, m, e);

	return r == 0 ? err_set(e, E_NOTFOUND, "%s is not installed on %s", o->p->wrapper.app,
				o->ps)
	              : r;
}

AGENT_OP(app_update, "app.update", OP_CHANGE | OP_LOCK_PS)
{
	autoapp next = {0};
	automsg *record = NULL;
	int r = app_on_take(&next, a, req, e);

	(void)ans;
	if (r < 0 || (r = record_of(&next, &record, e)) < 0)
		return r;
	if (str_eq(msg_text(record, "state"), "updating")) {
		if ((r = take_back(a, next.ps, record, e)) < 0)
			return r;
		msg_free(steal(&record));
		if ((r = record_of(&next, &record, e)) < 0)
			return r;
	}
	if (str_eq(msg_text(record, "digest"), next.p->digest))
		return 0;
	return update(a, &next, record, req, e);
}

/* What an update left half-done is taken back; without one there is nothing to do. version: the one
 * that is there then. */
AGENT_OP(app_back, "app.back", OP_CHANGE | OP_LOCK_PS)
{
	automsg *record = NULL;
	const char *ps, *app;
	int r;

	if ((r = place_need(req, &ps, e)) < 0 || (r = msg_need_name(req, "app", &app, e)) < 0)
		return r;
	if (!place_exists(ps) || (r = app_record_read(ps, app, &record, e)) == 0)
		return 0;
	if (r < 0)
		return r;
	msg_add_text(ans, "version", msg_text(record, "version"));
	if (!str_eq(msg_text(record, "state"), "updating"))
		return 0;
	if ((r = place_check(ps, e)) < 0)
		return r;
	return take_back(a, ps, record, e);
}
