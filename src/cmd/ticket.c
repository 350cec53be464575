/* SPDX-License-Identifier: MIT */
/* sxc ticket: what customers ask and what is answered. */
#include "biz/ticket.h"

#include <string.h>

#include "cmd/cmd.h"
#include "cmd/out.h"
#include "cmd/table.h"
#include "cmd/ticket_show.h"
#include "util/slurp.h"
#include "util/str.h"

static const struct arg args_none[] = {ARG_END};
static const struct arg args_ticket[] = {{"TICKET", ENT_TICKET, ARG_ONE}, ARG_END};
static const struct arg args_tickets[] = {{"TICKET", ENT_TICKET, ARG_MANY}, ARG_END};

/* ---- the text of a message ---- */

struct text_opts {
	char *body, *body_file;
	struct strvec attach;
};
#define TEXT_OPTS(struct_)                                                                         \
	OPT(struct_, text.body, "body", 0, OPT_TEXT, "TEXT", "what is said"),                      \
		OPT(struct_, text.body_file, "body-file", 'F', OPT_FILE, "FILE",                   \
			"a file with what is said, - for standard input"),                         \
		OPT(struct_, text.attach, "attach", 0, OPT_TEXTS, "FILE",                          \
			"a file to go with it, repeatable")

/* body owns what *t points into. */
static int read_text(const struct text_opts *o, struct str *body, struct ticket_text *t,
	struct err *e)
{
	int r = 0;

	if (o->body && o->body_file)
		return err_set(e, E_USAGE, "--body and --body-file exclude each other");
	if (o->body)
		str_add(body, o->body);
	else if (o->body_file)
		r = slurp(o->body_file, TICKET_BODY_MAX, body, e);
	*t = (struct ticket_text){str_c(body), body->len, &o->attach};
	return r;
}

/* ---- what a ticket is about ---- */

static const struct {
	const char *kind;
	enum entity entity;
} kinds[] = {{"server", ENT_SERVER}, {"ps", ENT_PS}, {"domain", ENT_DOMAIN},
	{"subscription", ENT_SUBSCRIPTION}, {"invoice", ENT_INVOICE}};

/* Looked up among all kinds of objects, or the one named before a colon: domain:example.net. */
static int find_about(struct call *c, char *about, const char **kind, const char **name,
	struct err *e)
{
	int found = 0;

	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		const struct entity_ops *ops = table_entity(kinds[i].entity);
		size_t n = strlen(kinds[i].kind);
		bool said = strncmp(about, kinds[i].kind, n) == 0 && about[n] == ':';
		int r = ops ? ops->exists(c->sxc, said ? about + n + 1 : about, e) : 0;

		if (r < 0)
			return r;
		if (r == 0)
			continue;
		*kind = kinds[i].kind;
		*name = said ? about + n + 1 : about;
		found++;
	}
	if (found == 0)
		return err_set(e, E_NOTFOUND,
			"--about: no server, private server, domain, subscription or invoice '%s'",
			about);
	return found == 1
	               ? 0
	               : err_set(e, E_USAGE,
				 "--about: there are several '%s', write KIND:%s (server ps domain "
				 "subscription invoice)",
				 about, about);
}

/* ---- open ---- */

struct open_opts {
	char *account, *subject, *priority, *about;
	struct text_opts text;
};
static const struct opt opts_open[] = {
	OPT_ENT(struct open_opts, account, "account", ENT_ACCOUNT, "ACCOUNT", "whose it is"),
	OPT(struct open_opts, subject, "subject", 's', OPT_TEXT, "TEXT", "one line"),
	OPT(struct open_opts, priority, "priority", 0, OPT_TEXT, "P",
		"low, normal, high or urgent"),
	OPT(struct open_opts, about, "about", 0, OPT_TEXT, "OBJECT",
		"the server, domain … it is about"),
	TEXT_OPTS(struct open_opts),
	OPT_END,
};

static int run_open(struct call *c, struct err *e)
{
	const struct open_opts *o = c->opts;
	struct ticket_new n = {.account = o->account,
		.subject = o->subject,
		.priority = o->priority};
	autostr body = STR_INIT;
	autofree char *name = NULL;
	int64_t id;
	int r;

	if (!o->account || !o->subject)
		return err_set(e, E_USAGE, "a ticket needs --account and --subject");
	if ((o->about && (r = find_about(c, o->about, &n.about_kind, &n.about, e)) < 0) ||
		(r = read_text(&o->text, &body, &n.text, e)) < 0 ||
		(r = ticket_open(c->sxc, &n, &id, e)) < 0)
		return r;
	name = str_fmt("%lld", (long long)id);
	if (c->sxc->dry_run)
		out_would(c->out, "open a ticket of %s: %s", o->account, o->subject);
	else
		out_done_name(c->out, "ticket", name, "ticket %s opened", name);
	return 0;
}

