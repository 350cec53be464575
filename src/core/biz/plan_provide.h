/* SPDX-License-Identifier: MIT */
/*
 * plan_provide - what a subscription gets: what the plan's version provides, what was agreed for it
 * alone, and what its options add.
 *
 * All are JSON in the form of plan_provides, plan_file.h; a private server may besides have "ip",
 * how many IPv4 addresses it gets beyond the first.
 * Must not know about: the database, YAML files, how anything is provided.
 */
#ifndef SXC_BIZ_PLAN_PROVIDE_H
#define SXC_BIZ_PLAN_PROVIDE_H

#include <jansson.h>
#include <stdint.h>

#include "util/err.h"

/* Replace parts by what was agreed for one subscription alone. memory without vm keeps the room for
 * swap. E_STATE when the plan provides no private server. */
int provide_custom(json_t *provides, const json_t *custom, struct err *e);
/* Add what so many of an option add. memory without vm adds to vm, too. E_LIMIT. */
int provide_add(json_t *provides, const json_t *adds, int64_t quantity, struct err *e);

/*
 * Read "private-server.memory=512M" into custom; an empty value takes the part away. E_USAGE with
 * what is allowed.
 */
int provide_custom_parse(json_t *custom, const char *pair, struct err *e);

#endif
