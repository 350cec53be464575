/* SPDX-License-Identifier: MIT */
/* sxc app: applications on private servers, and on servers. */
#include "cmd/app_verbs.h"

#include <string.h>

#include "cmd/out.h"
#include "util/str.h"

static const struct column columns[] = {
	COL(struct instance_row, app, COL_TEXT, "the application"),
	COL(struct instance_row, version, COL_TEXT, "of its package"),
	COL(struct instance_row, ps, COL_TEXT,
		"the private server it is on; none: the server itself"),
	COL(struct instance_row, server, COL_TEXT, "the server"),
	COL(struct instance_row, state, COL_TEXT,
		"installing, running, stopped, updating, removing"),
	COL(struct instance_row, account, COL_TEXT, "whose it is"),
	COL_X(struct instance_row, error, COL_TEXT, "why it failed"),
	COL(struct instance_row, created, COL_TIME, "since when"),
	COL_END,
};
static const struct column status_columns[] = {
	COL(struct instance_status_row, app, COL_TEXT, "the application"),
	COL(struct instance_status_row, ps, COL_TEXT,
		"the private server it is on; none: the server itself"),
	COL(struct instance_status_row, server, COL_TEXT, "the server"),
	COL(struct instance_status_row, version, COL_TEXT, "that is there"),
	COL(struct instance_status_row, state, COL_TEXT, "in the books"),
	COL(struct instance_status_row, health, COL_TEXT, "up, down, stopped, missing, unknown"),
	COL(struct instance_status_row, unit, COL_LIST, "its services"),
	COL(struct instance_status_row, note, COL_TEXT, "what is not well"),
	COL_END,
};
static const struct arg args_install[] = {{"APP[=VERSION]", ENT_APP, ARG_ONE},
	{"TARGET", ENT_TARGET, ARG_MANY}, ARG_END};
static const struct arg args_on[] = {{"APP", ENT_APP, ARG_ONE}, {"TARGET", ENT_TARGET, ARG_MANY},
	ARG_END};
static const struct arg args_status[] = {{"APP", ENT_APP, ARG_OPTIONAL},
	{"TARGET", ENT_TARGET, ARG_OPTIONAL}, ARG_END};
static const struct arg args_target[] = {{"TARGET", ENT_TARGET, ARG_OPTIONAL}, ARG_END};

/* ---- install, update, uninstall ---- */

struct install_opts {
	bool servers;
	struct strvec set, set_file;
};
static const struct opt opts_install[] = {
	TARGET_OPT(struct install_opts),
	OPT(struct install_opts, set, "set", 0, OPT_TEXTS, "SETTING=VALUE",
		"a setting of the application; may repeat"),
	OPT(struct install_opts, set_file, "set-file", 0, OPT_TEXTS, "SETTING=FILE",
		"a setting's value from a file, for secrets; may repeat"),
	OPT_END,
};

static int run_install(struct call *c, struct err *e)
{
	static const struct order_words words = {"installed", "install", "is there"};
	const struct install_opts *o = c->opts;
	autoclean(given_release) struct given g = {0};
	char *app = c->args[0], *version = strchr(app, '=');
	int r;

	if (version)
		*version++ = '\0';
	if ((r = given_all(&g, c, app, &o->set, &o->set_file, e)) < 0)
		return r;
	struct app_order order = {.op = APP_INSTALL,
		.app = app,
		.version = version,
		.settings = &g.settings,
		.servers = o->servers};
	return order_run(c, &order, c->args + 1, &words, e);
}

struct update_opts {
	bool servers;
	char *to;
	int64_t canary;
	bool keep_going, downgrade;
	struct strvec set, set_file;
};
static const struct opt opts_update[] = {
	TARGET_OPT(struct update_opts),
	OPT(struct update_opts, to, "to", 0, OPT_TEXT, "VERSION",
		"the version wanted; default: the newest"),
	OPT(struct update_opts, canary, "canary", 0, OPT_INT, "N",
		"so many targets first; the rest only when they are well"),
	OPT(struct update_opts, keep_going, "keep-going", 0, OPT_FLAG, NULL,
		"go on with the others when one failed"),
	OPT(struct update_opts, downgrade, "downgrade", 0, OPT_FLAG, NULL,
		"go back to an older version, too"),
	OPT(struct update_opts, set, "set", 0, OPT_TEXTS, "SETTING=VALUE",
		"a setting that the new version needs; may repeat"),
	OPT(struct update_opts, set_file, "set-file", 0, OPT_TEXTS, "SETTING=FILE",
		"a setting's value from a file, for secrets; may repeat"),
	OPT_END,
};

static int run_update(struct call *c, struct err *e)
{
	static const struct order_words words = {"updated", "update", "has that version"};
	const struct update_opts *o = c->opts;
	autoclean(given_release) struct given g = {0};
	int r;

	if (o->canary < 0 || (call_given(c, "canary") && o->canary == 0))
		return err_set(e, E_USAGE, "--canary wants a number from 1");
	if ((r = given_all(&g, c, c->args[0], &o->set, &o->set_file, e)) < 0)
		return r;
	struct app_order order = {.op = APP_UPDATE,
		.app = c->args[0],
		.version = o->to,
		.settings = &g.settings,
		.canary = o->canary,
		.keep_going = o->keep_going,
		.downgrade = o->downgrade,
		.servers = o->servers};
	return order_run(c, &order, c->args + 1, &words, e);
}

