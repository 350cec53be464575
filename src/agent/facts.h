/* SPDX-License-Identifier: MIT */
/*
 * facts - what kind of machine this is and how it fares.
 *
 * Must not know about: private servers beyond their number, the wire.
 */
#ifndef SXC_AGENT_FACTS_H
#define SXC_AGENT_FACTS_H

#include "agent/agent.h"

/* Processors online; MHz of the first of them, 0 when the kernel does not say. */
int64_t facts_cpus(void);
int64_t facts_cpu_mhz(void);
/* One line of /proc/meminfo in bytes ("MemTotal"), 0 when it is not there. */
int64_t facts_meminfo(const char *key);
/* Bytes in all and free of the file system AGENT_STATE is or would be on. */
int facts_disk(int64_t *total, int64_t *free_bytes, struct err *e);
/* VALUE of KEY=VALUE in /etc/os-release, unquoted, in fresh memory; NULL when it is not there. */
char *facts_os_release(const char *key);
/* Interface of the default route, or else the one this connection came in by; NULL: neither. */
char *facts_uplink(void);
/* Is cgroup v2 the one hierarchy; are project quotas enforced beneath AGENT_STATE. */
bool facts_cgroup2(void);
bool facts_quota(void);
/* An interface's rate in bit/s as its driver has it; 0: it does not know one. */
int64_t facts_link_rate(const char *interface);
/* Bytes received and sent by an interface since boot. */
void facts_traffic(const char *interface, int64_t *rx, int64_t *tx);

#endif
