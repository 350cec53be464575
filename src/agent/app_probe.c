/* SPDX-License-Identifier: MIT */
/*
 * Asking a port what it is, as a visitor would. What answers is under the control of whoever is
 * root inside: every wait, line and answer has a bound, and nothing of it is shown.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <regex.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "agent/app.h"
#include "agent/ps.h"

#define PORT_MS      5000
#define COMMAND_TIME 30
#define ANSWER_MAX   65536
#define LINE_BYTES   1024
#define LINES_MAX    64

/* ---- sockets ---- */

/* All that one port is asked takes at most PORT_MS. */
struct talk {
	int fd;
	int64_t end;
	size_t at; /* bytes of answer that were looked at */
	struct str answer;
};

static void talk_release(struct talk *t)
{
	if (t->fd >= 0)
		close(t->fd);
	str_release(&t->answer);
}

static int wait_for(struct talk *t, short what, struct err *e)
{
	struct pollfd p = {.fd = t->fd, .events = what};
	int64_t left = t->end - now_ms();
	int n = left > 0 ? poll(&p, 1, (int)left) : 0;

	if (n < 0)
		return err_sys(e, "poll");
	return n ? 0 : err_set(e, E_FAIL, "no answer within %d seconds", PORT_MS / 1000);
}

static int reach(struct talk *t, const char *address, int port, int type, struct err *e)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
	socklen_t len = sizeof(int);
	int failed = 0, r;

	t->end = now_ms() + PORT_MS;
	t->fd = socket(AF_INET, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (t->fd < 0 || inet_pton(AF_INET, address, &to.sin_addr) != 1)
		return err_sys(e, "%s", address);
	if (connect(t->fd, (struct sockaddr *)&to, sizeof(to)) == 0)
		return 0;
	if (errno != EINPROGRESS)
		return err_sys(e, "cannot connect");
	if ((r = wait_for(t, POLLOUT, e)) < 0)
		return r;
	getsockopt(t->fd, SOL_SOCKET, SO_ERROR, &failed, &len);
	return failed ? err_set(e, E_FAIL, "cannot connect: %s", strerror(failed)) : 0;
}

static int say(struct talk *t, const void *p, size_t n, struct err *e)
{
	int r = wait_for(t, POLLOUT, e);

	if (r < 0)
		return r;
	return send(t->fd, p, n, MSG_NOSIGNAL) == (ssize_t)n ? 0 : err_sys(e, "cannot ask");
}

/* More of the answer: 1, 0 at its end. */
static int hear(struct talk *t, struct err *e)
{
	char buf[4096];
	ssize_t n;
	int r;

	if (t->answer.len >= ANSWER_MAX)
		return 0;
	if ((r = wait_for(t, POLLIN, e)) < 0)
		return r;
	if ((n = read(t->fd, buf, sizeof(buf))) < 0)
		return err_sys(e, "no answer");
	for (ssize_t i = 0; i < n; i++)
		if (!buf[i])
			buf[i] = ' '; /* texts end at a zero */
	str_addn(&t->answer, buf, (size_t)n);
	return n > 0;
}

/* ---- answers ---- */

static int match(const char *expect, const char *text, struct err *e)
{
	regex_t re;
	int r;

	if (!expect)
		return 0;
	if (regcomp(&re, expect, REG_EXTENDED | REG_NOSUB | REG_NEWLINE) != 0)
		return err_set(e, E_USAGE, "\"expect\" is no expression");
	r = regexec(&re, text, 0, NULL, 0);
	regfree(&re);
	return r == 0 ? 0 : err_set(e, E_FAIL, "the answer does not hold '%s'", expect);
}

/* A status line below 500 is an application that works: RFC 9112, 4. */
static int ask_http(struct talk *t, const struct wrapper_probe *p, struct err *e)
{
	autofree char *ask =
		str_fmt("GET %s HTTP/1.0\r\nHost: localhost\r\nConnection: close\r\n\r\n", p->path);
	const char *text, *body;
	int r = say(t, ask, strlen(ask), e);

	while (r >= 0 && (p->expect || t->answer.len < 12) && (r = hear(t, e)) > 0)
		;
	if (r < 0)
		return r;
	text = str_c(&t->answer);
	if (strncmp(text, "HTTP/1.", 7) != 0 || t->answer.len < 12 || text[8] != ' ' ||
		!strchr("1234", text[9]))
		return err_set(e, E_FAIL, "the answer is not a good one of HTTP");
	body = strstr(text, "\r\n\r\n");
	return match(p->expect, body ? body + 4 : "", e);
}

