/* SPDX-License-Identifier: MIT */
/* Installing on a private server and taking away again. Every step may be run a second time. */
#include <string.h>

#include "agent/app.h"
#include "agent/ps.h"

#define PACKAGES_TIME 900
#define REMOVE_TIME   300
#define HEALTHY_TIME  90
#define POLICY_MARK   "# sxc: nothing is started while packages come in"

/*
 * DIR PACKAGE…: install each .deb of DIR, older and same versions skipped, or where there are
 * none the named packages from the network. What comes in is not started: policy-rc.d(8).
 */
static const char sh_packages[] =
	"set -e; dir=$1; shift; policy=/usr/sbin/policy-rc.d; made=\n"
	"export DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8\n"
	"if ! [ -e $policy ] || grep -qx '" POLICY_MARK "' $policy; then made=1\n"
	"	printf '#!/bin/sh\\n%s\\nexit 101\\n' '" POLICY_MARK
	"' >$policy; chmod 755 $policy; fi\n"
	"trap '[ -z \"$made\" ] || rm -f $policy' EXIT\n"
	"if ls \"$dir\"/*.deb >/dev/null 2>&1; then\n"
	"	dpkg -E -G --force-confdef --force-confold -i \"$dir\"/*.deb\n"
	"else [ $# -eq 0 ] || apt-get -q -y --no-install-recommends \\\n"
	"	-o Dpkg::Options::=--force-confold install -- \"$@\"; fi\n";

/* PURGE PACKAGE…: those that came along and that nothing else needs by now; the rest stays. */
static const char sh_remove[] =
	"export DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8; how=--remove\n"
	"[ \"$1\" = 0 ] || how=--purge; shift; [ $# -gt 0 ] || exit 0\n"
	"dpkg $how \"$@\" && exit 0\n"
	"for p; do dpkg $how \"$p\" >/dev/null 2>&1 || :; done; exit 0\n";

/* WORD…: directories and files go. */
static const char sh_delete[] = "rm -rf --one-file-system -- \"$@\"";

/* ---- the record ---- */

static struct msg *new_record(const struct package *p, const struct msg *req, const char *state)
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

/* What was found out before anything came. */
static void copy_plan(struct msg *to, const struct msg *from)
{
	const char *name;

	for (size_t i = 0; (name = msg_text_at(from, "package", i)); i++)
		msg_add_text(to, "package", name);
	for (size_t i = 0; (name = msg_text_at(from, "fresh", i)); i++)
		msg_add_text(to, "fresh", name);
}

/* ---- packages of the distribution ---- */

/* "packages/debian-12/NAME_VERSION_ARCH.deb" of that platform: the file's name, else NULL. */
static const char *bundled(const char *path, const char *platform)
{
	size_t n = strlen(platform);

	if (!str_starts(path, "packages/") || strncmp(path + 9, platform, n) != 0 ||
		path[9 + n] != '/' || !str_ends(path, ".deb"))
		return NULL;
	return path + 9 + n + 1;
}

static bool have_line(const struct strvec *lines, const char *name)
{
	for (size_t i = 0; i < lines->n; i++)
		if (strcmp(lines->v[i], name) == 0)
			return true;
	return false;
}

static int installed_now(const char *ps, struct strvec *names, struct err *e)
{
	char prog[] = "dpkg-query", opt[] = "-W", form[] = "-f=${db:Status-Status} ${Package}\n";
	char *argv[] = {prog, opt, form, NULL};
	autostrvec lines = {0};
	autostr out = STR_INIT;
	int r = inside_output(ps, argv, 60, &out, e);

	if (r < 0)
		return r;
	strvec_split(&lines, str_c(&out), "\n");
	for (size_t i = 0; i < lines.n; i++)
		if (str_starts(lines.v[i], "installed "))
			strvec_push(names, lines.v[i] + strlen("installed "));
	return 0;
}

/* Which packages will have come with the application: those that are not there yet. */
static int plan_packages(struct app_on *o, const struct wrapper_platform *pl, struct msg *record,
	struct err *e)
{
	autostrvec have = {0};
	int r = installed_now(o->ps, &have, e);

