/* SPDX-License-Identifier: MIT */
#include "biz/job.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "util/fault.h"
#include "util/str.h"
#include "util/vec.h"

extern const struct job_kind *const __start_job_kinds[];
extern const struct job_kind *const __stop_job_kinds[];

#define SQL_CREATE                                                                                 \
	"INSERT INTO job (kind, object, server, args, created, updated, parent, request) "         \
	"VALUES (?1, ?2, ?3, ?4, ?5, ?5, ?6, ?7)"
#define SQL_CREATE_STEP "INSERT INTO job_step (job, seq, name, undo) VALUES (?1, ?2, ?3, ?4)"
#define SQL_TIE         "UPDATE request SET job = ?2 WHERE id = ?1 AND job IS NULL"
#define SQL_LOAD        "SELECT kind, object, server, args, state, error, nonce FROM job WHERE id = ?1"
#define SQL_STATE                                                                                  \
	"UPDATE job SET state = ?2, error = ?3, error_code = ?4, updated = ?5 WHERE id = ?1"
#define SQL_STEP_STATE "SELECT state FROM job_step WHERE job = ?1 AND seq = ?2"
#define SQL_STEP_START                                                                             \
	"UPDATE job_step SET state = 'running', attempts = attempts + 1, started = ?3, "           \
	"ended = NULL, error = NULL WHERE job = ?1 AND seq = ?2"
#define SQL_STEP_END                                                                               \
	"UPDATE job_step SET state = ?3, error = ?4, ended = ?5 WHERE job = ?1 AND seq = ?2"
#define SQL_SAY "SELECT name FROM job_step WHERE job = ?1 AND state <> 'done' ORDER BY seq"
#define SQL_SAY_UNDO                                                                               \
	"SELECT undo FROM job_step WHERE job = ?1 AND undo IS NOT NULL "                           \
	"AND state NOT IN ('pending', 'undone') ORDER BY seq DESC"
#define SQL_OPEN "state IN ('pending', 'running', 'undoing')"
#define SQL_UNFINISHED                                                                             \
	"SELECT id FROM job WHERE object = ?1 AND (?2 IS NULL OR kind = ?2) AND " SQL_OPEN         \
	" ORDER BY id LIMIT 1"
#define SQL_QUEUE "SELECT id FROM job WHERE " SQL_OPEN " ORDER BY id"
#define SQL_DROP_CHILDREN                                                                          \
	"UPDATE job SET state = 'cancelled', updated = ?2 WHERE parent = ?1 AND state = 'pending'"
#define SQL_OF_REQUEST                                                                             \
	"SELECT id FROM job WHERE request = ?1 AND " SQL_OPEN " ORDER BY id" /* parents first */
#define SQL_CHILDREN "SELECT id FROM job WHERE parent = ?1 AND " SQL_OPEN " ORDER BY id"

static const struct job_kind *kind_named(const char *name)
{
	for (const struct job_kind *const *k = __start_job_kinds; k < __stop_job_kinds; k++)
		if (strcmp((*k)->name, name) == 0)
			return *k;
	return NULL;
}

/* ---- writing it down ---- */

static int create_steps(struct sxc *s, const struct job_kind *kind, int64_t id, struct err *e)
{
	int r = 0;

	for (int i = 0; i < kind->n && r == 0; i++)
		r = db_run(s->db, e, SQL_CREATE_STEP, id, i, kind->steps[i].name,
			kind->steps[i].undo_name);
	return r;
}

int job_create(struct sxc *s, const struct job_kind *kind, const char *object, int64_t server,
	json_t *args, int64_t *id, struct err *e)
{
	autofree char *text = json_dumps(args, JSON_COMPACT | JSON_SORT_KEYS);
	int64_t made;
	int r;

	json_decref(args);
	r = db_run(s->db, e, SQL_CREATE, kind->name, object, db_ref(server), text, s->now,
		db_ref(s->parent_job), db_ref(s->part ? 0 : s->request_id));
	if (r < 0)
		return r;
	made = db_last_id(s->db);
	if ((r = create_steps(s, kind, made, e)) < 0)
		return r;
	if (s->request_id && !s->part && (r = db_run(s->db, e, SQL_TIE, s->request_id, made)) < 0)
		return r;
	*id = made;
	return 0;
}

/* ---- one run of it ---- */

struct run {
	struct job j;
	char *state;
	int lock;
};

