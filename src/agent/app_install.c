/* SPDX-License-Identifier: MIT */
/* Installing on a private server and taking away again. Every step may be run a second time. */
#include <string.h>

#include "agent/app.h"
#include "agent/ps.h"

#define REMOVE_TIME  300
#define HEALTHY_TIME 90

/* WORD…: directories and files go. */
static const char sh_delete[] = "rm -rf --one-file-system -- \"$@\" && "
				"{ rmdir " INSIDE_DIR " 2>/dev/null || :; }";

/* ---- the record ---- */

struct msg *app_record_new(const struct package *p, const struct msg *req, const char *state)
{
	struct msg *m = msg_new();
	const struct msg *s;

	msg_add_text(m, "app", p->wrapper.app);
	msg_add_text(m, "version", p->version);
	msg_add_text(m, "digest", p->digest);
	msg_add_text(m, "state", state);
	for (size_t i = 0; (s = msg_sub_at(req, "setting", i)); i++) {
		struct msg *copy = msg_new();

		msg_add_text(copy, "name", msg_text(s, "name"));
		msg_add_text(copy, "value", msg_text(s, "value"));
		msg_add_msg(m, "setting", copy);
	}
	return m;
}

void app_record_copy(struct msg *to, const struct msg *from, const char *field)
{
	const char *text;

	for (size_t i = 0; (text = msg_text_at(from, field, i)); i++)
		msg_add_text(to, field, text);
}

/* What was found out before anything came. */
static void copy_plan(struct msg *to, const struct msg *from)
{
	app_record_copy(to, from, "package");
	app_record_copy(to, from, "fresh");
}

/* ---- data and files ---- */

static bool have_line(const struct strvec *lines, const char *name)
{
	for (size_t i = 0; i < lines->n; i++)
		if (strcmp(lines->v[i], name) == 0)
			return true;
	return false;
}

/* Which of its data is not there yet: that goes again when the installation fails. */
int app_plan_data(struct app_on *o, struct msg *record, struct err *e)
{
	static char text[] = "for p; do [ -e \"$p\" ] || printf '%s\\n' \"$p\"; done";
	const struct words *data = &o->p->wrapper.data;
	autostrvec argv = {0}, absent = {0};
	autostr out = STR_INIT;
	int r;

	strvec_push(&argv, "/bin/sh");
	strvec_push(&argv, "-c");
	strvec_push(&argv, text);
	strvec_push(&argv, "sxc");
	for (size_t i = 0; i < data->n; i++)
		strvec_push(&argv, data->v[i]);
	if ((r = inside_output(o->ps, strvec_argv(&argv), 60, &out, e)) < 0)
		return r;
	strvec_split(&absent, str_c(&out), "\n");
	for (size_t i = 0; i < data->n; i++)
		if (have_line(&absent, data->v[i]))
			msg_add_text(record, "fresh", data->v[i]);
	return 0;
}

int app_send_files(struct app_on *o, const struct wrapper_platform *pl,
	bool (*wanted)(void *arg, const char *file), void *arg, struct err *e)
{
	struct bundle b = {0};
	autostrvec there = {0};
	int r = app_debs_there(o->ps, &there, e);

	for (size_t i = 0; i < o->p->members.n && r == 0; i++) {
		const struct package_member *m = &o->p->members.v[i];
		const char *file = app_bundled(m->path, pl->name);
		autostr text = STR_INIT;

		if (file ? (wanted && !wanted(arg, file)) || app_deb_among(file, &there)
			 : str_starts(m->path, "packages/"))
			continue;
		autofree char *to = str_fmt("%s/%s", file ? "packages" : "wrapper",
			file ? file : m->path);
		if ((r = app_package_file(o->p, m->path, &text, e)) == 0)
			r = bundle_add(&b, to, m->mode, str_c(&text), text.len, e);
	}
	if (r == 0)
		r = bundle_send(&b, o->ps, o->dir, e);
	str_release(&b.tar);
	return r;
}

