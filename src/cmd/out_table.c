/* SPDX-License-Identifier: MIT */
/* Tables for people: libsmartcols measures columns, also those of wide and combining characters. */
#include <ctype.h>
#include <libsmartcols.h>
#include <string.h>

#include "cmd/out_impl.h"

static bool right(const struct column *c)
{
	return !column_is_text(c) && c->type != COL_TIME && c->type != COL_BOOL;
}

static void add_column(struct out *o, struct libscols_table *t, const struct column *c)
{
	autofree char *head = mem_strdup(c->name);
	struct libscols_column *col;

	for (char *p = head; *p; p++)
		*p = (char)(*p == '_' ? '-' : toupper((unsigned char)*p));
	col = scols_table_new_column(t, head, 0, right(c) ? SCOLS_FL_RIGHT : 0);
	if (col && o->color)
		scols_cell_set_color(scols_column_get_header(col), "bold");
}

void table_open(struct out *o, struct out_list *l)
{
	struct libscols_table *t = scols_new_table();

	if (!t)
		mem_on_oom();
	scols_table_enable_noheadings(t, o->setup.no_header || (o->setup.quiet && l == &o->list));
	scols_table_enable_colors(t, o->color);
	scols_table_enable_noencoding(t, 1); /* cells come cleaned */
	/* A row stays a line however narrow the terminal: nothing is cut off or folded. */
	scols_table_set_termforce(t, SCOLS_TERMFORCE_NEVER);
	for (size_t i = 0; i < l->shown.n; i++)
		add_column(o, t, &l->cols[l->shown.v[i]]);
	l->table = t;
}

void table_row(struct out *o, struct out_list *l, const struct value *v)
{
	struct libscols_line *ln = scols_table_new_line(l->table, NULL);
	autostr clean = STR_INIT;

	if (!ln)
		mem_on_oom();
	for (size_t i = 0; i < l->shown.n; i++) {
		int k = l->shown.v[i];

		str_clear(&o->row);
		str_clear(&clean);
		value_text(&v[k], &l->cols[k], true, &o->row);
		str_add_clean(&clean, str_c(&o->row), o->row.len, false);
		if (scols_line_set_data(ln, i, str_c(&clean)) < 0)
			mem_on_oom();
	}
}

/* Blanks at the end of lines are left out, they only get in the way of copying. */
static void put_trimmed(struct out *o, const char *text)
{
	while (*text) {
		size_t n = strcspn(text, "\n"), k = n;

		while (k && text[k - 1] == ' ')
			k--;
		out_put(o, text, k);
		out_puts(o, "\n");
		text += n + (text[n] == '\n');
	}
}

void table_close(struct out *o, struct out_list *l)
{
	autofree char *text = NULL;

	if (l->rows && scols_print_table_to_string(l->table, &text) == 0 && text)
		put_trimmed(o, text);
	scols_unref_table(l->table);
	l->table = NULL;
}

/* "name:    web1", values in one column. */
void labels_print(struct out *o)
{
	size_t width = 0;
	autostr s = STR_INIT;

	vec_each(&o->labels, it)
		width = strlen(it->key) > width ? strlen(it->key) : width;
	vec_each(&o->labels, it) {
		str_addf(&s, "%s:%*s ", it->key, (int)(width - strlen(it->key)), "");
		str_add_clean(&s, it->value, strlen(it->value), false);
		while (s.len && s.p[s.len - 1] == ' ')
			str_setlen(&s, s.len - 1);
		str_addc(&s, '\n');
	}
	out_put(o, str_c(&s), s.len);
}
