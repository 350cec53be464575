/* SPDX-License-Identifier: MIT */
#include "cmd/complete.h"

#include <string.h>

#include "cmd/out.h"

#define LIMIT 200 /* names of objects offered at once */

struct completion {
	struct session *ses;
	const char *word;   /* what candidates begin with */
	const char *before; /* stands before each candidate: "--output=", "name,state," */
	void (*fn)(void *arg, const char *word, const char *help);
	void *arg;
	enum complete_files files;
	struct table_search ts;
	const struct cmd *cmd;
	struct strvec args; /* arguments before the cursor */
	const char *home;
	bool options_ended;
};

static void offer(struct completion *co, const char *word, const char *help)
{
	autofree char *full = NULL;

	if (!str_starts(word, co->word))
		return;
	full = co->before ? str_fmt("%s%s", co->before, word) : mem_strdup(word);
	co->fn(co->arg, full, help ? help : "");
}

static void offer_fn(void *arg, const char *word, const char *help)
{
	offer(arg, word, help);
}

/* ---- objects ---- */

static bool open_store(struct completion *co)
{
	struct session *ses = co->ses;
	struct globals g = ses->base;
	struct err e;

	if (ses->sxc.db)
		return true;
	if (co->home)
		g.home = (char *)(uintptr_t)co->home;
	g.request_key = NULL;
	return session_setup(ses, &g, &e) == 0 && sxc_open(&ses->sxc, DB_READ, &e) == 0;
}

static void objects_of(struct completion *co, enum entity ent)
{
	const struct entity_ops *ops = table_entity(ent);
	struct err e;

	if (ops && ops->complete && open_store(co))
		ops->complete(&co->ses->sxc, co->word, LIMIT, offer_fn, co, &e);
}

static void offer_target(struct completion *co)
{
	objects_of(co, ENT_SERVER);
	objects_of(co, ENT_PS);
	offer(co, "all", "every one");
}

/* sxc help NOUN [VERB]: the words of commands. */
static void offer_commands(struct completion *co)
{
	autoclean(table_search_release) struct table_search ts;

	table_search_init(&ts, co->ts.prefix);
	for (size_t i = 0; i < co->args.n; i++)
		if (!table_search_word(&ts, co->args.v[i]))
			return;
	table_search_next(&ts, offer_fn, co);
}

static void offer_entity(struct completion *co, enum entity ent)
{
	switch (ent) {
	case ENT_NONE:
	case ENT_NEW:
		break;
	case ENT_FILE:
	case ENT_COMMAND:
		co->files = COMPLETE_FILES;
		break;
	case ENT_TARGET:
		if (table_entity(ENT_TARGET))
			objects_of(co, ENT_TARGET);
		else
			offer_target(co);
		break;
	case ENT_NOUN:
		offer_commands(co);
		break;
	default:
		objects_of(co, ent);
	}
}

/* ---- values of options ---- */

static void offer_choices(struct completion *co, const char *choices)
{
	autostrvec words = {0};

	if (!choices || !strchr(choices, '|'))
		return;
	strvec_split(&words, choices, "|");
	vec_each(&words, it)
		if (**it >= 'a' && **it <= 'z')
			offer(co, *it, "");
}

static void offer_columns(struct completion *co, const char *before, const char *behind)
{
	const struct column *c = co->cmd ? co->cmd->columns : NULL;

	for (; c && c->name; c++) {
		autofree char *word = str_fmt("%s%s%s", before, c->name, behind);

		offer(co, word, c->help);
	}
}

/* --columns a,b,c: the part behind the last comma. */
static void offer_column_list(struct completion *co)
{
	const char *comma = strrchr(co->word, ',');
	autofree char *done = mem_strndup(co->word, comma ? (size_t)(comma + 1 - co->word) : 0);

	offer_columns(co, done, "");
	if (!comma)
		offer(co, "help", "list the columns");
}

static void offer_value(struct completion *co, const struct opt *o)
{
	if (o->type == OPT_FILE)
		co->files = COMPLETE_FILES;
	else if (o->type == OPT_ENTITY)
		offer_entity(co, o->entity);
	else if (o == line_find_long(NULL, "columns", 7))
		offer_column_list(co);
	else if (o == line_find_long(NULL, "sort", 4))
		offer_columns(co, *co->word == '-' ? "-" : "", "");
	else if (o == line_find_long(NULL, "filter", 6))
		offer_columns(co, "", "=");
	else
		offer_choices(co, o->value);
}

static void offer_options(struct completion *co, const struct opt *o)
{
	for (; o && o->name; o++) {
		autofree char *word = str_fmt("--%s", o->name);

		offer(co, word, o->help);
	}
}

/* The option whose value stands at the cursor because of the word before it, or NULL. */
static const struct opt *option_waiting(const struct completion *co, const char *word)
{
	const struct opt *o = NULL;

	if (word[1] == '-') {
		o = line_find_long(co->cmd, word + 2, strlen(word + 2));
		return o && line_takes_value(o) ? o : NULL;
	}
	while (*++word)
		if ((o = line_find_letter(co->cmd, *word)) && line_takes_value(o))
			return word[1] ? NULL : o;
	return NULL;
}

/* ---- the line ---- */

