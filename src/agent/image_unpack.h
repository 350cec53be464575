/* SPDX-License-Identifier: MIT */
/*
 * image_unpack - a tar archive, zstd-compressed, into an empty directory, trusting nothing in it.
 *
 * Modes, ids, times, hard and symbolic links, fifos, file capabilities and user.* attributes are
 * kept; device nodes and sockets are left out. An entry that points outward (absolute, "..",
 * through a link), comes twice or has an id beyond 65535 is refused.
 * Must not know about: the store, private servers.
 */
#ifndef SXC_AGENT_IMAGE_UNPACK_H
#define SXC_AGENT_IMAGE_UNPACK_H

#include <stdint.h>

#include "util/err.h"

struct unpack {
	int fd;             /* the archive, read from its current position to its end */
	int dir;            /* the empty directory */
	const char *digest; /* SHA-256 the archive must have, 64 hexadecimal digits */
	/* Only what is below this directory of the archive, without it; beside it nothing may stand
	 * but a file of that name, which is left out. NULL: all. */
	const char *below, *beside;
	int64_t max_bytes; /* of all files together */
	int64_t max_files;
	/* Called now and then with the bytes of the archive read; negative (with *e) ends it. */
	int (*progress)(void *arg, int64_t done, struct err *e);
	void *arg;
	int64_t bytes, files; /* out */
};

/* E_INTEGRITY says that the digest differs (then nothing was made) or names the entry refused;
 * E_LIMIT for a full disk or a bound above. What was unpacked so far is left for the caller to
 * remove. */
int image_unpack(struct unpack *u, struct err *e);

#endif
