/* SPDX-License-Identifier: MIT */
/* Which columns and rows of a list are shown, and in which order. */
#include <fnmatch.h>
#include <string.h>

#include "cmd/out_impl.h"

static int find_column(const struct column *cols, const char *name, size_t n)
{
	for (int i = 0; cols[i].name; i++)
		if (strlen(cols[i].name) == n && strncmp(cols[i].name, name, n) == 0)
			return i;
	return -1;
}

static int unknown_column(const struct column *cols, const char *option, const char *name, size_t n,
	struct err *e)
{
	autostr names = STR_INIT;

	for (; cols->name; cols++)
		str_addf(&names, "%s%s", names.len ? ", " : "", cols->name);
	return err_set(e, E_USAGE, "--%s: no column '%.*s'; there are %s", option,
		n > 100 ? 100 : (int)n, name, str_c(&names));
}

static int need_column(const struct column *cols, const char *option, const char *name, size_t n,
	int *out, struct err *e)
{
	*out = find_column(cols, name, n);
	return *out < 0 ? unknown_column(cols, option, name, n, e) : 0;
}

static int choose_columns(struct out_list *l, const char *columns, struct err *e)
{
	autostrvec names = {0};
	int r = 0, i;

	strvec_split(&names, columns, ",");
	if (!names.n)
		return err_set(e, E_USAGE, "--columns: no column is named; see --columns help");
	for (size_t k = 0; k < names.n && r == 0; k++) {
		r = need_column(l->cols, "columns", names.v[k], strlen(names.v[k]), &i, e);
		if (r == 0)
			vec_push(&l->shown, i);
	}
	return r;
}

static int choose_sort(struct out_list *l, const char *sort, struct err *e)
{
	if (!sort)
		return 0;
	l->descending = *sort == '-';
	sort += l->descending;
	return need_column(l->cols, "sort", sort, strlen(sort), &l->sort, e);
}

static int add_filter(struct out_list *l, const char *text, struct err *e)
{
	size_t n = strcspn(text, "=");
	struct filter f;
	int r;

	if (!text[n])
		return err_set(e, E_USAGE, "--filter: '%.100s' is not COL=GLOB", text);
	if ((r = need_column(l->cols, "filter", text, n, &f.col, e)) < 0)
		return r;
	f.glob = mem_strdup(text + n + 1);
	vec_push(&l->filters, f);
	return 0;
}

static void default_columns(const struct out *o, struct out_list *l, bool main)
{
	if (main && o->setup.quiet) {
		vec_push(&l->shown, 0);
		return;
	}
	for (int i = 0; i < l->ncols; i++)
		if (!l->cols[i].extra || o->format == OUT_JSON)
			vec_push(&l->shown, i);
}

int list_init(struct out *o, struct out_list *l, const struct column *cols, bool main, bool sorts,
	struct err *e)
{
	int r = 0;

	list_release(l);
	l->open = true;
	l->cols = cols;
	while (cols[l->ncols].name)
		l->ncols++;
	l->now = mem_zalloc((size_t)l->ncols * sizeof(*l->now));
	if (main && o->setup.columns)
		r = choose_columns(l, o->setup.columns, e);
	else
		default_columns(o, l, main);
	if (r == 0 && sorts)
		r = choose_sort(l, o->setup.sort, e);
	for (size_t i = 0; r == 0 && sorts && o->setup.filters && i < o->setup.filters->n; i++)
		r = add_filter(l, o->setup.filters->v[i], e);
	return r;
}

void list_release(struct out_list *l)
{
	vec_each(&l->filters, it)
		free(it->glob);
	vec_each(&l->kept, it)
		free(it->v);
	vec_release(&l->filters);
	vec_release(&l->kept);
	vec_release(&l->shown);
	free(l->now);
	free(l->title);
	*l = (struct out_list){.sort = -1};
}

int out_check(const struct out_setup *setup, const struct column *cols, struct err *e)
{
	struct out o = {.setup = *setup};
	int r = list_init(&o, &o.list, cols, true, true, e);

	list_release(&o.list);
	return r;
}

bool list_matches(const struct out_list *l, const struct value *v, struct str *scratch)
{
	for (size_t i = 0; i < l->filters.n; i++) {
		const struct filter *f = &l->filters.v[i];

		str_clear(scratch);
		value_text(&v[f->col], &l->cols[f->col], false, scratch);
		if (fnmatch(f->glob, str_c(scratch), 0) != 0)
			return false;
	}
	return true;
}

static size_t text_size(const char *s)
{
	return s ? strlen(s) + 1 : 0;
}

static const char *keep_text(char **room, const char *s)
{
	char *at = *room;

	if (!s)
		return NULL;
	*room = stpcpy(at, s) + 1;
	return at;
}

/* One block a row: its values, the texts behind them. */
void list_keep(struct out_list *l, const struct value *v)
{
	struct kept_row row = {NULL, l->kept.n, l};
	size_t size = (size_t)l->ncols * sizeof(*v), texts = 0;
	char *room;

	for (int i = 0; i < l->ncols; i++)
		texts += text_size(v[i].t) + text_size(v[i].cur);
	row.v = mem_alloc(size + texts);
	memcpy(row.v, v, size);
	room = (char *)row.v + size;
	for (int i = 0; i < l->ncols; i++) {
		row.v[i].t = keep_text(&room, v[i].t);
		row.v[i].cur = keep_text(&room, v[i].cur);
	}
	vec_push(&l->kept, row);
}

/* Null stays last whatever the direction; equal rows keep their order. */
static int by_column(const void *a, const void *b)
{
	const struct kept_row *x = a, *y = b;
	const struct out_list *l = x->list;
	const struct column *c = &l->cols[l->sort];
	const struct value *v = &x->v[l->sort], *w = &y->v[l->sort];
	int r = value_compare(v, w, c);

	if (l->descending && !value_null(v, c) && !value_null(w, c))
		r = -r;
	return r ? r : (x->seq > y->seq) - (x->seq < y->seq);
}

void list_sort(struct out_list *l)
{
	if (l->kept.n)
		qsort(l->kept.v, l->kept.n, sizeof(*l->kept.v), by_column);
}
