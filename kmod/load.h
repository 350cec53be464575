/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Load averages of contexts: every five seconds, as the kernel does for the machine, the threads
 * that run, want to run, or wait for a disk are counted and folded in.
 */
#ifndef SXPS_LOAD_H
#define SXPS_LOAD_H

struct sxps_context;

/* What the last count found; guarded by the counting itself, read without lock. */
struct sxps_load {
	unsigned int running, blocked, threads;
	unsigned long average[3]; /* 1, 5 and 15 minutes, fixed point of the kernel's FSHIFT bits */
};

void sxps_load_start(void);
void sxps_load_stop(void);

#endif
