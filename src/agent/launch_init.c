/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/keyctl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/agent.h"
#include "agent/launch.h"
#include "agent/net.h"
#include "agent/seccomp.h"

#define INIT "/sbin/init"

static int become_root(struct err *e)
{
	if (setgroups(0, NULL) < 0 || setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0)
		return err_sys(e, "becoming its root user");
	return 0;
}

/* The helper: its mount namespace ends with it, what it made lives on in the descriptors. */
static int help(const struct ps_conf *c, int sock, struct err *e)
{
	int fs[FS_COUNT], rc;

	if (unshare(CLONE_NEWNS) < 0)
		return err_sys(e, "making a mount namespace");
	if ((rc = net_inside_up(c, e)) < 0 || (rc = fs_make(fs, e)) < 0)
		return rc;
	return note_send(sock, NULL, fs, FS_COUNT);
}

static int run_helper(const struct ps_conf *c, int sock, struct err *e)
{
	pid_t pid = fork();
	int status;

	if (pid < 0)
		return err_sys(e, "starting the helper");
	if (pid == 0) {
		if (help(c, sock, e) < 0)
			note_send(sock, e, NULL, 0);
		_exit(0);
	}
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return err_sys(e, "waiting for the helper");
	return 0;
}

/* Standard streams from nowhere; a session, a keyring and default signals of its own. */
static int fresh_process(struct err *e)
{
	int null = open("/dev/null", O_RDWR);
	struct sigaction dfl = {.sa_handler = SIG_DFL};
	sigset_t none;

	if (null < 0 || dup2(null, 0) < 0 || dup2(null, 1) < 0 || dup2(null, 2) < 0)
		return err_sys(e, "/dev/null inside");
	if (null > 2)
		close(null);
	for (int s = 1; s < NSIG; s++)
		sigaction(s, &dfl, NULL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	setsid();
	syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL);
	umask(022);
	return 0;
}

static int prepare(const struct ps_conf *c, int sock, struct err *e)
{
	int rc;

	if ((rc = note_wait(sock, NULL, 0, e)) < 0 || (rc = become_root(e)) < 0)
		return rc;
	if (sethostname(c->hostname, strlen(c->hostname)) < 0)
		return err_sys(e, "setting its host name");
	if ((rc = run_helper(c, sock, e)) < 0 || (rc = note_wait(sock, NULL, 0, e)) < 0)
		return rc;
	/* The copy that locks: its user namespace is less privileged than the original's. */
	if (unshare(CLONE_NEWNS) < 0)
		return err_sys(e, "taking its mount namespace");
	if (access(INIT, X_OK) < 0)
		return err_sys(e, "%s inside", INIT);
	return fresh_process(e);
}

static void wait_for_end(int pidfd)
{
	struct pollfd p = {pidfd, POLLIN, 0};

	while (poll(&p, 1, -1) < 0 && errno == EINTR)
		;
}

void init_main(const struct ps_conf *c, int sock, int launcher)
{
	char *const argv[] = {(char[]){INIT}, NULL};
	char *const env[] = {(char[]){"container=sxc"}, (char[]){"HOME=/root"},
		(char[]){"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"},
		(char[]){"TERM=linux"}, NULL};
	struct err e = {0};

	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	if (prepare(c, sock, &e) < 0) {
		note_send(sock, &e, NULL, 0);
		_exit(1);
	}
	if (confine_caps(&e) < 0 || note_send(sock, NULL, NULL, 0) < 0)
		_exit(1);
	wait_for_end(launcher);
	syscall(SYS_close_range, 3U, ~0U, 0U);
	if (confine_calls(&e) < 0)
		_exit(1);
	execve(INIT, argv, env);
	_exit(127);
}
