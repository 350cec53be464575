/* SPDX-License-Identifier: MIT */
#include "svc/yaml.h"

#include <string.h>
#include <yaml.h>

#include "util/mem.h"
#include "util/slurp.h"

#define BYTE_ORDER_MARK "\xef\xbb\xbf" /* some editors begin UTF-8 with it; YAML 1.2, 5.2 */

struct yaml {
	char *file;
	struct yaml_node *root;
};

static int err_at(struct err *e, const char *file, size_t line, size_t column, const char *what)
{
	return err_set(e, E_USAGE, "%s:%zu:%zu: %s", file, line, column, what);
}

/* ---- the tree ---- */

static void node_free(struct yaml_node *n)
{
	if (!n)
		return;
	for (size_t i = 0; i < n->n; i++) {
		node_free(n->items[i]);
		if (n->keys)
			node_free(n->keys[i]);
	}
	free(n->items);
	free(n->keys);
	free(n->text);
	free(n);
}

static void node_cleanup(struct yaml_node **n)
{
	node_free(*n);
}
#define autonode autoclean(node_cleanup) struct yaml_node

void yaml_doc_free(struct yaml *y)
{
	if (!y)
		return;
	node_free(y->root);
	free(y->file);
	free(y);
}

void yaml_cleanup(struct yaml **y)
{
	yaml_doc_free(*y);
}

const struct yaml_node *yaml_root(const struct yaml *y)
{
	return y->root;
}

struct parse {
	yaml_parser_t parser;
	const char *file;
	const char *text;
	size_t size;
	size_t nodes;
	struct err *e;
};

/* Line and column (in characters) of a byte. */
static void place(const char *text, size_t at, size_t *line, size_t *column)
{
	*line = *column = 1;
	for (size_t i = 0; i < at; i++) {
		if (text[i] == '\n') {
			++*line;
			*column = 1;
		} else if ((text[i] & 0xc0) != 0x80) {
			++*column;
		}
	}
}

static int err_byte(struct parse *p, size_t at, const char *what, const char *wanted)
{
	size_t line, column;
	autofree char *text = NULL;

	place(p->text, at, &line, &column);
	text = str_fmt("%s 0x%02x %s", what, at < p->size ? (unsigned char)p->text[at] : 0u,
		wanted);
	return err_at(p->e, p->file, line, column, text);
}

static int err_parser(struct parse *p)
{
	const yaml_parser_t *y = &p->parser;
	const yaml_mark_t *m = &y->problem_mark;
	autofree char *text = NULL;

	if (y->error == YAML_MEMORY_ERROR)
		mem_on_oom();
	if (y->error == YAML_READER_ERROR)
		return err_byte(p, y->problem_offset < p->size ? y->problem_offset : p->size,
			"control character", "is not allowed");
	text = y->context ? str_fmt("%s (%s)", y->problem, y->context) : mem_strdup(y->problem);
	return err_at(p->e, p->file, m->line + 1, m->column + 1, text);
}

static int err_event(struct parse *p, const yaml_event_t *ev, const char *what)
{
	return err_at(p->e, p->file, ev->start_mark.line + 1, ev->start_mark.column + 1, what);
}

static int next_event(struct parse *p, yaml_event_t *ev)
{
	return yaml_parser_parse(&p->parser, ev) ? 0 : err_parser(p);
}

/* Anchors, aliases and tags have no place in these files: what stands there is what is meant. */
static int check_event(struct parse *p, const yaml_event_t *ev)
{
	const yaml_char_t *anchor = NULL, *tag = NULL;

	switch (ev->type) {
	case YAML_ALIAS_EVENT:
		return err_event(p, ev, "aliases are not allowed: write the value out");
	case YAML_SCALAR_EVENT:
		anchor = ev->data.scalar.anchor;
		tag = ev->data.scalar.tag;
		break;
	case YAML_SEQUENCE_START_EVENT:
		anchor = ev->data.sequence_start.anchor;
		tag = ev->data.sequence_start.tag;
		break;
	case YAML_MAPPING_START_EVENT:
		anchor = ev->data.mapping_start.anchor;
		tag = ev->data.mapping_start.tag;
		break;
	default:
		break;
	}
	if (anchor)
		return err_event(p, ev, "anchors are not allowed");
	return tag ? err_event(p, ev, "tags are not allowed") : 0;
}

