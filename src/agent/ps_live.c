/* SPDX-License-Identifier: MIT */
#include "agent/ps_live.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "agent/agent.h"
#include "agent/cgroup.h"
#include "agent/ps.h"
#include "agent/ps_conf.h"

pid_t ps_live_pid(const char *ps)
{
	autostr s = STR_INIT;
	autofree char *path = str_fmt("%s/%s.pid", AGENT_RUN, ps);
	long pid;

	if (!str_is_name(ps) || file_read(path, &s, 32, NULL) < 0)
		return 0;
	pid = strtol(str_c(&s), NULL, 10);
	return pid > 1 && pid < INT_MAX && cgroup_holds(ps, (int)pid) ? (pid_t)pid : 0;
}

int ps_live_open(const char *ps, pid_t *pid, int *pidfd, struct err *e)
{
	pid_t p;
	int fd;

	if (!ps_exists(ps))
		return err_set(e, E_NOTFOUND, "no private server '%.70s' on this server", ps);
	p = ps_live_pid(ps);
	fd = p ? (int)syscall(SYS_pidfd_open, p, 0) : -1;
	if (fd < 0 || ps_live_pid(ps) != p) {
		if (fd >= 0)
			close(fd);
		return err_set(e, E_STATE, "private server %s is not running", ps);
	}
	*pid = p;
	*pidfd = fd;
	return 0;
}

/* Field 22 of /proc/PID/stat, in clock ticks since boot: proc(5). */
int64_t ps_live_since(pid_t pid)
{
	autostr s = STR_INIT;
	autofree char *path = str_fmt("/proc/%d/stat", (int)pid);
	struct timespec now, up;
	unsigned long long ticks;
	const char *p;

	if (file_read(path, &s, 4096, NULL) < 0 || !(p = strrchr(str_c(&s), ')')) ||
		sscanf(p + 1,
			" %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d "
			"%*d %llu",
			&ticks) != 1)
		return 0;
	clock_gettime(CLOCK_REALTIME, &now);
	clock_gettime(CLOCK_BOOTTIME, &up);
	return (int64_t)now.tv_sec - (int64_t)up.tv_sec +
	       (int64_t)(ticks / (unsigned long long)sysconf(_SC_CLK_TCK));
}

/* ---- what ps.h promises to other parts ---- */

bool ps_exists(const char *ps)
{
	char path[PATH_MAX];

	return str_is_name(ps) && access(ps_path(path, ps, "config"), F_OK) == 0;
}

bool ps_is_running(const char *ps)
{
	return ps_live_pid(ps) != 0;
}

int ps_uid_base(const char *ps, uid_t *base, struct err *e)
{
	autoconf_ps c = {0};
	int rc = ps_conf_read(&c, ps, e);

	if (rc == 0)
		*base = (uid_t)c.uid_base;
	return rc;
}

int ps_address(const char *ps, char **address, struct err *e)
{
	autoconf_ps c = {0};
	int rc = ps_conf_read(&c, ps, e);

	for (size_t i = 0; rc == 0 && i < c.address.n; i++)
		if (strchr(c.address.v[i], '.')) {
			*address = mem_strdup(c.address.v[i]);
			return 0;
		}
	return rc < 0 ? rc : err_set(e, E_NOTFOUND, "private server %s has no IPv4 address", ps);
}

int ps_root_fd(const char *ps, int *fd, struct err *e)
{
	autoclose int pidfd = -1;
	char path[64];
	pid_t pid;
	int f, rc = ps_live_open(ps, &pid, &pidfd, e);

	if (rc < 0)
		return rc;
	snprintf(path, sizeof(path), "/proc/%d/root", (int)pid);
	f = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	/* Signal 0 through the pidfd: it was that process whose root this is. */
	if (f < 0 || syscall(SYS_pidfd_send_signal, pidfd, 0, NULL, 0) < 0) {
		if (f >= 0)
			close(f);
		return err_set(e, E_STATE, "private server %s is not running", ps);
	}
	*fd = f;
	return 0;
}
