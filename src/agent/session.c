/* SPDX-License-Identifier: MIT */
#include "agent/session.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#define INPUT_MAX   (1u << 20)   /* bytes of input kept before we stop reading */
#define IDLE_MS     (600 * 1000) /* a session without a request ends after that */
#define PROGRESS_MS 100

void session_release(struct agent *a)
{
	wire_in_release(&a->wire);
	str_release(&a->input);
}

/* ---- out ---- */

static int write_all(struct agent *a, const char *p, size_t n, struct err *e)
{
	while (n && !a->gone) {
		ssize_t k = write(a->out, p, n);

		if (k >= 0) {
			p += k;
			n -= (size_t)k;
		} else if (errno != EINTR) {
			a->gone = true;
		}
	}
	return a->gone ? err_set(e, E_UNREACH, "the control center is gone") : 0;
}

int session_send(struct agent *a, enum wire_kind kind, const void *p, size_t n, struct err *e)
{
	autostr s = STR_INIT;

	wire_add(&s, kind, a->id, p, n);
	return write_all(a, s.p, s.len, e);
}

int session_send_msg(struct agent *a, enum wire_kind kind, const struct msg *m, struct err *e)
{
	autostr s = STR_INIT;
	int r = wire_add_msg(&s, kind, a->id, m, e);

	return r < 0 ? r : write_all(a, s.p, s.len, e);
}

void agent_progress(struct agent *a, const char *step, int64_t done, int64_t total)
{
	int64_t now = now_ms();
	struct err ignored;

	if (a->local || (done != total && now - a->told < PROGRESS_MS))
		return;
	automsg *m = msg_new();
	a->told = now;
	msg_add_text(m, "step", step);
	msg_add_i64(m, "done", done);
	msg_add_i64(m, "total", total);
	session_send_msg(a, WIRE_PROGRESS, m, &ignored);
}

static int output_local(int fd, const char *p, size_t n, struct err *e)
{
	while (n) {
		ssize_t k = write(fd, p, n);

		if (k < 0 && errno != EINTR)
			return err_sys(e, "descriptor %d", fd);
		if (k > 0) {
			p += k;
			n -= (size_t)k;
		}
	}
	return 0;
}

int agent_output(struct agent *a, int fd, const void *p, size_t n, struct err *e)
{
	const char *bytes = p;
	int r = 0;

	if (a->local)
		return output_local(fd, p, n, e);
	for (size_t off = 0, k; off < n && r == 0; off += k) {
		autostr s = STR_INIT;

		k = n - off < WIRE_CHUNK ? n - off : WIRE_CHUNK;
		str_reserve(&s, k + 1);
		str_addc(&s, (char)fd);
		str_addn(&s, bytes + off, k);
		r = session_send(a, WIRE_DATA, s.p, s.len, e);
	}
	return r;
}

/* ---- in ---- */

static int end_connection(struct agent *a, struct err *e)
{
	a->gone = a->cancelled = a->input_end = true;
	return err_set(e, E_UNREACH, "the control center is gone");
}

/* Read once from the connection; blocks when nothing is there. */
static int read_more(struct agent *a, struct err *e)
{
	size_t n;
	char *p = wire_room(&a->wire, &n);
	ssize_t k = read(a->in, p, n);

	if (k < 0 && errno == EINTR)
		return 0;
	if (k <= 0)
		return end_connection(a, e);
	wire_fed(&a->wire, (size_t)k);
	return 0;
}

static void take_window(struct agent *a, const struct wire_frame *f)
{
	automsg *m = NULL;
	struct err ignored;

	if (msg_decode(&m, f->p, f->n, &ignored) < 0)
		return;
	a->rows = (unsigned short)msg_i64(m, "rows", 24);
	a->cols = (unsigned short)msg_i64(m, "cols", 80);
	a->resized = true;
}

