/* SPDX-License-Identifier: MIT */
/* Lists: rows are written as they come unless they must be sorted or measured first. */
#include <string.h>

#include "cmd/out_impl.h"

static void json_open(struct out *o, const char *key)
{
	json_t *j = json_string(key);
	autofree char *text = json_dumps(j, JSON_ENCODE_ANY);

	json_decref(j);
	out_puts(o, "{");
	out_puts(o, text ? text : "\"list\"");
	out_puts(o, ": [");
}

static int put_chunk(const char *p, size_t n, void *arg)
{
	out_put(arg, p, n);
	return 0;
}

static void json_row(struct out *o, struct out_list *l, const struct value *v)
{
	size_t flags = JSON_COMPACT | (o->tty ? JSON_ENSURE_ASCII : 0);
	json_t *j = row_json(l, v, l->shown.v, l->shown.n);

	if (l->array) {
		json_array_append_new(l->array, j);
		return;
	}
	out_puts(o, l->rows ? ",\n" : "\n");
	json_dump_callback(j, put_chunk, o, flags);
	json_decref(j);
}

static void emit(struct out *o, struct out_list *l, const struct value *v)
{
	if (o->format == OUT_TABLE)
		table_row(o, l, v);
	else if (o->format == OUT_JSON)
		json_row(o, l, v);
	else
		delim_row(o, l, v);
	l->rows++;
}

static int add(struct out *o, struct out_list *l, const void *row, struct err *e)
{
	for (int i = 0; i < l->ncols; i++)
		value_read(&l->now[i], &l->cols[i], row);
	if (!list_matches(l, l->now, &o->row))
		return 0;
	if (l->sort >= 0)
		list_keep(l, l->now);
	else
		emit(o, l, l->now);
	return out_error(o, e);
}

int out_list(struct out *o, const char *json_key, const struct column *cols, struct err *e)
{
	int r = list_init(o, &o->list, cols, true, true, e);

	if (r < 0)
		return r;
	o->list.start = o->buf.len;
	if (o->format == OUT_TABLE)
		table_open(o, &o->list);
	else if (o->format == OUT_JSON)
		json_open(o, json_key);
	else
		delim_header(o, &o->list);
	return 0;
}

int out_row(struct out *o, const void *row, struct err *e)
{
	if (interrupted)
		return err_interrupted(e);
	if (!o->object_open)
		return add(o, &o->list, row, e);
	return o->nested.open ? add(o, &o->nested, row, e) : 0;
}

int out_row_fn(void *out, const void *row, struct err *e)
{
	return out_row(out, row, e);
}

static void end_list(struct out *o, struct out_list *l)
{
	if (l->sort >= 0) {
		list_sort(l);
		vec_each(&l->kept, it)
			emit(o, l, it->v);
	}
	if (o->format == OUT_TABLE)
		table_close(o, l);
	else if (o->format == OUT_JSON && !l->array)
		out_puts(o, l->rows ? "\n]}\n" : "]}\n");
}

int out_end(struct out *o, struct err *e)
{
	if (!o->list.open)
		return 0;
	end_list(o, &o->list);
	list_release(&o->list);
	if (o->tty)
		out_flush(o);
	return out_error(o, e);
}

void list_abandon(struct out *o)
{
	if (!o->list.open)
		return;
	if (o->list.rows == 0 && o->buf.len > o->list.start)
		str_setlen(&o->buf, o->list.start);
	else if (o->list.rows && o->format == OUT_JSON && !o->list.array)
		out_puts(o, "\n]}\n");
}

/* ---- one object ---- */

static void add_label(struct out *o, const char *key, const char *value)
{
	struct label lb = {mem_strdup(key), mem_strdup(value)};

	vec_push(&o->labels, lb);
}

static void drop_labels(struct out *o)
{
	vec_each(&o->labels, it) {
		free(it->key);
		free(it->value);
	}
	vec_release(&o->labels);
}

static void add_row_labels(struct out *o, const struct out_list *l)
{
	for (size_t i = 0; i < l->shown.n; i++) {
		const struct column *c = &l->cols[l->shown.v[i]];
		autostr text = STR_INIT;

		value_text(&l->now[l->shown.v[i]], c, o->format == OUT_TABLE, &text);
		if (text.len || o->format != OUT_TABLE || o->setup.columns)
			add_label(o, c->name, str_c(&text));
	}
}

int out_object(struct out *o, const struct column *cols, const void *row, struct err *e)
{
	struct out_list *l = &o->list;
	int r = list_init(o, l, cols, true, false, e);

	if (r < 0)
		return r;
	for (int i = 0; i < l->ncols; i++)
		value_read(&l->now[i], &cols[i], row);
	o->object_open = true;
	if (o->format == OUT_JSON)
		o->object = row_json(l, l->now, l->shown.v, l->shown.n);
	else
		add_row_labels(o, l);
	return 0;
}

