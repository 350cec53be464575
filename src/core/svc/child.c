/* SPDX-License-Identifier: MIT */
#include "svc/child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "util/vec.h"

#define MARK_FD 3 /* any but the three that were put in place before */

void child_result_release(struct child_result *res)
{
	str_release(&res->out);
	str_release(&res->err);
}

/* ---- what it gets ---- */

static void make_env(struct strvec *env, const char *home)
{
	static const char *const keep[] = {"PATH", "HOME", "USER", "LOGNAME", "LANG", "LC_ALL",
		"TZ"};
	autofree char *own = str_fmt("SXC_HOME=%s", home);

	for (size_t i = 0; i < ARRAY_LEN(keep); i++) {
		const char *v = getenv(keep[i]);
		autofree char *pair = v ? str_fmt("%s=%s", keep[i], v) : NULL;

		if (pair)
			strvec_push(env, pair);
	}
	strvec_push(env, own);
}

static int input_of(const struct child_spec *spec, int *fd, struct err *e)
{
	size_t done = 0;

	*fd = memfd_create("input", MFD_CLOEXEC);
	while (*fd >= 0 && done < spec->in_len) {
		ssize_t n = write(*fd, spec->in + done, spec->in_len - done);

		if (n <= 0)
			return err_sys(e, "cannot keep the input of %s", spec->argv[0]);
		done += (size_t)n;
	}
	if (*fd < 0 || lseek(*fd, 0, SEEK_SET) < 0)
		return err_sys(e, "cannot keep the input of %s", spec->argv[0]);
	return 0;
}

struct pipes {
	int in, out[2], err[2];
};

static void pipes_release(struct pipes *p)
{
	int *const fds[] = {&p->in, &p->out[0], &p->out[1], &p->err[0], &p->err[1]};

	for (size_t i = 0; i < ARRAY_LEN(fds); i++)
		mem_cleanup_close(fds[i]);
}

static int pipes_open(const struct child_spec *spec, struct pipes *p, struct err *e)
{
	*p = (struct pipes){-1, {-1, -1}, {-1, -1}};
	if (pipe2(p->out, O_CLOEXEC) < 0 || pipe2(p->err, O_CLOEXEC) < 0)
		return err_sys(e, "%s", spec->argv[0]);
	return input_of(spec, &p->in, e);
}

static int spawn(const struct child_spec *spec, struct pipes *p, pid_t *pid, struct err *e)
{
	autostrvec env = {0};
	posix_spawn_file_actions_t fa;
	posix_spawnattr_t attr;
	sigset_t none, usual;
	int rc;

	make_env(&env, spec->home);
	posix_spawn_file_actions_init(&fa);
	posix_spawn_file_actions_adddup2(&fa, p->in, STDIN_FILENO);
	posix_spawn_file_actions_adddup2(&fa, p->out[1], STDOUT_FILENO);
	posix_spawn_file_actions_adddup2(&fa, p->err[1], STDERR_FILENO);
	/* Made by the child itself, its last act before it becomes the program. */
	if (spec->began)
		posix_spawn_file_actions_addopen(&fa, MARK_FD, spec->began,
			O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	sigemptyset(&none);
	sigemptyset(&usual);
	sigaddset(&usual, SIGPIPE);
	posix_spawnattr_init(&attr);
	posix_spawnattr_setsigmask(&attr, &none);
	posix_spawnattr_setsigdefault(&attr, &usual);
	posix_spawnattr_setflags(&attr,
		POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	rc = posix_spawnp(pid, spec->argv[0], &fa, &attr, spec->argv, strvec_argv(&env));
	posix_spawnattr_destroy(&attr);
	posix_spawn_file_actions_destroy(&fa);
	if (rc == 0)
		return 0;
	/* It never began: the mark of its beginning goes. */
	if (spec->began)
		unlink(spec->began);
	return err_set(e, E_STATE, "%s cannot be run: %s", spec->argv[0], strerror(rc));
}

/* ---- what it gives ---- */

static int64_t seconds(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec;
}

/* One read; beyond max the rest is thrown away. True while there may be more. */
static bool take(int *fd, struct str *s, size_t max)
{
	char buf[4096];
	ssize_t n = read(*fd, buf, sizeof(buf));

	if (n > 0) {
		size_t room = max - s->len;

		str_addn(s, buf, (size_t)n < room ? (size_t)n : room);
		return true;
	}
	if (n < 0 && errno == EINTR)
		return true;
	close(*fd);
	*fd = -1;
	return false;
}

static int collect(const struct child_spec *spec, struct pipes *p, struct child_result *res,
	struct err *e)
{
	int64_t end = seconds() + spec->timeout;

	while (p->out[0] >= 0 || p->err[0] >= 0) {
		struct pollfd fds[] = {{p->out[0], POLLIN, 0}, {p->err[0], POLLIN, 0}};
		int64_t left = end - seconds();
		int n = left > 0 ? poll(fds, 2, left < 60 ? (int)left * 1000 : 60000) : 0;

		if (left <= 0)
			return err_set(e, E_UNREACH, "%s gave no answer within %lld seconds",
				spec->argv[0], (long long)spec->timeout);
		if (n > 0 && fds[0].revents)
			take(&p->out[0], &res->out, spec->max_out);
		if (n > 0 && fds[1].revents)
			take(&p->err[0], &res->err, spec->max_out);
	}
	return 0;
}

/* Its outputs are closed; it may still be at work for a while. */
static int reap(const struct child_spec *spec, pid_t pid, int *status, struct err *e)
{
	const struct timespec pause = {0, 20000000};
	int64_t end = seconds() + spec->timeout;
	pid_t got;

	while ((got = waitpid(pid, status, WNOHANG)) == 0 && seconds() <= end)
		nanosleep(&pause, NULL);
	if (got == pid)
		return 0;
	return err_set(e, E_UNREACH, "%s did not end within %lld seconds", spec->argv[0],
		(long long)spec->timeout);
}

int child_run(const struct child_spec *spec, struct child_result *res, struct err *e)
{
	autoclean(pipes_release) struct pipes p;
	pid_t pid;
	int r, status = 0;

	*res = (struct child_result){0};
	if ((r = pipes_open(spec, &p, e)) < 0 || (r = spawn(spec, &p, &pid, e)) < 0)
		return r;
	mem_cleanup_close(&p.out[1]);
	mem_cleanup_close(&p.err[1]);
	p.out[1] = p.err[1] = -1;
	if ((r = collect(spec, &p, res, e)) < 0 || (r = reap(spec, pid, &status, e)) < 0) {
		kill(-pid, SIGKILL);
		waitpid(pid, &status, 0);
		return r;
	}
	res->status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	return 0;
}
