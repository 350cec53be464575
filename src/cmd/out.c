/* SPDX-License-Identifier: MIT */
#include "cmd/out_impl.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#define FLUSH_AT (64 * 1024)

/* ---- standard output ---- */

static void write_all(struct out *o, const char *p, size_t n)
{
	while (n && !o->error) {
		ssize_t k = write(STDOUT_FILENO, p, n);

		if (k < 0 && errno == EINTR)
			continue;
		if (k < 0) {
			o->error = errno;
			break;
		}
		p += k;
		n -= (size_t)k;
	}
}

void out_flush(struct out *o)
{
	write_all(o, o->buf.p, o->buf.len);
	str_clear(&o->buf);
}

void out_put(struct out *o, const void *p, size_t n)
{
	if (o->copy)
		str_addn(o->copy, p, n);
	str_addn(&o->buf, p, n);
	if (o->buf.len >= FLUSH_AT)
		out_flush(o);
}

void out_puts(struct out *o, const char *s)
{
	out_put(o, s, strlen(s));
}

int out_error(struct out *o, struct err *e)
{
	if (!o->error)
		return 0;
	return err_set(e, E_FAIL, "cannot write to standard output: %s", strerror(o->error));
}

bool out_broken_pipe(const struct out *o)
{
	return o->error == EPIPE;
}

/* ---- making and ending ---- */

static enum out_format find_format(const char *name, bool tty)
{
	static const char *const names[] = {"table", "tsv", "json", "csv"};

	for (size_t i = 0; name && i < ARRAY_LEN(names); i++)
		if (strcmp(name, names[i]) == 0)
			return (enum out_format)i;
	return tty ? OUT_TABLE : OUT_TSV;
}

static bool find_color(const char *when, bool tty)
{
	const char *no_color = getenv("NO_COLOR");

	if (when && strcmp(when, "auto") != 0)
		return strcmp(when, "always") == 0;
	return tty && !(no_color && *no_color);
}

struct out *out_new(const struct out_setup *setup)
{
	struct out *o = mem_zalloc(sizeof(*o));

	o->setup = *setup;
	o->tty = isatty(STDOUT_FILENO) == 1;
	o->format = find_format(setup->format, o->tty);
	o->color = find_color(setup->color, o->tty);
	return o;
}

void out_keep_copy(struct out *o, struct str *copy)
{
	o->copy = copy;
}

static void print_json(struct out *o, json_t *j)
{
	autofree char *text = json_dumps(j, JSON_INDENT(2) | (o->tty ? JSON_ENSURE_ASCII : 0));

	if (text) {
		out_puts(o, text);
		out_puts(o, "\n");
	}
}

void out_settle(struct out *o)
{
	json_t *all = json_object();

	if (o->would)
		json_object_set_new(all, "would", steal(&o->would));
	if (o->results)
		json_object_set_new(all, "results", steal(&o->results));
	if (json_object_size(all) == 1 && json_array_size(json_object_get(all, "results")) == 1)
		print_json(o, json_array_get(json_object_get(all, "results"), 0));
	else if (json_object_size(all))
		print_json(o, all);
	json_decref(all);
}

int out_finish(struct out *o, struct err *e)
{
	list_abandon(o);
	out_settle(o);
	out_flush(o);
	/* Some file systems tell only at close that there was no room. */
	if (!o->error && !o->tty) {
		int fd = dup(STDOUT_FILENO);

		if (fd >= 0 && close(fd) < 0)
			o->error = errno;
	}
	tell_end();
	return out_error(o, e);
}

void out_free(struct out *o)
{
	list_release(&o->list);
	list_release(&o->nested);
	vec_each(&o->labels, it) {
		free(it->key);
		free(it->value);
	}
	vec_release(&o->labels);
	json_decref(o->object);
	json_decref(o->results);
	json_decref(o->would);
	str_release(&o->buf);
	str_release(&o->row);
	free(o);
}

bool out_is_json(const struct out *o)
{
	return o->format == OUT_JSON;
}

bool out_is_tty(const struct out *o)
{
	return o->tty;
}

/* ---- actions ---- */

static void add_result(json_t **array, json_t *j)
{
	if (!*array)
		*array = json_array();
	json_array_append_new(*array, j);
}

/* A line of ours on stdout, cleaned. */
static void put_line(struct out *o, const char *text)
{
	autostr line = STR_INIT;

	str_add_clean(&line, text, strlen(text), true);
	str_addc(&line, '\n');
	out_put(o, line.p, line.len);
	if (o->tty)
		out_flush(o);
}

static void done(struct out *o, const char *key, const char *name, const char *text)
{
	autofree char *tried = o->setup.tried ? str_fmt("dry run: %s", text) : NULL;
	json_t *j;

	if (o->format != OUT_JSON) {
		if (!o->setup.quiet)
			put_line(o, tried ? tried : text);
		return;
	}
	if (o->setup.quiet)
		return;
	j = json_object();
	json_object_set_new(j, "result", out_json_text(text));
	if (tried)
		json_object_set_new(j, "dry_run", json_true());
	if (key)
		json_object_set_new(j, key, out_json_text(name));
	add_result(&o->results, j);
}

void out_done(struct out *o, const char *fmt, ...)
{
	autostr text = STR_INIT;
	va_list ap;

	va_start(ap, fmt);
	str_addvf(&text, fmt, ap);
	va_end(ap);
	done(o, NULL, NULL, str_c(&text));
}

void out_done_name(struct out *o, const char *key, const char *name, const char *fmt, ...)
{
	autostr text = STR_INIT;
	va_list ap;

	va_start(ap, fmt);
	str_addvf(&text, fmt, ap);
	va_end(ap);
	done(o, key, name, str_c(&text));
}

void out_would(struct out *o, const char *fmt, ...)
{
	autostr text = STR_INIT;
	va_list ap;

	va_start(ap, fmt);
	str_addvf(&text, fmt, ap);
	va_end(ap);
	if (o->format == OUT_JSON) {
		add_result(&o->would, out_json_text(str_c(&text)));
		return;
	}
	autofree char *line = str_fmt("would %s", str_c(&text));

	put_line(o, str_starts(str_c(&text), "would ") ? str_c(&text) : line);
}

/* ---- text and bytes ---- */

void out_bytes(struct out *o, const void *p, size_t n)
{
	autostr clean = STR_INIT;

	if (o->tty) {
		str_add_clean(&clean, p, n, true);
		p = clean.p;
		n = clean.len;
	}
	out_put(o, p, n);
	out_flush(o);
}

void out_text(struct out *o, const char *text)
{
	if (o->tty)
		out_bytes(o, text, strlen(text));
	else
		out_puts(o, text);
}

void out_note(struct out *o, const char *fmt, ...)
{
	autostr text = STR_INIT;
	va_list ap;

	va_start(ap, fmt);
	str_addvf(&text, fmt, ap);
	va_end(ap);
	if (!o->setup.quiet)
		tell_note(o, str_c(&text));
}
