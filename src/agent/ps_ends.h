/* SPDX-License-Identifier: MIT */
/*
 * ps_ends - how a private server came to its ends: AGENT_PS/NAME/ends counts them.
 *
 * systemd tells sxc-ps@.service's ExecStopPost how init ended: after a reboot inside the kernel
 * ends it by SIGHUP, after a power-off by SIGINT (pid_namespaces(7)), else it has crashed.
 * Must not know about: requests.
 */
#ifndef SXC_AGENT_PS_ENDS_H
#define SXC_AGENT_PS_ENDS_H

#include <stdbool.h>
#include <stdint.h>

#include "agent/ps_conf.h"

struct ps_ends {
	int64_t reboots, crashes, poweroffs;
	char last[16]; /* reboot, crash, poweroff, stop; "" never ended */
};
/* All 0 where nothing is known. */
void ends_read(const char *ps, struct ps_ends *out);
/*
 * Count the end that the environment tells of (systemd.exec(5), EXIT_CODE and EXIT_STATUS). True
 * when it powered itself off and is to stay so. An end that was asked for counts as none.
 */
bool ends_count(const char *ps);

#endif
