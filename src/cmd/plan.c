/* SPDX-License-Identifier: MIT */
/* sxc plan: what is sold. */
#include "biz/plan.h"

#include "biz/plan_template.h"
#include "cmd/out.h"
#include "cmd/plan_verbs.h"
#include "util/str.h"
#include "util/units.h"

static const struct column columns[] = {
	COL(struct plan_row, plan, COL_TEXT, "its name"),
	COL(struct plan_row, title, COL_TEXT, "what customers read"),
	COL(struct plan_row, version, COL_INT, "the version that is sold"),
	COL(struct plan_row, state, COL_TEXT, "active or retired"),
	COL_CASH(struct plan_row, price, currency, "for one period"),
	COL(struct plan_row, currency, COL_TEXT, "the plan's own currency"),
	COL(struct plan_row, every, COL_TEXT, "the period"),
	COL(struct plan_row, subscribers, COL_INT, "subscriptions that have not ended"),
	{"setup", COL_MONEY, offsetof(struct plan_row, setup), offsetof(struct plan_row, currency),
		"once, on the first paid day", true},
	COL_X(struct plan_row, bill, COL_TEXT, "advance or arrears"),
	COL_X(struct plan_row, provision, COL_TEXT,
		"order: at once; paid: after the first payment"),
	COL_X(struct plan_row, stock, COL_INT, "how many may be subscribed at once"),
	COL_X(struct plan_row, id, COL_INT, "its number"),
	COL_X(struct plan_row, created, COL_TIME, "when the version was made"),
	COL_END,
};
static const struct column price_columns[] = {
	COL(struct plan_price_row, currency, COL_TEXT, "the currency"),
	COL_CASH(struct plan_price_row, price, currency, "for one period"),
	COL_CASH(struct plan_price_row, setup, currency, "once"),
	COL_END,
};
static const struct column option_columns[] = {
	COL(struct plan_option_row, option, COL_TEXT, "its name"),
	COL(struct plan_option_row, currency, COL_TEXT, "the currency"),
	COL_CASH(struct plan_option_row, price, currency, "for one and a period"),
	COL(struct plan_option_row, max, COL_INT, "at most so many"),
	COL_END,
};
static const struct column fact_columns[] = {
	COL(struct plan_fact_row, key, COL_TEXT, "the part"),
	COL(struct plan_fact_row, value, COL_TEXT, "what it says"),
	COL_END,
};
static const struct column diff_columns[] = {
	COL(struct plan_diff_row, key, COL_TEXT, "the part"),
	COL(struct plan_diff_row, before, COL_TEXT, "what it said"),
	COL(struct plan_diff_row, after, COL_TEXT, "what it says"),
	COL_END,
};
static const struct column template_columns[] = {
	COL_NAMED("template", struct plan_template_row, name, COL_TEXT, "its name"),
	COL(struct plan_template_row, title, COL_TEXT, "what it is"),
	COL_END,
};

/* ---- apply, validate ---- */

static const struct arg args_files[] = {{"FILE", ENT_FILE, ARG_MANY}, ARG_END};
static const struct arg args_plan[] = {{"PLAN", ENT_PLAN, ARG_ONE}, ARG_END};

static void told_applied(void *arg, const char *plan, int64_t version, bool changed)
{
	if (!changed)
		out_done_name(arg, "plan", plan, "plan %s is as it was, version %lld", plan,
			(long long)version);
	else
		out_done_name(arg, "plan", plan, "plan %s version %lld applied", plan,
			(long long)version);
}

static int would_apply(struct call *c, const char *path, struct err *e)
{
	autoclean(plan_def_release) struct plan_def d;
	autofree char *content = NULL, *before = NULL;
	int r = plan_file_load(path, &d, e);

	if (r < 0)
		return r;
	content = plan_def_content(&d);
	r = plan_content(c->sxc, d.name, 0, &before, e);
	if (r < 0 && r != E_NOTFOUND)
		return r;
	if (str_eq(content, before))
		out_would(c->out, "would leave plan %s as it is", d.name);
	else
		out_would(c->out, "would make a %s of plan %s",
			before ? "new version" : "first version", d.name);
	return 0;
}

static int run_apply(struct call *c, struct err *e)
{
	int r = 0;

	if (!c->sxc->dry_run)
		return plan_apply_files(c->sxc, c->args, told_applied, c->out, e);
	for (int i = 0; i < c->nargs && r == 0; i++)
		r = would_apply(c, c->args[i], e);
	return r;
}

