/* SPDX-License-Identifier: MIT */
/*
 * module - the kernel module sxps on this server: kept at AGENT_MODULES/RELEASE/sxps.ko, its source
 * at AGENT_MODULES/source, loaded at boot before the private servers, exchanged when none holds it.
 *
 * Must not know about: how contexts are filled (net_sxps), the control center.
 */
#ifndef SXC_AGENT_MODULE_H
#define SXC_AGENT_MODULE_H

#include <stdbool.h>

#include "svc/msg.h"
#include "util/err.h"
#include "util/str.h"

#define AGENT_MODULES "/usr/lib/sxc/modules"
#define MODULE_SOURCE AGENT_MODULES "/source"

/* AGENT_MODULES/RELEASE/sxps.ko for the running kernel, in fresh memory. */
char *module_path(void);
/*
 * Load what is kept for the running kernel, or build it first from the source where that and a
 * compiler are here; loaded already is fine. What stood in the way is remembered for module_facts.
 * E_NOTFOUND: nothing to load, with what is missing; E_PERM: the kernel refused it.
 */
int module_load(struct err *e);
/* Unload it; E_INUSE while contexts or devices hold it. Not loaded is fine. */
int module_unload(struct err *e);
/* Unload it and remove all that is kept of it (server.retire). One in use stays until reboot. */
int module_remove(struct err *e);
/* True when what is loaded is not what is kept for the running kernel. */
bool module_is_staged(void);
/* Fields module, module_state, module_why, enforces, enforcing. */
void module_facts(struct msg *ans);

/* ---- module_build.c ---- */

/* What building for the running kernel lacks here, blank-separated; empty: nothing. */
void module_lacks(struct str *out);
/* Build the source for the running kernel and keep the result. E_STATE naming what is missing. */
int module_build(struct err *e);

#endif
