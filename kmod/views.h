/* SPDX-License-Identifier: GPL-2.0 */
/*
 * /proc/sxps/{meminfo,stat,loadavg,cpuinfo,swaps}: what the files of those names say, about the
 * reader's context; for readers outside of any, what the machine's own say. Numbers come from
 * exported or inline interfaces of the kernel only.
 */
#ifndef SXPS_VIEWS_H
#define SXPS_VIEWS_H

/* 0 or a negative errno. */
int sxps_views_start(void);
/* Waits for readers. */
void sxps_views_stop(void);

#endif
