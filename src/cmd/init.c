/* SPDX-License-Identifier: MIT */
/* sxc init: a new control center. */
#include "cmd/cmd.h"
#include "cmd/out.h"

struct init_opts {
	bool rehearsal;
};
static const struct opt opts_init[] = {
	OPT(struct init_opts, rehearsal, "rehearsal", 0, OPT_FLAG, NULL,
		"one to try things in: --now turns its clock"),
	OPT_END,
};

static int run_init(struct call *c, struct err *e)
{
	const struct init_opts *o = c->opts;
	const char *home = c->sxc->home;
	int r = sxc_init(c->sxc, o->rehearsal, e);

	if (r == 0)
		out_done_name(c->out, "home", home, "%s made at %s",
			o->rehearsal ? "rehearsal control center" : "control center", home);
	return r;
}

static const struct cmd cmd_init = {.noun = "init",
	.verb = "",
	.help = "make a control center: directory, keys, store",
	.opts = opts_init,
	.opts_size = sizeof(struct init_opts),
	.run = run_init};

CMD_NOUN(init, "init", "make a control center", 39, &cmd_init);
