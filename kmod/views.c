// SPDX-License-Identifier: GPL-2.0
#include <linux/cgroup.h>
#include <linux/math64.h>
#include <linux/memcontrol.h>
#include <linux/mm.h>
#include <linux/nsproxy.h>
#include <linux/pid_namespace.h>
#include <linux/proc_fs.h>
#include <linux/sched/loadavg.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/swap.h>
#include <linux/time_namespace.h>
#include <linux/timekeeping.h>
#include "context.h"
#include "host.h"
#include "load.h"
#include "member.h"
#include "views.h"

/* What is asked about: the reader's context, taken hold of. */
struct subject {
	struct cgroup *cgroup;
	struct sxps_load load;
	cpumask_var_t cpus; /* on which its first process may run */
};

/* The affinity of the reader's own init says what the cgroup allows. */
static void subject_cpus(struct cpumask *cpus)
{
	struct task_struct *init;

	rcu_read_lock();
	init = READ_ONCE(task_active_pid_ns(current)->child_reaper);
	cpumask_and(cpus, &init->cpus_mask, cpu_online_mask);
	rcu_read_unlock();
}

/* 1: there is one; 0: the reader is outside of any; -ENOMEM. */
static int subject_init(struct subject *s)
{
	struct sxps_context *ctx;

	s->cgroup = NULL;
	rcu_read_lock();
	ctx = sxps_member_of(current);
	if (ctx) {
		s->cgroup = READ_ONCE(ctx->cgroup);
		s->load = ctx->load;
	}
	if (s->cgroup && !cgroup_tryget(s->cgroup))
		s->cgroup = NULL;
	rcu_read_unlock();
	if (!s->cgroup)
		return 0;
	if (!zalloc_cpumask_var(&s->cpus, GFP_KERNEL)) {
		cgroup_put(s->cgroup);
		return -ENOMEM;
	}
	subject_cpus(s->cpus);
	return 1;
}

static void subject_release(struct subject *s)
{
	free_cpumask_var(s->cpus);
	cgroup_put(s->cgroup);
}

/* ---- memory ---- */

struct memory {
	unsigned long total, free; /* pages, all below */
	unsigned long swap_total, swap_free;
	unsigned long lru[NR_LRU_LISTS];
};

/* The tightest bound of the group and those above it. */
static unsigned long bound_of(struct page_counter *counter)
{
	unsigned long bound = PAGE_COUNTER_MAX;

	for (; counter; counter = counter->parent)
		bound = min(bound, READ_ONCE(counter->max));
	return bound;
}

static void add_lru(struct memory *m, struct mem_cgroup *group)
{
	enum lru_list lru;
	int node, zone;

	for_each_online_node(node)
		for (zone = 0; zone < MAX_NR_ZONES; zone++)
			for_each_lru(lru)
				m->lru[lru] += READ_ONCE(
					group->nodeinfo[node]->lru_zone_size[zone][lru]);
}

static void memory_of(struct cgroup *cgroup, struct memory *m)
{
	struct cgroup_subsys_state *css = cgroup_get_e_css(cgroup, &memory_cgrp_subsys);
	struct mem_cgroup *group = mem_cgroup_from_css(css);
	struct cgroup_subsys_state *below;
	unsigned long used = page_counter_read(&group->memory);
	unsigned long swapped = page_counter_read(&group->swap);
	unsigned long bound = bound_of(&group->swap);
	long machine_free = get_nr_swap_pages();
	struct sysinfo machine;

	si_meminfo(&machine);
	memset(m, 0, sizeof(*m));
	m->total = min(bound_of(&group->memory), machine.totalram);
	m->free = m->total > used ? m->total - used : 0;
	m->swap_free = bound > swapped ? bound - swapped : 0;
	m->swap_free = min_t(unsigned long, m->swap_free, max(machine_free, 0L));
	m->swap_total = swapped + m->swap_free;
	rcu_read_lock();
	css_for_each_descendant_pre(below, css)
		add_lru(m, mem_cgroup_from_css(below));
	rcu_read_unlock();
	css_put(css);
}

static void line(struct seq_file *out, const char *name, unsigned long pages)
{
	seq_printf(out, "%-15s %8lu kB\n", name, pages << (PAGE_SHIFT - 10));
}

static void show_meminfo(struct seq_file *out, struct subject *s)
{
	unsigned long file;
	struct memory m;

	memory_of(s->cgroup, &m);
	file = m.lru[LRU_ACTIVE_FILE] + m.lru[LRU_INACTIVE_FILE];
	line(out, "MemTotal:", m.total);
	line(out, "MemFree:", m.free);
	line(out, "MemAvailable:", min(m.total, m.free + file));
	line(out, "Buffers:", 0);
	line(out, "Cached:", file);
	line(out, "SwapCached:", 0);
	line(out, "Active:", m.lru[LRU_ACTIVE_ANON] + m.lru[LRU_ACTIVE_FILE]);
	line(out, "Inactive:", m.lru[LRU_INACTIVE_ANON] + m.lru[LRU_INACTIVE_FILE]);
	line(out, "Active(anon):", m.lru[LRU_ACTIVE_ANON]);
	line(out, "Inactive(anon):", m.lru[LRU_INACTIVE_ANON]);
	line(out, "Active(file):", m.lru[LRU_ACTIVE_FILE]);
	line(out, "Inactive(file):", m.lru[LRU_INACTIVE_FILE]);
	line(out, "Unevictable:", m.lru[LRU_UNEVICTABLE]);
	line(out, "SwapTotal:", m.swap_total);
	line(out, "SwapFree:", m.swap_free);
}

