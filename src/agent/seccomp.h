/* SPDX-License-Identifier: MIT */
/*
 * seccomp - what a process inside a private server may ask of the kernel at all.
 *
 * An allow-list of system calls and socket families, and the capability bounding set. What is not
 * listed answers "no such call", so that newer programs fall back; what is known and refused
 * answers "not permitted".
 * Must not know about: private servers.
 */
#ifndef SXC_AGENT_SECCOMP_H
#define SXC_AGENT_SECCOMP_H

#include "util/err.h"

/* Drop from the bounding set what root inside a user namespace does not need. */
int confine_caps(struct err *e);
/* Load the filter for this process and all that it starts; needs CAP_SYS_ADMIN in its own user
 * namespace and leaves no_new_privs alone. Cannot be undone. */
int confine_calls(struct err *e);

#endif
