/* SPDX-License-Identifier: MIT */
/* Operations ps.list, ps.limits and ps.log. */
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "agent/agent.h"
#include "agent/cgroup.h"
#include "agent/net.h"
#include "agent/net_sxps.h"
#include "agent/net_transfer.h"
#include "agent/ps.h"
#include "agent/ps_conf.h"
#include "agent/ps_ends.h"
#include "agent/ps_live.h"
#include "agent/ps_mend.h"
#include "agent/quota.h"

static void add_known(struct msg *m, const char *name, int64_t v)
{
	if (v >= 0 && v != INT64_MAX)
		msg_add_i64(m, name, v);
}

static int64_t cpu_usec(const char *ps)
{
	return cgroup_keyed(ps, "cpu.stat", "usage_usec");
}

/* As the host's side of the pair counts: what it receives, the private server has sent. */
static int64_t device_bytes(const struct ps_conf *c, const char *counter)
{
	autostr s = STR_INIT;
	char dev[IFNAMSIZ], path[PATH_MAX];

	snprintf(path, sizeof(path), "/sys/class/net/%s/statistics/%s", net_device(c, dev),
		counter);
	return file_read(path, &s, 64, NULL) < 0 ? -1 : strtoll(str_c(&s), NULL, 10);
}

static int64_t now_usec(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

/* ---- list ---- */

struct listing {
	struct msg *ans;
	struct str units; /* "Id=…\nActiveState=…\n" of all loaded units */
};

/* What systemd says of those that have no running init; off: it powered itself off. */
static const char *idle_state(const struct listing *l, const char *ps, const struct ps_ends *ends)
{
	autofree char *id = str_fmt("Id=sxc-ps@%s.service\nActiveState=", ps);
	const char *p = strstr(str_c(&l->units), id);

	p = p ? p + strlen(id) : "";
	if (str_starts(p, "failed"))
		return "failed";
	if (str_starts(p, "activating"))
		return "starting";
	return str_eq(ends->last, "poweroff") ? "off" : "stopped";
}

static int list_one(void *arg, const struct ps_conf *c, struct err *e)
{
	struct listing *l = arg;
	struct msg *m = msg_new();
	struct ps_ends ends;
	struct quota_use q;
	pid_t pid = ps_live_pid(c->name);
	int64_t used, total;

	(void)e;
	msg_add_text(m, "name", c->name);
	msg_add_i64(m, "id", c->id);
	ends_read(c->name, &ends);
	msg_add_text(m, "state", pid ? "running" : idle_state(l, c->name, &ends));
	msg_add_text(m, "fault", mend_fault(c));
	msg_add_i64(m, "reboots", ends.reboots);
	msg_add_i64(m, "crashes", ends.crashes);
	msg_add_i64(m, "poweroffs", ends.poweroffs);
	if (pid) {
		msg_add_i64(m, "pid", pid);
		msg_add_i64(m, "since", ps_live_since(pid));
		add_known(m, "memory", cgroup_number(c->name, "memory.current"));
		add_known(m, "procs", cgroup_number(c->name, "pids.current"));
		add_known(m, "cpu_usec", cpu_usec(c->name));
		add_known(m, "sent", device_bytes(c, "rx_bytes"));
		add_known(m, "received", device_bytes(c, "tx_bytes"));
	}
	if (quota_get(AGENT_STATE, (uint32_t)c->id, &q, NULL) == 0) {
		msg_add_i64(m, "disk", q.bytes);
		msg_add_i64(m, "inodes", q.inodes);
	}
	transfer_read(c, &used, &total);
	add_known(m, "transfer_used", used);
	add_known(m, "transfer_total", total);
	for (size_t i = 0; i < c->address.n; i++)
		msg_add_text(m, "address", c->address.v[i]);
	msg_add_msg(l->ans, "ps", m);
	return 0;
}

static void listing_release(struct listing *l)
{
	str_release(&l->units);
}

AGENT_OP(ps_list, "ps.list", OP_READ)
{
	autoclean(listing_release) struct listing l = {ans, STR_INIT};
	char *argv[] = {(char[]){"systemctl"}, (char[]){"show"}, (char[]){"-p"},
		(char[]){"Id,ActiveState"}, (char[]){"--all"}, (char[]){"sxc-ps@*.service"}, NULL};

	(void)a;
	(void)req;
	run_cmd_out(argv, 60, &l.units, 4 << 20, NULL);
	msg_add_i64(ans, "usec", now_usec());
	msg_add_i64(ans, "cpus", sysconf(_SC_NPROCESSORS_ONLN));
	return ps_conf_each(list_one, &l, e);
}

/* ---- limits: a row a resource, in the manner of OpenVZ's beancounters ---- */

struct row {
	const char *resource, *unit, *by;
	int64_t held, peak, bound, failures; /* -1: unknown or none */
};

static void add_row(struct msg *ans, const struct row *r)
{
	struct msg *m = msg_new();

	msg_add_text(m, "resource", r->resource);
	msg_add_text(m, "unit", r->unit);
	add_known(m, "held", r->held);
	add_known(m, "peak", r->peak);
	if (r->bound > 0)
		msg_add_i64(m, "bound", r->bound);
	add_known(m, "failures", r->failures);
	msg_add_text(m, "enforced_by", r->by);
	msg_add_msg(ans, "limit", m);
}

#define SAMPLE_MS 250 /* over which rates are measured, at least */

/* What it takes now: of CPU in hundredths of a per cent of the server, of the network in bit/s. */
static void measure(const struct ps_conf *c, int64_t *cpu, int64_t *net)
{
	int64_t cpus = sysconf(_SC_NPROCESSORS_ONLN), t = now_usec();
	int64_t u = cpu_usec(c->name), b = device_bytes(c, "rx_bytes");

	*cpu = *net = -1;
	if (u < 0 && b < 0)
		return;
	poll(NULL, 0, SAMPLE_MS);
	t = now_usec() - t;
	if (u >= 0 && cpus > 0)
		*cpu = (cpu_usec(c->name) - u) * 10000 / (t * cpus);
	if (b >= 0)
		*net = (device_bytes(c, "rx_bytes") - b) * 8 * 1000000 / t;
}

static void cpu_rows(const struct ps_conf *c, int64_t cpu, struct msg *ans)
{
	struct row r = {"cpu", "0.01%", c->cpu ? "cgroup" : "nothing", cpu, -1, c->cpu, -1};

	add_row(ans, &r);
	r = (struct row){"cpu-max", "0.01%", c->cpu_max ? "cgroup" : "nothing", cpu, -1, c->cpu_max,
		cgroup_keyed(c->name, "cpu.stat", "nr_throttled")};
	add_row(ans, &r);
}

static int64_t sum_known(int64_t a, int64_t b)
{
	return a < 0 || b < 0 ? -1 : a + b;
}

static void memory_rows(const struct ps_conf *c, struct msg *ans)
{
	int64_t memory = cgroup_number(c->name, "memory.current");
	int64_t swap = cgroup_number(c->name, "memory.swap.current");
	struct row r = {"memory", "bytes", c->memory ? "cgroup" : "nothing", memory,
		cgroup_number(c->name, "memory.peak"), c->memory,
		cgroup_keyed(c->name, "memory.events", "oom")};

	add_row(ans, &r);
	r = (struct row){"vm", "bytes", c->vm ? "cgroup" : "nothing", sum_known(memory, swap), -1,
		c->vm, cgroup_keyed(c->name, "memory.swap.events", "fail")};
	add_row(ans, &r);
	r = (struct row){"procs", "count", c->procs ? "cgroup" : "nothing",
		cgroup_number(c->name, "pids.current"), cgroup_number(c->name, "pids.peak"),
		c->procs, cgroup_forks_refused(c->name)};
	add_row(ans, &r);
}

static void disk_rows(const struct ps_conf *c, struct msg *ans)
{
	struct quota_use q = {-1, -1, -1, -1};
	bool known = quota_get(AGENT_STATE, (uint32_t)c->id, &q, NULL) == 0;
	struct row r = {"disk", "bytes", known && q.bytes_max ? "quota" : "nothing",
		known ? q.bytes : -1, -1, known ? q.bytes_max : -1, -1};

	add_row(ans, &r);
	r = (struct row){"inodes", "count", known && q.inodes_max ? "quota" : "nothing",
		known ? q.inodes : -1, -1, known ? q.inodes_max : -1, -1};
	add_row(ans, &r);
}

/* The module counts drops of its own; what it lets through, nftables sees. */
static void address_row(const struct ps_conf *c, struct msg *ans)
{
	bool module = sxps_enforces(c, "net");
	int64_t drops = net_dropped(c), more = sxps_dropped(c);
	struct row r = {"addresses", "count", module ? "sxps" : "nftables", (int64_t)c->address.n,
		-1, (int64_t)c->address.n, drops < 0 ? more : drops + (more > 0 ? more : 0)};

	add_row(ans, &r);
}

/* What only the module knows of; without it nothing does. */
static void module_rows(const struct ps_conf *c, struct msg *ans)
{
	const struct {
		const char *resource, *counter, *unit;
		int64_t bound;
	} rows[] = {{"sessions", "terminals", "count", c->sessions},
		{"transfer", "transfer", "bytes", c->transfer}};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct sxps_counter n = {-1, -1, -1, -1};
		bool on = sxps_counter(c, rows[i].counter, &n) && n.bound >= 0 &&
		          sxps_enforces(c, rows[i].resource);
		struct row r = {rows[i].resource, rows[i].unit, on ? "sxps" : "nothing", n.held,
			n.peak, on ? n.bound : rows[i].bound, n.failures};

		add_row(ans, &r);
	}
}

