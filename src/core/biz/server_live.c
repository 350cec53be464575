/* SPDX-License-Identifier: MIT */
#include "biz/server_live.h"

#include <pthread.h>
#include <string.h>
#include <time.h>

#include "util/str.h"

/* ---- many at once ---- */

struct fleet;

/* What is kept of one server while the fleet is asked. */
struct member {
	struct fleet *f;
	const struct server_spec *spec;
	struct msg *ans;
	int64_t began, got, ended; /* ms: asked for, connected, answered */
};

struct fleet {
	struct sxc *s;
	const char *what;
	struct engine_item *items;
	struct member *members;
	size_t n, done, failed;
	int code; /* of all failures so far; E_PARTIAL when they differ */
	const struct server_exec *x;
	server_told_fn told;
	void *arg;
	pthread_mutex_t lock;
};

static int64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static void fleet_init(struct fleet *f, struct sxc *s, const struct server_specs *l,
	const char *what)
{
	*f = (struct fleet){.s = s, .what = what, .n = l->n, .lock = PTHREAD_MUTEX_INITIALIZER};
	f->items = mem_array(NULL, l->n, sizeof(*f->items));
	f->members = mem_array(NULL, l->n, sizeof(*f->members));
	for (size_t i = 0; i < l->n; i++) {
		f->members[i] = (struct member){.f = f, .spec = &l->v[i], .began = now_ms()};
		f->items[i] = (struct engine_item){.spec = &l->v[i].remote, .arg = &f->members[i]};
	}
}

static void fleet_release(struct fleet *f)
{
	for (size_t i = 0; i < f->n; i++)
		msg_free(f->members[i].ans);
	free(f->items);
	free(f->members);
	pthread_mutex_destroy(&f->lock);
}

static void count(struct fleet *f, int result)
{
	f->done++;
	if (result < 0) {
		f->code = f->failed == 0 || f->code == result ? result : E_PARTIAL;
		f->failed++;
	}
	if (f->s->progress && f->n > 1)
		f->s->progress(f->s->tell_arg, f->what, (int64_t)f->done, (int64_t)f->n);
}

static void on_done(void *arg, struct engine_item *it)
{
	struct fleet *f = arg;
	const struct member *m = it->arg;

	count(f, it->result);
	if (f->told)
		f->told(f->arg, m->spec->name, it->result < 0 ? it->err.msg : NULL);
}

/* What became of the whole; one server's error is its own. */
static int verdict(struct fleet *f, const struct err *only, struct err *e)
{
	if (f->failed == 0)
		return 0;
	if (f->n == 1) {
		*e = *only;
		return e->code;
	}
	return err_set(e, f->failed == f->n ? f->code : E_PARTIAL, "%s: %zu of %zu servers failed",
		f->what, f->failed, f->n);
}

static int fleet_run(struct fleet *f,
	int (*fn)(struct remote *r, struct engine_item *it, struct err *e), struct err *e)
{
	int r = engine_run(f->s->pool, f->items, f->n, f->s->jobs, fn, on_done, f, e);

	return r < 0 ? r : 0;
}

/* ---- status ---- */

static int ask_status(struct remote *r, struct engine_item *it, struct err *e)
{
	struct member *m = it->arg;

	return remote_call(r, "server.status", NULL, NULL, NULL, &m->ans, e);
}

static const char *clean_text(const struct msg *ans, const char *name, struct str *s)
{
	const char *t = msg_text(ans, name);

	if (!t)
		return NULL;
	str_add_clean(s, t, strnlen(t, 300), false);
	return str_c(s);
}

static int give_status(const struct engine_item *it, server_row_fn fn, void *arg, struct err *e)
{
	const struct member *m = it->arg;
	autostr agent = STR_INIT, module = STR_INIT, state = STR_INIT, why = STR_INIT;
	autostr enforces = STR_INIT;
	struct server_status_row row = {
		.name = m->spec->name,
		.state = m->ans ? "up" : "down",
		.agent = clean_text(m->ans, "agent", &agent),
		.module = clean_text(m->ans, "module", &module),
		.module_state = clean_text(m->ans, "module_state", &state),
		.module_why = clean_text(m->ans, "module_why", &why),
		.enforces = clean_text(m->ans, "enforces", &enforces),
		.enforcing = msg_i64(m->ans, "enforcing", INT64_MIN),
		.error = it->result < 0 ? it->err.msg : NULL,
		.load = msg_i64(m->ans, "load1", INT64_MIN),
		.memory_used = msg_i64(m->ans, "memory_used", INT64_MIN),
		.memory = msg_i64(m->ans, "memory", INT64_MIN),
		.disk_used = msg_i64(m->ans, "disk_used", INT64_MIN),
		.disk = msg_i64(m->ans, "disk", INT64_MIN),
		.rx = msg_i64(m->ans, "rx", INT64_MIN),
		.tx = msg_i64(m->ans, "tx", INT64_MIN),
		.uptime = msg_i64(m->ans, "uptime", INT64_MIN),
		.ps_running = msg_i64(m->ans, "ps_running", INT64_MIN),
	};

	return fn(arg, &row, e);
}

