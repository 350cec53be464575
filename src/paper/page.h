/* SPDX-License-Identifier: MIT */
/*
 * page - pages of A4 in points (1/72 inch) that texts, rules and one picture are put on.
 *
 * Must not know about: what a document is.
 */
#ifndef SXC_PAPER_PAGE_H
#define SXC_PAPER_PAGE_H

#include <pango/pangocairo.h>
#include <stdbool.h>

#define LEFT   56.0
#define RIGHT  539.0
#define TOP    56.0
#define BOTTOM 770.0
#define AMOUNT 110.0 /* room for an amount at the right edge */

enum style { PLAIN, STRONG, GREY, TITLE };

struct page {
	cairo_surface_t *surface;
	cairo_t *cr;
	PangoLayout *layout;
	double y; /* where the next row goes */
	int n;    /* of the page */
	const char *title;
	int failed; /* the first of those below, or 0 */
};
#define PAGE_FAILED  1
#define PAGE_NO_FONT 3

/* title and date (YYYY-MM-DD) go into the file's properties; the title below each page. */
void page_begin(struct page *pg, const char *title, const char *date);
/* Write what is left. Not 0, and why on standard error, when anything could not be drawn. */
int page_end(struct page *pg);
/* Turn to the next page unless that much is left of this one. */
void room(struct page *pg, double height);

/* Put text, broken into lines of that width; returns its height. */
double put(struct page *pg, double x, double y, double width, enum style style, const char *text);
double measure(struct page *pg, double width, enum style style, const char *text);
/* One line that ends at the right edge. */
void put_right(struct page *pg, double y, enum style style, const char *text);
/* A line from x to the right edge. */
void rule(struct page *pg, double x, double y, bool dashed);
/* The picture at the right of the top; data: base64. Returns its height, 0 for none. */
double put_logo(struct page *pg, const char *type, const char *data);

#endif