/* A frame that may come while a request is worked on; what belongs to an earlier one is ignored. */
static int take_frame(struct agent *a, const struct wire_frame *f, struct err *e)
{
	if (f->kind != WIRE_INPUT && f->kind != WIRE_CANCEL && f->kind != WIRE_WINDOW)
		return err_set(e, E_INTEGRITY, "a frame of kind %d is not allowed now", f->kind);
	if (f->id != a->id || a->id == 0)
		return 0;
	if (f->kind == WIRE_CANCEL)
		a->cancelled = true;
	else if (f->kind == WIRE_WINDOW)
		take_window(a, f);
	else if (f->n == 0)
		a->input_end = true;
	else if (!a->input_end)
		str_addn(&a->input, f->p, f->n);
	return 0;
}

static int take_frames(struct agent *a, struct err *e)
{
	struct wire_frame f;
	int r;

	while ((r = wire_next(&a->wire, &f, e)) > 0)
		if ((r = take_frame(a, &f, e)) < 0)
			break;
	if (r < 0)
		a->gone = a->cancelled = a->input_end = true;
	return r;
}

static bool readable(int fd, int timeout)
{
	struct pollfd pfd = {.fd = fd, .events = POLLIN};

	return poll(&pfd, 1, timeout) > 0;
}

static int input_local(struct agent *a, void *p, size_t n, struct err *e)
{
	ssize_t k;

	do {
		k = read(a->in, p, n);
	} while (k < 0 && errno == EINTR);
	return k < 0 ? err_sys(e, "standard input") : (int)k;
}

/* Standard input as it comes, so that its end is seen while the operation goes on. */
static int pump_local(struct agent *a, struct err *e)
{
	char buf[4096];
	int k = 1;

	while (k > 0 && !a->input_end && a->input.len - a->input_off < INPUT_MAX &&
		readable(a->in, 0)) {
		k = input_local(a, buf, sizeof(buf), e);
		if (k > 0)
			str_addn(&a->input, buf, (size_t)k);
		a->input_end = k <= 0;
	}
	return k < 0 ? k : 0;
}

int agent_pump(struct agent *a, struct err *e)
{
	int r = 0;

	if (a->local)
		return pump_local(a, e);
	if (a->gone)
		return err_set(e, E_UNREACH, "the control center is gone");
	if ((r = take_frames(a, e)) < 0)
		return r;
	while (a->input.len - a->input_off < INPUT_MAX && readable(a->in, 0))
		if ((r = read_more(a, e)) < 0 || (r = take_frames(a, e)) < 0)
			return r;
	return 0;
}

bool agent_cancelled(struct agent *a)
{
	struct err ignored;

	agent_pump(a, &ignored);
	return a->cancelled || interrupted;
}

int agent_input_fd(struct agent *a)
{
	return a->gone || (a->local && a->input_end) ? -1 : a->in;
}

size_t agent_input_ready(struct agent *a, bool *end)
{
	*end = a->input_end;
	return a->input.len - a->input_off;
}

bool agent_window(struct agent *a, unsigned short *rows, unsigned short *cols)
{
	bool was = a->resized;

	*rows = a->rows;
	*cols = a->cols;
	a->resized = false;
	return was;
}

static int input_take(struct agent *a, void *p, size_t n)
{
	size_t have = a->input.len - a->input_off;

	if (n > have)
		n = have;
	memcpy(p, a->input.p + a->input_off, n);
	a->input_off += n;
	str_drop_used(&a->input, &a->input_off, WIRE_CHUNK);
	return (int)n;
}

int agent_input(struct agent *a, void *p, size_t n, struct err *e)
{
	int r;

	if (a->local && a->input.len > a->input_off)
		return input_take(a, p, n);
	if (a->local)
		return a->input_end ? 0 : input_local(a, p, n, e);
	if ((r = take_frames(a, e)) < 0)
		return r;
	while (a->input.len == a->input_off && !a->input_end && !a->cancelled)
		if ((r = read_more(a, e)) < 0 || (r = take_frames(a, e)) < 0)
			return r;
	if (a->cancelled)
		return err_set(e, a->gone ? E_UNREACH : E_INTR, "%s",
			a->gone ? "the connection was lost" : "interrupted");
	return n && a->input.len > a->input_off ? input_take(a, p, n) : 0;
}

