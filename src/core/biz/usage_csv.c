/* SPDX-License-Identifier: MIT */
#include "biz/usage_csv.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

void csv_init(struct csv *c, const char *name, char *text)
{
	*c = (struct csv){.name = name, .at = text, .line = 0, .next = 1};
	if (strncmp(text, "\xef\xbb\xbf", 3) == 0) /* a byte order mark */
		c->at += 3;
}

int csv_err(const struct csv *c, struct err *e, int code, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return err_set(e, code, "%s:%d: %s", c->name, c->line, text);
}

/* Unquote in place; *end stands behind the closing quote. */
static int quoted(struct csv *c, char *p, char **end, struct err *e)
{
	char *out = p;

	for (p++;; p++) {
		if (!*p)
			return csv_err(c, e, E_USAGE, "a quoted field has no end");
		c->next += *p == '\n';
		if (*p == '"' && *++p != '"')
			break;
		*out++ = *p;
	}
	if (*p && *p != ',' && *p != '\n' && !(*p == '\r' && p[1] == '\n'))
		return csv_err(c, e, E_USAGE, "a quote ends before its field does");
	*end = p;
	/* What ended it is still needed: the text is shorter by the quote. */
	*out = '\0';
	return 0;
}

static int plain(struct csv *c, char *p, char **end, struct err *e)
{
	p += strcspn(p, ",\n\"");
	if (*p == '"')
		return csv_err(c, e, E_USAGE, "a quote stands within a field");
	*end = p;
	return 0;
}

/* One field; true when another follows on the line. */
static int field(struct csv *c, bool *more, struct err *e)
{
	char *p = c->at, *end = p;
	int r = *p == '"' ? quoted(c, p, &end, e) : plain(c, p, &end, e);

	if (r < 0)
		return r;
	if (c->n == CSV_FIELDS)
		return csv_err(c, e, E_USAGE, "more than %d fields", CSV_FIELDS);
	c->fields[c->n++] = p;
	*more = *end == ',';
	c->next += *end == '\n' || *end == '\r';
	c->at = end + (*end == '\r' ? 2 : *end != '\0');
	if (end > p && *end == '\n' && end[-1] == '\r')
		end--;
	*end = '\0';
	return 0;
}

int csv_next(struct csv *c, struct err *e)
{
	bool more = true;
	int r = 0;

	while (*c->at == '\n' || (*c->at == '\r' && c->at[1] == '\n')) {
		c->at += *c->at == '\r' ? 2 : 1;
		c->next++;
	}
	c->n = 0;
	c->line = c->next;
	if (!*c->at)
		return 0;
	while (r == 0 && more)
		r = field(c, &more, e);
	return r < 0 ? r : 1;
}
