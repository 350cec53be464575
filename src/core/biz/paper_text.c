/* SPDX-License-Identifier: MIT */
/* A document as plain text. */
#include <ctype.h>
#include <string.h>

#include "biz/paper.h"

#define WIDTH 78

/* Characters that a terminal shows, for UTF-8 without combining ones. */
static size_t width(const char *text)
{
	size_t n = 0;

	for (; *text; text++)
		n += (*text & 0xc0) != 0x80;
	return n;
}

/* Text at the left, an amount at the right edge. */
static void put(struct str *s, const char *left, const char *right)
{
	size_t used = width(left) + width(right);

	str_addf(s, "%s%*s%s\n", left, used < WIDTH ? (int)(WIDTH - used) : 1, "", right);
}

static void put_title(struct str *s, const struct paper *p)
{
	autofree char *title = str_fmt("%s %s", p->kind, p->number);

	for (char *c = title; (size_t)(c - title) < strlen(p->kind); c++)
		*c = (char)toupper((unsigned char)*c);
	put(s, title, p->date);
	if (p->corrects)
		str_addf(s, "%s\n", p->corrects);
}

static void put_block(struct str *s, const char *label, const struct strvec *lines)
{
	str_addc(s, '\n');
	for (size_t i = 0; i < lines->n; i++)
		str_addf(s, "%-8s%s\n", i ? "" : label, lines->v[i]);
}

static void put_rows(struct str *s, const struct paper_rows *rows)
{
	str_addc(s, '\n');
	vec_each(rows, row) {
		put(s, row->left, row->right);
		if (row->note)
			str_addf(s, "  %s\n", row->note);
	}
}

void paper_text(const struct paper *p, struct str *out)
{
	put_title(out, p);
	put_block(out, "From", &p->seller);
	put_block(out, "To", &p->buyer);
	if (p->due)
		str_addf(out, "\n%-8s%s\n", "Due", p->due);
	put_rows(out, &p->lines);
	put_rows(out, &p->sums);
	if (p->to_pay && p->bank.n)
		put_block(out, "Pay to", &p->bank);
}
