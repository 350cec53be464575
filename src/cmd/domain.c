/* SPDX-License-Identifier: MIT */
/* sxc domain: hosted sites. */
#include "biz/domain.h"

#include <string.h>

#include "biz/ps_live.h"
#include "cmd/cmd.h"
#include "cmd/out.h"
#include "util/str.h"

static const struct column columns[] = {
	COL(struct domain_row, domain, COL_TEXT, "its name, in the form that DNS knows"),
	COL(struct domain_row, account, COL_TEXT, "whose it is"),
	COL(struct domain_row, ps, COL_TEXT, "the private server it is on"),
	COL(struct domain_row, server, COL_TEXT, "the server that one lives on"),
	COL(struct domain_row, state, COL_TEXT, "adding, active, suspended, removing"),
	COL(struct domain_row, addresses, COL_LIST, "where it is reached"),
	COL(struct domain_row, features, COL_LIST, "what it has: http"),
	COL_X(struct domain_row, title, COL_TEXT, "its name as people write it"),
	COL_X(struct domain_row, subscription, COL_TEXT, "the subscription it was sold by"),
	COL(struct domain_row, created, COL_TIME, "when it was added"),
	COL_END,
};
static const struct column probe_columns[] = {
	COL(struct domain_probe_row, domain, COL_TEXT, "its name"),
	COL(struct domain_probe_row, service, COL_TEXT, "what was asked"),
	COL(struct domain_probe_row, address, COL_TEXT, "where"),
	COL(struct domain_probe_row, state, COL_TEXT, "up or down"),
	COL(struct domain_probe_row, code, COL_INT, "the HTTP status of the answer"),
	COL(struct domain_probe_row, ms, COL_INT, "milliseconds until the answer was whole"),
	COL(struct domain_probe_row, note, COL_TEXT, "what is not well"),
	COL_X(struct domain_probe_row, checked, COL_TIME, "when it was asked"),
	COL_END,
};
#define FINDING                                                                                    \
	COL(struct domain_finding_row, domain, COL_TEXT,                                           \
		"the domain; none: all of its private server"),                                    \
		COL(struct domain_finding_row, ps, COL_TEXT, "the private server"),                \
		COL(struct domain_finding_row, finding, COL_TEXT,                                  \
			"where books and server disagree")
static const struct column finding_columns[] = {FINDING, COL_END};
static const struct column repair_columns[] = {FINDING,
	COL(struct domain_finding_row, repair, COL_TEXT,
		"what was done about it, or why nothing was"),
	COL_END};

static const struct arg args_new[] = {{"NAME", ENT_NONE, ARG_ONE}, ARG_END};
static const struct arg args_one[] = {{"NAME", ENT_DOMAIN, ARG_ONE}, ARG_END};
static const struct arg args_many[] = {{"NAME", ENT_DOMAIN, ARG_MANY}, ARG_END};
static const struct arg args_any[] = {{"NAME", ENT_DOMAIN, ARG_OPTIONAL}, ARG_END};

/* ---- adding ---- */

struct add_opts {
	char *on, *account, *feature;
};
static const struct opt opts_add[] = {
	OPT_ENT(struct add_opts, on, "on", ENT_PS, "PS", "the private server that hosts it"),
	OPT_ENT(struct add_opts, account, "account", ENT_ACCOUNT, "ACCOUNT",
		"whose it is; default: whose the private server is"),
	OPT(struct add_opts, feature, "feature", 0, OPT_TEXT, "F,…",
		"capabilities it has; default: http"),
	OPT_END,
};

static int run_add(struct call *c, struct err *e)
{
	const struct add_opts *o = c->opts;
	struct domain_new d = {.name = c->args[0], .on = o->on};
	autostrvec features = {0};
	int r;

	if (!o->on)
		return err_set(e, E_USAGE, "say on which private server with --on");
	if (o->account && (r = ps_account(c->sxc, o->account, &d.account, e)) < 0)
		return r;
	if (o->feature) {
		strvec_split(&features, o->feature, ",");
		d.features = (const char *const *)strvec_argv(&features);
	}
	if ((r = domain_add(c->sxc, &d, e)) < 0)
		return r;
	if (c->sxc->dry_run)
		out_would(c->out, "would add domain %s on %s", d.name, d.on);
	else
		out_done_name(c->out, "domain", d.name, "domain %s added", d.name);
	return 0;
}

/* ---- lists ---- */

struct list_opts {
	char *on, *account;
};
static const struct opt opts_list[] = {
	OPT_ENT(struct list_opts, on, "on", ENT_PS, "PS", "of that private server only"),
	OPT_ENT(struct list_opts, account, "account", ENT_ACCOUNT, "ACCOUNT",
		"of that account only"),
	OPT_END,
};

static int run_list(struct call *c, struct err *e)
{
	const struct list_opts *o = c->opts;
	int r = out_list(c->out, "domains", columns, e);

	if (r == 0)
		r = domain_list(c->sxc, o->on, o->account, out_row_fn, c->out, e);
	return r < 0 ? r : out_end(c->out, e);
}

struct show {
	struct out *out;
	struct sxc *sxc;
};

