/* SPDX-License-Identifier: MIT */
#include "agent/child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* ---- starting ---- */

extern char **environ;

void child_is_ordinary(void)
{
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGHUP, SIG_DFL);
	signal(SIGPIPE, SIG_DFL);
	close_range(3, ~0u, 0);
	unsetenv("SSH_CONNECTION");
}

static void exec_command(char *const argv[], char *const env[])
{
	if (chdir("/root") < 0 && chdir("/") < 0)
		_exit(126);
	execvpe(argv[0], argv, env ? env : environ);
	dprintf(2, "%s: %s\n", argv[0], strerror(errno));
	_exit(errno == ENOENT ? 127 : 126);
}

struct pipes {
	int in[2], out[2], err[2];
};

static void close_pair(int p[2])
{
	for (int i = 0; i < 2; i++) {
		if (p[i] >= 0)
			close(p[i]);
		p[i] = -1;
	}
}

static void pipes_release(struct pipes *p)
{
	close_pair(p->in);
	close_pair(p->out);
	close_pair(p->err);
}

static int take_end(int p[2], int i)
{
	int fd = p[i];

	p[i] = -1;
	return fd;
}

int child_start(char *const argv[], char *const env[], struct stream_child *c, struct err *e)
{
	autoclean(pipes_release) struct pipes p = {{-1, -1}, {-1, -1}, {-1, -1}};

	if (pipe2(p.in, O_CLOEXEC) < 0 || pipe2(p.out, O_CLOEXEC) < 0 ||
		pipe2(p.err, O_CLOEXEC) < 0)
		return err_sys(e, "pipe");
	c->pid = fork();
	if (c->pid < 0)
		return err_sys(e, "fork");
	if (c->pid == 0) {
		setsid();
		dup2(p.in[0], 0);
		dup2(p.out[1], 1);
		dup2(p.err[1], 2);
		child_is_ordinary();
		exec_command(argv, env);
	}
	c->in = take_end(p.in, 1);
	c->out = take_end(p.out, 0);
	c->err = take_end(p.err, 0);
	return 0;
}

/* ---- until it ends ---- */

struct run {
	struct stream_child *c;
	const struct inside_opts *o;
	size_t fed;
	int pidfd;
	int64_t deadline; /* ms, 0: none */
};

static void run_release(struct run *r)
{
	close_fd(&r->c->in);
	close_fd(&r->c->out);
	close_fd(&r->c->err);
	close_fd(&r->pidfd);
}

static void feed(struct run *r)
{
	ssize_t k = write(r->c->in, r->o->in + r->fed, r->o->in_len - r->fed);

	if (k > 0)
		r->fed += (size_t)k;
	if (r->fed == r->o->in_len || (k < 0 && errno != EAGAIN && errno != EINTR))
		close_fd(&r->c->in);
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
static int watch(struct run *r, const char *what, const char *where, struct err *e)
{
	struct stream_child *c = r->c;

	for (;;) {
		struct pollfd p[4] = {{r->pidfd, POLLIN, 0}, {c->out, POLLIN, 0},
			{c->err, POLLIN, 0}, {c->in, POLLOUT, 0}};
		int64_t left = r->deadline ? r->deadline - now_ms() : 60000;

		if (left <= 0)
			return err_set(e, E_FAIL, "%s %s took over %d s and was stopped", what,
				where, r->o->timeout);
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

int child_watch(struct stream_child *c, const struct inside_opts *o, const char *what,
	const char *where, void (*stop)(void *arg), void *arg, struct err *e)
{
	autoclean(run_release) struct run r = {.c = c,
		.o = o,
		.pidfd = (int)syscall(SYS_pidfd_open, c->pid, 0),
		.deadline = o->timeout ? now_ms() + (int64_t)o->timeout * 1000 : 0};
	int rc, status;

	if (!o->in || !o->in_len)
		close_fd(&c->in);
	else
		fcntl(c->in, F_SETFL, O_NONBLOCK);
	rc = r.pidfd < 0 ? err_sys(e, "pidfd_open") : watch(&r, what, where, e);
	if (rc < 0)
		stop(arg);
	status = reap(c->pid);
	return rc < 0 ? rc : status;
}
