/* SPDX-License-Identifier: MIT */
/* sxc plan migrate: who has one version of a plan gets another. */
#include "biz/subscription.h"
#include "cmd/out.h"
#include "cmd/plan_verbs.h"
#include "util/str.h"

#define DAY 86400

static const struct column columns[] = {
	COL(struct migrate_row, subscription, COL_TEXT, "ACCOUNT/N"),
	COL(struct migrate_row, state, COL_TEXT, "changed or failed"),
	COL(struct migrate_row, day, COL_TEXT, "from which day the new version holds"),
	COL(struct migrate_row, reason, COL_TEXT, "why it failed"),
	COL_END,
};

struct migrate_opts {
	int64_t from, to, notice;
	char *when;
};
static const struct opt opts[] = {OPT(struct migrate_opts, from, "from", 0, OPT_INT, "V",
					  "the version they have"),
	OPT(struct migrate_opts, to, "to", 0, OPT_INT, "V", "the version they get"),
	OPT(struct migrate_opts, when, "when", 0, OPT_TEXT, "renewal|now",
		"default: at the renewal of each"),
	OPT(struct migrate_opts, notice, "notice", 0, OPT_DURATION, "30d",
		"mail them, and leave them so many days"),
	OPT_END};
static const struct arg args[] = {{"PLAN", ENT_PLAN, ARG_ONE}, ARG_END};

static int read_opts(const struct call *c, struct migrate_new *n, struct err *e)
{
	const struct migrate_opts *o = c->opts;

	*n = (struct migrate_new){.plan = c->args[0],
		.from = o->from,
		.to = o->to,
		.notice = (o->notice + DAY - 1) / DAY,
		.when = str_eq(o->when, "now") ? WHEN_NOW : WHEN_RENEWAL};
	if (o->from < 1 || o->to < 1)
		return err_set(e, E_USAGE, "say which versions: --from V --to V");
	if (call_given(c, "notice") && (n->notice < 1 || n->notice > 3650))
		return err_set(e, E_USAGE, "--notice is 1 to 3650 days");
	return 0;
}

static int run_migrate(struct call *c, struct err *e)
{
	struct migrate_new n;
	struct err ignored;
	autojobs jobs = {0};
	int ended = 0, r = read_opts(c, &n, e);

	if (r < 0 || (r = out_list(c->out, "subscriptions", columns, e)) < 0)
		return r;
	r = subscription_migrate(c->sxc, &n, out_row_fn, c->out, &jobs, e);
	if (r == 0 || r == E_PARTIAL)
		ended = out_end(c->out, r < 0 ? &ignored : e);
	if (jobs.n)
		out_note(c->out, "%zu job%s queued: \"sxc job resume\" works them off", jobs.n,
			jobs.n == 1 ? "" : "s");
	return r < 0 ? r : ended;
}

const struct cmd plan_cmd_migrate = {.noun = "plan",
	.verb = "migrate",
	.help = "give all who have one version of a plan another",
	.opts = opts,
	.opts_size = sizeof(struct migrate_opts),
	.args = args,
	.flags = CMD_DB_WRITE | CMD_LIST | CMD_REPEATABLE,
	.run = run_migrate,
	.columns = columns};
