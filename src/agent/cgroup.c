/* SPDX-License-Identifier: MIT */
#include "agent/cgroup.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "agent/agent.h"

#define WEIGHT_DEFAULT 100
#define WEIGHT_MAX     10000

const char *cgroup_path(char buf[PATH_MAX], const char *ps)
{
	snprintf(buf, PATH_MAX, "%s/%s/sxc-ps@%s.service", CGROUP_ROOT, CGROUP_SLICE, ps);
	return buf;
}

static int read_at(const char *dir, const char *file, struct str *out)
{
	autofree char *path = str_fmt("%s/%s", dir, file);

	return file_read(path, out, 65536, NULL);
}

static int64_t number(const char *text)
{
	char *end;
	long long v;

	if (str_starts(text, "max"))
		return INT64_MAX;
	v = strtoll(text, &end, 10);
	return end == text ? -1 : v;
}

int64_t cgroup_number(const char *ps, const char *file)
{
	char dir[PATH_MAX];
	autostr s = STR_INIT;

	return read_at(cgroup_path(dir, ps), file, &s) < 0 ? -1 : number(str_c(&s));
}

static int64_t keyed_at(const char *dir, const char *file, const char *key)
{
	autostr s = STR_INIT;
	size_t n = strlen(key);
	char *save = NULL;

	if (read_at(dir, file, &s) < 0 || !s.p)
		return -1;
	for (char *l = strtok_r(s.p, "\n", &save); l; l = strtok_r(NULL, "\n", &save))
		if (strncmp(l, key, n) == 0 && l[n] == ' ')
			return number(l + n + 1);
	return -1;
}

int64_t cgroup_keyed(const char *ps, const char *file, const char *key)
{
	char dir[PATH_MAX];

	return keyed_at(cgroup_path(dir, ps), file, key);
}

/* The tree is made inside: no deeper than its manager goes. */
static int64_t sum_below(const char *dir, const char *file, const char *key, int depth)
{
	DIR *d = depth ? opendir(dir) : NULL;
	struct dirent *de;
	int64_t own = keyed_at(dir, file, key), sum = own > 0 ? own : 0;

	while (d && (de = readdir(d))) {
		autofree char *sub = str_fmt("%s/%s", dir, de->d_name);

		if (de->d_type == DT_DIR && !str_eq(de->d_name, ".") && !str_eq(de->d_name, ".."))
			sum += sum_below(sub, file, key, depth - 1);
	}
	if (d)
		closedir(d);
	return sum;
}

int64_t cgroup_forks_refused(const char *ps)
{
	char dir[PATH_MAX];
	int64_t own = cgroup_keyed(ps, "pids.events", "max");
	autofree char *local = str_fmt("%s/pids.events.local", cgroup_path(dir, ps));

	if (own < 0 || access(local, F_OK) == 0)
		return own;
	return sum_below(dir, "pids.events", "max", 8);
}

/* Other hierarchies may stand beside the unified one, each with a line of its own: cgroups(7). */
char *cgroup_of(int pid)
{
	autofree char *path = pid ? str_fmt("/proc/%d/cgroup", pid)
	                          : mem_strdup("/proc/self/cgroup");
	autostr s = STR_INIT;
	char *save = NULL;

	if (file_read(path, &s, 65536, NULL) < 0 || !s.p)
		return NULL;
	for (char *l = strtok_r(s.p, "\n", &save); l; l = strtok_r(NULL, "\n", &save))
		if (str_starts(l, "0::/"))
			return mem_strdup(l + 3);
	return NULL;
}

bool cgroup_holds(const char *ps, int pid)
{
	autofree char *group = cgroup_of(pid);
	autofree char *want = str_fmt("/%s/sxc-ps@%s.service", CGROUP_SLICE, ps);
	char after;

	if (!group || !str_starts(group, want))
		return false;
	after = group[strlen(want)];
	return after == '/' || after == '\0';
}

/* Mounts and the like have groups that never hold a process; slices may fill at any time. */
static bool competes(const char *name)
{
	autostr s = STR_INIT;
	autofree char *path = str_fmt("%s/%s/cgroup.events", CGROUP_ROOT, name);

	if (name[0] == '.' || str_eq(name, CGROUP_SLICE))
		return false;
	return str_ends(name, ".slice") ||
	       (file_read(path, &s, 256, NULL) == 0 && strstr(str_c(&s), "populated 1"));
}

int64_t cgroup_slice_weight(void)
{
	DIR *d = opendir(CGROUP_ROOT);
	struct dirent *de;
	int64_t sum = 0, w;

	while (d && (de = readdir(d))) {
		autostr s = STR_INIT;
		autofree char *path = str_fmt("%s/%s/cpu.weight", CGROUP_ROOT, de->d_name);

		if (de->d_type != DT_DIR || !competes(de->d_name))
			continue;
		w = file_read(path, &s, 64, NULL) < 0 ? WEIGHT_DEFAULT : number(str_c(&s));
		sum += w > 0 ? w : WEIGHT_DEFAULT;
	}
	if (d)
		closedir(d);
	w = 9 * (sum ? sum : WEIGHT_DEFAULT);
	return w > WEIGHT_MAX ? WEIGHT_MAX : w;
}
