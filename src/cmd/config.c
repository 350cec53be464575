/* SPDX-License-Identifier: MIT */
/* sxc config: the seller's identity and what else is set once. */
#include "biz/config.h"

#include <string.h>

#include "cmd/cmd.h"
#include "cmd/out.h"
#include "svc/settings.h"
#include "util/str.h"

static const struct column columns[] = {
	COL(struct config_row, key, COL_TEXT, "the setting"),
	COL(struct config_row, value, COL_TEXT, "what is in force"),
	COL(struct config_row, set, COL_BOOL, "was it set, or is it the default"),
	COL_NAMED("default", struct config_row, def, COL_TEXT, "its default"),
	COL(struct config_row, help, COL_TEXT, "what it is for"),
	COL_END,
};

static const struct arg args_key[] = {{"KEY", ENT_CONFIG_KEY, ARG_ONE}, ARG_END};
static const struct arg args_set[] = {{"KEY", ENT_CONFIG_KEY, ARG_ONE},
	{"VALUE", ENT_NONE, ARG_ONE}, ARG_END};

static int run_get(struct call *c, struct err *e)
{
	autofree char *value = NULL;
	int r = config_get(c->sxc, c->args[0], &value, e);

	if (r < 0)
		return r;
	if (!value)
		return err_set(e, E_NOTFOUND, "%s is not set", c->args[0]);
	if (out_is_json(c->out)) {
		struct config_row row = {.key = c->args[0], .value = value};
		static const struct column pair[] = {COL(struct config_row, key, COL_TEXT,
							     "the setting"),
			COL(struct config_row, value, COL_TEXT, "what is in force"), COL_END};

		r = out_object(c->out, pair, &row, e);
		return r < 0 ? r : out_object_end(c->out, e);
	}
	out_text(c->out, value);
	out_text(c->out, "\n");
	return 0;
}

static int run_set(struct call *c, struct err *e)
{
	const char *key = c->args[0], *value = c->args[1];
	int r = config_change(c->sxc, key, value, e);

	if (r == 0 && c->sxc->dry_run)
		out_would(c->out, "set %s to %s", key, value);
	else if (r == 0)
		out_done_name(c->out, "key", key, "%s set", key);
	return r;
}

static int run_unset(struct call *c, struct err *e)
{
	const char *key = c->args[0];
	int r = config_change(c->sxc, key, NULL, e);

	if (r == 0 && c->sxc->dry_run)
		out_would(c->out, "unset %s", key);
	else if (r == 0)
		out_done_name(c->out, "key", key, "%s unset", key);
	return r;
}

static int run_list(struct call *c, struct err *e)
{
	int r = out_list(c->out, "settings", columns, e);

	if (r == 0)
		r = config_list(c->sxc, out_row_fn, c->out, e);
	return r < 0 ? r : out_end(c->out, e);
}

static const struct cmd cmd_get = {.noun = "config",
	.verb = "get",
	.help = "print the value of a setting",
	.args = args_key,
	.flags = CMD_DB_READ,
	.run = run_get};
static const struct cmd cmd_set = {.noun = "config",
	.verb = "set",
	.help = "set a setting",
	.args = args_set,
	.flags = CMD_DB_WRITE | CMD_DRY_RUN | CMD_REPEATABLE,
	.run = run_set};
static const struct cmd cmd_unset = {.noun = "config",
	.verb = "unset",
	.help = "take a setting's value away, its default holds again",
	.args = args_key,
	.flags = CMD_DB_WRITE | CMD_DRY_RUN,
	.run = run_unset};
static const struct cmd cmd_list = {.noun = "config",
	.verb = "list",
	.help = "list the settings, their values and what they are for",
	.flags = CMD_DB_READ | CMD_LIST,
	.run = run_list,
	.columns = columns};

CMD_NOUN(config, "config", "the seller's identity and other settings", 20, &cmd_get, &cmd_set,
	&cmd_unset, &cmd_list);

/* ---- entity ---- */

static int key_exists(struct sxc *s, const char *key, struct err *e)
{
	int r = settings_check_key(key, e);

	(void)s;
	return r < 0 ? r : 1;
}

static int key_complete(struct sxc *s, const char *prefix, int limit,
	void (*fn)(void *arg, const char *name, const char *help), void *arg, struct err *e)
{
	const struct setting *st;

	(void)s, (void)e;
	for (size_t i = 0; (st = settings_at(i)) && limit > 0; i++)
		if (str_starts(st->key, prefix)) {
			fn(arg, st->key, st->help);
			limit--;
		}
	return 0;
}
CMD_ENTITY(config_key, ENT_CONFIG_KEY, "setting", key_exists, key_complete);
