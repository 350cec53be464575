/* SPDX-License-Identifier: MIT */
/*
 * sxc-paper - draws a document as PDF: JSON on standard input (biz/paper_pdf.c writes it), pages on
 * standard output. A program of its own, so that sxc, which starts for every completion, need not
 * load the libraries. Pango sets every script of Unicode in its order and shape, and finds a font
 * for it; cairo writes PDF with the fonts in it.
 *
 * The same input gives the same bytes, as long as cairo, pango and the fonts are the same ones: the
 * document's own date stands for the time of making, nothing is drawn by chance.
 */
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "paper/page.h"

#define HALF ((RIGHT - LEFT - 20) / 2)

static const char *text_of(const json_t *doc, const char *key)
{
	const char *text = json_string_value(json_object_get(doc, key));

	return text ? text : "";
}

static bool has(const json_t *doc, const char *key)
{
	return *text_of(doc, key);
}

/* Lines below each other; returns their height. */
static double block(struct page *pg, double x, double y, const char *label, const json_t *lines)
{
	double top = y;

	y += put(pg, x, y, HALF, GREY, label) + 2;
	for (size_t i = 0; i < json_array_size(lines); i++)
		y += put(pg, x, y, HALF, PLAIN, json_string_value(json_array_get(lines, i)));
	return y - top;
}

static void head(struct page *pg, const json_t *doc)
{
	double y = TOP, logo = put_logo(pg, text_of(doc, "logo_type"), text_of(doc, "logo"));
	char line[256];

	snprintf(line, sizeof(line), "%s %s", text_of(doc, "kind"), text_of(doc, "number"));
	y += put(pg, LEFT, y, HALF + 60, TITLE, line) + 4;
	y += put(pg, LEFT, y, HALF, PLAIN, text_of(doc, "date"));
	if (has(doc, "due")) {
		snprintf(line, sizeof(line), "Due %s", text_of(doc, "due"));
		y += put(pg, LEFT, y, HALF, PLAIN, line);
	}
	if (has(doc, "corrects"))
		y += put(pg, LEFT, y, HALF + 60, PLAIN, text_of(doc, "corrects"));
	pg->y = (y > TOP + logo ? y : TOP + logo) + 24;
}

static void parties(struct page *pg, const json_t *doc)
{
	double from = block(pg, LEFT, pg->y, "From", json_object_get(doc, "seller"));
	double to = block(pg, LEFT + HALF + 20, pg->y, "To", json_object_get(doc, "buyer"));

	pg->y += (from > to ? from : to) + 24;
}

/* One row over the width from x on, its amount at the right edge, and a rule below. */
static void row(struct page *pg, double x, const json_t *r)
{
	enum style style = json_is_true(json_object_get(r, "strong")) ? STRONG : PLAIN;
	double width = RIGHT - x - AMOUNT, height = 0;
	double note = has(r, "note") ? measure(pg, width, GREY, text_of(r, "note")) : 0;

	room(pg, measure(pg, width, style, text_of(r, "left")) + note + 9);
	height = put(pg, x, pg->y, width, style, text_of(r, "left"));
	put_right(pg, pg->y, style, text_of(r, "right"));
	if (note > 0)
		put(pg, x, pg->y + height, width, GREY, text_of(r, "note"));
	pg->y += height + note + 4;
	rule(pg, x, pg->y, false);
	pg->y += 5;
}

static void rows(struct page *pg, double x, const json_t *list)
{
	for (size_t i = 0; i < json_array_size(list); i++)
		row(pg, x, json_array_get(list, i));
}

static void table(struct page *pg, const json_t *doc)
{
	put(pg, LEFT, pg->y, HALF, GREY, "Service");
	put_right(pg, pg->y, GREY, text_of(doc, "currency"));
	pg->y += 16;
	rule(pg, LEFT, pg->y, false);
	pg->y += 5;
	rows(pg, LEFT, json_object_get(doc, "lines"));
	pg->y += 14;
	rows(pg, LEFT + 180, json_object_get(doc, "sums"));
}

static void slip_item(struct page *pg, const char *label, const char *value)
{
	put(pg, LEFT, pg->y, 90, GREY, label);
	pg->y += put(pg, LEFT + 90, pg->y, RIGHT - LEFT - 90, PLAIN, value) + 2;
}

/* At the foot of the page, below a line to cut along. */
static void slip(struct page *pg, const json_t *doc)
{
	const json_t *bank = json_object_get(doc, "bank");
	double height = 104 + 16 * (double)json_array_size(bank);

	if (!has(doc, "to_pay"))
		return;
	room(pg, height);
	pg->y = BOTTOM - height;
	rule(pg, LEFT, pg->y, true);
	pg->y += 12;
	pg->y += put(pg, LEFT, pg->y, HALF, STRONG, "Payment slip") + 6;
	slip_item(pg, "Pay to", text_of(doc, "payee"));
	for (size_t i = 0; i < json_array_size(bank); i++)
		slip_item(pg, i ? "" : "Account", json_string_value(json_array_get(bank, i)));
	slip_item(pg, "Amount", text_of(doc, "to_pay"));
	slip_item(pg, "Reference", text_of(doc, "number"));
	slip_item(pg, "Until", text_of(doc, "due"));
}

int main(void)
{
	json_error_t why;
	json_t *doc = json_loadf(stdin, 0, &why);
	char title[256];
	struct page pg;
	int failed;

	if (!doc) {
		fprintf(stderr, "input, line %d: %s", why.line, why.text);
		return 2;
	}
	snprintf(title, sizeof(title), "%s %s", text_of(doc, "kind"), text_of(doc, "number"));
	page_begin(&pg, title, text_of(doc, "date"));
	head(&pg, doc);
	parties(&pg, doc);
	table(&pg, doc);
	slip(&pg, doc);
	failed = page_end(&pg);
	json_decref(doc);
	return failed;
}
