/* SPDX-License-Identifier: MIT */
/* sxc mail: what customers are told, and whether it went out. */
#include "biz/mail.h"

#include <stdlib.h>

#include "cmd/cmd.h"
#include "cmd/out.h"
#include "util/slurp.h"
#include "util/str.h"
#include "util/units.h"

static const struct column columns[] = {
	COL(struct mail_row, mail, COL_INT, "its number"),
	COL(struct mail_row, template, COL_TEXT, "what it is about"),
	COL(struct mail_row, account, COL_TEXT, "whom it tells"),
	COL(struct mail_row, invoice, COL_TEXT, "of which document"),
	COL(struct mail_row, recipient, COL_TEXT, "to which address"),
	COL(struct mail_row, subject, COL_TEXT, "once it was made"),
	COL(struct mail_row, state, COL_TEXT, "queued, sending, sent, failed, unknown"),
	COL(struct mail_row, attempts, COL_INT, "how often it was handed over"),
	COL(struct mail_row, next, COL_TIME, "when it is tried next"),
	COL(struct mail_row, error, COL_TEXT, "what went wrong last"),
	COL_X(struct mail_row, sent, COL_TIME, "when it was handed over"),
	COL_X(struct mail_row, created, COL_TIME, "when it was written down"),
	COL_X(struct mail_row, message_id, COL_TEXT, "how its Message-ID begins"),
	COL_X(struct mail_row, key, COL_TEXT, "what makes it unique"),
	COL_END,
};
static const struct column template_columns[] = {
	COL_NAMED("template", struct mail_template_row, name, COL_TEXT, "its name"),
	COL(struct mail_template_row, source, COL_TEXT, "shared, or one's own"),
	COL(struct mail_template_row, help, COL_TEXT, "when it is sent"),
	COL_END,
};

static int read_id(const char *text, int64_t *id, struct err *e)
{
	if (units_int(text[0] == '#' ? text + 1 : text, id) == 0 && *id > 0)
		return 0;
	return err_set(e, E_USAGE, "'%.40s' is not the number of a mail", text);
}

/* ---- list, show ---- */

struct list_opts {
	char *account;
	bool all;
};
static const struct opt opts_list[] = {OPT_ENT(struct list_opts, account, "account", ENT_ACCOUNT,
					       "NAME", "only to that account"),
	OPT(struct list_opts, all, "all", 'a', OPT_FLAG, NULL, "also what was sent"), OPT_END};
static const struct arg args_mail[] = {{"MAIL", ENT_MAIL, ARG_ONE}, ARG_END};
static const struct arg args_mails[] = {{"MAIL", ENT_MAIL, ARG_ANY}, ARG_END};
static const struct arg args_address[] = {{"ADDRESS", ENT_NONE, ARG_ONE}, ARG_END};

static int run_list(struct call *c, struct err *e)
{
	const struct list_opts *o = c->opts;
	int r = out_list(c->out, "mails", columns, e);

	if (r == 0)
		r = mail_list(c->sxc, o->account, o->all, out_row_fn, c->out, e);
	return r < 0 ? r : out_end(c->out, e);
}

static int show_row(void *arg, const void *row, struct err *e)
{
	return out_object(arg, columns, row, e);
}

struct show_opts {
	bool message;
};
static const struct opt opts_show[] = {OPT(struct show_opts, message, "message", 0, OPT_FLAG, NULL,
					       "the message itself, as it is handed over"),
	OPT_END};

static int run_show(struct call *c, struct err *e)
{
	const struct show_opts *o = c->opts;
	autofree char *text = NULL;
	int64_t id;
	int r = read_id(c->args[0], &id, e);

	if (r < 0)
		return r;
	if (!o->message) {
		r = mail_show(c->sxc, id, show_row, c->out, e);
		return r < 0 ? r : out_object_end(c->out, e);
	}
	if ((r = mail_message(c->sxc, id, &text, e)) == 0)
		out_text(c->out, text);
	return r;
}

