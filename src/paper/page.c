/* SPDX-License-Identifier: MIT */
#include "paper/page.h"

#include <cairo-pdf.h>
#include <stdio.h>
#include <string.h>

#define WIDTH       595.276 /* A4 (ISO 216) */
#define HEIGHT      841.89
#define LOGO_WIDTH  150.0
#define LOGO_HEIGHT 60.0

/* ---- pages ---- */

static cairo_status_t to_stdout(void *arg, const unsigned char *p, unsigned n)
{
	(void)arg;
	return fwrite(p, 1, n, stdout) == n ? CAIRO_STATUS_SUCCESS : CAIRO_STATUS_WRITE_ERROR;
}

void page_begin(struct page *pg, const char *title, const char *date)
{
	*pg = (struct page){.y = TOP, .n = 1, .title = title};
	pg->surface = cairo_pdf_surface_create_for_stream(to_stdout, NULL, WIDTH, HEIGHT);
	cairo_pdf_surface_set_metadata(pg->surface, CAIRO_PDF_METADATA_TITLE, title);
	cairo_pdf_surface_set_metadata(pg->surface, CAIRO_PDF_METADATA_CREATE_DATE, date);
	pg->cr = cairo_create(pg->surface);
	pg->layout = pango_cairo_create_layout(pg->cr);
	pango_layout_set_wrap(pg->layout, PANGO_WRAP_WORD_CHAR);
}

static void foot(struct page *pg)
{
	char text[300];

	snprintf(text, sizeof(text), "%s, page %d", pg->title, pg->n);
	put(pg, LEFT, BOTTOM + 20, RIGHT - LEFT, GREY, text);
}

void room(struct page *pg, double height)
{
	if (pg->y + height <= BOTTOM)
		return;
	foot(pg);
	cairo_show_page(pg->cr);
	pg->n++;
	pg->y = TOP;
}

int page_end(struct page *pg)
{
	cairo_status_t status;

	foot(pg);
	cairo_show_page(pg->cr);
	g_object_unref(pg->layout);
	cairo_destroy(pg->cr);
	cairo_surface_finish(pg->surface);
	status = cairo_surface_status(pg->surface);
	cairo_surface_destroy(pg->surface);
	if (status != CAIRO_STATUS_SUCCESS || fflush(stdout) != 0) {
		fprintf(stderr, "%s", cairo_status_to_string(status));
		return PAGE_FAILED;
	}
	return pg->failed;
}

/* ---- text ---- */

static void set(struct page *pg, double width, enum style style, const char *text)
{
	static const char *const fonts[] = {
		[PLAIN] = "DejaVu Sans 9",
		[STRONG] = "DejaVu Sans Bold 9",
		[GREY] = "DejaVu Sans 8",
		[TITLE] = "DejaVu Sans Bold 15",
	};
	PangoFontDescription *font = pango_font_description_from_string(fonts[style]);
	double ink = style == GREY ? 0.4 : 0.1;

	pango_layout_set_font_description(pg->layout, font);
	pango_font_description_free(font);
	pango_layout_set_width(pg->layout, width > 0 ? (int)(width * PANGO_SCALE) : -1);
	pango_layout_set_text(pg->layout, text, -1);
	cairo_set_source_rgb(pg->cr, ink, ink, ink);
	/* Boxes in the place of letters would be a wrong name. */
	if (pango_layout_get_unknown_glyphs_count(pg->layout) > 0 && !pg->failed) {
		pg->failed = PAGE_NO_FONT;
		fprintf(stderr,
			"no font here can write '%.60s': install one, such as "
			"fonts-noto-core or fonts-noto-cjk",
			text);
	}
}

static double extent(struct page *pg, double *width)
{
	PangoRectangle r;

	pango_layout_get_extents(pg->layout, NULL, &r);
	if (width)
		*width = (double)r.width / PANGO_SCALE;
	return (double)r.height / PANGO_SCALE;
}

double measure(struct page *pg, double width, enum style style, const char *text)
{
	set(pg, width, style, text);
	return extent(pg, NULL);
}

double put(struct page *pg, double x, double y, double width, enum style style, const char *text)
{
	set(pg, width, style, text);
	cairo_move_to(pg->cr, x, y);
	pango_cairo_show_layout(pg->cr, pg->layout);
	return extent(pg, NULL);
}

