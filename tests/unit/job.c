/* SPDX-License-Identifier: MIT */
/* Jobs: steps run once, failures undone in reverse, what can wait waits, what follows follows. */
#include "biz/job.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test.h"
#include "util/str.h"

static struct str trace = STR_INIT; /* what ran, in order */
static int fail_with;               /* E_ that step "two" fails with; 0: it does not */
static int fail_undo;               /* E_ that undoing "one" fails with */

static int run_one(struct job *j, struct err *e)
{
	(void)j, (void)e;
	str_add(&trace, "1");
	return 0;
}

static int undo_one(struct job *j, struct err *e)
{
	(void)j;
	str_add(&trace, "u1");
	return fail_undo ? err_set(e, fail_undo, "cannot undo now") : 0;
}

static int commit_one(struct job *j, struct err *e)
{
	str_add(&trace, "c1");
	return job_remember(j, "one", json_integer(41), e);
}

static int run_two(struct job *j, struct err *e)
{
	CHECK_I64(job_arg_i64(j, "one", 0), 41);
	str_add(&trace, "2");
	return fail_with ? err_set(e, fail_with, "two says no") : 0;
}

static int undo_two(struct job *j, struct err *e)
{
	(void)j, (void)e;
	str_add(&trace, "u2");
	return 0;
}

extern const struct job_kind job_kind_test_child;

static int commit_two(struct job *j, struct err *e)
{
	int64_t id;

	return json_object_get(j->args, "child") ? job_create(j->sxc, &job_kind_test_child,
							   j->object, 0, json_object(), &id, e)
	                                         : 0;
}

static const struct job_step steps[] = {
	{.name = "one",
		.run = run_one,
		.commit = commit_one,
		.undo = undo_one,
		.undo_name = "undo one"},
	{.name = "two",
		.run = run_two,
		.commit = commit_two,
		.undo = undo_two,
		.undo_name = "undo two"},
};
JOB_KIND(test, "test", steps);

static int run_child(struct job *j, struct err *e)
{
	(void)j, (void)e;
	str_add(&trace, "C");
	return 0;
}
static const struct job_step child_steps[] = {{.name = "child", .run = run_child}};
JOB_KIND(test_child, "test.child", child_steps);

static int64_t make(struct sxc *s, json_t *args)
{
	struct err e = {0};
	int64_t id = 0;

	CHECK_I64(tx_begin(s, &e), 0);
	CHECK_I64(job_create(s, &job_kind_test, "thing", 0, args, &id, &e), 0);
	CHECK_I64(tx_commit(s, &e), 0);
	str_clear(&trace);
	return id;
}

static void check_state(struct sxc *s, int64_t id, const char *want)
{
	autofree char *state = NULL;

	CHECK_I64(job_state(s, id, &state, NULL), 0);
	CHECK_TEXT(state, want);
}

static void test_done(struct sxc *s)
{
	struct err e = {0};
	int64_t id = make(s, json_pack("{s:b}", "child", 1));

	fail_with = 0;
	CHECK_I64(job_run(s, id, &e), 0);
	CHECK_TEXT(str_c(&trace), "1c12C");
	check_state(s, id, "done");
	/* Done is done: nothing is run again. */
	CHECK_I64(job_run(s, id, &e), 0);
	CHECK_TEXT(str_c(&trace), "1c12C");
	CHECK_I64(job_cancel(s, id, &e), E_STATE);
}

static void test_failed(struct sxc *s)
{
	struct err e = {0};
	int64_t id = make(s, json_object());

	fail_with = E_FAIL;
	CHECK_I64(job_run(s, id, &e), E_FAIL);
	CHECK_TEXT(str_c(&trace), "1c12u2u1");
	CHECK(strstr(e.msg, "two says no") && strstr(e.msg, "undone"));
	check_state(s, id, "failed");
	CHECK_I64(job_run(s, id, &e), E_STATE);
}

static void test_waits(struct sxc *s)
{
	struct err e = {0};
	int64_t id = make(s, json_object()), found = 0;

	fail_with = E_UNREACH;
	CHECK_I64(job_run(s, id, &e), E_UNREACH);
	CHECK_TEXT(str_c(&trace), "1c12");
	check_state(s, id, "pending");
	CHECK_I64(job_unfinished(s, "test", "thing", &found, &e), 1);
	CHECK_I64(found, id);
	fail_with = 0;
	CHECK_I64(job_run(s, id, &e), 0);
	CHECK_TEXT(str_c(&trace), "1c122");
	check_state(s, id, "done");
	CHECK_I64(job_unfinished(s, "test", "thing", &found, &e), 0);
}

