/* SPDX-License-Identifier: MIT */
/* sxc server: the machines. */
#include "biz/server.h"

#include <stdio.h>
#include <string.h>

#include "cmd/cmd.h"
#include "cmd/out.h"
#include "cmd/server_verbs.h"
#include "util/str.h"
#include "util/units.h"

static const struct column columns[] = {
	COL_NAMED("server", struct server_row, name, COL_TEXT, "its name"),
	COL(struct server_row, state, COL_TEXT, "adding, active, removing"),
	COL(struct server_row, host, COL_TEXT, "address or host name it is reached at"),
	COL(struct server_row, os, COL_TEXT, "distribution"),
	COL(struct server_row, kernel, COL_TEXT, "release of its kernel"),
	COL(struct server_row, cpus, COL_INT, "processors"),
	COL(struct server_row, memory, COL_SIZE, "memory, bytes"),
	COL(struct server_row, disk, COL_SIZE, "disk for private servers, bytes"),
	COL(struct server_row, ps, COL_INT, "private servers that live there"),
	COL(struct server_row, group, COL_TEXT, "group, for @GROUP"),
	COL(struct server_row, agent, COL_TEXT, "version of the agent"),
	COL_X(struct server_row, module, COL_TEXT,
		"version of the kernel module; null: not loaded"),
	COL_X(struct server_row, module_state, COL_TEXT,
		"of the kernel module: enforcing, partial, staged, foreign, unloaded, refused, "
		"missing"),
	COL_X(struct server_row, enforcing, COL_BOOL, "all parts of the module are in force"),
	COL_X(struct server_row, enforces, COL_LIST,
		"parts in force: net, transfer, sessions, views"),
	COL_X(struct server_row, id, COL_INT, "its number, never used again"),
	COL_X(struct server_row, port, COL_INT, "SSH port"),
	COL_X(struct server_row, user, COL_TEXT, "user logged in as"),
	COL_X(struct server_row, os_version, COL_TEXT, "version of the distribution"),
	COL_X(struct server_row, arch, COL_TEXT, "architecture"),
	COL_X(struct server_row, cpu_mhz, COL_INT, "clock of a processor, MHz"),
	COL_X(struct server_row, addresses, COL_LIST, "its IP addresses"),
	COL_X(struct server_row, uplink, COL_TEXT, "interface to the outside"),
	COL_X(struct server_row, link_rate, COL_INT, "rate of the uplink, bit/s"),
	COL_X(struct server_row, cgroup2, COL_BOOL, "cgroup v2 is the one hierarchy"),
	COL_X(struct server_row, quota, COL_BOOL, "disk bounds can be enforced (project quota)"),
	COL_X(struct server_row, host_key, COL_TEXT, "pinned host key"),
	COL_X(struct server_row, seen, COL_TIME, "when these facts were recorded"),
	COL_X(struct server_row, created, COL_TIME, "when it was added"),
	COL_END,
};

/* ---- add ---- */

struct add_opts {
	char *name, *user, *password_file, *identity, *host_key, *group, *uplink;
	int64_t port, link_rate;
	bool password_stdin;
};
static const struct opt opts_add[] = {
	OPT(struct add_opts, name, "name", 0, OPT_TEXT, "NAME", "what it is called; default: HOST"),
	OPT(struct add_opts, user, "user", 0, OPT_TEXT, "USER",
		"user to log in as, with root's rights; default: root"),
	OPT(struct add_opts, port, "port", 0, OPT_INT, "PORT", "SSH port; default: 22"),
	OPT(struct add_opts, password_stdin, "password-stdin", 0, OPT_FLAG, NULL,
		"read the password from standard input"),
	OPT(struct add_opts, password_file, "password-file", 0, OPT_FILE, "FILE",
		"read the password from FILE"),
	OPT(struct add_opts, identity, "identity", 0, OPT_FILE, "KEY",
		"log in with this private key instead"),
	OPT(struct add_opts, host_key, "host-key", 0, OPT_TEXT, "SHA256:...",
		"fingerprint its host key must have"),
	OPT(struct add_opts, group, "group", 0, OPT_TEXT, "GROUP", "group it belongs to"),
	OPT(struct add_opts, uplink, "uplink", 0, OPT_TEXT, "INTERFACE",
		"interface to the outside; default: that of the default route"),
	OPT(struct add_opts, link_rate, "link-rate", 0, OPT_RATE, "RATE",
		"rate of the uplink, such as 100mbit"),
	OPT_END,
};
static const struct arg args_host[] = {{"HOST", ENT_NONE, ARG_ONE}, ARG_END};

