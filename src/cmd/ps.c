/* SPDX-License-Identifier: MIT */
/* sxc ps: private servers. */
#include "biz/ps.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "biz/address.h"
#include "biz/ps_files.h"
#include "biz/ps_live.h"
#include "cmd/cmd.h"
#include "cmd/out.h"
#include "util/str.h"
#include "util/units.h"

/* Said when asked for, whichever columns are the usual ones. */
#define MORE_COLUMNS                                                                               \
	COL_X(struct ps_row, image_version, COL_INT, "which version of that image"),               \
		COL_X(struct ps_row, previous_image, COL_TEXT, "the image --revert goes back to"), \
		COL_X(struct ps_row, hostname, COL_TEXT, "its host name"),                         \
		COL_X(struct ps_row, cpu_max, COL_PERCENT,                                         \
			"share of the server's CPU time at most"),                                 \
		COL_X(struct ps_row, net, COL_INT, "bandwidth guaranteed, bit/s"),                 \
		COL_X(struct ps_row, vm, COL_SIZE, "memory and swap together at most, bytes"),     \
		COL_X(struct ps_row, inodes, COL_INT, "files at most"),                            \
		COL_X(struct ps_row, procs, COL_INT, "processes and threads at most"),             \
		COL_X(struct ps_row, sessions, COL_INT, "terminals at most"),                      \
		COL_X(struct ps_row, transfer, COL_SIZE, "transfer at most, bytes a month"),       \
		COL_X(struct ps_row, id, COL_INT, "its number, never used again"),                 \
		COL_X(struct ps_row, created, COL_TIME, "when it was added")

static const struct column columns[] = {
	COL_NAMED("ps", struct ps_row, name, COL_TEXT, "its name"),
	COL(struct ps_row, server, COL_TEXT, "the server it lives on"),
	COL(struct ps_row, state, COL_TEXT, "adding, running, stopped, suspended, removing"),
	COL(struct ps_row, addresses, COL_LIST, "its IP addresses"),
	COL(struct ps_row, account, COL_TEXT, "whose it is"),
	COL(struct ps_row, subscription, COL_TEXT, "the subscription it was sold by"),
	COL(struct ps_row, image, COL_TEXT, "the image it was made from"),
	COL(struct ps_row, cpu, COL_PERCENT, "share of the server's CPU time guaranteed"),
	COL(struct ps_row, memory, COL_SIZE, "memory at most, bytes"),
	COL(struct ps_row, disk, COL_SIZE, "disk at most, bytes"),
	MORE_COLUMNS,
	COL_X(struct ps_row, live, COL_TEXT,
		"with --live: running, starting, off, failed, stopped, unknown"),
	COL_X(struct ps_row, since, COL_TIME, "with --live: when it started"),
	COL_X(struct ps_row, restarts, COL_INT, "with --live: reboots inside and crashes"),
	COL_X(struct ps_row, fault, COL_TEXT, "with --live: what is wrong with it"),
	COL_END,
};
/* The same with --live. */
static const struct column live_columns[] = {
	COL_NAMED("ps", struct ps_row, name, COL_TEXT, "its name"),
	COL(struct ps_row, server, COL_TEXT, "the server it lives on"),
	COL(struct ps_row, state, COL_TEXT, "as it should be"),
	COL(struct ps_row, live, COL_TEXT, "as it is"),
	COL(struct ps_row, since, COL_TIME, "when it started"),
	COL(struct ps_row, restarts, COL_INT, "reboots inside and crashes so far"),
	COL(struct ps_row, fault, COL_TEXT, "what is wrong with it"),
	COL_X(struct ps_row, addresses, COL_LIST, "its IP addresses"),
	COL_X(struct ps_row, account, COL_TEXT, "whose it is"),
	COL_X(struct ps_row, subscription, COL_TEXT, "the subscription it was sold by"),
	COL_X(struct ps_row, image, COL_TEXT, "the image it was made from"),
	COL_X(struct ps_row, cpu, COL_PERCENT, "share of the server's CPU time guaranteed"),
	COL_X(struct ps_row, memory, COL_SIZE, "memory at most, bytes"),
	COL_X(struct ps_row, disk, COL_SIZE, "disk at most, bytes"),
	MORE_COLUMNS,
	COL_END,
};
static const struct column limit_columns[] = {
	COL(struct ps_limit, resource, COL_TEXT, "what is bounded"),
	COL(struct ps_limit, held, COL_INT, "in use now"),
	COL(struct ps_limit, peak, COL_INT, "most in use so far"),
	COL(struct ps_limit, bound, COL_INT, "bound or guarantee"),
	COL(struct ps_limit, failures, COL_INT, "how often it was refused"),
	COL(struct ps_limit, unit, COL_TEXT, "unit of the numbers"),
	COL(struct ps_limit, enforced_by, COL_TEXT, "what enforces it; nothing: nobody does"),
	COL_END,
};

