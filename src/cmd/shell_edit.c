/* SPDX-License-Identifier: MIT */
/* Line editing with libedit: history, completion, Ctrl-C. */
#include <histedit.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <wchar.h>

#include "cmd/out_setup.h"
#include "cmd/shell.h"
#include "cmd/wait.h"

#define HISTORY_LINES 1000
#define LIST_MAX      100 /* candidates shown at once */

struct editor {
	struct session *ses;
	EditLine *el;
	History *history;
	HistEvent event;
	const char *path; /* of the history file, or NULL */
};

static struct editor *editor_of(EditLine *el)
{
	void *p = NULL;

	el_get(el, EL_CLIENTDATA, &p);
	return p;
}

static char *prompt(EditLine *el)
{
	static char text[] = "sxc> ";

	(void)el;
	return text;
}

/* libedit's own reader goes on after the first signal; here Ctrl-C ends the line at once. */
static int read_char(EditLine *el, wchar_t *out)
{
	mbstate_t state = {0};
	char c;

	(void)el;
	for (;;) {
		ssize_t n = wait_read(STDIN_FILENO, &c, 1);

		if (n <= 0)
			return (int)n;
		switch (mbrtowc(out, &c, 1, &state)) {
		case (size_t)-1:
			state = (mbstate_t){0};
			*out = L'?';
			return 1;
		case (size_t)-2:
			continue;
		default:
			return 1;
		}
	}
}

/* ---- completion ---- */

static size_t characters(const char *s)
{
	size_t n = 0;

	for (; *s; s++)
		n += (*s & 0xc0) != 0x80;
	return n;
}

static void replace_word(EditLine *el, const char *typed, const char *word, bool whole)
{
	autostr text = STR_INIT;
	size_t n = strlen(word);

	words_quote(&text, word);
	if (whole && n && word[n - 1] != '=' && word[n - 1] != '/')
		str_addc(&text, ' ');
	el_deletestr(el, (int)characters(typed));
	el_insertstr(el, str_c(&text));
}

static void show_list(const struct shell_candidates *sc)
{
	size_t width = 0;
	autostr s = STR_INIT;

	for (size_t i = 0; i < sc->words.n && i < LIST_MAX; i++) {
		size_t n = characters(sc->words.v[i]);

		width = n > width ? n : width;
	}
	str_addc(&s, '\n');
	for (size_t i = 0; i < sc->words.n && i < LIST_MAX; i++) {
		const char *word = sc->words.v[i], *help = sc->helps.v[i];

		str_add(&s, "  ");
		str_add_clean(&s, word, strlen(word), false);
		if (*help)
			str_addf(&s, "%*s", (int)(width - characters(word) + 2), "");
		str_add_clean(&s, help, strlen(help), false);
		str_addc(&s, '\n');
	}
	if (sc->words.n > LIST_MAX)
		str_addf(&s, "  … %zu more\n", sc->words.n - LIST_MAX);
	fputs(str_c(&s), stdout);
	fflush(stdout);
}

static unsigned char complete_key(EditLine *el, int key)
{
	const LineInfo *li = el_line(el);
	autofree char *line = mem_strndup(li->buffer, (size_t)(li->cursor - li->buffer));
	autoclean(shell_candidates_release) struct shell_candidates sc;

	(void)key;
	shell_complete(editor_of(el)->ses, line, &sc);
	if (!sc.words.n)
		return CC_REFRESH_BEEP;
	autofree char *common = shell_common(&sc);
	autostr quoted = STR_INIT;
	const char *typed = line + sc.start;

	words_quote(&quoted, common);
	if (sc.words.n == 1 || strlen(str_c(&quoted)) > strlen(typed)) {
		replace_word(el, typed, common, sc.words.n == 1);
		return CC_REFRESH;
	}
	show_list(&sc);
	return CC_REDISPLAY;
}

/* ---- history ---- */

static void remember(struct editor *ed, const char *line)
{
	autofree char *text = mem_strndup(line, strcspn(line, "\n"));
	mode_t mask;

	/* A line that begins with a blank is not remembered, as in other shells. */
	if (!*text || *text == ' ')
		return;
	history(ed->history, &ed->event, H_ENTER, text);
	if (!ed->path)
		return;
	mask = umask(0077);
	history(ed->history, &ed->event, H_SAVE, ed->path);
	umask(mask);
}

/* ---- the loop ---- */

static void open_editor(struct editor *ed)
{
	ed->history = history_init();
	history(ed->history, &ed->event, H_SETSIZE, HISTORY_LINES);
	history(ed->history, &ed->event, H_SETUNIQUE, 1);
	if (ed->path)
		history(ed->history, &ed->event, H_LOAD, ed->path);
	ed->el = el_init("sxc", stdin, stdout, stderr);
	el_set(ed->el, EL_CLIENTDATA, ed);
	el_set(ed->el, EL_PROMPT, prompt);
	el_set(ed->el, EL_EDITOR, "emacs");
	el_set(ed->el, EL_SIGNAL, 0);
	el_set(ed->el, EL_HIST, history, ed->history);
	el_set(ed->el, EL_GETCFN, read_char);
	el_set(ed->el, EL_ADDFN, "sxc-complete", "complete the word", complete_key);
	el_set(ed->el, EL_BIND, "^I", "sxc-complete", NULL);
	el_set(ed->el, EL_BIND, "^R", "em-inc-search-prev", NULL);
	el_source(ed->el, NULL);
}

static void close_editor(struct editor *ed)
{
	el_end(ed->el);
	history_end(ed->history);
}

static int run_typed(struct session *ses, const char *line, bool *leave)
{
	struct err e = {0};
	int r = shell_line(ses, line, leave, &e);

	if (r < 0 && *e.msg)
		tell_error("sxc: ", e.msg);
	return r < 0 ? -r : r;
}

/* Next line, NULL at the end. Ctrl-C drops what was typed, and the shell goes on. */
static const char *next_line(struct editor *ed)
{
	const char *line;
	int n;

	for (;;) {
		interrupted = 0;
		el_resize(ed->el);
		/* Before the prompt: what is typed as soon as it shows is for the editor. */
		el_set(ed->el, EL_PREP_TERM, 1);
		line = el_gets(ed->el, &n);
		if (line && n > 0)
			return line;
		if (interrupted != SIGINT)
			break;
		fputs("^C\n", stdout);
		fflush(stdout);
	}
	fputs("\n", stdout);
	fflush(stdout);
	return NULL;
}

int shell_edit(struct session *ses, const char *history_path, struct err *e)
{
	struct editor ed = {.ses = ses, .path = history_path};
	const char *line;
	bool leave = false;
	int status = 0;

	(void)e;
	open_editor(&ed);
	while (!leave && !ses->broken_pipe && (line = next_line(&ed))) {
		autofree char *copy = mem_strdup(line);

		remember(&ed, copy);
		status = run_typed(ses, copy, &leave);
		if (interrupted == SIGTERM)
			break;
	}
	close_editor(&ed);
	return status;
}
