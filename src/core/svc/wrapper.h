/* SPDX-License-Identifier: MIT */
/*
 * wrapper - the description of a wrapped application (wrapper.yaml, sxc-wrapper(5)) and the values
 * of its settings.
 *
 * A wrapper is read from a YAML tree and borrows all texts from it. Used on both sides.
 * Must not know about: packages, servers, where values are kept.
 */
#ifndef SXC_SVC_WRAPPER_H
#define SXC_SVC_WRAPPER_H

#include <stdbool.h>
#include <stdint.h>

#include "svc/yaml.h"
#include "util/err.h"
#include "util/ident.h"
#include "util/str.h"
#include "util/typed.h"
#include "util/vec.h"

struct words {
	const char **v;
	size_t n, cap;
};

struct wrapper_platform {
	const char *name; /* "debian-12": ID and VERSION_ID of os-release(5) */
	struct words packages;
	bool bundle; /* packages travel inside */
};

struct wrapper_port {
	int port;
	bool udp;
};

/* How the ports of a service are asked; what each kind says is in agent/app_probe.c. */
enum wrapper_probe_kind {
	PROBE_NONE, /* only the unit is looked at */
	PROBE_TCP,
	PROBE_HTTP,
	PROBE_SMTP,
	PROBE_IMAP,
	PROBE_POP3,
	PROBE_SIEVE,
	PROBE_FTP,
	PROBE_MYSQL,
	PROBE_DNS,
	PROBE_COMMAND, /* no port: a command inside */
	PROBE_KINDS,
};

struct wrapper_probe {
	enum wrapper_probe_kind kind;
	const char *path;   /* of http, "/" by default */
	const char *name;   /* of dns: whose SOA is asked for */
	const char *expect; /* POSIX extended expression found in the answer, or NULL */
	struct words run;   /* of command */
};

struct wrapper_service {
	const char *unit; /* NULL: none, only a command is asked */
	VEC(struct wrapper_port) ports;
	struct wrapper_probe probe;
	const char *when; /* setting that must be neither empty nor no for a look; NULL: always */
};

struct wrapper_setting {
	const char *name;
	struct typed type; /* its choices are those of the words below */
	struct words choices;
	const char *help;
	char *def; /* canonical form, owned; NULL: must be given */
};

struct wrapper_template {
	const char *from, *to;
	unsigned mode;
};

/* Scripts; NULL where there is none. */
enum wrapper_script {
	SCRIPT_INSTALL,
	SCRIPT_UPDATE,
	SCRIPT_REMOVE,
	SCRIPT_SITE_ADD,
	SCRIPT_SITE_REMOVE,
	SCRIPT_SITE_SUSPEND,
	SCRIPT_SITE_RESUME,
	SCRIPT_SITE_USAGE,
	SCRIPT_COUNT,
};

struct wrapper {
	const char *app;
	const char *version; /* "auto" or a version */
	const char *title;
	const char *pool; /* licence pool; NULL: free */
	int64_t timeout;  /* seconds for each script, and to come up; 0: the usual ones */
	struct words provides, requires, conflicts, check, data;
	VEC(struct wrapper_platform) platforms;
	VEC(struct wrapper_service) services;
	VEC(struct wrapper_setting) settings;
	VEC(struct wrapper_template) templates;
	const char *scripts[SCRIPT_COUNT];
};

/*
 * Read it; E_USAGE with the place of the first thing wrong. The node's document must outlive the
 * wrapper. Release it in any case.
 */
int wrapper_read(struct wrapper *w, const struct yaml_node *root, struct err *e);
void wrapper_release(struct wrapper *w);
/* A probe, a word or a mapping (wrapper_probe.c); E_USAGE with the place. */
int wrapper_probe_read(struct wrapper_probe *p, const struct yaml_node *n, struct err *e);
void wrapper_probe_release(struct wrapper_probe *p);
const struct wrapper_platform *wrapper_platform(const struct wrapper *w, const char *name);
bool words_have(const struct words *w, const char *word);
/* Blank-separated, appended. */
void words_join(const struct words *w, struct str *s);

/* ---- values of settings ---- */

/* One value for each setting of the wrapper, in its order; NULL where none is set. */
struct wrapper_values {
	const struct wrapper *w;
	char **v;
};
#define autovalues autoclean(wrapper_values_release) struct wrapper_values
void wrapper_values_init(struct wrapper_values *vals, const struct wrapper *w);
void wrapper_values_release(struct wrapper_values *vals);
const struct wrapper_setting *wrapper_setting(const struct wrapper *w, const char *name);
/* Set by name, checked; value NULL: back to the default. E_USAGE. */
int wrapper_values_set(struct wrapper_values *vals, const char *name, const char *value,
	struct err *e);
/* What holds now: the value or the default; NULL neither. */
const char *wrapper_value(const struct wrapper_values *vals, const char *name);
/* True when its value is neither empty nor no. */
bool wrapper_value_holds(const struct wrapper_values *vals, const char *name);
/* E_USAGE naming the first setting that has neither. */
int wrapper_values_complete(const struct wrapper_values *vals, struct err *e);
/* Render a template with them; see template_render. */
int wrapper_render(const struct wrapper_values *vals, const char *file, const char *text, size_t n,
	struct str *out, struct err *e);

#endif