static struct yaml_node *node_new(struct parse *p, enum yaml_kind kind, const yaml_event_t *ev)
{
	struct yaml_node *n = mem_zalloc(sizeof(*n));

	n->kind = kind;
	n->file = p->file;
	n->line = (int)ev->start_mark.line + 1;
	n->column = (int)ev->start_mark.column + 1;
	return n;
}

static int make_scalar(struct parse *p, const yaml_event_t *ev, struct yaml_node **out)
{
	const char *v = (const char *)ev->data.scalar.value;
	size_t len = ev->data.scalar.length;

	if (memchr(v, '\0', len))
		return err_event(p, ev, "a text may not hold a NUL byte");
	*out = node_new(p, YAML_SCALAR, ev);
	(*out)->text = mem_strndup(v, len);
	(*out)->quoted = ev->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
	return 0;
}

static int make_node(struct parse *p, const yaml_event_t *ev, int depth, struct yaml_node **out);

static void append(struct yaml_node *n, struct yaml_node *key, struct yaml_node *value, size_t *cap)
{
	if (n->n == *cap) {
		*cap = *cap ? *cap * 2 : 8;
		n->items = mem_array(n->items, *cap, sizeof(struct yaml_node *));
		if (n->kind == YAML_MAP)
			n->keys = mem_array(n->keys, *cap, sizeof(struct yaml_node *));
	}
	if (n->kind == YAML_MAP)
		n->keys[n->n] = key;
	n->items[n->n++] = value;
}

static int next_node(struct parse *p, yaml_event_type_t end, int depth, struct yaml_node **out)
{
	yaml_event_t ev;
	int r = next_event(p, &ev);

	*out = NULL;
	if (r < 0)
		return r;
	if (ev.type != end)
		r = make_node(p, &ev, depth, out);
	yaml_event_delete(&ev);
	return r;
}

static int make_list(struct parse *p, const yaml_event_t *ev, int depth, struct yaml_node **out)
{
	autonode *n = node_new(p, YAML_LIST, ev);
	size_t cap = 0;
	int r;

	for (;;) {
		struct yaml_node *item;

		if ((r = next_node(p, YAML_SEQUENCE_END_EVENT, depth + 1, &item)) < 0)
			return r;
		if (!item)
			break;
		append(n, NULL, item, &cap);
	}
	*out = steal(&n);
	return 0;
}

static int by_text(const void *a, const void *b)
{
	const struct yaml_node *x = *(struct yaml_node *const *)a,
			       *y = *(struct yaml_node *const *)b;
	int c = strcmp(x->text, y->text);

	if (c == 0)
		c = x->line != y->line ? x->line - y->line : x->column - y->column;
	return c;
}

static int check_duplicates(const struct yaml_node *map, struct err *e)
{
	autofree struct yaml_node **sorted = NULL;

	if (map->n < 2)
		return 0;
	sorted = mem_dup(map->keys, map->n * sizeof(*sorted));
	qsort(sorted, map->n, sizeof(*sorted), by_text);
	for (size_t i = 1; i < map->n; i++) {
		if (strcmp(sorted[i - 1]->text, sorted[i]->text) == 0)
			return yaml_err(e, sorted[i], "key '%.64s' stands twice, first in line %d",
				sorted[i]->text, sorted[i - 1]->line);
	}
	return 0;
}

static int check_key(const struct yaml_node *key, struct err *e)
{
	if (key->kind != YAML_SCALAR)
		return yaml_err(e, key, "a key must be a text, not a %s",
			key->kind == YAML_MAP ? "mapping" : "list");
	if (!*key->text)
		return yaml_err(e, key, "a key may not be empty");
	return 0;
}