/* Takes the words before the cursor; returns the option that waits for a value at it. */
static const struct opt *read_words(struct completion *co, char **words, int n)
{
	const struct opt *waiting = NULL;
	bool in_path = true;

	for (int i = 0; i < n; i++) {
		const char *w = words[i];

		if (waiting) {
			if (str_eq(waiting->name, "home"))
				co->home = w;
			waiting = NULL;
		} else if (co->options_ended || w[0] != '-' || !w[1]) {
			in_path = in_path && table_search_word(&co->ts, w);
			if (!in_path)
				strvec_push(&co->args, w);
			const struct table_entry *en = table_search_found(&co->ts);
			co->cmd = en ? en->cmd : NULL;
		} else if (strcmp(w, "--") == 0) {
			co->options_ended = true;
			in_path = false;
		} else if (str_starts(w, "--home=")) {
			co->home = w + 7;
		} else {
			waiting = option_waiting(co, w);
		}
	}
	return waiting;
}

static void offer_argument(struct completion *co)
{
	struct line l = {.entry.cmd = co->cmd, .command_at = SIZE_MAX};
	const struct arg *a;

	for (a = co->cmd->args; a && a->name && a->entity != ENT_COMMAND; a++)
		;
	const struct arg *command = a && a->name ? a : NULL;

	a = command && co->options_ended ? command : line_arg(&l, co->args.n);
	a = a ? a : command;
	if (a)
		offer_entity(co, a->entity);
}

static void at_cursor(struct completion *co, const struct opt *waiting)
{
	const char *eq;

	if (waiting) {
		offer_value(co, waiting);
	} else if (!co->options_ended && str_starts(co->word, "--") &&
		   (eq = strchr(co->word, '='))) {
		autofree char *before = mem_strndup(co->word, (size_t)(eq + 1 - co->word));
		const struct opt *o = line_find_long(co->cmd, co->word + 2,
			(size_t)(eq - co->word - 2));

		co->before = before;
		co->word = eq + 1;
		if (o && line_takes_value(o))
			offer_value(co, o);
		co->before = NULL;
	} else if (!co->options_ended && *co->word == '-') {
		offer_options(co, co->cmd ? co->cmd->opts : NULL);
		offer_options(co, global_opts);
	} else {
		if (!co->args.n && !co->options_ended)
			table_search_next(&co->ts, offer_fn, co);
		if (co->cmd)
			offer_argument(co);
	}
}

enum complete_files complete_words(struct session *ses, char **words, int n,
	void (*fn)(void *arg, const char *word, const char *help), void *arg)
{
	struct completion co = {.ses = ses, .fn = fn, .arg = arg, .word = n ? words[n - 1] : ""};
	const struct opt *waiting;

	table_search_init(&co.ts, ses->shell);
	waiting = read_words(&co, words, n ? n - 1 : 0);
	at_cursor(&co, waiting);
	table_search_release(&co.ts);
	strvec_release(&co.args);
	return co.files;
}

/* ---- sxc __complete -- WORDS… CURSORWORD ---- */

static void print_candidate(void *arg, const char *word, const char *help)
{
	autostr s = STR_INIT;

	str_add_clean(&s, word, strlen(word), false);
	str_addc(&s, '\t');
	str_add_clean(&s, help, strlen(help), false);
	str_addc(&s, '\n');
	out_text(arg, str_c(&s));
}

static int run_complete(struct call *c, struct err *e)
{
	struct session ses;

	(void)e;
	session_init(&ses);
	if (complete_words(&ses, c->args, c->nargs, print_candidate, c->out) == COMPLETE_FILES)
		out_text(c->out, ":files\n");
	session_release(&ses);
	return 0;
}

static const struct arg complete_args[] = {{"WORD", ENT_COMMAND, ARG_ANY}, ARG_END};
static const struct cmd cmd_complete = {
	.noun = "__complete",
	.verb = "",
	.help = "candidates for the word at the cursor",
	.args = complete_args,
	.flags = CMD_HIDDEN,
	.run = run_complete,
};

/* ---- sxc __table: noun, verb, option, help, for the lint ---- */

static void print_row(struct out *o, const struct table_entry *en, const char *opt, char letter,
	const char *help)
{
	const char *noun = *en->cmd->noun ? en->cmd->noun : en->noun->name;
	autofree char *row = str_fmt("%s\t%s\t%s\t%.1s\t%s\n", noun, en->cmd->verb, opt,
		letter ? &letter : "", help);

	out_text(o, row);
}

static int run_table(struct call *c, struct err *e)
{
	size_t n;
	autofree struct table_entry *all = table_all(&n);

	(void)e;
	for (size_t i = 0; i < n; i++) {
		if (all[i].cmd->flags & CMD_HIDDEN)
			continue;
		print_row(c->out, &all[i], "", 0, all[i].cmd->help);
		for (const struct opt *o = all[i].cmd->opts; o && o->name; o++)
			print_row(c->out, &all[i], o->name, o->letter, o->help);
	}
	for (const struct opt *o = global_opts; o->name; o++) {
		autofree char *row = str_fmt("\t\t%s\t%.1s\t%s\n", o->name,
			o->letter ? &o->letter : "", o->help);

		out_text(c->out, row);
	}
	return 0;
}

static const struct cmd cmd_table = {
	.noun = "__table",
	.verb = "",
	.help = "the table of commands",
	.flags = CMD_HIDDEN,
	.run = run_table,
};

CMD_NOUN(complete, "__complete", "for completion scripts", 99, &cmd_complete);
CMD_NOUN(table, "__table", "for the lint", 99, &cmd_table);