/* What is fetched from the network where it does not travel inside. */
static void add_names(const struct wrapper_platform *pl, struct strvec *names)
{
	for (size_t i = 0; !pl->bundle && i < pl->packages.n; i++)
		strvec_push(names, pl->packages.v[i]);
}

int app_bring_files(struct app_on *o, const struct wrapper_platform *pl, bool older, struct err *e)
{
	autostrvec names = {0};
	int r;

	agent_progress(o->a, "copying files", 0, 0);
	if ((r = app_send_files(o, pl, NULL, NULL, e)) < 0)
		return r;
	agent_progress(o->a, "installing packages", 0, 0);
	add_names(pl, &names);
	return app_install_packages(o, &names, older, e);
}

/* ---- taking away ---- */

/* How much goes: ALL_BUT_DATA as if it had never come (data that was there stays), ALL its data. */
enum extent { PROGRAM, ALL_BUT_DATA, ALL };

/* What lies in INSIDE_DIR for it, but for the originals while its own files stay; and its data. */
static int remove_files(struct app_on *o, const struct msg *record, enum extent how, struct err *e)
{
	static const char *const parts[] = {"", ".candidate", ".previous", ".saved", ".original"};
	size_t n = how == PROGRAM ? ARRAY_LEN(parts) - 1 : ARRAY_LEN(parts);
	autostrvec words = {0};
	const char *fresh;

	for (size_t i = 0; i < n; i++) {
		autofree char *path = str_fmt("%s%s", o->dir, parts[i]);

		strvec_push(&words, path);
	}
	for (size_t i = 0; how == ALL && i < o->p->wrapper.data.n; i++)
		strvec_push(&words, o->p->wrapper.data.v[i]);
	for (size_t i = 0; how == ALL_BUT_DATA && (fresh = msg_text_at(record, "fresh", i)); i++)
		strvec_push(&words, fresh);
	return inside_sh(o->ps, sh_delete, (const char *const *)strvec_argv(&words), REMOVE_TIME,
		e);
}

static int take_away(struct app_on *o, const struct msg *record, enum extent how, struct err *e)
{
	struct err ignored;
	int r;

	app_units(o, "disable", &ignored); /* a unit that is broken or gone is no reason to stay */
	app_units(o, "stop", &ignored);
	app_script(o, SCRIPT_REMOVE, "remove", NULL, &ignored);
	if ((r = app_remove_packages(o, record, "package", how != PROGRAM, e)) < 0 ||
		(how != PROGRAM && (r = app_restore_originals(o, NULL, e)) < 0))
		return r;
	return remove_files(o, record, how, e);
}

/* An installation that failed leaves nothing; data that was there before is not its own. */
static void undo_install(struct app_on *o, const struct msg *record)
{
	struct err ignored;

	agent_progress(o->a, "undoing", 0, 0);
	if (take_away(o, record, ALL_BUT_DATA, &ignored) == 0)
		app_record_remove(o->ps, o->p->wrapper.app, &ignored);
}

/* ---- installing ---- */

static int bring_up(struct app_on *o, const struct wrapper_platform *pl, struct err *e)
{
	int r;

	if ((r = app_bring_files(o, pl, false, e)) < 0)
		return r;
	agent_progress(o->a, "configuring", 0, 0);
	if ((r = app_configure(o, e)) < 0 ||
		(r = app_script(o, SCRIPT_INSTALL, "install", NULL, e)) < 0)
		return r;
	agent_progress(o->a, "starting", 0, 0);
	if ((r = app_units(o, "enable", e)) < 0 || (r = app_units(o, "restart", e)) < 0)
		return r;
	return app_wait_healthy(o, app_patience(o, HEALTHY_TIME), e);
}

/* Of an installation that was cut short the plan is kept: by then packages may have come in. */
static int begin(struct app_on *o, const struct wrapper_platform *pl, const struct msg *req,
	const struct msg *before, struct msg **record, struct err *e)
{
	automsg *m = app_record_new(o->p, req, "installing");
	int r = 0;

	if (before)
		copy_plan(m, before);
	else if ((r = app_plan_packages(o, pl, m, "package", e)) < 0 ||
		 (r = app_plan_data(o, m, e)) < 0 || (r = app_save_originals(o, e)) < 0)
		return r;
	if ((r = app_record_write(o->ps, o->p->wrapper.app, m, e)) < 0)
		return r;
	*record = steal(&m);
	return 0;
}

