/* SPDX-License-Identifier: MIT */
/* sxc server status, ping, exec, enter, upgrade: what talks to servers now. */
#include "biz/server_live.h"

#include <string.h>
#include <unistd.h>

#include "cmd/out.h"
#include "cmd/out_setup.h"
#include "cmd/server_verbs.h"
#include "util/str.h"

static const struct column status_columns[] = {
	COL_NAMED("server", struct server_status_row, name, COL_TEXT, "its name"),
	COL(struct server_status_row, state, COL_TEXT, "up, down"),
	COL_NAMED("load", struct server_status_row, load, COL_HUNDREDTHS,
		"load average of the last minute; 1.00: one processor's worth"),
	COL(struct server_status_row, memory_used, COL_SIZE, "memory in use, bytes"),
	COL(struct server_status_row, memory, COL_SIZE, "memory, bytes"),
	COL(struct server_status_row, disk_used, COL_SIZE, "disk in use, bytes"),
	COL(struct server_status_row, disk, COL_SIZE, "disk, bytes"),
	COL(struct server_status_row, ps_running, COL_INT, "private servers running"),
	COL(struct server_status_row, uptime, COL_DURATION, "since it was started"),
	COL_X(struct server_status_row, rx, COL_INT,
		"bytes received on the uplink since it was started"),
	COL_X(struct server_status_row, tx, COL_INT,
		"bytes sent on the uplink since it was started"),
	COL_X(struct server_status_row, agent, COL_TEXT, "version of the agent"),
	COL_X(struct server_status_row, module, COL_TEXT,
		"version of the kernel module; null: not loaded"),
	COL(struct server_status_row, module_state, COL_TEXT,
		"of the kernel module: enforcing, partial, staged, foreign, unloaded, refused, "
		"missing"),
	COL_X(struct server_status_row, enforcing, COL_BOOL,
		"all parts of the module are in force"),
	COL_X(struct server_status_row, enforces, COL_LIST,
		"parts in force: net, transfer, sessions, views"),
	COL_X(struct server_status_row, module_why, COL_TEXT,
		"what is wrong with the module, and what would help"),
	COL(struct server_status_row, error, COL_TEXT, "why it did not answer"),
	COL_END,
};
static const struct column ping_columns[] = {
	COL_NAMED("server", struct server_ping_row, name, COL_TEXT, "its name"),
	COL(struct server_ping_row, state, COL_TEXT, "up, down"),
	COL(struct server_ping_row, ms, COL_INT, "milliseconds until the agent answered"),
	COL(struct server_ping_row, connect_ms, COL_INT, "milliseconds until the agent was there"),
	COL(struct server_ping_row, error, COL_TEXT, "why it did not answer"),
	COL_END,
};

static const struct arg args_target[] = {{"TARGET", ENT_TARGET, ARG_OPTIONAL}, ARG_END};
static const struct arg args_one_target[] = {{"TARGET", ENT_TARGET, ARG_ONE}, ARG_END};
static const struct arg args_exec[] = {{"TARGET", ENT_TARGET, ARG_ONE},
	{"CMD", ENT_COMMAND, ARG_MANY}, ARG_END};
static const struct arg args_server[] = {{"SERVER", ENT_SERVER, ARG_ONE}, ARG_END};

typedef int (*live_fn)(struct sxc *s, const struct server_specs *l, server_row_fn fn, void *arg,
	struct err *e);

/* Rows first, also when some servers are down; the error tells the rest. */
static int run_rows(struct call *c, live_fn fn, const struct column *columns, struct err *e)
{
	autoclean(server_specs_release) struct server_specs l = {0};
	struct err end = {0};
	int r = server_targets(c->sxc, c->nargs ? c->args[0] : "all", &l, e), ended;

	if (r < 0 || (r = out_list(c->out, "servers", columns, e)) < 0)
		return r;
	r = fn(c->sxc, &l, out_row_fn, c->out, e);
	ended = out_end(c->out, &end);
	if (r == 0 && ended < 0)
		*e = end;
	return r < 0 ? r : ended;
}

static int run_status(struct call *c, struct err *e)
{
	return run_rows(c, server_status, status_columns, e);
}

static int run_ping(struct call *c, struct err *e)
{
	return run_rows(c, server_ping, ping_columns, e);
}

/* ---- exec ---- */

/* The line a server has begun on one of its streams; with many, only whole lines are shown. */
struct stream {
	const char *name;
	int fd;
	struct str line;
};

struct exec {
	struct call *c;
	bool many;
	VEC(struct stream) streams;
};

#define LINE_MAX_BYTES 65536

static void exec_release(struct exec *x)
{
	vec_each(&x->streams, st)
		str_release(&st->line);
	vec_release(&x->streams);
}

static struct stream *stream_of(struct exec *x, const char *name, int fd)
{
	struct stream st = {.name = name, .fd = fd};

	vec_each(&x->streams, it)
		if (it->name == name && it->fd == fd)
			return it;
	vec_push(&x->streams, st);
	return &x->streams.v[x->streams.n - 1];
}

