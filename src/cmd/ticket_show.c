/* SPDX-License-Identifier: MIT */
#include "cmd/ticket_show.h"

#include "biz/ticket.h"
#include "cmd/out.h"
#include "util/iso8601.h"
#include "util/str.h"

static const struct column columns[] = {
	COL(struct ticket_row, ticket, COL_INT, "its number"),
	COL(struct ticket_row, state, COL_TEXT, "open, waiting (for the customer), closed, merged"),
	COL(struct ticket_row, priority, COL_TEXT, "low, normal, high, urgent"),
	COL(struct ticket_row, account, COL_TEXT, "whose it is"),
	COL(struct ticket_row, subject, COL_TEXT, "in one line"),
	COL(struct ticket_row, assigned, COL_TEXT, "who works on it"),
	COL(struct ticket_row, about, COL_TEXT, "the object it is about"),
	COL_X(struct ticket_row, about_kind, COL_TEXT, "what that is: server, ps, domain …"),
	COL_X(struct ticket_row, merged_into, COL_INT, "the ticket that took it in"),
	COL_X(struct ticket_row, created, COL_TIME, "when it was opened"),
	COL(struct ticket_row, updated, COL_TIME, "when something was said or changed last"),
	COL_X(struct ticket_row, closed, COL_TIME, "when it was closed"),
	COL_END,
};
static const struct column message_columns[] = {
	COL(struct ticket_message_row, message, COL_INT, "its number"),
	COL(struct ticket_message_row, origin, COL_INT, "the ticket it was written to"),
	COL(struct ticket_message_row, at, COL_TIME, "when"),
	COL(struct ticket_message_row, kind, COL_TEXT, "customer, reply, note, event"),
	COL(struct ticket_message_row, author, COL_TEXT, "who"),
	COL(struct ticket_message_row, body, COL_TEXT, "what"),
	COL_END,
};
static const struct column attachment_columns[] = {
	COL(struct ticket_attachment_row, attachment, COL_INT, "its number"),
	COL(struct ticket_attachment_row, message, COL_INT, "the message it came with"),
	COL(struct ticket_attachment_row, name, COL_TEXT, "its name"),
	COL(struct ticket_attachment_row, size, COL_SIZE, "its size"),
	COL(struct ticket_attachment_row, digest, COL_TEXT, "its SHA-256"),
	COL_END,
};

/* ---- list ---- */

struct list_opts {
	char *search, *state, *account, *assigned;
	bool all;
};
static const struct opt opts_list[] = {
	OPT(struct list_opts, search, "search", 0, OPT_TEXT, "TEXT",
		"only those where one message has all these words"),
	OPT(struct list_opts, state, "state", 0, OPT_TEXT, "STATE",
		"only open, waiting, closed or merged ones"),
	OPT(struct list_opts, all, "all", 'a', OPT_FLAG, NULL, "closed ones too"),
	OPT_ENT(struct list_opts, account, "account", ENT_ACCOUNT, "ACCOUNT",
		"only this account's"),
	OPT(struct list_opts, assigned, "assigned", 0, OPT_TEXT, "LOGIN",
		"only those this person works on"),
	OPT_END,
};

static int run_list(struct call *c, struct err *e)
{
	const struct list_opts *o = c->opts;
	struct ticket_filter f = {o->all ? "all" : o->state, o->account, o->assigned, o->search};
	int r;

	if (o->all && o->state)
		return err_set(e, E_USAGE, "--all and --state exclude each other");
	if ((r = ticket_check_filter(&f, e)) < 0)
		return r;
	if ((r = out_list(c->out, "tickets", columns, e)) == 0)
		r = ticket_list(c->sxc, &f, out_row_fn, c->out, e);
	return r < 0 ? r : out_end(c->out, e);
}

/* ---- show ---- */

static int show_row(void *arg, const void *row, struct err *e)
{
	return out_object(arg, columns, row, e);
}

