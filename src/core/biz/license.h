/* SPDX-License-Identifier: MIT */
/*
 * license - pools of licences for applications that are not free. An instance holds one from the
 * moment it is written down until it is struck out.
 *
 * Must not know about: commands, servers.
 */
#ifndef SXC_BIZ_LICENSE_H
#define SXC_BIZ_LICENSE_H

#include <jansson.h>
#include <stdint.h>

#include "biz/app.h"
#include "svc/sxc.h"
#include "svc/wrapper.h"

/*
 * Inside the transaction that writes an instance down: take one for it when its wrapper asks for a
 * pool. Its text, where it has one, becomes the setting "license" if the wrapper has that.
 * E_LIMIT when all are taken.
 */
int license_take(struct sxc *s, const struct wrapper *w, int64_t instance, json_t *settings,
	struct err *e);

/* The same for an instance that is there and goes to another version: what it holds counts. E_STATE
 * when that is of another pool. */
int license_keep(struct sxc *s, const struct wrapper *w, int64_t instance, json_t *settings,
	struct err *e);
/* Give back what an instance holds, unless its wrapper asks for it. */
int license_settle(struct sxc *s, const struct wrapper *w, int64_t instance, struct err *e);

/* Add those of the file, one a line, or count that have no text. *added tells how many. E_EXISTS
 * for one that is there; E_STATE when the application is free. */
int license_add(struct sxc *s, const char *app, const char *file, int64_t count, int64_t *added,
	struct err *e);
/* Remove one that nobody holds. E_INUSE, E_NOTFOUND. */
int license_remove(struct sxc *s, const char *app, int64_t id, struct err *e);

struct license_row {
	int64_t id, created;
	const char *pool, *app, *ps, *state; /* state: free, taken */
};
/* Each of the application's pool; their texts are secrets and stay here. */
int license_list(struct sxc *s, const char *app, app_row_fn fn, void *arg, struct err *e);

#endif
