/* SPDX-License-Identifier: MIT */
/* A document for sxc-paper, as JSON: what is written there is what is printed. */
#include <jansson.h>
#include <string.h>
#include <unistd.h>

#include "biz/paper.h"
#include "svc/child.h"
#include "svc/mime.h"

#define MOST    (16 << 20) /* bytes of a page */
#define SECONDS 60
#define NO_FONT 3 /* exit status of sxc-paper: no font has some character */

static json_t *lines_json(const struct strvec *lines)
{
	json_t *j = json_array();

	for (size_t i = 0; i < lines->n; i++)
		json_array_append_new(j, json_string(lines->v[i]));
	return j;
}

static json_t *rows_json(const struct paper_rows *rows)
{
	json_t *j = json_array();

	vec_each(rows, row)
		json_array_append_new(j,
			json_pack("{s:s, s:s, s:s?, s:b}", "left", row->left, "right", row->right,
				"note", row->note, "strong", row->strong));
	return j;
}

static char *request(const struct paper *p)
{
	autostr logo = STR_INIT;
	json_t *j =
		json_pack("{s:s, s:s, s:s, s:s, s:s?, s:s?, s:s, s:s?, s:o, s:o, s:o, s:o, s:o}",
			"kind", p->kind, "number", p->number, "date", p->date, "currency",
			p->currency, "due", p->due, "corrects", p->corrects, "payee", p->payee,
			"to_pay", p->to_pay, "seller", lines_json(&p->seller), "buyer",
			lines_json(&p->buyer), "bank", lines_json(&p->bank), "lines",
			rows_json(&p->lines), "sums", rows_json(&p->sums));
	char *text;

	if (p->logo_type) {
		mime_base64(&logo, p->logo.p, p->logo.len);
		json_object_set_new(j, "logo_type", json_string(p->logo_type));
		json_object_set_new(j, "logo", json_string(str_c(&logo)));
	}
	text = json_dumps(j, JSON_COMPACT | JSON_SORT_KEYS);
	json_decref(j);
	return text;
}

int paper_pdf(struct sxc *s, const struct paper *p, struct str *out, struct err *e)
{
	autofree char *in = request(p), *program = sxc_helper("SXC_PAPER", "sxc-paper");
	autochild res = {0};
	char *const argv[] = {program, NULL};
	struct child_spec spec = {.argv = argv,
		.in = in,
		.in_len = strlen(in),
		.max_out = MOST,
		.timeout = SECONDS,
		.home = s->home};
	int r = child_run(&spec, &res, e);

	if (r < 0)
		return r;
	if (res.status == NO_FONT)
		return err_set(e, E_STATE, "%.300s", str_c(&res.err));
	if (res.status != 0 || !str_starts(str_c(&res.out), "%PDF-"))
		return err_set(e, E_FAIL, "%s: %.200s", program,
			res.err.len ? str_c(&res.err) : "it drew nothing");
	str_addn(out, res.out.p, res.out.len);
	return 0;
}
