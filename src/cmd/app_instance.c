/* SPDX-License-Identifier: MIT */
/* sxc app: applications on private servers. */
#include "biz/app.h"

#include <string.h>

#include "cmd/cmd.h"
#include "cmd/out.h"
#include "util/slurp.h"
#include "util/str.h"

#define SETTING_MAX 65536

static const struct column columns[] = {
	COL(struct instance_row, app, COL_TEXT, "the application"),
	COL(struct instance_row, version, COL_TEXT, "of its package"),
	COL(struct instance_row, ps, COL_TEXT, "the private server it is on"),
	COL(struct instance_row, server, COL_TEXT, "the server that one lives on"),
	COL(struct instance_row, state, COL_TEXT, "installing, running, stopped, removing"),
	COL(struct instance_row, account, COL_TEXT, "whose it is"),
	COL_X(struct instance_row, error, COL_TEXT, "why it failed"),
	COL(struct instance_row, created, COL_TIME, "since when"),
	COL_END,
};
static const struct column status_columns[] = {
	COL(struct instance_status_row, app, COL_TEXT, "the application"),
	COL(struct instance_status_row, ps, COL_TEXT, "the private server it is on"),
	COL(struct instance_status_row, version, COL_TEXT, "that is there"),
	COL(struct instance_status_row, state, COL_TEXT, "in the books"),
	COL(struct instance_status_row, health, COL_TEXT, "up, down, stopped, missing, unknown"),
	COL(struct instance_status_row, unit, COL_LIST, "its services"),
	COL(struct instance_status_row, note, COL_TEXT, "what is not well"),
	COL_END,
};
static const struct column setting_columns[] = {
	COL(struct app_setting_row, setting, COL_TEXT, "its name"),
	COL(struct app_setting_row, value, COL_TEXT, "what holds there; secrets are not shown"),
	COL(struct app_setting_row, type, COL_TEXT, "integer, size, duration, boolean, string …"),
	COL(struct app_setting_row, help, COL_TEXT, "what it does"),
	COL_END,
};

static const struct arg args_install[] = {{"APP[=VERSION]", ENT_APP, ARG_ONE},
	{"TARGET", ENT_TARGET, ARG_MANY}, ARG_END};
static const struct arg args_on[] = {{"APP", ENT_APP, ARG_ONE}, {"TARGET", ENT_TARGET, ARG_MANY},
	ARG_END};
static const struct arg args_status[] = {{"APP", ENT_APP, ARG_OPTIONAL},
	{"TARGET", ENT_TARGET, ARG_OPTIONAL}, ARG_END};
static const struct arg args_target[] = {{"TARGET", ENT_TARGET, ARG_OPTIONAL}, ARG_END};
static const struct arg args_config[] = {{"APP", ENT_APP, ARG_ONE}, {"NAME", ENT_PS, ARG_ONE},
	{"SETTING", ENT_NONE, ARG_ANY}, ARG_END};
static const struct arg args_set[] = {{"APP", ENT_APP, ARG_ONE}, {"NAME", ENT_PS, ARG_ONE},
	{"SETTING=VALUE", ENT_NONE, ARG_ANY}, ARG_END};
static const struct arg args_unset[] = {{"APP", ENT_APP, ARG_ONE}, {"NAME", ENT_PS, ARG_ONE},
	{"SETTING", ENT_NONE, ARG_MANY}, ARG_END};

/* ---- settings from the command line ---- */

struct given {
	struct app_settings settings; /* borrows from texts */
	struct strvec texts;
};

static void given_release(struct given *g)
{
	vec_release(&g->settings);
	for (size_t i = 0; i < g->texts.n; i++) /* some are secrets */
		mem_wipe(g->texts.v[i], strlen(g->texts.v[i]));
	strvec_release(&g->texts);
}

static void give(struct given *g, const char *name, const char *value)
{
	struct app_setting s = {0};

	strvec_push(&g->texts, name);
	s.name = g->texts.v[g->texts.n - 1];
	if (value) {
		strvec_push(&g->texts, value);
		s.value = g->texts.v[g->texts.n - 1];
	}
	vec_push(&g->settings, s);
}

struct secret {
	const char *name;
	bool found;
};

static int look_for_secret(void *arg, const void *row, struct err *e)
{
	const struct app_setting_row *s = row;
	struct secret *secret = arg;

	(void)e;
	if (strcmp(s->type, "secret") == 0 && strcmp(s->setting, secret->name) == 0)
		secret->found = true;
	return 0;
}

