/* SPDX-License-Identifier: MIT */
/*
 * gateway_int - shared by the files of gateway alone.
 */
#ifndef SXC_BIZ_GATEWAY_INT_H
#define SXC_BIZ_GATEWAY_INT_H

#include "biz/gateway.h"

/* Path of the executable; the caller's. E_NOTFOUND says where it was looked for. */
int gateway_program(struct sxc *s, const char *name, char **path, struct err *e);

#endif
