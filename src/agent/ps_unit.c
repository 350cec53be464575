/* SPDX-License-Identifier: MIT */
#include "agent/ps_unit.h"

#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "agent/agent.h"
#include "agent/cgroup.h"
#include "agent/net.h"
#include "agent/ps.h"
#include "agent/ps_live.h"

#define UNITS      "/etc/systemd/system"
#define CTL_TIME   60   /* seconds for a systemctl that should answer at once */
#define ASK_EVERY  3000 /* ms */
#define START_TIME 120
#define STOP_TIME  90 /* as TimeoutStopSec below */

static const struct {
	const char *path, *text;
} units[] = {
	{UNITS "/sxc-boot.service", "[Unit]\n"
				    "Description=make ready for private servers\n"
				    "After=network-online.target nftables.service\n"
				    "Wants=network-online.target\n"
				    "ConditionPathExists=" AGENT_LIB "/sxc-agent\n"
				    "\n"
				    "[Service]\n"
				    "Type=oneshot\n"
				    "RemainAfterExit=yes\n"
				    "ExecStart=" AGENT_LIB "/sxc-agent boot\n"
				    "\n"
				    "[Install]\n"
				    "WantedBy=multi-user.target\n"},
	{UNITS "/sxc-ps@.service",
		"[Unit]\n"
		"Description=private server %i\n"
		"Requires=sxc-boot.service\n"
		"After=sxc-boot.service network.target\n"
		"ConditionPathExists=" AGENT_PS "/%i/config\n"
		"RequiresMountsFor=" AGENT_STATE "\n"
		"StartLimitIntervalSec=300\n"
		"StartLimitBurst=30\n"
		"\n"
		"[Service]\n"
		"Slice=sxc.slice\n"
		"Type=forking\n"
		"PIDFile=" AGENT_RUN "/%i.pid\n"
		"ExecStart=" AGENT_LIB "/sxc-agent ps-launch %i\n"
		"ExecStopPost=" AGENT_LIB "/sxc-agent ps-stop %i\n"
		"Delegate=yes\n"
		"CPUAccounting=yes\n"
		"MemoryAccounting=yes\n"
		"TasksAccounting=yes\n"
		"# SIGRTMIN+4 asks systemd inside to power off; with a reboot inside the kernel ends\n"
		"# init by SIGHUP, with a power-off by SIGINT: pid_namespaces(7)\n"
		"KillMode=mixed\n"
		"KillSignal=SIGRTMIN+4\n"
		"TimeoutStartSec=60\n"
		"TimeoutStopSec=90\n"
		"Restart=always\n"
		"RestartSec=1\n"
		"RestartPreventExitStatus=SIGINT\n"
		"LimitNOFILE=1048576\n"
		"LimitNPROC=infinity\n"
		"OOMPolicy=continue\n"
		"\n"
		"[Install]\n"
		"WantedBy=multi-user.target\n"},
	{UNITS "/sxc-checkpoint.service", "[Unit]\n"
					  "Description=write down the transfer of private servers\n"
					  "ConditionPathExists=/sys/kernel/config/sxps\n"
					  "\n"
					  "[Service]\n"
					  "Type=oneshot\n"
					  "ExecStart=" AGENT_LIB "/sxc-agent checkpoint\n"},
	{UNITS "/sxc-checkpoint.timer",
		"[Unit]\n"
		"Description=write down the transfer of private servers every five minutes\n"
		"\n"
		"[Timer]\n"
		"OnCalendar=*:0/5\n"
		"AccuracySec=30s\n"
		"\n"
		"[Install]\n"
		"WantedBy=timers.target\n"},
	{UNITS "/sxc.slice", "[Unit]\n"
			     "Description=private servers\n"
			     "Before=slices.target\n"
			     "\n"
			     "[Slice]\n"
			     "CPUAccounting=yes\n"
			     "MemoryAccounting=yes\n"
			     "TasksAccounting=yes\n"},
};

/* systemctl with up to seven arguments. */
static int ctl(int timeout, struct err *e, const char *const *args)
{
	char *argv[12] = {(char *)(uintptr_t) "systemctl"};

	for (size_t i = 0; i < 10 && args[i]; i++)
		argv[i + 1] = (char *)(uintptr_t)args[i];
	return run_cmd(argv, timeout, e);
}
#define CTL(timeout, e, ...) ctl(timeout, e, (const char *const[]){__VA_ARGS__, NULL})

static char *unit_name(const char *ps)
{
	return str_fmt("sxc-ps@%s.service", ps);
}