/* ---- bounds ---- */

struct bound_opts {
	char *net;
	int64_t cpu, cpu_max, memory, vm, disk, inodes, procs, sessions, transfer;
	bool best_effort;
};

struct add_opts {
	struct bound_opts bounds;
	char *on, *image, *address, *hostname, *key;
	char *account;
	bool stopped;
};

#define BOUND_OPTS(type, at)                                                                       \
	OPT(type, at cpu, "cpu", 0, OPT_PERCENT, "30%",                                            \
		"share of the server's CPU time guaranteed"),                                      \
		OPT(type, at cpu_max, "cpu-max", 0, OPT_PERCENT, "50%",                            \
			"share of the server's CPU time at most"),                                 \
		OPT(type, at net, "net", 0, OPT_TEXT, "30%|30mbit",                                \
			"bandwidth guaranteed on the uplink"),                                     \
		OPT(type, at memory, "memory", 0, OPT_SIZE, "128M", "memory at most"),             \
		OPT(type, at vm, "vm", 0, OPT_SIZE, "256M", "memory and swap together at most"),   \
		OPT(type, at disk, "disk", 0, OPT_SIZE, "2G", "disk at most"),                     \
		OPT(type, at inodes, "inodes", 0, OPT_INT, "N", "files at most"),                  \
		OPT(type, at procs, "procs", 0, OPT_INT, "1000", "processes and threads at most"), \
		OPT(type, at sessions, "sessions", 0, OPT_INT, "10", "terminals at most"),         \
		OPT(type, at transfer, "transfer", 0, OPT_SIZE, "100G",                            \
			"transfer at most, a month"),                                              \
		OPT(type, at best_effort, "best-effort", 0, OPT_FLAG, NULL,                        \
			"sessions and transfer may go unenforced")

struct set_opts {
	struct bound_opts bounds;
	char *image, *hostname, *key, *resolver;
	struct strvec add, drop;
	bool revert;
};
static const struct opt opts_set[] = {
	BOUND_OPTS(struct set_opts, bounds.),
	OPT_ENT(struct set_opts, image, "image", ENT_IMAGE, "IMAGE",
		"rebuild it on that image, its people's files and applications carried over"),
	OPT(struct set_opts, revert, "revert", 0, OPT_FLAG, NULL,
		"go back to the image and files before the last --image"),
	OPT(struct set_opts, hostname, "hostname", 0, OPT_TEXT, "NAME", "host name inside"),
	OPT(struct set_opts, key, "key", 0, OPT_FILE, "FILE",
		"SSH public keys for root inside, instead of those that are there"),
	OPT(struct set_opts, add, "ip", 0, OPT_TEXTS, "ADDRESS|auto|auto6",
		"one more address; may repeat"),
	OPT(struct set_opts, drop, "drop-ip", 0, OPT_TEXTS, "ADDRESS",
		"one address less; may repeat"),
	OPT(struct set_opts, resolver, "resolver", 0, OPT_TEXT, "A,B|default",
		"addresses of its resolvers"),
	OPT_END,
};
static const struct opt opts_add[] = {
	OPT_ENT(struct add_opts, on, "on", ENT_SERVER, "SERVER",
		"where; default: where most memory is left"),
	OPT_ENT(struct add_opts, image, "image", ENT_IMAGE, "IMAGE",
		"what it is made from; default: the newest"),
	OPT_ENT(struct add_opts, account, "account", ENT_ACCOUNT, "ACCOUNT", "whose it is"),
	OPT(struct add_opts, address, "ip", 0, OPT_TEXT, "ADDRESS|auto",
		"its IPv4 address; default: the first free"),
	OPT(struct add_opts, hostname, "hostname", 0, OPT_TEXT, "NAME",
		"host name inside; default: its name"),
	OPT(struct add_opts, key, "key", 0, OPT_FILE, "FILE", "SSH public keys for root inside"),
	OPT(struct add_opts, stopped, "stopped", 0, OPT_FLAG, NULL, "do not start it"),
	BOUND_OPTS(struct add_opts, bounds.),
	OPT_END,
};