/* With -q or --columns an object is only what was asked for. */
static bool narrowed(const struct out *o)
{
	return o->setup.quiet || o->setup.columns;
}

bool out_is_page(const struct out *o)
{
	return o->format == OUT_TABLE && !narrowed(o);
}

static void close_nested(struct out *o)
{
	struct out_list *l = &o->nested;

	if (l->title && l->rows) {
		out_puts(o, "\n");
		out_puts(o, l->title);
		out_puts(o, ":\n");
	}
	if (l->open && o->format == OUT_TABLE)
		table_close(o, l);
	list_release(l);
}

int out_nested(struct out *o, const char *title, const char *json_key, const struct column *cols,
	struct err *e)
{
	struct out_list *l = &o->nested;
	int r;

	close_nested(o);
	if (narrowed(o) || (o->format != OUT_TABLE && o->format != OUT_JSON))
		return 0;
	if ((r = list_init(o, l, cols, false, false, e)) < 0)
		return r;
	if (o->format == OUT_JSON) {
		l->array = json_array();
		json_object_set_new(o->object, json_key, l->array);
		return 0;
	}
	labels_print(o);
	drop_labels(o);
	l->title = mem_strdup(title);
	table_open(o, l);
	return 0;
}

static int field(struct out *o, const char *key, const char *value, json_t *j, struct err *e)
{
	close_nested(o);
	if (o->format == OUT_JSON && !narrowed(o))
		json_object_set(o->object, key, j);
	else if (!narrowed(o) && (value || o->format != OUT_TABLE))
		add_label(o, key, value ? value : "");
	json_decref(j);
	return out_error(o, e);
}

int out_field(struct out *o, const char *key, const char *value, struct err *e)
{
	return field(o, key, value, out_json_text(value && *value ? value : NULL), e);
}

int out_field_i64(struct out *o, const char *key, int64_t value, struct err *e)
{
	bool null = value == INT64_MIN;
	autofree char *text = null ? NULL : str_fmt("%lld", (long long)value);

	return field(o, key, text, null ? json_null() : json_integer(value), e);
}

static void put_labels(struct out *o, bool keys)
{
	char sep = o->format == OUT_CSV ? ',' : '\t';
	struct str *s = &o->row;

	str_clear(s);
	for (size_t i = 0; i < o->labels.n; i++) {
		const char *text = keys ? o->labels.v[i].key : o->labels.v[i].value;

		if (i)
			str_addc(s, sep);
		delim_field(o, s, text, strlen(text));
	}
	str_addc(s, '\n');
	out_put(o, s->p, s->len);
}

static void print_object(struct out *o)
{
	if (o->format == OUT_JSON) {
		size_t flags = JSON_INDENT(2) | (o->tty ? JSON_ENSURE_ASCII : 0);

		json_dump_callback(o->object, put_chunk, o, flags);
		out_puts(o, "\n");
	} else if (o->format == OUT_TABLE && !o->setup.quiet) {
		labels_print(o);
	} else {
		if (!o->setup.no_header && !o->setup.quiet)
			put_labels(o, true);
		put_labels(o, false);
	}
}

int out_object_end(struct out *o, struct err *e)
{
	close_nested(o);
	print_object(o);
	drop_labels(o);
	json_decref(o->object);
	o->object = NULL;
	o->object_open = false;
	list_release(&o->list);
	if (o->tty)
		out_flush(o);
	return out_error(o, e);
}

/* ---- --columns help ---- */

struct column_row {
	const char *name, *type, *help;
};

int out_column_help(struct out *o, const struct column *cols, struct err *e)
{
	static const char *const types[] = {[COL_TEXT] = "text",
		[COL_INT] = "number",
		[COL_SIZE] = "bytes",
		[COL_PERCENT] = "percent",
		[COL_HUNDREDTHS] = "hundredths",
		[COL_DURATION] = "seconds",
		[COL_MONEY] = "money",
		[COL_TIME] = "time",
		[COL_BOOL] = "yes or no",
		[COL_LIST] = "list",
		[COL_PAIRS] = "pairs"};
	static const struct column about[] = {
		COL(struct column_row, name, COL_TEXT, "name of the column"),
		COL(struct column_row, type, COL_TEXT, "what it holds"),
		COL(struct column_row, help, COL_TEXT, "what it means"),
		COL_END,
	};
	int r;

	o->setup.columns = NULL;
	o->setup.sort = NULL;
	o->setup.filters = NULL;
	if ((r = out_list(o, "columns", about, e)) < 0)
		return r;
	for (; cols->name && r == 0; cols++)
		r = out_row(o, &(struct column_row){cols->name, types[cols->type], cols->help}, e);
	return r < 0 ? r : out_end(o, e);
}
