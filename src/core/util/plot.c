/* SPDX-License-Identifier: MIT */
#include "util/plot.h"

#include <inttypes.h>
#include <string.h>

void plot_release(struct plot *p)
{
	vec_each(&p->panels, panel) {
		vec_each(&panel->bars, bar) {
			free(bar->label);
			free(bar->series);
			free(bar->text);
		}
		vec_release(&panel->bars);
		free(panel->title);
	}
	vec_release(&p->panels);
}

static struct plot_panel *panel_of(struct plot *p, const char *title)
{
	struct plot_panel new = {.title = mem_strdup(title)};

	vec_each(&p->panels, panel)
		if (strcmp(panel->title, title) == 0) {
			free(new.title);
			return panel;
		}
	vec_push(&p->panels, new);
	return &p->panels.v[p->panels.n - 1];
}

void plot_add(struct plot *p, const char *title, const char *label, const char *series,
	int64_t value, const char *text)
{
	struct plot_panel *panel = panel_of(p, title);
	struct plot_bar bar = {mem_strdup(label), mem_strdup(series), mem_strdup(text), value};

	vec_push(&panel->bars, bar);
}

/* What a panel spans: always from zero. */
struct range {
	int64_t low, high;
};

static struct range range_of(const struct plot_panel *panel)
{
	struct range r = {0, 0};

	vec_each(&panel->bars, bar) {
		r.low = bar->value < r.low ? bar->value : r.low;
		r.high = bar->value > r.high ? bar->value : r.high;
	}
	if (r.low == r.high)
		r.high = 1;
	return r;
}

/* Steps from the low end to a value, of so many in all. */
static int64_t place(const struct range *r, int64_t value, int64_t steps)
{
	__int128 span = (__int128)r->high - r->low;

	return (int64_t)((((__int128)value - r->low) * steps * 2 + span) / (span * 2));
}

/* ---- text ---- */

/* Columns that a text takes: characters, not bytes. */
static int columns(const char *s)
{
	int n = 0;

	for (; *s; s++)
		n += ((unsigned char)*s & 0xc0) != 0x80;
	return n;
}

static void add_padded(struct str *out, const char *text, int width)
{
	str_add(out, text);
	for (int n = columns(text); n < width; n++)
		str_addc(out, ' ');
}

static void add_times(struct str *out, const char *what, int64_t n)
{
	while (n-- > 0)
		str_add(out, what);
}

