// SPDX-License-Identifier: MIT
/* Bombs: as much as it gets, held until standard input ends. */
#define _GNU_SOURCE
#include "escape.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void hold(const char *what, long n)
{
	char c;

	printf("%ld %s, then: %s\n", n, what, errno ? strerror(errno) : "enough");
	fflush(stdout);
	while (read(0, &c, 1) > 0)
		;
}

#define BOMB_MAX 200000

static void bomb_forks(void)
{
	long n = 0;
	pid_t pid;

	while ((pid = fork()) > 0)
		n++;
	if (pid == 0)
		for (;;)
			if (fork() < 0)
				sched_yield();
	hold("processes, each forking on", n);
}

static void bomb_memory(void)
{
	int status;
	pid_t pid;

	for (long n = 0;; n++) { /* a child dies of it, the next one goes on */
		pid = fork();
		if (pid == 0)
			for (;;) {
				char *p = mmap(NULL, 1 << 22, PROT_READ | PROT_WRITE,
					MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

				if (p != MAP_FAILED)
					memset(p, 1, 1 << 22);
			}
		if (n == 0) {
			printf("memory, again and again\n");
			fflush(stdout);
		}
		waitpid(pid, &status, 0);
	}
}

static void bomb_inodes(void)
{
	char path[64];
	long n = 0;

	mkdir("/root/bomb", 0700);
	for (; n < BOMB_MAX; n++) {
		int fd;

		snprintf(path, sizeof(path), "/root/bomb/%ld", n);
		fd = open(path, O_CREAT | O_WRONLY, 0600);
		if (fd < 0)
			break;
		close(fd);
	}
	hold("files", n);
}

static void bomb_disk(void)
{
	static char block[1 << 20];
	int fd = open("/root/bomb-disk", O_CREAT | O_WRONLY, 0600);
	long long sum = 0;
	ssize_t n;

	memset(block, 1, sizeof(block));
	while (sum < 4LL << 30 && (n = write(fd, block, sizeof(block))) > 0)
		sum += n;
	unlink("/root/bomb-disk");
	hold("MiB in a file that has no name", (long)(sum >> 20));
}

static void raise_files(void)
{
	struct rlimit r = {1048576, 1048576};

	if (setrlimit(RLIMIT_NOFILE, &r) < 0)
		perror("RLIMIT_NOFILE");
}

static void bomb_terminals(void)
{
	long n = 0;

	raise_files();
	while (n < 4000 && posix_openpt(O_RDWR | O_NOCTTY) >= 0)
		n++;
	hold("terminals", n);
}

static void bomb_inotify(void)
{
	long n = 0;

	raise_files();
	while (n < 20000 && inotify_init1(0) >= 0)
		n++;
	hold("inotify instances", n);
}

static void bomb_signals(void)
{
	union sigval v = {0};
	sigset_t all;
	long n = 0;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	while (n < BOMB_MAX && sigqueue(getpid(), SIGRTMIN + 5, v) == 0)
		n++;
	hold("signals waiting", n);
}

static void bomb_aio(void)
{
	aio_context_t ctx;
	long n = 0;

	for (; n < 4096; n++) {
		ctx = 0;
		if (syscall(SYS_io_setup, 1024, &ctx) < 0)
			break;
	}
	hold("kilo-requests of asynchronous I/O", n);
}

static void bomb_netns(void)
{
	long n = 0;

	for (; n < 2000; n++) {
		pid_t pid = fork();

		if (pid == 0) {
			if (unshare(CLONE_NEWNET) < 0)
				_exit(errno);
			pause();
		}
		if (pid < 0)
			break;
	}
	hold("processes with a network each", n);
}

/* What was sent and is never read: buffers of the kernel. */
static void bomb_sockets(void)
{
	static char block[65536];
	long n = 0;

	raise_files();
	for (;;) {
		int pair[2];

		if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair) < 0)
			break;
		while (write(pair[0], block, sizeof(block)) > 0)
			n++;
		if (n > 65536)
			break;
	}
	hold("times 64 KiB in sockets", n);
}

static void flood(void)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(9)};
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	inet_pton(AF_INET, "192.0.2.1", &to.sin_addr);
	for (;;)
		sendto(fd, "x", 1, 0, (struct sockaddr *)&to, sizeof(to));
}

static void bomb_packets(void)
{
	for (int i = 0; i < 4; i++)
		if (fork() == 0)
			flood();
	errno = 0;
	hold("processes that send small packets", 4);
	kill(0, SIGKILL);
}

/* A connection to each port there is, for whoever keeps a table of them. */
static void bomb_connections(void)
{
	struct sockaddr_in to = {.sin_family = AF_INET};
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	long n = 0;

	inet_pton(AF_INET, "192.0.2.1", &to.sin_addr);
	for (unsigned port = 1; port < 65536; port++) {
		to.sin_port = htons((unsigned short)port);
		n += sendto(fd, "x", 1, 0, (struct sockaddr *)&to, sizeof(to)) == 1;
	}
	errno = 0;
	hold("connections begun", n);
}

static void bomb_cpu(void)
{
	for (int i = 0; i < 16; i++)
		if (fork() == 0)
			for (;;)
				;
	errno = 0;
	hold("processes that only compute", 16);
	kill(0, SIGKILL);
}

const struct bomb bombs[] = {
	{"bomb-cpu", bomb_cpu},
	{"bomb-forks", bomb_forks},
	{"bomb-memory", bomb_memory},
	{"bomb-inodes", bomb_inodes},
	{"bomb-disk", bomb_disk},
	{"bomb-terminals", bomb_terminals},
	{"bomb-inotify", bomb_inotify},
	{"bomb-signals", bomb_signals},
	{"bomb-aio", bomb_aio},
	{"bomb-netns", bomb_netns},
	{"bomb-sockets", bomb_sockets},
	{"bomb-packets", bomb_packets},
	{"bomb-connections", bomb_connections},
	{NULL, NULL},
};
