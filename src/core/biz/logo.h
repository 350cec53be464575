/* SPDX-License-Identifier: MIT */
/*
 * logo - the seller's picture on documents, kept in the store under its digest (SHA-256).
 *
 * Must not know about: how it is laid out.
 */
#ifndef SXC_BIZ_LOGO_H
#define SXC_BIZ_LOGO_H

#include "svc/sxc.h"
#include "util/str.h"

#define LOGO_MOST (1 << 20) /* bytes */

/*
 * Take a PNG or JPEG file into the store; inside the caller's transaction. It is drawn once, so
 * that what cannot be is refused. digest: the caller's. E_USAGE for another or a damaged file.
 */
int logo_add(struct sxc *s, const char *path, char **digest, struct err *e);
/* Its media type, the caller's, and its bytes appended. E_INTEGRITY when it is not there. */
int logo_get(struct sxc *s, const char *digest, char **type, struct str *data, struct err *e);

#endif
