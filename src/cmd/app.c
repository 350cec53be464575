/* SPDX-License-Identifier: MIT */
/* sxc app: packages of wrapped applications. Their instances are in app_instance.c. */
#include "biz/app.h"
#include "biz/app_dir.h"

#include <string.h>
#include <sys/stat.h>

#include "cmd/cmd.h"
#include "cmd/out.h"
#include "svc/package_read.h"
#include "util/str.h"

static const struct column columns[] = {
	COL(struct app_row, app, COL_TEXT, "its name"),
	COL(struct app_row, version, COL_TEXT, "of the package"),
	COL(struct app_row, title, COL_TEXT, "what it is"),
	COL(struct app_row, provides, COL_LIST, "capabilities: what domains and others can use"),
	COL(struct app_row, size, COL_SIZE, "bytes of the package"),
	COL(struct app_row, instances, COL_INT, "private servers that have this version"),
	COL_X(struct app_row, unpacked, COL_SIZE, "bytes of its members"),
	COL_X(struct app_row, digest, COL_TEXT, "SHA-256 of the package"),
	COL(struct app_row, created, COL_TIME, "when it was registered"),
	COL_END,
};
static const struct column setting_columns[] = {
	COL(struct app_setting_row, setting, COL_TEXT, "its name"),
	COL(struct app_setting_row, type, COL_TEXT, "integer, size, duration, boolean, string …"),
	COL(struct app_setting_row, value, COL_TEXT, "its default"),
	COL(struct app_setting_row, help, COL_TEXT, "what it does"),
	COL_END,
};

struct file_row {
	const char *path, *mode, *sha256;
	int64_t size;
};
static const struct column file_columns[] = {
	COL(struct file_row, path, COL_TEXT, "name in the package"),
	COL(struct file_row, size, COL_SIZE, "bytes"),
	COL(struct file_row, mode, COL_TEXT, "0644 or 0755"),
	COL_X(struct file_row, sha256, COL_TEXT, "SHA-256 of its content"),
	COL_END,
};
struct verify_row {
	const char *app, *version, *digest, *signature;
	int64_t size, unpacked;
};
static const struct column verify_columns[] = {
	COL(struct verify_row, app, COL_TEXT, "the application"),
	COL(struct verify_row, version, COL_TEXT, "of the package"),
	COL(struct verify_row, size, COL_SIZE, "bytes of the package"),
	COL(struct verify_row, unpacked, COL_SIZE, "bytes of its members"),
	COL(struct verify_row, digest, COL_TEXT, "SHA-256 of the package"),
	COL(struct verify_row, signature, COL_TEXT, "whose it is"),
	COL_END,
};

static const struct column finding_columns[] = {
	COL(struct app_finding_row, where, COL_TEXT, "file and line"),
	COL(struct app_finding_row, level, COL_TEXT, "error: it cannot be packed; advice"),
	COL(struct app_finding_row, finding, COL_TEXT, "what it is"),
	COL_END,
};

static const struct arg args_dir[] = {{"DIR", ENT_FILE, ARG_ONE}, ARG_END};
static const struct arg args_new[] = {{"NAME", ENT_NEW, ARG_ONE}, ARG_END};
static const struct arg args_any[] = {{"FILE|DIR", ENT_FILE, ARG_ONE}, ARG_END};
static const struct arg args_app[] = {{"APP", ENT_APP, ARG_ONE}, ARG_END};
static const struct arg args_version[] = {{"APP[=VERSION]", ENT_APP, ARG_ONE}, ARG_END};

/* ---- verbs ---- */

struct pack_opts {
	char *out;
	bool update;
};
static const struct opt opts_pack[] = {
	OPT(struct pack_opts, out, "out", 0, OPT_FILE, "FILE",
		"the package to write; default: its own name, here"),
	OPT(struct pack_opts, update, "update", 0, OPT_FLAG, NULL,
		"take the distribution's newest packages and raise the version"),
	OPT_END,
};

static int run_pack(struct call *c, struct err *e)
{
	const struct pack_opts *o = c->opts;
	autofree char *path = NULL;
	int r = app_pack(c->sxc, c->args[0], o->out, o->update, &path, e);

	if (r == 0)
		out_done_name(c->out, "package", path, "%s packed and signed", path);
	return r;
}

static int show_files(struct out *o, const struct package *p, struct err *e)
{
	int r = out_nested(o, "members", "members", file_columns, e);

	for (size_t i = 0; i < p->members.n && r == 0; i++) {
		const struct package_member *m = &p->members.v[i];
		struct file_row row = {m->path, m->mode == 0755 ? "0755" : "0644", m->sha256,
			m->size};

		r = out_row(o, &row, e);
	}
	return r < 0 ? r : out_object_end(o, e);
}

/* A wrapper directory: what is missing in it. */
static int verify_dir(struct call *c, struct err *e)
{
	int errors, r = out_list(c->out, "findings", finding_columns, e);

	if (r < 0 || (errors = app_dir_check(c->args[0], out_row_fn, c->out, e)) < 0)
		return r < 0 ? r : errors;
	if ((r = out_end(c->out, e)) < 0 || errors == 0)
		return r;
	return err_set(e, E_USAGE, "%s cannot be packed: %d error%s", c->args[0], errors,
		errors == 1 ? "" : "s");
}

