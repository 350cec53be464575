/* SPDX-License-Identifier: MIT */
/* sxc check: does the fleet agree with the books? */
#include "biz/check.h"

#include "cmd/cmd.h"
#include "cmd/out.h"

#define FINDING                                                                                    \
	COL(struct check_row, area, COL_TEXT, "database, audit, books, job, server, ps"),          \
		COL(struct check_row, object, COL_TEXT, "what it is about"),                       \
		COL(struct check_row, finding, COL_TEXT, "what is wrong")
static const struct column columns[] = {FINDING, COL_END};
static const struct column repair_columns[] = {FINDING,
	COL(struct check_row, repair, COL_TEXT, "what was done about it, or why nothing was"),
	COL_END};

struct check_opts {
	bool offline, repair;
};
static const struct opt opts_check[] = {
	OPT(struct check_opts, offline, "offline", 0, OPT_FLAG, NULL, "do not ask the servers"),
	OPT(struct check_opts, repair, "repair", 0, OPT_FLAG, NULL,
		"mend what can be mended without losing anything"),
	OPT_END,
};

static int run_check(struct call *c, struct err *e)
{
	const struct check_opts *o = c->opts;
	int found, r = out_list(c->out, "findings", o->repair ? repair_columns : columns, e);

	if (r < 0 || (found = check_all(c->sxc, o->offline, o->repair, out_row_fn, c->out, e)) < 0)
		return r < 0 ? r : found;
	if ((r = out_end(c->out, e)) < 0)
		return r;
	if (found)
		return err_set(e, E_INTEGRITY, "%d finding%s", found, found == 1 ? "" : "s");
	out_note(c->out, "%s", o->offline ? "the books are in order" : "fleet and books agree");
	return 0;
}

static const struct cmd cmd_check = {.noun = "check",
	.verb = "",
	.help = "compare the fleet with the books",
	.opts = opts_check,
	.opts_size = sizeof(struct check_opts),
	.flags = CMD_DB_READ | CMD_NETWORK | CMD_LIST,
	.writes = "repair",
	.run = run_check,
	.columns = repair_columns};

CMD_NOUN(check, "check", "compare the fleet with the books", 40, &cmd_check);