int server_status(struct sxc *s, const struct server_specs *l, server_row_fn fn, void *arg,
	struct err *e)
{
	autoclean(fleet_release) struct fleet f;
	int r;

	fleet_init(&f, s, l, "status");
	if ((r = fleet_run(&f, ask_status, e)) < 0)
		return r;
	for (size_t i = 0; i < f.n && r == 0; i++)
		r = give_status(&f.items[i], fn, arg, e);
	return r < 0 ? r : verdict(&f, &f.items[0].err, e);
}

/* ---- ping ---- */

static int ask_ping(struct remote *r, struct engine_item *it, struct err *e)
{
	struct member *m = it->arg;
	int rc;

	m->got = now_ms();
	rc = remote_call(r, "agent.ping", NULL, NULL, NULL, &m->ans, e);
	m->ended = now_ms();
	return rc;
}

static int give_ping(const struct engine_item *it, server_row_fn fn, void *arg, struct err *e)
{
	const struct member *m = it->arg;
	struct server_ping_row row = {
		.name = m->spec->name,
		.state = m->ans ? "up" : "down",
		.error = it->result < 0 ? it->err.msg : NULL,
		.ms = m->ans ? m->ended - m->got : INT64_MIN,
		.connect_ms = m->ans ? m->got - m->began : INT64_MIN,
	};

	return fn(arg, &row, e);
}

int server_ping(struct sxc *s, const struct server_specs *l, server_row_fn fn, void *arg,
	struct err *e)
{
	autoclean(fleet_release) struct fleet f;
	int r;

	fleet_init(&f, s, l, "ping");
	if ((r = fleet_run(&f, ask_ping, e)) < 0)
		return r;
	for (size_t i = 0; i < f.n && r == 0; i++)
		r = give_ping(&f.items[i], fn, arg, e);
	return r < 0 ? r : verdict(&f, &f.items[0].err, e);
}

/* ---- commands ---- */

static int on_data(void *arg, int fd, const void *p, size_t n, struct err *e)
{
	struct member *m = arg;
	struct fleet *f = m->f;
	int r;

	pthread_mutex_lock(&f->lock);
	r = f->x->data(f->x->arg, m->spec->name, fd, p, n, e);
	pthread_mutex_unlock(&f->lock);
	return r;
}

static int run_there(struct remote *r, struct engine_item *it, struct err *e)
{
	struct member *m = it->arg;
	const struct server_exec *x = m->f->x;
	struct remote_events ev = {.data = on_data,
		.arg = m,
		.input = x->input ? remote_stdin : NULL};
	automsg *req = msg_new();
	int64_t status;
	int rc;

	for (char *const *a = x->argv; *a; a++)
		msg_add_text(req, "argv", *a);
	if ((rc = remote_call(r, "server.exec", NULL, req, &ev, &m->ans, e)) < 0)
		return rc;
	status = msg_i64(m->ans, "status", 255);
	if (status == 0)
		return 0;
	return err_set(e, E_FAIL, "server %s: %.100s ended with status %lld", m->spec->name,
		x->argv[0], (long long)status);
}

int server_exec(struct sxc *s, const struct server_specs *l, const struct server_exec *x,
	struct err *e)
{
	autoclean(fleet_release) struct fleet f;
	int r;

	fleet_init(&f, s, l, x->argv[0]);
	f.x = x;
	f.told = x->told;
	f.arg = x->arg;
	r = fleet_run(&f, run_there, e);
	return r < 0 ? r : verdict(&f, &f.items[0].err, e);
}

int server_enter(struct sxc *s, const char *name, struct err *e)
{
	autoclean(server_spec_release) struct server_spec spec = {0};
	struct remote *r = NULL;
	int64_t id;
	int rc;

	if ((rc = server_id(s, name, &id, e)) < 0 || (rc = server_spec(s, id, &spec, e)) < 0 ||
		(rc = remote_get(s->pool, &spec.remote, &r, e)) < 0)
		return rc;
	rc = remote_terminal(r, "server.enter", NULL, e);
	remote_put(s->pool, r);
	return rc;
}

/* ---- upgrades: jobs, and jobs are run by one thread ---- */

int server_upgrade_all(struct sxc *s, const struct server_specs *l, bool restart_ps,
	server_told_fn told, void *arg, struct err *e)
{
	autoclean(fleet_release) struct fleet f;
	struct err last = {0};

	fleet_init(&f, s, l, "upgrade");
	for (size_t i = 0; i < l->n; i++) {
		int r = server_upgrade(s, l->v[i].id, restart_ps, &last);

		if (r == E_INTR) {
			*e = last;
			return r;
		}
		count(&f, r);
		told(arg, l->v[i].name, r < 0 ? last.msg : NULL);
		if (r < 0)
			f.items[0].err = last;
	}
	return verdict(&f, &f.items[0].err, e);
}
