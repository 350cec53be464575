/* SPDX-License-Identifier: MIT */
/*
 * image - OS images registered with the control center, kept as HOME/images/SHA256.tar.zst.
 *
 * Must not know about: how servers unpack them.
 */
#ifndef SXC_BIZ_IMAGE_H
#define SXC_BIZ_IMAGE_H

#include <stdint.h>

#include "svc/sxc.h"

/*
 * from: a tar of a root directory, the directory itself, or the name of a Debian suite ("bookworm"),
 * then made by mmdebstrap(1). A name that is there gets a new version, unless one of its versions
 * is just that (E_EXISTS). E_INTEGRITY, E_STATE (mmdebstrap missing).
 */
int image_add(struct sxc *s, const char *name, const char *from, struct err *e);
/* NAME: all its versions, NAME=V: one. E_INUSE while a private server stands on it or can go back
 * to it. */
int image_remove(struct sxc *s, const char *name, struct err *e);

struct image_row {
	const char *name, *digest, *os;
	int64_t version, size, unpacked, users, newest, created;
};
typedef int (*image_row_fn)(void *arg, const void *row, struct err *e);
int image_list(struct sxc *s, image_row_fn fn, void *arg, struct err *e);
int image_show(struct sxc *s, const char *name, image_row_fn fn, void *arg, struct err *e);

/* Row id and digest of one: NAME (its newest version), NAME=V, NULL (the newest of all);
 * digest holds 65 bytes. E_NOTFOUND. */
int image_find(struct sxc *s, const char *name, int64_t *id, char *digest, struct err *e);
/* Path of its file, fresh memory. */
char *image_path(const struct sxc *s, const char *digest);

#endif
