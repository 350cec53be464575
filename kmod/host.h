/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The machine's own files in /proc, read through a mount of the module's own that nobody can
 * cover or unmount.
 */
#ifndef SXPS_HOST_H
#define SXPS_HOST_H

struct seq_file;
struct cpumask;

int sxps_host_start(void);
void sxps_host_stop(void);

/* The file's text goes to `out`. With `cpus`, paragraphs that open with a "processor" line whose
 * number is not in it are left out. 0 or a negative errno. */
int sxps_host_copy(const char *name, const struct cpumask *cpus, struct seq_file *out);

#endif
