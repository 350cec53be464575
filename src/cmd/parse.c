/* SPDX-License-Identifier: MIT */
/*
 * Two passes: the first finds the words of the command among whatever stands around them, the
 * second runs getopt_long with the options of that command and the global ones.
 */
#include <getopt.h>
#include <string.h>

#include "cmd/line.h"

#define MAX_ARGUMENT 4096

static char program[] = "sxc";

/* ---- the command ---- */

static int unknown_word(const struct table_search *ts, const char *word, struct err *e)
{
	autofree char *near = table_search_nearest(ts, word);
	const char *path = str_c(&ts->path);
	const char *gap = ts->path.len ? " " : "";

	if (ts->ambiguous)
		return err_set(e, E_USAGE, "'%s%s%.100s' begins several commands", path, gap, word);
	if (near)
		return err_set(e, E_USAGE,
			"unknown command '%s%s%.100s'; did you mean '%s%s%s'? see sxc%s%s --help",
			path, gap, word, path, gap, near, gap, path);
	return err_set(e, E_USAGE, "unknown command '%s%s%.100s'; see sxc%s%s --help", path, gap,
		word, gap, path);
}

/* Fills l->entry and l->path, and l->words with everything but the command's words. */
static int find_command(struct line *l, int argc, char **argv, bool prefix, int *nwords,
	struct err *e)
{
	autoclean(table_search_release) struct table_search ts;
	const char *stop = NULL;
	int i = 0, n = *nwords;

	table_search_init(&ts, prefix);
	for (; i < argc && strcmp(argv[i], "--") != 0; i++) {
		if (argv[i][0] != '-' || !argv[i][1]) {
			if (table_search_word(&ts, argv[i]))
				continue;
			stop = argv[i];
			break;
		}
		l->words[n++] = argv[i];
		if (line_word_wants_value(&ts, argv[i]) && i + 1 < argc)
			l->words[n++] = argv[++i];
	}
	while (i < argc)
		l->words[n++] = argv[i++];
	*nwords = n;
	const struct table_entry *found = table_search_found(&ts);

	l->path = mem_strdup(str_c(&ts.path));
	if (found)
		l->entry = *found;
	else if (stop)
		return unknown_word(&ts, stop, e);
	return 0;
}

/* ---- options ---- */

struct longopts {
	struct option *v;
	const struct opt **opt; /* parallel */
	struct str letters;
};

static void longopts_release(struct longopts *lo)
{
	free(lo->v);
	free(lo->opt);
	str_release(&lo->letters);
}

static void add_longopts(struct longopts *lo, size_t *n, const struct opt *opts)
{
	for (const struct opt *o = opts; o && o->name; o++) {
		lo->v = mem_array(lo->v, *n + 2, sizeof(*lo->v));
		lo->opt = mem_array(lo->opt, *n + 2, sizeof(*lo->opt));
		lo->v[*n] = (struct option){o->name, line_takes_value(o), NULL, 256};
		lo->opt[*n] = o;
		lo->v[++*n] = (struct option){0};
		if (o->letter && !strchr(str_c(&lo->letters), o->letter))
			str_addf(&lo->letters, "%c%s", o->letter, line_takes_value(o) ? ":" : "");
	}
}

/* The command's own options stand first: they win over global ones of the same name. */
static void make_longopts(struct longopts *lo, const struct cmd *c)
{
	size_t n = 0;

	*lo = (struct longopts){0};
	/* Other words come in place, as option 1; ':' tells of a missing value. */
	str_add(&lo->letters, "-:");
	if (c)
		add_longopts(lo, &n, c->opts);
	add_longopts(lo, &n, global_opts);
}

struct nearest_opt {
	const char *typed;
	const char *best;
	int distance;
};

static void nearest_in(struct nearest_opt *no, const struct opt *o)
{
	for (; o && o->name; o++) {
		int d = str_starts(o->name, no->typed) ? 1 : table_distance(o->name, no->typed);

		if (d < no->distance) {
			no->distance = d;
			no->best = o->name;
		}
	}
}

static int unknown_option(const struct line *l, const char *word, int letter, struct err *e)
{
	const char *gap = *l->path ? " " : "";

	if (word[1] != '-')
		return err_set(e, E_USAGE, "unknown option '-%c'; see sxc%s%s --help", letter, gap,
			l->path);
	autofree char *name = mem_strndup(word + 2, strcspn(word + 2, "="));
	struct nearest_opt no = {name, NULL, strlen(name) < 5 ? 3 : 4};

	if (l->entry.cmd)
		nearest_in(&no, l->entry.cmd->opts);
	nearest_in(&no, global_opts);
	if (no.best)
		return err_set(e, E_USAGE, "unknown option '--%.100s'; did you mean '--%s'?", name,
			no.best);
	return err_set(e, E_USAGE, "unknown option '--%.100s'; see sxc%s%s --help", name, gap,
		l->path);
}

