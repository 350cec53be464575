/* SPDX-License-Identifier: MIT */
/*
 * app - wrapped applications that are registered here, and their instances on private servers.
 *
 * Must not know about: commands, what a wrapper means on a server.
 */
#ifndef SXC_BIZ_APP_H
#define SXC_BIZ_APP_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "svc/sxc.h"

/* ---- registered packages ---- */

/*
 * Check a package (or pack a wrapper directory first) and register it: digests and the signature
 * beside it, made with this control center's key. E_INTEGRITY, E_EXISTS with the same version.
 * *name and *version are the caller's.
 */
int app_add(struct sxc *s, const char *from, char **name, char **version, struct err *e);
/* Remove one version, or all when version is NULL. E_INUSE while instances of it are there. */
int app_remove(struct sxc *s, const char *name, const char *version, struct err *e);
/* Build NAME-VERSION.sxa and its signature; update: resolve the distribution's packages anew. out:
 * a file or a directory; NULL: the current one. *path: of the package, the caller's. */
int app_pack(struct sxc *s, const char *dir, const char *out, bool update, char **path,
	struct err *e);
/* Check a package file against its manifest and, with this control center's key, its signature. */
struct package;
int app_verify(struct sxc *s, const char *file, struct package **out, struct err *e);
/* Path of a registered package, fresh memory. */
char *app_path(const struct sxc *s, const char *digest);

struct app_row {
	const char *app, *version, *title, *provides, *digest;
	int64_t size, unpacked, instances, created;
};
typedef int (*app_row_fn)(void *arg, const void *row, struct err *e);
/* Each version of each application, the newest of each first; name NULL: of all. */
int app_list(struct sxc *s, const char *name, app_row_fn fn, void *arg, struct err *e);
/* One setting that the newest version takes. */
struct app_setting_row {
	const char *setting, *type, *value, *help;
};
int app_settings(struct sxc *s, const char *name, app_row_fn fn, void *arg, struct err *e);
int app_exists(struct sxc *s, const char *name, struct err *e);
int app_complete(struct sxc *s, const char *prefix, int limit,
	void (*fn)(void *arg, const char *name, const char *help), void *arg, struct err *e);

/* ---- instances ---- */

/*
 * Write down an instance on a private server (row id) and the job that installs it, inside the
 * caller's transaction. version NULL: the newest. settings: object of names and values, taken over.
 * E_NOTFOUND; E_USAGE for a setting; E_STATE (platform, licence, a requirement that is not there);
 * E_EXISTS when it is installed already; E_INUSE when it conflicts with one that is there.
 */
int app_install_tx(struct sxc *s, int64_t ps, const char *app, const char *version,
	json_t *settings, int64_t *job, struct err *e);
/* A setting and its value as it was typed; NULL: back to the default. */
struct app_setting {
	const char *name, *value;
};
struct app_settings {
	struct app_setting *v;
	size_t n, cap;
};
/* The same on the private server of that name, in a transaction of its own, then run. An install
 * that was cut short goes on. With dry_run: checked, nothing written. */
int app_install(struct sxc *s, const char *ps, const char *app, const char *version,
	const struct app_settings *settings, struct err *e);
/* Absent afterwards; purge: its data too. E_INUSE while a domain is served by it. */
int app_uninstall(struct sxc *s, const char *ps, const char *app, bool purge, struct err *e);
/* op: start, stop, restart. */
int app_control(struct sxc *s, const char *ps, const char *app, const char *op, struct err *e);

struct instance_row {
	const char *app, *version, *ps, *server, *state, *account, *error;
	int64_t created;
};
/* ps, app NULL: all. */
int instance_list(struct sxc *s, const char *ps, const char *app, app_row_fn fn, void *arg,
	struct err *e);
/* What the server says now. health: up, down, stopped or missing. */
struct instance_status_row {
	const char *app, *version, *ps, *state, *unit, *health, *note;
};
int instance_status(struct sxc *s, const char *ps, const char *app, app_row_fn fn, void *arg,
	struct err *e);
/* Names of the private servers that TARGET (a name, a glob, all) means. E_STATE for a server. */
struct strvec;
int app_targets(struct sxc *s, const char *target, struct strvec *names, struct err *e);

/* ---- settings of an instance ---- */

/* Each setting with its value now (secrets: NULL). */
int app_config_get(struct sxc *s, const char *ps, const char *app, app_row_fn fn, void *arg,
	struct err *e);
/*
 * Change settings: checked here, rendered, tested and put live
 * there, rolled back when it does not come up.
 */
int app_config_set(struct sxc *s, const char *ps, const char *app,
	const struct app_settings *changes, struct err *e);

#endif