static void add_bar(struct str *out, const struct range *r, int64_t value, int width, bool utf8)
{
	static const char *const eighths[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
	int64_t zero = place(r, 0, width), end;

	if (value < 0) {
		end = place(r, value, width);
		add_times(out, " ", end);
		add_times(out, utf8 ? "░" : "-", zero - end);
		return;
	}
	add_times(out, " ", zero);
	if (!utf8) {
		add_times(out, "#", place(r, value, width) - zero);
		return;
	}
	end = place(r, value, (int64_t)width * 8) - zero * 8;
	add_times(out, "█", end / 8);
	str_add(out, end > 0 ? eighths[end % 8] : "");
}

struct widths {
	int label, series, text;
};

static int wider(int a, const char *s)
{
	int n = columns(s);

	return n > a ? n : a;
}

static void panel_text(const struct plot_panel *panel, int width, bool utf8, struct str *out)
{
	struct range r = range_of(panel);
	struct widths w = {0, 0, 0};
	const char *before = "";
	int bar_width;

	vec_each(&panel->bars, bar) {
		w.label = wider(w.label, bar->label);
		w.series = wider(w.series, bar->series);
		w.text = wider(w.text, bar->text);
	}
	bar_width = width - w.label - w.series - w.text - 4;
	bar_width = bar_width < 10 ? 10 : bar_width;
	vec_each(&panel->bars, bar) {
		bool again = strcmp(before, bar->label) == 0;

		add_padded(out, again ? "" : bar->label, w.label + 1);
		if (w.series)
			add_padded(out, bar->series, w.series + 1);
		add_bar(out, &r, bar->value, bar_width, utf8);
		str_addf(out, " %s\n", bar->text);
		before = bar->label;
	}
}

void plot_text(const struct plot *p, int width, bool utf8, struct str *out)
{
	vec_each(&p->panels, panel) {
		if (panel != p->panels.v)
			str_addc(out, '\n');
		if (*panel->title)
			str_addf(out, "%s\n", panel->title);
		panel_text(panel, width, utf8, out);
	}
}

/* ---- picture ---- */

/* In the user units of the picture. */
enum {
	SVG_WIDTH = 960,
	SVG_LEFT = 110,
	SVG_RIGHT = 30,
	SVG_HEAD = 60,
	SVG_AREA = 260,
	SVG_PANEL = 370,
	SVG_GRID = 4
};

static const char *const COLORS[] = {"#3366cc", "#e69f00", "#009e73", "#cc3311", "#7e57c2",
	"#8d6e63", "#0097a7", "#c2185b"};

static void add_escaped(struct str *out, const char *s)
{
	for (; *s; s++) {
		if (*s == '<')
			str_add(out, "&lt;");
		else if (*s == '&')
			str_add(out, "&amp;");
		else if (*s == '"')
			str_add(out, "&quot;");
		else if ((unsigned char)*s >= 0x20)
			str_addc(out, *s);
	}
}

static void add_label(struct str *out, int64_t x, int64_t y, const char *attributes,
	const char *text)
{
	str_addf(out, "<text x=\"%" PRId64 "\" y=\"%" PRId64 "\" %s>", x, y, attributes);
	add_escaped(out, text);
	str_add(out, "</text>\n");
}

/* Names of things that come one after the other, each once. */
struct names {
	const char **v;
	size_t n, cap;
};

static size_t name_at(struct names *names, const char *name)
{
	for (size_t i = 0; i < names->n; i++)
		if (strcmp(names->v[i], name) == 0)
			return i;
	vec_push(names, name);
	return names->n - 1;
}

/* The text of the bar that is nearest to the top of the scale, to tell the scale by. */
static const struct plot_bar *tallest(const struct plot_panel *panel)
{
	const struct plot_bar *best = panel->bars.v;

	vec_each(&panel->bars, bar)
		if (bar->value > best->value)
			best = bar;
	return best;
}

static void add_frame(struct str *out, const struct plot_panel *panel, const struct range *r, int y)
{
	int64_t zero = y + SVG_AREA - place(r, 0, SVG_AREA);

	for (int i = 0; i <= SVG_GRID; i++)
		str_addf(out,
			"<line x1=\"%d\" y1=\"%d\" x2=\"%d\" y2=\"%d\" stroke=\"#e4e4e4\"/>\n",
			SVG_LEFT, y + SVG_AREA * i / SVG_GRID, SVG_WIDTH - SVG_RIGHT,
			y + SVG_AREA * i / SVG_GRID);
	str_addf(out,
		"<line x1=\"%d\" y1=\"%" PRId64 "\" x2=\"%d\" y2=\"%" PRId64
		"\" stroke=\"#555\"/>\n",
		SVG_LEFT, zero, SVG_WIDTH - SVG_RIGHT, zero);
	add_label(out, SVG_LEFT - 8, zero + 4, "text-anchor=\"end\"", "0");
	if (tallest(panel)->value > 0)
		add_label(out, SVG_LEFT - 8, y + 4, "text-anchor=\"end\"", tallest(panel)->text);
}

static void add_svg_bar(struct str *out, const struct plot_bar *bar, const struct range *r,
	const int64_t at[3], size_t color)
{
	int64_t zero = at[1] + SVG_AREA - place(r, 0, SVG_AREA);
	int64_t end = at[1] + SVG_AREA - place(r, bar->value, SVG_AREA);
	int64_t top = end < zero ? end : zero;

	str_addf(out,
		"<rect x=\"%" PRId64 "\" y=\"%" PRId64 "\" width=\"%" PRId64 "\" height=\"%" PRId64
		"\" fill=\"%s\"><title>",
		at[0], top, at[2], end < zero ? zero - end : end - zero,
		COLORS[color % ARRAY_LEN(COLORS)]);
	add_escaped(out, bar->label);
	str_addf(out, "%s", *bar->series ? " " : "");
	add_escaped(out, bar->series);
	str_add(out, ": ");
	add_escaped(out, bar->text);
	str_add(out, "</title></rect>\n");
}

static void add_legend(struct str *out, const struct names *series, int y)
{
	int64_t x = SVG_LEFT;

	for (size_t i = 0; i < series->n && *series->v[i]; i++) {
		str_addf(out,
			"<rect x=\"%" PRId64 "\" y=\"%d\" width=\"12\" height=\"12\" "
			"fill=\"%s\"/>\n",
			x, y - 10, COLORS[i % ARRAY_LEN(COLORS)]);
		add_label(out, x + 17, y, "", series->v[i]);
		x += 40 + 8 * (int64_t)columns(series->v[i]);
	}
}

/* Every so many labels one is written, so that they do not run into each other. */
static void add_labels(struct str *out, const struct names *labels, int64_t slot, int y)
{
	size_t step = 1;
	int widest = 1;

	for (size_t i = 0; i < labels->n; i++)
		widest = wider(widest, labels->v[i]);
	while ((int64_t)step * slot < widest * 8 + 10 && step < labels->n)
		step++;
	for (size_t i = 0; i < labels->n; i += step)
		add_label(out, SVG_LEFT + (int64_t)i * slot + slot / 2, y, "text-anchor=\"middle\"",
			labels->v[i]);
}

static void panel_svg(const struct plot_panel *panel, int y, struct str *out)
{
	struct names labels = {0}, series = {0};
	struct range r = range_of(panel);
	int64_t slot, width;

	vec_each(&panel->bars, bar) {
		name_at(&labels, bar->label);
		name_at(&series, bar->series);
	}
	slot = (SVG_WIDTH - SVG_LEFT - SVG_RIGHT) / (labels.n ? (int64_t)labels.n : 1);
	slot = slot ? slot : 1;
	width = slot * 4 / 5 / (series.n ? (int64_t)series.n : 1);
	width = width > 60 ? 60 : width ? width : 1;
	add_label(out, SVG_LEFT, y - 14, "font-weight=\"bold\"", panel->title);
	add_frame(out, panel, &r, y);
	vec_each(&panel->bars, bar) {
		int64_t s = (int64_t)name_at(&series, bar->series);
		int64_t left = SVG_LEFT + (int64_t)name_at(&labels, bar->label) * slot +
		               (slot - width * (int64_t)series.n) / 2;

		add_svg_bar(out, bar, &r, (const int64_t[]){left + s * width, y, width}, (size_t)s);
	}
	add_labels(out, &labels, slot, y + SVG_AREA + 20);
	add_legend(out, &series, y + SVG_AREA + 46);
	vec_release(&labels);
	vec_release(&series);
}

void plot_svg(const struct plot *p, const char *heading, struct str *out)
{
	int height = SVG_HEAD + SVG_PANEL * (int)(p->panels.n ? p->panels.n : 1);
	int y = SVG_HEAD + 30;

	str_addf(out,
		"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
		"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" "
		"viewBox=\"0 0 %d %d\" font-family=\"sans-serif\" font-size=\"13\" "
		"fill=\"#222\">\n"
		"<rect width=\"100%%\" height=\"100%%\" fill=\"#fff\"/>\n",
		SVG_WIDTH, height, SVG_WIDTH, height);
	add_label(out, SVG_LEFT, 36, "font-size=\"20\"", heading);
	if (!p->panels.n)
		add_label(out, SVG_LEFT, y, "", "nothing to show");
	vec_each(&p->panels, panel) {
		panel_svg(panel, y, out);
		y += SVG_PANEL;
	}
	str_add(out, "</svg>\n");
}
