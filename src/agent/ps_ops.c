/* SPDX-License-Identifier: MIT */
/* Operations ps.start, ps.stop, ps.restart, ps.set, ps.remove. */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "agent/agent.h"
#include "agent/cgroup.h"
#include "agent/net.h"
#include "agent/net_sxps.h"
#include "agent/net_transfer.h"
#include "agent/ps.h"
#include "agent/ps_conf.h"
#include "agent/ps_layer.h"
#include "agent/ps_live.h"
#include "agent/ps_unit.h"
#include "agent/quota.h"

#define TIMEOUT_MAX 86400

static int need_ps(const struct msg *req, const char **name, struct err *e)
{
	int rc = msg_need_name(req, "name", name, e);

	if (rc < 0)
		return rc;
	return ps_exists(*name)
	               ? 0
	               : err_set(e, E_NOTFOUND, "no private server '%s' on this server", *name);
}

static int timeout_of(const struct msg *req, int *timeout, struct err *e)
{
	int64_t t = 0;
	int rc = msg_has(req, "timeout") ? msg_need_i64(req, "timeout", 0, TIMEOUT_MAX, &t, e) : 0;

	*timeout = (int)t;
	return rc;
}

static bool is_ready(int status, const char *said)
{
	static const char *const over[] = {"running", "degraded", "maintenance"};

	for (size_t i = 0; i < ARRAY_LEN(over); i++)
		if (str_starts(said, over[i]))
			return true;
	return status == 127; /* another init than systemd: nobody to ask */
}

/* Wait until the manager inside says that starting is over. At first it does not even answer. */
static int wait_ready(const char *name, int timeout, struct err *e)
{
	char *argv[] = {(char[]){"systemctl"}, (char[]){"is-system-running"}, (char[]){"--wait"},
		NULL};
	struct timespec now, end;
	int status;

	clock_gettime(CLOCK_MONOTONIC, &end);
	end.tv_sec += timeout;
	for (;;) {
		autostr out = STR_INIT;
		struct inside_opts o = {.timeout = timeout, .out = &out, .out_max = 256};

		clock_gettime(CLOCK_MONOTONIC, &now);
		if (now.tv_sec >= end.tv_sec)
			return err_set(e, E_FAIL, "%s was started but is not ready after %d s",
				name, timeout);
		status = ps_run_inside(name, argv, &o, e);
		if (status < 0)
			return err_wrap(e, "waiting for %s", name);
		if (is_ready(status, str_c(&out)))
			return 0;
		poll(NULL, 0, 200);
	}
}

static int start(const char *name, int timeout, struct err *e)
{
	int rc = unit_enable(name, true, e);

	if (rc == 0 && !ps_is_running(name)) {
		if ((rc = unit_slice_weight(e)) < 0)
			return rc;
		rc = unit_start(name, e);
	}
	return rc < 0 || !timeout ? rc : wait_ready(name, timeout, e);
}

static int stop(const char *name, int timeout, struct err *e)
{
	autoconf_ps c = {0};
	struct err ignored;
	int rc = unit_enable(name, false, e);

	if (rc < 0)
		return rc;
	/* Without the module the interface counts, and goes when init ends. */
	if (ps_conf_read(&c, name, &ignored) == 0)
		transfer_checkpoint(&c, &ignored);
	return unit_stop(name, timeout, e);
}

static int pid_answer(const char *name, struct msg *ans)
{
	msg_add_i64(ans, "pid", ps_live_pid(name));
	return 0;
}

/* timeout: seconds to wait until it is ready; 0: do not wait. */
AGENT_OP(ps_start, "ps.start", OP_CHANGE | OP_LOCK_PS)
{
	const char *name;
	int timeout, rc;

	(void)a;
	if ((rc = need_ps(req, &name, e)) < 0 || (rc = timeout_of(req, &timeout, e)) < 0 ||
		(rc = start(name, timeout, e)) < 0)
		return rc;
	return pid_answer(name, ans);
}

/* timeout: seconds its init has to end; then all is killed. */
AGENT_OP(ps_stop, "ps.stop", OP_CHANGE | OP_LOCK_PS)
{
	const char *name;
	int timeout, rc;

	(void)a;
	(void)ans;
	if ((rc = need_ps(req, &name, e)) < 0 || (rc = timeout_of(req, &timeout, e)) < 0)
		return rc;
	return stop(name, timeout, e);
}

AGENT_OP(ps_restart, "ps.restart", OP_CHANGE | OP_LOCK_PS)
{
	const char *name;
	int timeout, rc;

	(void)a;
	if ((rc = need_ps(req, &name, e)) < 0 || (rc = timeout_of(req, &timeout, e)) < 0 ||
		(rc = stop(name, timeout, e)) < 0 || (rc = start(name, 0, e)) < 0)
		return rc;
	return pid_answer(name, ans);
}

