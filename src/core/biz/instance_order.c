/* SPDX-License-Identifier: MIT */
/* An order to many targets: written down for each, run on many servers at once, in waves. */
#include <fnmatch.h>
#include <string.h>

#include "biz/app_int.h"
#include "biz/job_many.h"
#include "biz/server.h"
#include "util/str.h"

#define SQL_NAMES                                                                                  \
	"SELECT p.name FROM ps p JOIN server s ON s.id = p.server WHERE p.state <> 'removing' "    \
	"AND (?1 IS NULL OR s.grp = ?1) AND (?2 IS NULL OR EXISTS (SELECT 1 FROM instance i "      \
	"JOIN app a ON a.id = i.app WHERE i.ps = p.id AND a.name = ?2)) ORDER BY p.name"
#define SQL_SERVERS                                                                                \
	"SELECT s.name FROM server s WHERE s.state = 'active' "                                    \
	"AND (?1 IS NULL OR s.grp = ?1) AND (?2 IS NULL OR EXISTS (SELECT 1 FROM instance i "      \
	"JOIN app a ON a.id = i.app WHERE i.host = s.id AND a.name = ?2)) ORDER BY s.name"

/* ---- targets ---- */

static void add_name(struct strvec *names, const char *name)
{
	for (size_t i = 0; i < names->n; i++)
		if (strcmp(names->v[i], name) == 0)
			return;
	strvec_push(names, name);
}

static int one_target(struct sxc *s, const char *name, struct strvec *names, struct err *e)
{
	autoclean(app_place_release) struct app_place p = {0};
	int r = app_place_get(s, name, &p, e);

	if (r == 0)
		add_name(names, p.name);
	return r;
}

int app_targets(struct sxc *s, const char *target, const char *app, bool servers,
	struct strvec *names, struct err *e)
{
	autoclean(db_done) struct query q = {0};
	const char *group = target[0] == '@' ? target + 1 : NULL;
	bool all = group || strcmp(target, "all") == 0, any = false;
	int r;

	if (!all && !strpbrk(target, "*?["))
		return one_target(s, target, names, e);
	r = db_query(s->db, &q, e, servers ? SQL_SERVERS : SQL_NAMES, group, app);
	while (r >= 0 && (r = db_next(&q, e)) > 0)
		if (all || fnmatch(target, db_text(&q, 0), 0) == 0) {
			add_name(names, db_text(&q, 0));
			any = true;
		}
	if (r == 0 && !any)
		return err_set(e, E_NOTFOUND, "no %sserver%s%s matches '%s'",
			servers ? "" : "private ", app ? " with " : "", app ? app : "", target);
	return r;
}

/* ---- one target ---- */

struct target {
	const char *name;
	char *server;
	struct app_jobs jobs;
	int result; /* 0: done or nothing to do */
	bool nothing, left, ended;
	size_t open; /* jobs that have not ended */
	struct err err;
};

struct order {
	struct sxc *s;
	const struct app_order *o;
	struct target *targets;
	size_t n, failed, left, done;
	int code; /* of all failures; E_PARTIAL when they differ */
	app_told_fn told;
	void *arg;
};

static void order_release(struct order *w)
{
	for (size_t i = 0; i < w->n; i++) {
		free(w->targets[i].server);
		vec_release(&w->targets[i].jobs);
	}
	free(w->targets);
}

static void end_target(struct order *w, struct target *t)
{
	struct app_outcome out = {.app = w->o->app,
		.ps = t->name,
		.server = t->server,
		.result = t->result,
		.left = t->left,
		.nothing = t->nothing,
		.why = t->result < 0 ? t->err.msg : NULL};

	t->ended = true;
	if (t->left)
		w->left++;
	else if (t->result < 0) {
		w->code = w->failed == 0 || w->code == t->result ? t->result : E_PARTIAL;
		w->failed++;
	} else {
		w->done++;
	}
	if (w->s->progress && w->n > 1)
		w->s->progress(w->s->tell_arg, "targets", (int64_t)(w->done + w->failed + w->left),
			(int64_t)w->n);
	w->told(w->arg, &out);
}

/* Already so is no failure where many were named. */
static bool was_so(const struct order *w, int code)
{
	return w->n > 1 && w->o->op == APP_INSTALL && code == E_EXISTS;
}

static int64_t find_server(struct order *w, struct target *t)
{
	autoclean(app_place_release) struct app_place p = {0};
	struct err ignored;

	if (app_place_get(w->s, t->name, &p, &ignored) < 0)
		return 0;
	server_name_of(w->s, p.server, &t->server, &ignored);
	return p.server;
}

