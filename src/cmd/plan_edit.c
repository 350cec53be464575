/* SPDX-License-Identifier: MIT */
/* sxc plan edit: a plan in the operator's editor, checked before it counts. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "biz/plan.h"
#include "cmd/out.h"
#include "cmd/plan_verbs.h"
#include "svc/run.h"
#include "util/str.h"

/* A plan being edited. */
struct edit {
	const char *plan;
	int64_t version; /* that was taken to be edited */
	char *path;      /* the text, until it counts or is left as it was */
};

static void edit_release(struct edit *ed)
{
	free(ed->path);
}

/* $VISUAL or $EDITOR, which may have arguments: words, no shell. */
static void editor_words(struct strvec *words, const char *path)
{
	const char *editor = getenv("VISUAL");

	if (!editor || !*editor)
		editor = getenv("EDITOR");
	strvec_split(words, editor && *editor ? editor : "vi", " \t");
	strvec_push(words, path);
}

static int write_text(const struct call *c, struct edit *ed, const char *text, struct err *e)
{
	autofree char *rel = str_fmt("run/%s-XXXXXX.yaml", ed->plan);
	autoclose int fd = -1;
	size_t n = strlen(text);

	ed->path = sxc_path(c->sxc, rel);
	fd = mkostemps(ed->path, (int)strlen(".yaml"), O_CLOEXEC);
	if (fd < 0)
		return err_sys(e, "%s", ed->path);
	return write(fd, text, n) == (ssize_t)n ? 0 : err_sys(e, "%s", ed->path);
}

static int version_row(void *arg, const void *row, struct err *e)
{
	struct edit *ed = arg;

	(void)e;
	ed->version = ((const struct plan_row *)row)->version;
	return 0;
}

static int begin(struct call *c, struct edit *ed, struct err *e)
{
	autofree char *text = NULL;
	int r = plan_show(c->sxc, ed->plan, 0, version_row, ed, e);

	if (r < 0 || (r = plan_source(c->sxc, ed->plan, ed->version, &text, e)) < 0)
		return r;
	return write_text(c, ed, text, e);
}

/* Check what was written, and make it count. */
static int take(struct call *c, const struct edit *ed, struct err *e)
{
	autoclean(plan_def_release) struct plan_def d;
	autofree char *before = NULL, *after = NULL;
	int64_t version = ed->version;
	bool changed = false;
	int r = plan_file_load(ed->path, &d, e);

	if (r < 0)
		return r;
	after = plan_def_content(&d);
	if (c->sxc->dry_run) {
		r = plan_content(c->sxc, ed->plan, ed->version, &before, e);
		if (r == 0 && !str_eq(before, after))
			out_would(c->out, "would make a new version of plan %s", ed->plan);
		else if (r == 0)
			out_would(c->out, "would leave plan %s as it is", ed->plan);
		return r;
	}
	r = plan_apply_edited(c->sxc, ed->plan, ed->version, &d, &version, &changed, e);
	if (r == 0 && changed)
		out_done_name(c->out, "plan", ed->plan, "plan %s version %lld applied", ed->plan,
			(long long)version);
	else if (r == 0)
		out_done_name(c->out, "plan", ed->plan, "plan %s is unchanged, version %lld",
			ed->plan, (long long)version);
	return r;
}

static int edit_once(struct call *c, const struct edit *ed, struct err *e)
{
	autostrvec words = {0};
	int r;

	editor_words(&words, ed->path);
	r = run_editor(strvec_argv(&words), e);
	return r < 0 ? r : take(c, ed, e);
}

static int run_edit(struct call *c, struct err *e)
{
	autoclean(edit_release) struct edit ed = {.plan = c->args[0]};
	struct err asked, why;
	int r = begin(c, &ed, e);

	if (r < 0)
		return r;
	while ((r = edit_once(c, &ed, e)) == E_USAGE && c->terminal && !c->yes) {
		out_note(c->out, "%s", e->msg);
		if (!cmd_confirm(c, &asked, "edit plan %s again?", ed.plan))
			break;
	}
	if (r < 0) {
		why = *e;
		return err_set(e, r, "%s (the edited text is kept in %s)", why.msg, ed.path);
	}
	unlink(ed.path);
	return 0;
}

static const struct arg args_plan[] = {{"PLAN", ENT_PLAN, ARG_ONE}, ARG_END};
const struct cmd plan_cmd_edit = {.noun = "plan",
	.verb = "edit",
	.help = "edit a plan in $VISUAL or $EDITOR",
	.args = args_plan,
	.flags = CMD_DB_WRITE | CMD_DRY_RUN,
	.run = run_edit};
