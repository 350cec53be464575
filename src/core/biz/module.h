/* SPDX-License-Identifier: MIT */
/*
 * module - builds of the kernel module sxps, one a kernel release, kept as
 * HOME/modules/RELEASE/sxps.ko; and its source, for servers that build it themselves.
 *
 * Must not know about: servers, how one loads it.
 */
#ifndef SXC_BIZ_MODULE_H
#define SXC_BIZ_MODULE_H

#include <stdint.h>

#include "svc/msg.h"
#include "svc/sign.h"
#include "svc/sxc.h"

/*
 * Keep the build at path; one for the same kernel is replaced. *release (the caller's) is the
 * kernel it is for. E_INTEGRITY when it is no build of sxps; E_STATE when it is of another version
 * than this sxc.
 */
int module_add(struct sxc *s, const char *path, char **release, struct err *e);
/* E_NOTFOUND. */
int module_remove(struct sxc *s, const char *release, struct err *e);

struct module_row {
	const char *release, *version, *srcversion, *vermagic, *digest;
	int64_t size, is_signed, created;
};
typedef int (*module_row_fn)(void *arg, const void *row, struct err *e);
int module_list(struct sxc *s, module_row_fn fn, void *arg, struct err *e);

/*
 * The build for a kernel: one that was added, else one that was installed with sxc, else the one of
 * the source tree sxc runs from. vermagic NULL: not known. 1 with *path (the caller's) and digest,
 * 0 none.
 */
int module_find(struct sxc *s, const char *release, const char *vermagic, char **path,
	char digest[SHA256_HEX], struct err *e);
/* Add the source as fields file {name, text}; E_NOTFOUND when it is not installed. */
int module_source(struct msg *m, struct err *e);

#endif
