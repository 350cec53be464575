/* SPDX-License-Identifier: MIT */
/*
 * app_int - what the files of app and domain share among themselves; not for others.
 *
 * Must not know about: commands, money.
 */
#ifndef SXC_BIZ_APP_INT_H
#define SXC_BIZ_APP_INT_H

#include "biz/app.h"
#include "biz/job.h"
#include "svc/package_read.h"
#include "util/vec.h"

/* Read a package and the signature beside it; both the caller's (signature may be NULL). */
int app_check_file(struct sxc *s, const char *file, struct package **out, char **signature,
	struct err *e);
/* Sign the file at path with this control center's key: PATH.sig. */
int app_sign(struct sxc *s, const char *path, struct err *e);
/* Copy a file to a new one, synced. */
int app_copy_file(const char *from, const char *to, unsigned mode, struct err *e);
/* The text of PATH.sig, the caller's. E_INTEGRITY when there is none. */
int app_read_signature(const char *path, char **out, struct err *e);

/* A registered version; release with app_version_release. */
struct app_version {
	int64_t id, app;
	char *name, *version, *digest, *signature;
	struct package *package; /* its manifest */
};
void app_version_release(struct app_version *v);
struct app_versions {
	struct app_version *v;
	size_t n, cap;
};
/* version NULL: the newest. E_NOTFOUND. */
int app_version_get(struct sxc *s, const char *name, const char *version, struct app_version *out,
	struct err *e);
int app_version_get_id(struct sxc *s, int64_t id, struct app_version *out, struct err *e);

/* Debian's order of versions (deb-version(7)): negative, 0, positive. */
int version_compare(const char *a, const char *b);

/* "APP@PLACE": what jobs about an instance are about. Fresh memory. */
char *instance_object(const char *app, const char *place);

/* Where applications can be: a private server, or (ps 0) a server itself. */
struct app_place {
	int64_t ps, server;
	char *name, *state;
};
void app_place_release(struct app_place *p);
/* E_NOTFOUND. */
int app_place_get(struct sxc *s, const char *name, struct app_place *out, struct err *e);

/* An instance; release with instance_release. */
struct instance {
	int64_t id, version, ps, server;      /* ps 0: on the server itself */
	char *app, *place, *state, *settings; /* settings: JSON */
};
void instance_release(struct instance *i);
/* 1 found, 0 none. */
int instance_find(struct sxc *s, const char *place, const char *app, struct instance *out,
	struct err *e);
int instance_get_id(struct sxc *s, int64_t id, struct instance *out, struct err *e);
/* The one on a private server that provides a capability: 1 and its id, 0 none. */
int instance_provider(struct sxc *s, int64_t ps, const char *capability, int64_t *id,
	struct err *e);

/* One operation of the agent of a server (row id) that changes nothing; takes req over. */
int app_ask(struct sxc *s, int64_t server, const char *op, struct msg *req, struct msg **ans,
	struct err *e);

/* ---- settings ---- */

void json_cleanup(json_t **j);
#define autojson autoclean(json_cleanup) json_t
/* Set values from an object; null: back to the default. E_USAGE. */
int values_take(struct wrapper_values *vals, const json_t *settings, struct err *e);
/* What is set, in canonical form, the caller's. */
json_t *values_json(const struct wrapper_values *vals);
/* What the command line gave (may be NULL), as an object. */
int values_given(const struct app_settings *given, json_t **out, struct err *e);
/* before (may be NULL) with the changes on top: complete and in canonical form, or E_USAGE. */
int values_check(const struct wrapper *w, const json_t *before, const json_t *settings,
	json_t **out, struct err *e);
/* Write down what holds from now on. */
int instance_put_settings(struct sxc *s, int64_t id, const json_t *settings, struct err *e);
int history_add(struct sxc *s, int64_t instance, int64_t version, const json_t *settings,
	struct err *e);
/* Settings after the n-th change, the caller's. E_NOTFOUND. */
int history_get(struct sxc *s, int64_t instance, int64_t n, json_t **settings, struct err *e);

/* ---- work on instances ---- */

/* A step: the job's server learns whose packages to take. */
int app_introduce(struct job *j, struct err *e);
struct app_jobs {
	int64_t *v;
	size_t n, cap;
};
void app_jobs_release(struct app_jobs *l);
/* The instance, or E_NOTFOUND. */
int instance_need(struct sxc *s, const char *place, const char *app, struct instance *i,
	struct err *e);
/* Write an order for one target down: 1 and its jobs, in their order; 0: nothing is to be done. */
int instance_queue(struct sxc *s, const struct app_order *o, const char *place,
	struct app_jobs *jobs, struct err *e);
/* An installation with all that it requires, inside a transaction. */
int install_tx(struct sxc *s, const struct app_place *p, const char *app, const char *version,
	const json_t *settings, struct app_jobs *jobs, struct err *e);
/* Take applications that a backup lists (objects app, version, digest, state, settings) into the
 * books, inside a transaction; of those not registered here there is a note. E_LIMIT: no licence.
 */
int instances_adopt_tx(struct sxc *s, const char *place, const json_t *list, struct err *e);
/* May this version stand beside what is there, and is there what it requires? */
int check_relations(struct sxc *s, const struct app_version *v, const char *place, struct err *e);
/* E_INUSE while another one there requires what this one is or provides and to (NULL: it goes) does
 * not. */
int refuse_required(struct sxc *s, const struct instance *i, const struct app_version *from,
	const struct app_version *to, struct err *e);

extern const struct job_kind job_kind_app_install, job_kind_app_update, job_kind_app_uninstall,
	job_kind_app_start, job_kind_app_stop, job_kind_app_restart, job_kind_app_config;

#endif
