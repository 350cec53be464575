/* SPDX-License-Identifier: MIT */
/* Is it up? Units by systemctl inside; ports are asked from the server, as a visitor would. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "agent/app.h"
#include "agent/ps.h"

#define UNIT_TIME 120
#define PORT_MS   5000

static int systemctl(const char *ps, const char *op, const char *unit, struct err *e)
{
	char prog[] = "systemctl", quiet[] = "--quiet";
	autofree char *verb = mem_strdup(op), *name = mem_strdup(unit);
	char *argv[] = {prog, quiet, verb, name, NULL};

	return inside_run(ps, argv, NULL, UNIT_TIME, e);
}

int app_unit(struct app_on *o, const char *op, const char *unit, struct err *e)
{
	return systemctl(o->ps, op, unit, e);
}

int app_units(struct app_on *o, const char *op, struct err *e)
{
	int r = 0;

	vec_each(&o->p->wrapper.services, s) {
		if (r == 0)
			r = systemctl(o->ps, op, s->unit, e);
	}
	return r;
}

bool app_is_active(struct app_on *o)
{
	struct err ignored;

	vec_each(&o->p->wrapper.services, s) {
		if (systemctl(o->ps, "is-active", s->unit, &ignored) == 0)
			return true;
	}
	return false;
}

/* ---- ports ---- */

static int wait_for(int fd, short what, struct err *e)
{
	struct pollfd p = {.fd = fd, .events = what};
	int n = poll(&p, 1, PORT_MS);

	if (n < 0)
		return err_sys(e, "poll");
	return n ? 0 : err_set(e, E_FAIL, "no answer within %d seconds", PORT_MS / 1000);
}

static int connect_to(const char *address, int port, int *out, struct err *e)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
	autoclose int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	socklen_t len = sizeof(int);
	int failed = 0, r;

	if (fd < 0 || inet_pton(AF_INET, address, &to.sin_addr) != 1)
		return err_sys(e, "%s", address);
	if (connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0) {
		if (errno != EINPROGRESS)
			return err_sys(e, "cannot connect");
		if ((r = wait_for(fd, POLLOUT, e)) < 0)
			return r;
		getsockopt(fd, SOL_SOCKET, SO_ERROR, &failed, &len);
		if (failed)
			return err_set(e, E_FAIL, "cannot connect: %s", strerror(failed));
	}
	*out = fd;
	fd = -1;
	return 0;
}

/* A status line below 500 is an application that works: RFC 9112, 4. */
static int ask_http(int fd, struct err *e)
{
	static const char ask[] = "GET / HTTP/1.0\r\nHost: localhost\r\nConnection: close\r\n\r\n";
	char buf[16] = "";
	size_t have = 0;
	ssize_t n;
	int r;

	if (send(fd, ask, sizeof(ask) - 1, MSG_NOSIGNAL) != sizeof(ask) - 1)
		return err_sys(e, "cannot ask");
	while (have < 12) {
		if ((r = wait_for(fd, POLLIN, e)) < 0)
			return r;
		if ((n = read(fd, buf + have, 12 - have)) <= 0)
			return err_set(e, E_FAIL, "the answer ended early");
		have += (size_t)n;
	}
	if (strncmp(buf, "HTTP/1.", 7) != 0 || buf[8] != ' ' || !strchr("1234", buf[9]))
		return err_set(e, E_FAIL, "the answer is not a good one of HTTP");
	return 0;
}

static int ask_port(const char *address, const struct wrapper_port *p, const char *probe,
	struct err *e)
{
	autoclose int fd = -1;
	int r = connect_to(address, p->port, &fd, e);

	if (r == 0 && strcmp(probe, "http") == 0)
		r = ask_http(fd, e);
	return r < 0 ? err_wrap(e, "port %d", p->port) : 0;
}

static int service_healthy(struct app_on *o, const struct wrapper_service *s, struct err *e)
{
	autofree char *address = NULL;
	int r = systemctl(o->ps, "is-active", s->unit, e);

	if (r < 0)
		return err_set(e, E_FAIL, "%s is not active", s->unit);
	if (!s->probe || (r = ps_address(o->ps, &address, e)) < 0)
		return r;
	for (size_t i = 0; i < s->ports.n; i++)
		if (!s->ports.v[i].udp && (r = ask_port(address, &s->ports.v[i], s->probe, e)) < 0)
			return err_wrap(e, "%s", s->unit);
	return 0;
}

int app_healthy(struct app_on *o, struct err *e)
{
	int r = 0;

	for (size_t i = 0; i < o->p->wrapper.services.n && r == 0; i++)
		r = service_healthy(o, &o->p->wrapper.services.v[i], e);
	return r;
}

static int64_t now_s(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec;
}

int app_wait_healthy(struct app_on *o, int seconds, struct err *e)
{
	int64_t end = now_s() + seconds;
	int r;

	while ((r = app_healthy(o, e)) < 0 && now_s() < end) {
		struct timespec pause = {.tv_sec = 1};

		nanosleep(&pause, NULL);
	}
	return r < 0 ? err_wrap(e, "%s did not come up", o->p->wrapper.app) : 0;
}
