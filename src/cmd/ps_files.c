/* SPDX-License-Identifier: MIT */
/* sxc ps backup, restore, snapshot: what is in private servers. */
#include "biz/ps_files.h"

#include "biz/ps_live.h"
#include "cmd/cmd.h"
#include "cmd/out.h"

static const struct arg args_ps[] = {{"NAME", ENT_PS, ARG_ONE}, ARG_END};
static const struct arg args_new[] = {{"NAME", ENT_NEW, ARG_ONE}, ARG_END};
static const struct arg args_snapshot[] = {{"NAME", ENT_PS, ARG_ONE},
	{"SNAPSHOT", ENT_NONE, ARG_ONE}, ARG_END};
static const struct arg args_snapshot_new[] = {{"NAME", ENT_PS, ARG_ONE},
	{"SNAPSHOT", ENT_NONE, ARG_OPTIONAL}, ARG_END};

/* ---- backup, restore ---- */

static const struct column backup_columns[] = {
	COL(struct ps_backup_row, ps, COL_TEXT, "the private server"),
	COL(struct ps_backup_row, file, COL_TEXT, "where its backup is"),
	COL(struct ps_backup_row, size, COL_SIZE, "bytes of that file"),
	COL(struct ps_backup_row, files, COL_INT, "files and directories in it"),
	COL(struct ps_backup_row, digest, COL_TEXT, "SHA-256 of what is sealed in it"),
	COL_END,
};

struct backup_opts {
	char *to;
};
static const struct opt opts_backup[] = {
	OPT(struct backup_opts, to, "to", 0, OPT_FILE, "FILE",
		"where; default: backups/NAME-TIME.sxb of the home directory"),
	OPT_END,
};

static int show_backup(void *arg, const void *row, struct err *e)
{
	return out_object(arg, backup_columns, row, e);
}

static int run_backup(struct call *c, struct err *e)
{
	const struct backup_opts *o = c->opts;
	int r;

	if (c->sxc->dry_run) {
		out_would(c->out, "would back private server %s up", c->args[0]);
		return 0;
	}
	r = ps_backup(c->sxc, c->args[0], o->to, show_backup, c->out, e);
	return r < 0 ? r : out_object_end(c->out, e);
}

struct restore_opts {
	char *from, *on, *image, *address, *account;
	bool stopped;
};
static const struct opt opts_restore[] = {
	OPT(struct restore_opts, from, "from", 0, OPT_FILE, "FILE", "the backup"),
	OPT_ENT(struct restore_opts, on, "on", ENT_SERVER, "SERVER",
		"a new one: where; default: where most memory is left"),
	OPT_ENT(struct restore_opts, image, "image", ENT_IMAGE, "IMAGE",
		"a new one: the image below it; default: that of the backup"),
	OPT_ENT(struct restore_opts, account, "account", ENT_ACCOUNT, "ACCOUNT",
		"a new one: whose it is"),
	OPT(struct restore_opts, address, "ip", 0, OPT_TEXT, "ADDRESS|auto",
		"a new one: its IPv4 address; default: the first free"),
	OPT(struct restore_opts, stopped, "stopped", 0, OPT_FLAG, NULL,
		"a new one: do not start it"),
	OPT_END,
};

static int restore_new(struct call *c, const struct restore_opts *o, struct err *e)
{
	struct ps_new n = {.name = c->args[0],
		.on = o->on,
		.image = o->image,
		.address = o->address,
		.stopped = o->stopped,
		.bounds = ps_bounds_none()};
	int r = o->account ? ps_account(c->sxc, o->account, &n.account, e) : 0;

	if (r < 0 || (r = ps_restore_new(c->sxc, &n, o->from, e)) < 0)
		return r;
	out_done_name(c->out, "ps", n.name, "private server %s made from %s", n.name, o->from);
	return 0;
}

static int run_restore(struct call *c, struct err *e)
{
	const struct restore_opts *o = c->opts;
	int r;

	if (!o->from)
		return err_set(e, E_USAGE, "ps restore needs --from FILE");
	if ((r = ps_name_exists(c->sxc, c->args[0], e)) < 0)
		return r;
	if (r == 0)
		return restore_new(c, o, e);
	if (o->on || o->image || o->address || o->account || o->stopped)
		return err_set(e, E_EXISTS,
			"private server %s exists already: only --from is for one that is there",
			c->args[0]);
	if (!c->sxc->dry_run &&
		!cmd_confirm(c, e, "replace all files of private server %s?", c->args[0]))
		return e->code;
	if ((r = ps_restore(c->sxc, c->args[0], o->from, e)) == 0)
		out_done_name(c->out, "ps", c->args[0], "private server %s restored", c->args[0]);
	return r;
}