static int check_host(const char *host, struct err *e)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789.:-_%";
	size_t n = strlen(host);

	if (n == 0 || n > 253 || host[0] == '-' || strspn(host, allowed) != n)
		return err_set(e, E_USAGE, "'%.100s' is not a host name or an address", host);
	return 0;
}

static int check_port(int64_t port, struct err *e)
{
	return port >= 1 && port <= 65535
	               ? 0
	               : err_set(e, E_USAGE, "--port: %lld is not between 1 and 65535",
				 (long long)port);
}

static int check_user(const char *user, struct err *e)
{
	size_t n = strlen(user);

	if (n == 0 || n > 32 || user[0] == '-' ||
		strspn(user, "abcdefghijklmnopqrstuvwxyz0123456789_-.") != n)
		return err_set(e, E_USAGE, "--user: '%.100s' is not a user name", user);
	return 0;
}

static int check_fingerprint(const char *text, struct err *e)
{
	static const char base64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				     "0123456789+/";

	if (str_starts(text, "SHA256:") && strlen(text) == 50 && strspn(text + 7, base64) == 43)
		return 0;
	return err_set(e, E_USAGE,
		"--host-key: '%.100s' is not a fingerprint such as ssh-keygen -l prints "
		"(SHA256: and 43 characters)",
		text);
}

static int check_label(const char *option, const char *text, size_t max, struct err *e)
{
	if (!str_is_name(text) || strlen(text) > max)
		return err_set(e, E_USAGE,
			"--%s: '%.100s' is not a name (a-z 0-9 . _ -, at most %zu)", option, text,
			max);
	return 0;
}

/* Interfaces: what the kernel takes, dev_valid_name(): no blank, slash or colon, 15 bytes. */
static int check_uplink(const char *text, struct err *e)
{
	size_t n = strlen(text);

	if (n == 0 || n > 15 || strpbrk(text, " \t\n/:") || strcmp(text, ".") == 0 ||
		strcmp(text, "..") == 0 || !str_is_utf8(text, n))
		return err_set(e, E_USAGE, "--uplink: '%.100s' is not the name of an interface",
			text);
	return 0;
}

static int check_new(const struct call *c, const struct add_opts *o, const struct server_new *n,
	struct err *e)
{
	int r;

	if ((r = check_host(n->host, e)) < 0 || (r = check_port(n->port, e)) < 0 ||
		(r = check_user(n->user, e)) < 0 ||
		(o->host_key && (r = check_fingerprint(o->host_key, e)) < 0) ||
		(o->group && (r = check_label("group", o->group, 63, e)) < 0) ||
		(o->uplink && (r = check_uplink(o->uplink, e)) < 0))
		return r;
	if (call_given(c, "link-rate") && o->link_rate <= 0)
		return err_set(e, E_USAGE, "--link-rate: must be more than nothing");
	if (strcmp(n->name, "all") == 0)
		return err_set(e, E_USAGE, "'all' is reserved, choose another --name");
	if (!str_is_name(n->name))
		return err_set(e, E_USAGE,
			"'%.100s' is not a name (a-z 0-9 . _ -, at most 63): choose a --name",
			n->name);
	if (o->identity && (o->password_stdin || o->password_file))
		return err_set(e, E_USAGE, "--identity and a password exclude each other");
	if (!o->host_key && !c->terminal)
		return err_set(e, E_USAGE,
			"there is no terminal to show the host key on: pin it with --host-key");
	return 0;
}

struct asking {
	struct call *c;
	const char *host;
};