int ps_setup_units(struct err *e)
{
	bool changed = false;
	int rc;

	for (size_t i = 0; i < ARRAY_LEN(units); i++) {
		autostr now = STR_INIT;

		if (file_read(units[i].path, &now, 65536, NULL) == 0 &&
			str_eq(str_c(&now), units[i].text))
			continue;
		rc = file_write(units[i].path, units[i].text, strlen(units[i].text), 0644, e);
		if (rc < 0)
			return rc;
		changed = true;
	}
	if (changed && (rc = CTL(CTL_TIME, e, "daemon-reload")) < 0)
		return rc;
	rc = CTL(CTL_TIME, e, "enable", "--quiet", "sxc-boot.service");
	return rc < 0 ? rc : CTL(CTL_TIME, e, "enable", "--quiet", "--now", "sxc-checkpoint.timer");
}

int ps_retire_units(struct err *e)
{
	int rc = CTL(CTL_TIME, e, "disable", "--quiet", "--now", "sxc-boot.service",
		"sxc-checkpoint.timer");

	CTL(CTL_TIME, NULL, "stop", CGROUP_SLICE);
	for (size_t i = 0; i < ARRAY_LEN(units); i++)
		unlink(units[i].path);
	if (rc == 0)
		rc = dir_remove("/run/systemd/system.control/" CGROUP_SLICE ".d", e);
	if (rc == 0)
		rc = CTL(CTL_TIME, e, "daemon-reload");
	return rc < 0 ? rc : net_server_down(e);
}

/* ---- bounds ---- */

static char *amount(const char *key, int64_t v)
{
	return v == INT64_MAX ? str_fmt("%s=infinity", key) : str_fmt("%s=%" PRId64, key, v);
}

/* Hundredths of a per cent of the whole server to systemd's per cent of one processor. */
static char *cpu_quota(int64_t cpu_max)
{
	int64_t cpus = sysconf(_SC_NPROCESSORS_ONLN), q = cpu_max * (cpus > 0 ? cpus : 1);

	return cpu_max ? str_fmt("CPUQuota=%" PRId64 ".%02d%%", q / 100, (int)(q % 100))
	               : mem_strdup("CPUQuota=");
}

int unit_bounds(const struct ps_conf *c, struct err *e)
{
	autofree char *unit = unit_name(c->name);
	/* A weight within the slice is the guarantee itself: all guarantees add up to at most 90 %,
	 * which is what the slice has for sure. */
	autofree char *weight = amount("CPUWeight", c->cpu ? c->cpu : 1);
	autofree char *quota = cpu_quota(c->cpu_max);
	autofree char *memory = amount("MemoryMax", c->memory ? c->memory : INT64_MAX);
	autofree char *swap = amount("MemorySwapMax", c->vm ? c->vm - c->memory : INT64_MAX);
	autofree char *tasks = amount("TasksMax", c->procs ? c->procs : INT64_MAX);

	return CTL(CTL_TIME, e, "set-property", unit, weight, quota, memory, swap, tasks);
}

int unit_slice_weight(struct err *e)
{
	int64_t want = cgroup_slice_weight();
	autofree char *weight = amount("CPUWeight", want);
	autostr now = STR_INIT;

	if (file_read(CGROUP_ROOT "/" CGROUP_SLICE "/cpu.weight", &now, 64, NULL) == 0 &&
		strtoll(str_c(&now), NULL, 10) == want)
		return 0;
	return CTL(CTL_TIME, e, "set-property", "--runtime", CGROUP_SLICE, weight);
}

/* ---- life ---- */