static void show_swaps(struct seq_file *out, struct subject *s)
{
	struct memory m;

	memory_of(s->cgroup, &m);
	seq_puts(out, "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n");
	if (m.swap_total)
		seq_printf(out, "%-39s %-15s %-15lu %-15lu %d\n", "none", "virtual",
			m.swap_total << (PAGE_SHIFT - 10),
			(m.swap_total - m.swap_free) << (PAGE_SHIFT - 10), 0);
}

/* ---- time ---- */

/* In the units of /proc/stat. */
struct times {
	u64 user, system, idle;
};

static u64 to_ticks(u64 ns)
{
	return div_u64(ns, NSEC_PER_SEC / USER_HZ);
}

static struct times times_of(struct subject *s)
{
	u64 uptime = timens_add_boottime_ns(ktime_get_boottime_ns());
	u64 all = to_ticks(uptime) * cpumask_weight(s->cpus);
	struct times t;

	t.user = to_ticks(READ_ONCE(s->cgroup->bstat.cputime.utime));
	t.system = to_ticks(READ_ONCE(s->cgroup->bstat.cputime.stime));
	t.idle = all > t.user + t.system ? all - t.user - t.system : 0;
	return t;
}

static void show_times(struct seq_file *out, const struct times *t, unsigned int parts)
{
	seq_printf(out, " %llu 0 %llu %llu 0 0 0 0 0 0\n", div_u64(t->user, parts),
		div_u64(t->system, parts), div_u64(t->idle, parts));
}

/* The kernel keeps a group's time for all processors together: each shows an equal part. */
static void show_stat(struct seq_file *out, struct subject *s)
{
	unsigned int parts = max(cpumask_weight(s->cpus), 1u);
	struct times t = times_of(s);
	struct timespec64 boot, offset = {0};
	int cpu;

	getboottime64(&boot);
	timens_add_boottime(&offset);
	boot = timespec64_sub(boot, offset);
	seq_puts(out, "cpu ");
	show_times(out, &t, 1);
	for_each_cpu(cpu, s->cpus) {
		seq_printf(out, "cpu%d", cpu);
		show_times(out, &t, parts);
	}
	seq_puts(out, "intr 0\nctxt 0\n");
	seq_printf(out, "btime %lld\n", (long long)boot.tv_sec);
	seq_printf(out, "processes %u\n", idr_get_cursor(&task_active_pid_ns(current)->idr));
	seq_printf(out, "procs_running %u\nprocs_blocked %u\n", max(s->load.running, 1u),
		s->load.blocked);
}

static void show_loadavg(struct seq_file *out, struct subject *s)
{
	unsigned int last = idr_get_cursor(&task_active_pid_ns(current)->idr);
	int i;

	for (i = 0; i < 3; i++) {
		unsigned long load = s->load.average[i] + FIXED_1 / 200;

		seq_printf(out, "%lu.%02lu ", LOAD_INT(load), LOAD_FRAC(load));
	}
	seq_printf(out, "%u/%u %u\n", max(s->load.running, 1u), max(s->load.threads, 1u),
		last ? last - 1 : 0);
}

/* ---- the entries ---- */

static const struct view {
	const char *name;
	void (*show)(struct seq_file *out, struct subject *s); /* NULL: the machine's, filtered */
} views[] = {
	{"meminfo", show_meminfo},
	{"stat", show_stat},
	{"loadavg", show_loadavg},
	{"cpuinfo", NULL},
	{"swaps", show_swaps},
};

static int show_view(struct seq_file *out, void *unused)
{
	const struct view *view = out->private;
	struct subject s;
	int r = subject_init(&s);

	if (r < 0)
		return r;
	if (!r)
		return sxps_host_copy(view->name, NULL, out);
	if (view->show)
		view->show(out, &s);
	else
		r = sxps_host_copy(view->name, s.cpus, out);
	subject_release(&s);
	return r < 0 ? r : 0;
}

static int open_view(struct inode *inode, struct file *file)
{
	return single_open(file, show_view, pde_data(inode));
}

static const struct proc_ops view_ops = {
	.proc_open = open_view,
	.proc_read_iter = seq_read_iter,
	.proc_lseek = seq_lseek,
	.proc_release = single_release,
};

static bool make_entries(struct proc_dir_entry *dir)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(views); i++)
		if (!proc_create_data(views[i].name, 0444, dir, &view_ops, (void *)&views[i]))
			return false;
	return true;
}

int sxps_views_start(void)
{
	struct proc_dir_entry *dir;
	int r = sxps_host_start();

	if (r < 0)
		return r;
	dir = proc_mkdir("sxps", NULL);
	if (!dir)
		goto stop_host;
	if (!make_entries(dir))
		goto remove_entries;
	return 0;

remove_entries:
	remove_proc_subtree("sxps", NULL);
stop_host:
	sxps_host_stop();
	return -ENOMEM;
}

void sxps_views_stop(void)
{
	remove_proc_subtree("sxps", NULL);
	sxps_host_stop();
}