/* Arguments are seen by everyone on this machine. */
static int refuse_secret(struct call *c, const char *app, const char *name, struct err *e)
{
	struct secret s = {.name = name};
	int r = app_settings(c->sxc, app, look_for_secret, &s, e);

	if (r < 0 || !s.found)
		return r;
	return err_set(e, E_USAGE, "%s is a secret: give it in a file, with --set-file %s=FILE",
		name, name);
}

static int split_pair(const char *pair, char **name, const char **value, struct err *e)
{
	const char *eq = strchr(pair, '=');

	if (!eq || eq == pair)
		return err_set(e, E_USAGE, "'%.60s' is not SETTING=VALUE", pair);
	*name = mem_strndup(pair, (size_t)(eq - pair));
	*value = eq + 1;
	return 0;
}

static int add_pair(struct call *c, const char *app, const char *pair, struct given *out,
	struct err *e)
{
	autofree char *name = NULL;
	const char *value;
	int r;

	if ((r = split_pair(pair, &name, &value, e)) < 0 ||
		(r = refuse_secret(c, app, name, e)) < 0)
		return r;
	give(out, name, value);
	return 0;
}

/* SETTING=FILE: the first line of the file. */
static int add_file(const char *pair, struct given *out, struct err *e)
{
	autofree char *name = NULL;
	autostr text = STR_INIT;
	const char *path;
	int r;

	if ((r = split_pair(pair, &name, &path, e)) < 0 ||
		(r = slurp(path, SETTING_MAX, &text, e)) < 0)
		return r;
	if (text.len && text.p[text.len - 1] == '\n')
		text.p[--text.len] = '\0';
	if (memchr(str_c(&text), '\0', text.len))
		return err_set(e, E_USAGE, "%s: the value holds a NUL byte", name);
	give(out, name, str_c(&text));
	if (text.p)
		mem_wipe(text.p, text.len);
	return 0;
}

/* ---- several targets ---- */

struct each {
	struct call *c;
	int (*fn)(struct call *c, const char *app, const char *ps, void *arg, struct err *e);
	void *arg;
	const char *done, *would; /* "nginx on web1 DONE", "would WOULD nginx on web1" */
};

static int one(struct each *w, const char *app, const char *ps, struct err *e)
{
	struct call *c = w->c;
	int r = w->fn(c, app, ps, w->arg, e);

	if (r < 0)
		return r;
	if (c->sxc->dry_run)
		out_would(c->out, "would %s %s on %s", w->would, app, ps);
	else
		out_done_name(c->out, "instance", app, "%s on %s %s", app, ps, w->done);
	return 0;
}

/* Each target in turn; with several, one that fails is reported and the others go on. */
static int each_target(struct each *w, const char *app, char **targets, struct err *e)
{
	autostrvec names = {0};
	size_t failed = 0;
	int r = 0;

	for (; *targets; targets++)
		if ((r = app_targets(w->c->sxc, *targets, &names, e)) < 0)
			return r;
	if (names.n == 1)
		return one(w, app, names.v[0], e);
	for (size_t i = 0; i < names.n; i++) {
		struct err why = {0};

		r = one(w, app, names.v[i], &why);
		if (r == E_INTR)
			return err_interrupted(e);
		if (r < 0)
			out_note(w->c->out, "%s: %s", names.v[i], why.msg);
		failed += r < 0;
	}
	if (failed == names.n)
		return err_set(e, r, "failed on all %zu targets", names.n);
	return failed ? err_set(e, E_PARTIAL, "failed on %zu of %zu targets", failed, names.n) : 0;
}

/* ---- install, uninstall ---- */

struct install_opts {
	struct strvec set, set_file;
};
static const struct opt opts_install[] = {
	OPT(struct install_opts, set, "set", 0, OPT_TEXTS, "SETTING=VALUE",
		"a setting of the application; may repeat"),
	OPT(struct install_opts, set_file, "set-file", 0, OPT_TEXTS, "SETTING=FILE",
		"a setting's value from a file, for secrets; may repeat"),
	OPT_END,
};

struct install {
	const char *version;
	const struct app_settings *settings;
};

static int install_one(struct call *c, const char *app, const char *ps, void *arg, struct err *e)
{
	const struct install *i = arg;

	return app_install(c->sxc, ps, app, i->version, i->settings, e);
}

