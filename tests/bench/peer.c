// SPDX-License-Identifier: MIT
/*
 * What the comparison with other runtimes runs inside, static: as /sbin/init it writes the time into
 * /stamp and waits; otherwise
 *	peer read FILE N        reads FILE from its beginning N times, prints nanoseconds each
 *	peer flood ADDRESS S    sends small UDP packets for S seconds, prints how many a second
 *	peer work START S       from START, in seconds since 1970, computes for S seconds on all
 *				processors; prints operations, and the mean microseconds of one
 *	peer stream ADDRESS START S
 *				sends full UDP packets meanwhile, at most at 9 Mbit/s
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static long long now(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static void end(int signal)
{
	(void)signal;
	_exit(0);
}

__attribute__((noreturn)) static void init(void)
{
	int fd = open("/stamp.new", O_WRONLY | O_CREAT | O_TRUNC, 0644);

	dprintf(fd, "%lld\n", now(CLOCK_REALTIME));
	close(fd);
	rename("/stamp.new", "/stamp");
	signal(SIGRTMIN + 4, end);
	signal(SIGTERM, end);
	for (;;) {
		pause();
		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
	}
}

static int read_often(const char *path, int times)
{
	static char buf[65536];
	long long begin = now(CLOCK_MONOTONIC);

	for (int i = 0; i < times; i++) {
		int fd = open(path, O_RDONLY);

		if (fd < 0 || read(fd, buf, sizeof(buf)) <= 0)
			return 1;
		close(fd);
	}
	printf("%lld\n", (now(CLOCK_MONOTONIC) - begin) / times);
	return 0;
}

static int flood(const char *address, int seconds)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(9)};
	long long begin = now(CLOCK_MONOTONIC), sent = 0, span = seconds * 1000000000LL;
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	inet_pton(AF_INET, address, &to.sin_addr);
	if (connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0)
		return 1;
	do {
		for (int i = 0; i < 64; i++)
			sent += send(fd, "x", 1, 0) == 1;
	} while (now(CLOCK_MONOTONIC) - begin < span);
	printf("%lld\n", sent * 1000000000LL / (now(CLOCK_MONOTONIC) - begin));
	return 0;
}

static void wait_until(long long start)
{
	struct timespec t = {.tv_sec = start};

	clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &t, NULL);
}

/* About 10 ms of a processor under emulation. */
static void operation(void)
{
	volatile unsigned x = 1;

	for (int i = 0; i < 300000; i++)
		x = x * 1664525u + 1013904223u;
}

static long long operations(long long end)
{
	long long n = 0;

	for (; now(CLOCK_REALTIME) < end; n++)
		operation();
	return n;
}

static int work(long long start, int seconds)
{
	int cpus = (int)sysconf(_SC_NPROCESSORS_ONLN), pair[2];
	long long sum = 0, n;

	if (pipe(pair) < 0)
		return 1;
	wait_until(start);
	for (int i = 0; i < cpus; i++)
		if (fork() == 0) {
			n = operations((start + seconds) * 1000000000LL);
			_exit(write(pair[1], &n, sizeof(n)) != sizeof(n));
		}
	for (int i = 0; i < cpus && read(pair[0], &n, sizeof(n)) == sizeof(n); i++)
		sum += n;
	printf("%lld %lld\n", sum, sum ? seconds * 1000000LL * cpus / sum : 0);
	return 0;
}

static int stream(const char *address, long long start, int seconds)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(9)};
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	static char block[1400];

	inet_pton(AF_INET, address, &to.sin_addr);
	if (connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0)
		return 1;
	wait_until(start);
	while (now(CLOCK_REALTIME) < (start + seconds) * 1000000000LL) {
		for (int i = 0; i < 8; i++)
			if (send(fd, block, sizeof(block), 0) < 0)
				break;
		usleep(10000);
	}
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 4 && !strcmp(argv[1], "read"))
		return read_often(argv[2], atoi(argv[3]));
	if (argc == 4 && !strcmp(argv[1], "flood"))
		return flood(argv[2], atoi(argv[3]));
	if (argc == 4 && !strcmp(argv[1], "work"))
		return work(atoll(argv[2]), atoi(argv[3]));
	if (argc == 5 && !strcmp(argv[1], "stream"))
		return stream(argv[2], atoll(argv[3]), atoi(argv[4]));
	init();
}