static void run_release(struct run *run)
{
	free(run->j.nonce);
	free(run->j.object);
	json_decref(run->j.args);
	free(run->state);
	if (run->lock >= 0)
		close(run->lock);
}

static int take_lock(struct run *run, struct err *e)
{
	autofree char *rel = str_fmt("run/job-%lld.lock", (long long)run->j.id);
	autofree char *path = sxc_path(run->j.sxc, rel);

	run->lock = open(path, O_CREAT | O_RDWR | O_CLOEXEC, 0600);
	if (run->lock < 0)
		return err_sys(e, "%s", path);
	if (flock(run->lock, LOCK_EX | LOCK_NB) == 0)
		return 0;
	return err_set(e, E_BUSY, "job %lld is being worked on by another run",
		(long long)run->j.id);
}

static void drop_lock_file(struct run *run)
{
	autofree char *rel = str_fmt("run/job-%lld.lock", (long long)run->j.id);
	autofree char *path = sxc_path(run->j.sxc, rel);

	unlink(path);
}

static int load(struct run *run, struct err *e)
{
	autoclean(db_done) struct query q = {0};
	struct job *j = &run->j;
	int r = db_one(j->sxc->db, &q, e, SQL_LOAD, j->id);

	if (r < 0)
		return r;
	if (r == 0)
		return err_set(e, E_NOTFOUND, "no job %lld", (long long)j->id);
	j->kind = kind_named(db_text(&q, 0));
	if (!j->kind)
		return err_set(e, E_INTEGRITY, "job %lld is of a kind this sxc does not know: %s",
			(long long)j->id, db_text(&q, 0));
	j->object = db_text_dup(&q, 1);
	j->server = db_i64(&q, 2);
	j->args = json_loads(db_text(&q, 3), 0, NULL);
	if (!j->args)
		return err_set(e, E_INTEGRITY, "job %lld: its arguments are damaged",
			(long long)j->id);
	run->state = db_text_dup(&q, 4);
	j->nonce = db_text_dup(&q, 6);
	return 0;
}

static int open_run(struct run *run, struct sxc *s, int64_t id, struct err *e)
{
	int r;

	*run = (struct run){.j = {.sxc = s, .id = id}, .lock = -1};
	if ((r = take_lock(run, e)) < 0)
		return r;
	return load(run, e);
}

static int set_state(struct run *run, const char *state, const struct err *why, struct err *e)
{
	struct sxc *s = run->j.sxc;

	return db_run(s->db, e, SQL_STATE, run->j.id, state, why ? why->msg : NULL,
		why ? db_arg_i64(why->code) : db_null(), s->now);
}

static int step_state(struct run *run, int i, char **state, struct err *e)
{
	int r = db_get_text(run->j.sxc->db, state, e, SQL_STEP_STATE, run->j.id, i);

	if (r == 0)
		return err_set(e, E_INTEGRITY, "job %lld has no step %d", (long long)run->j.id, i);
	return r < 0 ? r : 0;
}

static int step_end(struct run *run, int i, const char *state, const struct err *why, struct err *e)
{
	return db_run(run->j.sxc->db, e, SQL_STEP_END, run->j.id, i, state, why ? why->msg : NULL,
		(int64_t)time(NULL));
}

/* What part() says and the mark that it was done, in one transaction. */
static int commit_with(struct run *run, int i, const char *state,
	int (*part)(struct job *j, struct err *e), struct err *e)
{
	autorollback struct sxc *tx = NULL;
	int r = tx_begin(run->j.sxc, e);

	if (r < 0)
		return r;
	tx = run->j.sxc;
	if (part) {
		tx->parent_job = run->j.id; /* jobs made here follow this one */
		r = part(&run->j, e);
		tx->parent_job = 0;
	}
	if (r < 0)
		return r;
	if ((r = step_end(run, i, state, NULL, e)) < 0)
		return r;
	r = tx_commit(tx, e);
	tx = NULL;
	return r;
}

static bool can_go_on_later(int code)
{
	return code == E_UNREACH || code == E_BUSY || code == E_INTR;
}

/* ---- undoing ---- */

static int undo_step(struct run *run, int i, struct err *e)
{
	const struct job_step *st = &run->j.kind->steps[i];
	autofree char *state = NULL;
	int r = step_state(run, i, &state, e);

	if (r < 0 || strcmp(state, "undone") == 0)
		return r;
	run->j.step = i;
	run->j.undoing = true;
	fault_point("job.undo");
	if (st->undo && strcmp(state, "pending") != 0) {
		sxc_note(run->j.sxc, 1, "job %lld: %s", (long long)run->j.id,
			st->undo_name ? st->undo_name : st->name);
		if ((r = st->undo(&run->j, e)) < 0)
			return r;
	}
	fault_point("job.undone");
	return commit_with(run, i, "undone", st->undo_commit, e);
}

