/* SPDX-License-Identifier: MIT */
#include "agent/ps_mend.h"

#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "agent/agent.h"
#include "agent/cgroup.h"
#include "agent/net.h"
#include "agent/ps.h"
#include "agent/ps_layer.h"
#include "agent/ps_live.h"
#include "agent/ps_unit.h"

/* ---- finding ---- */

/* An init of a namespace below ours, by the pid that its launcher wrote down: it may have been
 * moved to another control group. */
static pid_t stray_init(const char *ps)
{
	autofree char *path = str_fmt("%s/%s.pid", AGENT_RUN, ps);
	autostr s = STR_INIT, status = STR_INIT;
	const char *line;
	int outer, inner;
	long pid;

	if (ps_live_pid(ps) || file_read(path, &s, 32, NULL) < 0)
		return 0;
	pid = strtol(str_c(&s), NULL, 10);
	autofree char *file = str_fmt("/proc/%ld/status", pid);
	if (pid < 2 || file_read(file, &status, 65536, NULL) < 0 ||
		!(line = strstr(str_c(&status), "\nNSpid:")) ||
		sscanf(line, "\nNSpid: %d %d", &outer, &inner) != 2)
		return 0;
	return outer == pid && inner == 1 ? (pid_t)pid : 0;
}

static bool lost_device(const struct ps_conf *c)
{
	char dev[IFNAMSIZ];

	return if_nametoindex(net_device(c, dev)) == 0;
}

static bool image_gone(const struct ps_conf *c)
{
	autofree char *init = str_fmt("%s/%s/.", AGENT_IMAGES, c->image);

	return access(init, F_OK) < 0;
}

/* What the kernel holds, rounded down to pages, against what was promised. */
static bool differs(const struct ps_conf *c, const char *file, int64_t bound)
{
	int64_t page = sysconf(_SC_PAGESIZE), now = cgroup_number(c->name, file);

	return bound && now >= 0 && (now == INT64_MAX || now / page != bound / page);
}

static bool bounds_differ(const struct ps_conf *c)
{
	return differs(c, "memory.max", c->memory) ||
	       (c->procs && cgroup_number(c->name, "pids.max") != c->procs) ||
	       (c->cpu && cgroup_number(c->name, "cpu.weight") != c->cpu);
}

const char *mend_fault(const struct ps_conf *c)
{
	if (image_gone(c))
		return "has lost its image on the server";
	if (stray_init(c->name))
		return "runs outside of its control group";
	if (!ps_is_running(c->name))
		return NULL;
	if (lost_device(c))
		return "has lost its network interface";
	return bounds_differ(c) ? "has other bounds in force than it should" : NULL;
}

/* ---- putting right ---- */

/* A new pair into the network namespace it has. */
static int new_device(const struct ps_conf *c, pid_t pid, struct err *e)
{
	int rc = net_up(c, pid, e);

	return rc < 0 ? rc : net_inside_again(NULL, c, pid, e);
}

/* systemd writes a value again only when it thinks that it changes. */
static int bounds_again(const struct ps_conf *c, struct err *e)
{
	char dir[PATH_MAX];
	int rc = unit_bounds(c, e);

	cgroup_path(dir, c->name);
	autofree char *memory = str_fmt("%s/memory.max", dir), *procs = str_fmt("%s/pids.max", dir),
		      *weight = str_fmt("%s/cpu.weight", dir);
	autofree char *m = str_fmt("%lld", (long long)c->memory);
	autofree char *p = str_fmt("%lld", (long long)c->procs);
	autofree char *w = str_fmt("%lld", (long long)c->cpu);
	if (rc == 0 && c->memory)
		rc = file_poke(memory, m, e);
	if (rc == 0 && c->procs)
		rc = file_poke(procs, p, e);
	if (rc == 0 && c->cpu)
		rc = file_poke(weight, w, e);
	return rc < 0 ? rc : layer_bound(c, AGENT_STATE, e);
}

/* Nothing bounds it: it ends at once and begins anew where it belongs. */
static int start_anew(const struct ps_conf *c, pid_t stray, struct err *e)
{
	int rc;

	kill(stray, SIGKILL);
	if ((rc = unit_stop(c->name, -1, e)) < 0)
		return rc;
	return unit_start(c->name, e);
}

AGENT_OP(ps_mend, "ps.mend", OP_CHANGE | OP_LOCK_PS)
{
	autoconf_ps c = {0};
	const char *name;
	pid_t stray, pid;
	int rc;

	(void)a;
	(void)ans;
	if ((rc = msg_need_name(req, "name", &name, e)) < 0 || (rc = ps_conf_read(&c, name, e)) < 0)
		return rc;
	if (image_gone(&c))
		return err_set(e, E_NOTFOUND, "image %.16s… is not on this server", c.image);
	if ((stray = stray_init(name)))
		return start_anew(&c, stray, e);
	pid = ps_live_pid(name);
	if (pid && lost_device(&c) && (rc = new_device(&c, pid, e)) < 0)
		return rc;
	return pid && bounds_differ(&c) ? bounds_again(&c, e) : 0;
}