/* The next line of the answer, without its end; valid until the next call. */
static int next_line(struct talk *t, char line[LINE_BYTES], struct err *e)
{
	const char *end;
	int r;

	while (!(end = strchr(str_c(&t->answer) + t->at, '\n'))) {
		if (t->answer.len - t->at >= LINE_BYTES)
			return err_set(e, E_FAIL, "a line of the answer has no end");
		if ((r = hear(t, e)) <= 0)
			return r < 0 ? r : err_set(e, E_FAIL, "the answer ended early");
	}
	const char *from = str_c(&t->answer) + t->at;
	size_t n = (size_t)(end - from);

	t->at += n + 1;
	if (n >= LINE_BYTES)
		return err_set(e, E_FAIL, "a line of the answer has no end");
	memcpy(line, from, n);
	line[n && line[n - 1] == '\r' ? n - 1 : n] = '\0';
	return 0;
}

/* Lines that only lead to the last one: "250-…" of RFC 5321, "\"NAME\" …" of RFC 5804. */
static bool goes_on(const char *line, const char *want)
{
	return line[0] == '"' ||
	       (strncmp(line, want, 3) == 0 && strlen(line) > 3 && line[3] == '-');
}

static int await(struct talk *t, const char *want, struct err *e)
{
	char line[LINE_BYTES];
	int r;

	for (int i = 0; i < LINES_MAX; i++) {
		if ((r = next_line(t, line, e)) < 0)
			return r;
		if (str_starts(line, want))
			return 0;
		if (!goes_on(line, want))
			break;
	}
	return err_set(e, E_FAIL, "the answer is not '%s…'", want);
}

/* What a server says first, what it is told, and what it says then. */
static const struct turns {
	const char *greeting, *ask, *answer, *leave;
} turns[PROBE_KINDS] = {
	[PROBE_SMTP] = {"220 ", "EHLO localhost\r\n", "250 ", "QUIT\r\n"}, /* RFC 5321 */
	[PROBE_IMAP] = {"* OK", "1 NOOP\r\n", "1 OK", "2 LOGOUT\r\n"},     /* RFC 9051 */
	[PROBE_POP3] = {"+OK", "QUIT\r\n", "+OK", NULL},                   /* RFC 1939 */
	[PROBE_SIEVE] = {"OK", "LOGOUT\r\n", "OK", NULL},                  /* RFC 5804 */
	[PROBE_FTP] = {"220 ", "QUIT\r\n", "221 ", NULL},                  /* RFC 959 */
};

static int ask_lines(struct talk *t, const struct wrapper_probe *p, struct err *e)
{
	const struct turns *w = &turns[p->kind];
	struct err ignored;
	int r;

	if ((r = await(t, w->greeting, e)) < 0 || (r = say(t, w->ask, strlen(w->ask), e)) < 0 ||
		(r = await(t, w->answer, e)) < 0)
		return r;
	if (w->leave)
		say(t, w->leave, strlen(w->leave), &ignored);
	return match(p->expect, str_c(&t->answer), e);
}

/* Protocol::HandshakeV10: a header of four bytes, then the version of the protocol. */
static int ask_mysql(struct talk *t, struct err *e)
{
	int r = 1;

	while (t->answer.len < 6 && (r = hear(t, e)) > 0)
		;
	if (r < 0)
		return r;
	return t->answer.len >= 6 && t->answer.p[4] == 10
	               ? 0
	               : err_set(e, E_FAIL, "the answer is no handshake of MySQL");
}

/* ---- DNS: RFC 1035, 4.1 ---- */

#define DNS_ID   0x5358
#define DNS_HEAD 12

