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
 * caller's transaction. What it requires gets jobs of its own before that one.
 * version NULL: the newest. settings: object of names and values, taken over.
 * E_NOTFOUND; E_USAGE for a setting; E_STATE (a requirement that cannot be had, a cycle);
 * E_EXISTS when it is installed already; E_INUSE when it conflicts with one that is there;
 * E_LIMIT when no licence is left.
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

enum app_op {
	APP_INSTALL,
	APP_UPDATE,
	APP_UNINSTALL,
	APP_START,
	APP_STOP,
	APP_RESTART,
	APP_CONFIG, /* change settings: checked, rendered, tested and put live, or taken back */
	APP_REVERT, /* settings as they were after a change */
};
struct app_order {
	enum app_op op;
	const char *app;
	const char *version;                 /* install, update; NULL: the newest */
	const struct app_settings *settings; /* install, update, config; may be NULL */
	int64_t revert;                      /* number of the change */
	bool purge;                          /* uninstall: data too */
	bool downgrade;                      /* update: to an older version too */
	int64_t canary;                      /* update: that many targets first */
	bool keep_going;                     /* update: on after a failure */
	bool servers;                        /* patterns mean servers, not private servers */
};
/* What became of one target. */
struct app_outcome {
	const char *app, *ps, *server;
	int result;      /* 0 or E_ */
	const char *why; /* it failed */
	bool nothing;    /* it was so already */
	bool left;       /* it was not begun because another failed */
};
typedef void (*app_told_fn)(void *arg, const struct app_outcome *o);
/*
 * Carry an order out on targets (see app_targets; patterns mean those that have the application,
 * but for an installation): a job for each is written down, then run, on many servers at once.
 * What was cut short goes on. With dry_run: checked, nothing written. told hears of each target as
 * it ends. One target: its own error. Several: E_PARTIAL, or the code that all failed with.
 * Of one target: E_NOTFOUND, E_EXISTS, E_USAGE for a setting, E_STATE (not running, an older
 * version, a requirement), E_INUSE (a conflict, a domain, another that requires it), E_LIMIT (no
 * licence), E_BUSY.
 */
int app_order_run(struct sxc *s, const struct app_order *o, char *const *targets, app_told_fn told,
	void *arg, struct err *e);

struct instance_row {
	const char *app, *version, *ps, *server, *state, *account, *error;
	int64_t created;
};
/* ps, app NULL: all. */
int instance_list(struct sxc *s, const char *ps, const char *app, app_row_fn fn, void *arg,
	struct err *e);
/* What is said in n places (names; NULL: all) now, many asked at once. Returns how
 * many are not as the books have it. health: up, down, stopped or missing. */
struct instance_status_row {
	const char *app, *version, *ps, *server, *state, *unit, *health, *note;
};
int instance_status(struct sxc *s, char *const *ps, size_t n, const char *app, app_row_fn fn,
	void *arg, struct err *e);
/* Names that TARGET means: that of a server or private server, @GROUP (of servers), a glob, all.
 * Patterns mean private servers, with servers: servers; app not NULL: those that have it. */
struct strvec;
int app_targets(struct sxc *s, const char *target, const char *app, bool servers,
	struct strvec *names, struct err *e);

/* ---- settings of an instance ---- */

/* Each setting with its value now (secrets: NULL). */
int app_config_get(struct sxc *s, const char *ps, const char *app, app_row_fn fn, void *arg,
	struct err *e);
/* Each change, the last first. settings: a JSON object of what became different, "" for back to the
 * default; no secrets. */
struct app_change_row {
	int64_t n, at;
	const char *login, *version, *settings;
};
int app_config_history(struct sxc *s, const char *ps, const char *app, app_row_fn fn, void *arg,
	struct err *e);

#endif
