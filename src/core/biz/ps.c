/* SPDX-License-Identifier: MIT */
#include "biz/ps.h"

#include <string.h>

#include "biz/address.h"
#include "biz/image.h"
#include "biz/ps_int.h"
#include "svc/sign.h"
#include "util/str.h"

#define GIB          (1LL << 30)
#define INODE_BYTES  8192 /* one inode for so many bytes of disk, unless said otherwise */
#define UID_SLOT_MIN 16
#define UID_SLOT_MAX 65534

#define SQL_NAME_ADD   "INSERT INTO node_name (name, kind) VALUES (?1, 'ps')"
#define SQL_SLOT_FLEET "SELECT max(uid_slot) + 1 FROM ps"
#define SQL_SLOT_SERVER                                                                            \
	"SELECT p.uid_slot + 1 FROM ps p WHERE p.server = ?1 AND NOT EXISTS "                      \
	"(SELECT 1 FROM ps o WHERE o.server = p.server AND o.uid_slot = p.uid_slot + 1) "          \
	"AND p.uid_slot < 65534 ORDER BY p.uid_slot LIMIT 1"
#define SQL_ADD                                                                                    \
	"INSERT INTO ps (name, server, image, account, subscription, state, hostname, uid_slot, "  \
	"cpu, cpu_max, net, memory, vm, disk, inodes, procs, ssh_keys, created, sessions, "        \
	"transfer, best_effort) "                                                                  \
	"VALUES (?1, ?2, ?3, ?4, ?5, 'adding', ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, "     \
	"?16, ?17, ?18, ?19, ?20)"
#define SQL_GET                                                                                    \
	"SELECT id, server, account, subscription, name, state, "                                  \
	"(SELECT ip FROM address a WHERE a.ps = ps.id ORDER BY a.id LIMIT 1) FROM ps "
#define SQL_DOMAIN                                                                                 \
	"SELECT name FROM domain WHERE ps = ?1 AND state <> 'removing' ORDER BY id LIMIT 1"
#define SQL_STATE "UPDATE ps SET state = ?2 WHERE id = ?1"

static void json_cleanup(json_t **j)
{
	json_decref(*j);
}
#define autojson autoclean(json_cleanup) json_t

struct ps_bounds ps_bounds_none(void)
{
	return (struct ps_bounds){PS_UNSET, PS_UNSET, PS_UNSET, PS_UNSET, PS_UNSET, PS_UNSET,
		PS_UNSET, PS_UNSET, PS_UNSET, PS_UNSET, PS_UNSET, PS_UNSET};
}

static void fill(int64_t *v, int64_t def)
{
	if (*v == PS_UNSET)
		*v = def;
}

static void fill_defaults(struct ps_bounds *b)
{
	fill(&b->cpu, 500);
	fill(&b->memory, 256 << 20);
	fill(&b->vm, b->memory * 2);
	fill(&b->disk, 2 * GIB);
	fill(&b->inodes, b->disk / INODE_BYTES);
	fill(&b->procs, 500);
	fill(&b->best_effort, 0);
}

int ps_check_bounds(const struct ps_bounds *b, struct err *e)
{
	if (b->cpu < 1 || b->cpu > 9000)
		return err_set(e, E_USAGE, "a CPU guarantee is 0.01%% to 90%%");
	if (b->cpu_max != PS_UNSET && (b->cpu_max < b->cpu || b->cpu_max > 10000))
		return err_set(e, E_USAGE, "the CPU cap lies between the guarantee and 100%%");
	if (b->memory < 16 << 20)
		return err_set(e, E_USAGE, "memory is at least 16M");
	if (b->vm < b->memory)
		return err_set(e, E_USAGE, "vm (memory and swap together) is not less than memory");
	if (b->disk < 16 << 20)
		return err_set(e, E_USAGE, "disk is at least 16M");
	if (b->procs < 10 || b->procs > 4000000)
		return err_set(e, E_USAGE, "procs is 10 to 4000000");
	if (b->inodes < 1000)
		return err_set(e, E_USAGE, "inodes is at least 1000");
	if (b->sessions != PS_UNSET && (b->sessions < 1 || b->sessions > 1048576))
		return err_set(e, E_USAGE, "sessions is 1 to 1048576");
	if (b->transfer != PS_UNSET && b->transfer < 1 << 20)
		return err_set(e, E_USAGE, "transfer is at least 1M");
	return 0;
}

/* ---- adding ---- */

