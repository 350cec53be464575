/* SPDX-License-Identifier: MIT */
/*
 * plan_verbs - the verbs of `sxc plan`, which stand in several files.
 */
#ifndef SXC_CMD_PLAN_VERBS_H
#define SXC_CMD_PLAN_VERBS_H

#include "cmd/cmd.h"

extern const struct cmd plan_cmd_edit, plan_cmd_migrate;

#endif
