/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/launch.h"

#define FDS_MAX 16

union control {
	struct cmsghdr h;
	char room[CMSG_SPACE(sizeof(int) * FDS_MAX)];
};

int note_send(int sock, const struct err *e, const int *fds, size_t n)
{
	struct err text = e ? *e : (struct err){0};
	struct iovec iov = {&text, sizeof(text)};
	union control c = {0};
	struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1};

	if (n) {
		m.msg_control = &c;
		m.msg_controllen = CMSG_SPACE(sizeof(int) * n);
		c.h.cmsg_level = SOL_SOCKET;
		c.h.cmsg_type = SCM_RIGHTS;
		c.h.cmsg_len = CMSG_LEN(sizeof(int) * n);
		memcpy(CMSG_DATA(&c.h), fds, sizeof(int) * n);
	}
	return sendmsg(sock, &m, MSG_NOSIGNAL) < 0 ? E_FAIL : 0;
}

int note_wait(int sock, int *fds, size_t n, struct err *e)
{
	struct err text = {0};
	struct iovec iov = {&text, sizeof(text)};
	union control c = {0};
	struct msghdr m = {.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &c,
		.msg_controllen = sizeof(c)};
	ssize_t got;

	do
		got = recvmsg(sock, &m, MSG_CMSG_CLOEXEC);
	while (got < 0 && errno == EINTR);
	if (got != (ssize_t)sizeof(text))
		return err_set(e, E_FAIL, "the other half of the launcher has ended");
	text.msg[sizeof(text.msg) - 1] = '\0';
	if (text.code)
		return err_set(e, text.code, "%s", text.msg);
	if (!n)
		return 0;
	if (!m.msg_controllen || c.h.cmsg_type != SCM_RIGHTS ||
		c.h.cmsg_len != CMSG_LEN(sizeof(int) * n))
		return err_set(e, E_FAIL, "the launcher's helper sent no descriptors");
	memcpy(fds, CMSG_DATA(&c.h), sizeof(int) * n);
	return 0;
}