static int run_validate(struct call *c, struct err *e)
{
	for (int i = 0; i < c->nargs; i++) {
		autoclean(plan_def_release) struct plan_def d;
		int r = plan_file_load(c->args[i], &d, e);

		if (r < 0)
			return r;
		out_done_name(c->out, "plan", d.name, "%s: plan %s is valid", c->args[i], d.name);
	}
	return 0;
}

/* ---- list, show, history, diff ---- */

static int run_list(struct call *c, struct err *e)
{
	int r = out_list(c->out, "plans", columns, e);

	if (r == 0)
		r = plan_list(c->sxc, out_row_fn, c->out, e);
	return r < 0 ? r : out_end(c->out, e);
}

struct show_opts {
	bool yaml;
	int64_t version;
};
static const struct opt opts_show[] = {
	OPT(struct show_opts, yaml, "yaml", 0, OPT_FLAG, NULL, "print the file as it was applied"),
	OPT(struct show_opts, version, "version", 0, OPT_INT, "V",
		"that version, not the current one"),
	OPT_END,
};

static int show_row(void *arg, const void *row, struct err *e)
{
	return out_object(arg, columns, row, e);
}

static int show_parts(struct call *c, const char *plan, int64_t version, struct err *e)
{
	int r;

	if ((r = plan_show(c->sxc, plan, version, show_row, c->out, e)) < 0 ||
		(r = out_nested(c->out, "Prices", "prices", price_columns, e)) < 0 ||
		(r = plan_prices(c->sxc, plan, version, out_row_fn, c->out, e)) < 0 ||
		(r = out_nested(c->out, "Options", "options", option_columns, e)) < 0 ||
		(r = plan_options(c->sxc, plan, version, out_row_fn, c->out, e)) < 0 ||
		(r = out_nested(c->out, "Provides", "provides", fact_columns, e)) < 0 ||
		(r = plan_facts(c->sxc, plan, version, out_row_fn, c->out, e)) < 0)
		return r;
	return out_object_end(c->out, e);
}

static int check_version(const struct call *c, int64_t version, struct err *e)
{
	if (call_given(c, "version") && version < 1)
		return err_set(e, E_USAGE, "--version: versions count from 1");
	return 0;
}

static int run_show(struct call *c, struct err *e)
{
	const struct show_opts *o = c->opts;
	autofree char *text = NULL;
	int r = check_version(c, o->version, e);

	if (r < 0)
		return r;
	if (!o->yaml)
		return show_parts(c, c->args[0], o->version, e);
	r = plan_source(c->sxc, c->args[0], o->version, &text, e);
	if (r == 0)
		out_text(c->out, text);
	return r;
}

static int run_history(struct call *c, struct err *e)
{
	int r = out_list(c->out, "versions", columns, e);

	if (r == 0)
		r = plan_history(c->sxc, c->args[0], out_row_fn, c->out, e);
	return r < 0 ? r : out_end(c->out, e);
}

static const struct arg args_diff[] = {{"FILE|PLAN", ENT_FILE, ARG_ONE},
	{"VERSION", ENT_NONE, ARG_OPTIONAL}, ARG_END};

/* A plan and one of its versions, against the current one. */
static int diff_version(struct call *c, char **before, char **after, struct err *e)
{
	int64_t version = 0;
	int r;

	if (units_int(c->args[1], &version) < 0 || version < 1)
		return err_set(e, E_USAGE, "'%.40s' is not a version: they count from 1",
			c->args[1]);
	r = plan_content(c->sxc, c->args[0], version, before, e);
	return r < 0 ? r : plan_content(c->sxc, c->args[0], 0, after, e);
}

/* A file, against the current version of the plan that it names. */
static int diff_file(struct call *c, char **before, char **after, struct err *e)
{
	autoclean(plan_def_release) struct plan_def d;
	int r = plan_file_load(c->args[0], &d, e);

	if (r < 0)
		return r;
	*after = plan_def_content(&d);
	return plan_content(c->sxc, d.name, 0, before, e);
}

static int run_diff(struct call *c, struct err *e)
{
	autofree char *before = NULL, *after = NULL;
	int r = c->nargs == 2 ? diff_version(c, &before, &after, e)
	                      : diff_file(c, &before, &after, e);

	if (r < 0 || (r = out_list(c->out, "differences", diff_columns, e)) < 0 ||
		(r = plan_diff(before, after, out_row_fn, c->out, e)) < 0)
		return r;
	return out_end(c->out, e);
}

/* ---- retire, remove, template ---- */

