/* SPDX-License-Identifier: MIT */
/* sxc app license: pools of licences. */
#include "biz/license.h"

#include "cmd/app_verbs.h"
#include "cmd/out.h"

#define COUNT_MAX 100000

static const struct column columns[] = {
	COL(struct license_row, id, COL_INT, "its number"),
	COL(struct license_row, pool, COL_TEXT, "the pool it is in"),
	COL(struct license_row, state, COL_TEXT, "free, taken"),
	COL(struct license_row, app, COL_TEXT, "the application that holds it"),
	COL(struct license_row, ps, COL_TEXT, "the private server that one is on"),
	COL(struct license_row, created, COL_TIME, "when it was added"),
	COL_END,
};

static const struct arg args_app[] = {{"APP", ENT_APP, ARG_ONE}, ARG_END};
static const struct arg args_remove[] = {{"APP", ENT_APP, ARG_ONE}, {"ID", ENT_NONE, ARG_ONE},
	ARG_END};

struct add_opts {
	char *file;
	int64_t count;
};
static const struct opt opts_add[] = {
	OPT(struct add_opts, file, "file", 0, OPT_FILE, "FILE",
		"licences, one a line; -: standard input"),
	OPT(struct add_opts, count, "count", 0, OPT_INT, "N", "so many that have no text"),
	OPT_END,
};

static int run_add(struct call *c, struct err *e)
{
	const struct add_opts *o = c->opts;
	int64_t added = 0;
	int r;

	if (!o->file == !call_given(c, "count"))
		return err_set(e, E_USAGE, "give licences with --file FILE or --count N");
	if (!o->file && (o->count < 1 || o->count > COUNT_MAX))
		return err_set(e, E_USAGE, "--count wants a number from 1 to %d", COUNT_MAX);
	r = license_add(c->sxc, c->args[0], o->file, o->count, &added, e);
	if (r == 0)
		out_done_name(c->out, "app", c->args[0], "%lld licence%s added for %s",
			(long long)added, added == 1 ? "" : "s", c->args[0]);
	return r;
}

static int run_list(struct call *c, struct err *e)
{
	int r = out_list(c->out, "licenses", columns, e);

	if (r == 0)
		r = license_list(c->sxc, c->args[0], out_row_fn, c->out, e);
	return r < 0 ? r : out_end(c->out, e);
}

static int run_remove(struct call *c, struct err *e)
{
	const char *text = c->args[1];
	int64_t id = order_number(text);
	int r;

	if (id == 0)
		return err_set(e, E_USAGE, "'%.60s' is not the number of a licence", text);
	r = license_remove(c->sxc, c->args[0], id, e);
	if (r == 0)
		out_done_name(c->out, "license", text, "licence %s removed", text);
	return r;
}

const struct cmd cmd_app_license_add = {.noun = "app license",
	.verb = "add",
	.help = "add licences to the pool that an application takes them from",
	.opts = opts_add,
	.opts_size = sizeof(struct add_opts),
	.args = args_app,
	.flags = CMD_DB_WRITE,
	.run = run_add};
const struct cmd cmd_app_license_list = {.noun = "app license",
	.verb = "list",
	.help = "list the licences of an application and who holds them",
	.args = args_app,
	.flags = CMD_DB_READ | CMD_LIST,
	.run = run_list,
	.columns = columns};
const struct cmd cmd_app_license_remove = {.noun = "app license",
	.verb = "remove",
	.help = "remove a licence that nobody holds",
	.args = args_remove,
	.flags = CMD_DB_WRITE | CMD_DESTRUCTIVE,
	.run = run_remove};
