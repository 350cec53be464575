/* SPDX-License-Identifier: MIT */
/*
 * The helper of ps_join.c, run from a sealed copy of the agent: `ps-inside`. Takes its orders from
 * descriptor 5, enters by the pidfd at 4, answers at 3, then waits for the program it started.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/agent.h"
#include "agent/launch.h"
#include "agent/seccomp.h"
#include "util/vec.h"

enum { FD_SOCK = 3, FD_INIT = 4, FD_REQUEST = 5 };

#define ALL_NAMESPACES                                                                             \
	(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWNET | \
		CLONE_NEWCGROUP | CLONE_NEWTIME)
#define FIXED_PATH "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

struct order {
	struct msg *m;
	struct strvec argv, env;
	int master, slave; /* terminal, -1 without */
};

static void read_list(const struct msg *m, const char *name, struct strvec *out)
{
	const struct msg *item;
	const void *p;
	size_t n;

	for (size_t i = 0; (item = msg_sub_at(m, name, i)); i++) {
		p = msg_bytes(item, "v", &n);
		autofree char *s = p ? mem_strndup(p, n) : mem_strdup("");

		strvec_push(out, s);
	}
}

static int read_order(struct order *o, struct err *e)
{
	autostr enc = STR_INIT;
	ssize_t n;
	int rc;

	do {
		str_reserve(&enc, 65536);
		n = read(FD_REQUEST, enc.p + enc.len, 65536);
		if (n > 0)
			str_setlen(&enc, enc.len + (size_t)n);
	} while (n > 0 && enc.len <= MSG_MAX_SIZE);
	if (n < 0 || (rc = msg_decode(&o->m, enc.p, enc.len, e)) < 0)
		return err_set(e, E_FAIL, "the order cannot be read");
	read_list(o->m, "argv", &o->argv);
	read_list(o->m, "env", &o->env);
	strvec_push(&o->env, FIXED_PATH);
	strvec_push(&o->env, "HOME=/root");
	autofree char *term = str_fmt("TERM=%s",
		msg_text(o->m, "term") ? msg_text(o->m, "term") : "dumb");
	strvec_push(&o->env, term);
	close(FD_REQUEST);
	return 0;
}

static int go_in(struct err *e)
{
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	if (setns(FD_INIT, ALL_NAMESPACES) < 0)
		return err_sys(e, "joining its namespaces");
	close(FD_INIT);
	if (setgroups(0, NULL) < 0 || setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0)
		return err_sys(e, "becoming its root user");
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0); /* changing ids may have set it */
	umask(022);
	return confine_caps(e) < 0 ? e->code : confine_calls(e);
}

/* The inner devpts and nothing that only looks like it: device numbers of devices.txt. */
static int open_terminal(struct order *o, struct err *e)
{
	struct open_how how = {.flags = O_RDWR | O_NOCTTY | O_CLOEXEC,
		.resolve = RESOLVE_NO_SYMLINKS};
	struct winsize ws = {.ws_row = (unsigned short)msg_i64(o->m, "rows", 24),
		.ws_col = (unsigned short)msg_i64(o->m, "cols", 80)};
	struct statfs fs;
	struct stat st;
	int zero = 0;

	o->master = (int)syscall(SYS_openat2, AT_FDCWD, "/dev/pts/ptmx", &how, sizeof(how));
	if (o->master < 0)
		return err_sys(e, "opening a terminal inside");
	if (fstatfs(o->master, &fs) < 0 || fs.f_type != DEVPTS_SUPER_MAGIC ||
		fstat(o->master, &st) < 0 || !S_ISCHR(st.st_mode) || st.st_rdev != makedev(5, 2))
		return err_set(e, E_INTEGRITY, "/dev/pts/ptmx inside is not a terminal device");
	if (ioctl(o->master, TIOCSPTLCK, &zero) < 0 ||
		(o->slave = ioctl(o->master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC)) < 0)
		return err_sys(e, "opening a terminal inside");
	ioctl(o->slave, TIOCSWINSZ, &ws);
	return 0;
}

/* ---- the program ---- */

static void exec_shell(struct order *o)
{
	char *bash[] = {(char[]){"-bash"}, NULL}, *sh[] = {(char[]){"-sh"}, NULL};

	execve("/bin/bash", bash, strvec_argv(&o->env));
	execve("/bin/sh", sh, strvec_argv(&o->env));
	dprintf(2, "sxc: there is no shell inside\n");
	_exit(127);
}

static void exec_program(struct order *o)
{
	char **argv = strvec_argv(&o->argv);

	environ = strvec_argv(&o->env);
	execvpe(argv[0], argv, environ);
	dprintf(2, "sxc: %s: %s\n", argv[0], strerror(errno));
	_exit(errno == ENOENT ? 127 : 126);
}

static void program(struct order *o) __attribute__((noreturn));
static void program(struct order *o)
{
	gid_t gid = (gid_t)msg_i64(o->m, "gid", 0);
	uid_t uid = (uid_t)msg_i64(o->m, "uid", 0);
	const char *cwd = msg_text(o->m, "cwd");
	sigset_t none;

	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	setsid();
	if (o->slave >= 0) {
		ioctl(o->slave, TIOCSCTTY, 0);
		for (int i = 0; i < 3; i++)
			dup2(o->slave, i);
	}
	syscall(SYS_close_range, 3U, ~0U, 0U);
	for (int s = 1; s < NSIG; s++)
		signal(s, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if ((gid && setresgid(gid, gid, gid) < 0) || (uid && setresuid(uid, uid, uid) < 0)) {
		dprintf(2, "sxc: becoming user %d: %s\n", (int)uid, strerror(errno));
		_exit(126);
	}
	if (chdir(cwd ? cwd : "/") < 0) {
		dprintf(2, "sxc: %s: %s\n", cwd ? cwd : "/", strerror(errno));
		_exit(126);
	}
	if (o->argv.n)
		exec_program(o);
	exec_shell(o);
	_exit(127);
}

/* Signals that end us end the program; its status becomes ours. */
static int attend(pid_t pid, const sigset_t *set)
{
	int sig, status;

	for (;;) {
		if (waitpid(pid, &status, WNOHANG) == pid)
			return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
		if (sigwait(set, &sig) != 0 || sig == SIGCHLD)
			continue;
		kill(-pid, sig);
		kill(pid, sig);
	}
}

static int enter(struct order *o, struct err *e)
{
	int rc = read_order(o, e);

	if (rc < 0 || (rc = go_in(e)) < 0)
		return rc;
	return msg_i64(o->m, "pty", 0) ? open_terminal(o, e) : 0;
}

AGENT_VERB(ps_inside, "ps-inside", "used by the agent itself to enter a private server")
{
	struct order o = {.master = -1, .slave = -1};
	sigset_t set;
	pid_t pid;

	(void)argc;
	(void)argv;
	if (enter(&o, e) < 0) {
		note_send(FD_SOCK, e, NULL, 0);
		_exit(126);
	}
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	pid = fork(); /* the pid namespace holds for children only: setns(2) */
	if (pid < 0) {
		err_sys(e, "starting a process inside");
		note_send(FD_SOCK, e, NULL, 0);
		_exit(126);
	}
	if (pid == 0)
		program(&o);
	note_send(FD_SOCK, NULL, &o.master, o.master >= 0);
	syscall(SYS_close_range, 0U, ~0U, 0U); /* the program alone holds its streams */
	_exit(attend(pid, &set));
}
