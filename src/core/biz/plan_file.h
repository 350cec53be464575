/* SPDX-License-Identifier: MIT */
/*
 * plan_file - the plan file, sxc-plan(5): from YAML to a checked definition.
 *
 * Must not know about: the database, subscriptions.
 */
#ifndef SXC_BIZ_PLAN_FILE_H
#define SXC_BIZ_PLAN_FILE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "biz/usage_plan.h"
#include "svc/yaml.h"
#include "util/err.h"
#include "util/period.h"
#include "util/vec.h"

#define PRICE_MOST INT64_C(1000000000000000) /* minor units */

struct plan_option_def {
	char *name;
	int64_t price; /* minor units, a period */
	int64_t most;  /* of them; 0: no limit */
	json_t *adds;  /* to what the plan provides, see plan_adds; NULL: nothing */
};
/* Prices in one currency. */
struct plan_price_def {
	char *currency;
	int64_t price;
	int64_t setup; /* -1: not given in this currency although the plan has one */
	VEC(struct plan_option_def) options;
};

struct plan_def {
	char *name, *title;
	VEC(struct plan_price_def) prices; /* the plan's own currency first */
	struct usage_defs usage;
	bool tax_included, taxable;
	struct every every;
	bool arrears;
	int align; /* day of the month, 0: anniversary */
	int64_t trial_n;
	enum period_unit trial_unit;
	const char *upgrade, *downgrade, *cancel; /* "now", "renewal"; cancel: "now", "end" */
	const char *provision;                    /* "order", "paid" */
	json_t *provides;                         /* see plan_provides; NULL: nothing */
	json_t *best_effort;                      /* list of bounds; NULL: none */
	json_t *attributes;                       /* NULL: none */
	json_t *reseller;    /* wholesale in millionths of a percent, may-sell: plans; NULL: none */
	int64_t stock;       /* -1: no limit */
	int64_t per_account; /* 0: no limit */
	char *source;        /* the text of the file */
};
void plan_def_release(struct plan_def *d);

/* Read and check a file ("-": standard input). E_USAGE with file:line:column. */
int plan_file_load(const char *path, struct plan_def *d, struct err *e);
/* The same from a text; file is for messages. */
int plan_file_parse(const char *file, const char *text, struct plan_def *d, struct err *e);

/*
 * Everything the definition says, defaults filled in, as JSON with sorted keys: two files that say
 * the same give the same text. The caller's.
 */
char *plan_def_content(const struct plan_def *d);

/*
 * What provisioning creates, checked, as JSON: "private-server" with the bounds under their names
 * as integers (cpu, cpu-max in hundredths of a percent; net in bit/s, or a text like "30%" of the
 * uplink; memory, vm, disk, transfer in bytes; inodes, procs, sessions), the texts image, storage;
 * "domain" with features (a list), disk (bytes), users; "apps", a list of {name, set}.
 * *out is the caller's reference.
 */
int plan_provides(const struct yaml_node *n, json_t **out, struct err *e);
/*
 * What one of an option adds to the private server, as JSON: cpu in hundredths of a percent;
 * memory, vm, disk in bytes; inodes, procs; ip, how many IPv4 addresses. *out is the caller's.
 */
int plan_adds(const struct yaml_node *n, json_t **out, struct err *e);
/* Read one bound of a private server into out, as in plan_provides. E_USAGE, also for a key that is
 * none. */
int plan_bound(const char *key, const struct yaml_node *n, json_t *out, struct err *e);
/* A mapping, list or scalar as JSON; every scalar is a text. New reference. */
json_t *plan_json_of(const struct yaml_node *n);

/* One of the NULL-terminated allowed words, or def when n is NULL; *out is the word in allowed. */
int plan_choice(const struct yaml_node *n, const char *what, const char *const *allowed,
	const char *def, const char **out, struct err *e);

#endif
