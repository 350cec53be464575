/* SPDX-License-Identifier: MIT */
/* sxc backup, sxc restore: the store as one file. */
#include "svc/restore.h"

#include <sys/stat.h>

#include "cmd/cmd.h"
#include "cmd/out.h"
#include "util/str.h"
#include "util/units.h"

static const struct arg args_file[] = {{"FILE", ENT_FILE, ARG_ONE}, ARG_END};

static int run_backup(struct call *c, struct err *e)
{
	const char *file = c->args[0];
	autostr size = STR_INIT;
	struct stat st;
	int r = db_backup(c->sxc->db, file, e);

	if (r < 0)
		return r;
	if (stat(file, &st) == 0)
		units_add_size(&size, st.st_size);
	out_done_name(c->out, "file", file, "backup written to %s (%s)", file, str_c(&size));
	return 0;
}

static int run_restore(struct call *c, struct err *e)
{
	const char *file = c->args[0];
	autofree char *kept = NULL;
	int r = sxc_restore(c->sxc, file, &kept, e);

	if (r < 0)
		return r;
	if (c->sxc->dry_run)
		out_would(c->out, "restore %s, which is sound", file);
	else if (kept)
		out_done_name(c->out, "kept", kept,
			"restored from %s; what was there is kept as %s", file, kept);
	else
		out_done_name(c->out, "file", file, "restored from %s", file);
	return 0;
}

static const struct cmd cmd_backup = {.noun = "backup",
	.verb = "",
	.help = "write the store to a file, while it is in use",
	.args = args_file,
	.flags = CMD_DB_READ,
	.run = run_backup};
static const struct cmd cmd_restore = {.noun = "restore",
	.verb = "",
	.help = "put a backup in the place of the store",
	.args = args_file,
	.flags = CMD_DESTRUCTIVE | CMD_DRY_RUN,
	.run = run_restore,
	.ask = "replace the store by %s?"};

CMD_NOUN(backup, "backup", "write the store to a file", 41, &cmd_backup);
CMD_NOUN(restore, "restore", "put a backup in the place of the store", 42, &cmd_restore);