static void show_bytes(struct exec *x, int fd, const char *p, size_t n)
{
	bool tty = isatty(fd == 2 ? STDERR_FILENO : STDOUT_FILENO);
	autostr clean = STR_INIT;

	if (tty) {
		str_add_clean(&clean, p, n, true);
		p = str_c(&clean);
		n = clean.len;
	}
	if (fd == 1)
		out_bytes(x->c->out, p, n);
	else
		while (n) {
			ssize_t k = write(STDERR_FILENO, p, n);

			if (k <= 0)
				break;
			p += k;
			n -= (size_t)k;
		}
}

static void show_line(struct exec *x, struct stream *st)
{
	autostr s = STR_INIT;

	str_addf(&s, "%s: ", st->name);
	str_addn(&s, st->line.p, st->line.len);
	str_addc(&s, '\n');
	show_bytes(x, st->fd, s.p, s.len);
	str_clear(&st->line);
}

static int exec_data(void *arg, const char *name, int fd, const void *p, size_t n, struct err *e)
{
	struct exec *x = arg;
	struct stream *st;
	const char *c = p;

	(void)e;
	if (!x->many) {
		show_bytes(x, fd, p, n);
		return 0;
	}
	st = stream_of(x, name, fd);
	for (size_t i = 0; i < n; i++) {
		if (c[i] != '\n')
			str_addc(&st->line, c[i]);
		if (c[i] == '\n' || st->line.len >= LINE_MAX_BYTES)
			show_line(x, st);
	}
	return 0;
}

static void exec_told(void *arg, const char *name, const char *error)
{
	struct exec *x = arg;

	(void)name;
	if (error && x->many)
		tell_error("sxc: ", error);
}

static int run_exec(struct call *c, struct err *e)
{
	autoclean(server_specs_release) struct server_specs l = {0};
	autoclean(exec_release) struct exec x = {.c = c};
	struct server_exec how = {.argv = c->args + 1,
		.data = exec_data,
		.told = exec_told,
		.arg = &x};
	int r = server_targets(c->sxc, c->args[0], &l, e);

	if (r < 0)
		return r;
	x.many = l.n > 1;
	how.input = !x.many && !isatty(STDIN_FILENO);
	r = server_exec(c->sxc, &l, &how, e);
	vec_each(&x.streams, st)
		if (st->line.len)
			show_line(&x, st);
	return r;
}

/* ---- enter, upgrade ---- */

static int run_enter(struct call *c, struct err *e)
{
	int r = server_enter(c->sxc, c->args[0], e);

	return r <= 0 ? r
	              : err_set(e, E_FAIL, "the shell on %s ended with status %d", c->args[0], r);
}

struct upgrade_opts {
	bool restart_ps;
};
static const struct opt opts_upgrade[] = {
	OPT(struct upgrade_opts, restart_ps, "restart-ps", 0, OPT_FLAG, NULL,
		"exchange a kernel module in use now: restarts the private servers there"),
	OPT_END,
};

struct upgrading {
	struct call *c;
	bool many; /* one server's error is the command's */
};

static void upgrade_told(void *arg, const char *name, const char *error)
{
	struct upgrading *u = arg;

	if (!error)
		out_done_name(u->c->out, "server", name, "server %s upgraded", name);
	else if (u->many)
		tell_error("sxc: ", error);
}

static int run_upgrade(struct call *c, struct err *e)
{
	autoclean(server_specs_release) struct server_specs l = {0};
	const struct upgrade_opts *o = c->opts;
	struct upgrading u = {.c = c};
	int r = server_targets(c->sxc, c->args[0], &l, e);

	u.many = l.n > 1;
	return r < 0 ? r : server_upgrade_all(c->sxc, &l, o->restart_ps, upgrade_told, &u, e);
}

#define LIVE_VERB(id, help_, args_, flags_, columns_)                                              \
	const struct cmd cmd_server_##id = {.noun = "server",                                      \
		.verb = #id,                                                                       \
		.help = help_,                                                                     \
		.args = args_,                                                                     \
		.flags = flags_,                                                                   \
		.run = run_##id,                                                                   \
		.columns = columns_}
#define ASKS (CMD_DB_READ | CMD_NETWORK)

LIVE_VERB(status, "ask servers how they are", args_target, ASKS | CMD_LIST, status_columns);
LIVE_VERB(ping, "ask servers whether they are there", args_target, ASKS | CMD_LIST, ping_columns);
LIVE_VERB(exec, "run a command on one server or many at once", args_exec, ASKS, NULL);
LIVE_VERB(enter, "open a shell on a server", args_server, ASKS, NULL);
const struct cmd cmd_server_upgrade = {.noun = "server",
	.verb = "upgrade",
	.help = "bring agent and kernel module to this version",
	.opts = opts_upgrade,
	.opts_size = sizeof(struct upgrade_opts),
	.args = args_one_target,
	.flags = CMD_DB_WRITE | CMD_NETWORK | CMD_REPEATABLE,
	.run = run_upgrade};