static bool ask_host_key(void *arg, const char *fingerprint)
{
	struct asking *a = arg;
	struct err ignored;

	return cmd_confirm(a->c, &ignored, "%s shows the host key %s: is that right?", a->host,
		fingerprint);
}

static int add_with(struct call *c, struct server_new *n, char **password, struct err *e)
{
	const struct add_opts *o = c->opts;
	autofree char *prompt = str_fmt("Password of %s@%s: ", n->user, n->host);
	int r = 0;

	if (!o->identity)
		r = cmd_secret(c, o->password_file, o->password_stdin, prompt, password, e);
	n->password = *password;
	return r < 0 ? r : server_add(c->sxc, n, e);
}

static int run_add(struct call *c, struct err *e)
{
	const struct add_opts *o = c->opts;
	struct asking asking = {c, c->args[0]};
	struct server_new n = {.name = o->name ? o->name : c->args[0],
		.host = c->args[0],
		.user = o->user ? o->user : "root",
		.port = call_given(c, "port") ? (int)o->port : 22,
		.host_key = o->host_key,
		.identity = o->identity,
		.group = o->group,
		.uplink = o->uplink,
		.link_rate = o->link_rate,
		.confirm = ask_host_key,
		.arg = &asking};
	char *password = NULL;
	int r;

	if (call_given(c, "port") && (r = check_port(o->port, e)) < 0)
		return r;
	if ((r = check_new(c, o, &n, e)) < 0)
		return r;
	r = add_with(c, &n, &password, e);
	if (password) {
		mem_wipe(password, strlen(password));
		free(password);
	}
	if (r == 0)
		out_done_name(c->out, "server", n.name, "server %s added", n.name);
	return r;
}

/* ---- list, show, set, remove ---- */

struct list_opts {
	char *group;
};
static const struct opt opts_list[] = {
	OPT(struct list_opts, group, "group", 0, OPT_TEXT, "GROUP", "of that group only"),
	OPT_END,
};
static const struct arg args_server[] = {{"SERVER", ENT_SERVER, ARG_ONE}, ARG_END};

static int run_list(struct call *c, struct err *e)
{
	const struct list_opts *o = c->opts;
	int r = out_list(c->out, "servers", columns, e);

	if (r == 0)
		r = server_list(c->sxc, o->group, out_row_fn, c->out, e);
	return r < 0 ? r : out_end(c->out, e);
}

static int show_row(void *arg, const void *row, struct err *e)
{
	return out_object(arg, columns, row, e);
}

static int run_show(struct call *c, struct err *e)
{
	autofree char *inside = NULL;
	int r = server_show(c->sxc, c->args[0], show_row, c->out, e);

	if (r < 0 || (r = server_inhabitants(c->sxc, c->args[0], &inside, e)) < 0)
		return r;
	if (inside && (r = out_field(c->out, "private_servers", inside, e)) < 0)
		return r;
	return out_object_end(c->out, e);
}

struct set_opts {
	char *host, *user, *host_key, *group, *uplink;
	int64_t port, link_rate;
};
static const struct opt opts_set[] = {
	OPT(struct set_opts, host, "host", 0, OPT_TEXT, "HOST",
		"address or host name it is reached at"),
	OPT(struct set_opts, user, "user", 0, OPT_TEXT, "USER", "user to log in as"),
	OPT(struct set_opts, port, "port", 0, OPT_INT, "PORT", "SSH port"),
	OPT(struct set_opts, host_key, "host-key", 0, OPT_TEXT, "SHA256:...",
		"pin another host key"),
	OPT(struct set_opts, group, "group", 0, OPT_TEXT, "GROUP",
		"group it belongs to; '' takes it out"),
	OPT(struct set_opts, uplink, "uplink", 0, OPT_TEXT, "INTERFACE",
		"interface to the outside; '' is the one found"),
	OPT(struct set_opts, link_rate, "link-rate", 0, OPT_RATE, "RATE",
		"rate of the uplink, such as 100mbit"),
	OPT_END,
};

