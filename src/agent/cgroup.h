/* SPDX-License-Identifier: MIT */
/*
 * cgroup - reading the control groups of private servers, and the weight of their slice.
 *
 * See the kernel's admin-guide/cgroup-v2. Bounds themselves are properties of systemd units.
 * Must not know about: units, networks.
 */
#ifndef SXC_AGENT_CGROUP_H
#define SXC_AGENT_CGROUP_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#include "util/err.h"

#define CGROUP_ROOT  "/sys/fs/cgroup"
#define CGROUP_SLICE "sxc.slice"

/* Directory of a private server's control group into buf; returns buf. */
const char *cgroup_path(char buf[PATH_MAX], const char *ps);
/* A file of it that holds one number; "max" is INT64_MAX. -1 when there is none. */
int64_t cgroup_number(const char *ps, const char *file);
/* The number behind key in a file of "key number" lines; -1 when there is none. */
int64_t cgroup_keyed(const char *ps, const char *file, const char *key);
/*
 * Forks refused. Before Linux 6.11 each group counts only those of its own processes: then the sum
 * over the groups there are now, which forgets those that are gone. -1 when there is none.
 */
int64_t cgroup_forks_refused(const char *ps);
/* Path of a process (0: this one) in the unified hierarchy, the caller's; NULL: there is none. */
char *cgroup_of(int pid);
/* True if the process is in that control group or below it. */
bool cgroup_holds(const char *ps, int pid);
/*
 * CPU weight of sxc.slice: nine times the sum of its siblings' weights, so that they keep a tenth;
 * within 1..10000 as the kernel wants it.
 */
int64_t cgroup_slice_weight(void);

#endif