static int64_t given(const struct call *c, const char *option, int64_t value)
{
	return call_given(c, option) ? value : PS_UNSET;
}

static int read_net(const char *text, struct ps_bounds *b, struct err *e)
{
	if (!text)
		return 0;
	if (str_ends(text, "%") ? units_percent(text, &b->net_share) == 0 && b->net_share > 0
				: units_rate(text, &b->net) == 0 && b->net > 0)
		return 0;
	return err_set(e, E_USAGE, "--net: '%.40s' is neither a share (30%%) nor a rate (30mbit)",
		text);
}

static int read_bounds(const struct call *c, const struct bound_opts *o, struct ps_bounds *b,
	struct err *e)
{
	*b = ps_bounds_none();
	b->cpu = given(c, "cpu", o->cpu);
	b->cpu_max = given(c, "cpu-max", o->cpu_max);
	b->memory = given(c, "memory", o->memory);
	b->vm = given(c, "vm", o->vm);
	b->disk = given(c, "disk", o->disk);
	b->inodes = given(c, "inodes", o->inodes);
	b->procs = given(c, "procs", o->procs);
	b->sessions = given(c, "sessions", o->sessions);
	b->transfer = given(c, "transfer", o->transfer);
	if (o->best_effort)
		b->best_effort = PS_BEST_SESSIONS | PS_BEST_TRANSFER;
	return read_net(o->net, b, e);
}

/* ---- verbs ---- */

static const struct arg args_new[] = {{"NAME", ENT_NEW, ARG_ONE}, ARG_END};
static const struct arg args_ps[] = {{"NAME", ENT_PS, ARG_ONE}, ARG_END};
static const struct arg args_many[] = {{"NAME", ENT_PS, ARG_MANY}, ARG_END};
static const struct arg args_exec[] = {{"NAME", ENT_PS, ARG_ONE}, {"CMD", ENT_COMMAND, ARG_MANY},
	ARG_END};

static int run_add(struct call *c, struct err *e)
{
	const struct add_opts *o = c->opts;
	struct ps_new n = {.name = c->args[0],
		.on = o->on,
		.image = o->image,
		.hostname = o->hostname,
		.address = o->address,
		.stopped = o->stopped};
	autofree char *keys = NULL, *server = NULL;
	int r;

	if ((r = read_bounds(c, &o->bounds, &n.bounds, e)) < 0 ||
		(o->key && (r = ps_read_keys(o->key, &keys, e)) < 0) ||
		(o->account && (r = ps_account(c->sxc, o->account, &n.account, e)) < 0))
		return r;
	n.keys = keys;
	if (c->sxc->dry_run) {
		if ((r = ps_place(c->sxc, &n, &server, e)) < 0)
			return r;
		out_would(c->out, "would add private server %s on %s", n.name, server);
		return 0;
	}
	if ((r = ps_add(c->sxc, &n, e)) == 0)
		out_done_name(c->out, "ps", n.name, "private server %s added", n.name);
	return r;
}

struct list_opts {
	char *on, *account;
	bool live;
};
static const struct opt opts_list[] = {
	OPT_ENT(struct list_opts, on, "on", ENT_SERVER, "SERVER", "of that server only"),
	OPT_ENT(struct list_opts, account, "account", ENT_ACCOUNT, "ACCOUNT",
		"of that account only"),
	OPT(struct list_opts, live, "live", 0, OPT_FLAG, NULL, "ask the servers how they are"),
	OPT_END,
};
struct show_opts {
	bool live;
};
static const struct opt opts_show[] = {
	OPT(struct show_opts, live, "live", 0, OPT_FLAG, NULL, "ask its server how it is"),
	OPT_END,
};