static void test_undo_cut_short(struct sxc *s)
{
	struct err e = {0};
	int64_t id = make(s, json_object());

	fail_with = E_LIMIT;
	fail_undo = E_UNREACH;
	CHECK_I64(job_run(s, id, &e), E_UNREACH);
	check_state(s, id, "undoing");
	fail_undo = 0;
	CHECK_I64(job_run(s, id, &e), E_LIMIT);
	CHECK(strstr(e.msg, "two says no") != NULL);
	CHECK_TEXT(str_c(&trace), "1c12u2u1u1");
	check_state(s, id, "failed");
}

static void test_cancel(struct sxc *s)
{
	struct err e = {0};
	int64_t id = make(s, json_object());

	fail_with = E_UNREACH;
	job_run(s, id, &e);
	CHECK_I64(job_cancel(s, id, &e), 0);
	CHECK_TEXT(str_c(&trace), "1c12u2u1"); /* whether "two" happened is not known: undone too */
	check_state(s, id, "cancelled");
}

/* A request may have made several jobs: asked for again, what is unfinished of them goes on. */
static void test_request(struct sxc *s)
{
	struct err e = {0};
	int64_t first, second, other;

	CHECK_I64(db_run(s->db, &e,
			  "INSERT INTO request (key, digest, created) VALUES ('k', 'd', 0)"),
		0);
	s->request_id = db_last_id(s->db);
	fail_with = 0;
	first = make(s, json_object());
	second = make(s, json_object());
	s->request_id = 0;
	other = make(s, json_object());
	CHECK_I64(job_run(s, first, &e), 0);
	s->request_id = 1;
	CHECK_I64(job_run_request(s, &e), 0);
	s->request_id = 0;
	check_state(s, second, "done");
	CHECK_I64(db_run(s->db, &e, "UPDATE job SET state = 'running', parent = ?2 WHERE id = ?1",
			  second, first),
		0);
	s->request_id = 1;
	CHECK_I64(job_run_request(s, &e), 0);
	s->request_id = 0;
	check_state(s, second, "done"); /* its parent was done before */
	check_state(s, other, "pending");
	CHECK_I64(job_cancel(s, other, &e), 0);
}

static void test_held(struct sxc *s)
{
	struct err e = {0};
	int64_t id = make(s, json_object());
	autofree char *rel = str_fmt("run/job-%lld.lock", (long long)id);
	autofree char *path = sxc_path(s, rel);
	int held[2], ok = pipe(held);
	pid_t pid = fork();

	if (pid ==
		0) { /* another process that has taken the lock says so, then waits to be killed */
		int fd = open(path, O_CREAT | O_RDWR, 0600);

		if (ok == 0 && flock(fd, LOCK_EX) == 0 && write(held[1], "x", 1) == 1)
			pause();
		_exit(1);
	}
	CHECK_I64(read(held[0], (char[1]){0}, 1), 1);
	fail_with = 0;
	CHECK_I64(job_run(s, id, &e), E_BUSY);
	CHECK_TEXT(str_c(&trace), "");
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

int main(void)
{
	char dir[] = "/tmp/sxc-unit-job-XXXXXX";
	struct sxc s = {.now = 1767225600};
	struct err e = {0};

	if (!mkdtemp(dir))
		return 1;
	s.home = mem_strdup(dir);
	s.login = mem_strdup("tester");
	CHECK_I64(sxc_init(&s, true, &e), 0);
	CHECK_I64(sxc_open(&s, DB_WRITE, &e), 0);
	if (s.db) {
		test_done(&s);
		test_failed(&s);
		test_waits(&s);
		test_undo_cut_short(&s);
		test_cancel(&s);
		test_request(&s);
		test_held(&s);
	} else {
		printf("%s\n", e.msg);
	}
	sxc_release(&s);
	str_release(&trace);
	if (fork() == 0) {
		execlp("rm", "rm", "-r", dir, (char *)NULL);
		_exit(127);
	}
	wait(NULL);
	return test_end();
}