/* ---- reply, note ---- */

struct say_opts {
	bool customer;
	struct text_opts text;
};
static const struct opt opts_reply[] = {
	OPT(struct say_opts, customer, "customer", 0, OPT_FLAG, NULL,
		"it is the customer who says it; opens the ticket again"),
	TEXT_OPTS(struct say_opts),
	OPT_END,
};
static const struct opt opts_note[] = {TEXT_OPTS(struct say_opts), OPT_END};

static int say(struct call *c, enum ticket_voice voice, const char *what, struct err *e)
{
	const struct say_opts *o = c->opts;
	const char *name = c->args[0];
	struct ticket_text t;
	autostr body = STR_INIT;
	int r;

	if ((r = read_text(&o->text, &body, &t, e)) < 0 ||
		(r = ticket_say(c->sxc, ticket_number(name), voice, &t, e)) < 0)
		return r;
	if (c->sxc->dry_run)
		out_would(c->out, "add a %s to ticket %s", what, name);
	else
		out_done_name(c->out, "ticket", name, "%s added to ticket %s", what, name);
	return 0;
}

static int run_reply(struct call *c, struct err *e)
{
	const struct say_opts *o = c->opts;

	return say(c, o->customer ? TICKET_CUSTOMER : TICKET_REPLY, "reply", e);
}

static int run_note(struct call *c, struct err *e)
{
	return say(c, TICKET_NOTE, "note", e);
}

/* ---- assign, set, close, reopen, merge ---- */

static int change(struct call *c, const struct ticket_change *ch, const char *what, struct err *e)
{
	const char *name = c->args[0];
	int r = ticket_set(c->sxc, ticket_number(name), ch, e);

	if (r == 0 && c->sxc->dry_run)
		out_would(c->out, "%s ticket %s", what, name);
	else if (r == 0)
		out_done_name(c->out, "ticket", name, "ticket %s changed", name);
	return r;
}

struct assign_opts {
	char *to;
	bool nobody;
};
static const struct opt opts_assign[] = {
	OPT(struct assign_opts, to, "to", 0, OPT_TEXT, "LOGIN", "who works on it; without it, you"),
	OPT(struct assign_opts, nobody, "nobody", 0, OPT_FLAG, NULL, "nobody works on it any more"),
	OPT_END,
};

static int run_assign(struct call *c, struct err *e)
{
	const struct assign_opts *o = c->opts;
	const char *me = c->sxc->as ? c->sxc->as : c->sxc->login;
	struct ticket_change ch = {.assigned = o->nobody ? "" : o->to ? o->to : me};

	if (o->nobody && o->to)
		return err_set(e, E_USAGE, "--to and --nobody exclude each other");
	if (o->to && !*o->to)
		return err_set(e, E_USAGE, "--to wants a login name");
	return change(c, &ch, "assign", e);
}

struct set_opts {
	char *subject, *priority, *about;
};
static const struct opt opts_set[] = {
	OPT(struct set_opts, subject, "subject", 's', OPT_TEXT, "TEXT", "one line"),
	OPT(struct set_opts, priority, "priority", 0, OPT_TEXT, "P", "low, normal, high or urgent"),
	OPT(struct set_opts, about, "about", 0, OPT_TEXT, "OBJECT",
		"what it is about; empty: nothing"),
	OPT_END,
};

static int run_set(struct call *c, struct err *e)
{
	const struct set_opts *o = c->opts;
	struct ticket_change ch = {.subject = o->subject, .priority = o->priority};
	int r;

	if (!o->subject && !o->priority && !o->about)
		return err_set(e, E_USAGE, "nothing to set: give --subject, --priority or --about");
	if (o->about && !*o->about)
		ch.about = ch.about_kind = "";
	else if (o->about && (r = find_about(c, o->about, &ch.about_kind, &ch.about, e)) < 0)
		return r;
	return change(c, &ch, "change", e);
}

