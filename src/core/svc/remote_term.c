/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "svc/remote_conn.h"

/* What was typed: "~." at the beginning of a line leaves, should the other side hang. */
enum typed { TYPED_NEWLINE, TYPED_TILDE, TYPED_OTHER };

struct term {
	struct remote *r;
	struct termios saved;
	struct winsize size;
	enum typed typed;
};

static void term_release(struct term **t)
{
	tcsetattr(STDIN_FILENO, TCSADRAIN, &(*t)->saved);
}

static int on_data(void *arg, int fd, const void *p, size_t n, struct err *e)
{
	const char *c = p;

	(void)arg;
	(void)fd;
	while (n) {
		ssize_t k = write(STDOUT_FILENO, c, n);

		if (k < 0 && errno == EAGAIN) {
			struct pollfd pfd = {STDOUT_FILENO, POLLOUT, 0};

			poll(&pfd, 1, 1000);
		} else if (k < 0 && errno != EINTR) {
			return err_sys(e, "the terminal");
		}
		if (k > 0) {
			c += k;
			n -= (size_t)k;
		}
	}
	return 0;
}

static bool leaves(struct term *t, const char *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (t->typed == TYPED_TILDE && p[i] == '.')
			return true;
		if (p[i] == '\r' || p[i] == '\n')
			t->typed = TYPED_NEWLINE;
		else
			t->typed = t->typed == TYPED_NEWLINE && p[i] == '~' ? TYPED_TILDE
			                                                    : TYPED_OTHER;
	}
	return false;
}

static int on_input(void *arg, void *p, size_t n, struct err *e)
{
	int k = remote_stdin(NULL, p, n < 4096 ? n : 4096, e);

	if (k > 0 && leaves(arg, p, (size_t)k))
		return err_set(e, E_INTR, "left with ~.");
	return k;
}

/* No signal handler: the size is looked at a few times a second. */
static void on_tick(void *arg, struct remote *r)
{
	struct term *t = arg;
	struct winsize ws;
	struct err ignored;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &ws) < 0 ||
		(ws.ws_row == t->size.ws_row && ws.ws_col == t->size.ws_col))
		return;
	t->size = ws;
	automsg *m = msg_new();
	msg_add_i64(m, "rows", ws.ws_row);
	msg_add_i64(m, "cols", ws.ws_col);
	wire_add_msg(&r->out, WIRE_WINDOW, r->last_id, m, &ignored);
}

static int copy_request(const struct msg *req, struct msg **out, struct err *e)
{
	autostr enc = STR_INIT;
	int rc;

	if (!req) {
		*out = msg_new();
		return 0;
	}
	rc = msg_encode(req, &enc, e);
	return rc < 0 ? rc : msg_decode(out, str_c(&enc), enc.len, e);
}

int remote_terminal(struct remote *r, const char *op, const struct msg *req, struct err *e)
{
	struct term t = {.r = r, .typed = TYPED_NEWLINE};
	struct remote_events ev = {.data = on_data,
		.input = on_input,
		.arg = &t,
		.input_fd = STDIN_FILENO};
	struct remote_extra x = {.tick = on_tick, .arg = &t};
	automsg *full = NULL, *ans = NULL;
	struct termios raw;
	int rc;

	if (tcgetattr(STDIN_FILENO, &t.saved) < 0 || !isatty(STDOUT_FILENO))
		return err_set(e, E_USAGE,
			"a terminal is needed; \"exec\" runs commands without one");
	if ((rc = copy_request(req, &full, e)) < 0)
		return rc;
	ioctl(STDOUT_FILENO, TIOCGWINSZ, &t.size);
	msg_add_i64(full, "rows", t.size.ws_row ? t.size.ws_row : 24);
	msg_add_i64(full, "cols", t.size.ws_col ? t.size.ws_col : 80);
	msg_add_text(full, "term", getenv("TERM"));
	autoclean(term_release) struct term *guard = &t;
	raw = t.saved;
	cfmakeraw(&raw);
	tcsetattr(STDIN_FILENO, TCSADRAIN, &raw);
	(void)guard;
	if ((rc = remote_call_with(r, op, NULL, full, &ev, &x, &ans, e)) < 0)
		return rc;
	return (int)(msg_i64(ans, "status", 255) & 0xff);
}
