/* SPDX-License-Identifier: MIT */
#include "cmd/cmd.h"
#include "cmd/out.h"

struct version_row {
	const char *version;
	int64_t schema;
};

static const struct column version_columns[] = {
	COL(struct version_row, version, COL_TEXT, "version of sxc"),
	COL(struct version_row, schema, COL_INT, "version of the database it writes"),
	COL_END,
};

static int run_version(struct call *c, struct err *e)
{
	struct version_row row = {SXC_VERSION, db_schema_version()};
	int r;

	if ((r = out_object(c->out, version_columns, &row, e)) < 0)
		return r;
	return out_object_end(c->out, e);
}

static const struct cmd cmd_version = {
	.noun = "version",
	.verb = "",
	.help = "say which version this is",
	.run = run_version,
	.columns = version_columns,
};

CMD_NOUN(version, "version", "say which version this is", 91, &cmd_version);
