/* SPDX-License-Identifier: MIT */
#include <pthread.h>
#include <string.h>
#include <sys/resource.h>

#include "svc/remote_conn.h"
#include "util/vec.h"

#define KEEP_MAX 512 /* idle connections; beyond, the oldest is closed */

struct remote_pool {
	pthread_mutex_t lock;
	VEC(struct remote *) idle;
};

/* A connection is a descriptor, and some systems begin with 1,024 of them. */
static void want_descriptors(void)
{
	struct rlimit rl;

	if (getrlimit(RLIMIT_NOFILE, &rl) == 0 && rl.rlim_cur < 4096 && rl.rlim_max > rl.rlim_cur) {
		rl.rlim_cur = rl.rlim_max < 4096 ? rl.rlim_max : 4096;
		setrlimit(RLIMIT_NOFILE, &rl);
	}
}

struct remote_pool *remote_pool_new(void)
{
	struct remote_pool *p = mem_zalloc(sizeof(*p));

	pthread_mutex_init(&p->lock, NULL);
	want_descriptors();
	return p;
}

void remote_pool_free(struct remote_pool *p)
{
	if (!p)
		return;
	vec_each(&p->idle, r)
		remote_close(*r);
	vec_release(&p->idle);
	pthread_mutex_destroy(&p->lock);
	free(p);
}

static char *key_of(const struct remote_spec *spec)
{
	return str_fmt("%s %s@%s %d %s %s", spec->name, spec->user, spec->host, spec->port,
		spec->host_key ? spec->host_key : "", spec->identity ? spec->identity : "");
}

static struct remote *take(struct remote_pool *p, const char *key)
{
	struct remote *found = NULL;

	pthread_mutex_lock(&p->lock);
	for (size_t i = 0; i < p->idle.n && !found; i++) {
		if (strcmp(p->idle.v[i]->key, key) != 0)
			continue;
		found = p->idle.v[i];
		p->idle.n--;
		memmove(&p->idle.v[i], &p->idle.v[i + 1], (p->idle.n - i) * sizeof(found));
	}
	pthread_mutex_unlock(&p->lock);
	return found;
}

static int connect_new(const struct remote_spec *spec, struct remote **out, struct err *e)
{
	autoclean(link_close) struct link l = {.fd = -1};
	int r;

	if (!spec->host_key)
		return err_set(e, E_STATE, "server %s: its host key is not pinned", spec->name);
	if ((r = link_open(&l, spec, e)) < 0 ||
		(r = link_login_key(&l, spec->user, spec->identity, e)) < 0)
		return r;
	return remote_start(&l, out, e);
}

static struct remote *take_alive(struct remote_pool *p, const char *key)
{
	struct remote *r;

	while ((r = take(p, key)) && !remote_alive(r))
		remote_close(r);
	return r;
}

struct remote *remote_take(struct remote_pool *p, const struct remote_spec *spec)
{
	autofree char *key = key_of(spec);

	return take_alive(p, key);
}

int remote_get(struct remote_pool *p, const struct remote_spec *spec, struct remote **out,
	struct err *e)
{
	autofree char *key = key_of(spec);
	struct remote *r;
	int rc;

	if (!p)
		return err_set(e, E_STATE, "server %s is not asked in a dry run", spec->name);
	r = take_alive(p, key);
	if (!r) {
		if ((rc = connect_new(spec, &r, e)) < 0)
			return rc;
		r->key = steal(&key);
	}
	*out = r;
	return 0;
}

void remote_put(struct remote_pool *p, struct remote *r)
{
	struct remote *oldest = NULL;

	if (!r)
		return;
	if (r->broken || !r->key || wire_held(&r->in) || remote_unsent(r)) {
		remote_close(r);
		return;
	}
	wire_in_release(&r->in);
	str_release(&r->out);
	pthread_mutex_lock(&p->lock);
	if (p->idle.n >= KEEP_MAX) {
		oldest = p->idle.v[0];
		p->idle.n--;
		memmove(&p->idle.v[0], &p->idle.v[1], p->idle.n * sizeof(oldest));
	}
	vec_push(&p->idle, r);
	pthread_mutex_unlock(&p->lock);
	remote_close(oldest);
}