static int run_verify(struct call *c, struct err *e)
{
	autopackage *p = NULL;
	struct stat st;
	int r;

	if (stat(c->args[0], &st) == 0 && S_ISDIR(st.st_mode))
		return verify_dir(c, e);
	r = app_verify(c->sxc, c->args[0], &p, e);

	if (r < 0)
		return r;
	struct verify_row row = {p->wrapper.app, p->version, p->digest, "this control center",
		p->size, p->unpacked};
	if ((r = out_object(c->out, verify_columns, &row, e)) < 0)
		return r;
	return show_files(c->out, p, e);
}

static int run_new(struct call *c, struct err *e)
{
	const char *name = c->args[0];
	int r = app_dir_new(name, e);

	if (r == 0)
		out_done_name(c->out, "directory", name,
			"%s written: change %s/wrapper.yaml, then \"sxc app verify %s\"", name,
			name, name);
	return r;
}

static int run_add(struct call *c, struct err *e)
{
	autofree char *name = NULL, *version = NULL;
	int r = app_add(c->sxc, c->args[0], &name, &version, e);

	if (r == 0)
		out_done_name(c->out, "app", name, "%s %s registered", name, version);
	return r;
}

static int run_list(struct call *c, struct err *e)
{
	int r = out_list(c->out, "apps", columns, e);

	if (r == 0)
		r = app_list(c->sxc, NULL, out_row_fn, c->out, e);
	return r < 0 ? r : out_end(c->out, e);
}

struct show {
	struct out *out;
	bool begun;
};

/* The newest version comes first: that is the one shown. */
static int show_row(void *arg, const void *row, struct err *e)
{
	struct show *s = arg;

	if (s->begun)
		return 0;
	s->begun = true;
	return out_object(s->out, columns, row, e);
}

static int run_show(struct call *c, struct err *e)
{
	struct show s = {.out = c->out};
	int r = app_list(c->sxc, c->args[0], show_row, &s, e);

	if (r < 0 || (r = out_nested(c->out, "settings", "settings", setting_columns, e)) < 0 ||
		(r = app_settings(c->sxc, c->args[0], out_row_fn, c->out, e)) < 0)
		return r;
	return out_object_end(c->out, e);
}

static int run_remove(struct call *c, struct err *e)
{
	char *name = c->args[0], *version = strchr(name, '=');
	int r;

	if (version)
		*version++ = '\0';
	r = app_remove(c->sxc, name, version, e);
	if (r == 0)
		out_done_name(c->out, "app", name, "%s%s%s removed", name, version ? " " : "",
			version ? version : "");
	return r;
}

static const struct cmd cmd_pack = {.noun = "app",
	.verb = "pack",
	.help = "make a signed package of a wrapper directory",
	.opts = opts_pack,
	.opts_size = sizeof(struct pack_opts),
	.args = args_dir,
	.flags = CMD_NETWORK | CMD_REPEATABLE,
	.run = run_pack};
static const struct cmd cmd_verify = {.noun = "app",
	.verb = "verify",
	.help = "check a package and its signature, or say what is missing in a wrapper directory",
	.args = args_any,
	.run = run_verify,
	.columns = verify_columns};
static const struct cmd cmd_new = {.noun = "app",
	.verb = "new",
	.help = "write a wrapper directory to begin with",
	.args = args_new,
	.run = run_new};
static const struct cmd cmd_add = {.noun = "app",
	.verb = "add",
	.help = "register a package, or pack a wrapper directory and register that",
	.args = args_any,
	.flags = CMD_DB_WRITE | CMD_NETWORK,
	.run = run_add};
static const struct cmd cmd_list = {.noun = "app",
	.verb = "list",
	.help = "list the registered applications",
	.flags = CMD_DB_READ | CMD_LIST,
	.run = run_list,
	.columns = columns};
static const struct cmd cmd_show = {.noun = "app",
	.verb = "show",
	.help = "show the newest version of an application and its settings",
	.args = args_app,
	.flags = CMD_DB_READ,
	.run = run_show,
	.columns = columns};
static const struct cmd cmd_remove = {.noun = "app",
	.verb = "remove",
	.help = "take an application, or one version of it, out of the register",
	.args = args_version,
	.flags = CMD_DB_WRITE | CMD_DESTRUCTIVE,
	.run = run_remove};

CMD_NOUN(app, "app", "wrapped applications", 3, &cmd_new, &cmd_pack, &cmd_verify, &cmd_add,
	&cmd_list, &cmd_show, &cmd_remove);

/* APP or APP=VERSION. */
static int entity_exists(struct sxc *s, const char *name, struct err *e)
{
	autofree char *bare = mem_strndup(name, strcspn(name, "="));

	return app_exists(s, bare, e);
}
CMD_ENTITY(app, ENT_APP, "application", entity_exists, app_complete);