/* Several at once: what can be done is done, what cannot is told. */
static int each(struct call *c, int (*fn)(struct sxc *s, int64_t id, struct err *e),
	const char *verb, const char *done, struct err *e)
{
	int failed = 0, r = 0;

	for (int i = 0; i < c->nargs; i++) {
		const char *name = c->args[i];

		if ((r = fn(c->sxc, ticket_number(name), e)) < 0) {
			if (c->nargs == 1 || r == E_INTR)
				return r;
			out_note(c->out, "%s", e->msg);
			failed++;
		} else if (c->sxc->dry_run) {
			out_would(c->out, "%s ticket %s", verb, name);
		} else {
			out_done_name(c->out, "ticket", name, "ticket %s %s", name, done);
		}
	}
	if (failed == c->nargs)
		return r;
	return failed ? err_set(e, E_PARTIAL, "%d of %d tickets could not be %s", failed, c->nargs,
				done)
	              : 0;
}

static int run_close(struct call *c, struct err *e)
{
	return each(c, ticket_close, "close", "closed", e);
}

static int run_reopen(struct call *c, struct err *e)
{
	return each(c, ticket_reopen, "reopen", "reopened", e);
}

static const struct arg args_merge[] = {{"TICKET", ENT_TICKET, ARG_ONE},
	{"INTO", ENT_TICKET, ARG_ONE}, ARG_END};

static int run_merge(struct call *c, struct err *e)
{
	const char *name = c->args[0], *into = c->args[1];
	int r = ticket_merge(c->sxc, ticket_number(name), ticket_number(into), e);

	if (r == 0 && c->sxc->dry_run)
		out_would(c->out, "merge ticket %s into ticket %s", name, into);
	else if (r == 0)
		out_done_name(c->out, "ticket", into, "ticket %s merged into ticket %s", name,
			into);
	return r;
}

/* ---- the table ---- */

#define CHANGES (CMD_DB_WRITE | CMD_DRY_RUN)
static const struct cmd cmd_open = {.noun = "ticket",
	.verb = "open",
	.help = "open a ticket for an account",
	.opts = opts_open,
	.opts_size = sizeof(struct open_opts),
	.args = args_none,
	.flags = CHANGES,
	.run = run_open};
static const struct cmd cmd_reply = {.noun = "ticket",
	.verb = "reply",
	.help = "answer the customer",
	.opts = opts_reply,
	.opts_size = sizeof(struct say_opts),
	.args = args_ticket,
	.flags = CHANGES,
	.run = run_reply};
static const struct cmd cmd_note = {.noun = "ticket",
	.verb = "note",
	.help = "add a note that the customer does not see",
	.opts = opts_note,
	.opts_size = sizeof(struct say_opts),
	.args = args_ticket,
	.flags = CHANGES,
	.run = run_note};
static const struct cmd cmd_assign = {.noun = "ticket",
	.verb = "assign",
	.help = "say who works on a ticket",
	.opts = opts_assign,
	.opts_size = sizeof(struct assign_opts),
	.args = args_ticket,
	.flags = CHANGES | CMD_REPEATABLE,
	.run = run_assign};
static const struct cmd cmd_set = {.noun = "ticket",
	.verb = "set",
	.help = "change a ticket's subject, priority or object",
	.opts = opts_set,
	.opts_size = sizeof(struct set_opts),
	.args = args_ticket,
	.flags = CHANGES | CMD_REPEATABLE,
	.run = run_set};
static const struct cmd cmd_close = {.noun = "ticket",
	.verb = "close",
	.help = "close tickets",
	.args = args_tickets,
	.flags = CHANGES,
	.run = run_close};
static const struct cmd cmd_reopen = {.noun = "ticket",
	.verb = "reopen",
	.help = "open closed tickets again",
	.args = args_tickets,
	.flags = CHANGES,
	.run = run_reopen};
static const struct cmd cmd_merge = {.noun = "ticket",
	.verb = "merge",
	.help = "move everything said in one ticket into another",
	.args = args_merge,
	.flags = CHANGES | CMD_DESTRUCTIVE,
	.run = run_merge,
	.ask = "merge tickets %s?"};

CMD_NOUN(ticket, "ticket", "support", 8, &cmd_open, &ticket_cmd_list, &ticket_cmd_show, &cmd_reply,
	&cmd_note, &cmd_assign, &cmd_set, &cmd_close, &cmd_reopen, &cmd_merge,
	&ticket_cmd_attachment);
CMD_ENTITY_ID(ticket, ENT_TICKET, "ticket", ticket_exists, ticket_complete, ticket_name_of);