int app_platform(struct app_on *o, const struct wrapper_platform **pl, struct err *e)
{
	autofree char *platform = NULL;
	int r = inside_platform(o->ps, &platform, e);

	if (r < 0)
		return r;
	if ((*pl = wrapper_platform(&o->p->wrapper, platform)))
		return 0;
	return err_set(e, E_STATE, "%s does not run on %s, which %s is", o->p->wrapper.app,
		platform, o->ps);
}

static int install(struct app_on *o, const struct msg *req, const struct msg *before, struct err *e)
{
	const struct wrapper_platform *pl;
	automsg *record = NULL, *done = NULL;
	int r = app_platform(o, &pl, e);

	if (r < 0 || (r = begin(o, pl, req, before, &record, e)) < 0)
		return r;
	if ((r = bring_up(o, pl, e)) < 0) {
		undo_install(o, record);
		return r;
	}
	done = app_record_new(o->p, req, "running");
	copy_plan(done, record);
	return app_record_write(o->ps, o->p->wrapper.app, done, e);
}

int app_on_take(struct app_on *o, struct agent *a, const struct msg *req, struct err *e)
{
	const char *ps, *app, *digest, *signature, *version;
	struct package *p = NULL;
	int r;

	if ((r = place_need(req, &ps, e)) < 0 || (r = msg_need_name(req, "app", &app, e)) < 0 ||
		(r = msg_need_text(req, "digest", &digest, e)) < 0 ||
		(r = msg_need_text(req, "version", &version, e)) < 0 ||
		(r = msg_need_text(req, "signature", &signature, e)) < 0)
		return r;
	if ((r = place_check(ps, e)) < 0)
		return r;
	agent_progress(a, "verifying", 0, 0);
	if ((r = app_package_take(digest, signature, &p, e)) < 0 ||
		(r = app_on_init(o, a, ps, p, req, e)) < 0)
		return r;
	if (strcmp(p->wrapper.app, app) != 0 || strcmp(p->version, version) != 0)
		return err_set(e, E_INTEGRITY, "package %s is %s %s, not %s %s", digest,
			p->wrapper.app, p->version, app, version);
	return 0;
}

AGENT_OP(app_install, "app.install", OP_CHANGE | OP_LOCK_PS)
{
	autoapp o = {0};
	automsg *before = NULL;
	int r = app_on_take(&o, a, req, e);

	(void)ans;
	if (r < 0 || (r = app_record_read(o.ps, o.p->wrapper.app, &before, e)) < 0)
		return r;
	if (before && !str_eq(msg_text(before, "state"), "installing"))
		return str_eq(msg_text(before, "digest"), o.p->digest)
		               ? 0
		               : err_set(e, E_EXISTS, "%s %s is installed on %s", o.p->wrapper.app,
					 msg_text(before, "version"), o.ps);
	return install(&o, req, before, e);
}

AGENT_OP(app_uninstall, "app.uninstall", OP_CHANGE | OP_LOCK_PS)
{
	const char *ps, *app;
	autoapp o = {0};
	automsg *record = NULL;
	int r;

	(void)ans;
	if ((r = place_need(req, &ps, e)) < 0 || (r = msg_need_name(req, "app", &app, e)) < 0)
		return r;
	if (!place_exists(ps) || (r = app_record_read(ps, app, &record, e)) == 0)
		return 0; /* absent is what is wanted */
	if (r < 0 || (r = app_on_open(&o, a, ps, app, e)) < 0)
		return r;
	if ((r = place_check(ps, e)) < 0)
		return r;
	if ((r = take_away(&o, record,
		     msg_i64(req, "purge", 0)  ? ALL
		     : msg_i64(req, "undo", 0) ? ALL_BUT_DATA
					       : PROGRAM,
		     e)) < 0)
		return r;
	if ((r = app_record_remove(ps, app, e)) == 0)
		app_sweep();
	return r;
}