static void net_rows(const struct ps_conf *c, int64_t net, struct msg *ans)
{
	struct row r = {"net", "bit/s", c->net ? "htb" : "nothing", net, -1, c->net, -1};

	add_row(ans, &r);
	address_row(c, ans);
	module_rows(c, ans);
}

AGENT_OP(ps_limits, "ps.limits", OP_READ)
{
	autoconf_ps c = {0};
	const char *name;
	int64_t cpu, net;
	int rc;

	(void)a;
	if ((rc = msg_need_name(req, "name", &name, e)) < 0 || (rc = ps_conf_read(&c, name, e)) < 0)
		return rc;
	measure(&c, &cpu, &net);
	cpu_rows(&c, cpu, ans);
	memory_rows(&c, ans);
	disk_rows(&c, ans);
	net_rows(&c, net, ans);
	return 0;
}

/* ---- log: what it says itself, or what the server knows of its starts and ends ---- */

#define LOG_BYTES (4 << 20)

static int log_inside(struct agent *a, const char *name, char *lines, struct err *e)
{
	autostr out = STR_INIT;
	char *argv[] = {(char[]){"journalctl"}, (char[]){"--no-pager"}, (char[]){"--quiet"},
		(char[]){"--output=short-iso"}, lines, NULL};
	struct inside_opts o = {.timeout = 60, .out = &out, .out_max = LOG_BYTES};
	int status = ps_run_inside(name, argv, &o, e);

	if (status < 0)
		return status;
	if (status == 127)
		return err_set(e, E_STATE, "private server %s keeps no journal", name);
	return agent_output(a, 1, str_c(&out), out.len, e);
}