/* ---- run, retry, test ---- */

static int run_run(struct call *c, struct err *e)
{
	struct mail_done done;
	int r = mail_run(c->sxc, &done, e);

	if (r < 0)
		return r;
	if (c->sxc->dry_run)
		out_would(c->out, "hand over %lld message%s", (long long)done.waiting,
			done.waiting == 1 ? "" : "s");
	else
		out_done(c->out, "%lld message%s sent", (long long)done.sent,
			done.sent == 1 ? "" : "s");
	return 0;
}

struct retry_opts {
	bool unknown;
};
static const struct opt opts_retry[] = {OPT(struct retry_opts, unknown, "unknown", 0, OPT_FLAG,
						NULL, "without MAIL: also what may have arrived"),
	OPT_END};

static int run_retry(struct call *c, struct err *e)
{
	const struct retry_opts *o = c->opts;
	int r = 0;

	if (c->nargs == 0) {
		if ((r = mail_retry_all(c->sxc, o->unknown, e)) >= 0)
			out_done(c->out, "%d message%s queued again", r, r == 1 ? "" : "s");
		return r < 0 ? r : 0;
	}
	for (int i = 0; i < c->nargs; i++) {
		int64_t id;

		if ((r = read_id(c->args[i], &id, e)) < 0 || (r = mail_retry(c->sxc, id, e)) < 0)
			return r;
		out_done_name(c->out, "mail", c->args[i], "mail %lld queued again", (long long)id);
	}
	return 0;
}

static int run_test(struct call *c, struct err *e)
{
	int r = mail_test(c->sxc, c->args[0], e);

	if (r == 0)
		out_done(c->out, "handed over to the mail command: see what arrives at %s",
			c->args[0]);
	return r;
}

/* ---- templates ---- */

static const struct arg args_template[] = {{"TEMPLATE", ENT_MAIL_TEMPLATE, ARG_ONE}, ARG_END};
static const struct arg args_template_file[] = {{"TEMPLATE", ENT_MAIL_TEMPLATE, ARG_ONE},
	{"FILE", ENT_FILE, ARG_ONE}, ARG_END};

static int run_template_list(struct call *c, struct err *e)
{
	int r = out_list(c->out, "templates", template_columns, e);

	if (r == 0)
		r = mail_template_list(c->sxc, out_row_fn, c->out, e);
	return r < 0 ? r : out_end(c->out, e);
}

static int run_template_show(struct call *c, struct err *e)
{
	autofree char *text = NULL;
	int r = mail_template_text(c->sxc, c->args[0], &text, e);

	if (r == 0)
		out_text(c->out, text);
	return r;
}

static int load_checked(const struct call *c, struct str *text, struct err *e)
{
	const char *file = c->args[1];
	int r = slurp(file, 1u << 20, text, e);

	return r < 0 ? r
	             : mail_template_check(c->args[0], slurp_name(file), str_c(text), text->len, e);
}

static int run_template_check(struct call *c, struct err *e)
{
	autostr text = STR_INIT;
	int r = load_checked(c, &text, e);

	if (r == 0)
		out_done(c->out, "%s would do as template %s", slurp_name(c->args[1]), c->args[0]);
	return r;
}

static int run_template_set(struct call *c, struct err *e)
{
	autostr text = STR_INIT;
	int r;

	if ((r = load_checked(c, &text, e)) < 0 ||
		(r = mail_template_set(c->sxc, c->args[0], str_c(&text), e)) < 0)
		return r;
	out_done_name(c->out, "template", c->args[0], "template %s set", c->args[0]);
	return 0;
}

static int run_template_unset(struct call *c, struct err *e)
{
	int r = mail_template_set(c->sxc, c->args[0], NULL, e);

	if (r == 0)
		out_done_name(c->out, "template", c->args[0], "template %s is the shared one again",
			c->args[0]);
	return r;
}

