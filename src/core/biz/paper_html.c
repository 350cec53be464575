/* SPDX-License-Identifier: MIT */
/* A document as one page of HTML (Living Standard) that loads nothing. */
#include "biz/paper.h"
#include "svc/mime.h"

static const char HEAD[] =
	"<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
	"<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n";
static const char STYLE[] =
	"<style>\n"
	"body { font: 11pt/1.45 \"DejaVu Sans\", sans-serif; color: #1a1a1a; max-width: 46em;\n"
	"\tmargin: 2em auto; padding: 0 1em; }\n"
	"header, .parties { display: flex; justify-content: space-between; gap: 2em; }\n"
	"header img { max-height: 4.5em; max-width: 16em; }\n"
	"h1 { font-size: 1.5em; margin: 0; }\n"
	"h2 { font-size: .8em; font-weight: normal; color: #666; margin: 1.6em 0 .3em; }\n"
	"table { width: 100%; border-collapse: collapse; margin-top: 1.6em; }\n"
	"th { text-align: left; font-weight: normal; color: #666; }\n"
	"th, td { padding: .35em 0; border-bottom: 1px solid #ddd; vertical-align: top; }\n"
	"td + td, th + th { text-align: right; white-space: nowrap; padding-left: 1em;\n"
	"\tfont-variant-numeric: tabular-nums; }\n"
	".sums { width: 60%; margin-left: auto; }\n"
	".strong td { font-weight: bold; border-color: #1a1a1a; }\n"
	"small { color: #666; display: block; }\n"
	".slip { border: 1px solid #1a1a1a; padding: 0 1.2em 1.2em; margin-top: 2.5em; }\n"
	"dl { display: grid; grid-template-columns: max-content 1fr; gap: .2em 1.5em; margin: 0; }\n"
	"dt { color: #666; }\ndd { margin: 0; }\n"
	"@media print { body { margin: 0; } }\n"
	"</style>\n</head>\n<body>\n";

static void put(struct str *s, const char *text)
{
	for (; *text; text++)
		switch (*text) {
		case '&':
			str_add(s, "&amp;");
			break;
		case '<':
			str_add(s, "&lt;");
			break;
		case '>':
			str_add(s, "&gt;");
			break;
		case '"':
			str_add(s, "&quot;");
			break;
		default:
			str_addc(s, *text);
		}
}

static void put_lines(struct str *s, const struct strvec *lines)
{
	for (size_t i = 0; i < lines->n; i++) {
		str_add(s, i ? "<br>\n" : "");
		put(s, lines->v[i]);
	}
}

/* A data URL (RFC 2397). */
static void put_logo(struct str *s, const struct paper *p)
{
	if (!p->logo_type)
		return;
	str_addf(s, "<img alt=\"");
	put(s, p->payee);
	str_addf(s, "\" src=\"data:%s;base64,", p->logo_type);
	mime_base64(s, p->logo.p, p->logo.len);
	str_add(s, "\">\n");
}

static void put_head(struct str *s, const struct paper *p)
{
	str_add(s, HEAD);
	str_add(s, "<title>");
	put(s, p->kind);
	str_addc(s, ' ');
	put(s, p->number);
	str_add(s, "</title>\n");
	str_add(s, STYLE);
	str_add(s, "<header>\n<div>\n<h1>");
	put(s, p->kind);
	str_addc(s, ' ');
	put(s, p->number);
	str_addf(s, "</h1>\n<p>%s", p->date);
	if (p->due)
		str_addf(s, "<br>\nDue %s", p->due);
	if (p->corrects) {
		str_add(s, "<br>\n");
		put(s, p->corrects);
	}
	str_add(s, "</p>\n</div>\n");
	put_logo(s, p);
	str_add(s, "</header>\n");
}

static void put_party(struct str *s, const char *label, const struct strvec *lines)
{
	str_addf(s, "<div>\n<h2>%s</h2>\n", label);
	put_lines(s, lines);
	str_add(s, "\n</div>\n");
}

static void put_rows(struct str *s, const struct paper_rows *rows)
{
	vec_each(rows, row) {
		str_addf(s, "<tr%s><td>", row->strong ? " class=\"strong\"" : "");
		put(s, row->left);
		if (row->note) {
			str_add(s, "<small>");
			put(s, row->note);
			str_add(s, "</small>");
		}
		str_add(s, "</td><td>");
		put(s, row->right);
		str_add(s, "</td></tr>\n");
	}
}

static void put_item(struct str *s, const char *term, const char *value)
{
	str_addf(s, "<dt>%s</dt><dd>", term);
	put(s, value);
	str_add(s, "</dd>\n");
}

static void put_slip(struct str *s, const struct paper *p)
{
	if (!p->to_pay)
		return;
	str_add(s, "<section class=\"slip\">\n<h2>Payment slip</h2>\n<dl>\n");
	put_item(s, "Pay to", p->payee);
	if (p->bank.n) {
		str_add(s, "<dt>Account</dt><dd>");
		put_lines(s, &p->bank);
		str_add(s, "</dd>\n");
	}
	put_item(s, "Amount", p->to_pay);
	put_item(s, "Reference", p->number);
	put_item(s, "Until", p->due);
	str_add(s, "</dl>\n</section>\n");
}

void paper_html(const struct paper *p, struct str *out)
{
	put_head(out, p);
	str_add(out, "<div class=\"parties\">\n");
	put_party(out, "From", &p->seller);
	put_party(out, "To", &p->buyer);
	str_addf(out, "</div>\n<table>\n<tr><th>Service</th><th>%s</th></tr>\n", p->currency);
	put_rows(out, &p->lines);
	str_add(out, "</table>\n<table class=\"sums\">\n");
	put_rows(out, &p->sums);
	str_add(out, "</table>\n");
	put_slip(out, p);
	str_add(out, "</body>\n</html>\n");
}
