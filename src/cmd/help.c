/* SPDX-License-Identifier: MIT */
/* --help at every level, rendered from the table; sxc help, which opens the manual. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cmd/call.h"
#include "cmd/out.h"

#define INDENT 2

/* ---- two columns ---- */

struct entry_text {
	char *left;
	const char *right;
};

struct two_columns {
	VEC(struct entry_text) v;
};

static void two_columns_release(struct two_columns *t)
{
	vec_each(&t->v, it)
		free(it->left);
	vec_release(&t->v);
}

static void two_columns_add(struct two_columns *t, char *left, const char *right)
{
	struct entry_text et = {left, right};

	vec_push(&t->v, et);
}

/* Columns on the terminal: our own texts hold no wide or combining characters. */
static size_t text_width(const char *s)
{
	size_t n = 0;

	for (; *s; s++)
		n += (*s & 0xc0) != 0x80;
	return n;
}

static void two_columns_print(const struct two_columns *t, struct str *s)
{
	size_t width = 0;

	for (size_t i = 0; i < t->v.n; i++) {
		size_t n = text_width(t->v.v[i].left);

		width = n > width && n <= 32 ? n : width;
	}
	for (size_t i = 0; i < t->v.n; i++) {
		size_t n = text_width(t->v.v[i].left);

		str_addf(s, "%*s%s", INDENT, "", t->v.v[i].left);
		if (n > width)
			str_addf(s, "\n%*s", (int)width + INDENT, "");
		else
			str_addf(s, "%*s", (int)(width - n), "");
		str_addf(s, "  %s\n", t->v.v[i].right);
	}
}

static void add_next(void *arg, const char *word, const char *help)
{
	two_columns_add(arg, mem_strdup(word), help);
}

/* ---- the three levels ---- */

static void everything(struct str *s, const struct table_search *ts)
{
	autoclean(two_columns_release) struct two_columns t = {0};

	str_add(s, "usage: sxc [GLOBAL OPTIONS] NOUN [SUBNOUN] VERB [NAME…] [OPTIONS]\n\n");
	table_search_next(ts, add_next, &t);
	two_columns_print(&t, s);
	str_add(s, "\nsxc NOUN --help lists what can be done with one, sxc NOUN VERB --help\n"
		   "explains it, sxc help NOUN opens its manual page.\n");
}

struct verbs {
	const struct table_search *ts;
	struct two_columns t;
	const char *noun_help;
};

/* Every command below the words so far, with its arguments. */
static void add_verb(struct verbs *v, const struct table_entry *en)
{
	autofree char *path = table_path_dup(en);
	autostr usage = STR_INIT;
	size_t n = v->ts->path.len;

	if (strncmp(path, v->ts->path.p, n) != 0 || path[n] != ' ' || (en->cmd->flags & CMD_HIDDEN))
		return;
	v->noun_help = en->noun->help;
	line_synopsis(en, false, &usage);
	two_columns_add(&v->t, mem_strdup(usage.p + strlen("sxc ") + n + 1), en->cmd->help);
}

static void verbs_of(struct str *s, const struct table_search *ts)
{
	struct verbs v = {.ts = ts, .noun_help = ""};

	for (size_t i = 0; i < ts->n; i++)
		add_verb(&v, &ts->all[i]);
	if (v.t.v.n) {
		str_addf(s, "sxc %s: %s\n\n", ts->path.p, v.noun_help);
		two_columns_print(&v.t, s);
	}
	two_columns_release(&v.t);
}

static char *option_left(const struct opt *o)
{
	autostr s = STR_INIT;

	if (o->letter)
		str_addf(&s, "-%c, ", o->letter);
	else
		str_add(&s, "    ");
	str_addf(&s, "--%s", o->name);
	if (o->value)
		str_addf(&s, " %s", o->value);
	return str_steal(&s);
}

static void options(struct str *s, const char *title, const struct opt *o)
{
	autoclean(two_columns_release) struct two_columns t = {0};

	if (!o || !o->name)
		return;
	str_addf(s, "\n%s:\n", title);
	for (; o->name; o++)
		two_columns_add(&t, option_left(o), o->help);
	two_columns_print(&t, s);
}

static void one_command(struct str *s, const struct table_entry *en)
{
	str_add(s, "usage: ");
	line_synopsis(en, true, s);
	str_addf(s, "\n\n%c%s.\n", toupper((unsigned char)en->cmd->help[0]), en->cmd->help + 1);
	options(s, "Options", en->cmd->opts);
	options(s, "Global options", global_opts);
}

static void render(struct str *s, const char *path)
{
	autoclean(table_search_release) struct table_search ts;
	const struct table_entry *found;

	table_search_init(&ts, false);
	str_add(&ts.path, path);
	found = table_search_found(&ts);
	if (!*path)
		everything(s, &ts);
	else if (found)
		one_command(s, found);
	else
		verbs_of(s, &ts);
	if (!*path)
		options(s, "Global options", global_opts);
}

int help_print(struct call *c, const char *path, struct err *e)
{
	autostr s = STR_INIT;

	(void)e;
	render(&s, path);
	out_text(c->out, str_c(&s));
	return 0;
}

void help_verbs_to_stderr(const char *path)
{
	autostr s = STR_INIT;

	render(&s, path);
	fputs(str_c(&s), stderr);
}

/* ---- sxc help [NOUN [VERB]] ---- */

static int open_manual(const char *noun, struct err *e)
{
	autofree char *page = *noun ? str_fmt("sxc-%s", noun) : mem_strdup("sxc");
	char man[] = "man", *argv[] = {man, page, NULL};

	execvp(man, argv);
	return err_sys(e, "man %s", page);
}

static int run_help(struct call *c, struct err *e)
{
	autoclean(table_search_release) struct table_search ts;

	table_search_init(&ts, session_of(c)->shell);
	for (int i = 0; i < c->nargs; i++) {
		autofree char *near = NULL;

		if (table_search_word(&ts, c->args[i]))
			continue;
		near = table_search_nearest(&ts, c->args[i]);
		return err_set(e, E_NOTFOUND, "no help on '%.100s'%s%s%s", c->args[i],
			near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
	}
	if (c->terminal && out_is_tty(c->out) && !session_of(c)->shell && !out_is_json(c->out)) {
		autofree char *noun = mem_strndup(str_c(&ts.path), strcspn(str_c(&ts.path), " "));

		if (open_manual(noun, e) < 0)
			*e = (struct err){0};
	}
	return help_print(c, str_c(&ts.path), e);
}

static const struct arg help_args[] = {{"NOUN VERB", ENT_NOUN, ARG_ANY}, ARG_END};

static const struct cmd cmd_help = {
	.noun = "help",
	.verb = "",
	.help = "explain a command",
	.args = help_args,
	.run = run_help,
};

CMD_NOUN(help, "help", "explain a command", 90, &cmd_help);
