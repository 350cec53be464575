// SPDX-License-Identifier: GPL-2.0
/*
 * What the module's self-test needs from inside a private server, in one static program.
 *
 *	probe send DEVICE HEX [COUNT]		a raw frame; blanks in HEX are skipped
 *	probe gso ADDRESS PORT SEGMENT COUNT	one UDP super-packet of COUNT segments
 *	probe tcp-send ADDRESS PORT BYTES	prints milliseconds until all was taken
 *	probe tcp-recv ADDRESS PORT		prints the bytes one connection brought
 *	probe ptys PTMX COUNT			opens until COUNT or an error, prints how many and
 *						the error, holds them until its input ends
 *	probe handed PTMX PROCS			opens one, hands it to a child that moves itself
 *						into the cgroup of PROCS, closes; the child holds
 *						it until the input ends
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <netpacket/packet.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif

static int fail(const char *what)
{
	fprintf(stderr, "%s: %s\n", what, strerror(errno));
	return 1;
}

static int digit(char c)
{
	const char *digits = "0123456789abcdef";
	const char *at = c ? strchr(digits, c) : NULL;

	return at ? (int)(at - digits) : -1;
}

static size_t from_hex(const char *hex, unsigned char *out, size_t max)
{
	size_t n = 0;

	for (; *hex && n / 2 < max; hex++) {
		if (digit(*hex) < 0)
			continue;
		if (n % 2)
			out[n / 2] |= (unsigned char)digit(*hex);
		else
			out[n / 2] = (unsigned char)(digit(*hex) << 4);
		n++;
	}
	return n / 2;
}

static int send_frame(int argc, char **argv)
{
	unsigned char frame[2048];
	size_t n = from_hex(argv[1], frame, sizeof(frame));
	int count = argc > 2 ? atoi(argv[2]) : 1;
	struct sockaddr_ll to = {.sll_family = AF_PACKET,
		.sll_ifindex = (int)if_nametoindex(argv[0])};
	int s = socket(AF_PACKET, SOCK_RAW, 0);

	if (s < 0 || !to.sll_ifindex)
		return fail(argv[0]);
	while (count-- > 0)
		if (sendto(s, frame, n, 0, (struct sockaddr *)&to, sizeof(to)) < 0)
			return fail("send");
	return 0;
}

static bool address_of(const char *text, const char *port, struct sockaddr_storage *a, socklen_t *n)
{
	struct sockaddr_in *a4 = (struct sockaddr_in *)a;
	struct sockaddr_in6 *a6 = (struct sockaddr_in6 *)a;

	memset(a, 0, sizeof(*a));
	if (inet_pton(AF_INET, text, &a4->sin_addr) == 1) {
		a4->sin_family = AF_INET;
		a4->sin_port = htons((uint16_t)atoi(port));
		*n = sizeof(*a4);
		return true;
	}
	a6->sin6_family = AF_INET6;
	a6->sin6_port = htons((uint16_t)atoi(port));
	*n = sizeof(*a6);
	return inet_pton(AF_INET6, text, &a6->sin6_addr) == 1;
}

static int send_gso(int argc, char **argv)
{
	static char data[65536];
	struct sockaddr_storage a;
	socklen_t n;
	int segment = atoi(argv[2]);
	size_t bytes = (size_t)segment * (size_t)atoi(argv[3]);
	int s;

	if (argc < 4 || bytes > sizeof(data) || !address_of(argv[0], argv[1], &a, &n))
		return fail("arguments");
	s = socket(a.ss_family, SOCK_DGRAM, 0);
	if (setsockopt(s, IPPROTO_UDP, UDP_SEGMENT, &segment, sizeof(segment)) < 0)
		return fail("UDP_SEGMENT");
	if (sendto(s, data, bytes, 0, (struct sockaddr *)&a, n) < 0)
		return fail("send");
	return 0;
}

static int tcp_send(int argc, char **argv)
{
	static char data[65536];
	struct timespec from, to;
	struct sockaddr_storage a;
	socklen_t n;
	long left = atol(argv[2]);
	int s;

	if (argc < 3 || !address_of(argv[0], argv[1], &a, &n))
		return fail("arguments");
	s = socket(a.ss_family, SOCK_STREAM, 0);
	if (connect(s, (struct sockaddr *)&a, n) < 0)
		return fail("connect");
	clock_gettime(CLOCK_MONOTONIC, &from);
	while (left > 0) {
		ssize_t w = write(s, data, left < 65536 ? (size_t)left : sizeof(data));

		if (w < 0)
			return fail("write");
		left -= w;
	}
	shutdown(s, SHUT_WR);
	if (read(s, data, 1) < 0)
		return fail("read");
	clock_gettime(CLOCK_MONOTONIC, &to);
	printf("%lld\n", (long long)(to.tv_sec - from.tv_sec) * 1000 +
				 (to.tv_nsec - from.tv_nsec) / 1000000);
	return 0;
}

static int tcp_recv(int argc, char **argv)
{
	static char data[65536];
	struct sockaddr_storage a;
	socklen_t n;
	long long total = 0;
	ssize_t r;
	int s, c, one = 1;

	if (argc < 2 || !address_of(argv[0], argv[1], &a, &n))
		return fail("arguments");
	s = socket(a.ss_family, SOCK_STREAM, 0);
	setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(s, (struct sockaddr *)&a, n) < 0 || listen(s, 1) < 0)
		return fail("listen");
	c = accept(s, NULL, NULL);
	while ((r = read(c, data, sizeof(data))) > 0)
		total += r;
	printf("%lld\n", total);
	return 0;
}

static void hold(void)
{
	char c;

	fflush(stdout);
	while (read(0, &c, 1) > 0)
		;
}

static int open_ptys(int argc, char **argv)
{
	int want = argc > 1 ? atoi(argv[1]) : 1;
	int got = 0;

	while (got < want && open(argv[0], O_RDWR | O_NOCTTY) >= 0)
		got++;
	printf("%d %s\n", got, got < want ? strerrorname_np(errno) : "-");
	hold();
	return 0;
}

static int handed(int argc, char **argv)
{
	int fd = open(argv[0], O_RDWR | O_NOCTTY);
	int procs;
	pid_t child;

	if (argc < 2 || fd < 0)
		return fail(argv[0]);
	child = fork();
	if (child > 0) {
		close(fd);
		waitpid(child, NULL, 0);
		return 0;
	}
	procs = open(argv[1], O_WRONLY);
	if (procs < 0 || write(procs, "0", 1) != 1)
		return fail(argv[1]);
	puts("moved");
	hold();
	return 0;
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		int args;
		int (*run)(int argc, char **argv);
	} verbs[] = {
		{"send", 2, send_frame},
		{"gso", 4, send_gso},
		{"tcp-send", 3, tcp_send},
		{"tcp-recv", 2, tcp_recv},
		{"ptys", 2, open_ptys},
		{"handed", 2, handed},
	};

	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
		if (argc > 1 && !strcmp(argv[1], verbs[i].name) && argc - 2 >= verbs[i].args)
			return verbs[i].run(argc - 2, argv + 2);
	fputs("usage: probe send|gso|tcp-send|tcp-recv|ptys|handed ...\n", stderr);
	return 2;
}
