/* SPDX-License-Identifier: MIT */
/* Taking a machine in. The first contact needs a password that is not kept, so it cannot be a step
 * of a job; what is written before it and after it makes the whole go on from where it was. */
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "biz/server_int.h"
#include "util/fault.h"
#include "util/str.h"

#define SQL_KNOWN     "SELECT id, state, host, port, user, host_key FROM server WHERE name = ?1"
#define SQL_NAME_KIND "SELECT kind FROM node_name WHERE name = ?1"
#define SQL_HOST      "SELECT name FROM server WHERE host = ?1 AND port = ?2"
#define SQL_ADD_NAME  "INSERT INTO node_name (name, kind) VALUES (?1, 'server')"
#define SQL_ADD                                                                                    \
	"INSERT INTO server (name, state, host, port, user, grp, uplink, link_rate, created) "     \
	"VALUES (?1, 'adding', ?2, ?3, ?4, ?5, ?6, ?7, ?8)"
#define SQL_PIN "UPDATE server SET host_key = ?2, host_key_type = ?3 WHERE id = ?1"
#define SQL_FACTS                                                                                  \
	"UPDATE server SET os = ?2, os_version = ?3, kernel = ?4, arch = ?5, cpus = ?6, "          \
	"cpu_mhz = ?7, memory = ?8, disk = ?9, addresses = ?10, found_uplink = ?11, "              \
	"cgroup2 = ?12, quota = ?13, module = ?14, agent = ?15, seen = ?16, found_rate = ?17, "    \
	"module_state = ?18, enforces = ?19, state = 'active' "                                    \
	"WHERE id = ?1"

/* ---- facts ---- */

static json_t *facts_json(const struct msg *ans)
{
	static const char *const texts[] = {"os", "os_version", "kernel", "arch", "uplink",
		"module", "module_state", "agent", "enforces"};
	static const char *const numbers[] = {"cpus", "cpu_mhz", "memory", "disk", "link_rate",
		"cgroup2", "quota"};
	json_t *o = json_object();
	autostr list = STR_INIT;
	const char *a;

	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		autostr clean = STR_INIT;
		const char *t = msg_text(ans, texts[i]);

		if (t) {
			str_add_clean(&clean, t, strnlen(t, 100), false);
			json_object_set_new(o, texts[i], json_string(str_c(&clean)));
		}
	}
	for (size_t i = 0; i < ARRAY_LEN(numbers); i++)
		json_object_set_new(o, numbers[i], json_integer(msg_i64(ans, numbers[i], 0)));
	for (size_t i = 0; (a = msg_text_at(ans, "address", i)) && i < 64; i++)
		if (strspn(a, "0123456789abcdef.:") == strlen(a))
			str_addf(&list, "%s%s", list.len ? " " : "", a);
	if (list.len)
		json_object_set_new(o, "addresses", json_string(str_c(&list)));
	return o;
}

int server_job_ask_facts(struct job *j, struct err *e)
{
	automsg *ans = NULL;
	int r = job_call(j, j->server, "server.facts", NULL, &ans, e);

	return r < 0 ? r : job_remember(j, "facts", facts_json(ans), e);
}

static const char *fact(const json_t *f, const char *key)
{
	return json_string_value(json_object_get(f, key));
}

static int64_t fact_i64(const json_t *f, const char *key)
{
	return json_integer_value(json_object_get(f, key));
}

int server_job_keep_facts(struct job *j, struct err *e)
{
	const json_t *f = json_object_get(j->args, "facts");

	return db_run(j->sxc->db, e, SQL_FACTS, j->server, fact(f, "os"), fact(f, "os_version"),
		fact(f, "kernel"), fact(f, "arch"), fact_i64(f, "cpus"), fact_i64(f, "cpu_mhz"),
		fact_i64(f, "memory"), fact_i64(f, "disk"), fact(f, "addresses"), fact(f, "uplink"),
		fact_i64(f, "cgroup2") != 0, fact_i64(f, "quota") != 0, fact(f, "module"),
		fact(f, "agent"), j->sxc->now, db_ref(fact_i64(f, "link_rate")),
		fact(f, "module_state"), fact(f, "enforces"));
}

/* ---- the job: from the first contact on ---- */

int server_job_setup(struct job *j, struct err *e)
{
	return job_call(j, j->server, "server.setup", NULL, NULL, e);
}

