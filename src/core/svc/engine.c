/* SPDX-License-Identifier: MIT */
/* Work on many servers: a few threads, each taking the next item when it is done with one. */
#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <time.h>

#include "svc/remote.h"
#include "util/mem.h"

#define STACK (512u << 10)

struct engine {
	struct remote_pool *pool;
	struct engine_item *items;
	size_t n, next;
	int (*fn)(struct remote *r, struct engine_item *it, struct err *e);
	pthread_mutex_t lock;
	pthread_cond_t ended;
	size_t *finished; /* items that ended and were not reported yet: a queue of indices */
	size_t head, tail;
};

static void work(struct engine *en, struct engine_item *it)
{
	struct remote *r = NULL;

	memset(&it->err, 0, sizeof(it->err));
	it->result = err_interrupted(&it->err);
	if (it->result == 0)
		it->result = remote_get(en->pool, it->spec, &r, &it->err);
	if (it->result == 0)
		it->result = en->fn(r, it, &it->err);
	remote_put(en->pool, r);
}

static void *worker(void *arg)
{
	struct engine *en = arg;

	pthread_mutex_lock(&en->lock);
	while (en->next < en->n) {
		size_t i = en->next++;

		pthread_mutex_unlock(&en->lock);
		work(en, &en->items[i]);
		pthread_mutex_lock(&en->lock);
		en->finished[en->tail++] = i;
		pthread_cond_signal(&en->ended);
	}
	pthread_mutex_unlock(&en->lock);
	return NULL;
}

/* Threads that could not be had are missed by nobody as long as there is one. */
static size_t start(struct engine *en, pthread_t *threads, size_t want)
{
	pthread_attr_t attr;
	size_t got = 0;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK);
	while (got < want && pthread_create(&threads[got], &attr, worker, en) == 0)
		got++;
	pthread_attr_destroy(&attr);
	return got;
}

static void report(struct engine *en, void (*done)(void *arg, struct engine_item *it), void *arg)
{
	pthread_mutex_lock(&en->lock);
	for (size_t left = en->n; left; left--) {
		while (en->head == en->tail)
			pthread_cond_wait(&en->ended, &en->lock);
		struct engine_item *it = &en->items[en->finished[en->head++]];

		pthread_mutex_unlock(&en->lock);
		if (done)
			done(arg, it);
		pthread_mutex_lock(&en->lock);
	}
	pthread_mutex_unlock(&en->lock);
}

int engine_run(struct remote_pool *p, struct engine_item *items, size_t n, int jobs,
	int (*fn)(struct remote *r, struct engine_item *it, struct err *e),
	void (*done)(void *arg, struct engine_item *it), void *arg, struct err *e)
{
	size_t want = jobs < 1 ? 1 : (size_t)jobs < n ? (size_t)jobs : n, got;
	autofree pthread_t *threads = mem_array(NULL, want + 1, sizeof(*threads));
	autofree size_t *finished = mem_array(NULL, n + 1, sizeof(*finished));
	struct engine en = {.pool = p,
		.items = items,
		.n = n,
		.fn = fn,
		.lock = PTHREAD_MUTEX_INITIALIZER,
		.ended = PTHREAD_COND_INITIALIZER,
		.finished = finished};

	if (n == 0)
		return 0;
	got = start(&en, threads, want);
	if (got == 0)
		return err_sys(e, "no thread could be started");
	report(&en, done, arg);
	for (size_t i = 0; i < got; i++)
		pthread_join(threads[i], NULL);
	return err_interrupted(e);
}