/* On a terminal messages are read, not looked up: a line who and when, then the text. */
static int add_message(void *arg, const void *row, struct err *e)
{
	const struct ticket_message_row *m = row;
	struct str *s = arg;

	(void)e;
	str_add(s, "\n");
	iso8601_add(s, m->at);
	if (str_eq(m->kind, "event")) {
		str_addf(s, "  %s: %s\n", m->author, m->body);
		return 0;
	}
	str_addf(s, "  %s (%s)\n", m->author, m->kind);
	if (*m->body)
		str_addf(s, "\n%s%s", m->body, str_ends(m->body, "\n") ? "" : "\n");
	return 0;
}

static int show_json(struct call *c, int64_t id, struct err *e)
{
	int r;

	if ((r = out_nested(c->out, "Messages", "messages", message_columns, e)) < 0 ||
		(r = ticket_messages(c->sxc, id, out_row_fn, c->out, e)) < 0 ||
		(r = out_nested(c->out, "Attachments", "attachments", attachment_columns, e)) < 0)
		return r;
	return ticket_attachments(c->sxc, id, out_row_fn, c->out, e);
}

static int count_row(void *arg, const void *row, struct err *e)
{
	(void)row, (void)e;
	++*(int *)arg;
	return 0;
}

static int show_attachments(struct call *c, int64_t id, struct err *e)
{
	int n = 0, r = ticket_attachments(c->sxc, id, count_row, &n, e);

	if (r < 0 || n == 0)
		return r;
	if ((r = out_nested(c->out, "Attachments", "attachments", attachment_columns, e)) < 0)
		return r;
	return ticket_attachments(c->sxc, id, out_row_fn, c->out, e);
}

static int run_show(struct call *c, struct err *e)
{
	int64_t id = ticket_number(c->args[0]);
	autostr text = STR_INIT;
	int r = ticket_show(c->sxc, id, show_row, c->out, e);

	if (r < 0)
		return r;
	if (out_is_json(c->out)) {
		r = show_json(c, id, e);
		return r < 0 ? r : out_object_end(c->out, e);
	}
	if ((r = show_attachments(c, id, e)) < 0 || (r = out_object_end(c->out, e)) < 0 ||
		(r = ticket_messages(c->sxc, id, add_message, &text, e)) < 0)
		return r;
	if (out_is_page(c->out))
		out_text(c->out, str_c(&text));
	return 0;
}

/* ---- attachment ---- */

static const struct arg args_attachment[] = {{"TICKET", ENT_TICKET, ARG_ONE},
	{"NUMBER", ENT_NONE, ARG_ONE}, ARG_END};

static int run_attachment(struct call *c, struct err *e)
{
	int64_t number = ticket_number(c->args[1]);
	autostr content = STR_INIT;
	int r;

	if (!number)
		return err_set(e, E_USAGE, "'%.60s' is not the number of an attachment",
			c->args[1]);
	r = ticket_attachment(c->sxc, ticket_number(c->args[0]), number, &content, e);
	if (r == 0)
		out_bytes(c->out, str_c(&content), content.len);
	return r;
}

static const struct arg args_ticket[] = {{"TICKET", ENT_TICKET, ARG_ONE}, ARG_END};
const struct cmd ticket_cmd_list = {.noun = "ticket",
	.verb = "list",
	.help = "list tickets that are not closed",
	.opts = opts_list,
	.opts_size = sizeof(struct list_opts),
	.flags = CMD_DB_READ | CMD_LIST,
	.run = run_list,
	.columns = columns};
const struct cmd ticket_cmd_show = {.noun = "ticket",
	.verb = "show",
	.help = "show a ticket and everything said in it",
	.args = args_ticket,
	.flags = CMD_DB_READ,
	.run = run_show,
	.columns = columns};
const struct cmd ticket_cmd_attachment = {.noun = "ticket",
	.verb = "attachment",
	.help = "write an attachment to standard output",
	.args = args_attachment,
	.flags = CMD_DB_READ,
	.run = run_attachment};