	if (r < 0)
		return r;
	vec_each(&o->p->members, m) {
		const char *file = bundled(m->path, pl->name);
		autofree char *name = file ? mem_strndup(file, strcspn(file, "_")) : NULL;

		if (name && !have_line(&have, name))
			msg_add_text(record, "package", name);
	}
	for (size_t i = 0; !pl->bundle && i < pl->packages.n; i++)
		if (!have_line(&have, pl->packages.v[i]))
			msg_add_text(record, "package", pl->packages.v[i]);
	return 0;
}

/* Which of its data is not there yet: that goes again when the installation fails. */
static int plan_data(struct app_on *o, struct msg *record, struct err *e)
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

/* The wrapper's own files to DIR/wrapper, the platform's packages to DIR/packages. */
static int send_files(struct app_on *o, const struct wrapper_platform *pl, struct err *e)
{
	struct bundle b = {0};
	int r = 0;

	for (size_t i = 0; i < o->p->members.n && r == 0; i++) {
		const struct package_member *m = &o->p->members.v[i];
		const char *file = bundled(m->path, pl->name);
		autostr text = STR_INIT;

		if (!file && str_starts(m->path, "packages/"))
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

static int install_packages(struct app_on *o, const struct wrapper_platform *pl, struct err *e)
{
	autofree char *dir = str_fmt("%s/packages", o->dir);
	autostrvec words = {0};
	int r;

	strvec_push(&words, dir);
	for (size_t i = 0; !pl->bundle && i < pl->packages.n; i++)
		strvec_push(&words, pl->packages.v[i]);
	r = inside_sh(o->ps, sh_packages, (const char *const *)strvec_argv(&words), PACKAGES_TIME,
		e);
	if (r < 0)
		return err_wrap(e, "installing packages");
	const char *const gone[] = {dir, NULL};
	return inside_sh(o->ps, sh_delete, gone, 60, e);
}

/* ---- taking away ---- */

static int remove_packages(struct app_on *o, const struct msg *record, bool purge, struct err *e)
{
	autostrvec words = {0};
	const char *name;

	strvec_push(&words, purge ? "1" : "0");
	for (size_t i = 0; (name = msg_text_at(record, "package", i)); i++)
		strvec_push(&words, name);
	return inside_sh(o->ps, sh_remove, (const char *const *)strvec_argv(&words), REMOVE_TIME,
		e);
}

/* How much goes: ALL_BUT_DATA as if it had never come (data that was there stays), ALL its data. */
enum extent { PROGRAM, ALL_BUT_DATA, ALL };

/* What lies in INSIDE_DIR for it, but for the originals while its own files stay; and its data. */
static int remove_files(struct app_on *o, const struct msg *record, enum extent how, struct err *e)
{
	static const char *const parts[] = {"", ".candidate", ".previous", ".original"};
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
	if ((r = remove_packages(o, record, how != PROGRAM, e)) < 0 ||
		(how != PROGRAM && (r = app_restore_originals(o, e)) < 0))
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

	agent_progress(o->a, "copying files", 0, 0);
	if ((r = send_files(o, pl, e)) < 0)
		return r;
	agent_progress(o->a, "installing packages", 0, 0);
	if ((r = install_packages(o, pl, e)) < 0)
		return r;
	agent_progress(o->a, "configuring", 0, 0);
	if ((r = app_configure(o, e)) < 0 ||
		(r = app_script(o, SCRIPT_INSTALL, "install", NULL, e)) < 0)
		return r;
	agent_progress(o->a, "starting", 0, 0);
	if ((r = app_units(o, "enable", e)) < 0 || (r = app_units(o, "restart", e)) < 0)
		return r;
	return app_wait_healthy(o, HEALTHY_TIME, e);
}

/* Of an installation that was cut short the plan is kept: by then packages may have come in. */
static int begin(struct app_on *o, const struct wrapper_platform *pl, const struct msg *req,
	const struct msg *before, struct msg **record, struct err *e)
{
	automsg *m = new_record(o->p, req, "installing");
	int r = 0;

	if (before)
		copy_plan(m, before);
	else if ((r = plan_packages(o, pl, m, e)) < 0 || (r = plan_data(o, m, e)) < 0 ||
		 (r = app_save_originals(o, e)) < 0)
		return r;
	if ((r = app_record_write(o->ps, o->p->wrapper.app, m, e)) < 0)
		return r;
	*record = steal(&m);
	return 0;
}

static int install(struct app_on *o, const struct msg *req, const struct msg *before, struct err *e)
{
	const struct wrapper_platform *pl;
	autofree char *platform = NULL;
	automsg *record = NULL, *done = NULL;
	int r = inside_platform(o->ps, &platform, e);

	if (r < 0)
		return r;
	if (!(pl = wrapper_platform(&o->p->wrapper, platform)))
		return err_set(e, E_STATE, "%s does not run on %s, which %s is", o->p->wrapper.app,
			platform, o->ps);
	if ((r = begin(o, pl, req, before, &record, e)) < 0)
		return r;
	if ((r = bring_up(o, pl, e)) < 0) {
		undo_install(o, record);
		return r;
	}
	done = new_record(o->p, req, "running");
	copy_plan(done, record);
	return app_record_write(o->ps, o->p->wrapper.app, done, e);
}

static int check_request(const struct msg *req, const char **ps, const char **app, struct err *e)
{
	int r = msg_need_name(req, "name", ps, e);

	if (r < 0 || (r = msg_need_name(req, "app", app, e)) < 0)
		return r;
	if (!ps_exists(*ps))
		return err_set(e, E_NOTFOUND, "no private server named '%s' here", *ps);
	return 0;
}

AGENT_OP(app_install, "app.install", OP_CHANGE | OP_LOCK_PS)
{
	const char *ps, *app, *digest, *signature, *version;
	autoapp o = {0};
	automsg *before = NULL;
	struct package *p = NULL;
	int r;

	(void)ans;
	if ((r = check_request(req, &ps, &app, e)) < 0 ||
		(r = msg_need_text(req, "digest", &digest, e)) < 0 ||
		(r = msg_need_text(req, "version", &version, e)) < 0 ||
		(r = msg_need_text(req, "signature", &signature, e)) < 0)
		return r;
	if (!ps_is_running(ps))
		return err_set(e, E_STATE, "private server %s is not running", ps);
	agent_progress(a, "verifying", 0, 0);
	if ((r = app_package_take(digest, signature, &p, e)) < 0 ||
		(r = app_on_init(&o, a, ps, p, req, e)) < 0)
		return r;
	if (strcmp(p->wrapper.app, app) != 0 || strcmp(p->version, version) != 0)
		return err_set(e, E_INTEGRITY, "package %s is %s %s, not %s %s", digest,
			p->wrapper.app, p->version, app, version);
	if ((r = app_record_read(ps, app, &before, e)) < 0)
		return r;
	if (before && str_eq(msg_text(before, "state"), "running"))
		return str_eq(msg_text(before, "digest"), digest)
		               ? 0
		               : err_set(e, E_EXISTS, "%s %s is installed on %s", app,
					 msg_text(before, "version"), ps);
	return install(&o, req, before, e);
}

AGENT_OP(app_uninstall, "app.uninstall", OP_CHANGE | OP_LOCK_PS)
{
	const char *ps, *app;
	autoapp o = {0};
	automsg *record = NULL;
	int r;

	(void)ans;
	if ((r = msg_need_name(req, "name", &ps, e)) < 0 ||
		(r = msg_need_name(req, "app", &app, e)) < 0)
		return r;
	if (!ps_exists(ps) || (r = app_record_read(ps, app, &record, e)) == 0)
		return 0; /* absent is what is wanted */
	if (r < 0 || (r = app_on_open(&o, a, ps, app, e)) < 0)
		return r;
	if (!ps_is_running(ps))
		return err_set(e, E_STATE, "private server %s is not running", ps);
	if ((r = take_away(&o, record,
		     msg_i64(req, "purge", 0)  ? ALL
		     : msg_i64(req, "undo", 0) ? ALL_BUT_DATA
					       : PROGRAM,
		     e)) < 0)
		return r;
	return app_record_remove(ps, app, e);
}