static const struct cmd cmd_backup = {.noun = "ps",
	.verb = "backup",
	.help = "write its files and bounds to a file",
	.opts = opts_backup,
	.opts_size = sizeof(struct backup_opts),
	.args = args_ps,
	.flags = CMD_DB_WRITE | CMD_NETWORK | CMD_DRY_RUN | CMD_REPEATABLE,
	.run = run_backup,
	.columns = backup_columns};
static const struct cmd cmd_restore = {.noun = "ps",
	.verb = "restore",
	.help = "put the files of a backup in place, or make a new one of it",
	.opts = opts_restore,
	.opts_size = sizeof(struct restore_opts),
	.args = args_new,
	.flags = CMD_DB_WRITE | CMD_NETWORK,
	.run = run_restore};

/* ---- snapshots ---- */

static const struct column snapshot_columns[] = {
	COL(struct ps_snapshot_row, snapshot, COL_TEXT, "its name"),
	COL(struct ps_snapshot_row, made, COL_TIME, "when it was made"),
	COL(struct ps_snapshot_row, size, COL_SIZE, "bytes of disk it takes"),
	COL(struct ps_snapshot_row, image, COL_TEXT, "the image it stands on"),
	COL_END,
};

static int run_snapshot_add(struct call *c, struct err *e)
{
	autofree char *made = NULL;
	int r = ps_snapshot_add(c->sxc, c->args[0], c->nargs > 1 ? c->args[1] : NULL, &made, e);

	if (r == 0)
		out_done_name(c->out, "snapshot", made, "snapshot %s of %s made", made, c->args[0]);
	return r;
}

static int run_snapshot_list(struct call *c, struct err *e)
{
	int r = out_list(c->out, "snapshots", snapshot_columns, e);

	if (r == 0)
		r = ps_snapshot_list(c->sxc, c->args[0], out_row_fn, c->out, e);
	return r < 0 ? r : out_end(c->out, e);
}

static int run_snapshot_restore(struct call *c, struct err *e)
{
	int r = ps_snapshot_restore(c->sxc, c->args[0], c->args[1], e);

	if (r == 0)
		out_done_name(c->out, "snapshot", c->args[1], "private server %s is as in %s",
			c->args[0], c->args[1]);
	return r;
}

static int run_snapshot_remove(struct call *c, struct err *e)
{
	int r = ps_snapshot_remove(c->sxc, c->args[0], c->args[1], e);

	if (r == 0)
		out_done_name(c->out, "snapshot", c->args[1], "snapshot %s of %s removed",
			c->args[1], c->args[0]);
	return r;
}

static const struct cmd cmd_snapshot_add = {.noun = "ps snapshot",
	.verb = "add",
	.help = "keep its files as they are now, on its server",
	.args = args_snapshot_new,
	.flags = CMD_DB_WRITE | CMD_NETWORK,
	.run = run_snapshot_add};
static const struct cmd cmd_snapshot_list = {.noun = "ps snapshot",
	.verb = "list",
	.help = "list the snapshots of a private server",
	.args = args_ps,
	.flags = CMD_DB_READ | CMD_NETWORK | CMD_LIST,
	.run = run_snapshot_list,
	.columns = snapshot_columns};
static const struct cmd cmd_snapshot_restore = {.noun = "ps snapshot",
	.verb = "restore",
	.help = "put its files back to what a snapshot kept",
	.args = args_snapshot,
	.flags = CMD_DB_WRITE | CMD_NETWORK | CMD_DESTRUCTIVE,
	.run = run_snapshot_restore};
static const struct cmd cmd_snapshot_remove = {.noun = "ps snapshot",
	.verb = "remove",
	.help = "remove a snapshot",
	.args = args_snapshot,
	.flags = CMD_DB_WRITE | CMD_NETWORK | CMD_DESTRUCTIVE,
	.run = run_snapshot_remove};

CMD_NOUN(ps_files, "ps", "private servers", 2, &cmd_backup, &cmd_restore, &cmd_snapshot_add,
	&cmd_snapshot_list, &cmd_snapshot_restore, &cmd_snapshot_remove);
