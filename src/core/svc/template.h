/* SPDX-License-Identifier: MIT */
/*
 * template - text with {{name}}, sections {{#name}}…{{/name}}, their opposite {{^name}}…{{/name}},
 * and {{.}} for the item of a list inside its section. Nothing else.
 *
 * A section is given once when its value is true, once an item when it is a list, else not at all.
 * A line that holds nothing but one section tag leaves no line behind. Values are put in as they
 * are: who supplies them answers for their being harmless.
 * Must not know about: settings, files.
 */
#ifndef SXC_SVC_TEMPLATE_H
#define SXC_SVC_TEMPLATE_H

#include <stdbool.h>
#include <stddef.h>

#include "util/err.h"
#include "util/str.h"

#define TEMPLATE_MAX_DEPTH 8
#define TEMPLATE_MAX_OUT   (4u << 20) /* bytes of a rendered text */

struct template_value {
	const char *text;        /* what {{name}} gives; NULL: it cannot stand alone (a list) */
	bool truth;              /* whether its section is given */
	const char *const *list; /* or NULL */
	size_t n;
};

/* True and *out when the name is known. */
typedef bool (*template_lookup)(void *arg, const char *name, struct template_value *out);

/* Append the rendered text to out. E_USAGE "file:line: …" for syntax and unknown names, E_LIMIT. */
int template_render(const char *file, const char *text, size_t n, template_lookup lookup, void *arg,
	struct str *out, struct err *e);

#endif