static int run_retire(struct call *c, struct err *e)
{
	int r = plan_retire(c->sxc, c->args[0], e);

	if (r == 0)
		out_done_name(c->out, "plan", c->args[0], "plan %s retired", c->args[0]);
	return r;
}

static int run_remove(struct call *c, struct err *e)
{
	int r = plan_remove(c->sxc, c->args[0], e);

	if (r == 0)
		out_done_name(c->out, "plan", c->args[0], "plan %s removed", c->args[0]);
	return r;
}

static const struct arg args_template[] = {{"NAME", ENT_PLAN_TEMPLATE, ARG_OPTIONAL}, ARG_END};

static int run_template(struct call *c, struct err *e)
{
	autofree char *text = NULL;
	int r;

	if (c->nargs) {
		if ((r = plan_template_text(c->args[0], &text, e)) == 0)
			out_text(c->out, text);
		return r;
	}
	if ((r = out_list(c->out, "templates", template_columns, e)) < 0 ||
		(r = plan_template_list(out_row_fn, c->out, e)) < 0)
		return r;
	return out_end(c->out, e);
}

static const struct cmd cmd_apply = {.noun = "plan",
	.verb = "apply",
	.help = "make new plans or new versions from files",
	.args = args_files,
	.flags = CMD_DB_WRITE | CMD_DRY_RUN | CMD_REPEATABLE,
	.run = run_apply};
static const struct cmd cmd_validate = {.noun = "plan",
	.verb = "validate",
	.help = "check plan files",
	.args = args_files,
	.run = run_validate};
static const struct cmd cmd_list = {.noun = "plan",
	.verb = "list",
	.help = "list plans",
	.flags = CMD_DB_READ | CMD_LIST,
	.run = run_list,
	.columns = columns};
static const struct cmd cmd_show = {.noun = "plan",
	.verb = "show",
	.help = "show one plan",
	.opts = opts_show,
	.opts_size = sizeof(struct show_opts),
	.args = args_plan,
	.flags = CMD_DB_READ,
	.run = run_show,
	.columns = columns};
static const struct cmd cmd_history = {.noun = "plan",
	.verb = "history",
	.help = "list the versions of a plan",
	.args = args_plan,
	.flags = CMD_DB_READ | CMD_LIST,
	.run = run_history,
	.columns = columns};
static const struct cmd cmd_diff = {.noun = "plan",
	.verb = "diff",
	.help = "compare a file, or a version, with the current version",
	.args = args_diff,
	.flags = CMD_DB_READ | CMD_LIST,
	.run = run_diff,
	.columns = diff_columns};
static const struct cmd cmd_retire = {.noun = "plan",
	.verb = "retire",
	.help = "sell a plan no longer; who has it keeps it",
	.args = args_plan,
	.flags = CMD_DB_WRITE,
	.run = run_retire};
static const struct cmd cmd_remove = {.noun = "plan",
	.verb = "remove",
	.help = "remove a plan that nobody ever subscribed to",
	.args = args_plan,
	.flags = CMD_DB_WRITE | CMD_DESTRUCTIVE,
	.ask = "remove plan %s with all its versions?",
	.run = run_remove};
static const struct cmd cmd_template = {.noun = "plan",
	.verb = "template",
	.help = "list ready-made plans, or print one",
	.args = args_template,
	.flags = CMD_LIST,
	.run = run_template,
	.columns = template_columns};

CMD_NOUN(plan, "plan", "what is sold", 5, &cmd_apply, &cmd_validate, &cmd_list, &cmd_show,
	&plan_cmd_edit, &cmd_history, &cmd_diff, &plan_cmd_migrate, &cmd_retire, &cmd_remove,
	&cmd_template);

static int plan_exists(struct sxc *s, const char *name, struct err *e)
{
	int64_t id;

	return plan_find(s, name, &id, e);
}
CMD_ENTITY_ID(plan, ENT_PLAN, "plan", plan_exists, plan_names, plan_name_of);

static int offer_template(void *arg, const void *row, struct err *e)
{
	const struct plan_template_row *t = row;

	return offer_name(arg, t->name, t->title, e);
}

static int template_complete(struct sxc *s, const char *prefix, int limit,
	void (*fn)(void *arg, const char *name, const char *help), void *arg, struct err *e)
{
	struct offering o = {prefix, limit, fn, arg};

	(void)s;
	return plan_template_list(offer_template, &o, e);
}
CMD_ENTITY(plan_template, ENT_PLAN_TEMPLATE, "template", NULL, template_complete);