/* ---- requests ---- */

static int send_hello(struct agent *a, struct err *e)
{
	automsg *m = msg_new();

	msg_add_i64(m, "wire", WIRE_VERSION);
	msg_add_text(m, "version", SXC_VERSION);
	return session_send_msg(a, WIRE_HELLO, m, e);
}

static int send_error(struct agent *a, const struct err *why, struct err *e)
{
	automsg *m = msg_new();
	autostr text = STR_INIT;

	str_add_clean(&text, why->msg, strlen(why->msg), false);
	msg_add_i64(m, "code", why->code);
	msg_add_text(m, "message", str_c(&text));
	return session_send_msg(a, WIRE_ERROR, m, e);
}

static int take_hello(struct agent *a, const struct wire_frame *f, struct err *e)
{
	automsg *m = NULL;
	struct err why;
	int r = msg_decode(&m, f->p, f->n, e);

	if (r < 0)
		return r;
	if (msg_i64(m, "wire", 0) != WIRE_VERSION) {
		r = err_set(&why, E_STATE,
			"agent %s speaks version %d of the wire, the control center %lld",
			SXC_VERSION, WIRE_VERSION, (long long)msg_i64(m, "wire", 0));
		send_error(a, &why, e);
		*e = why;
		return r;
	}
	a->greeted = true;
	return 0;
}

static void begin_request(struct agent *a, uint32_t id)
{
	a->id = id;
	a->cancelled = a->input_end = a->resized = false;
	a->told = 0;
	a->input_off = 0;
	str_clear(&a->input);
}

static int answer(struct agent *a, const struct msg *m, struct err *e)
{
	automsg *ans = NULL;
	const char *op;
	struct err why = {0};
	int r = msg_need_text(m, "op", &op, &why);

	if (r == 0)
		r = dispatch(a, op, msg_text(m, "job"), msg_sub(m, "req"), &ans, &why);
	if (r == 0 && (r = session_send_msg(a, WIRE_ANSWER, ans, &why)) == 0)
		return 0;
	if (a->gone)
		return err_set(e, E_UNREACH, "the control center is gone");
	why.code = r;
	return send_error(a, &why, e);
}

static int take_request(struct agent *a, const struct wire_frame *f, struct err *e)
{
	automsg *m = NULL;
	int r;

	if (!a->greeted || f->id == 0)
		return err_set(e, E_INTEGRITY, "a request before the hello, or without a number");
	if ((r = msg_decode(&m, f->p, f->n, e)) < 0)
		return r;
	begin_request(a, f->id);
	r = answer(a, m, e);
	a->id = 0;
	return r;
}

static int take_idle(struct agent *a, const struct wire_frame *f, struct err *e)
{
	switch (f->kind) {
	case WIRE_HELLO:
		return take_hello(a, f, e);
	case WIRE_REQUEST:
		return take_request(a, f, e);
	case WIRE_INPUT:
	case WIRE_CANCEL:
	case WIRE_WINDOW:
		return 0; /* meant for a request that has ended meanwhile */
	default:
		return err_set(e, E_INTEGRITY, "a frame of kind %d is not allowed", f->kind);
	}
}

static int serve(struct agent *a, struct err *e)
{
	struct wire_frame f;
	int r;

	while ((r = wire_next(&a->wire, &f, e)) >= 0) {
		if (r > 0)
			r = take_idle(a, &f, e);
		else if (!readable(a->in, IDLE_MS))
			return 0;
		else
			r = read_more(a, e);
		if (r < 0)
			break;
	}
	return r == E_UNREACH ? 0 : r;
}

int session_serve(int in, int out, struct err *e)
{
	autoclean(session_release) struct agent a = {.in = in, .out = out};
	int r = send_hello(&a, e);

	if (r == 0)
		r = serve(&a, e);
	if (r < 0 && !a.gone && r != E_STATE) {
		struct err why = *e;

		a.id = 0;
		send_error(&a, &why, e);
		*e = why;
	}
	return r;
}
