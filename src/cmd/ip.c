/* SPDX-License-Identifier: MIT */
/* sxc ip: pools of addresses and who has them. */
#include "biz/address.h"
#include "cmd/cmd.h"
#include "cmd/out.h"

static const struct column pool_columns[] = {
	COL(struct address_pool_row, cidr, COL_TEXT, "the network"),
	COL(struct address_pool_row, purpose, COL_TEXT, "ps, domain or any"),
	COL(struct address_pool_row, server, COL_TEXT, "the only server it serves; empty: all"),
	COL(struct address_pool_row, total, COL_INT, "addresses in it"),
	COL(struct address_pool_row, used, COL_INT, "addresses taken"),
	COL_END,
};
static const struct column address_columns[] = {
	COL(struct address_row, ip, COL_TEXT, "the address"),
	COL(struct address_row, ps, COL_TEXT, "private server that has it"),
	COL(struct address_row, note, COL_TEXT, "why it is reserved"),
	COL_END,
};

struct add_opts {
	char *on;
	char *purpose;
};
static const struct opt opts_add[] = {
	OPT_ENT(struct add_opts, on, "on", ENT_SERVER, "SERVER",
		"for private servers of that server only"),
	OPT(struct add_opts, purpose, "for", 0, OPT_TEXT, "ps|domain|any",
		"what its addresses are for; default any"),
	OPT_END,
};
struct reserve_opts {
	char *note;
};
static const struct opt opts_reserve[] = {
	OPT(struct reserve_opts, note, "note", 0, OPT_TEXT, "TEXT", "why"),
	OPT_END,
};
static const struct arg args_cidr[] = {{"CIDR", ENT_NONE, ARG_ONE}, ARG_END};
static const struct arg args_show[] = {{"CIDR", ENT_NONE, ARG_OPTIONAL}, ARG_END};
static const struct arg args_address[] = {{"ADDRESS", ENT_NONE, ARG_ONE}, ARG_END};

static int run_add(struct call *c, struct err *e)
{
	const struct add_opts *o = c->opts;
	int r = address_pool_add(c->sxc, c->args[0], o->on, o->purpose ? o->purpose : "any", e);

	if (r == 0)
		out_done_name(c->out, "cidr", c->args[0], "pool %s added", c->args[0]);
	return r;
}

static int run_list(struct call *c, struct err *e)
{
	int r = out_list(c->out, "pools", pool_columns, e);

	if (r == 0)
		r = address_pool_list(c->sxc, out_row_fn, c->out, e);
	return r < 0 ? r : out_end(c->out, e);
}

static int run_show(struct call *c, struct err *e)
{
	int r = c->nargs ? address_pool_known(c->sxc, c->args[0], e) : 0;

	if (r == 0)
		r = out_list(c->out, "addresses", address_columns, e);
	if (r == 0)
		r = address_list(c->sxc, c->nargs ? c->args[0] : NULL, out_row_fn, c->out, e);
	return r < 0 ? r : out_end(c->out, e);
}

static int run_reserve(struct call *c, struct err *e)
{
	const struct reserve_opts *o = c->opts;
	int r = address_reserve(c->sxc, c->args[0], o->note, e);

	if (r == 0)
		out_done_name(c->out, "ip", c->args[0], "address %s reserved", c->args[0]);
	return r;
}

static int run_release(struct call *c, struct err *e)
{
	int r = address_release(c->sxc, c->args[0], e);

	if (r == 0)
		out_done_name(c->out, "ip", c->args[0], "address %s released", c->args[0]);
	return r;
}

static int run_remove(struct call *c, struct err *e)
{
	int r = address_pool_remove(c->sxc, c->args[0], e);

	if (r == 0)
		out_done_name(c->out, "cidr", c->args[0], "pool %s removed", c->args[0]);
	return r;
}

static const struct cmd cmd_add = {.noun = "ip",
	.verb = "add",
	.help = "add a pool of addresses",
	.opts = opts_add,
	.args = args_cidr,
	.opts_size = sizeof(struct add_opts),
	.flags = CMD_DB_WRITE,
	.run = run_add};
static const struct cmd cmd_list = {.noun = "ip",
	.verb = "list",
	.help = "list the pools",
	.flags = CMD_DB_READ | CMD_LIST,
	.run = run_list,
	.columns = pool_columns};
static const struct cmd cmd_show = {.noun = "ip",
	.verb = "show",
	.help = "list the addresses taken, of one pool or all",
	.args = args_show,
	.flags = CMD_DB_READ | CMD_LIST,
	.run = run_show,
	.columns = address_columns};
static const struct cmd cmd_reserve = {.noun = "ip",
	.verb = "reserve",
	.help = "keep an address from being given out",
	.opts = opts_reserve,
	.args = args_address,
	.opts_size = sizeof(struct reserve_opts),
	.flags = CMD_DB_WRITE,
	.run = run_reserve};
static const struct cmd cmd_release = {.noun = "ip",
	.verb = "release",
	.help = "give a reserved address back",
	.args = args_address,
	.flags = CMD_DB_WRITE,
	.run = run_release};
static const struct cmd cmd_remove = {.noun = "ip",
	.verb = "remove",
	.help = "remove a pool of which no address is taken",
	.args = args_cidr,
	.flags = CMD_DB_WRITE | CMD_DESTRUCTIVE,
	.run = run_remove};

CMD_NOUN(ip, "ip", "pools of IP addresses", 31, &cmd_add, &cmd_list, &cmd_show, &cmd_reserve,
	&cmd_release, &cmd_remove);