static const struct cmd cmd_list = {.noun = "mail",
	.verb = "list",
	.help = "list messages that are not sent",
	.opts = opts_list,
	.opts_size = sizeof(struct list_opts),
	.flags = CMD_DB_READ | CMD_LIST,
	.run = run_list,
	.columns = columns};
static const struct cmd cmd_show = {.noun = "mail",
	.verb = "show",
	.help = "show one message",
	.opts = opts_show,
	.opts_size = sizeof(struct show_opts),
	.args = args_mail,
	.flags = CMD_DB_READ,
	.run = run_show,
	.columns = columns};
static const struct cmd cmd_run = {.noun = "mail",
	.verb = "run",
	.help = "hand over what waits",
	.flags = CMD_DB_WRITE | CMD_NETWORK | CMD_DRY_RUN | CMD_REPEATABLE,
	.run = run_run};
static const struct cmd cmd_retry = {.noun = "mail",
	.verb = "retry",
	.help = "queue messages again, all that failed unless named",
	.opts = opts_retry,
	.opts_size = sizeof(struct retry_opts),
	.args = args_mails,
	.flags = CMD_DB_WRITE,
	.run = run_retry};
static const struct cmd cmd_test = {.noun = "mail",
	.verb = "test",
	.help = "send a test message now",
	.args = args_address,
	.flags = CMD_DB_READ | CMD_NETWORK,
	.run = run_test};
static const struct cmd cmd_template_list = {.noun = "mail template",
	.verb = "list",
	.help = "list the templates of messages",
	.flags = CMD_DB_READ | CMD_LIST,
	.run = run_template_list,
	.columns = template_columns};
static const struct cmd cmd_template_show = {.noun = "mail template",
	.verb = "show",
	.help = "print a template",
	.args = args_template,
	.flags = CMD_DB_READ,
	.run = run_template_show};
static const struct cmd cmd_template_check = {.noun = "mail template",
	.verb = "check",
	.help = "would a file do as a template?",
	.args = args_template_file,
	.flags = CMD_DB_READ,
	.run = run_template_check};
static const struct cmd cmd_template_set = {.noun = "mail template",
	.verb = "set",
	.help = "put a file, checked, in a template's place",
	.args = args_template_file,
	.flags = CMD_DB_WRITE | CMD_REPEATABLE,
	.run = run_template_set};
static const struct cmd cmd_template_unset = {.noun = "mail template",
	.verb = "unset",
	.help = "go back to the shared template",
	.args = args_template,
	.flags = CMD_DB_WRITE,
	.run = run_template_unset};

CMD_NOUN(mail, "mail", "messages to customers, and their templates", 33, &cmd_list, &cmd_show,
	&cmd_run, &cmd_retry, &cmd_test, &cmd_template_list, &cmd_template_show,
	&cmd_template_check, &cmd_template_set, &cmd_template_unset);

/* ---- for completion ---- */

static int offer_mail(void *arg, const void *row, struct err *e)
{
	const struct mail_row *m = row;
	autofree char *id = str_fmt("%lld", (long long)m->mail);

	return offer_name(arg, id, m->subject, e);
}

static int mail_complete(struct sxc *s, const char *prefix, int limit,
	void (*fn)(void *arg, const char *name, const char *help), void *arg, struct err *e)
{
	struct offering o = {prefix, limit, fn, arg};

	return mail_list(s, NULL, false, offer_mail, &o, e);
}
CMD_ENTITY(mail, ENT_MAIL, "mail", NULL, mail_complete);

static int offer_template(void *arg, const void *row, struct err *e)
{
	const struct mail_template_row *t = row;

	return offer_name(arg, t->name, t->help, e);
}

static int template_complete(struct sxc *s, const char *prefix, int limit,
	void (*fn)(void *arg, const char *name, const char *help), void *arg, struct err *e)
{
	struct offering o = {prefix, limit, fn, arg};

	return mail_template_list(s, offer_template, &o, e);
}
CMD_ENTITY(mail_template, ENT_MAIL_TEMPLATE, "template", NULL, template_complete);