/* An id range that no other in the fleet has; when those are used up, none on the same server. */
static int take_slot(struct sxc *s, int64_t server, int64_t *slot, struct err *e)
{
	int r = db_get_i64(s->db, slot, e, SQL_SLOT_FLEET);

	if (r == 0) {
		*slot = UID_SLOT_MIN;
		return 0;
	}
	if (r > 0 && *slot > UID_SLOT_MAX) {
		*slot = UID_SLOT_MIN;
		r = db_get_i64(s->db, slot, e, SQL_SLOT_SERVER, server);
	}
	return r < 0 ? r : 0;
}

static int take_addresses(struct sxc *s, const char *want, int64_t more, int64_t server, int64_t ps,
	struct err *e)
{
	int r = address_take(s, want, 4, server, ps, e);

	if (r == 0)
		return err_set(e, E_STATE,
			"no address pool serves that server: add one with \"sxc ip add CIDR\"");
	for (; r > 0 && more > 0; more--)
		r = address_take(s, NULL, 4, server, ps, e);
	if (r < 0)
		return r;
	r = address_take(s, NULL, 6, server, ps, e); /* where there is a pool for it */
	return r < 0 ? r : 0;
}

static struct db_arg opt_i64(int64_t v)
{
	return v == PS_UNSET ? db_null() : db_arg_i64(v);
}

static int insert(struct sxc *s, const struct ps_new *n, const struct ps_bounds *b, int64_t server,
	int64_t image, int64_t *id, struct err *e)
{
	int64_t slot = 0;
	int r = db_run(s->db, e, SQL_NAME_ADD, n->name);

	if (r == E_EXISTS)
		return err_set(e, r, "a server or private server named %s exists already", n->name);
	if (r < 0 || (r = take_slot(s, server, &slot, e)) < 0)
		return r;
	r = db_run(s->db, e, SQL_ADD, n->name, server, image, db_ref(n->account),
		db_ref(n->subscription), n->hostname ? n->hostname : n->name, slot, b->cpu,
		opt_i64(b->cpu_max), opt_i64(b->net), b->memory, b->vm, b->disk, b->inodes,
		b->procs, n->keys, s->now, opt_i64(b->sessions), opt_i64(b->transfer),
		b->best_effort);
	*id = db_last_id(s->db);
	return r;
}

static int check_new(const struct ps_new *n, struct err *e)
{
	if (!str_is_name(n->name) || strcmp(n->name, "all") == 0)
		return err_set(e, E_USAGE,
			"'%.80s' is not a name: a-z, 0-9, then also . _ -, at most 63", n->name);
	if (n->hostname && (strlen(n->hostname) > 64 || !str_is_name(n->hostname)))
		return err_set(e, E_USAGE, "'%.80s' is not a host name", n->hostname);
	return 0;
}

int ps_add_kind_tx(struct sxc *s, const struct ps_new *n, const struct job_kind *kind, json_t *args,
	int64_t *job, struct err *e)
{
	autojson *mine = args;
	struct ps_bounds b = n->bounds;
	char digest[SHA256_HEX];
	int64_t server, image, id = 0;
	int r;

	fill_defaults(&b);
	if ((r = check_new(n, e)) < 0 || (r = ps_check_bounds(&b, e)) < 0 ||
		(r = image_find(s, n->image, &image, digest, e)) < 0 ||
		(r = ps_find_room(s, n->on, 0, &b, &server, NULL, e)) < 0 ||
		(r = insert(s, n, &b, server, image, &id, e)) < 0 ||
		(r = take_addresses(s, n->address, n->more_ips, server, id, e)) < 0)
		return r;
	json_object_set_new(mine, "ps", json_integer(id));
	json_object_set_new(mine, "image", json_string(digest));
	json_object_set_new(mine, "stopped", json_boolean(n->stopped));
	r = job_create(s, kind, n->name, server, steal(&mine), job, e);
	return r < 0 ? r : audit_add(s, kind->name, n->name, NULL, NULL, e);
}

int ps_add_tx(struct sxc *s, const struct ps_new *n, int64_t *job, struct err *e)
{
	return ps_add_kind_tx(s, n, &job_kind_ps_add, json_object(), job, e);
}

int ps_add(struct sxc *s, const struct ps_new *n, struct err *e)
{
	int64_t job = 0;
	int r = tx_begin(s, e);

	return r < 0 ? r : job_end_tx(s, ps_add_tx(s, n, &job, e), &job, e);
}

