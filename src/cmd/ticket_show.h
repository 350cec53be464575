/* SPDX-License-Identifier: MIT */
/*
 * ticket_show - the verbs of `sxc ticket` that only read.
 */
#ifndef SXC_CMD_TICKET_SHOW_H
#define SXC_CMD_TICKET_SHOW_H

#include "cmd/cmd.h"

extern const struct cmd ticket_cmd_list, ticket_cmd_show, ticket_cmd_attachment;

#endif