/* Returns the index among the command's options, or -1 - the index among the global ones. */
static int option_index(const struct line *l, const struct opt *o)
{
	const struct opt *own = l->entry.cmd ? l->entry.cmd->opts : NULL;

	for (int i = 0; own && own[i].name; i++)
		if (&own[i] == o)
			return i;
	return -1 - (int)(o - global_opts);
}

static int take_option(struct line *l, const struct opt *o, const char *value, struct err *e)
{
	int i = option_index(l, o);

	if (value && strlen(value) > MAX_ARGUMENT)
		return err_set(e, E_USAGE, "--%s: the value is longer than %d bytes", o->name,
			MAX_ARGUMENT);
	if (value && o->type != OPT_FILE && !str_is_utf8(value, strlen(value)))
		return err_set(e, E_USAGE, "--%s: the value is not valid UTF-8", o->name);
	if (i >= 0)
		l->given[i] = true;
	else
		l->global_given[-1 - i] = true;
	return line_set_option(o, i >= 0 ? l->opts : (void *)&l->globals, value, e);
}

/* getopt_long takes abbreviations; sxc does not, so that new options never change old scripts. */
static bool abbreviated(const char *word, const char *name)
{
	size_t n = strlen(name);

	return word[0] == '-' && word[1] == '-' &&
	       (strncmp(word + 2, name, n) != 0 || (word[2 + n] && word[2 + n] != '='));
}

static int one_option(struct line *l, const struct longopts *lo, int c, int index, struct err *e)
{
	const char *word = l->words[optind - 1];
	const struct opt *o;

	if (c == ':' && optopt && optopt < 256)
		return err_set(e, E_USAGE, "option '-%c' needs a value", optopt);
	if (c == ':')
		return err_set(e, E_USAGE, "option '%.100s' needs a value", word);
	if (c == '?' && optopt >= 256 && strchr(word, '='))
		return err_set(e, E_USAGE, "option '%.*s' takes no value", (int)strcspn(word, "="),
			word);
	if (c == '?')
		return unknown_option(l, optopt && optopt < 256 ? "-" : word, optopt, e);
	if (index < 0)
		o = line_find_letter(l->entry.cmd, (char)c);
	else
		o = lo->opt[index];
	if (index >= 0) {
		const char *typed = optarg == word ? l->words[optind - 2] : word;

		if (abbreviated(typed, o->name))
			return unknown_option(l, typed, 0, e);
	}
	return take_option(l, o, line_takes_value(o) ? optarg : NULL, e);
}

/* ---- arguments ---- */

/* The words of a command to run begin at this argument when only single ones stand before it;
 * SIZE_MAX: they need "--" before them, or there are none. */
static size_t command_index(const struct cmd *c)
{
	size_t i = 0;

	for (const struct arg *a = c ? c->args : NULL; a && a->name; a++, i++) {
		if (a->entity == ENT_COMMAND)
			return i;
		if (a->count != ARG_ONE)
			break;
	}
	return SIZE_MAX;
}

static bool takes_command(const struct cmd *c)
{
	const struct arg *a = c ? c->args : NULL;

	while (a && a->name && a->entity != ENT_COMMAND)
		a++;
	return a && a->name;
}

const struct arg *line_arg(const struct line *l, size_t i)
{
	const struct arg *a = l->entry.cmd ? l->entry.cmd->args : NULL;

	for (; a && a->name; a++) {
		bool many = a->count == ARG_MANY || a->count == ARG_ANY;

		if (a->entity == ENT_COMMAND)
			return i >= l->command_at ? a : NULL;
		if (i >= l->command_at)
			continue;
		if (many || i == 0)
			return a;
		i--;
	}
	return NULL;
}

static int take_arg(struct line *l, const char *word, struct err *e)
{
	const struct arg *a = line_arg(l, l->args.n);
	size_t n = strlen(word);

	if (a && a->entity != ENT_COMMAND && n > MAX_ARGUMENT)
		return err_set(e, E_USAGE, "%s: longer than %d bytes", a->name, MAX_ARGUMENT);
	if (a && a->entity != ENT_COMMAND && a->entity != ENT_FILE && !str_is_utf8(word, n))
		return err_set(e, E_USAGE, "%s: not valid UTF-8", a->name);
	strvec_push(&l->args, word);
	return 0;
}