static int run_list(struct call *c, struct err *e)
{
	const struct list_opts *o = c->opts;
	int r = out_list(c->out, "private_servers", o->live ? live_columns : columns, e);

	if (r == 0)
		r = ps_list(c->sxc, o->on, o->account, o->live, out_row_fn, c->out, e);
	return r < 0 ? r : out_end(c->out, e);
}

static int show_row(void *arg, const void *row, struct err *e)
{
	return out_object(arg, columns, row, e);
}

static int show_live_row(void *arg, const void *row, struct err *e)
{
	return out_object(arg, live_columns, row, e);
}

static int run_show(struct call *c, struct err *e)
{
	const struct show_opts *o = c->opts;
	int r = ps_show(c->sxc, c->args[0], o->live, o->live ? show_live_row : show_row, c->out, e);

	return r < 0 ? r : out_object_end(c->out, e);
}

static int run_limits(struct call *c, struct err *e)
{
	int r = out_list(c->out, "limits", limit_columns, e);

	if (r == 0)
		r = ps_limits(c->sxc, c->args[0], out_row_fn, c->out, e);
	return r < 0 ? r : out_end(c->out, e);
}

static bool bounds_given(const struct call *c)
{
	static const char *const names[] = {"cpu", "cpu-max", "net", "memory", "vm", "disk",
		"inodes", "procs", "sessions", "transfer", "best-effort"};

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (call_given(c, names[i]))
			return true;
	return false;
}

static int check_resolver(const char *text, struct err *e)
{
	autostrvec words = {0};

	if (!text || strcmp(text, "default") == 0)
		return 0;
	strvec_split(&words, text, " ,");
	for (size_t i = 0; i < words.n; i++)
		if (!address_is(words.v[i]))
			return err_set(e, E_USAGE, "--resolver: '%.60s' is not an IP address",
				words.v[i]);
	return words.n ? 0 : err_set(e, E_USAGE, "--resolver: no address in it");
}

/* Names and addresses, where any is given. */
static int set_names(struct call *c, const struct set_opts *o, struct err *e)
{
	autofree char *keys = NULL;
	struct ps_change change = {.hostname = o->hostname,
		.resolver = o->resolver,
		.add = o->add,
		.drop = o->drop};
	int r;

	if (!o->hostname && !o->key && !o->resolver && !o->add.n && !o->drop.n)
		return 0;
	if ((r = check_resolver(o->resolver, e)) < 0 ||
		(o->key && (r = ps_read_keys(o->key, &keys, e)) < 0))
		return r;
	change.keys = keys;
	r = ps_change(c->sxc, c->args[0], &change, e);
	return r < 0 ? r : 1;
}

static int run_set(struct call *c, struct err *e)
{
	const struct set_opts *o = c->opts;
	struct ps_bounds b;
	int named, r = read_bounds(c, &o->bounds, &b, e);

	if (r < 0)
		return r;
	if (o->image && o->revert)
		return err_set(e, E_USAGE, "--image and --revert exclude each other");
	if ((named = set_names(c, o, e)) < 0)
		return named;
	if (bounds_given(c) || (!named && !o->image && !o->revert))
		r = ps_set(c->sxc, c->args[0], &b, e);
	if (r == 0 && (o->image || o->revert))
		r = ps_rebuild(c->sxc, c->args[0], o->image, e);
	if (r == 0)
		out_done_name(c->out, "ps", c->args[0], "private server %s set", c->args[0]);
	return r;
}

/* One verb on each of the names; the first that fails ends it. */
static int each(struct call *c, int (*fn)(struct sxc *, const char *, struct err *),
	const char *done, struct err *e)
{
	for (int i = 0; i < c->nargs; i++) {
		int r = fn(c->sxc, c->args[i], e);

		if (r < 0)
			return r;
		out_done_name(c->out, "ps", c->args[i], "private server %s %s", c->args[i], done);
	}
	return 0;
}

static int run_start(struct call *c, struct err *e)
{
	return each(c, ps_start, "started", e);
}

static int run_stop(struct call *c, struct err *e)
{
	return each(c, ps_stop, "stopped", e);
}

static int run_restart(struct call *c, struct err *e)
{
	return each(c, ps_restart, "restarted", e);
}

static int run_suspend(struct call *c, struct err *e)
{
	return each(c, ps_suspend, "suspended", e);
}

