/* SPDX-License-Identifier: MIT */
#include "cmd/table.h"

#include <string.h>

extern const struct noun *const __start_sxc_nouns[], *const __stop_sxc_nouns[];
extern const struct entity_ops *const __start_sxc_entities[] __attribute__((weak));
extern const struct entity_ops *const __stop_sxc_entities[] __attribute__((weak));

/* Verbs of one noun may be registered in several files: they stand together, in link order. */
static int by_order(const void *a, const void *b)
{
	const struct noun *const *pa = a, *const *pb = b;
	const struct noun *x = *pa, *y = *pb;
	int c = x->order != y->order ? (x->order > y->order) - (x->order < y->order)
	                             : strcmp(x->name, y->name);

	return c ? c : (x > y) - (x < y);
}

struct table_entry *table_all(size_t *n)
{
	size_t nouns = (size_t)(__stop_sxc_nouns - __start_sxc_nouns);
	autofree const struct noun **sorted = mem_dup(__start_sxc_nouns, nouns * sizeof(*sorted));
	VEC(struct table_entry) all = VEC_INIT;

	qsort(sorted, nouns, sizeof(*sorted), by_order);
	for (size_t i = 0; i < nouns; i++)
		for (const struct cmd *const *c = sorted[i]->cmds; *c; c++)
			vec_push(&all, ((struct table_entry){sorted[i], *c}));
	*n = all.n;
	return all.v;
}

void table_path(const struct table_entry *en, struct str *path)
{
	str_add(path, *en->cmd->noun ? en->cmd->noun : en->noun->name);
	if (*en->cmd->verb)
		str_addf(path, " %s", en->cmd->verb);
}

char *table_path_dup(const struct table_entry *en)
{
	autostr path = STR_INIT;

	table_path(en, &path);
	return str_steal(&path);
}

void table_search_init(struct table_search *ts, bool prefix)
{
	*ts = (struct table_search){.prefix = prefix};
	ts->all = table_all(&ts->n);
}

void table_search_release(struct table_search *ts)
{
	free(ts->all);
	str_release(&ts->path);
}

/*
 * What follows the words so far in a command's path: NULL when it does not begin with them or ends
 * there, else its next word up to *n.
 */
static const char *rest_of(const struct table_search *ts, const char *path, size_t *n)
{
	size_t len = ts->path.len;

	if (len) {
		if (strncmp(path, ts->path.p, len) != 0 || path[len] != ' ')
			return NULL;
		path += len + 1;
	}
	*n = strcspn(path, " ");
	return path;
}

struct next_words {
	const struct table_search *ts;
	struct strvec seen;
	void (*fn)(void *arg, const char *word, const char *help);
	void *arg;
};

static void next_word(struct next_words *nw, const struct table_entry *en, bool hidden)
{
	autofree char *path = table_path_dup(en);
	size_t n;
	const char *rest = rest_of(nw->ts, path, &n);

	if (!rest || ((en->cmd->flags & CMD_HIDDEN) && !hidden))
		return;
	bool last = rest[n] == '\0';
	const char *help = !nw->ts->path.len ? en->noun->help : last ? en->cmd->help : "…";
	autofree char *word = mem_strndup(rest, n);

	vec_each(&nw->seen, it)
		if (strcmp(*it, word) == 0)
			return;
	strvec_push(&nw->seen, word);
	nw->fn(nw->arg, word, help);
}

static void each_next(const struct table_search *ts, bool hidden,
	void (*fn)(void *arg, const char *word, const char *help), void *arg)
{
	struct next_words nw = {ts, {0}, fn, arg};

	for (size_t i = 0; i < ts->n; i++)
		next_word(&nw, &ts->all[i], hidden);
	strvec_release(&nw.seen);
}

void table_search_next(const struct table_search *ts,
	void (*fn)(void *arg, const char *word, const char *help), void *arg)
{
	each_next(ts, false, fn, arg);
}

struct match {
	const char *word;
	char *exact, *begin;
	int begins;
};

static void match_word(void *arg, const char *word, const char *help)
{
	struct match *m = arg;

	(void)help;
	if (strcmp(word, m->word) == 0) {
		m->exact = mem_strdup(word);
	} else if (str_starts(word, m->word)) {
		free(m->begin);
		m->begin = mem_strdup(word);
		m->begins++;
	}
}

bool table_search_word(struct table_search *ts, const char *word)
{
	struct match m = {.word = word};
	autofree char *exact = NULL, *begin = NULL;

	if (!*word)
		return false;
	each_next(ts, true, match_word, &m);
	exact = m.exact;
	begin = m.begin;
	ts->ambiguous = !exact && m.begins > 1;
	const char *take = exact ? exact : ts->prefix && m.begins == 1 ? begin : NULL;
	if (!take)
		return false;
	str_addf(&ts->path, "%s%s", ts->path.len ? " " : "", take);
	return true;
}

const struct table_entry *table_search_found(const struct table_search *ts)
{
	for (size_t i = 0; i < ts->n; i++) {
		autofree char *path = table_path_dup(&ts->all[i]);

		if (strcmp(path, str_c(&ts->path)) == 0)
			return &ts->all[i];
	}
	return NULL;
}

struct nearest {
	const char *word;
	int distance;
	char *best;
};

static void near_word(void *arg, const char *word, const char *help)
{
	struct nearest *nr = arg;
	int d = str_starts(word, nr->word) ? 1 : table_distance(word, nr->word);

	(void)help;
	if (d >= nr->distance)
		return;
	nr->distance = d;
	free(nr->best);
	nr->best = mem_strdup(word);
}

char *table_search_nearest(const struct table_search *ts, const char *word)
{
	size_t len = strlen(word);
	struct nearest nr = {word, len < 3 ? 2 : len < 6 ? 3 : 4, NULL};

	if (len <= 64)
		each_next(ts, false, near_word, &nr);
	return nr.best;
}

/* Optimal string alignment, three rows at a time. */
int table_distance(const char *a, const char *b)
{
	enum { MAX = 64 };
	int rows[3][MAX + 1];
	size_t n = strlen(a), m = strlen(b);

	if (n > MAX || m > MAX)
		return MAX;
	for (size_t j = 0; j <= m; j++)
		rows[0][j] = (int)j;
	for (size_t i = 1; i <= n; i++) {
		int *row = rows[i % 3], *up = rows[(i - 1) % 3], *up2 = rows[(i + 1) % 3];

		row[0] = (int)i;
		for (size_t j = 1; j <= m; j++) {
			int best = up[j - 1] + (a[i - 1] != b[j - 1]);

			best = up[j] + 1 < best ? up[j] + 1 : best;
			best = row[j - 1] + 1 < best ? row[j - 1] + 1 : best;
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
				up2[j - 2] + 1 < best)
				best = up2[j - 2] + 1;
			row[j] = best;
		}
	}
	return rows[n % 3][m];
}

const struct entity_ops *table_entity(enum entity ent)
{
	for (const struct entity_ops *const *p = __start_sxc_entities; p < __stop_sxc_entities; p++)
		if ((*p)->entity == ent)
			return *p;
	return NULL;
}