/* A question for the SOA of a name, recursion not wanted; its length. */
static size_t dns_question(const char *name, unsigned char buf[512])
{
	static const unsigned char head[DNS_HEAD] = {DNS_ID >> 8, DNS_ID & 255, 0, 0, 0, 1};
	static const unsigned char tail[] = {0, 0, 6, 0, 1}; /* end of the name, SOA, IN */
	size_t n = DNS_HEAD;

	memcpy(buf, head, sizeof(head));
	for (const char *p = name; *p; p += strcspn(p, ".") + (p[strcspn(p, ".")] == '.')) {
		size_t len = strcspn(p, ".");

		buf[n++] = (unsigned char)(len & 63);
		memcpy(buf + n, p, len & 63);
		n += len & 63;
	}
	memcpy(buf + n, tail, sizeof(tail));
	return n + sizeof(tail);
}

/* Over UDP; the answer is ours, without an error, with authority, and not empty. */
static int ask_dns(const char *address, int port, const struct wrapper_probe *p, struct err *e)
{
	autoclean(talk_release) struct talk t = {.fd = -1};
	unsigned char buf[512];
	ssize_t n;
	int r;

	if ((r = reach(&t, address, port, SOCK_DGRAM, e)) < 0 ||
		(r = say(&t, buf, dns_question(p->name, buf), e)) < 0 ||
		(r = wait_for(&t, POLLIN, e)) < 0)
		return r;
	if ((n = recv(t.fd, buf, sizeof(buf), 0)) < 0)
		return err_sys(e, "no answer");
	if (n < DNS_HEAD || buf[0] != DNS_ID >> 8 || buf[1] != (DNS_ID & 255) || !(buf[2] & 0x80))
		return err_set(e, E_FAIL, "the answer is not one of the DNS");
	if ((buf[3] & 15) != 0 || !(buf[2] & 4) || (buf[6] == 0 && buf[7] == 0))
		return err_set(e, E_FAIL, "it does not serve %s (status %d)", p->name, buf[3] & 15);
	return 0;
}

/* ---- one service ---- */

static int ask_tcp(const char *address, int port, const struct wrapper_probe *p, struct err *e)
{
	autoclean(talk_release) struct talk t = {.fd = -1};
	int r = reach(&t, address, port, SOCK_STREAM, e);

	if (r < 0 || p->kind == PROBE_TCP || p->kind == PROBE_DNS)
		return r;
	if (p->kind == PROBE_HTTP)
		return ask_http(&t, p, e);
	return p->kind == PROBE_MYSQL ? ask_mysql(&t, e) : ask_lines(&t, p, e);
}

static int ask_port(const char *address, const struct wrapper_port *port,
	const struct wrapper_probe *p, struct err *e)
{
	int r = 0;

	if (!port->udp)
		r = ask_tcp(address, port->port, p, e);
	else if (p->kind == PROBE_DNS)
		r = ask_dns(address, port->port, p, e);
	return r < 0 ? err_wrap(e, "port %d", port->port) : 0;
}

static int ask_command(const char *ps, const struct wrapper_probe *p, struct err *e)
{
	autostrvec argv = {0};
	autostr out = STR_INIT;
	int r;

	for (size_t i = 0; i < p->run.n; i++)
		strvec_push(&argv, p->run.v[i]);
	if ((r = inside_output(ps, strvec_argv(&argv), COMMAND_TIME, &out, e)) < 0)
		return r;
	for (size_t i = 0; i < out.len; i++)
		if (!out.p[i])
			out.p[i] = ' ';
	return match(p->expect, str_c(&out), e) < 0 ? err_wrap(e, "%s", p->run.v[0]) : 0;
}

int app_probe(const char *ps, const struct wrapper_service *s, struct err *e)
{
	autofree char *address = NULL;
	int r;

	if (s->probe.kind == PROBE_NONE)
		return 0;
	if (s->probe.kind == PROBE_COMMAND)
		return ask_command(ps, &s->probe, e);
	if ((r = place_address(ps, &address, e)) < 0)
		return r;
	for (size_t i = 0; i < s->ports.n; i++)
		if ((r = ask_port(address, &s->ports.v[i], &s->probe, e)) < 0)
			return r;
	return 0;
}
