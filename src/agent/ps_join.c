/* SPDX-License-Identifier: MIT */
#include "agent/ps_join.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/cgroup.h"
#include "agent/launch.h"
#include "agent/ps_live.h"

#define SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

/* Our ends and the child's. */
struct ends {
	int in[2], out[2], err[2], sock[2];
	int exe, init, group;
};

static void ends_release(struct ends *n)
{
	int *all = (int *)n;

	for (size_t i = 0; i < sizeof(*n) / sizeof(int); i++)
		if (all[i] >= 0)
			close(all[i]);
}

static int sealed_copy(struct err *e)
{
	autoclose int self = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	autoclose int fd = memfd_create("sxc-agent", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	struct stat st;
	off_t off = 0;
	int out;

	if (self < 0 || fd < 0 || fstat(self, &st) < 0)
		return err_sys(e, "copying the agent");
	while (off < st.st_size)
		if (sendfile(fd, self, &off, (size_t)(st.st_size - off)) <= 0)
			return err_sys(e, "copying the agent");
	if (fcntl(fd, F_ADD_SEALS, SEALS) < 0)
		return err_sys(e, "sealing the agent's copy");
	out = fd;
	fd = -1;
	return out;
}

/* A group of its own below the private server's, beside those its manager made. */
static int make_group(struct join *j, struct ends *n, struct err *e)
{
	char dir[PATH_MAX];

	cgroup_path(dir, j->ps);
	j->cgroup = str_fmt("%s/sxc-%d", dir, (int)getpid());
	for (int i = 1; mkdir(j->cgroup, 0755) < 0; i++) {
		if (errno != EEXIST || i > 1000)
			return err_sys(e, "making a control group in %s", j->ps);
		if (rmdir(j->cgroup) == 0)
			continue;
		free(j->cgroup);
		j->cgroup = str_fmt("%s/sxc-%d.%d", dir, (int)getpid(), i);
	}
	n->group = open(j->cgroup, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return n->group < 0 ? err_sys(e, "%s", j->cgroup) : 0;
}

static int make_streams(const struct join *j, struct ends *n, struct err *e)
{
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, n->sock) < 0 ||
		(!j->pty && (pipe2(n->in, O_CLOEXEC) < 0 || pipe2(n->out, O_CLOEXEC) < 0 ||
				    pipe2(n->err, O_CLOEXEC) < 0)))
		return err_sys(e, "making pipes");
	return 0;
}

/* As bytes: an argument need not be UTF-8. */
static void add_list(struct msg *m, const char *name, char *const *list)
{
	for (size_t i = 0; list && list[i]; i++) {
		struct msg *item = msg_new();

		msg_add_bytes(item, "v", list[i], strlen(list[i]));
		msg_add_msg(m, name, item);
	}
}

/* What to run goes as a file of its own too: arguments of a process are for all to read. */
static int write_request(const struct join *j, struct err *e)
{
	automsg *m = msg_new();
	autostr enc = STR_INIT;
	autoclose int fd = -1;
	int out, rc;

	add_list(m, "argv", j->argv);
	add_list(m, "env", j->env);
	msg_add_text(m, "cwd", j->cwd);
	msg_add_text(m, "term", j->term);
	msg_add_i64(m, "uid", j->uid);
	msg_add_i64(m, "gid", j->gid);
	msg_add_i64(m, "pty", j->pty);
	msg_add_i64(m, "rows", j->rows);
	msg_add_i64(m, "cols", j->cols);
	if ((rc = msg_encode(m, &enc, e)) < 0)
		return rc;
	fd = memfd_create("request", MFD_CLOEXEC);
	if (fd < 0 || write(fd, enc.p, enc.len) != (ssize_t)enc.len || lseek(fd, 0, SEEK_SET) < 0)
		return err_sys(e, "writing the request");
	out = fd;
	fd = -1;
	return out;
}

