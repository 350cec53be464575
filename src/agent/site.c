/* SPDX-License-Identifier: MIT */
/* Sites: what an application does for one domain, by the scripts of its wrapper. */
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "agent/app.h"
#include "agent/ps.h"

#define SITE_ROOT "/var/www"

struct site {
	const char *ps, *app, *name, *user, *title;
	struct strvec env;
};

static void site_release(struct site *s)
{
	strvec_release(&s->env);
}

/* ---- what is sent is checked again ---- */

/* Letter-digit-hyphen labels: RFC 1123, 2.1; lower case. */
static bool is_domain(const char *s)
{
	size_t n = strlen(s);

	if (n > 253 || !strchr(s, '.') || s[strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789-.")])
		return false;
	for (const char *p = s;; p += strcspn(p, ".") + 1) {
		size_t len = strcspn(p, ".");

		if (len == 0 || len > 63 || p[0] == '-' || p[len - 1] == '-')
			return false;
		if (!p[len])
			return true;
	}
}

static bool is_user(const char *s)
{
	return strchr("abcdefghijklmnopqrstuvwxyz", s[0]) && s[0] && strlen(s) <= 31 &&
	       !s[strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789-")];
}

/* It is shown on a page; nothing in it may be markup. */
static bool is_title(const char *s)
{
	for (const char *p = s; *p; p++)
		if ((unsigned char)*p < 0x20 || strchr("<>&\"'`\\$\x7f", *p))
			return false;
	return *s && strlen(s) <= 253;
}

static int site_read(struct site *s, const struct msg *req, struct err *e)
{
	int r;

	if ((r = msg_need_name(req, "name", &s->ps, e)) < 0 ||
		(r = msg_need_name(req, "app", &s->app, e)) < 0 ||
		(r = msg_need_text(req, "site", &s->name, e)) < 0 ||
		(r = msg_need_text(req, "user", &s->user, e)) < 0 ||
		(r = msg_need_text(req, "title", &s->title, e)) < 0)
		return r;
	if (!is_domain(s->name))
		return err_set(e, E_USAGE, "\"site\" is no domain name");
	if (!is_user(s->user))
		return err_set(e, E_USAGE, "\"user\" is no user name");
	if (!is_title(s->title))
		return err_set(e, E_USAGE, "\"title\" cannot be shown");
	return 0;
}

static void add_env(struct site *s, const char *name, const char *value)
{
	autofree char *pair = str_fmt("SXC_SITE_%s=%s", name, value);

	strvec_push(&s->env, pair);
}

static void fill_env(struct site *s)
{
	autofree char *root = str_fmt(SITE_ROOT "/%s", s->name);

	add_env(s, "NAME", s->name);
	add_env(s, "TITLE", s->title);
	add_env(s, "USER", s->user);
	add_env(s, "ROOT", root);
}

static int keep(const struct site *s, const char *state, struct err *e)
{
	automsg *m = msg_new();

	msg_add_text(m, "app", s->app);
	msg_add_text(m, "user", s->user);
	msg_add_text(m, "title", s->title);
	msg_add_text(m, "state", state);
	return site_record_write(s->ps, s->name, m, e);
}

/* ---- operations ---- */

static int run_script(struct agent *a, struct site *s, enum wrapper_script script,
	const char *action, struct err *e)
{
	autoapp o = {0};
	int r = app_on_open(&o, a, s->ps, s->app, e);

	if (r < 0)
		return r;
	if (!ps_is_running(s->ps))
		return err_set(e, E_STATE, "private server %s is not running", s->ps);
	if (!o.p->wrapper.scripts[script])
		return err_set(e, E_STATE, "%s cannot do %s", s->app, action);
	fill_env(s);
	return app_script(&o, script, action, &s->env, e);
}

/* The record comes first: what was begun is never unknown. */
AGENT_OP(site_add, "site.add", OP_CHANGE | OP_LOCK_PS)
{
	autoclean(site_release) struct site s = {0};
	int r = site_read(&s, req, e);

	(void)ans;
	if (r < 0)
		return r;
	if (!ps_exists(s.ps))
		return err_set(e, E_NOTFOUND, "no private server named '%s' here", s.ps);
	if ((r = keep(&s, "adding", e)) < 0 ||
		(r = run_script(a, &s, SCRIPT_SITE_ADD, "site-add", e)) < 0)
		return r;
	return keep(&s, "active", e);
}

AGENT_OP(site_remove, "site.remove", OP_CHANGE | OP_LOCK_PS)
{
	autoclean(site_release) struct site s = {0};
	automsg *record = NULL;
	int r = site_read(&s, req, e);

	(void)ans;
	if (r < 0)
		return r;
	if (!ps_exists(s.ps) || (r = site_record_read(s.ps, s.name, &record, e)) == 0)
		return 0; /* absent is what is wanted */
	if (r < 0)
		return r;
	r = run_script(a, &s, SCRIPT_SITE_REMOVE, "site-remove", e);
	if (r < 0 && r != E_NOTFOUND) /* the application itself is gone: so is the site */
		return r;
	return site_record_remove(s.ps, s.name, e);
}

static int switch_site(struct agent *a, const struct msg *req, enum wrapper_script script,
	const char *action, const char *state, struct err *e)
{
	autoclean(site_release) struct site s = {0};
	int r = site_read(&s, req, e);

	if (r < 0 || (r = run_script(a, &s, script, action, e)) < 0)
		return r;
	return keep(&s, state, e);
}

AGENT_OP(site_suspend, "site.suspend", OP_CHANGE | OP_LOCK_PS)
{
	(void)ans;
	return switch_site(a, req, SCRIPT_SITE_SUSPEND, "site-suspend", "suspended", e);
}

AGENT_OP(site_resume, "site.resume", OP_CHANGE | OP_LOCK_PS)
{
	(void)ans;
	return switch_site(a, req, SCRIPT_SITE_RESUME, "site-resume", "active", e);
}

/* ---- what is there ---- */

static bool has_root(const char *ps, const char *site)
{
	struct open_how how = {.flags = O_PATH | O_DIRECTORY | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS};
	autofree char *path = str_fmt("%s/%s", &SITE_ROOT[1], site);
	autoclose int root = -1, fd = -1;
	struct err ignored;

	if (ps_root_fd(ps, &root, &ignored) < 0)
		return false;
	fd = (int)syscall(SYS_openat2, root, path, &how, sizeof(how));
	return fd >= 0;
}

static int add_site(const char *ps, const char *name, struct msg *ans, struct err *e)
{
	automsg *record = NULL;
	struct msg *m;
	int r = site_record_read(ps, name, &record, e);

	if (r <= 0)
		return r;
	m = msg_new();
	msg_add_text(m, "site", name);
	msg_add_text(m, "app", msg_text(record, "app"));
	msg_add_text(m, "user", msg_text(record, "user"));
	msg_add_text(m, "state", msg_text(record, "state"));
	msg_add_i64(m, "root", has_root(ps, name));
	msg_add_msg(ans, "site", m);
	return 0;
}

/* Each application says by its own checker whether what is live is sound. */
static int add_checks(struct agent *a, const char *ps, struct msg *ans, struct err *e)
{
	autostrvec apps = {0};
	int r = record_names(ps, "apps", &apps, e);

	for (size_t i = 0; i < apps.n && r >= 0; i++) {
		autoapp o = {0};
		struct err why;
		struct msg *m;

		if ((r = app_on_open(&o, a, ps, apps.v[i], e)) < 0 || app_check(&o, &why) == 0)
			continue;
		m = msg_new();
		msg_add_text(m, "app", apps.v[i]);
		msg_add_text(m, "finding", why.msg);
		msg_add_msg(ans, "check", m);
	}
	return r;
}

AGENT_OP(site_list, "site.list", OP_READ)
{
	autostrvec names = {0};
	const char *ps;
	int r = msg_need_name(req, "name", &ps, e);

	if (r < 0)
		return r;
	if (!ps_exists(ps))
		return err_set(e, E_NOTFOUND, "no private server named '%s' here", ps);
	msg_add_i64(ans, "running", ps_is_running(ps));
	if ((r = record_names(ps, "sites", &names, e)) < 0)
		return r;
	for (size_t i = 0; i < names.n && r >= 0; i++)
		r = add_site(ps, names.v[i], ans, e);
	return r < 0 || !ps_is_running(ps) ? r : add_checks(a, ps, ans, e);
}
