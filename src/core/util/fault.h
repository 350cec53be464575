/* SPDX-License-Identifier: MIT */
/*
 * fault - places where a test build can be killed.
 *
 * In a build with SXC_FAULTS (make faults), SXC_FAULT=NAME:N in the environment kills the process
 * with SIGKILL the N-th time it comes to fault_point("NAME"); SXC_FAULT=list:0 writes each place it
 * comes to on stderr. In any other build there is nothing here.
 */
#ifndef SXC_UTIL_FAULT_H
#define SXC_UTIL_FAULT_H

#ifdef SXC_FAULTS
void fault_point(const char *name);
#else
static inline void fault_point(const char *name)
{
	(void)name;
}
#endif

#endif
