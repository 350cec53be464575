/* SPDX-License-Identifier: MIT */
#include "agent/launch.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/sched.h>
#include <linux/securebits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "agent/agent.h"
#include "agent/cgroup.h"
#include "agent/net.h"
#include "agent/ps_layer.h"

/* Of <sched.h>, which does not go with <linux/sched.h>. */
int unshare(int flags);
int setns(int fd, int type);

#define NAMESPACES                                                                                 \
	(CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWNET |               \
		CLONE_NEWCGROUP)

/* What must not outlive a failure: the cloned process, and with it all its namespaces. */
struct child {
	pid_t pid;
	bool keep;
};

static void child_release(struct child *c)
{
	if (c->pid <= 0 || c->keep)
		return;
	kill(c->pid, SIGKILL);
	while (waitpid(c->pid, NULL, 0) < 0 && errno == EINTR)
		;
}

/* Uptime inside begins now: time_namespaces(7). The wall clock is not part of it. */
static int new_time(struct err *e)
{
	struct timespec mono, boot;
	char text[128];

	clock_gettime(CLOCK_MONOTONIC, &mono);
	clock_gettime(CLOCK_BOOTTIME, &boot);
	if (unshare(CLONE_NEWTIME) < 0)
		return err_sys(e, "making a time namespace");
	snprintf(text, sizeof(text), "monotonic -%lld 0\nboottime -%lld 0\n",
		(long long)mono.tv_sec, (long long)boot.tv_sec);
	return file_poke("/proc/self/timens_offsets", text, e);
}

/*
 * The user namespace is made by the host's user that is root inside: what the kernel counts by user
 * (inotify, waiting signals, message queues, namespaces; see struct ucounts) is counted for the
 * maker too, and made by the host's root that would be one account for all private servers.
 * Capabilities stay: some systems do not let others make user namespaces.
 */
static int clone_as(const struct ps_conf *c, pid_t *pid, struct err *e)
{
	struct clone_args a = {.flags = NAMESPACES, .exit_signal = SIGCHLD};
	int kept = prctl(PR_GET_SECUREBITS);

	if (kept < 0 || prctl(PR_SET_SECUREBITS, kept | SECBIT_NO_SETUID_FIXUP) < 0 ||
		syscall(SYS_setresuid, -1, (uid_t)c->uid_base, -1) < 0)
		return err_sys(e, "becoming its maker");
	*pid = (pid_t)syscall(SYS_clone3, &a, sizeof(a));
	if (*pid == 0)
		return 0; /* it has the new namespace's rights and no others */
	if (*pid < 0)
		err_sys(e, "making its namespaces");
	if (syscall(SYS_setresuid, -1, 0, -1) < 0 || prctl(PR_SET_SECUREBITS, kept) < 0)
		return err_sys(e, "becoming root again");
	return *pid < 0 ? e->code : 0;
}

/* With a time namespace waiting for its children a process cannot start programs by vfork(2), so
 * the launcher goes back to its own when the clone is made. */
static int child_clone(const struct ps_conf *c, pid_t *pid, struct err *e)
{
	autoclose int ours = open("/proc/self/ns/time", O_RDONLY | O_CLOEXEC);
	int rc = ours < 0 ? err_sys(e, "/proc/self/ns/time") : new_time(e);

	if (rc < 0)
		return rc;
	if ((rc = clone_as(c, pid, e)) < 0)
		return rc;
	if (*pid > 0 && setns(ours, CLONE_NEWTIME) < 0)
		return err_sys(e, "returning to its time namespace");
	return 0;
}

static int map_ids(const struct ps_conf *c, pid_t pid, struct err *e)
{
	static const char *const files[] = {"uid_map", "gid_map"};
	char path[64], text[64];
	int rc = 0;

	snprintf(text, sizeof(text), "0 %" PRId64 " %d\n", c->uid_base, PS_IDS);
	for (size_t i = 0; i < ARRAY_LEN(files) && rc == 0; i++) {
		snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, files[i]);
		rc = file_poke(path, text, e);
	}
	return rc;
}

