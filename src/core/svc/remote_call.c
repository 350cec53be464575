/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "svc/remote_conn.h"

#define AHEAD     (256u << 10) /* bytes of input kept ready to go */
#define CANCEL_MS 8000         /* the agent may take to stop what it does */
#define TICK_MS   250

static const struct remote_events no_events;
static const struct remote_extra no_extra;

struct calling {
	struct remote *r;
	const struct remote_events *ev;
	const struct remote_extra *x;
	uint32_t id;
	bool done, input_ended, starved; /* starved: the input has nothing at the moment */
	int64_t cancel_by;               /* ms; 0: not cancelled */
	struct err why;                  /* why we cancelled */
	int64_t moved;                   /* when bytes last went out */
	char *buf;
	struct msg *ans;
};

static void calling_release(struct calling *c)
{
	free(c->buf);
	msg_free(c->ans);
}

/* ---- frames that came ---- */

static bool known_code(int64_t code)
{
	return (code <= E_FAIL && code >= E_INTEGRITY) || code == E_INTR;
}

/* The agent's error is its word, not ours: only codes we know, only clean text. */
static int take_error(struct calling *c, const struct wire_frame *f, struct err *e)
{
	automsg *m = NULL;
	autostr text = STR_INIT;
	const char *message;
	int64_t code;
	int r = msg_decode(&m, f->p, f->n, e);

	if (r < 0)
		return r;
	message = msg_text(m, "message");
	code = msg_i64(m, "code", E_FAIL);
	if (message)
		str_add_clean(&text, message, strlen(message), false);
	c->done = true;
	return err_set(e, known_code(code) ? (int)code : E_FAIL, "server %s: %s", c->r->link.name,
		text.len ? str_c(&text) : "failed");
}

static int take_data(struct calling *c, const struct wire_frame *f, struct err *e)
{
	if (f->n < 1 || f->p[0] < 1 || f->p[0] > 2)
		return err_set(e, E_INTEGRITY, "data for a descriptor that is not there");
	if (!c->ev->data || c->cancel_by)
		return 0;
	return c->ev->data(c->ev->arg, f->p[0], f->p + 1, f->n - 1, e);
}

static int take_progress(struct calling *c, const struct wire_frame *f, struct err *e)
{
	automsg *m = NULL;
	autostr step = STR_INIT;
	const char *text;
	int r = msg_decode(&m, f->p, f->n, e);

	if (r < 0 || !c->ev->progress)
		return r;
	text = msg_text(m, "step");
	if (text)
		str_add_clean(&step, text, strlen(text), false);
	c->ev->progress(c->ev->arg, str_c(&step), msg_i64(m, "done", 0), msg_i64(m, "total", 0));
	return 0;
}

static void cancel(struct calling *c, const struct err *why)
{
	if (c->cancel_by)
		return;
	c->cancel_by = link_now() + CANCEL_MS;
	c->input_ended = true;
	c->why = *why;
	wire_add(&c->r->out, WIRE_CANCEL, c->id, NULL, 0);
}

/* What is not a frame for us to have breaks the connection; what our listener says cancels. */
static int take_frame(struct calling *c, const struct wire_frame *f, struct err *e)
{
	struct err why = {0};

	if (f->id != c->id && !(f->id == 0 && f->kind == WIRE_ERROR))
		return err_set(e, E_INTEGRITY, "a frame for a request that was not made");
	switch (f->kind) {
	case WIRE_ANSWER:
		c->done = true;
		return msg_decode(&c->ans, f->p, f->n, e);
	case WIRE_ERROR:
		return take_error(c, f, e);
	case WIRE_PROGRESS:
		return take_progress(c, f, e);
	case WIRE_DATA:
		if (take_data(c, f, &why) < 0)
			cancel(c, &why);
		return 0;
	default:
		return err_set(e, E_INTEGRITY, "a frame of kind %d is not allowed", f->kind);
	}
}

static int take_frames(struct calling *c, struct err *e)
{
	struct wire_frame f;
	int r = 0;

	while (!c->done && (r = wire_next(&c->r->in, &f, e)) > 0)
		if ((r = take_frame(c, &f, e)) < 0)
			break;
	if (r < 0 && !c->done) {
		c->r->broken = true;
		return err_wrap(e, "server %s: what the agent sent is refused", c->r->link.name);
	}
	return r < 0 ? r : 0;
}

/* ---- frames that go ---- */

static int add_request(struct calling *c, const char *op, const char *job, const struct msg *req,
	struct err *e)
{
	automsg *m = msg_new();
	autostr enc = STR_INIT;
	struct msg *copy = NULL;
	int r;

