/* SPDX-License-Identifier: MIT */
/*
 * ps - private servers as other parts of the agent see them.
 *
 * Must not know about: applications, sites, the wire.
 */
#ifndef SXC_AGENT_PS_H
#define SXC_AGENT_PS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "util/err.h"
#include "util/str.h"

/*
 * How to run something inside. Environment is exactly env (NAME=VALUE, NULL-terminated) plus a
 * fixed PATH, HOME=/root and TERM. Descriptors -1 mean /dev/null (in) and "collect" (out).
 */
struct inside_opts {
	char *const *env; /* or NULL */
	const char *cwd;  /* or NULL: / */
	uid_t uid;        /* inside ids; 0: root */
	gid_t gid;
	int timeout;    /* seconds; 0: none. On time-out the whole process group is killed */
	const char *in; /* bytes for stdin, or NULL */
	size_t in_len;
	struct str *out; /* stdout and stderr together, at most out_max bytes kept (the last) */
	size_t out_max;
};

/*
 * Run argv inside the running private server: joins its cgroup and namespaces as `ps exec` does.
 * Returns the exit status 0..255 or a negative E_: E_NOTFOUND, E_STATE (not running), E_FAIL on
 * time-out.
 */
int ps_run_inside(const char *ps, char *const argv[], const struct inside_opts *o, struct err *e);

/*
 * Descriptor of the private server's root directory as seen inside (O_PATH, in its mount
 * namespace, all layers merged), for openat2(2) with RESOLVE_BENEATH|RESOLVE_NO_SYMLINKS or
 * RESOLVE_IN_ROOT. Write through it only as ids of the inside (ps_uid_base). The caller closes.
 */
int ps_root_fd(const char *ps, int *fd, struct err *e);
/* Host uid of inside id 0. */
int ps_uid_base(const char *ps, uid_t *base, struct err *e);
/* True if such a private server exists here (any state). */
bool ps_exists(const char *ps);
bool ps_is_running(const char *ps);
/* First IPv4 address, in fresh memory, or E_NOTFOUND. */
int ps_address(const char *ps, char **address, struct err *e);

/* Write and enable the systemd units of this server (sxc-boot.service, sxc-ps@.service, sxc.slice);
 * idempotent. server.setup calls it. */
int ps_setup_units(struct err *e);
/* Disable and remove them, and what boot made outside of AGENT_STATE; server.retire calls it when
 * no private server is left. */
int ps_retire_units(struct err *e);

#endif