bool unit_enabled(const char *ps)
{
	autofree char *unit = unit_name(ps);
	autofree char *link = str_fmt(UNITS "/multi-user.target.wants/%s", unit);

	return faccessat(AT_FDCWD, link, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

int unit_enable(const char *ps, bool on, struct err *e)
{
	autofree char *unit = unit_name(ps);

	if (unit_enabled(ps) == on)
		return 0;
	return CTL(CTL_TIME, e, on ? "enable" : "disable", "--quiet", "--no-reload", unit);
}

int unit_state(const char *ps, char *state, size_t n, struct err *e)
{
	autofree char *unit = unit_name(ps);
	autostr out = STR_INIT;
	char *argv[] = {(char[]){"systemctl"}, (char[]){"show"}, (char[]){"--value"},
		(char[]){"-p"}, (char[]){"ActiveState"}, unit, NULL};
	int rc = run_cmd_out(argv, CTL_TIME, &out, 4096, e);

	if (rc < 0)
		return rc;
	snprintf(state, n, "%.*s", (int)strcspn(str_c(&out), "\n"), str_c(&out));
	return 0;
}

/* What the launcher left as its reason; false when it left none. */
static bool said_by_launcher(const char *ps, struct err *e)
{
	autofree char *path = str_fmt("%s/%s.err", AGENT_RUN, ps);
	autostr why = STR_INIT;
	int code = 0, at = 0;

	if (file_read(path, &why, 4096, NULL) < 0 ||
		sscanf(str_c(&why), "%d %n", &code, &at) != 1 || code >= 0)
		return false;
	err_set(e, code, "%s", why.p + at);
	return true;
}

int unit_start(const char *ps, struct err *e)
{
	autofree char *unit = unit_name(ps), *path = str_fmt("%s/%s.err", AGENT_RUN, ps);
	bool said;
	int rc;

	unlink(path);
	rc = CTL(START_TIME, e, "start", unit);
	said = rc < 0 && said_by_launcher(ps, e);
	if (rc < 0 && !said) { /* not even launched: it was too often, and that is forgiven */
		CTL(CTL_TIME, NULL, "reset-failed", unit);
		rc = CTL(START_TIME, e, "start", unit);
		if (rc < 0)
			said_by_launcher(ps, e);
	}
	if (rc == 0)
		return 0;
	CTL(CTL_TIME, NULL, "stop", unit); /* it would be tried again and again */
	return err_wrap(e, "starting %s", ps);
}

static bool unit_stopped(const char *ps)
{
	char state[32] = "";

	return unit_state(ps, state, sizeof(state), NULL) == 0 &&
	       (str_eq(state, "inactive") || str_eq(state, "failed"));
}

/* An init that has only just begun does not listen yet, and such a signal is lost on it. */
static void ask_again(const char *ps)
{
	pid_t pid = ps_live_pid(ps);

	if (pid)
		kill(pid, SIGRTMIN + 4);
}

/* Often at first: most end quickly, and each question costs a process. */
static bool wait_stopped(const char *ps, int seconds)
{
	int step = 100, asked = 0;

	for (int waited = 0; waited < seconds * 1000; waited += step) {
		if (unit_stopped(ps))
			return true;
		if (waited - asked >= ASK_EVERY) {
			ask_again(ps);
			asked = waited;
		}
		poll(NULL, 0, step);
		step = step < 1000 ? step * 2 : 1000;
	}
	return unit_stopped(ps);
}

int unit_stop(const char *ps, int timeout, struct err *e)
{
	autofree char *unit = unit_name(ps);
	int rc = CTL(CTL_TIME, e, "stop", "--no-block", unit);

	if (rc < 0)
		return rc;
	if (timeout >= 0 && wait_stopped(ps, timeout && timeout < STOP_TIME ? timeout : STOP_TIME))
		return 0;
	CTL(CTL_TIME, NULL, "kill", "--signal=KILL", unit);
	if (wait_stopped(ps, 30)) {
		CTL(CTL_TIME, NULL, "reset-failed", unit); /* killed, but as it was asked for */
		return 0;
	}
	return err_set(e, E_FAIL, "%s does not end, not even killed", ps);
}

/* Reloading takes long on a server with many units and is needed only where the unit was enabled
 * when systemd last read them all. */
static bool still_loaded(char *unit)
{
	autostr out = STR_INIT;
	char *argv[] = {(char[]){"systemctl"}, (char[]){"list-units"}, (char[]){"--all"},
		(char[]){"--plain"}, (char[]){"--no-legend"}, unit, NULL};

	return run_cmd_out(argv, CTL_TIME, &out, 65536, NULL) < 0 || out.len > 0;
}

int unit_forget(const char *ps, struct err *e)
{
	static const char *const dirs[] = {"/etc/systemd/system.control",
		"/run/systemd/system.control"};
	autofree char *unit = unit_name(ps);
	char group[PATH_MAX];
	int rc = unit_enable(ps, false, e);

	for (size_t i = 0; i < ARRAY_LEN(dirs) && rc == 0; i++) {
		autofree char *dir = str_fmt("%s/%s.d", dirs[i], unit);

		rc = dir_remove(dir, e);
	}
	if (rc < 0)
		return rc;
	CTL(CTL_TIME, NULL, "reset-failed", unit);
	/* Setting properties of a unit that was never started leaves an empty group. */
	rmdir(cgroup_path(group, ps));
	return still_loaded(unit) ? CTL(CTL_TIME, e, "daemon-reload") : 0;
}