int ps_place(struct sxc *s, const struct ps_new *n, char **server, struct err *e)
{
	struct ps_bounds b = n->bounds;
	char digest[SHA256_HEX];
	int64_t id, image;
	int r;

	fill_defaults(&b);
	if ((r = check_new(n, e)) < 0 || (r = ps_check_bounds(&b, e)) < 0 ||
		(r = image_find(s, n->image, &image, digest, e)) < 0)
		return r;
	return ps_find_room(s, n->on, 0, &b, &id, server, e);
}

/* ---- one ---- */

void ps_release(struct ps *p)
{
	free(p->name);
	free(p->state);
	free(p->address);
	*p = (struct ps){0};
}

static void take(struct query *q, struct ps *out)
{
	*out = (struct ps){
		.id = db_i64(q, 0),
		.server = db_i64(q, 1),
		.account = db_i64(q, 2),
		.subscription = db_i64(q, 3),
		.name = db_text_dup(q, 4),
		.state = db_text_dup(q, 5),
		.address = db_text_dup(q, 6),
	};
}

int ps_get(struct sxc *s, const char *name, struct ps *out, struct err *e)
{
	autoclean(db_done) struct query q = {0};
	int r;

	if (name[0] == '#')
		return ps_get_id(s, strtoll(name + 1, NULL, 10), out, e);
	r = db_one(s->db, &q, e, SQL_GET "WHERE name = ?1", name);
	if (r == 0)
		return err_set(e, E_NOTFOUND, "no private server named '%s'", name);
	if (r > 0)
		take(&q, out);
	return r < 0 ? r : 0;
}

int ps_get_id(struct sxc *s, int64_t id, struct ps *out, struct err *e)
{
	autoclean(db_done) struct query q = {0};
	int r = db_one(s->db, &q, e, SQL_GET "WHERE id = ?1", id);

	if (r == 0)
		return err_set(e, E_NOTFOUND, "no private server #%lld", (long long)id);
	if (r > 0)
		take(&q, out);
	return r < 0 ? r : 0;
}

/* ---- what is done to one ---- */

struct op {
	const char *name;
	const struct job_kind *kind;
	const char *from;   /* states it may start from */
	const char *intent; /* state written with the job, NULL: as it is */
};

static const struct op ops[] = {
	{"start", &job_kind_ps_start, "stopped running", NULL},
	{"stop", &job_kind_ps_stop, "stopped running", NULL},
	{"restart", &job_kind_ps_restart, "running stopped", NULL},
	{"suspend", &job_kind_ps_suspend, "running stopped", NULL},
	{"resume", &job_kind_ps_resume, "suspended", NULL},
	{"remove", &job_kind_ps_remove, "running stopped suspended removing", "removing"},
};

static const struct op *op_named(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(ops); i++)
		if (strcmp(ops[i].name, name) == 0)
			return &ops[i];
	return NULL;
}

static int refuse_domains(struct sxc *s, const struct ps *p, struct err *e)
{
	autofree char *domain = NULL;
	int r = db_get_text(s->db, &domain, e, SQL_DOMAIN, p->id);

	return r > 0 ? err_set(e, E_INUSE, "private server %s: domain %s lives there", p->name,
			       domain)
	             : r;
}

/* The same work unfinished from an earlier run is gone on with; other work has to end first. */
static int unfinished(struct sxc *s, const struct job_kind *kind, const struct ps *p, int64_t *job,
	struct err *e)
{
	int r = job_unfinished(s, kind->name, p->name, job, e);

	if (r != 0)
		return r;
	r = job_unfinished(s, NULL, p->name, job, e);
	if (r <= 0)
		return r;
	return err_set(e, E_BUSY, "private server %s: job %lld is unfinished (sxc job resume %lld)",
		p->name, (long long)*job, (long long)*job);
}

static int create_op(struct sxc *s, const struct op *op, const struct ps *p, int64_t *job,
	struct err *e)
{
	autofree char *what = str_fmt("ps.%s", op->name);
	int r = job_create(s, op->kind, p->name, p->server,
		json_pack("{s:I, s:s}", "ps", (json_int_t)p->id, "was", p->state), job, e);

	return r < 0 ? r : audit_add(s, what, p->name, NULL, NULL, e);
}

