/* SPDX-License-Identifier: MIT */
/*
 * server_verbs - the verbs of `sxc server` that talk to servers, for the noun's table.
 *
 * Must not know about: the store.
 */
#ifndef SXC_CMD_SERVER_VERBS_H
#define SXC_CMD_SERVER_VERBS_H

#include "cmd/cmd.h"

extern const struct cmd cmd_server_status, cmd_server_ping, cmd_server_exec, cmd_server_enter,
	cmd_server_upgrade, cmd_server_module_add, cmd_server_module_list, cmd_server_module_remove;

#endif
