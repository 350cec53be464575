/* SPDX-License-Identifier: MIT */
/*
 * yaml - YAML 1.2 documents as a tree that knows where everything stood (libyaml).
 *
 * Refused with "file:line:column: what, and what is allowed" (E_USAGE): syntax, more than one
 * document, duplicate keys, anchors, aliases, tags, keys that are not plain texts, invalid UTF-8,
 * more than YAML_MAX_BYTES, YAML_MAX_DEPTH or YAML_MAX_NODES.
 * Must not know about: what the documents mean.
 */
#ifndef SXC_SVC_YAML_H
#define SXC_SVC_YAML_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/err.h"
#include "util/str.h"

#define YAML_MAX_BYTES (1u << 20)
#define YAML_MAX_DEPTH 16
#define YAML_MAX_NODES 20000

enum yaml_kind { YAML_SCALAR, YAML_LIST, YAML_MAP };

struct yaml_node {
	enum yaml_kind kind;
	const char *file; /* as given to yaml_parse; owned by the document */
	int line, column; /* from 1 */
	char *text;       /* scalar, NUL-free */
	bool quoted;      /* scalar was quoted or a block: never a number, boolean or null */
	size_t n;         /* items of a list, pairs of a map */
	struct yaml_node **items; /* values; owned by the document */
	struct yaml_node **keys;  /* maps: scalars, as many as items */
};

struct yaml;
void yaml_doc_free(struct yaml *y); /* libyaml has a yaml_free of its own */
void yaml_cleanup(struct yaml **y);
#define autoyaml autoclean(yaml_cleanup) struct yaml

/* file is for messages. *out is the caller's. An empty document is an empty map. */
int yaml_parse(struct yaml **out, const char *file, const char *text, size_t n, struct err *e);
/* Read a file ("-": standard input) and parse it; *text, if wanted, gets its content (caller's). */
int yaml_load(struct yaml **out, const char *path, char **text, struct err *e);
const struct yaml_node *yaml_root(const struct yaml *y);

/* "file:line:column: " before a formatted message, E_USAGE. */
int yaml_err(struct err *e, const struct yaml_node *at, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Value of a key or NULL. */
const struct yaml_node *yaml_get(const struct yaml_node *map, const char *key);
/* E_USAGE at the first key that is not in the NULL-terminated list; the message lists them. */
int yaml_only_keys(const struct yaml_node *map, const char *const *allowed, struct err *e);
/* E_USAGE, at the map's place, when a key is not there. */
int yaml_need_key(const struct yaml_node *map, const char *key, struct err *e);
/* Typed reads; what names the value in messages. Absent node (NULL) is an error for these. */
int yaml_need_map(const struct yaml_node *n, const char *what, struct err *e);
int yaml_need_list(const struct yaml_node *n, const char *what, struct err *e);
int yaml_text(const struct yaml_node *n, const char *what, const char **out, struct err *e);
int yaml_i64(const struct yaml_node *n, const char *what, int64_t min, int64_t max, int64_t *out,
	struct err *e);
int yaml_bool(const struct yaml_node *n, const char *what, bool *out,
	struct err *e); /* yes no true false */
/* Bytes: 64K 128M 2G 1T, powers of 1024, or a plain number of bytes. */
int yaml_size(const struct yaml_node *n, const char *what, int64_t *out, struct err *e);
/* Hundredths of a percent: 30% → 3000; 0%..100% unless over is set. */
int yaml_percent(const struct yaml_node *n, const char *what, int64_t *out, struct err *e);
/* A name as str_is_name has it. */
int yaml_name(const struct yaml_node *n, const char *what, const char **out, struct err *e);

/* Append text as a YAML scalar, quoted where needed. */
void yaml_emit_scalar(struct str *s, const char *text);

#endif
