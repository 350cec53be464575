/* SPDX-License-Identifier: MIT */
/* What may be changed of a private server that is there. */
#include <string.h>

#include "biz/ps_int.h"
#include "util/str.h"

#define SQL_BOUNDS                                                                                 \
	"SELECT p.cpu, p.cpu_max, p.net, p.memory, p.vm, p.disk, p.inodes, p.procs, s.name, "      \
	"p.sessions, p.transfer, p.best_effort "                                                   \
	"FROM ps p JOIN server s ON s.id = p.server WHERE p.id = ?1"

/* ---- other bounds ---- */

static int64_t column(struct query *q, int col, int64_t given)
{
	if (given != PS_UNSET)
		return given;
	return db_is_null(q, col) ? PS_UNSET : db_i64(q, col);
}

/* The bounds as they would be, and the server's name (the caller's). */
static int merge(struct sxc *s, const struct ps *p, const struct ps_bounds *b,
	struct ps_bounds *out, char **server, struct err *e)
{
	autoclean(db_done) struct query q = {0};
	int r = db_one(s->db, &q, e, SQL_BOUNDS, p->id);

	if (r <= 0)
		return r < 0 ? r : err_set(e, E_NOTFOUND, "no private server named '%s'", p->name);
	*out = (struct ps_bounds){column(&q, 0, b->cpu), column(&q, 1, b->cpu_max),
		column(&q, 2, b->net), b->net_share, column(&q, 3, b->memory), column(&q, 4, b->vm),
		column(&q, 5, b->disk), column(&q, 6, b->inodes), column(&q, 7, b->procs),
		column(&q, 9, b->sessions), column(&q, 10, b->transfer),
		column(&q, 11, b->best_effort)};
	if (b->memory != PS_UNSET && b->vm == PS_UNSET && out->vm < out->memory)
		out->vm = out->memory;
	*server = db_text_dup(&q, 8);
	return 0;
}

static void put(json_t *o, const char *key, int64_t v)
{
	if (v != PS_UNSET)
		json_object_set_new(o, key, json_integer(v));
}

static json_t *bounds_json(const struct ps *p, const struct ps_bounds *b)
{
	json_t *o = json_pack("{s:I}", "ps", (json_int_t)p->id);

	put(o, "cpu", b->cpu);
	put(o, "cpu_max", b->cpu_max);
	put(o, "net", b->net);
	put(o, "memory", b->memory);
	put(o, "vm", b->vm);
	put(o, "disk", b->disk);
	put(o, "inodes", b->inodes);
	put(o, "procs", b->procs);
	put(o, "sessions", b->sessions);
	put(o, "transfer", b->transfer);
	put(o, "best_effort", b->best_effort);
	return o;
}

int ps_set_tx(struct sxc *s, const char *name, const struct ps_bounds *b, int64_t *job,
	struct err *e)
{
	autoclean(ps_release) struct ps p = {0};
	autofree char *server = NULL;
	struct ps_bounds want;
	int64_t id;
	int r = ps_get(s, name, &p, e);

	if (r < 0)
		return r;
	if (!strstr("running stopped suspended", p.state))
		return err_set(e, E_STATE, "private server %s is %s", p.name, p.state);
	if ((r = job_unfinished(s, NULL, p.name, job, e)) != 0)
		return r < 0 ? r
		             : err_set(e, E_BUSY, "private server %s: job %lld is unfinished",
				       p.name, (long long)*job);
	if ((r = merge(s, &p, b, &want, &server, e)) < 0 || (r = ps_check_bounds(&want, e)) < 0 ||
		(r = ps_find_room(s, server, p.id, &want, &id, NULL, e)) < 0)
		return r;
	r = job_create(s, &job_kind_ps_set, p.name, p.server, bounds_json(&p, &want), job, e);
	return r < 0 ? r : audit_add(s, "ps.set", p.name, NULL, NULL, e);
}

int ps_set(struct sxc *s, const char *name, const struct ps_bounds *b, struct err *e)
{
	int64_t job = 0;
	int r = tx_begin(s, e);

	return r < 0 ? r : job_end_tx(s, ps_set_tx(s, name, b, &job, e), &job, e);
}
