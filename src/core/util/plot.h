/* SPDX-License-Identifier: MIT */
/*
 * plot - bars, as text or as a picture (SVG 1.1).
 *
 * Must not know about: where the numbers come from, terminals.
 */
#ifndef SXC_UTIL_PLOT_H
#define SXC_UTIL_PLOT_H

#include <stdbool.h>
#include <stdint.h>

#include "util/str.h"
#include "util/vec.h"

struct plot_bar {
	char *label, *series; /* owned; series may be empty */
	char *text;           /* the value as people read it, owned */
	int64_t value;
};
/* Bars on one scale; those with the same label stand together. */
struct plot_panel {
	char *title; /* owned */
	VEC(struct plot_bar) bars;
};
struct plot {
	VEC(struct plot_panel) panels;
};
void plot_release(struct plot *p);
#define autoplot autoclean(plot_release) struct plot

/* Add a bar to the panel of that title, behind what is there. Texts are copied. */
void plot_add(struct plot *p, const char *title, const char *label, const char *series,
	int64_t value, const char *text);

/* Lines of at most width columns (40 or more), in blocks of eighths, or plain ASCII. */
void plot_text(const struct plot *p, int width, bool utf8, struct str *out);
/* The whole picture; heading is its title. */
void plot_svg(const struct plot *p, const char *heading, struct str *out);

#endif
