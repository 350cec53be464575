/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "cmd/shell.h"

struct splitter {
	const char *line;
	const char *p;
	struct str word;
	bool in_word;
	char quote; /* the quote that is open, or 0 */
	size_t start;
};

static bool blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static void begin_word(struct splitter *sp)
{
	if (!sp->in_word)
		sp->start = (size_t)(sp->p - sp->line);
	sp->in_word = true;
}

static void end_word(struct splitter *sp, struct strvec *words)
{
	if (sp->in_word)
		strvec_push(words, str_c(&sp->word));
	str_clear(&sp->word);
	sp->in_word = false;
}

/* A backslash: the next character loses its meaning; at the end it stands for itself. */
static void escaped(struct splitter *sp)
{
	char next = sp->p[1];

	if (next && (!sp->quote || next == '"' || next == '\\'))
		sp->p++;
	str_addc(&sp->word, *sp->p);
}

static void in_quotes(struct splitter *sp)
{
	if (*sp->p == sp->quote)
		sp->quote = 0;
	else if (*sp->p == '\\' && sp->quote == '"')
		escaped(sp);
	else
		str_addc(&sp->word, *sp->p);
}

static void split(struct splitter *sp, struct strvec *words)
{
	for (; *sp->p; sp->p++) {
		if (sp->quote) {
			in_quotes(sp);
			continue;
		}
		if (blank(*sp->p)) {
			end_word(sp, words);
			continue;
		}
		if (*sp->p == '#' && !sp->in_word)
			return;
		begin_word(sp);
		if (*sp->p == '\'' || *sp->p == '"')
			sp->quote = *sp->p;
		else if (*sp->p == '\\')
			escaped(sp);
		else
			str_addc(&sp->word, *sp->p);
	}
}

int words_split(struct strvec *words, const char *line, struct err *e)
{
	struct splitter sp = {.line = line, .p = line};
	int r = 0;

	split(&sp, words);
	if (sp.quote)
		r = err_set(e, E_USAGE, "the quote %c is not closed", sp.quote);
	end_word(&sp, words);
	str_release(&sp.word);
	return r;
}

void words_at_cursor(struct strvec *words, const char *line, size_t *start)
{
	struct splitter sp = {.line = line, .p = line};

	split(&sp, words);
	*start = sp.in_word ? sp.start : strlen(line);
	if (!sp.in_word)
		strvec_push(words, "");
	end_word(&sp, words);
	str_release(&sp.word);
}

void words_quote(struct str *s, const char *word)
{
	for (bool first = true; *word; word++, first = false) {
		if (blank(*word) || strchr("'\"\\", *word) || (first && *word == '#'))
			str_addc(s, '\\');
		str_addc(s, *word);
	}
}