/* Descriptors of the helper: 0 1 2 streams, 3 socket, 4 pidfd of init, 5 request; see
 * ps_inside.c. */
static void child_exec(const struct join *j, struct ends *n, int request) __attribute__((noreturn));
static void child_exec(const struct join *j, struct ends *n, int request)
{
	char *const argv[] = {(char[]){"sxc-agent"}, (char[]){"ps-inside"}, NULL};
	char *const env[] = {NULL};
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	int want[] = {j->pty ? null : n->in[0], j->pty ? null : n->out[1],
		j->pty ? null : n->err[1], n->sock[1], n->init, request, n->exe};

	/* Out of the way first: a source may stand where another is to go. */
	for (size_t i = 0; i < ARRAY_LEN(want); i++)
		want[i] = fcntl(want[i], F_DUPFD_CLOEXEC, 20);
	for (size_t i = 0; i < 6; i++)
		if (want[i] < 0 || dup2(want[i], (int)i) < 0)
			_exit(126);
	setpgid(0, 0);
	syscall(SYS_execveat, want[6], "", argv, env, AT_EMPTY_PATH);
	_exit(126);
}

static pid_t clone_into(int group)
{
	struct clone_args a = {.flags = CLONE_INTO_CGROUP,
		.exit_signal = SIGCHLD,
		.cgroup = (uint64_t)group};

	return (pid_t)syscall(SYS_clone3, &a, sizeof(a));
}

static int clone_failed(const char *ps, struct err *e)
{
	if (errno == EAGAIN)
		return err_set(e, E_LIMIT, "private server %s has as many processes as it may", ps);
	return err_sys(e, "starting a process in %s", ps);
}

/* Wait until the helper is in and has started the program; with pty, its master side comes. */
static int greet(struct join *j, struct ends *n, struct err *e)
{
	int master = -1, rc = note_wait(n->sock[0], &master, j->pty ? 1 : 0, e);

	if (rc < 0) {
		kill(j->child.pid, SIGKILL);
		while (waitpid(j->child.pid, NULL, 0) < 0 && errno == EINTR)
			;
		return err_wrap(e, "entering %s", j->ps);
	}
	j->child.in = j->pty ? master : n->in[1];
	j->child.out = n->out[0];
	j->child.err = n->err[0];
	n->in[1] = n->out[0] = n->err[0] = -1;
	return 0;
}

static int start(struct join *j, struct ends *n, struct err *e)
{
	autoclose int request = -1;
	pid_t init;
	int rc;

	if ((rc = ps_live_open(j->ps, &init, &n->init, e)) < 0 || (rc = make_group(j, n, e)) < 0 ||
		(rc = make_streams(j, n, e)) < 0)
		return rc;
	if ((n->exe = sealed_copy(e)) < 0)
		return n->exe;
	if ((request = write_request(j, e)) < 0)
		return request;
	j->child.pty = j->pty;
	j->child.pid = clone_into(n->group);
	if (j->child.pid < 0)
		return clone_failed(j->ps, e);
	if (j->child.pid == 0)
		child_exec(j, n, request);
	close(n->sock[1]);
	n->sock[1] = -1;
	return greet(j, n, e);
}

int join_start(struct join *j, struct err *e)
{
	autoclean(ends_release) struct ends n;
	int rc;

	memset(&n, 0xff, sizeof(n)); /* all -1 */
	j->cgroup = NULL;
	j->child = (struct stream_child){.in = -1, .out = -1, .err = -1};
	rc = start(j, &n, e);
	if (rc < 0)
		join_finish(j);
	return rc;
}

void join_finish(struct join *j)
{
	if (j->cgroup)
		rmdir(j->cgroup);
	free(j->cgroup);
	j->cgroup = NULL;
}

void join_kill(struct join *j)
{
	autofree char *path = str_fmt("%s/cgroup.kill", j->cgroup);

	file_poke(path, "1", NULL);
	kill(j->child.pid, SIGKILL);
}
