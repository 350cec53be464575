/* SPDX-License-Identifier: MIT */
/*
 * app - wrapped applications inside private servers, or on the server itself: what the files of
 * app and site share.
 *
 * Packages are unpacked once a server (AGENT_APPS/DIGEST). What is installed where is recorded on
 * the server's side (AGENT_PS/NAME/apps/APP), out of reach of whoever is root inside; what the
 * application needs inside lies in INSIDE_DIR/APP there. Parameters named ps are places: the name
 * of a private server, or PLACE_SERVER.
 * Must not know about: the control center's store, how private servers are built.
 */
#ifndef SXC_AGENT_APP_H
#define SXC_AGENT_APP_H

#include <stdbool.h>

#include "agent/agent.h"
#include "agent/ps.h"
#include "svc/package_read.h"
#include "util/vec.h"

#define AGENT_APPS  AGENT_STATE "/apps"
#define AGENT_TRUST AGENT_STATE "/trusted.pub" /* key that signs packages, 64 hex digits */
#define INSIDE_DIR  "/var/lib/sxc-app"
/* How shell texts begin whose first argument is a directory below INSIDE_DIR that is root's alone.
 * What lies beside it, the wrapper's own files say, is for those that the application runs as. */
#define SH_PRIVATE_DIR                                                                             \
	"set -e; dir=$1; shift; mkdir -p -- \"${dir%/*}\"; chmod 755 -- \"${dir%/*}\"; umask 077\n"

/* ---- places for applications (place.c) ---- */

#define PLACE_SERVER "@" /* this server itself; no private server is named so */

/* The place that a request means: field name, or with field host not 0 this server. */
int place_need(const struct msg *req, const char **place, struct err *e);
/* For messages: "inside web" or "on this server"; fresh memory. */
char *place_where(const char *place);
/* Where its records are kept, fresh memory. */
char *place_dir(const char *place);
bool place_exists(const char *place);
bool place_is_running(const char *place);
/* 0, E_NOTFOUND or E_STATE with the reason. */
int place_check(const char *place, struct err *e);
/* As ps_run_inside, ps_root_fd and ps_address; the server's address is that of its loopback. */
int place_run(const char *place, char *const argv[], const struct inside_opts *o, struct err *e);
int place_root_fd(const char *place, int *fd, struct err *e);
int place_address(const char *place, char **address, struct err *e);

/* ---- packages on this server (app_package.c) ---- */

/*
 * Take a package from the store: signature (with the trusted key), digests, rules; unpack it unless
 * it is. *out is the caller's. E_NOTFOUND: not in the store; E_INTEGRITY.
 */
int app_package_take(const char *digest, const char *signature, struct package **out,
	struct err *e);
/* One that was taken before. E_NOTFOUND. */
int app_package_open(const char *digest, struct package **out, struct err *e);
/* Packages that no private server uses go, a day after they were last taken; what fails is left to
 * the next time (app_sweep.c). */
void app_sweep(void);
/* A member of an unpacked package, appended to out. */
int app_package_file(const struct package *p, const char *path, struct str *out, struct err *e);

/* ---- records (app_record.c) ---- */

/*
 * What is known of one instance: fields app, version, digest, state (installing, running,
 * updating), setting (nested name, value), package (those that came with it), fresh (data that was
 * not there before), was (NAME=VERSION of packages that were there). While it is updated the old
 * version's stay, and next (digest of the new one), arriving (packages that come with that), up (1:
 * it was running), stopped (1: it shall not run) are there too.
 */
int app_record_read(const char *ps, const char *app, struct msg **out,
	struct err *e); /* 1, 0 none */
int app_record_write(const char *ps, const char *app, const struct msg *m, struct err *e);
int app_record_remove(const char *ps, const char *app, struct err *e);
/* A new one of a package, with the settings of a request (app_install.c); the caller's. */
struct msg *app_record_new(const struct package *p, const struct msg *req, const char *state);
/* All texts of a field. */
void app_record_copy(struct msg *to, const struct msg *from, const char *field);
/* Names of the records in AGENT_PS/NAME/KIND ("apps", "sites"). */
int record_names(const char *ps, const char *kind, struct strvec *names, struct err *e);
/* The same for sites: fields app, user, title, state (active, suspended). */
int site_record_read(const char *ps, const char *site, struct msg **out, struct err *e);
int site_record_write(const char *ps, const char *site, const struct msg *m, struct err *e);
int site_record_remove(const char *ps, const char *site, struct err *e);

/* ---- an application on a private server ---- */

struct app_on {
	struct agent *a;
	const char *ps;
	struct package *p;
	struct wrapper_values values;
	struct strvec env; /* for scripts: SXC_APP, SXC_VERSION, SXC_ACTION, SXC_SETTING_… */
	char *dir;         /* INSIDE_DIR/APP */
};
void app_on_release(struct app_on *o);
#define autoapp autoclean(app_on_release) struct app_on
/* Takes p over; settings from the nested "setting" fields (name, value) of m, all checked. */
int app_on_init(struct app_on *o, struct agent *a, const char *ps, struct package *p,
	const struct msg *m, struct err *e);
