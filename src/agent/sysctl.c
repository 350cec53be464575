/* SPDX-License-Identifier: MIT */
#include "agent/sysctl.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "agent/agent.h"
#include "agent/facts.h"

#define AIO_EVENT  64 /* bytes of a request's place in the ring, which the memory bound counts */
#define TASKS_MAX  4194304
#define NEIGHBOURS 131072 /* entries are not counted by memory bounds: some MiB, then it ends */

static int64_t now_at(const char *path)
{
	autostr s = STR_INIT;

	return file_read(path, &s, 64, NULL) < 0 ? -1 : strtoll(str_c(&s), NULL, 10);
}

static int at_least(const char *name, int64_t least, struct err *e)
{
	autofree char *path = str_fmt("/proc/sys/%s", name), *text = str_fmt("%" PRId64, least);
	int64_t now = now_at(path);

	return now < 0 || now >= least ? 0 : file_poke(path, text, e);
}

/* "min pressure max" in pages: buffers count for the memory bound of who fills them. */
static int at_least_pages(const char *name, int64_t memory, struct err *e)
{
	int64_t pages = memory / sysconf(_SC_PAGESIZE);
	autofree char *path = str_fmt("/proc/sys/%s", name);
	autofree char *text = str_fmt("%" PRId64 " %" PRId64 " %" PRId64, pages / 2, pages / 4 * 3,
		pages / 10 * 9);

	return now_at(path) < 0 || now_at(path) >= pages / 2 ? 0 : file_poke(path, text, e);
}

/* Root inside may run out of memory as often as it likes, and the kernel would log a line for each
 * of its processes every time. */
static int quiet_log(struct err *e)
{
	static const char path[] = "/proc/sys/vm/oom_dump_tasks";

	return now_at(path) <= 0 ? 0 : file_poke(path, "0", e);
}

int sysctl_raise(struct err *e)
{
	int64_t memory = facts_meminfo("MemTotal");
	const struct {
		const char *name;
		int64_t least;
	} all[] = {
		{"fs/aio-max-nr", memory / AIO_EVENT},
		{"fs/inotify/max_user_instances", 1024},
		{"kernel/pid_max", TASKS_MAX},
		{"kernel/threads-max", TASKS_MAX / 4},
		{"net/ipv4/neigh/default/gc_thresh3", NEIGHBOURS},
		{"net/ipv4/neigh/default/gc_thresh2", NEIGHBOURS / 2},
		{"net/ipv4/neigh/default/gc_thresh1", NEIGHBOURS / 4},
		{"net/ipv6/neigh/default/gc_thresh3", NEIGHBOURS},
		{"net/ipv6/neigh/default/gc_thresh2", NEIGHBOURS / 2},
		{"net/ipv6/neigh/default/gc_thresh1", NEIGHBOURS / 4},
	};
	int rc = quiet_log(e);

	for (size_t i = 0; i < ARRAY_LEN(all) && rc == 0; i++)
		rc = at_least(all[i].name, all[i].least, e);
	if (rc == 0)
		rc = at_least_pages("net/ipv4/tcp_mem", memory, e);
	return rc < 0 ? rc : at_least_pages("net/ipv4/udp_mem", memory, e);
}
