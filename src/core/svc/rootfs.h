/* SPDX-License-Identifier: MIT */
/*
 * rootfs - OS images as files: a tar, zstd-compressed, of a root directory (libarchive).
 *
 * Whatever comes in is rewritten, so that each byte has been read and checked once: names stay
 * inside, ids are 0..65535, no devices; the same input gives the same bytes.
 * Must not know about: the store, servers.
 */
#ifndef SXC_SVC_ROOTFS_H
#define SXC_SVC_ROOTFS_H

#include <stdint.h>

#include "svc/sign.h"
#include "util/err.h"

struct rootfs_info {
	char digest[SHA256_HEX]; /* of the file that was written */
	int64_t size;            /* of that file */
	int64_t unpacked;        /* bytes of file contents */
	char os[128];            /* PRETTY_NAME of os-release; "" unknown */
};

/*
 * from: a tar in any compression, or a directory (as root, to read it all). to: the file to make.
 * progress may be NULL. E_INTEGRITY for what is hostile or no root directory (no sbin/init below
 * it), E_LIMIT for a full disk. Nothing is left on failure.
 */
int rootfs_write(const char *from, const char *to, struct rootfs_info *out,
	void (*progress)(void *arg, int64_t bytes), void *arg, struct err *e);

#endif
