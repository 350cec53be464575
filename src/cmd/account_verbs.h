/* SPDX-License-Identifier: MIT */
/*
 * account_verbs - the verbs of `sxc account`, which stand in several files, and what they share.
 */
#ifndef SXC_CMD_ACCOUNT_VERBS_H
#define SXC_CMD_ACCOUNT_VERBS_H

#include "biz/settle.h"
#include "cmd/cmd.h"
#include "cmd/out.h"

extern const struct cmd account_cmd_show;
extern const struct cmd account_cmd_history, account_cmd_statement;
extern const struct cmd account_cmd_suspend, account_cmd_resume, account_cmd_park,
	account_cmd_unpark, account_cmd_close, account_cmd_lock, account_cmd_unlock,
	account_cmd_erase;
extern const struct cmd account_cmd_credit, account_cmd_charge, account_cmd_pay;
extern const struct cmd account_cmd_subscribe, account_cmd_change, account_cmd_cancel,
	account_cmd_subscriptions;

extern const struct column account_columns[], subscription_columns[];

/*
 * Run jobs that a verb has queued, once its transaction is committed. What the verb wrote stands
 * whatever becomes of them: a failure names the job, which can be resumed. E_PARTIAL when some of
 * several failed.
 */
int money_run_jobs(struct call *c, const struct job_ids *jobs, struct err *e);

#endif