int server_job_retire(struct job *j, struct err *e)
{
	struct msg *req = msg_new();

	msg_add_i64(req, "keep_agent", json_is_true(json_object_get(j->args, "keep_agent")));
	return job_call(j, j->server, "server.retire", req, NULL, e);
}

int server_job_drop_key(struct job *j, struct err *e)
{
	autoclean(server_spec_release) struct server_spec spec = {0};
	autofree char *line = NULL;
	int r;

	if ((r = server_public_key(j->sxc, &line, e)) < 0 ||
		(r = server_spec(j->sxc, j->server, &spec, e)) < 0)
		return r;
	return remote_drop_key(j->sxc->pool, &spec.remote, line, e);
}

int server_job_forget(struct job *j, struct err *e)
{
	int r = server_delete(j->sxc, j->server, j->object, e);

	return r < 0 ? r : audit_add(j->sxc, "server.remove", j->object, NULL, NULL, e);
}

static const struct job_step steps_add[] = {
	{"make first contact", NULL, NULL, server_job_drop_key, server_job_forget,
		"remove the key"},
	{"set up", server_job_setup, NULL, server_job_retire, NULL, "remove the agent"},
	{"bring the kernel module", server_job_bring_module, NULL, NULL, NULL, NULL},
	{"record facts", server_job_ask_facts, server_job_keep_facts, NULL, NULL, NULL},
};
JOB_KIND(server_add, "server.add", steps_add);

/* ---- before it ---- */

struct adding {
	struct sxc *s;
	const struct server_new *n;
	int64_t id;
	bool fresh;  /* the row is of this run */
	bool pinned; /* the first contact was made by an earlier run */
};

static int same_or_taken(struct adding *a, struct query *q, struct err *e)
{
	const struct server_new *n = a->n;

	if (strcmp(db_text(q, 1), "adding") != 0)
		return err_set(e, E_EXISTS, "server %s exists already", n->name);
	if (strcmp(db_text(q, 2), n->host) != 0 || db_i64(q, 3) != n->port ||
		strcmp(db_text(q, 4), n->user) != 0)
		return err_set(e, E_EXISTS,
			"server %s is being added as %s@%s port %lld; \"sxc server remove %s\" "
			"drops that",
			n->name, db_text(q, 4), db_text(q, 2), (long long)db_i64(q, 3), n->name);
	a->id = db_i64(q, 0);
	a->pinned = !db_is_null(q, 5);
	return 0;
}

static int find_known(struct adding *a, struct err *e)
{
	autoclean(db_done) struct query q = {0};
	int r = db_one(a->s->db, &q, e, SQL_KNOWN, a->n->name);

	return r > 0 ? same_or_taken(a, &q, e) : r;
}

static int check_free(struct adding *a, struct err *e)
{
	autofree char *kind = NULL, *other = NULL;
	int r = db_get_text(a->s->db, &kind, e, SQL_NAME_KIND, a->n->name);

	if (r > 0)
		return err_set(e, E_EXISTS, "a private server is named %s already", a->n->name);
	if (r < 0)
		return r;
	r = db_get_text(a->s->db, &other, e, SQL_HOST, a->n->host, a->n->port);
	if (r > 0)
		return err_set(e, E_EXISTS, "%s port %d is server %s already", a->n->host,
			a->n->port, other);
	return r;
}

static int write_intent(struct adding *a, struct err *e)
{
	autorollback struct sxc *tx = NULL;
	const struct server_new *n = a->n;
	int r = tx_begin(a->s, e);

	if (r < 0)
		return r;
	tx = a->s;
	if ((r = find_known(a, e)) < 0)
		return r;
	if (a->id == 0) {
		if ((r = check_free(a, e)) < 0 ||
			(r = db_run(a->s->db, e, SQL_ADD_NAME, n->name)) < 0 ||
			(r = db_run(a->s->db, e, SQL_ADD, n->name, n->host, n->port, n->user,
				 n->group, n->uplink, db_ref(n->link_rate), a->s->now)) < 0)
			return r;
		a->id = db_last_id(a->s->db);
		a->fresh = true;
	}
	r = tx_commit(tx, e);
	tx = NULL;
	return r;
}

