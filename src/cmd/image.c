/* SPDX-License-Identifier: MIT */
/* sxc image: OS images that private servers are made from. */
#include "biz/image.h"

#include "cmd/cmd.h"
#include "cmd/out.h"
#include "util/str.h"

static const struct column columns[] = {
	COL_NAMED("image", struct image_row, name, COL_TEXT, "its name"),
	COL(struct image_row, version, COL_INT, "which of that name, counted from 1"),
	COL(struct image_row, os, COL_TEXT, "what its os-release says"),
	COL(struct image_row, size, COL_SIZE, "bytes of the packed image"),
	COL(struct image_row, unpacked, COL_SIZE, "bytes of the files in it"),
	COL(struct image_row, users, COL_INT, "private servers that stand on it"),
	COL_X(struct image_row, digest, COL_TEXT, "SHA-256 of the packed image"),
	COL(struct image_row, created, COL_TIME, "when it was added"),
	COL_END,
};

static const struct arg args_name[] = {{"NAME", ENT_IMAGE, ARG_ONE}, ARG_END};
static const struct arg args_add[] = {{"NAME", ENT_NEW, ARG_ONE},
	{"FILE|DIR|SUITE", ENT_FILE, ARG_ONE}, ARG_END};

static int run_add(struct call *c, struct err *e)
{
	int r = image_add(c->sxc, c->args[0], c->args[1], e);

	if (r == 0)
		out_done_name(c->out, "image", c->args[0], "image %s added", c->args[0]);
	return r;
}

static int run_list(struct call *c, struct err *e)
{
	int r = out_list(c->out, "images", columns, e);

	if (r == 0)
		r = image_list(c->sxc, out_row_fn, c->out, e);
	return r < 0 ? r : out_end(c->out, e);
}

static int show_row(void *arg, const void *row, struct err *e)
{
	return out_object(arg, columns, row, e);
}

static int run_show(struct call *c, struct err *e)
{
	int r = image_show(c->sxc, c->args[0], show_row, c->out, e);

	return r < 0 ? r : out_object_end(c->out, e);
}

static int run_remove(struct call *c, struct err *e)
{
	int r = image_remove(c->sxc, c->args[0], e);

	if (r == 0)
		out_done_name(c->out, "image", c->args[0], "image %s removed", c->args[0]);
	return r;
}

static const struct cmd cmd_add = {.noun = "image",
	.verb = "add",
	.help = "register a tar, a directory or a Debian suite as an OS image, or a new version",
	.args = args_add,
	.flags = CMD_DB_WRITE,
	.run = run_add};
static const struct cmd cmd_list = {.noun = "image",
	.verb = "list",
	.help = "list the images",
	.flags = CMD_DB_READ | CMD_LIST,
	.run = run_list,
	.columns = columns};
static const struct cmd cmd_show = {.noun = "image",
	.verb = "show",
	.help = "show one image",
	.args = args_name,
	.flags = CMD_DB_READ,
	.run = run_show,
	.columns = columns};
static const struct cmd cmd_remove = {.noun = "image",
	.verb = "remove",
	.help = "remove an image that no private server uses",
	.args = args_name,
	.flags = CMD_DB_WRITE | CMD_DESTRUCTIVE,
	.run = run_remove};

CMD_NOUN(image, "image", "OS images for private servers", 30, &cmd_add, &cmd_list, &cmd_show,
	&cmd_remove);

/* ---- entity ---- */

static int image_exists(struct sxc *s, const char *name, struct err *e)
{
	char digest[65];
	int64_t id;
	int r = image_find(s, name, &id, digest, e);

	return r == 0 ? 1 : r == E_NOTFOUND ? 0 : r;
}

struct completion {
	const char *prefix;
	int limit;
	void (*fn)(void *arg, const char *name, const char *help);
	void *arg;
};

static int complete_row(void *arg, const void *row, struct err *e)
{
	const struct image_row *image = row;
	struct completion *c = arg;

	(void)e;
	if (image->newest && str_starts(image->name, c->prefix) && c->limit-- > 0)
		c->fn(c->arg, image->name, image->os ? image->os : "");
	return 0;
}

static int image_complete(struct sxc *s, const char *prefix, int limit,
	void (*fn)(void *arg, const char *name, const char *help), void *arg, struct err *e)
{
	struct completion c = {prefix, limit, fn, arg};

	return image_list(s, complete_row, &c, e);
}
CMD_ENTITY(image, ENT_IMAGE, "image", image_exists, image_complete);