/* The unit's cgroup is its own: what a manager inside needs to make groups below it, no bound. */
static int give_cgroup(const struct ps_conf *c, struct err *e)
{
	static const char *const files[] = {"", "/cgroup.procs", "/cgroup.subtree_control",
		"/cgroup.threads"};
	autofree char *own = cgroup_of(0);
	char path[PATH_MAX];

	if (!own)
		return err_set(e, E_STATE,
			"this server has no unified cgroup hierarchy (cgroup v2)");
	if (str_eq(own, "/"))
		return err_set(e, E_STATE, "the launcher must have a cgroup of its own");
	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		snprintf(path, sizeof(path), "%s%s%s", CGROUP_ROOT, own, files[i]);
		if (chown(path, (uid_t)c->uid_base, (gid_t)c->uid_base) < 0)
			return err_sys(e, "%s", path);
	}
	return 0;
}

static int write_pid(int run_dir, const char *name, pid_t pid, struct err *e)
{
	autofree char *tmp = str_fmt(".%s.pid", name), *final = str_fmt("%s.pid", name);
	autoclose int fd = openat(run_dir, tmp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	if (fd < 0 || dprintf(fd, "%d\n", (int)pid) < 0 ||
		renameat(run_dir, tmp, run_dir, final) < 0)
		return err_sys(e, "writing %s", final);
	return 0;
}

static int tell(int sock, struct err *e)
{
	return note_send(sock, NULL, NULL, 0) < 0
	               ? err_set(e, E_FAIL, "the other half of the launcher has ended")
	               : 0;
}

/* Have the helper mount; the layer may be as full as it is allowed to be. */
static int mount_full(const struct ps_conf *c, int userns, int sock, int fs[FS_COUNT],
	struct err *e)
{
	autoclose int fd = open(AGENT_STATE, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	char state[64]; /* the stage stands over its usual path meanwhile */
	int rc;

	if (fd < 0)
		return err_sys(e, "%s", AGENT_STATE);
	snprintf(state, sizeof(state), "/proc/self/fd/%d", fd);
	if ((rc = layer_headroom(c, state, e)) < 0)
		return rc;
	if ((rc = stage_layers(c, userns, e)) == 0 && (rc = tell(sock, e)) == 0)
		rc = note_wait(sock, fs, FS_COUNT, e);
	if (rc < 0) {
		layer_bound(c, state, NULL);
		return rc;
	}
	return layer_bound(c, state, e);
}

/* The launcher's side of the conversation with the future init. */
static int guide(const struct ps_conf *c, pid_t pid, int sock, struct err *e)
{
	char path[64];
	autoclose int userns = -1;
	int fs[FS_COUNT], rc;

	snprintf(path, sizeof(path), "/proc/%d/ns/user", (int)pid);
	userns = open(path, O_RDONLY | O_CLOEXEC);
	if (userns < 0)
		return err_sys(e, "%s", path);
	if ((rc = map_ids(c, pid, e)) < 0 || (rc = net_up(c, pid, e)) < 0 ||
		(rc = mount_full(c, userns, sock, fs, e)) < 0 || (rc = stage_root(fs, e)) < 0 ||
		(rc = tell(sock, e)) < 0)
		return rc;
	return note_wait(sock, NULL, 0, e);
}

int launch(const struct ps_conf *c, int run_dir, struct err *e)
{
	autoclean(child_release) struct child child = {0};
	autoclose int ours = -1;
	int pair[2], self = (int)syscall(SYS_pidfd_open, getpid(), 0), rc;

	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	if (self < 0 || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return err_sys(e, "preparing the launch");
	ours = pair[0];
	if ((rc = give_cgroup(c, e)) < 0)
		return rc;
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return err_sys(e, "making a mount namespace");
	if ((rc = child_clone(c, &child.pid, e)) < 0)
		return rc;
	if (child.pid == 0) {
		close(pair[0]);
		init_main(c, pair[1], self);
	}
	close(pair[1]);
	if ((rc = guide(c, child.pid, ours, e)) < 0 ||
		(rc = write_pid(run_dir, c->name, child.pid, e)) < 0)
		return rc;
	child.keep = true;
	return 0;
}
