/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "agent/agent.h"

#define TAIL 4096 /* bytes of output kept for the error */

extern char **environ;

struct running {
	pid_t pid;
	int in, out;      /* our ends; -1 closed */
	const char *feed; /* bytes for stdin */
	size_t feed_n;
	struct str *text; /* output */
	size_t max;       /* bytes of it; beyond: the oldest are dropped, or it is too much */
	bool keep_tail;
	int64_t deadline; /* ms, 0: none */
};

int64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* A group of its own, signals as they were born, no descriptor but 0, 1 and 2. */
static int spawn(struct running *rn, char *const argv[], int in, int out, int err)
{
	posix_spawn_file_actions_t fa;
	posix_spawnattr_t attr;
	sigset_t all, none;
	int rc;

	sigfillset(&all);
	sigemptyset(&none);
	posix_spawn_file_actions_init(&fa);
	posix_spawnattr_init(&attr);
	posix_spawn_file_actions_adddup2(&fa, in, 0);
	posix_spawn_file_actions_adddup2(&fa, out, 1);
	posix_spawn_file_actions_adddup2(&fa, err, 2);
	posix_spawn_file_actions_addclosefrom_np(&fa, 3);
	posix_spawnattr_setflags(&attr,
		POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
	posix_spawnattr_setsigdefault(&attr, &all);
	posix_spawnattr_setsigmask(&attr, &none);
	rc = posix_spawnp(&rn->pid, argv[0], &fa, &attr, argv, environ);
	posix_spawn_file_actions_destroy(&fa);
	posix_spawnattr_destroy(&attr);
	return rc;
}

static int start(struct running *rn, char *const argv[], bool input, struct err *e)
{
	int in[2] = {-1, -1}, out[2] = {-1, -1}, rc;

	if (pipe2(out, O_CLOEXEC) < 0)
		return err_sys(e, "pipe");
	if (input ? pipe2(in, O_CLOEXEC) < 0
		  : (in[0] = open("/dev/null", O_RDONLY | O_CLOEXEC)) < 0) {
		rc = err_sys(e, "pipe");
		close(out[0]);
		close(out[1]);
		return rc;
	}
	rc = spawn(rn, argv, in[0], out[1], out[1]);
	close(in[0]);
	close(out[1]);
	rn->in = in[1];
	rn->out = out[0];
	if (rc == 0)
		return 0;
	close_fd(&rn->in);
	close_fd(&rn->out);
	errno = rc;
	return rc == ENOENT ? err_set(e, E_STATE, "%s is not installed here", argv[0])
	                    : err_sys(e, "%s", argv[0]);
}

static void feed(struct running *rn)
{
	ssize_t k = write(rn->in, rn->feed, rn->feed_n);

	if (k > 0) {
		rn->feed += k;
		rn->feed_n -= (size_t)k;
	}
	if (rn->feed_n == 0 || (k < 0 && errno != EINTR && errno != EAGAIN))
		close_fd(&rn->in);
}

static int collect(struct running *rn, const char *what, struct err *e)
{
	ssize_t k;

	str_reserve(rn->text, TAIL);
	k = read(rn->out, rn->text->p + rn->text->len, TAIL);
	if (k < 0 && errno == EINTR)
		return 0;
	if (k <= 0) {
		close_fd(&rn->out);
		return 0;
	}
	str_setlen(rn->text, rn->text->len + (size_t)k);
	if (rn->text->len <= rn->max)
		return 0;
	if (!rn->keep_tail)
		return err_set(e, E_LIMIT, "%s said more than %zu bytes", what, rn->max);
	memmove(rn->text->p, rn->text->p + rn->text->len - rn->max, rn->max);
	str_setlen(rn->text, rn->max);
	return 0;
}

static int pump_until_closed(struct running *rn, const char *what, struct err *e)
{
	int r = 0;

	while (r == 0 && rn->out >= 0) {
		struct pollfd p[2] = {{rn->out, POLLIN, 0}, {rn->in, POLLOUT, 0}};
		int wait = -1;

		if (rn->deadline) {
			int64_t left = rn->deadline - now_ms();

			if (left <= 0)
				return err_set(e, E_FAIL, "%s took too long and was stopped", what);
			wait = (int)left;
		}
		if (poll(p, 2, wait) < 0 && errno != EINTR)
			return err_sys(e, "poll");
		if (p[1].revents)
			feed(rn);
		if (p[0].revents)
			r = collect(rn, what, e);
	}
	return r;
}

int reap(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return 255;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* Wait for the end, also when it closed its output early; the deadline still counts. */
static int finish(struct running *rn, const char *what, int *status, struct err *e)
{
	siginfo_t si = {0};

	while (rn->deadline && now_ms() < rn->deadline) {
		if (waitid(P_PID, (id_t)rn->pid, &si, WEXITED | WNOHANG | WNOWAIT) == 0 &&
			si.si_pid != 0)
			break;
		poll(NULL, 0, 5);
	}
	if (rn->deadline && si.si_pid == 0) {
		kill(-rn->pid, SIGKILL);
		reap(rn->pid);
		return err_set(e, E_FAIL, "%s took too long and was stopped", what);
	}
	*status = reap(rn->pid);
	return 0;
}

static int run(struct running *rn, char *const argv[], const char *in, size_t n, int timeout,
	struct err *e)
{
	int r, status = 0;

	rn->in = rn->out = -1;
	rn->feed = in;
	rn->feed_n = n;
	rn->deadline = timeout ? now_ms() + (int64_t)timeout * 1000 : 0;
	if ((r = start(rn, argv, in != NULL, e)) < 0)
		return r;
	if (rn->in >= 0)
		fcntl(rn->in, F_SETFL, O_NONBLOCK);
	r = pump_until_closed(rn, argv[0], e);
	close_fd(&rn->in);
	close_fd(&rn->out);
	if (r < 0) {
		kill(-rn->pid, SIGKILL);
		reap(rn->pid);
		return r;
	}
	if ((r = finish(rn, argv[0], &status, e)) < 0)
		return r;
	return status;
}

static int fail(char *const argv[], int status, const struct str *text, struct err *e)
{
	autostr clean = STR_INIT;
	size_t n = text->len, skip;

	while (n && (text->p[n - 1] == '\n' || text->p[n - 1] == ' '))
		n--;
	skip = n > 700 ? n - 700 : 0;
	if (n)
		str_add_clean(&clean, text->p + skip, n - skip, true);
	for (size_t i = 0; i < clean.len; i++)
		if (clean.p[i] == '\n' || clean.p[i] == '\t')
			clean.p[i] = ' ';
	return err_set(e, E_FAIL, "%s %s failed (%d)%s%s", argv[0], argv[1] ? argv[1] : "", status,
		n ? ": " : "", str_c(&clean));
}

int run_cmd_in(char *const argv[], int timeout, const char *in, size_t n, struct err *e)
{
	autostr text = STR_INIT;
	struct running rn = {.text = &text, .max = TAIL, .keep_tail = true};
	int r = run(&rn, argv, in, n, timeout, e);

	return r > 0 ? fail(argv, r, &text, e) : r;
}

int run_cmd(char *const argv[], int timeout, struct err *e)
{
	return run_cmd_in(argv, timeout, NULL, 0, e);
}

int run_cmd_out(char *const argv[], int timeout, struct str *out, size_t max, struct err *e)
{
	struct running rn = {.text = out, .max = max};
	int r = run(&rn, argv, NULL, 0, timeout, e);

	return r > 0 ? fail(argv, r, out, e) : r;
}