void put_right(struct page *pg, double y, enum style style, const char *text)
{
	double width;

	set(pg, 0, style, text);
	extent(pg, &width);
	cairo_move_to(pg->cr, RIGHT - width, y);
	pango_cairo_show_layout(pg->cr, pg->layout);
}

void rule(struct page *pg, double x, double y, bool dashed)
{
	static const double dash[] = {3, 3};

	cairo_save(pg->cr);
	cairo_set_line_width(pg->cr, 0.5);
	cairo_set_source_rgb(pg->cr, 0.7, 0.7, 0.7);
	cairo_set_dash(pg->cr, dash, dashed ? 2 : 0, 0);
	cairo_move_to(pg->cr, x, y);
	cairo_line_to(pg->cr, RIGHT, y);
	cairo_stroke(pg->cr);
	cairo_restore(pg->cr);
}

/* ---- the picture ---- */

struct bytes {
	const unsigned char *p;
	size_t n;
};

static cairo_status_t from_bytes(void *arg, unsigned char *to, unsigned n)
{
	struct bytes *b = arg;

	if (n > b->n)
		return CAIRO_STATUS_READ_ERROR;
	memcpy(to, b->p, n);
	b->p += n;
	b->n -= n;
	return CAIRO_STATUS_SUCCESS;
}

/* Height and width stand in the frame header (ITU-T T.81, B.2.2), behind the other segments. */
static bool jpeg_size(struct bytes b, int *width, int *height)
{
	size_t at = 2;

	while (at + 9 < b.n && b.p[at] == 0xff) {
		unsigned char marker = b.p[at + 1];

		if (marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 &&
			marker != 0xcc) {
			*height = b.p[at + 5] << 8 | b.p[at + 6];
			*width = b.p[at + 7] << 8 | b.p[at + 8];
			return *width > 0 && *height > 0 && *width <= 4096 && *height <= 4096;
		}
		at += 2 + (size_t)(b.p[at + 2] << 8 | b.p[at + 3]);
	}
	return false;
}

/* PDF takes JPEG as it is: the surface only lends its size. It takes the bytes over. */
static cairo_surface_t *jpeg(unsigned char *data, size_t n)
{
	cairo_surface_t *s;
	int width, height;

	if (!jpeg_size((struct bytes){data, n}, &width, &height)) {
		g_free(data);
		return NULL;
	}
	s = cairo_image_surface_create(CAIRO_FORMAT_RGB24, width, height);
	cairo_surface_set_mime_data(s, CAIRO_MIME_TYPE_JPEG, data, n, g_free, data);
	return s;
}

static cairo_surface_t *png(unsigned char *data, size_t n)
{
	struct bytes b = {data, n};
	cairo_surface_t *s = cairo_image_surface_create_from_png_stream(from_bytes, &b);

	g_free(data);
	return s;
}

static double draw(struct page *pg, cairo_surface_t *s)
{
	double w = cairo_image_surface_get_width(s), h = cairo_image_surface_get_height(s);
	double scale = LOGO_WIDTH / w < LOGO_HEIGHT / h ? LOGO_WIDTH / w : LOGO_HEIGHT / h;

	cairo_save(pg->cr);
	cairo_translate(pg->cr, RIGHT - w * scale, TOP);
	cairo_scale(pg->cr, scale, scale);
	cairo_set_source_surface(pg->cr, s, 0, 0);
	cairo_paint(pg->cr);
	cairo_restore(pg->cr);
	return h * scale;
}

double put_logo(struct page *pg, const char *type, const char *data)
{
	cairo_surface_t *s;
	unsigned char *bytes;
	double height = 0;
	gsize n;

	if (!*type)
		return 0;
	bytes = g_base64_decode(data, &n);
	s = strcmp(type, "image/png") == 0 ? png(bytes, n) : jpeg(bytes, n);
	if (s && cairo_surface_status(s) == CAIRO_STATUS_SUCCESS)
		height = draw(pg, s);
	else if (!pg->failed)
		pg->failed = PAGE_FAILED;
	if (height == 0)
		fprintf(stderr, "the logo is no picture that can be drawn");
	if (s)
		cairo_surface_destroy(s);
	return height;
}
