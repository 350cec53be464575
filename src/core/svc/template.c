/* SPDX-License-Identifier: MIT */
#include "svc/template.h"

#include <string.h>

#define NAME_MAX_LEN 63

struct render {
	const char *file;
	const char *text, *end;
	template_lookup lookup;
	void *arg;
	struct str *out;
	struct err *e;
};

/* Where a part of the text is being rendered; silent parts are parsed, not given. */
struct scope {
	const char *section; /* name that {{/…}} must close, NULL outside */
	const char *item;    /* {{.}} */
	bool silent;
	int depth;
};

struct tag {
	char kind; /* # ^ / or 0 */
	char name[NAME_MAX_LEN + 1];
	const char *begin, *end; /* from {{ to behind }} */
};

static int line_of(const struct render *r, const char *at)
{
	int line = 1;

	for (const char *p = r->text; p < at; p++)
		line += *p == '\n';
	return line;
}

static int fail(const struct render *r, const char *at, const char *what, const char *name)
{
	return err_set(r->e, E_USAGE, "%s:%d: %s%s%s", r->file, line_of(r, at), what,
		name ? " " : "", name ? name : "");
}

static bool is_name(const char *s, size_t n)
{
	if (n == 1 && *s == '.')
		return true;
	if (n == 0 || n > NAME_MAX_LEN || *s < 'a' || *s > 'z')
		return false;
	for (size_t i = 0; i < n; i++)
		if (!strchr("abcdefghijklmnopqrstuvwxyz0123456789_", s[i]))
			return false;
	return true;
}

static int read_tag(const struct render *r, const char *at, struct tag *t)
{
	const char *p = at + 2, *close = memmem(p, (size_t)(r->end - p), "}}", 2);

	*t = (struct tag){.begin = at};
	if (!close)
		return fail(r, at, "{{ is not closed by }}", NULL);
	if (p < close && strchr("#^/", *p))
		t->kind = *p++;
	if (!is_name(p, (size_t)(close - p)))
		return fail(r, at, "between {{ and }} stands a name, or # ^ / and a name", NULL);
	memcpy(t->name, p, (size_t)(close - p));
	t->end = close + 2;
	return 0;
}

/* A section tag alone on its line takes the line with it. */
static void widen(const struct render *r, struct tag *t)
{
	const char *b = t->begin, *f = t->end;

	while (b > r->text && (b[-1] == ' ' || b[-1] == '\t'))
		b--;
	while (f < r->end && (*f == ' ' || *f == '\t'))
		f++;
	if ((b > r->text && b[-1] != '\n') || (f < r->end && *f != '\n'))
		return;
	t->begin = b;
	t->end = f < r->end ? f + 1 : f;
}

static int put(const struct render *r, const struct scope *s, const char *p, size_t n)
{
	if (s->silent)
		return 0;
	if (r->out->len + n > TEMPLATE_MAX_OUT)
		return err_set(r->e, E_LIMIT, "%s: rendered it would be larger than 4 MiB",
			r->file);
	str_addn(r->out, p, n);
	return 0;
}

static int put_value(const struct render *r, const struct scope *s, const struct tag *t)
{
	struct template_value v = {0};

	if (strcmp(t->name, ".") == 0) {
		if (!s->item && !s->silent)
			return fail(r, t->begin, "{{.}} stands inside the section of a list", NULL);
		return s->item ? put(r, s, s->item, strlen(s->item)) : 0;
	}
	if (!r->lookup(r->arg, t->name, &v))
		return fail(r, t->begin, "no setting named", t->name);
	if (!v.text)
		return fail(r, t->begin, "a list stands in a section only:", t->name);
	return put(r, s, v.text, strlen(v.text));
}

static int part(const struct render *r, const char **at, const struct scope *s);

/* Render what stands from behind the opening tag to its closing one; *at moves behind that. */
static int section(const struct render *r, const char **at, const struct scope *s,
	const struct tag *t)
{
	struct template_value v = {0};
	struct scope in = {t->name, s->item, s->silent, s->depth + 1};
	const char *from = *at;
	int rc;

	if (strcmp(t->name, ".") == 0 || !r->lookup(r->arg, t->name, &v))
		return fail(r, t->begin, "no setting named", t->name);
	if (in.depth > TEMPLATE_MAX_DEPTH)
		return fail(r, t->begin, "sections are nested too deep", NULL);
	if (t->kind == '#' && v.list && v.n > 0) {
		for (size_t i = 0; i < v.n; i++) {
			*at = from;
			in.item = v.list[i];
			if ((rc = part(r, at, &in)) < 0)
				return rc;
		}
		return 0;
	}
	in.silent = s->silent || (t->kind == '#') != (v.list ? v.n > 0 : v.truth);
	return part(r, at, &in);
}

/* From *at to the end of the section (or of the text). */
static int part(const struct render *r, const char **at, const struct scope *s)
{
	struct tag t;
	int rc;

	for (;;) {
		const char *open = memmem(*at, (size_t)(r->end - *at), "{{", 2);

		if (!open) {
			if (s->section)
				return fail(r, r->end, "a section is not closed:", s->section);
			return put(r, s, *at, (size_t)(r->end - *at));
		}
		if ((rc = read_tag(r, open, &t)) < 0)
			return rc;
		if (t.kind)
			widen(r, &t);
		if ((rc = put(r, s, *at, (size_t)(t.begin - *at))) < 0)
			return rc;
		*at = t.end;
		if (t.kind == '/') {
			if (s->section && strcmp(s->section, t.name) == 0)
				return 0;
			return fail(r, open, "no section is open here named", t.name);
		}
		rc = t.kind ? section(r, at, s, &t) : put_value(r, s, &t);
		if (rc < 0)
			return rc;
	}
}

int template_render(const char *file, const char *text, size_t n, template_lookup lookup, void *arg,
	struct str *out, struct err *e)
{
	struct render r = {file, text, text + n, lookup, arg, out, e};
	struct scope top = {0};
	const char *at = text;

	if (memchr(text, '\0', n))
		return err_set(e, E_USAGE, "%s: holds a NUL byte", file);
	return part(&r, &at, &top);
}