void line_synopsis(const struct table_entry *en, bool options, struct str *s)
{
	options = options && en->cmd->opts && en->cmd->opts->name;
	str_add(s, "sxc ");
	table_path(en, s);
	for (const struct arg *a = en->cmd->args; a && a->name; a++) {
		bool optional = a->count == ARG_OPTIONAL || a->count == ARG_ANY;
		bool many = a->count == ARG_MANY || a->count == ARG_ANY;

		if (a->entity == ENT_COMMAND) {
			str_add(s, options ? " [OPTIONS]" : "");
			str_add(s, optional ? " [--" : " --");
			options = false;
		}
		str_add(s, optional && a->entity != ENT_COMMAND ? " [" : " ");
		str_addf(s, "%s%s%s", a->name, many ? "…" : "", optional ? "]" : "");
	}
	str_add(s, options ? " [OPTIONS]" : "");
}

static int check_count(const struct line *l, struct err *e)
{
	size_t n = l->command_at < l->args.n ? l->command_at : l->args.n, i = 0;
	const struct arg *missing = NULL;
	bool endless = false;
	autostr usage = STR_INIT;

	for (const struct arg *a = l->entry.cmd->args; a && a->name && !missing; a++) {
		bool needed = a->count == ARG_ONE || a->count == ARG_MANY;

		endless = endless || a->count == ARG_MANY || a->count == ARG_ANY;
		if (a->entity == ENT_COMMAND ? l->args.n == n : i++ >= n)
			missing = needed ? a : NULL;
	}
	line_synopsis(&l->entry, true, &usage);
	if (missing)
		return err_set(e, E_USAGE, "%s is missing: %s", missing->name, str_c(&usage));
	if (n > i && !endless)
		return err_set(e, E_USAGE, "unexpected argument '%.100s': %s", l->args.v[i],
			str_c(&usage));
	return 0;
}

/* ---- both ---- */

/* At a command to run everything that is no option of ours is the rest of the line, as it is. */
static bool at_command(const struct line *l, char **argv, int argc)
{
	int i = optind ? optind : 1;

	return l->args.n >= l->command_at && i < argc && argv[i][0] != '-';
}

static int parse_words(struct line *l, int argc, struct err *e)
{
	autoclean(longopts_release) struct longopts lo;
	int c, r = 0;

	make_longopts(&lo, l->entry.cmd);
	l->command_at = command_index(l->entry.cmd);
	optind = 0;
	opterr = 0;
	while (r == 0 && !at_command(l, l->words, argc)) {
		int index = -1;

		if ((c = getopt_long(argc, l->words, str_c(&lo.letters), lo.v, &index)) < 0)
			break;
		r = c == 1 ? take_arg(l, optarg, e) : one_option(l, &lo, c, index, e);
	}
	if (l->command_at == SIZE_MAX && takes_command(l->entry.cmd) && optind > 1 &&
		strcmp(l->words[optind - 1], "--") == 0)
		l->command_at = l->args.n;
	for (; r == 0 && optind < argc; optind++)
		r = take_arg(l, l->words[optind], e);
	return r;
}

static size_t count_opts(const struct opt *o)
{
	size_t n = 0;

	while (o && o[n].name)
		n++;
	return n;
}

int line_parse(struct line *l, int argc, char **argv, const struct globals *base, bool prefix,
	struct err *e)
{
	const struct cmd *c;
	int n = 1, r;

	*l = (struct line){0};
	globals_copy(&l->globals, base);
	l->words = mem_zalloc(((size_t)argc + 2) * sizeof(char *));
	l->global_given = mem_zalloc(count_opts(global_opts));
	l->words[0] = program;
	if ((r = find_command(l, argc, argv, prefix, &n, e)) < 0)
		return r;
	c = l->entry.cmd;
	l->opts = mem_zalloc(c ? c->opts_size : 0);
	l->given = mem_zalloc(count_opts(c ? c->opts : NULL));
	if ((r = parse_words(l, n, e)) < 0 || l->globals.help || !c)
		return r;
	return check_count(l, e);
}

void line_release(struct line *l)
{
	if (l->entry.cmd)
		line_release_opts(l->entry.cmd->opts, l->opts);
	globals_release(&l->globals);
	strvec_release(&l->args);
	strvec_release(&l->owned);
	free(l->path);
	free(l->global_given);
	free(l->opts);
	free(l->given);
	free(l->words);
}

bool line_global_given(const struct line *l, const char *name)
{
	return l->global_given[line_find_long(NULL, name, strlen(name)) - global_opts];
}
