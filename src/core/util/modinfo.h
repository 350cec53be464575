/* SPDX-License-Identifier: MIT */
/*
 * modinfo - what a Linux kernel module says of itself: the key=value strings of the ELF section
 * .modinfo (kernel: include/linux/moduleparam.h), and whether a signature is behind it.
 *
 * Must not know about: files, kernels, who loads it.
 */
#ifndef SXC_UTIL_MODINFO_H
#define SXC_UTIL_MODINFO_H

#include <stdbool.h>
#include <stddef.h>

#include "util/err.h"

#define MODINFO_MAX (16u << 20) /* bytes of a module that is looked at */

/* Texts point into the module; NULL where it does not say. */
struct modinfo {
	const char *name, *version, *srcversion, *vermagic;
	char release[80]; /* of the kernel it was built for: first word of vermagic */
	bool is_signed;
};
/* Of the n bytes of a 64-bit little-endian module. E_INTEGRITY when they are none, or when it does
 * not say for which kernel it was built. */
int modinfo_parse(const char *p, size_t n, struct modinfo *out, struct err *e);

#endif
