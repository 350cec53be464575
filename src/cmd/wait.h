/* SPDX-License-Identifier: MIT */
/*
 * wait - waiting for input so that no interrupt is lost between looking and reading.
 */
#ifndef SXC_CMD_WAIT_H
#define SXC_CMD_WAIT_H

#include <stddef.h>
#include <sys/types.h>

/* read(2), but -1 with EINTR as soon as the user interrupted, also when it was before the call. */
ssize_t wait_read(int fd, void *p, size_t n);

#endif