int ps_job_tx(struct sxc *s, const char *name, const char *opname, int64_t *job, struct err *e)
{
	autoclean(ps_release) struct ps p = {0};
	const struct op *op = op_named(opname);
	int r = ps_get(s, name, &p, e);

	if (r < 0 || (r = unfinished(s, op->kind, &p, job, e)) != 0)
		return r < 0 ? r : 0;
	if (!strstr(op->from, p.state))
		return err_set(e, E_STATE, "private server %s is %s: it cannot %s now", p.name,
			p.state, opname);
	if (strcmp(opname, "remove") == 0 && (r = refuse_domains(s, &p, e)) < 0)
		return r;
	if (op->intent && (r = db_run(s->db, e, SQL_STATE, p.id, op->intent)) < 0)
		return r;
	return create_op(s, op, &p, job, e);
}

int ps_job_behind_tx(struct sxc *s, const char *name, const char *opname, int64_t *job,
	struct err *e)
{
	autoclean(ps_release) struct ps p = {0};
	int64_t before = s->parent_job, behind = 0;
	int r = ps_get(s, name, &p, e);

	if (r < 0 || (r = job_unfinished(s, NULL, p.name, &behind, e)) < 0)
		return r;
	s->parent_job = behind ? behind : before;
	r = create_op(s, op_named(opname), &p, job, e);
	s->parent_job = before;
	return r;
}

/* The work that makes a server agree with a state of the books. */
static const char *op_for(const char *state)
{
	return strcmp(state, "running") == 0     ? "start"
	       : strcmp(state, "stopped") == 0   ? "stop"
	       : strcmp(state, "suspended") == 0 ? "suspend"
	                                         : NULL;
}

static int enforce_tx(struct sxc *s, const char *name, int64_t *job, struct err *e)
{
	autoclean(ps_release) struct ps p = {0};
	const char *op;
	int r = ps_get(s, name, &p, e);

	if (r < 0)
		return r;
	if (!(op = op_for(p.state)))
		return err_set(e, E_STATE, "private server %s is %s", p.name, p.state);
	if ((r = unfinished(s, op_named(op)->kind, &p, job, e)) != 0)
		return r < 0 ? r : 0;
	return create_op(s, op_named(op), &p, job, e);
}

int ps_enforce(struct sxc *s, const char *name, struct err *e)
{
	int64_t job = 0;
	int r = tx_begin(s, e);

	return r < 0 ? r : job_end_tx(s, enforce_tx(s, name, &job, e), &job, e);
}

static int kind_tx(struct sxc *s, const char *name, const struct job_kind *kind, const char *from,
	json_t *args, int64_t *job, struct err *e)
{
	autoclean(ps_release) struct ps p = {0};
	autojson *mine = args;
	int r = ps_get(s, name, &p, e);

	if (r < 0 || (r = unfinished(s, kind, &p, job, e)) != 0)
		return r < 0 ? r : 0;
	if (!strstr(from, p.state))
		return err_set(e, E_STATE, "private server %s is %s: not possible now", p.name,
			p.state);
	json_object_set_new(mine, "ps", json_integer(p.id));
	json_object_set_new(mine, "was", json_string(p.state));
	r = job_create(s, kind, p.name, p.server, json_incref(mine), job, e);
	return r < 0 ? r : audit_add(s, kind->name, p.name, NULL, NULL, e);
}

int ps_run_kind(struct sxc *s, const char *name, const struct job_kind *kind, const char *from,
	json_t *args, struct err *e)
{
	autojson *mine = args;
	int64_t job = 0;
	int r = tx_begin(s, e);

	return r < 0 ? r
	             : job_end_tx(s, kind_tx(s, name, kind, from, steal(&mine), &job, e), &job, e);
}

static int run_op(struct sxc *s, const char *name, const char *op, struct err *e)
{
	int64_t job = 0;
	int r = tx_begin(s, e);

	return r < 0 ? r : job_end_tx(s, ps_job_tx(s, name, op, &job, e), &job, e);
}

int ps_start(struct sxc *s, const char *name, struct err *e)
{
	return run_op(s, name, "start", e);
}

int ps_stop(struct sxc *s, const char *name, struct err *e)
{
	return run_op(s, name, "stop", e);
}

int ps_restart(struct sxc *s, const char *name, struct err *e)
{
	return run_op(s, name, "restart", e);
}

int ps_suspend(struct sxc *s, const char *name, struct err *e)
{
	return run_op(s, name, "suspend", e);
}

int ps_resume(struct sxc *s, const char *name, struct err *e)
{
	return run_op(s, name, "resume", e);
}

int ps_remove(struct sxc *s, const char *name, struct err *e)
{
	return run_op(s, name, "remove", e);
}
