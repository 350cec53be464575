/* SPDX-License-Identifier: MIT */
/*
 * fuzz - what a fuzz target defines. A target must not leak, must not read outside the bytes given,
 * and aborts where it finds something that must not be.
 */
#ifndef SXC_FUZZ_H
#define SXC_FUZZ_H

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
