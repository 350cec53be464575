/* SPDX-License-Identifier: MIT */
/* sxc audit: who changed what, when, and the proof that none of it was changed since. */
#include "biz/audit_list.h"

#include "cmd/cmd.h"
#include "cmd/out.h"

static const struct column columns[] = {
	COL_NAMED("row", struct audit_row, id, COL_INT, "its number"),
	COL(struct audit_row, at, COL_TIME, "when, by the real clock"),
	{"clock", COL_TIME, offsetof(struct audit_row, clock), 0, "when, by --now", true},
	COL(struct audit_row, login, COL_TEXT, "login name of who did it"),
	COL(struct audit_row, actor, COL_TEXT, "the name given with --as"),
	COL(struct audit_row, what, COL_TEXT, "what was done"),
	COL(struct audit_row, object, COL_TEXT, "to what"),
	{"before", COL_TEXT, offsetof(struct audit_row, before), 0, "what was there before", true},
	COL(struct audit_row, after, COL_TEXT, "what is there after"),
	COL_END,
};

struct list_opts {
	char *object, *what;
	int64_t limit;
};
static const struct opt opts_list[] = {
	OPT(struct list_opts, object, "object", 0, OPT_TEXT, "NAME", "only changes of this object"),
	OPT(struct list_opts, what, "what", 0, OPT_TEXT, "VERB", "only these changes, server.add"),
	OPT(struct list_opts, limit, "limit", 0, OPT_INT, "N", "the last N, oldest first"),
	OPT_END,
};

static int run_list(struct call *c, struct err *e)
{
	const struct list_opts *o = c->opts;
	struct audit_filter f = {o->object, o->what, o->limit};
	int r;

	if (call_given(c, "limit") && o->limit < 1)
		return err_set(e, E_USAGE, "--limit must be 1 or more");
	if ((r = out_list(c->out, "audit", columns, e)) == 0)
		r = audit_list(c->sxc, &f, out_row_fn, c->out, e);
	return r < 0 ? r : out_end(c->out, e);
}

static int run_verify(struct call *c, struct err *e)
{
	int64_t rows;
	int r = audit_verify(c->sxc, &rows, e);

	if (r == 0)
		out_done(c->out, "%lld rows, each fits the one before it", (long long)rows);
	return r;
}

static const struct cmd cmd_list = {.noun = "audit",
	.verb = "list",
	.help = "list what was changed, by whom, when",
	.opts = opts_list,
	.opts_size = sizeof(struct list_opts),
	.flags = CMD_DB_READ | CMD_LIST,
	.run = run_list,
	.columns = columns};
static const struct cmd cmd_verify = {.noun = "audit",
	.verb = "verify",
	.help = "prove that no row was changed or removed",
	.flags = CMD_DB_READ,
	.run = run_verify};

CMD_NOUN(audit, "audit", "who changed what, when", 34, &cmd_list, &cmd_verify);
