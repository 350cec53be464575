/* SPDX-License-Identifier: MIT */
#include <dirent.h>
#include <string.h>

#include "cmd/complete.h"
#include "cmd/shell.h"

static void add(void *arg, const char *word, const char *help)
{
	struct shell_candidates *sc = arg;

	strvec_push(&sc->words, word);
	strvec_push(&sc->helps, help);
}

/* Names in a directory that begin as the word does; hidden ones only when asked for. */
static void add_files(struct shell_candidates *sc, const char *word)
{
	const char *slash = strrchr(word, '/'), *base = slash ? slash + 1 : word;
	autofree char *dir = mem_strndup(word, (size_t)(base - word));
	DIR *d = opendir(*dir ? dir : ".");
	const struct dirent *de;

	while (d && (de = readdir(d))) {
		if (!str_starts(de->d_name, base) || (*de->d_name == '.' && *base != '.'))
			continue;
		if (!str_is_utf8(de->d_name, strlen(de->d_name)))
			continue;
		autofree char *path = str_fmt("%s%s%s", dir, de->d_name,
			de->d_type == DT_DIR ? "/" : "");

		add(sc, path, "");
	}
	if (d)
		closedir(d);
}

void shell_complete(struct session *ses, const char *line, struct shell_candidates *sc)
{
	autostrvec words = {0};
	size_t skip;

	*sc = (struct shell_candidates){0};
	words_at_cursor(&words, line, &sc->start);
	skip = words.n > 1 && strcmp(words.v[0], "sxc") == 0;
	if (complete_words(ses, words.v + skip, (int)(words.n - skip), add, sc) != COMPLETE_FILES)
		return;
	const char *word = words.v[words.n - 1], *eq = strchr(word, '=');

	if (!sc->words.n && (*word != '-' || !eq)) {
		sc->files = true;
		add_files(sc, word);
	}
}

void shell_candidates_release(struct shell_candidates *sc)
{
	strvec_release(&sc->words);
	strvec_release(&sc->helps);
}

char *shell_common(const struct shell_candidates *sc)
{
	char *common = mem_strdup(sc->words.n ? sc->words.v[0] : "");

	for (size_t i = 1; i < sc->words.n; i++) {
		size_t n = 0;

		while (common[n] && common[n] == sc->words.v[i][n])
			n++;
		while (n && (sc->words.v[i][n] & 0xc0) == 0x80)
			n--; /* never half a character */
		common[n] = '\0';
	}
	return common;
}