/* Nothing came of it: the row goes as it came. The reason stays in *e. */
static void drop_intent(struct adding *a)
{
	struct err ignored;

	if (!a->fresh || tx_begin(a->s, &ignored) < 0)
		return;
	if (server_delete(a->s, a->id, a->n->name, &ignored) < 0 || tx_commit(a->s, &ignored) < 0)
		tx_rollback(a->s);
}

static void contact_note(void *arg, const char *step)
{
	struct adding *a = arg;

	sxc_note(a->s, 1, "server %s: %s", a->n->name, step);
}

static bool contact_confirm(void *arg, const char *fingerprint)
{
	struct adding *a = arg;

	return a->n->confirm && a->n->confirm(a->n->arg, fingerprint);
}

static int make_contact(struct adding *a, char **host_key, char **type, struct err *e)
{
	autofree char *line = NULL, *agent = server_agent_path();
	autofree char *own = sxc_path(a->s, "keys/ssh");
	const struct server_new *n = a->n;
	struct remote_contact c = {
		.spec = {.name = n->name,
			.host = n->host,
			.port = n->port,
			.user = n->user,
			.host_key = n->host_key,
			.identity = n->identity ? n->identity : own},
		.password = n->password,
		.agent_path = agent,
		.confirm = contact_confirm,
		.note = contact_note,
		.arg = a,
	};
	int r = server_public_key(a->s, &line, e);

	if (r < 0 || (r = server_timeout(a->s, &c.spec.timeout, e)) < 0)
		return r;
	c.public_key = line;
	if ((r = remote_first_contact(&c, host_key, e)) == 0)
		*type = c.host_key_type;
	return r;
}

static json_t *job_args(const struct server_new *n)
{
	json_t *o = json_object();

	json_object_set_new(o, "host", json_string(n->host));
	json_object_set_new(o, "port", json_integer(n->port));
	json_object_set_new(o, "user", json_string(n->user));
	return o;
}

static int write_contact(struct adding *a, const char *host_key, const char *type, int64_t *job,
	struct err *e)
{
	autorollback struct sxc *tx = NULL;
	json_t *args = job_args(a->n);
	autofree char *after = json_dumps(args, JSON_COMPACT | JSON_SORT_KEYS);
	int r = tx_begin(a->s, e);

	if (r < 0) {
		json_decref(args);
		return r;
	}
	tx = a->s;
	if ((r = db_run(a->s->db, e, SQL_PIN, a->id, host_key, type)) < 0 ||
		(r = audit_add(a->s, "server.add", a->n->name, NULL, after, e)) < 0) {
		json_decref(args);
		return r;
	}
	if ((r = job_create(a->s, &job_kind_server_add, a->n->name, a->id, args, job, e)) < 0)
		return r;
	r = tx_commit(tx, e);
	tx = NULL;
	return r;
}

/* Held to the end: two runs of the same addition would both make the first contact. */
static int lock_name(struct sxc *s, const char *name, int *fd, struct err *e)
{
	autofree char *rel = str_fmt("run/server-%s.lock", name);
	autofree char *path = sxc_path(s, rel);

	*fd = open(path, O_CREAT | O_RDWR | O_CLOEXEC, 0600);
	if (*fd < 0)
		return err_sys(e, "%s", path);
	if (flock(*fd, LOCK_EX | LOCK_NB) == 0)
		return 0;
	return err_set(e, E_BUSY, "server %s is being added by another run", name);
}

int server_add(struct sxc *s, const struct server_new *n, struct err *e)
{
	autofree char *host_key = NULL, *type = NULL;
	struct adding a = {.s = s, .n = n};
	autoclose int lock = -1;
	int64_t job;
	int r;

	if ((r = lock_name(s, n->name, &lock, e)) < 0 || (r = write_intent(&a, e)) < 0)
		return r;
	if (s->dry_run)
		return 0; /* whether it can be reached is not tried */
	fault_point("server.intent");
	if (a.pinned) {
		r = job_unfinished(s, "server.add", n->name, &job, e);
		return r > 0   ? job_run(s, job, e)
		       : r < 0 ? r
		               : err_set(e, E_STATE, "server %s: its job is gone; remove it",
					 n->name);
	}
	if ((r = make_contact(&a, &host_key, &type, e)) < 0) {
		drop_intent(&a);
		return r;
	}
	fault_point("server.contact");
	if ((r = write_contact(&a, host_key, type, &job, e)) < 0)
		return r;
	return job_run(s, job, e);
}
