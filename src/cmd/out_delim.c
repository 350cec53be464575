/* SPDX-License-Identifier: MIT */
/*
 * TSV: one line a row, control bytes in a field as \xHH, so that a line is always a row. CSV:
 * RFC 4180 with LF at the end of a line; a field may hold newlines inside quotes.
 */
#include <string.h>

#include "cmd/out_impl.h"

/* Nearly every field: printable ASCII. */
static bool is_plain(const char *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)(p[i] - 0x20) >= 0x5f)
			return false;
	return true;
}

static void csv_field(struct str *s, const char *p, size_t n)
{
	bool quote = n && (memchr(p, ',', n) || memchr(p, '"', n) || memchr(p, '\n', n) ||
				  *p == ' ' || p[n - 1] == ' ');

	if (!quote) {
		str_addn(s, p, n);
		return;
	}
	str_addc(s, '"');
	for (size_t i = 0; i < n; i++) {
		if (p[i] == '"')
			str_addc(s, '"');
		str_addc(s, p[i]);
	}
	str_addc(s, '"');
}

void delim_field(const struct out *o, struct str *s, const char *text, size_t n)
{
	autostr clean = STR_INIT;

	if (!is_plain(text, n)) {
		str_add_clean(&clean, text, n, o->format == OUT_CSV);
		text = clean.p;
		n = clean.len;
	}
	if (o->format == OUT_CSV)
		csv_field(s, text, n);
	else
		str_addn(s, text, n);
}

void delim_header(struct out *o, const struct out_list *l)
{
	struct str *s = &o->row;

	if (o->setup.no_header || o->setup.quiet)
		return;
	str_clear(s);
	for (size_t i = 0; i < l->shown.n; i++) {
		if (i)
			str_addc(s, o->format == OUT_CSV ? ',' : '\t');
		str_add(s, l->cols[l->shown.v[i]].name);
	}
	str_addc(s, '\n');
	out_put(o, s->p, s->len);
}

void delim_row(struct out *o, const struct out_list *l, const struct value *v)
{
	char sep = o->format == OUT_CSV ? ',' : '\t';
	struct str *s = &o->row;

	str_clear(s);
	for (size_t i = 0; i < l->shown.n; i++) {
		const struct column *c = &l->cols[l->shown.v[i]];
		const struct value *cell = &v[l->shown.v[i]];

		if (i)
			str_addc(s, sep);
		if (!column_is_text(c)) {
			value_text(cell, c, false, s);
		} else if (!value_null(cell, c)) {
			delim_field(o, s, cell->t, strlen(cell->t));
		}
	}
	str_addc(s, '\n');
	out_put(o, s->p, s->len);
}
