/* SPDX-License-Identifier: MIT */
/*
 * ps_unit - private servers as systemd units: sxc-ps@NAME.service in sxc.slice.
 *
 * Bounds are unit properties (systemd.resource-control(5)), set with `systemctl set-property`: in
 * force at once and kept for the next start.
 * Must not know about: images, networks, requests.
 */
#ifndef SXC_AGENT_PS_UNIT_H
#define SXC_AGENT_PS_UNIT_H

#include <stdbool.h>

#include "agent/ps_conf.h"
#include "util/err.h"

/* Bounds of c in force, now and later. */
int unit_bounds(const struct ps_conf *c, struct err *e);
/* Started at boot or not. */
int unit_enable(const char *ps, bool on, struct err *e);
bool unit_enabled(const char *ps);
/* E_FAIL with what the launcher said when it does not start. */
int unit_start(const char *ps, struct err *e);
/* Ask its init to end; after timeout seconds (0: 90, negative: at once) everything in it is killed.
 * Stopped already is success. */
int unit_stop(const char *ps, int timeout, struct err *e);
/* Forget the unit: properties, enablement, failures. It is stopped. */
int unit_forget(const char *ps, struct err *e);
/* Set the slice's weight from its siblings'. */
int unit_slice_weight(struct err *e);
/* systemd's words: "active", "inactive", "failed", "activating", "deactivating". */
int unit_state(const char *ps, char *state, size_t n, struct err *e);

#endif
