/* SPDX-License-Identifier: MIT */
/* Operations ps.exec and ps.enter, and ps_run_inside for the rest of the agent. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "agent/agent.h"
#include "agent/ps.h"
#include "agent/ps_join.h"
#include "util/vec.h"

static void join_release(struct join *j)
{
	join_finish(j);
}

static void read_argv(const struct msg *req, struct strvec *argv)
{
	const char *t;

	for (size_t i = 0; (t = msg_text_at(req, "argv", i)); i++)
		strvec_push(argv, t);
}

AGENT_OP(ps_exec, "ps.exec", OP_READ | OP_STREAM)
{
	autostrvec argv = {0};
	autoclean(join_release) struct join j = {0};
	int rc = msg_need_name(req, "name", &j.ps, e);

	if (rc < 0)
		return rc;
	read_argv(req, &argv);
	if (!argv.n)
		return err_set(e, E_USAGE, "ps.exec needs a command");
	j.argv = strvec_argv(&argv);
	if ((rc = join_start(&j, e)) < 0 || (rc = agent_stream(a, &j.child, e)) < 0)
		return rc;
	msg_add_i64(ans, "status", rc);
	return 0;
}

static int terminal_size(const struct msg *req, struct join *j, struct err *e)
{
	int64_t rows = 24, cols = 80;
	int rc = 0;

	if (msg_has(req, "rows"))
		rc = msg_need_i64(req, "rows", 1, 1000, &rows, e);
	if (rc == 0 && msg_has(req, "cols"))
		rc = msg_need_i64(req, "cols", 1, 1000, &cols, e);
	j->rows = (unsigned short)rows;
	j->cols = (unsigned short)cols;
	return rc;
}

static bool term_ok(const char *t)
{
	return strlen(t) <= 40 && strspn(t, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
					    "0123456789.+_-") == strlen(t);
}

AGENT_OP(ps_enter, "ps.enter", OP_READ | OP_STREAM)
{
	autostrvec argv = {0};
	autoclean(join_release) struct join j = {.pty = true};
	const char *term = msg_text(req, "term");
	int rc = msg_need_name(req, "name", &j.ps, e);

	if (rc < 0 || (rc = terminal_size(req, &j, e)) < 0)
		return rc;
	if (term && !term_ok(term))
		return err_set(e, E_USAGE, "term is not the name of a terminal type");
	j.term = term;
	read_argv(req, &argv);
	j.argv = argv.n ? strvec_argv(&argv) : NULL;
	if ((rc = join_start(&j, e)) < 0 || (rc = agent_stream(a, &j.child, e)) < 0)
		return rc;
	msg_add_i64(ans, "status", rc);
	return 0;
}

/* ---- for the rest of the agent ---- */

struct run {
	struct join j;
	const struct inside_opts *o;
	size_t fed;
	int pidfd;
	int64_t deadline; /* ms, 0: none */
};

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static void run_release(struct run *r)
{
	close_fd(&r->j.child.in);
	close_fd(&r->j.child.out);
	close_fd(&r->j.child.err);
	close_fd(&r->pidfd);
	join_finish(&r->j);
}

static int64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static void feed(struct run *r)
{
	ssize_t k = write(r->j.child.in, r->o->in + r->fed, r->o->in_len - r->fed);

	if (k > 0)
		r->fed += (size_t)k;
	if (r->fed == r->o->in_len || (k < 0 && errno != EAGAIN && errno != EINTR))
		close_fd(&r->j.child.in);
}

/* The last out_max bytes are kept. */
static void keep(struct run *r, const char *p, size_t n)
{
	struct str *out = r->o->out;

	if (!out)
		return;
	str_addn(out, p, n);
	if (out->len <= r->o->out_max)
		return;
	memmove(out->p, out->p + out->len - r->o->out_max, r->o->out_max);
	str_setlen(out, r->o->out_max);
}

static void collect(struct run *r, int *fd)
{
	char buf[8192];
	ssize_t k = read(*fd, buf, sizeof(buf));

	if (k > 0)
		keep(r, buf, (size_t)k);
	else if (k == 0 || (errno != EINTR && errno != EAGAIN))
		close_fd(fd);
}

/* Until it ends: a daemon it left behind may hold the pipes open for ever. */
static int watch(struct run *r, const char *what, struct err *e)
{
	struct stream_child *c = &r->j.child;

	for (;;) {
		struct pollfd p[4] = {{r->pidfd, POLLIN, 0}, {c->out, POLLIN, 0},
			{c->err, POLLIN, 0}, {c->in, POLLOUT, 0}};
		int64_t left = r->deadline ? r->deadline - now_ms() : 60000;

		if (left <= 0)
			return err_set(e, E_FAIL, "%s in %s took over %d s and was stopped", what,
				r->j.ps, r->o->timeout);
		if (poll(p, 4, (int)(left < 60000 ? left : 60000)) < 0 && errno != EINTR)
			return err_sys(e, "poll");
		if (p[3].revents)
			feed(r);
		if (p[1].revents)
			collect(r, &c->out);
		if (p[2].revents)
			collect(r, &c->err);
		if (p[0].revents && !(p[1].revents & POLLIN) && !(p[2].revents & POLLIN))
			return 0;
	}
}

static int reap(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return 255;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int ps_run_inside(const char *ps, char *const argv[], const struct inside_opts *o, struct err *e)
{
	autoclean(run_release) struct run r = {
		.j = {.ps = ps,
			.argv = argv,
			.env = o->env,
			.cwd = o->cwd,
			.uid = o->uid,
			.gid = o->gid,
			.child = {.in = -1, .out = -1, .err = -1}},
		.o = o,
		.pidfd = -1,
	};
	int rc, status;

	rc = join_start(&r.j, e);
	if (rc < 0)
		return rc;
	r.deadline = o->timeout ? now_ms() + (int64_t)o->timeout * 1000 : 0;
	r.pidfd = (int)syscall(SYS_pidfd_open, r.j.child.pid, 0);
	if (!o->in || !o->in_len)
		close_fd(&r.j.child.in);
	else
		fcntl(r.j.child.in, F_SETFL, O_NONBLOCK);
	rc = r.pidfd < 0 ? err_sys(e, "pidfd_open") : watch(&r, argv[0], e);
	if (rc < 0)
		join_kill(&r.j);
	status = reap(r.j.child.pid);
	return rc < 0 ? rc : status;
}
