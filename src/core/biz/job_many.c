/* SPDX-License-Identifier: MIT */
#include "biz/job_many.h"

#include <pthread.h>
#include <string.h>

#include "biz/job.h"
#include "util/mem.h"

#define STACK (1u << 20)

struct many {
	struct sxc *s;
	struct job_item *items;
	size_t n;
	bool *taken; /* is or was being worked on */
	bool stop, failed;
	pthread_mutex_t lock;
	pthread_cond_t ended;
	size_t *finished; /* indices of those that ended, in that order */
	size_t head, tail;
};

/* The next one that nobody has begun with; n: none. Under the lock. */
static size_t next_item(struct many *m)
{
	for (size_t i = 0; i < m->n; i++)
		if (!m->taken[i])
			return i;
	return m->n;
}

/* All of the server's jobs are this thread's. Under the lock. */
static void take_server(struct many *m, int64_t server)
{
	for (size_t i = 0; i < m->n; i++)
		if (m->items[i].server == server)
			m->taken[i] = true;
}

static bool must_stop(struct many *m)
{
	bool stop;

	pthread_mutex_lock(&m->lock);
	stop = m->stop && m->failed;
	pthread_mutex_unlock(&m->lock);
	return stop;
}

static void ended(struct many *m, size_t i)
{
	pthread_mutex_lock(&m->lock);
	m->failed = m->failed || m->items[i].result < 0;
	m->finished[m->tail++] = i;
	pthread_cond_signal(&m->ended);
	pthread_mutex_unlock(&m->lock);
}

/* It will not be begun, nor can it be: what is written down of it goes. */
static bool leave(struct sxc *own, struct job_item *it, const char *why)
{
	struct err ignored;

	if (!own->db || job_cancel(own, it->job, &ignored) < 0)
		return false;
	it->left = true;
	it->result = err_set(&it->err, E_FAIL, "left as it was: %s", why);
	return true;
}

static bool can_go_on_later(int code)
{
	return code == E_UNREACH || code == E_BUSY || code == E_INTR;
}

static void work(struct sxc *own, struct many *m, struct job_item *it, const struct err *down)
{
	const struct job_item *needs = it->needs;

	memset(&it->err, 0, sizeof(it->err));
	if (must_stop(m) && leave(own, it, "another target failed"))
		return;
	if (needs && needs->result < 0 && !can_go_on_later(needs->result) &&
		leave(own, it, needs->err.msg))
		return;
	if (needs && needs->result < 0) {
		it->err = needs->err;
		it->result = needs->result;
		return;
	}
	if (down->code < 0) {
		it->result = err_set(&it->err, down->code, "job %lld waits, too: %s",
			(long long)it->job, down->msg);
		return;
	}
	it->result = job_run(own, it->job, &it->err);
}

/* One server's jobs, one after another. */
static void work_server(struct many *m, struct sxc *own, int64_t server, struct err *open)
{
	struct err down = *open;

	for (size_t i = 0; i < m->n; i++) {
		struct job_item *it = &m->items[i];

		if (it->server != server)
			continue;
		work(own, m, it, &down);
		if (it->result == E_UNREACH)
			down = it->err;
		ended(m, i);
	}
}

static void *worker(void *arg)
{
	struct many *m = arg;
	struct sxc own = *m->s;
	struct err open = {0};

	own.db = NULL;
	own.request_id = own.parent_job = 0;
	own.progress = NULL; /* one line cannot show several servers */
	sxc_open(&own, m->s->mode, &open);
	pthread_mutex_lock(&m->lock);
	for (size_t i; (i = next_item(m)) < m->n;) {
		int64_t server = m->items[i].server;

		take_server(m, server);
		pthread_mutex_unlock(&m->lock);
		work_server(m, &own, server, &open);
		pthread_mutex_lock(&m->lock);
	}
	pthread_mutex_unlock(&m->lock);
	db_close(&own.db);
	return NULL;
}

static size_t count_servers(const struct job_item *items, size_t n)
{
	size_t servers = 0;

	for (size_t i = 0; i < n; i++) {
		bool seen = false;

		for (size_t k = 0; k < i && !seen; k++)
			seen = items[k].server == items[i].server;
		servers += !seen;
	}
	return servers;
}

/* Threads that could not be had are missed by nobody as long as there is one. */
static size_t start(struct many *m, pthread_t *threads, size_t want)
{
	pthread_attr_t attr;
	size_t got = 0;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK);
	while (got < want && pthread_create(&threads[got], &attr, worker, m) == 0)
		got++;
	pthread_attr_destroy(&attr);
	return got;
}

static void report(struct many *m, void (*done)(void *arg, struct job_item *it), void *arg)
{
	pthread_mutex_lock(&m->lock);
	for (size_t left = m->n; left; left--) {
		while (m->head == m->tail)
			pthread_cond_wait(&m->ended, &m->lock);
		struct job_item *it = &m->items[m->finished[m->head++]];

		pthread_mutex_unlock(&m->lock);
		done(arg, it);
		pthread_mutex_lock(&m->lock);
	}
	pthread_mutex_unlock(&m->lock);
}

/* One server: no thread is needed, and progress can be shown. */
static int run_here(struct many *m, void (*done)(void *arg, struct job_item *it), void *arg,
	struct err *e)
{
	const struct err fine = {0};
	struct err down = fine;

	for (size_t i = 0; i < m->n; i++) {
		work(m->s, m, &m->items[i], &down);
		m->failed = m->failed || m->items[i].result < 0;
		if (m->items[i].result == E_UNREACH)
			down = m->items[i].err;
		done(arg, &m->items[i]);
	}
	return err_interrupted(e);
}

int job_run_many(struct sxc *s, struct job_item *items, size_t n, bool stop,
	void (*done)(void *arg, struct job_item *it), void *arg, struct err *e)
{
	size_t servers = count_servers(items, n), jobs = s->jobs < 1 ? 1 : (size_t)s->jobs;
	size_t want = jobs < servers ? jobs : servers, got;
	autofree bool *taken = mem_zalloc((n + 1) * sizeof(*taken));
	autofree size_t *finished = mem_array(NULL, n + 1, sizeof(*finished));
	autofree pthread_t *threads = mem_array(NULL, want + 1, sizeof(*threads));
	struct many m = {.s = s,
		.items = items,
		.n = n,
		.taken = taken,
		.stop = stop,
		.lock = PTHREAD_MUTEX_INITIALIZER,
		.ended = PTHREAD_COND_INITIALIZER,
		.finished = finished};

	if (servers <= 1)
		return run_here(&m, done, arg, e);
	if ((got = start(&m, threads, want)) == 0)
		return err_sys(e, "no thread could be started");
	report(&m, done, arg);
	for (size_t i = 0; i < got; i++)
		pthread_join(threads[i], NULL);
	return err_interrupted(e);
}
