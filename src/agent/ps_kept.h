/* SPDX-License-Identifier: MIT */
/*
 * ps_kept - layers of a private server beside the one it lives in: its snapshots, the one it lived
 * in before it was rebuilt, and one that is being prepared.
 *
 * Each is a directory like AGENT_PS/NAME/layer: upper, work, and facts with the image it stands on.
 * All are under the private server's project id, so they count against its disk bound.
 * Must not know about: archives, images' contents.
 */
#ifndef SXC_AGENT_PS_KEPT_H
#define SXC_AGENT_PS_KEPT_H

#include <stdbool.h>
#include <stdint.h>

#include "agent/ps_conf.h"
#include "agent/tree.h"
#include "util/err.h"

#define LAYER_NOW      "layer"
#define LAYER_NEXT     "next"     /* prepared to be exchanged */
#define LAYER_LAST     "last"     /* just exchanged, to be taken back or settled */
#define LAYER_PREVIOUS "previous" /* that before the last rebuild */
#define SNAPSHOTS      "snapshots"
#define SNAPSHOTS_MAX  8

struct layer_facts {
	char image[65]; /* its SHA-256 */
	int64_t made;   /* seconds since 1970 */
	int64_t bytes;  /* of disk when it was made; 0: not measured */
};

/* Make AGENT_PS/NAME/rest anew with empty upper and work; what stood there goes. Descriptor of
 * upper. */
int kept_make(const struct ps_conf *c, const char *rest, int *upper, struct err *e);
int kept_write_facts(const struct ps_conf *c, const char *rest, const struct layer_facts *f,
	struct err *e);
/* E_NOTFOUND when there is no such layer. */
int kept_read_facts(const struct ps_conf *c, const char *rest, struct layer_facts *f,
	struct err *e);
int kept_remove(const struct ps_conf *c, const char *rest, struct err *e);
bool kept_there(const struct ps_conf *c, const char *rest);
/* Descriptor of its upper directory. */
int kept_upper(const struct ps_conf *c, const char *rest, int *upper, struct err *e);
/* Before a layer is prepared: nothing of an earlier exchange stands in the way. In
 * ps_snapshot.c. */
int kept_ready(const struct ps_conf *c, struct err *e);
/* Bound a copy by what the disk bound and the server's disk leave; gone: a layer that will go. */
int kept_room(const struct ps_conf *c, const char *gone, struct tree_copy *t, struct err *e);
/* Copy upper of one layer into the fresh one of another, attributes of the top included. */
int kept_copy(const struct ps_conf *c, const char *from, int upper, struct tree_copy *t,
	struct err *e);
/* Read-only view of the files as they show inside, of a layer that stands still; ids are inside
 * ids. */
int kept_merged(const struct ps_conf *c, const char *upper, const char *image, int *root,
	struct err *e);
/* Does any layer of it stand on that image? */
bool kept_uses(const struct ps_conf *c, const char *image);

#endif