static int make_map(struct parse *p, const yaml_event_t *ev, int depth, struct yaml_node **out)
{
	autonode *n = node_new(p, YAML_MAP, ev);
	size_t cap = 0;
	int r;

	for (;;) {
		autonode *key = NULL;
		struct yaml_node *value;

		if ((r = next_node(p, YAML_MAPPING_END_EVENT, depth + 1, &key)) < 0)
			return r;
		if (!key)
			break;
		if ((r = check_key(key, p->e)) < 0 ||
			(r = next_node(p, YAML_NO_EVENT, depth + 1, &value)) < 0)
			return r;
		append(n, steal(&key), value, &cap);
	}
	if ((r = check_duplicates(n, p->e)) < 0)
		return r;
	*out = steal(&n);
	return 0;
}

static int make_node(struct parse *p, const yaml_event_t *ev, int depth, struct yaml_node **out)
{
	int r = check_event(p, ev);

	if (r < 0)
		return r;
	if (++p->nodes > YAML_MAX_NODES)
		return err_event(p, ev, "too many values: a file may have 20000");
	if (ev->type == YAML_SCALAR_EVENT)
		return make_scalar(p, ev, out);
	if (depth > YAML_MAX_DEPTH)
		return err_event(p, ev, "nested too deeply: 16 levels are allowed");
	return ev->type == YAML_MAPPING_START_EVENT ? make_map(p, ev, depth, out)
	                                            : make_list(p, ev, depth, out);
}

/* stream-start, then document-start or stream-end. */
static int make_document(struct parse *p, struct yaml *y)
{
	yaml_event_t ev = {0};
	int r;

	for (;;) {
		if ((r = next_event(p, &ev)) < 0)
			return r;
		if (ev.type == YAML_STREAM_END_EVENT)
			break;
		if (ev.type == YAML_DOCUMENT_START_EVENT) {
			r = y->root ? err_event(p, &ev, "only one document a file is allowed")
			            : next_node(p, YAML_NO_EVENT, 1, &y->root);
		}
		yaml_event_delete(&ev);
		if (r < 0)
			return r;
	}
	if (!y->root) {
		ev.start_mark = (yaml_mark_t){0};
		y->root = node_new(p, YAML_MAP, &ev);
	}
	yaml_event_delete(&ev);
	return 0;
}

/* Where the first sequence that is not UTF-8 begins; there is one. */
static size_t first_invalid(const char *text, size_t size)
{
	size_t i = 0, len;

	for (; i < size; i += len) {
		unsigned char c = (unsigned char)text[i];

		len = c < 0x80 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
		if (len > size - i || !str_is_utf8(text + i, len))
			break;
	}
	return i;
}

static int check_bytes(struct parse *p)
{
	if (p->size > YAML_MAX_BYTES)
		return err_set(p->e, E_USAGE,
			"%s: larger than 1 MiB, the most a YAML file may have", p->file);
	if (str_is_utf8(p->text, p->size))
		return 0;
	return err_byte(p, first_invalid(p->text, p->size), "byte",
		"is not text: UTF-8 is expected");
}

int yaml_parse(struct yaml **out, const char *file, const char *text, size_t n, struct err *e)
{
	autoyaml *y = mem_zalloc(sizeof(*y));
	size_t mark = n >= 3 && memcmp(text, BYTE_ORDER_MARK, 3) == 0 ? 3 : 0;
	struct parse p = {.text = text + mark, .size = n - mark, .e = e};
	int r;

	p.file = y->file = mem_strdup(file);
	if ((r = check_bytes(&p)) < 0)
		return r;
	if (!yaml_parser_initialize(&p.parser))
		mem_on_oom();
	yaml_parser_set_encoding(&p.parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&p.parser, (const unsigned char *)p.text, p.size);
	r = make_document(&p, y);
	yaml_parser_delete(&p.parser);
	if (r < 0)
		return r;
	*out = steal(&y);
	return 0;
}

int yaml_load(struct yaml **out, const char *path, char **text, struct err *e)
{
	autostr s = STR_INIT;
	int r;

	if ((r = slurp(path, YAML_MAX_BYTES, &s, e)) < 0 ||
		(r = yaml_parse(out, slurp_name(path), str_c(&s), s.len, e)) < 0)
		return r;
	if (text)
		*text = str_steal(&s);
	return 0;
}
