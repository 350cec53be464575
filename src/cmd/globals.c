/* SPDX-License-Identifier: MIT */
/* The options every command takes. */
#include "cmd/line.h"

#define G(field, name, letter, type, value, help)                                                  \
	OPT(struct globals, field, name, letter, type, value, help)

const struct opt global_opts[] = {
	G(home, "home", 0, OPT_FILE, "DIR", "the control center's directory"),
	G(output, "output", 'o', OPT_TEXT, "table|tsv|json|csv", "form of the output"),
	G(columns, "columns", 'c', OPT_TEXT, "A,B",
		"which columns, in which order; help lists them"),
	G(no_header, "no-header", 0, OPT_FLAG, NULL, "no header line"),
	G(sort, "sort", 0, OPT_TEXT, "[-]COL", "sort a list; with - descending"),
	G(filter, "filter", 0, OPT_TEXTS, "COL=GLOB", "only rows that match; may repeat"),
	G(quiet, "quiet", 'q', OPT_FLAG, NULL, "lists print names only, actions nothing"),
	G(verbose, "verbose", 'v', OPT_COUNT, NULL, "say each step; twice: each remote call"),
	G(dry_run, "dry-run", 'n', OPT_FLAG, NULL, "say what would be done and change nothing"),
	G(yes, "yes", 'y', OPT_FLAG, NULL, "do not ask"),
	G(jobs, "jobs", 'j', OPT_INT, "N", "servers worked on at once"),
	G(now, "now", 0, OPT_TEXT, "TIME", "act as if it were TIME"),
	G(as, "as", 0, OPT_TEXT, "ACTOR", "a name for the audit log beside the login name"),
	G(request_key, "request-key", 0, OPT_TEXT, "KEY", "do it once, however often it is asked"),
	G(color, "color", 0, OPT_TEXT, "auto|always|never", "colors on a terminal"),
	G(help, "help", 'h', OPT_FLAG, NULL, "explain the command"),
	OPT_END,
};

void globals_copy(struct globals *g, const struct globals *base)
{
	*g = *base;
	g->filter = (struct strvec){0};
	for (size_t i = 0; i < base->filter.n; i++)
		strvec_push(&g->filter, base->filter.v[i]);
}

void globals_release(struct globals *g)
{
	strvec_release(&g->filter);
}
