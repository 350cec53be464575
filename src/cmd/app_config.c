/* SPDX-License-Identifier: MIT */
/* sxc app config: settings of applications where they are installed. */
#include <string.h>

#include "cmd/app_verbs.h"
#include "cmd/out.h"
#include "util/str.h"

static const struct column setting_columns[] = {
	COL(struct app_setting_row, setting, COL_TEXT, "its name"),
	COL(struct app_setting_row, value, COL_TEXT, "what holds there; secrets are not shown"),
	COL(struct app_setting_row, type, COL_TEXT, "integer, size, duration, boolean, string …"),
	COL(struct app_setting_row, help, COL_TEXT, "what it does"),
	COL_END,
};
static const struct column change_columns[] = {
	COL(struct app_change_row, n, COL_INT, "its number"),
	COL(struct app_change_row, at, COL_TIME, "when"),
	COL(struct app_change_row, login, COL_TEXT, "who"),
	COL(struct app_change_row, version, COL_TEXT, "of the application then"),
	COL(struct app_change_row, settings, COL_PAIRS,
		"what became different; empty: back to the default; secrets are not shown"),
	COL_END,
};

static const struct arg args_get[] = {{"APP", ENT_APP, ARG_ONE}, {"NAME", ENT_TARGET, ARG_ONE},
	{"SETTING", ENT_NONE, ARG_ANY}, ARG_END};
static const struct arg args_history[] = {{"APP", ENT_APP, ARG_ONE}, {"NAME", ENT_TARGET, ARG_ONE},
	ARG_END};
static const struct arg args_set[] = {{"APP", ENT_APP, ARG_ONE}, {"TARGET", ENT_TARGET, ARG_ONE},
	{"SETTING=VALUE", ENT_NONE, ARG_ANY}, ARG_END};
static const struct arg args_unset[] = {{"APP", ENT_APP, ARG_ONE}, {"TARGET", ENT_TARGET, ARG_ONE},
	{"SETTING", ENT_NONE, ARG_MANY}, ARG_END};
static const struct arg args_revert[] = {{"APP", ENT_APP, ARG_ONE}, {"NAME", ENT_TARGET, ARG_ONE},
	{"N", ENT_NONE, ARG_ONE}, ARG_END};

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

static int run_config_history(struct call *c, struct err *e)
{
	int r = out_list(c->out, "changes", change_columns, e);

	if (r == 0)
		r = app_config_history(c->sxc, c->args[1], c->args[0], out_row_fn, c->out, e);
	return r < 0 ? r : out_end(c->out, e);
}

static int change(struct call *c, const struct app_order *o, struct err *e)
{
	static const struct order_words words = {"changed", "change", "is so"};
	char *const targets[] = {c->args[1], NULL};

	return order_run(c, o, targets, &words, e);
}

struct set_opts {
	bool servers;
	struct strvec set_file;
};
static const struct opt opts_set[] = {
	TARGET_OPT(struct set_opts),
	OPT(struct set_opts, set_file, "set-file", 0, OPT_TEXTS, "SETTING=FILE",
		"a setting's value from a file, for secrets; may repeat"),
	OPT_END,
};

static int run_config_set(struct call *c, struct err *e)
{
	const struct set_opts *o = c->opts;
	autoclean(given_release) struct given g = {0};
	struct app_order order = {.op = APP_CONFIG,
		.app = c->args[0],
		.settings = &g.settings,
		.servers = o->servers};
	int r = 0;

	for (int i = 2; i < c->nargs && r == 0; i++)
		r = given_pair(&g, c, order.app, c->args[i], e);
	for (size_t i = 0; i < o->set_file.n && r == 0; i++)
		r = given_file(&g, o->set_file.v[i], e);
	if (r < 0)
		return r;
	if (!g.settings.n)
		return err_set(e, E_USAGE, "name what to change: SETTING=VALUE");
	return change(c, &order, e);
}

static int run_config_unset(struct call *c, struct err *e)
{
	const struct target_opts *o = c->opts;
	autoclean(given_release) struct given g = {0};
	struct app_order order = {.op = APP_CONFIG,
		.app = c->args[0],
		.settings = &g.settings,
		.servers = o->servers};

	for (int i = 2; i < c->nargs; i++)
		given_default(&g, c->args[i]);
	return change(c, &order, e);
}

static int run_config_revert(struct call *c, struct err *e)
{
	struct app_order order = {.op = APP_REVERT, .app = c->args[0]};
	const char *n = c->args[2];

	if ((order.revert = order_number(n)) == 0)
		return err_set(e, E_USAGE,
			"'%.60s' is not the number of a change: \"sxc app config history\" lists them",
			n);
	return change(c, &order, e);
}

/* ---- the table ---- */

#define CHANGES (CMD_DB_WRITE | CMD_NETWORK | CMD_DRY_RUN | CMD_REPEATABLE)

const struct cmd cmd_app_config_get = {.noun = "app config",
	.verb = "get",
	.help = "show the settings of an application in one place",
	.args = args_get,
	.flags = CMD_DB_READ | CMD_LIST,
	.run = run_config_get,
	.columns = setting_columns};
const struct cmd cmd_app_config_set = {.noun = "app config",
	.verb = "set",
	.help = "change settings, tested before they are live",
	.opts = opts_set,
	.opts_size = sizeof(struct set_opts),
	.args = args_set,
	.flags = CHANGES,
	.run = run_config_set};
const struct cmd cmd_app_config_unset = {.noun = "app config",
	.verb = "unset",
	.help = "bring settings back to their defaults",
	.opts = opts_target,
	.opts_size = sizeof(struct target_opts),
	.args = args_unset,
	.flags = CHANGES,
	.run = run_config_unset};
const struct cmd cmd_app_config_history = {.noun = "app config",
	.verb = "history",
	.help = "list the changes of an application's settings in one place",
	.args = args_history,
	.flags = CMD_DB_READ | CMD_LIST,
	.run = run_config_history,
	.columns = change_columns};
const struct cmd cmd_app_config_revert = {.noun = "app config",
	.verb = "revert",
	.help = "bring the settings back that held after a change",
	.args = args_revert,
	.flags = CHANGES,
	.run = run_config_revert};