	msg_add_text(m, "op", op);
	msg_add_text(m, "job", job);
	if (req) {
		if ((r = msg_encode(req, &enc, e)) < 0 ||
			(r = msg_decode(&copy, str_c(&enc), enc.len, e)) < 0)
			return r;
		msg_add_msg(m, "req", copy);
	}
	return wire_add_msg(&c->r->out, WIRE_REQUEST, c->id, m, e);
}

/* Keep some input ready to go; with none there now, starved tells to wait for it. */
static void feed(struct calling *c)
{
	struct err why = {0};
	int n;

	c->starved = false;
	if (!c->ev->input && !c->input_ended) {
		c->input_ended = true;
		wire_add(&c->r->out, WIRE_INPUT, c->id, NULL, 0);
	}
	while (!c->input_ended && remote_unsent(c->r) < AHEAD) {
		n = c->ev->input(c->ev->arg, c->buf, WIRE_CHUNK, &why);
		if (n == REMOTE_AGAIN) {
			c->starved = true;
			return;
		}
		if (n < 0) {
			cancel(c, &why);
			return;
		}
		c->input_ended = n == 0;
		wire_add(&c->r->out, WIRE_INPUT, c->id, c->buf, (size_t)n);
	}
}

static int check_stall(struct calling *c, int sent, struct err *e)
{
	int64_t now = link_now();

	if (sent || !remote_unsent(c->r))
		c->moved = now;
	if (!c->x->stall || now - c->moved < (int64_t)c->x->stall * 1000)
		return 0;
	c->r->broken = true;
	return err_set(e, E_UNREACH, "server %s: the transfer has stalled for %d s",
		c->r->link.name, c->x->stall);
}

static int give_up(struct calling *c, struct err *e)
{
	c->r->broken = true;
	*e = c->why;
	return e->code;
}

static int turn(struct calling *c, struct err *e)
{
	size_t before;
	int r, moved;

	if (c->x->tick)
		c->x->tick(c->x->arg, c->r);
	if (interrupted && !c->cancel_by && err_interrupted(e))
		cancel(c, e);
	feed(c);
	before = remote_unsent(c->r);
	if ((moved = remote_move(c->r, e)) < 0)
		return moved;
	if ((r = take_frames(c, e)) < 0 || c->done)
		return r;
	if (c->cancel_by && link_now() > c->cancel_by)
		return give_up(c, e);
	if ((r = check_stall(c, before != remote_unsent(c->r), e)) < 0 || moved)
		return r;
	/* An interrupt is not the end: the agent was told, and what it answers still counts. */
	return link_poll(&c->r->link, c->starved ? c->ev->input_fd : -1, TICK_MS, e);
}

int remote_call_with(struct remote *r, const char *op, const char *job, const struct msg *req,
	const struct remote_events *ev, const struct remote_extra *x, struct msg **ans,
	struct err *e)
{
	autoclean(calling_release) struct calling c = {.r = r,
		.ev = ev ? ev : &no_events,
		.x = x ? x : &no_extra,
		.id = ++r->last_id,
		.buf = ev && ev->input ? mem_alloc(WIRE_CHUNK) : NULL,
		.moved = link_now()};
	int rc;

	if ((rc = add_request(&c, op, job, req, e)) < 0)
		return rc;
	while ((rc = turn(&c, e)) == 0 && !c.done)
		;
	if (rc < 0 && !c.done)
		r->broken = true;
	if (c.cancel_by && (rc == E_INTR || rc == E_UNREACH || (rc == 0 && c.why.code != E_INTR))) {
		*e = c.why;
		return e->code;
	}
	if (rc < 0)
		return rc;
	if (ans)
		*ans = steal(&c.ans);
	return 0;
}

int remote_call(struct remote *r, const char *op, const char *job, const struct msg *req,
	const struct remote_events *ev, struct msg **ans, struct err *e)
{
	return remote_call_with(r, op, job, req, ev, NULL, ans, e);
}

int remote_stdin(void *arg, void *p, size_t n, struct err *e)
{
	struct pollfd pfd = {STDIN_FILENO, POLLIN, 0};
	ssize_t k;

	(void)arg;
	if (poll(&pfd, 1, 0) <= 0)
		return REMOTE_AGAIN;
	k = read(STDIN_FILENO, p, n);
	if (k < 0)
		return errno == EINTR || errno == EAGAIN ? REMOTE_AGAIN
		                                         : err_sys(e, "standard input");
	return (int)k;
}