static int run_install(struct call *c, struct err *e)
{
	const struct install_opts *o = c->opts;
	autoclean(given_release) struct given settings = {0};
	char *app = c->args[0], *version = strchr(app, '=');
	struct install i = {.settings = &settings.settings};
	struct each w = {c, install_one, &i, "installed", "install"};
	int r = 0;

	if (version)
		*version++ = '\0';
	i.version = version;
	for (size_t k = 0; k < o->set.n && r == 0; k++)
		r = add_pair(c, app, o->set.v[k], &settings, e);
	for (size_t k = 0; k < o->set_file.n && r == 0; k++)
		r = add_file(o->set_file.v[k], &settings, e);
	return r < 0 ? r : each_target(&w, app, c->args + 1, e);
}

struct uninstall_opts {
	bool purge;
};
static const struct opt opts_uninstall[] = {
	OPT(struct uninstall_opts, purge, "purge", 0, OPT_FLAG, NULL,
		"its data and configuration too"),
	OPT_END,
};

static int uninstall_one(struct call *c, const char *app, const char *ps, void *arg, struct err *e)
{
	const struct uninstall_opts *o = arg;

	return app_uninstall(c->sxc, ps, app, o->purge, e);
}

static int run_uninstall(struct call *c, struct err *e)
{
	struct each w = {c, uninstall_one, c->opts, "uninstalled", "uninstall"};

	return each_target(&w, c->args[0], c->args + 1, e);
}

/* ---- start, stop, restart, status ---- */

static int control_one(struct call *c, const char *app, const char *ps, void *arg, struct err *e)
{
	return app_control(c->sxc, ps, app, arg, e);
}

static int control(struct call *c, const char *op, const char *done, struct err *e)
{
	struct each w = {c, control_one, (void *)op, done, op};

	return each_target(&w, c->args[0], c->args + 1, e);
}

static int run_start(struct call *c, struct err *e)
{
	return control(c, "start", "started", e);
}

static int run_stop(struct call *c, struct err *e)
{
	return control(c, "stop", "stopped", e);
}

static int run_restart(struct call *c, struct err *e)
{
	return control(c, "restart", "restarted", e);
}

/* Names that a target means, or NULL for all: a list of one NULL. */
static int targets_or_all(struct call *c, const char *target, struct strvec *names, struct err *e)
{
	if (target && strcmp(target, "all") != 0)
		return app_targets(c->sxc, target, names, e);
	vec_push(names, NULL);
	return 0;
}

static int run_status(struct call *c, struct err *e)
{
	const char *app = c->nargs > 0 ? c->args[0] : NULL;
	autostrvec names = {0};
	int down = 0;
	int r = targets_or_all(c, c->nargs > 1 ? c->args[1] : NULL, &names, e);

	if (r < 0 || (r = out_list(c->out, "instances", status_columns, e)) < 0)
		return r;
	for (size_t i = 0; i < names.n && r >= 0; i++) {
		r = instance_status(c->sxc, names.v[i], app, out_row_fn, c->out, e);
		down += r > 0 ? r : 0;
	}
	if (r < 0 || (r = out_end(c->out, e)) < 0)
		return r;
	return down ? err_set(e, E_FAIL, "%d %s not as it should be", down,
			      down == 1 ? "application is" : "applications are")
	            : 0;
}

static int run_instances(struct call *c, struct err *e)
{
	autostrvec names = {0};
	int r = targets_or_all(c, c->nargs ? c->args[0] : NULL, &names, e);

	if (r < 0 || (r = out_list(c->out, "instances", columns, e)) < 0)
		return r;
	for (size_t i = 0; i < names.n && r >= 0; i++)
		r = instance_list(c->sxc, names.v[i], NULL, out_row_fn, c->out, e);
	return r < 0 ? r : out_end(c->out, e);
}

/* ---- config ---- */

struct wanted {
	struct out *out;
	char **names; /* NULL-terminated; none: all */
	int found;
};

static int give_wanted(void *arg, const void *row, struct err *e)
{
	const struct app_setting_row *s = row;
	struct wanted *w = arg;

	for (char **n = w->names; *n; n++)
		if (strcmp(*n, s->setting) == 0) {
			w->found++;
			return out_row(w->out, row, e);
		}
	return *w->names ? 0 : out_row(w->out, row, e);
}

static int run_config_get(struct call *c, struct err *e)
{
	struct wanted w = {c->out, c->args + 2, 0};
	int r = out_list(c->out, "settings", setting_columns, e);

	if (r < 0 || (r = app_config_get(c->sxc, c->args[1], c->args[0], give_wanted, &w, e)) < 0)
		return r;
	if (w.found < c->nargs - 2)
		return err_set(e, E_NOTFOUND,
			"%s has no such setting: \"sxc app show %s\" lists them", c->args[0],
			c->args[0]);
	return out_end(c->out, e);
}

