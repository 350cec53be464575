// SPDX-License-Identifier: GPL-2.0
#include <linux/sched.h>
#include <linux/sched/loadavg.h>
#include <linux/sched/signal.h>
#include <linux/workqueue.h>
#include "context.h"
#include "load.h"
#include "member.h"

static void count_again(struct work_struct *work);
static DECLARE_DELAYED_WORK(counting, count_again);

static void forget(struct sxps_context *ctx)
{
	memset(&ctx->counted, 0, sizeof(ctx->counted));
}

static void count_thread(struct task_struct *thread)
{
	struct sxps_context *ctx = sxps_member_of(thread);
	unsigned int state = READ_ONCE(thread->__state);

	if (!ctx || thread->exit_state)
		return;
	ctx->counted.threads++;
	if (state == TASK_RUNNING)
		ctx->counted.running++;
	else if ((state & TASK_UNINTERRUPTIBLE) && !(state & TASK_NOLOAD))
		ctx->counted.blocked++;
}

static void fold(struct sxps_context *ctx)
{
	static const unsigned long weights[] = {EXP_1, EXP_5, EXP_15};
	unsigned long active = (ctx->counted.running + ctx->counted.blocked) * FIXED_1;
	int i;

	WRITE_ONCE(ctx->load.running, ctx->counted.running);
	WRITE_ONCE(ctx->load.blocked, ctx->counted.blocked);
	WRITE_ONCE(ctx->load.threads, ctx->counted.threads);
	for (i = 0; i < ARRAY_SIZE(weights); i++)
		WRITE_ONCE(ctx->load.average[i],
			calc_load(ctx->load.average[i], weights[i], active));
}

static void count_again(struct work_struct *work)
{
	struct task_struct *process, *thread;

	rcu_read_lock();
	if (sxps_member_each(forget)) {
		for_each_process_thread(process, thread)
			count_thread(thread);
		sxps_member_each(fold);
	}
	rcu_read_unlock();
	schedule_delayed_work(&counting, LOAD_FREQ);
}

void sxps_load_start(void)
{
	schedule_delayed_work(&counting, LOAD_FREQ);
}

void sxps_load_stop(void)
{
	cancel_delayed_work_sync(&counting);
}
