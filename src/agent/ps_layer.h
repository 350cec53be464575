/* SPDX-License-Identifier: MIT */
/*
 * ps_layer - a private server's own files: layer/{upper,work}, under its project id, with the few
 * files that make it this private server. Ids on disk are inside ids; mounts shift them.
 *
 * Must not know about: mounts, units.
 */
#ifndef SXC_AGENT_PS_LAYER_H
#define SXC_AGENT_PS_LAYER_H

#include "agent/ps_conf.h"
#include "util/err.h"
#include "util/str.h"

/* Make dir/layer with host name, hosts, resolv.conf, an empty machine-id and root's keys. */
int layer_make(const struct ps_conf *c, const char *dir, struct err *e);
/* Host name, hosts and resolv.conf again, in the upper directory of a layer of c's image. */
int layer_name(const struct ps_conf *c, int upper, struct err *e);
/* Only root's keys. */
int layer_keys(const struct ps_conf *c, int upper, struct err *e);
/* Text of /etc/hosts (own: only the lines of its own name) and of /etc/resolv.conf: without a
 * nameserver of its own, the server's. */
void layer_hosts(const struct ps_conf *c, struct str *s, bool own);
void layer_resolv(const struct ps_conf *c, struct str *s);
/* All of layer_make in an upper directory that is there and empty. */
int layer_fill(const struct ps_conf *c, int upper, struct err *e);
/* Put disk and inode bounds of c in force on the file system of state (AGENT_STATE, or another way
 * to that directory). */
int layer_bound(const struct ps_conf *c, const char *state, struct err *e);
/* While it is not running: a little more than it holds and may hold, since mounting the layer makes
 * files in it; else one that is full could never start again. layer_bound ends it. */
int layer_headroom(const struct ps_conf *c, const char *state, struct err *e);
/* E_STATE when c bounds the disk and this server cannot enforce that; in ps_create.c. */
int ps_check_quota(const struct ps_conf *c, struct err *e);

#endif
