/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "agent/session.h"

#define CHUNK    (64u << 10)
#define GRACE_MS 3000 /* between SIGTERM and SIGKILL */

struct stream {
	struct agent *a;
	struct stream_child *c;
	int pidfd;
	struct str pending; /* input taken from the connection, not yet taken by the child */
	size_t off;
	int64_t kill_at; /* ms; 0: nobody asked it to stop */
	bool stopped;    /* it was asked to */
	char *buf;
};

static void stream_release(struct stream *s)
{
	close_fd(&s->c->in);
	close_fd(&s->c->out);
	close_fd(&s->c->err);
	close_fd(&s->pidfd);
	str_release(&s->pending);
	free(s->buf);
}

/* Read what the child wrote, once; *fd is closed at its end. */
static int forward(struct stream *s, int *fd, int as, struct err *e)
{
	ssize_t k = read(*fd, s->buf, CHUNK);

	if (k < 0 && (errno == EINTR || errno == EAGAIN))
		return 0;
	if (k <= 0) { /* EIO: the other side of the terminal is closed */
		if (!s->c->pty)
			close_fd(fd);
		return 0;
	}
	return agent_output(s->a, as, s->buf, (size_t)k, e);
}

/* What is in the pipes when the child has ended; others may hold them open for ever. */
static int forward_rest(struct stream *s, int *fd, int as, struct err *e)
{
	int r = 0;

	while (r == 0 && *fd >= 0) {
		struct pollfd p = {*fd, POLLIN, 0};

		if (poll(&p, 1, 0) <= 0 || !(p.revents & POLLIN))
			break;
		r = forward(s, fd, as, e);
	}
	return r;
}

static void take_input(struct stream *s)
{
	struct err ignored;
	bool end;

	if (s->off < s->pending.len)
		return;
	str_clear(&s->pending);
	s->off = 0;
	if (agent_input_ready(s->a, &end)) {
		int k = agent_input(s->a, s->buf, CHUNK, &ignored);

		if (k > 0)
			str_addn(&s->pending, s->buf, (size_t)k);
	} else if (end && !s->c->pty) {
		close_fd(&s->c->in);
	}
}

static void feed(struct stream *s)
{
	ssize_t k = write(s->c->in, s->pending.p + s->off, s->pending.len - s->off);

	if (k > 0)
		s->off += (size_t)k;
	else if (k < 0 && errno != EAGAIN && errno != EINTR)
		close_fd(&s->c->in);
}

static void follow_window(struct stream *s)
{
	struct winsize ws = {0};

	if (s->c->pty && agent_window(s->a, &ws.ws_row, &ws.ws_col))
		ioctl(s->c->in, TIOCSWINSZ, &ws);
}

static void stop_child(struct stream *s)
{
	if (!s->stopped && agent_cancelled(s->a)) {
		s->stopped = true;
		s->kill_at = now_ms() + GRACE_MS;
		kill(-s->c->pid, s->c->pty ? SIGHUP : SIGTERM);
		kill(-s->c->pid, SIGCONT);
	} else if (s->kill_at && now_ms() >= s->kill_at) {
		s->kill_at = 0;
		kill(-s->c->pid, SIGKILL);
	}
}

/* One round; 1 when the child has ended. */
static int turn(struct stream *s, struct err *e)
{
	struct stream_child *c = s->c;
	bool feeding = c->in >= 0 && s->off < s->pending.len, end;
	bool full = feeding && agent_input_ready(s->a, &end) >= (1u << 20);
	struct pollfd p[5] = {
		{s->pidfd, POLLIN, 0},
		/* While the child does not take its input, we read no more of it. */
		{s->stopped ? -1 : agent_input_fd(s->a), full ? 0 : POLLIN, 0},
		{c->pty ? c->in : c->out, POLLIN, 0},
		{c->err, POLLIN, 0},
		{feeding ? c->in : -1, POLLOUT, 0},
	};
	int r = 0;

	if (poll(p, 5, s->kill_at ? 100 : 1000) < 0 && errno != EINTR)
		return err_sys(e, "poll");
	if (full && (p[1].revents & (POLLHUP | POLLERR)))
		s->a->gone = s->a->cancelled = true;
	stop_child(s);
	follow_window(s);
	if (c->in >= 0)
		take_input(s);
	if (p[4].revents && c->in >= 0)
		feed(s);
	if (p[2].revents)
		r = forward(s, c->pty ? &c->in : &c->out, 1, e);
	if (r == 0 && p[3].revents)
		r = forward(s, &c->err, 2, e);
	/* A terminal whose last user has gone polls as hung up until the child itself ends. */
	if (c->pty && (p[2].revents & POLLHUP) && !(p[2].revents & POLLIN))
		poll(NULL, 0, 20);
	if (r == E_UNREACH)
		r = 0; /* stop_child sees it */
	return r < 0 ? r : p[0].revents != 0;
}

int agent_stream(struct agent *a, struct stream_child *c, struct err *e)
{
	autoclean(stream_release) struct stream s = {.a = a, .c = c, .buf = mem_alloc(CHUNK)};
	int r = 0, status;

	s.pidfd = (int)syscall(SYS_pidfd_open, c->pid, 0);
	if (s.pidfd < 0)
		r = err_sys(e, "pidfd_open");
	if (c->in >= 0)
		fcntl(c->in, F_SETFL, fcntl(c->in, F_GETFL) | O_NONBLOCK);
	while (r == 0)
		r = turn(&s, e);
	if (r < 0)
		kill(-c->pid, SIGKILL);
	status = reap(c->pid);
	if (r > 0)
		r = forward_rest(&s, c->pty ? &c->in : &c->out, 1, e);
	if (r >= 0)
		r = forward_rest(&s, &c->err, 2, e);
	if (s.stopped)
		return err_set(e, E_INTR, "interrupted");
	return r < 0 ? r : status;
}