/* Without values of settings: for its files, units and data, not to be configured. */
void app_on_init_plain(struct app_on *o, struct agent *a, const char *ps, struct package *p);
/* From its record; E_NOTFOUND when it is not installed there. */
int app_on_open(struct app_on *o, struct agent *a, const char *ps, const char *app, struct err *e);
/* From a request with name, app, version, digest, signature, setting: its package verified, its
 * private server running (app_install.c). */
int app_on_take(struct app_on *o, struct agent *a, const struct msg *req, struct err *e);
/* Put *** where the message repeats a secret: a checker or a script may print what it was given. */
int app_hide_secrets(const struct app_on *o, struct err *e);
/* Seconds that scripts and services may take: what the wrapper says, or those usual. */
int app_patience(const struct app_on *o, int usual);
/* What the wrapper says for the system inside, E_STATE when it does not run there. */
int app_platform(struct app_on *o, const struct wrapper_platform **pl, struct err *e);

/* ---- files and packages of the distribution (app_install.c, app_debs.c) ---- */

/* "packages/debian-12/NAME_VERSION_ARCH.deb" of that platform: the file's name, else NULL. */
const char *app_bundled(const char *path, const char *platform);
/* "NAME=VERSION" of each package of the distribution that is there. */
int app_debs_there(const char *ps, struct strvec *pairs, struct err *e);
/* Is that file the package of such a pair, of one of the pairs? */
bool app_deb_is(const char *file, const char *pair);
bool app_deb_among(const char *file, const struct strvec *pairs);
/* Note which packages will come with it (field come) and which are there (field "was"). */
int app_plan_packages(struct app_on *o, const struct wrapper_platform *pl, struct msg *record,
	const char *come, struct err *e);
/* Note which of its data is not there yet (field "fresh"). */
int app_plan_data(struct app_on *o, struct msg *record, struct err *e);
/* The wrapper's own files to DIR/wrapper; the platform's packages (those wanted; NULL: all) that
 * are not there in just that version to DIR/packages. */
int app_send_files(struct app_on *o, const struct wrapper_platform *pl,
	bool (*wanted)(void *arg, const char *file), void *arg, struct err *e);
/* Install what lies in DIR/packages, or the named ones from the network; older: also where a newer
 * version is there. Waits for another package manager, settles what is half-configured. */
int app_install_packages(struct app_on *o, const struct strvec *names, bool older, struct err *e);
/* Both of the above with all that the platform has. */
int app_bring_files(struct app_on *o, const struct wrapper_platform *pl, bool older, struct err *e);
/* Remove the packages named in a field of the record, as far as nothing needs them. */
int app_remove_packages(struct app_on *o, const struct msg *record, const char *field, bool purge,
	struct err *e);

/* ---- inside (app_inside.c) ---- */

/* Run argv there; env may be NULL. Status other than 0 is E_FAIL with its last lines. */
int inside_run(const char *ps, char *const argv[], char *const env[], int timeout, struct err *e);
/* The same, its output appended to out. */
int inside_output(const char *ps, char *const argv[], int timeout, struct str *out, struct err *e);
/* A fixed shell text with arguments as its positional parameters; words is NULL-terminated. */
int inside_sh(const char *ps, const char *text, const char *const *words, int timeout,
	struct err *e);
/* Files for the inside: a tar in memory, unpacked by tar(1) there below dir, which is emptied. */
struct bundle {
	struct str tar;
};
int bundle_add(struct bundle *b, const char *path, unsigned mode, const void *p, size_t n,
	struct err *e);
int bundle_send(struct bundle *b, const char *ps, const char *dir, struct err *e);
/* Run one of the wrapper's scripts; action is what SXC_ACTION says. No script: success. */
int app_script(struct app_on *o, enum wrapper_script script, const char *action,
	const struct strvec *more_env, struct err *e);
/* ID-VERSION_ID of the system inside ("debian-12"), the caller's. */
int inside_platform(const char *ps, char **out, struct err *e);

/* ---- configuration (app_config.c) ---- */

/* Keep what stands where the templates will be written, to bring it back on removal. */
int app_save_originals(struct app_on *o, struct err *e);
/* Bring that back, but for the targets that but (may be NULL) writes too. */
int app_restore_originals(struct app_on *o, const struct wrapper *but, struct err *e);
/* Render, test with the application's own checker, put live. Nothing changed when it fails. */
int app_configure(struct app_on *o, struct err *e);
/* Take the last app_configure back. */
int app_configure_back(struct app_on *o, struct err *e);
/* The application's own checker on what is live. */
int app_check(struct app_on *o, struct err *e);

/* ---- health (app_health.c) ---- */

/* A unit may have several services, one a protocol: is this the first? */
bool app_is_first_of_unit(const struct wrapper *w, const struct wrapper_service *s);
/* op: start, stop, restart, reload, enable, disable; of all its units. */
int app_units(struct app_on *o, const char *op, struct err *e);
/* The same of one. */
int app_unit(struct app_on *o, const char *op, const char *unit, struct err *e);
/* Wait until units are active and ports answer; E_FAIL with what is not after seconds. */
int app_wait_healthy(struct app_on *o, int seconds, struct err *e);
/* One look: 0, or E_FAIL with what is not. */
int app_healthy(struct app_on *o, struct err *e);
/* Ask one service by its probe (app_probe.c); E_FAIL with what is wrong. */
int app_probe(const char *ps, const struct wrapper_service *s, struct err *e);
/* Is any of its units active, or has it none? */
bool app_is_active(struct app_on *o);

#endif