/* Undo all, then the job is as final says; why is kept with it. */
static int undo_all(struct run *run, const char *final, const struct err *why, struct err *e)
{
	int r;

	if ((r = set_state(run, "undoing", why, e)) < 0)
		return r;
	for (int i = run->j.kind->n - 1; i >= 0; i--) {
		if ((r = undo_step(run, i, e)) == 0)
			continue;
		return err_wrap(e,
			"job %lld: undoing step \"%s\" (go on with \"sxc job resume %lld\")",
			(long long)run->j.id, run->j.kind->steps[i].name, (long long)run->j.id);
	}
	/* What should have followed it has not begun, and has nothing to follow. */
	if ((r = db_run(run->j.sxc->db, e, SQL_DROP_CHILDREN, run->j.id, run->j.sxc->now)) < 0)
		return r;
	r = set_state(run, final, why, e);
	drop_lock_file(run);
	return r;
}

/* ---- going on ---- */

static int do_step(struct run *run, int i, struct err *e)
{
	const struct job_step *st = &run->j.kind->steps[i];
	struct sxc *s = run->j.sxc;
	int r = db_run(s->db, e, SQL_STEP_START, run->j.id, i, (int64_t)time(NULL));

	if (r < 0)
		return r;
	run->j.step = i;
	run->j.undoing = false;
	sxc_note(s, 1, "job %lld: step %d of %d: %s", (long long)run->j.id, i + 1, run->j.kind->n,
		st->name);
	fault_point("job.step");
	if (st->run && (r = st->run(&run->j, e)) < 0)
		return r;
	fault_point("job.ran");
	r = commit_with(run, i, "done", st->commit, e);
	fault_point("job.committed");
	return r;
}

static int step_failed(struct run *run, int i, struct err *e)
{
	const char *name = run->j.kind->steps[i].name;
	long long id = run->j.id;
	struct err why = *e, ignored;
	int r;

	if (can_go_on_later(why.code)) {
		/* Whether it happened on the server is not known: it counts as begun. */
		step_end(run, i, "running", &why, &ignored);
		set_state(run, "pending", &why, &ignored);
		return err_wrap(e, "job %lld waits at \"%s\", go on with \"sxc job resume %lld\"",
			id, name, id);
	}
	step_end(run, i, "failed", &why, &ignored);
	if ((r = undo_all(run, "failed", &why, e)) < 0)
		return r;
	*e = why;
	return err_wrap(e, "job %lld failed and was undone, at \"%s\"", id, name);
}

static int go_on(struct run *run, struct err *e)
{
	autofree char *state = NULL;
	int r = set_state(run, "running", NULL, e);

	for (int i = 0; i < run->j.kind->n && r == 0; i++) {
		free(state);
		state = NULL;
		if ((r = step_state(run, i, &state, e)) < 0)
			return r;
		if (strcmp(state, "done") == 0)
			continue;
		if ((r = err_interrupted(e)) < 0 || (r = do_step(run, i, e)) < 0)
			return step_failed(run, i, e);
	}
	if (r < 0)
		return r;
	r = set_state(run, "done", NULL, e);
	drop_lock_file(run);
	return r;
}

/* An undo that was cut short: the reason it began with is in the job. */
static int finish_undo(struct run *run, struct err *e)
{
	autofree char *text = NULL;
	struct err why = {.code = E_FAIL};
	int64_t code = E_FAIL;
	int r;

	if ((r = db_get_text(run->j.sxc->db, &text, e, "SELECT error FROM job WHERE id = ?1",
		     run->j.id)) < 0)
		return r;
	if ((r = db_get_i64(run->j.sxc->db, &code, e, "SELECT error_code FROM job WHERE id = ?1",
		     run->j.id)) < 0)
		return r;
	err_set(&why, (int)code, "%s", text ? text : "cancelled");
	if ((r = undo_all(run, text ? "failed" : "cancelled", text ? &why : NULL, e)) < 0)
		return r;
	return text ? err_set(e, why.code, "job %lld failed and was undone: %s",
			      (long long)run->j.id, why.msg)
	            : 0;
}

