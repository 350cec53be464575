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

/* Read a package and the signature beside it; both the caller's (signature may be NULL). */
int app_check_file(struct sxc *s, const char *file, struct package **out, char **signature,
	struct err *e);
/* The text of PATH.sig, the caller's. E_INTEGRITY when there is none. */
int app_read_signature(const char *path, char **out, struct err *e);

/* A registered version; release with app_version_release. */
struct app_version {
	int64_t id, app;
	char *name, *version, *digest, *signature;
	struct package *package; /* its manifest */
};
void app_version_release(struct app_version *v);
/* version NULL: the newest. E_NOTFOUND. */
int app_version_get(struct sxc *s, const char *name, const char *version, struct app_version *out,
	struct err *e);
int app_version_get_id(struct sxc *s, int64_t id, struct app_version *out, struct err *e);

/* Debian's order of versions (deb-version(7)): negative, 0, positive. */
int version_compare(const char *a, const char *b);

/* "APP@PS": what jobs about an instance are about. Fresh memory. */
char *instance_object(const char *app, const char *ps);

/* An instance; release with instance_release. */
struct instance {
	int64_t id, version, ps, server;
	char *app, *ps_name, *state, *settings; /* settings: JSON */
};
void instance_release(struct instance *i);
/* 1 found, 0 none. */
int instance_find(struct sxc *s, int64_t ps, const char *app, struct instance *out, struct err *e);
int instance_get_id(struct sxc *s, int64_t id, struct instance *out, struct err *e);
/* The one on a private server that provides a capability: 1 and its id, 0 none. */
int instance_provider(struct sxc *s, int64_t ps, const char *capability, int64_t *id,
	struct err *e);

/* One operation of the agent of a server (row id) that changes nothing; takes req over. */
int app_ask(struct sxc *s, int64_t server, const char *op, struct msg *req, struct msg **ans,
	struct err *e);

extern const struct job_kind job_kind_app_install, job_kind_app_uninstall, job_kind_app_start,
	job_kind_app_stop, job_kind_app_restart, job_kind_app_config;

#endif