static int check_set(const struct call *c, const struct set_opts *o, struct err *e)
{
	int r;

	if ((o->host && (r = check_host(o->host, e)) < 0) ||
		(o->user && (r = check_user(o->user, e)) < 0) ||
		(call_given(c, "port") && (r = check_port(o->port, e)) < 0) ||
		(o->host_key && (r = check_fingerprint(o->host_key, e)) < 0) ||
		(o->group && *o->group && (r = check_label("group", o->group, 63, e)) < 0) ||
		(o->uplink && *o->uplink && (r = check_uplink(o->uplink, e)) < 0))
		return r;
	if (call_given(c, "link-rate") && o->link_rate <= 0)
		return err_set(e, E_USAGE, "--link-rate: must be more than nothing");
	for (const struct opt *opt = opts_set; opt->name; opt++)
		if (call_given(c, opt->name))
			return 0;
	return err_set(e, E_USAGE, "nothing to set; see \"sxc server set --help\"");
}

static int run_set(struct call *c, struct err *e)
{
	const struct set_opts *o = c->opts;
	struct server_change change = {.host = o->host,
		.user = o->user,
		.group = o->group,
		.uplink = o->uplink,
		.host_key = o->host_key,
		.port = (int)o->port,
		.link_rate = o->link_rate};
	int r = check_set(c, o, e);

	if (r < 0)
		return r;
	if ((r = server_set(c->sxc, c->args[0], &change, e)) == 0)
		out_done_name(c->out, "server", c->args[0], "server %s set", c->args[0]);
	return r;
}

struct remove_opts {
	bool keep_agent, forget;
};
static const struct opt opts_remove[] = {
	OPT(struct remove_opts, keep_agent, "keep-agent", 0, OPT_FLAG, NULL,
		"leave the agent and what it made there"),
	OPT(struct remove_opts, forget, "forget", 0, OPT_FLAG, NULL,
		"only take it out of the books: it is gone for good"),
	OPT_END,
};

static int run_remove(struct call *c, struct err *e)
{
	const struct remove_opts *o = c->opts;
	int r = server_remove(c->sxc, c->args[0], o->keep_agent, o->forget, e);

	if (r == 0)
		out_done_name(c->out, "server", c->args[0], "server %s removed", c->args[0]);
	return r;
}

#define SERVER_VERB(id, verb_, help_, opts_, size_, args_, flags_)                                 \
	static const struct cmd cmd_##id = {.noun = "server",                                      \
		.verb = verb_,                                                                     \
		.help = help_,                                                                     \
		.opts = opts_,                                                                     \
		.opts_size = size_,                                                                \
		.args = args_,                                                                     \
		.flags = flags_,                                                                   \
		.run = run_##id,                                                                   \
		.columns = columns}

SERVER_VERB(add, "add", "take a machine into the fleet", opts_add, sizeof(struct add_opts),
	args_host, CMD_DB_WRITE | CMD_NETWORK | CMD_REPEATABLE);
SERVER_VERB(list, "list", "list servers", opts_list, sizeof(struct list_opts), NULL,
	CMD_DB_READ | CMD_LIST);
SERVER_VERB(show, "show", "show one server", NULL, 0, args_server, CMD_DB_READ);
SERVER_VERB(set, "set", "change how a server is reached and what is known of it", opts_set,
	sizeof(struct set_opts), args_server, CMD_DB_WRITE | CMD_REPEATABLE);
SERVER_VERB(remove, "remove", "let a server go", opts_remove, sizeof(struct remove_opts),
	args_server, CMD_DB_WRITE | CMD_NETWORK | CMD_DESTRUCTIVE);

CMD_NOUN(server, "server", "the machines", 1, &cmd_add, &cmd_list, &cmd_show, &cmd_set, &cmd_remove,
	&cmd_server_status, &cmd_server_ping, &cmd_server_exec, &cmd_server_enter,
	&cmd_server_upgrade, &cmd_server_module_add, &cmd_server_module_list,
	&cmd_server_module_remove);

CMD_ENTITY_ID(server, ENT_SERVER, "server", server_exists, server_complete, server_name_of);
