/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "svc/remote_link.h"

/* A dead peer is noticed by the kernel as well: probes every few seconds, no endless resending. */
static void set_options(int fd, int timeout)
{
	int on = 1, idle = 5, between = 3, count = timeout / 3 > 1 ? timeout / 3 : 2;
	unsigned user = (unsigned)timeout * 1000;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof(idle));
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &between, sizeof(between));
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &count, sizeof(count));
	setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &user, sizeof(user));
}

/* 0, or an errno value. */
static int wait_connected(int fd, int64_t deadline, struct err *e)
{
	int error = 0;
	socklen_t n = sizeof(error);

	for (;;) {
		struct pollfd p = {fd, POLLOUT, 0};
		int64_t left = deadline - link_now();

		if (err_interrupted(e) < 0)
			return EINTR;
		if (left <= 0)
			return ETIMEDOUT;
		if (poll(&p, 1, left < 250 ? (int)left : 250) > 0)
			break;
	}
	getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &n);
	return error;
}

static int try_address(const struct addrinfo *ai, int timeout, int *out, struct err *e)
{
	autoclose int fd = socket(ai->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC,
		IPPROTO_TCP);
	int error = 0;

	if (fd < 0)
		return errno;
	if (connect(fd, ai->ai_addr, ai->ai_addrlen) < 0) {
		if (errno != EINPROGRESS)
			return errno;
		error = wait_connected(fd, link_now() + (int64_t)timeout * 1000, e);
	}
	if (error)
		return error;
	set_options(fd, timeout);
	*out = fd;
	fd = -1;
	return 0;
}

static int try_all(const struct addrinfo *list, int timeout, int *fd, struct err *e)
{
	int error = EADDRNOTAVAIL;

	for (const struct addrinfo *ai = list; ai; ai = ai->ai_next) {
		error = try_address(ai, timeout, fd, e);
		if (error == 0 || error == EINTR)
			break;
	}
	return error;
}

int tcp_connect(const char *name, const char *host, int port, int timeout, int *fd, struct err *e)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
	struct addrinfo *list;
	char service[16];
	int rc;

	snprintf(service, sizeof(service), "%d", port);
	rc = getaddrinfo(host, service, &hints, &list);
	if (rc != 0)
		return err_set(e, E_UNREACH, "server %s: no address for \"%s\": %s", name, host,
			gai_strerror(rc));
	rc = try_all(list, timeout, fd, e);
	freeaddrinfo(list);
	if (rc == EINTR)
		return E_INTR;
	if (rc == ETIMEDOUT)
		return err_set(e, E_UNREACH, "server %s: no answer from %s port %d within %d s",
			name, host, port, timeout);
	if (rc)
		return err_set(e, E_UNREACH, "server %s: cannot connect to %s port %d: %s", name,
			host, port, strerror(rc));
	return 0;
}
