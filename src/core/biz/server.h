/* SPDX-License-Identifier: MIT */
/*
 * server - the machines: which there are, how to reach them, taking them in and letting them go.
 *
 * Must not know about: commands, what private servers and applications are made of.
 */
#ifndef SXC_BIZ_SERVER_H
#define SXC_BIZ_SERVER_H

#include <stdbool.h>
#include <stdint.h>

#include "svc/remote.h"
#include "svc/sxc.h"
#include "util/vec.h"

/* ---- how to reach one ---- */

/* What remote needs to know of a server; owns its texts. Zeroed is empty. */
struct server_spec {
	struct remote_spec remote;
	int64_t id;
	char *name, *host, *user, *host_key, *host_key_type, *identity;
};
/* Of a row id. E_NOTFOUND; E_STATE while its host key is not pinned yet. */
int server_spec(struct sxc *s, int64_t id, struct server_spec *out, struct err *e);
void server_spec_release(struct server_spec *sp);
/* Row id of a name or "#id". E_NOTFOUND. */
int server_id(struct sxc *s, const char *name, int64_t *id, struct err *e);

/* Several; they are borrowed by engine items. */
struct server_specs {
	struct server_spec *v;
	size_t n, cap;
};
void server_specs_release(struct server_specs *l);
/*
 * The servers a TARGET means: a name, @GROUP, a glob over names, or "all"; by name. Only those in
 * state active. E_NOTFOUND when it means none.
 */
int server_targets(struct sxc *s, const char *target, struct server_specs *out, struct err *e);

/* ---- taking in, changing, letting go ---- */

struct server_new {
	const char *name, *host, *user;
	int port;
	const char *host_key; /* pinned, or NULL: confirm is asked */
	const char *password; /* or NULL */
	const char *identity; /* private key for the first contact, or NULL */
	const char *group, *uplink;
	int64_t link_rate; /* bit/s; 0: not given */
	bool (*confirm)(void *arg, const char *fingerprint);
	void *arg;
};
/*
 * First contact with password or identity, then key, agent, units and facts. Nothing is left in the
 * books when the first contact fails; cut short, the same call goes on. Errors of
 * remote_first_contact; E_EXISTS for a name or host that is taken.
 */
int server_add(struct sxc *s, const struct server_new *n, struct err *e);

/* What `server set` changes; NULL or 0: as it was. An empty group is none. */
struct server_change {
	const char *host, *user, *group, *uplink, *host_key;
	int port;
	int64_t link_rate;
};
int server_set(struct sxc *s, const char *name, const struct server_change *c, struct err *e);
/* Agent, units and kernel module as this sxc has them, facts recorded again. A module in use is
 * exchanged at the server's reboot, or at once with restart_ps, which restarts what runs there. */
int server_upgrade(struct sxc *s, int64_t id, bool restart_ps, struct err *e);
/*
 * E_INUSE while private servers live there. The key goes, and unless keep_agent the agent and all
 * it made. forget: the server is gone for good, only the books are changed.
 */
int server_remove(struct sxc *s, const char *name, bool keep_agent, bool forget, struct err *e);

/* ---- lists ---- */

/* enforces: parts of the kernel module in force, blank-separated; enforcing: 1, all of them. */
struct server_row {
	const char *name, *state, *host, *user, *os, *os_version, *kernel, *arch, *addresses;
	const char *uplink, *module, *agent, *group, *host_key, *module_state, *enforces;
	int64_t enforcing, id, port, cpus, cpu_mhz, memory, disk, link_rate, cgroup2, quota, ps,
		seen, created;
};
typedef int (*server_row_fn)(void *arg, const void *row, struct err *e);
/* Each as struct server_row, by name. group may be NULL. */
int server_list(struct sxc *s, const char *group, server_row_fn fn, void *arg, struct err *e);
/* One; E_NOTFOUND. */
int server_show(struct sxc *s, const char *name, server_row_fn fn, void *arg, struct err *e);
/* Names of the private servers there, blank-separated, the caller's; NULL: none. */
int server_inhabitants(struct sxc *s, const char *name, char **out, struct err *e);

/* Name of a row id, the caller's: 1 found, 0 none. */
int server_name_of(struct sxc *s, int64_t id, char **name, struct err *e);
int server_exists(struct sxc *s, const char *name, struct err *e);
int server_complete(struct sxc *s, const char *prefix, int limit,
	void (*fn)(void *arg, const char *name, const char *help), void *arg, struct err *e);

#endif