static int below(const char *what, int64_t bound, int64_t held, int64_t unit, const char *name,
	struct err *e)
{
	if (!bound || held <= bound)
		return 0;
	return err_set(e, E_LIMIT, "%s: %s of %lld%s is less than the %lld%s it holds", name, what,
		(long long)(bound / unit), unit > 1 ? " MiB" : "",
		(long long)((held + unit - 1) / unit), unit > 1 ? " MiB" : "");
}

/* Memory of programs cannot be taken back: the kernel would kill them. */
static int check_held(const struct ps_conf *c, const struct msg *req, struct err *e)
{
	struct quota_use use = {0};
	int64_t memory = cgroup_keyed(c->name, "memory.stat", "anon");
	int rc = 0;

	if (msg_has(req, "memory"))
		rc = below("memory", c->memory, memory, 1 << 20, c->name, e);
	if (rc < 0 || quota_get(AGENT_STATE, (uint32_t)c->id, &use, NULL) < 0)
		return rc;
	if (msg_has(req, "disk"))
		rc = below("disk", c->disk, use.bytes, 1 << 20, c->name, e);
	return rc == 0 && msg_has(req, "inodes")
	               ? below("a number of files", c->inodes, use.inodes, 1, c->name, e)
	               : rc;
}

AGENT_OP(ps_set, "ps.set", OP_CHANGE | OP_LOCK_PS)
{
	autoconf_ps c = {0};
	char dir[PATH_MAX];
	const char *name;
	int rc;

	(void)a;
	(void)ans;
	if ((rc = need_ps(req, &name, e)) < 0 || (rc = ps_conf_read(&c, name, e)) < 0 ||
		(rc = ps_conf_bounds_from_msg(&c, req, e)) < 0 ||
		(rc = ps_check_quota(&c, e)) < 0 || (rc = sxps_check(&c, e)) < 0 ||
		(!msg_i64(req, "back", 0) && (rc = check_held(&c, req, e)) < 0) ||
		(rc = ps_conf_write(&c, ps_path(dir, name, NULL), e)) < 0 ||
		(rc = layer_bound(&c, AGENT_STATE, e)) < 0 || (rc = unit_bounds(&c, e)) < 0 ||
		(rc = sxps_bound(&c, e)) < 0)
		return rc;
	return ps_is_running(name) ? net_shape(&c, e) : 0;
}

/* ---- remove ---- */

/* The directory gets another name first, so that a killed removal leaves no half private server;
 * the quota goes last, when nothing is counted by it. */
static int remove_files(const struct ps_conf *c, struct err *e)
{
	char dir[PATH_MAX], away[PATH_MAX], hidden[80];
	int rc;

	snprintf(hidden, sizeof(hidden), ".old-%s", c->name);
	ps_path(dir, c->name, NULL);
	ps_path(away, hidden, NULL);
	if ((rc = dir_remove(away, e)) < 0)
		return rc;
	if (rename(dir, away) < 0)
		return err_sys(e, "%s", dir);
	rc = dir_remove(away, e);
	if (rc == 0 && quota_usable(AGENT_STATE))
		rc = quota_set(AGENT_STATE, (uint32_t)c->id, 0, 0, e);
	return rc;
}

/* What a removal killed after the rename left. */
static int remove_rest(const char *name, int64_t id, struct err *e)
{
	char away[PATH_MAX], hidden[80];
	int rc;

	snprintf(hidden, sizeof(hidden), ".old-%s", name);
	rc = dir_remove(ps_path(away, hidden, NULL), e);
	if (rc == 0 && quota_usable(AGENT_STATE))
		rc = quota_set(AGENT_STATE, (uint32_t)id, 0, 0, e);
	return rc;
}

static void remove_run_files(const char *name)
{
	static const char *const ends[] = {"pid", "err"};

	for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
		autofree char *path = str_fmt("%s/%s.%s", AGENT_RUN, name, ends[i]);

		unlink(path);
	}
}

AGENT_OP(ps_remove, "ps.remove", OP_CHANGE | OP_LOCK_PS)
{
	autoconf_ps c = {0};
	const char *name;
	int64_t id;
	int rc;

	(void)a;
	(void)ans;
	if ((rc = msg_need_name(req, "name", &name, e)) < 0 ||
		(rc = msg_need_i64(req, "id", 1, PS_ID_MAX, &id, e)) < 0)
		return rc;
	rc = ps_conf_read(&c, name, e);
	if (rc == E_NOTFOUND)
		return remove_rest(name, id, e);
	if (rc < 0)
		return rc;
	if (c.id != id)
		return err_set(e, E_STATE, "private server %s has id %lld here, not %lld", name,
			(long long)c.id, (long long)id);
	if ((rc = stop(name, -1, e)) < 0 || (rc = net_down(&c, e)) < 0 ||
		(rc = unit_forget(name, e)) < 0)
		return rc;
	remove_run_files(name);
	return remove_files(&c, e);
}
