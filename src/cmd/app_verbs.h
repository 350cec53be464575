/* SPDX-License-Identifier: MIT */
/*
 * app_verbs - what the files of sxc app share: settings from the command line, orders carried out.
 */
#ifndef SXC_CMD_APP_VERBS_H
#define SXC_CMD_APP_VERBS_H

#include "biz/app.h"
#include "cmd/cmd.h"
#include "util/vec.h"

/* Settings as they were given; their texts are wiped on release. Zeroed is empty. */
struct given {
	struct app_settings settings; /* borrows from texts */
	struct strvec texts;
};
void given_release(struct given *g);
/* SETTING=VALUE for the application (no secrets: arguments are seen by everyone), SETTING=FILE, and
 * SETTING for its default. E_USAGE. */
int given_pair(struct given *g, struct call *c, const char *app, const char *pair, struct err *e);
int given_file(struct given *g, const char *pair, struct err *e);
void given_default(struct given *g, const char *name);
/* All of --set and --set-file. */
int given_all(struct given *g, struct call *c, const char *app, const struct strvec *set,
	const struct strvec *set_file, struct err *e);

/*
 * Carry it out on the targets: a line each as it ends ("nginx on web1 DONE", "would WOULD nginx on
 * web1", or "nginx on web1 SO already"), then, with several, a table of those that failed.
 */
struct order_words {
	const char *done, *would, *so;
};
int order_run(struct call *c, const struct app_order *o, char *const *targets,
	const struct order_words *w, struct err *e);

/* Options of verbs that take targets; those of a verb with more begin with them. */
#define TARGET_OPT(type)                                                                           \
	OPT(type, servers, "servers", 0, OPT_FLAG, NULL,                                           \
		"all, globs and groups mean servers, not private servers")
struct target_opts {
	bool servers;
};
extern const struct opt opts_target[];

/* "12" or "#12" as the number of an object, 1 to 999999999; 0: it is none. */
int64_t order_number(const char *text);

extern const struct cmd cmd_app_config_get, cmd_app_config_set, cmd_app_config_unset,
	cmd_app_config_history, cmd_app_config_revert, cmd_app_license_add, cmd_app_license_list,
	cmd_app_license_remove;

#endif
