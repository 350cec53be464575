/* SPDX-License-Identifier: MIT */
/* sxc server module: builds of the kernel module, kept for servers. */
#include "biz/module.h"

#include "cmd/out.h"
#include "cmd/server_verbs.h"

static const struct column columns[] = {
	COL(struct module_row, release, COL_TEXT, "release of the kernel it is for"),
	COL(struct module_row, version, COL_TEXT, "its version"),
	COL_NAMED("signed", struct module_row, is_signed, COL_BOOL, "it carries a signature"),
	COL(struct module_row, size, COL_SIZE, "its size, bytes"),
	COL(struct module_row, created, COL_TIME, "when it was added"),
	COL_X(struct module_row, vermagic, COL_TEXT, "what the kernel compares"),
	COL_X(struct module_row, srcversion, COL_TEXT, "digest of its source"),
	COL_X(struct module_row, digest, COL_TEXT, "SHA-256 of the file"),
	COL_END,
};

static const struct arg args_files[] = {{"FILE", ENT_FILE, ARG_MANY}, ARG_END};
static const struct arg args_release[] = {{"RELEASE", ENT_NONE, ARG_ONE}, ARG_END};

static int run_add(struct call *c, struct err *e)
{
	for (int i = 0; i < c->nargs; i++) {
		autofree char *release = NULL;
		int r = module_add(c->sxc, c->args[i], &release, e);

		if (r < 0)
			return r;
		out_done_name(c->out, "release", release, "module for kernel %s added", release);
	}
	return 0;
}

static int run_list(struct call *c, struct err *e)
{
	int r = out_list(c->out, "modules", columns, e);

	if (r == 0)
		r = module_list(c->sxc, out_row_fn, c->out, e);
	return r < 0 ? r : out_end(c->out, e);
}

static int run_remove(struct call *c, struct err *e)
{
	int r = module_remove(c->sxc, c->args[0], e);

	if (r == 0)
		out_done_name(c->out, "release", c->args[0], "module for kernel %s removed",
			c->args[0]);
	return r;
}

#define MODULE_VERB(id, help_, args_, flags_)                                                      \
	const struct cmd cmd_server_module_##id = {.noun = "server module",                        \
		.verb = #id,                                                                       \
		.help = help_,                                                                     \
		.args = args_,                                                                     \
		.flags = flags_,                                                                   \
		.run = run_##id,                                                                   \
		.columns = columns}

MODULE_VERB(add, "keep builds of the kernel module for servers", args_files,
	CMD_DB_WRITE | CMD_REPEATABLE);
MODULE_VERB(list, "list the builds that are kept", NULL, CMD_DB_READ | CMD_LIST);
MODULE_VERB(remove, "drop the build for a kernel", args_release, CMD_DB_WRITE | CMD_DESTRUCTIVE);