static void queue_target(struct order *w, struct target *t, int64_t *server)
{
	int r = instance_queue(w->s, w->o, t->name, &t->jobs, &t->err);

	*server = find_server(w, t);
	t->nothing = r == 0 || was_so(w, r);
	t->result = t->nothing ? 0 : r < 0 ? r : 0;
	t->open = w->s->dry_run || r <= 0 ? 0 : t->jobs.n;
	if (!t->open)
		end_target(w, t);
}

/* ---- many ---- */

struct job_items {
	struct job_item *v;
	size_t n, cap;
};

static void items_release(struct job_items *l)
{
	vec_release(l);
}

/* Jobs of one target follow one another; what goes wrong with the first is said. */
static void job_ended(void *arg, struct job_item *it)
{
	struct order *w = arg;
	struct target *t = it->arg;

	if (it->result < 0 && t->result == 0) {
		t->result = it->result;
		t->err = it->err;
		t->left = it->left;
	}
	if (--t->open == 0)
		end_target(w, t);
}

static void add_jobs(struct job_items *items, struct target *t, int64_t server)
{
	for (size_t i = 0; t->open && i < t->jobs.n; i++) {
		struct job_item it = {.job = t->jobs.v[i], .server = server, .arg = t};

		vec_push(items, it);
	}
}

/* Only now does the list stay where it is. */
static void tie_jobs(struct job_items *items)
{
	for (size_t i = 1; i < items->n; i++)
		if (items->v[i].arg == items->v[i - 1].arg)
			items->v[i].needs = &items->v[i - 1];
}

/* stop: after a failure nothing more is begun. */
static int wave(struct order *w, size_t from, size_t to, bool stop, struct err *e)
{
	autoclean(items_release) struct job_items items = {0};
	int r = 0;

	for (size_t i = from; i < to && r == 0; i++) {
		int64_t server = 0;

		queue_target(w, &w->targets[i], &server);
		add_jobs(&items, &w->targets[i], server);
		r = err_interrupted(e);
	}
	tie_jobs(&items);
	if (r == 0 && items.n)
		r = job_run_many(w->s, items.v, items.n, stop, job_ended, w, e);
	return r;
}

/* What was not even written down. */
static void leave_rest(struct order *w, size_t from)
{
	for (size_t i = from; i < w->n; i++) {
		struct target *t = &w->targets[i];

		find_server(w, t);
		t->left = true;
		t->result = err_set(&t->err, E_FAIL, "left as it was: another target failed");
		end_target(w, t);
	}
}

static int run_waves(struct order *w, struct err *e)
{
	bool stop = w->o->op == APP_UPDATE && !w->o->keep_going;
	size_t canary = w->o->canary > 0 ? (size_t)w->o->canary : 0;
	int r = 0;

	if (canary > w->n)
		canary = w->n;
	if (canary)
		r = wave(w, 0, canary, stop, e);
	if (r == 0 && canary && w->failed && stop) {
		leave_rest(w, canary);
		return 0;
	}
	return r < 0 ? r : wave(w, canary, w->n, stop, e);
}

static int verdict(const struct order *w, struct err *e)
{
	if (!w->failed)
		return 0;
	if (w->n == 1) {
		*e = w->targets[0].err;
		return e->code;
	}
	if (w->failed == w->n)
		return err_set(e, w->code, "failed on all %zu targets", w->n);
	if (!w->left)
		return err_set(e, E_PARTIAL, "failed on %zu of %zu targets", w->failed, w->n);
	return err_set(e, E_PARTIAL, "failed on %zu of %zu targets, %zu left as they were",
		w->failed, w->n, w->left);
}

int app_order_run(struct sxc *s, const struct app_order *o, char *const *targets, app_told_fn told,
	void *arg, struct err *e)
{
	autoclean(order_release) struct order w = {.s = s, .o = o, .told = told, .arg = arg};
	const char *having = o->op == APP_INSTALL ? NULL : o->app;
	autostrvec names = {0};
	int r;

	for (; *targets; targets++)
		if ((r = app_targets(s, *targets, having, o->servers, &names, e)) < 0)
			return r;
	w.n = names.n;
	w.targets = mem_zalloc(names.n * sizeof(*w.targets));
	for (size_t i = 0; i < names.n; i++)
		w.targets[i].name = names.v[i];
	s->part = names.n > 1;
	r = run_waves(&w, e);
	s->part = false;
	return r < 0 ? r : verdict(&w, e);
}