static int show_row(void *arg, const void *row, struct err *e)
{
	const struct domain_row *d = row;
	struct show *s = arg;
	int r;

	if ((r = out_object(s->out, columns, row, e)) < 0 ||
		(r = out_nested(s->out, "services", "services", probe_columns, e)) < 0)
		return r;
	return domain_probes(s->sxc, d->domain, out_row_fn, s->out, e);
}

static int run_show(struct call *c, struct err *e)
{
	struct show s = {c->out, c->sxc};
	int r = domain_show(c->sxc, c->args[0], show_row, &s, e);

	return r < 0 ? r : out_object_end(c->out, e);
}

/* ---- removing, suspending ---- */

static int each(struct call *c, int (*fn)(struct sxc *, const char *, struct err *),
	const char *done, const char *would, struct err *e)
{
	for (int i = 0; i < c->nargs; i++) {
		int r = fn(c->sxc, c->args[i], e);

		if (r < 0)
			return r;
		if (c->sxc->dry_run)
			out_would(c->out, "would %s domain %s", would, c->args[i]);
		else
			out_done_name(c->out, "domain", c->args[i], "domain %s %s", c->args[i],
				done);
	}
	return 0;
}

static int run_remove(struct call *c, struct err *e)
{
	return each(c, domain_remove, "removed", "remove", e);
}

static int run_suspend(struct call *c, struct err *e)
{
	return each(c, domain_suspend, "suspended", "suspend", e);
}

static int run_resume(struct call *c, struct err *e)
{
	return each(c, domain_resume, "resumed", "resume", e);
}

/* ---- status and check ---- */

static int run_status(struct call *c, struct err *e)
{
	int r = out_list(c->out, "services", probe_columns, e), down;

	if (r < 0)
		return r;
	down = domain_status(c->sxc, c->nargs ? c->args[0] : NULL, out_row_fn, c->out, e);
	if (down < 0 || (r = out_end(c->out, e)) < 0)
		return down < 0 ? down : r;
	return down ? err_set(e, E_FAIL, "%d %s down", down,
			      down == 1 ? "service is" : "services are")
	            : 0;
}

struct check_opts {
	bool repair;
};
static const struct opt opts_check[] = {
	OPT(struct check_opts, repair, "repair", 0, OPT_FLAG, NULL,
		"make sites as the books say, files that are there kept"),
	OPT_END,
};

static int run_check(struct call *c, struct err *e)
{
	const struct check_opts *o = c->opts;
	const struct column *cols = o->repair ? repair_columns : finding_columns;
	int r = out_list(c->out, "findings", cols, e), found;

	if (r < 0)
		return r;
	found = domain_check(c->sxc, c->nargs ? c->args[0] : NULL, o->repair, out_row_fn, c->out,
		e);
	if (found < 0 || (r = out_end(c->out, e)) < 0)
		return found < 0 ? found : r;
	return found ? err_set(e, E_FAIL, "%d %s", found, found == 1 ? "finding" : "findings") : 0;
}

/* ---- the table ---- */

#define DOMAIN_VERB(id, verb_, help_, opts_, size_, args_, flags_, columns_)                       \
	static const struct cmd cmd_##id = {.noun = "domain",                                      \
		.verb = verb_,                                                                     \
		.help = help_,                                                                     \
		.opts = opts_,                                                                     \
		.opts_size = size_,                                                                \
		.args = args_,                                                                     \
		.flags = flags_,                                                                   \
		.run = run_##id,                                                                   \
		.columns = columns_}
#define CHANGES (CMD_DB_WRITE | CMD_NETWORK | CMD_DRY_RUN)

DOMAIN_VERB(add, "add", "host a site under a name", opts_add, sizeof(struct add_opts), args_new,
	CHANGES, NULL);
DOMAIN_VERB(list, "list", "list domains", opts_list, sizeof(struct list_opts), NULL,
	CMD_DB_READ | CMD_LIST, columns);
DOMAIN_VERB(show, "show", "show one domain and the last answers of its services", NULL, 0, args_one,
	CMD_DB_READ, columns);
DOMAIN_VERB(suspend, "suspend", "stop answering, keep the files", NULL, 0, args_many, CHANGES,
	NULL);
DOMAIN_VERB(resume, "resume", "answer again", NULL, 0, args_many, CHANGES, NULL);
DOMAIN_VERB(remove, "remove", "remove sites and their files", NULL, 0, args_many,
	CHANGES | CMD_DESTRUCTIVE, NULL);
DOMAIN_VERB(status, "status", "ask the services of domains now", NULL, 0, args_any,
	CMD_DB_WRITE | CMD_NETWORK | CMD_REPEATABLE | CMD_LIST, probe_columns);
static const struct cmd cmd_check = {.noun = "domain",
	.verb = "check",
	.help = "compare sites with the books",
	.opts = opts_check,
	.opts_size = sizeof(struct check_opts),
	.args = args_any,
	.flags = CMD_DB_READ | CMD_NETWORK | CMD_LIST,
	.writes = "repair",
	.run = run_check,
	.columns = repair_columns};

CMD_NOUN(domain, "domain", "hosted sites", 4, &cmd_add, &cmd_list, &cmd_show, &cmd_suspend,
	&cmd_resume, &cmd_remove, &cmd_status, &cmd_check);

CMD_ENTITY(domain, ENT_DOMAIN, "domain", domain_exists, domain_complete);