static int change(struct call *c, const struct app_settings *changes, struct err *e)
{
	const char *app = c->args[0], *ps = c->args[1];
	int r = app_config_set(c->sxc, ps, app, changes, e);

	if (r < 0)
		return r;
	if (c->sxc->dry_run)
		out_would(c->out, "would change %s on %s", app, ps);
	else
		out_done_name(c->out, "instance", app, "%s on %s changed", app, ps);
	return 0;
}

struct set_opts {
	struct strvec set_file;
};
static const struct opt opts_set[] = {
	OPT(struct set_opts, set_file, "set-file", 0, OPT_TEXTS, "SETTING=FILE",
		"a setting's value from a file, for secrets; may repeat"),
	OPT_END,
};

static int run_config_set(struct call *c, struct err *e)
{
	const struct set_opts *o = c->opts;
	autoclean(given_release) struct given changes = {0};
	int r = 0;

	for (int i = 2; i < c->nargs && r == 0; i++)
		r = add_pair(c, c->args[0], c->args[i], &changes, e);
	for (size_t i = 0; i < o->set_file.n && r == 0; i++)
		r = add_file(o->set_file.v[i], &changes, e);
	if (r < 0)
		return r;
	if (!changes.settings.n)
		return err_set(e, E_USAGE, "name what to change: SETTING=VALUE");
	return change(c, &changes.settings, e);
}

static int run_config_unset(struct call *c, struct err *e)
{
	autoclean(given_release) struct given changes = {0};

	for (int i = 2; i < c->nargs; i++)
		give(&changes, c->args[i], NULL);
	return change(c, &changes.settings, e);
}

/* ---- the table ---- */

#define CHANGES (CMD_DB_WRITE | CMD_NETWORK | CMD_DRY_RUN)

static const struct cmd cmd_install = {.noun = "app",
	.verb = "install",
	.help = "install an application on private servers",
	.opts = opts_install,
	.opts_size = sizeof(struct install_opts),
	.args = args_install,
	.flags = CHANGES,
	.run = run_install};
static const struct cmd cmd_uninstall = {.noun = "app",
	.verb = "uninstall",
	.help = "take an application off private servers",
	.opts = opts_uninstall,
	.opts_size = sizeof(struct uninstall_opts),
	.args = args_on,
	.flags = CHANGES | CMD_DESTRUCTIVE,
	.run = run_uninstall};
static const struct cmd cmd_start = {.noun = "app",
	.verb = "start",
	.help = "start an application",
	.args = args_on,
	.flags = CHANGES | CMD_REPEATABLE,
	.run = run_start};
static const struct cmd cmd_stop = {.noun = "app",
	.verb = "stop",
	.help = "stop an application",
	.args = args_on,
	.flags = CHANGES | CMD_REPEATABLE,
	.run = run_stop};
static const struct cmd cmd_restart = {.noun = "app",
	.verb = "restart",
	.help = "stop an application and start it again",
	.args = args_on,
	.flags = CHANGES | CMD_REPEATABLE,
	.run = run_restart};
static const struct cmd cmd_status = {.noun = "app",
	.verb = "status",
	.help = "ask applications how they are",
	.args = args_status,
	.flags = CMD_DB_READ | CMD_NETWORK | CMD_LIST,
	.run = run_status,
	.columns = status_columns};
static const struct cmd cmd_instances = {.noun = "app",
	.verb = "instances",
	.help = "list what is installed where",
	.args = args_target,
	.flags = CMD_DB_READ | CMD_LIST,
	.run = run_instances,
	.columns = columns};
static const struct cmd cmd_config_get = {.noun = "app config",
	.verb = "get",
	.help = "show the settings of an application on a private server",
	.args = args_config,
	.flags = CMD_DB_READ | CMD_LIST,
	.run = run_config_get,
	.columns = setting_columns};
static const struct cmd cmd_config_set = {.noun = "app config",
	.verb = "set",
	.help = "change settings, tested before they are live",
	.opts = opts_set,
	.opts_size = sizeof(struct set_opts),
	.args = args_set,
	.flags = CHANGES | CMD_REPEATABLE,
	.run = run_config_set};
static const struct cmd cmd_config_unset = {.noun = "app config",
	.verb = "unset",
	.help = "bring settings back to their defaults",
	.args = args_unset,
	.flags = CHANGES | CMD_REPEATABLE,
	.run = run_config_unset};

CMD_NOUN(app_instance, "app", "wrapped applications", 3, &cmd_install, &cmd_uninstall, &cmd_start,
	&cmd_stop, &cmd_restart, &cmd_status, &cmd_instances, &cmd_config_get, &cmd_config_set,
	&cmd_config_unset);
