/* SPDX-License-Identifier: MIT */
#include "biz/ps_fleet.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "svc/remote.h"
#include "util/str.h"
#include "util/vec.h"

struct fleet_entry {
	const char *name;
	const struct msg *m;
	size_t server;
};

void ps_fleet_release(struct ps_fleet *f)
{
	for (size_t i = 0; f->answers && i < f->servers.n; i++)
		msg_free(f->answers[i]);
	free(f->answers);
	free(f->entries);
	server_specs_release(&f->servers);
	*f = (struct ps_fleet){0};
}

/* ---- asking ---- */

static int ask(struct remote *r, struct engine_item *it, struct err *e)
{
	return remote_call(r, "ps.list", NULL, NULL, NULL, it->arg, e);
}

static void asked(void *arg, struct engine_item *it)
{
	if (it->result < 0 && it->result != E_INTR)
		sxc_note(arg, 0, "%s", it->err.msg);
}

static int ask_all(struct sxc *s, struct ps_fleet *f, struct err *e)
{
	struct engine_item *items = mem_zalloc((f->servers.n + 1) * sizeof(*items));
	int r;

	f->answers = mem_zalloc((f->servers.n + 1) * sizeof(*f->answers));
	for (size_t i = 0; i < f->servers.n; i++) {
		items[i].spec = &f->servers.v[i].remote;
		items[i].arg = &f->answers[i];
	}
	r = engine_run(s->pool, items, f->servers.n, s->jobs, ask, asked, s, e);
	free(items);
	return r;
}

/* ---- finding ---- */

static int by_name(const void *a, const void *b)
{
	const struct fleet_entry *x = a, *y = b;

	return strcmp(x->name, y->name);
}

static void sort_out(struct ps_fleet *f)
{
	size_t total = 0;

	for (size_t i = 0; i < f->servers.n; i++)
		total += f->answers[i] ? msg_count(f->answers[i], "ps") : 0;
	f->entries = mem_zalloc((total + 1) * sizeof(*f->entries));
	for (size_t i = 0; i < f->servers.n; i++) {
		const struct msg *m;

		for (size_t k = 0; f->answers[i] && (m = msg_sub_at(f->answers[i], "ps", k)); k++)
			if (msg_text(m, "name"))
				f->entries[f->n++] = (struct fleet_entry){msg_text(m, "name"), m,
					i};
	}
	qsort(f->entries, f->n, sizeof(*f->entries), by_name);
}

const struct msg *ps_fleet_find(const struct ps_fleet *f, const char *ps)
{
	struct fleet_entry key = {.name = ps};
	const struct fleet_entry *found = f->n ? bsearch(&key, f->entries, f->n, sizeof(key),
							 by_name)
	                                       : NULL;

	return found ? found->m : NULL;
}

int ps_fleet_ask(struct sxc *s, const char *server, struct ps_fleet *f, struct err *e)
{
	int r;

	*f = (struct ps_fleet){.n = 0};
	r = server_targets(s, server ? server : "all", &f->servers, e);
	if (r == E_NOTFOUND && !server) {
		e->code = 0; /* no server yet: nothing lives anywhere */
		f->answers = mem_zalloc(sizeof(*f->answers));
		f->entries = mem_zalloc(sizeof(*f->entries));
		return 0;
	}
	if (r < 0 || (r = ask_all(s, f, e)) < 0)
		return r;
	sort_out(f);
	return 0;
}

/* ---- top ---- */

static int64_t rate(const struct msg *a, const struct msg *b, const char *name, int64_t usec)
{
	int64_t from = msg_i64(a, name, -1), to = msg_i64(b, name, -1);

	return from < 0 || to < from || usec <= 0 ? INT64_MIN : (to - from) * 8000000 / usec;
}

static struct ps_top_row row_of(const struct ps_fleet *f, const struct fleet_entry *now,
	const struct msg *before, int64_t usec)
{
	int64_t cpus = msg_i64(f->answers[now->server], "cpus", 1);
	int64_t from = msg_i64(before, "cpu_usec", -1), to = msg_i64(now->m, "cpu_usec", -1);

	return (struct ps_top_row){.ps = now->name,
		.server = f->servers.v[now->server].name,
		.cpu = from < 0 || to < from || usec <= 0 || cpus < 1
	                       ? INT64_MIN
	                       : (to - from) * 10000 / (usec * cpus),
		.memory = msg_i64(now->m, "memory", INT64_MIN),
		.disk = msg_i64(now->m, "disk", INT64_MIN),
		.procs = msg_i64(now->m, "procs", INT64_MIN),
		.sent = rate(before, now->m, "sent", usec),
		.received = rate(before, now->m, "received", usec),
		.since = msg_i64(now->m, "since", INT64_MIN),
		.restarts = msg_i64(now->m, "reboots", 0) + msg_i64(now->m, "crashes", 0)};
}

static int by_cpu(const void *a, const void *b)
{
	const struct ps_top_row *x = a, *y = b;

	return x->cpu != y->cpu ? (x->cpu < y->cpu) - (x->cpu > y->cpu) : strcmp(x->ps, y->ps);
}

/* The clock of each server itself; both asked the same servers in the same order. */
static int64_t between(const struct ps_fleet *a, const struct ps_fleet *b, size_t i)
{
	if (i >= a->servers.n || !a->answers[i] || !b->answers[i])
		return 0;
	return msg_i64(b->answers[i], "usec", 0) - msg_i64(a->answers[i], "usec", 0);
}

static int give_rows(const struct ps_fleet *a, const struct ps_fleet *b, ps_row_fn fn, void *arg,
	struct err *e)
{
	autofree struct ps_top_row *rows = mem_zalloc((b->n + 1) * sizeof(*rows));
	size_t n = 0;
	int r = 0;

	for (size_t i = 0; i < b->n; i++) {
		const struct msg *before = ps_fleet_find(a, b->entries[i].name);

		if (before && str_eq(msg_text(b->entries[i].m, "state"), "running"))
			rows[n++] = row_of(b, &b->entries[i], before,
				between(a, b, b->entries[i].server));
	}
	qsort(rows, n, sizeof(*rows), by_cpu);
	for (size_t i = 0; i < n && r >= 0; i++)
		r = fn(arg, &rows[i], e);
	return r;
}

int ps_top(struct sxc *s, const char *server, int ms, ps_row_fn fn, void *arg, struct err *e)
{
	autoclean(ps_fleet_release) struct ps_fleet a = {0}, b = {0};
	int r = ps_fleet_ask(s, server, &a, e);

	if (r < 0)
		return r;
	poll(NULL, 0, ms);
	if ((r = err_interrupted(e)) < 0 || (r = ps_fleet_ask(s, server, &b, e)) < 0)
		return r;
	return give_rows(&a, &b, fn, arg, e);
}
