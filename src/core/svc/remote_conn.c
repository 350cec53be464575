/* SPDX-License-Identifier: MIT */
#include "svc/remote_conn.h"

#include <string.h>

#define AGENT_COMMAND "exec " REMOTE_AGENT " serve"
#define ERRS_MAX      512
#define STATUS_MS     2000         /* how long the exit status may come behind the output */
#define SEND_MAX      (128u << 10) /* handed to libssh at once */
#define READ_MAX      (1u << 20) /* read in one turn, so that one stream does not hold up others */

size_t remote_unsent(const struct remote *r)
{
	return r->out.len - r->out_off;
}

/* ---- bytes ---- */

/* libssh queues what the window lets through; as long as its queue is not empty, we wait. */
static int send_out(struct remote *r, struct err *e)
{
	size_t n = remote_unsent(r);
	int k;

	if (n == 0 || ssh_channel_window_size(r->ch) == 0 ||
		(ssh_get_poll_flags(r->link.ses) & SSH_WRITE_PENDING))
		return 0;
	k = ssh_channel_write(r->ch, r->out.p + r->out_off, n < SEND_MAX ? (uint32_t)n : SEND_MAX);
	if (k == SSH_ERROR)
		return link_error(&r->link, "sending", e);
	if (k <= 0)
		return 0;
	r->out_off += (size_t)k;
	str_drop_used(&r->out, &r->out_off, SEND_MAX);
	return k;
}

static int read_errs(struct remote *r, struct err *e)
{
	char buf[1024];
	int n = ssh_channel_read_nonblocking(r->ch, buf, sizeof(buf), 1);

	if (n == SSH_ERROR)
		return link_error(&r->link, "reading", e);
	if (n <= 0)
		return 0;
	if (r->errs.len < ERRS_MAX)
		str_addn(&r->errs, buf, (size_t)n);
	return n;
}

static int read_in(struct remote *r, struct err *e)
{
	int total = 0, n = 1;

	while (n > 0 && total < (int)READ_MAX) {
		size_t room;
		void *p = wire_room(&r->in, &room);

		n = ssh_channel_read_nonblocking(r->ch, p, (uint32_t)room, 0);
		if (n == SSH_ERROR)
			return link_error(&r->link, "reading", e);
		if (n <= 0)
			break;
		wire_fed(&r->in, (size_t)n);
		total += n;
	}
	if (total)
		r->link.heard = link_now();
	return total;
}

/* The exit status comes apart from the end of the output, perhaps a moment later; -1: none came. */
static int exit_status(struct remote *r)
{
	int64_t by = link_now() + STATUS_MS;
	int status;

	while ((status = ssh_channel_get_exit_status(r->ch)) < 0 && link_now() < by &&
		!ssh_channel_is_closed(r->ch) && link_wait(&r->link, -1, 100, NULL) == 0)
		;
	return status;
}

static int agent_ended(struct remote *r, struct err *e)
{
	int status = exit_status(r);
	autostr why = STR_INIT;
	size_t n = r->errs.len;

	while (n && r->errs.p[n - 1] == '\n')
		n--;
	str_add_clean(&why, str_c(&r->errs), n, false);
	if (status == 127 || status == 126)
		return err_set(e, E_STATE,
			"server %s: no agent there; put it there with \"sxc server upgrade %s\"",
			r->link.name, r->link.name);
	return err_set(e, E_UNREACH, "server %s: the agent ended%s%s", r->link.name,
		why.len ? ": " : "", str_c(&why));
}

int remote_move(struct remote *r, struct err *e)
{
	int sent = send_out(r, e), errs, got;

	/* What was read may have opened the window, and nothing else would wake us to use it. */
	if (sent < 0 || (errs = read_errs(r, e)) < 0 || (got = read_in(r, e)) < 0 ||
		(sent == 0 && (sent = send_out(r, e)) < 0)) {
		r->broken = true;
		return E_UNREACH;
	}
	if (sent + errs + got == 0 && ssh_channel_is_eof(r->ch)) {
		r->broken = true;
		return agent_ended(r, e);
	}
	return sent + errs + got;
}

/* ---- beginning and end ---- */

static int check_hello(struct remote *r, const struct wire_frame *f, struct err *e)
{
	automsg *m = NULL;
	const char *version;
	int rc;

	if (f->kind != WIRE_HELLO)
		return err_set(e, E_INTEGRITY, "what answers is not the agent");
	if ((rc = msg_decode(&m, f->p, f->n, e)) < 0)
		return rc;
	version = msg_text(m, "version");
	if (msg_i64(m, "wire", 0) == WIRE_VERSION && str_eq(version, SXC_VERSION))
		return 0;
	autostr clean = STR_INIT;
	if (version)
		str_add_clean(&clean, version, strlen(version), false);
	return err_set(e, E_STATE,
		"the agent there is of version %.40s, this is sxc %s: \"sxc server upgrade %s\"",
		str_c(&clean), SXC_VERSION, r->link.name);
}

static int wait_hello(struct remote *r, struct err *e)
{
	int64_t by = link_now() + (int64_t)r->link.timeout * 1000;
	struct wire_frame f;
	int rc;

	for (;;) {
		if (link_now() > by)
			return err_set(e, E_UNREACH, "server %s: the agent does not answer",
				r->link.name);
		if ((rc = remote_move(r, e)) < 0)
			return rc == E_UNREACH && ssh_channel_is_eof(r->ch) ? agent_ended(r, e)
			                                                    : rc;
		if ((rc = wire_next(&r->in, &f, e)) != 0)
			break;
		if ((rc = link_wait(&r->link, -1, 250, e)) < 0)
			return rc;
	}
	if (rc > 0)
		rc = check_hello(r, &f, e);
	return rc < 0 ? err_wrap(e, "server %s", r->link.name) : 0;
}

static int greet(struct remote *r, struct err *e)
{
	automsg *m = msg_new();

	msg_add_i64(m, "wire", WIRE_VERSION);
	msg_add_text(m, "version", SXC_VERSION);
	return wire_add_msg(&r->out, WIRE_HELLO, 0, m, e);
}

int remote_start(struct link *l, struct remote **out, struct err *e)
{
	struct remote *r = mem_zalloc(sizeof(*r));
	int rc;

	r->link = *l;
	*l = (struct link){.fd = -1};
	if ((rc = link_exec(&r->link, AGENT_COMMAND, &r->ch, e)) < 0 || (rc = greet(r, e)) < 0 ||
		(rc = wait_hello(r, e)) < 0) {
		remote_close(r);
		return rc;
	}
	*out = r;
	return 0;
}

void remote_close(struct remote *r)
{
	if (!r)
		return;
	link_channel_free(r->ch);
	link_close(&r->link);
	wire_in_release(&r->in);
	str_release(&r->out);
	str_release(&r->errs);
	free(r->key);
	free(r);
}

bool remote_alive(struct remote *r)
{
	struct err ignored;

	if (r->broken || !ssh_is_connected(r->link.ses))
		return false;
	if (remote_move(r, &ignored) < 0 || wire_held(&r->in) || remote_unsent(r))
		return false;
	r->link.heard = link_now(); /* it was not asked anything while it was idle */
	return true;
}