static int run_resume(struct call *c, struct err *e)
{
	return each(c, ps_resume, "resumed", e);
}

static int run_remove(struct call *c, struct err *e)
{
	return each(c, ps_remove, "removed", e);
}

static int exec_data(void *arg, int fd, const void *p, size_t n, struct err *e)
{
	(void)e;
	if (fd == 2) {
		autostr clean = STR_INIT;

		str_add_clean(&clean, p, n, true);
		fwrite(str_c(&clean), 1, clean.len, stderr);
	} else {
		out_bytes(arg, p, n);
	}
	return 0;
}

static int run_exec(struct call *c, struct err *e)
{
	struct remote_events ev = {.data = exec_data,
		.input = isatty(STDIN_FILENO) ? NULL : remote_stdin,
		.arg = c->out};
	int status = 0, r = ps_exec(c->sxc, c->args[0], c->args + 1, &ev, &status, e);

	if (r < 0)
		return r;
	return status == 0 ? 0
	                   : err_set(e, E_FAIL, "%s: %s ended with status %d", c->args[0],
				     c->args[1], status);
}

static int run_enter(struct call *c, struct err *e)
{
	int r = ps_enter(c->sxc, c->args[0], e);

	return r <= 0 ? r
	              : err_set(e, E_FAIL, "the shell in %s ended with status %d", c->args[0], r);
}

#define PS_VERB(id, verb_, help_, opts_, size_, args_, flags_)                                     \
	static const struct cmd cmd_##id = {.noun = "ps",                                          \
		.verb = verb_,                                                                     \
		.help = help_,                                                                     \
		.opts = opts_,                                                                     \
		.opts_size = size_,                                                                \
		.args = args_,                                                                     \
		.flags = flags_,                                                                   \
		.run = run_##id,                                                                   \
		.columns = columns}
#define CHANGES (CMD_DB_WRITE | CMD_NETWORK)
#define AGAIN   (CHANGES | CMD_REPEATABLE)

PS_VERB(add, "add", "make a private server", opts_add, sizeof(struct add_opts), args_new,
	CHANGES | CMD_DRY_RUN);
PS_VERB(list, "list", "list private servers", opts_list, sizeof(struct list_opts), NULL,
	CMD_DB_READ | CMD_NETWORK | CMD_LIST);
PS_VERB(show, "show", "show one private server", opts_show, sizeof(struct show_opts), args_ps,
	CMD_DB_READ | CMD_NETWORK);
PS_VERB(set, "set", "change bounds and guarantees while it runs", opts_set, sizeof(struct set_opts),
	args_ps, AGAIN);
PS_VERB(start, "start", "start private servers", NULL, 0, args_many, AGAIN);
PS_VERB(stop, "stop", "shut private servers down", NULL, 0, args_many, AGAIN);
PS_VERB(restart, "restart", "shut down and start again", NULL, 0, args_many, AGAIN);
PS_VERB(suspend, "suspend", "stop and keep stopped until resumed", NULL, 0, args_many, AGAIN);
PS_VERB(resume, "resume", "lift a suspension and start", NULL, 0, args_many, AGAIN);
PS_VERB(remove, "remove", "destroy private servers and all in them", NULL, 0, args_many,
	CHANGES | CMD_DESTRUCTIVE);
PS_VERB(exec, "exec", "run a command inside", NULL, 0, args_exec, CMD_DB_READ | CMD_NETWORK);
PS_VERB(enter, "enter", "open a shell inside", NULL, 0, args_ps, CMD_DB_READ | CMD_NETWORK);
static const struct cmd cmd_limits = {.noun = "ps",
	.verb = "limits",
	.help = "show what is held, the peak, the bound and who enforces it",
	.args = args_ps,
	.flags = CMD_DB_READ | CMD_NETWORK | CMD_LIST,
	.run = run_limits,
	.columns = limit_columns};

CMD_NOUN(ps, "ps", "private servers", 2, &cmd_add, &cmd_list, &cmd_show, &cmd_limits, &cmd_set,
	&cmd_start, &cmd_stop, &cmd_restart, &cmd_remove, &cmd_enter, &cmd_exec, &cmd_suspend,
	&cmd_resume);

CMD_ENTITY(ps, ENT_PS, "private server", ps_name_exists, ps_complete);