/* A dry run: what is left to do, or with undo what would be taken back, the last first. */
static int say_steps(struct run *run, bool undo, struct err *e)
{
	autoclean(db_done) struct query q = {0};
	int r = db_query(run->j.sxc->db, &q, e, undo ? SQL_SAY_UNDO : SQL_SAY, run->j.id);

	while (r >= 0 && (r = db_next(&q, e)) > 0)
		sxc_note(run->j.sxc, 0, "dry run: %s: %s", run->j.object, db_text(&q, 0));
	drop_lock_file(run);
	return r;
}

static int run_one(struct sxc *s, int64_t id, struct err *e)
{
	autoclean(run_release) struct run run;
	int r = open_run(&run, s, id, e);

	if (r < 0)
		return r;
	if (strcmp(run.state, "done") == 0)
		return 0;
	if (strcmp(run.state, "failed") == 0 || strcmp(run.state, "cancelled") == 0)
		return err_set(e, E_STATE, "job %lld has ended: %s", (long long)id, run.state);
	if (s->dry_run)
		return say_steps(&run, strcmp(run.state, "undoing") == 0, e);
	return strcmp(run.state, "undoing") == 0 ? finish_undo(&run, e) : go_on(&run, e);
}

struct ids {
	int64_t *v;
	size_t n, cap;
};

static int collect_ids(struct sxc *s, struct ids *ids, const char *sql, int64_t of, struct err *e)
{
	autoclean(db_done) struct query q = {0};
	int r = of ? db_query(s->db, &q, e, sql, of) : db_query(s->db, &q, e, sql);

	while (r >= 0 && (r = db_next(&q, e)) > 0)
		vec_push(ids, db_i64(&q, 0));
	return r;
}

static void ids_release(struct ids *ids)
{
	vec_release(ids);
}

/* The job, then what it asked to be done after it. */
int job_run(struct sxc *s, int64_t id, struct err *e)
{
	autoclean(ids_release) struct ids children = {0};
	int r = run_one(s, id, e);

	if (r == 0)
		r = collect_ids(s, &children, SQL_CHILDREN, id, e);
	for (size_t i = 0; i < children.n && r == 0; i++)
		r = job_run(s, children.v[i], e);
	return r;
}

int job_end_tx(struct sxc *s, int made, const int64_t *job, struct err *e)
{
	int r;

	if (made < 0) {
		tx_rollback(s);
		return made;
	}
	if ((r = tx_commit(s, e)) < 0 || *job == 0)
		return r;
	return job_run(s, *job, e);
}

int job_run_request(struct sxc *s, struct err *e)
{
	autoclean(ids_release) struct ids ids = {0};
	int r = collect_ids(s, &ids, SQL_OF_REQUEST, s->request_id, e);

	for (size_t i = 0; i < ids.n && r >= 0; i++)
		r = job_run(s, ids.v[i], e);
	return r;
}

int job_cancel(struct sxc *s, int64_t id, struct err *e)
{
	autoclean(run_release) struct run run;
	int r = open_run(&run, s, id, e);

	if (r < 0)
		return r;
	if (strcmp(run.state, "pending") != 0 && strcmp(run.state, "running") != 0 &&
		strcmp(run.state, "undoing") != 0)
		return err_set(e, E_STATE, "job %lld has ended: %s", (long long)id, run.state);
	return s->dry_run ? say_steps(&run, true, e) : undo_all(&run, "cancelled", NULL, e);
}

int job_unfinished(struct sxc *s, const char *kind, const char *object, int64_t *id, struct err *e)
{
	return db_get_i64(s->db, id, e, SQL_UNFINISHED, object, kind);
}

int job_state(struct sxc *s, int64_t id, char **state, struct err *e)
{
	int r = db_get_text(s->db, state, e, "SELECT state FROM job WHERE id = ?1", id);

	return r < 0 ? r : r == 0 ? err_set(e, E_NOTFOUND, "no job %lld", (long long)id) : 0;
}

int job_run_queue(struct sxc *s, struct err *e)
{
	autoclean(ids_release) struct ids ids = {0};
	int r = collect_ids(s, &ids, SQL_QUEUE, 0, e), left = 0;

	for (size_t i = 0; i < ids.n && r >= 0; i++) {
		struct err why = {0};

		if (job_run(s, ids.v[i], &why) < 0) {
			sxc_note(s, 0, "%s", why.msg);
			left++;
		}
		r = err_interrupted(e);
	}
	return r < 0 ? r : left;
}