static int log_unit(struct agent *a, const char *name, char *lines, struct err *e)
{
	autostr out = STR_INIT;
	autofree char *unit = str_fmt("--unit=sxc-ps@%s.service", name);
	char *argv[] = {(char[]){"journalctl"}, (char[]){"--no-pager"}, (char[]){"--quiet"},
		(char[]){"--merge"}, (char[]){"--output=short-iso"}, unit, lines, NULL};
	int rc = run_cmd_out(argv, 60, &out, 16 << 20, e);

	return rc < 0 ? rc : agent_output(a, 1, str_c(&out), out.len, e);
}

AGENT_OP(ps_log, "ps.log", OP_READ)
{
	autofree char *lines = NULL;
	const char *name;
	int64_t n = 100;
	int rc = msg_need_name(req, "name", &name, e);

	(void)ans;
	if (rc < 0 ||
		(msg_has(req, "lines") && (rc = msg_need_i64(req, "lines", 1, 10000, &n, e)) < 0))
		return rc;
	if (!ps_exists(name))
		return err_set(e, E_NOTFOUND, "no private server '%s' on this server", name);
	lines = str_fmt("--lines=%" PRId64, n);
	return msg_i64(req, "inside", 0) ? log_inside(a, name, lines, e)
	                                 : log_unit(a, name, lines, e);
}