struct uninstall_opts {
	bool servers;
	bool purge;
};
static const struct opt opts_uninstall[] = {
	TARGET_OPT(struct uninstall_opts),
	OPT(struct uninstall_opts, purge, "purge", 0, OPT_FLAG, NULL,
		"its data and configuration too"),
	OPT_END,
};

static int run_uninstall(struct call *c, struct err *e)
{
	static const struct order_words words = {"uninstalled", "uninstall", "is gone"};
	const struct uninstall_opts *o = c->opts;
	struct app_order order = {.op = APP_UNINSTALL,
		.app = c->args[0],
		.purge = o->purge,
		.servers = o->servers};

	return order_run(c, &order, c->args + 1, &words, e);
}

/* ---- start, stop, restart, status ---- */

static int control(struct call *c, enum app_op op, const struct order_words *words, struct err *e)
{
	const struct target_opts *o = c->opts;
	struct app_order order = {.op = op, .app = c->args[0], .servers = o->servers};

	return order_run(c, &order, c->args + 1, words, e);
}

static int run_start(struct call *c, struct err *e)
{
	static const struct order_words words = {"started", "start", "runs"};

	return control(c, APP_START, &words, e);
}

static int run_stop(struct call *c, struct err *e)
{
	static const struct order_words words = {"stopped", "stop", "is stopped"};

	return control(c, APP_STOP, &words, e);
}

static int run_restart(struct call *c, struct err *e)
{
	static const struct order_words words = {"restarted", "restart", "runs"};

	return control(c, APP_RESTART, &words, e);
}

/* Names that a target means, or NULL for all: a list of one NULL. */
static int targets_or_all(struct call *c, const char *target, struct strvec *names, struct err *e)
{
	const struct target_opts *o = c->opts;

	if (o->servers && !target)
		target = "all";
	if (target && (o->servers || strcmp(target, "all") != 0))
		return app_targets(c->sxc, target, NULL, o->servers, names, e);
	vec_push(names, NULL);
	return 0;
}

static int run_status(struct call *c, struct err *e)
{
	const char *app = c->nargs > 0 ? c->args[0] : NULL;
	autostrvec names = {0};
	int down;
	int r = targets_or_all(c, c->nargs > 1 ? c->args[1] : NULL, &names, e);

	if (r < 0 || (r = out_list(c->out, "instances", status_columns, e)) < 0)
		return r;
	down = instance_status(c->sxc, names.v, names.n, app, out_row_fn, c->out, e);
	if (down < 0 || (r = out_end(c->out, e)) < 0)
		return down < 0 ? down : r;
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

/* ---- the table ---- */

#define CHANGES (CMD_DB_WRITE | CMD_NETWORK | CMD_DRY_RUN | CMD_REPEATABLE)

static const struct cmd cmd_install = {.noun = "app",
	.verb = "install",
	.help = "install an application on private servers or servers",
	.opts = opts_install,
	.opts_size = sizeof(struct install_opts),
	.args = args_install,
	.flags = CHANGES,
	.run = run_install};
static const struct cmd cmd_update = {.noun = "app",
	.verb = "update",
	.help = "bring an application to another version, in waves",
	.opts = opts_update,
	.opts_size = sizeof(struct update_opts),
	.args = args_on,
	.flags = CHANGES,
	.run = run_update};
static const struct cmd cmd_uninstall = {.noun = "app",
	.verb = "uninstall",
	.help = "take an application off private servers or servers",
	.opts = opts_uninstall,
	.opts_size = sizeof(struct uninstall_opts),
	.args = args_on,
	.flags = CHANGES | CMD_DESTRUCTIVE,
	.run = run_uninstall};
static const struct cmd cmd_start = {.noun = "app",
	.verb = "start",
	.opts = opts_target,
	.opts_size = sizeof(struct target_opts),
	.help = "start an application",
	.args = args_on,
	.flags = CHANGES,
	.run = run_start};
static const struct cmd cmd_stop = {.noun = "app",
	.verb = "stop",
	.opts = opts_target,
	.opts_size = sizeof(struct target_opts),
	.help = "stop an application",
	.args = args_on,
	.flags = CHANGES,
	.run = run_stop};
static const struct cmd cmd_restart = {.noun = "app",
	.verb = "restart",
	.opts = opts_target,
	.opts_size = sizeof(struct target_opts),
	.help = "stop an application and start it again",
	.args = args_on,
	.flags = CHANGES,
	.run = run_restart};
static const struct cmd cmd_status = {.noun = "app",
	.verb = "status",
	.help = "ask applications how they are",
	.opts = opts_target,
	.opts_size = sizeof(struct target_opts),
	.args = args_status,
	.flags = CMD_DB_READ | CMD_NETWORK | CMD_LIST,
	.run = run_status,
	.columns = status_columns};
static const struct cmd cmd_instances = {.noun = "app",
	.verb = "instances",
	.help = "list what is installed where",
	.opts = opts_target,
	.opts_size = sizeof(struct target_opts),
	.args = args_target,
	.flags = CMD_DB_READ | CMD_LIST,
	.run = run_instances,
	.columns = columns};
CMD_NOUN(app_instance, "app", "wrapped applications", 3, &cmd_install, &cmd_update, &cmd_uninstall,
	&cmd_start, &cmd_stop, &cmd_restart, &cmd_status, &cmd_instances, &cmd_app_config_get,
	&cmd_app_config_set, &cmd_app_config_unset, &cmd_app_config_history, &cmd_app_config_revert,
	&cmd_app_license_add, &cmd_app_license_list, &cmd_app_license_remove);
