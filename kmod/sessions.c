// SPDX-License-Identifier: GPL-2.0
/*
 * The stock kernel bounds terminals for the machine and for one mount of devpts, not for a group of
 * processes. The four functions of fs/devpts that hand out a number, give it its node, take it
 * back and let the instance go are watched through ftrace. The call that would be one too many is
 * redirected to a function that answers ENOSPC; nothing here calls into the kernel by a looked-up
 * address, and nothing of the module is on a task's stack while it sleeps.
 *
 * When a number is asked for it is not known yet. So the claim is held by task first ("pending");
 * what the same task does next with the same instance settles it before it leaves the kernel:
 * giving the node ties it to (instance, number), taking back or letting go refunds it.
 */
#include <linux/ftrace.h>
#include <linux/hash.h>
#include <linux/hashtable.h>
#include <linux/list.h>
#include <linux/ptrace.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include "context.h"
#include "member.h"
#include "sessions.h"

#if defined(CONFIG_DYNAMIC_FTRACE_WITH_REGS) && defined(CONFIG_UNIX98_PTYS) &&                     \
	defined(CONFIG_HAVE_FUNCTION_ARG_ACCESS_API)

struct claim {
	struct hlist_node node; /* in `open`, by instance and number */
	struct list_head list;  /* in `pending` */
	struct sxps_context *ctx;
	const struct task_struct *task;
	const void *instance;
	int index;
};

static DEFINE_SPINLOCK(sessions_lock);
static DEFINE_HASHTABLE(open, 8);
static LIST_HEAD(pending);
static bool available;
static const char *unavailable = "not started";

/* ---- the book ---- */

static unsigned long key_of(const void *instance, int index)
{
	return hash_ptr(instance, 32) + (unsigned int)index;
}

/* All below hold sessions_lock. */

static struct claim *pending_of(const void *instance)
{
	struct claim *claim;

	list_for_each_entry(claim, &pending, list)
		if (claim->task == current && claim->instance == instance)
			return claim;
	return NULL;
}

static struct claim *open_of(const void *instance, int index)
{
	struct claim *claim;

	hash_for_each_possible(open, claim, node, key_of(instance, index))
		if (claim->instance == instance && claim->index == index)
			return claim;
	return NULL;
}

/* A claim is in one of the two places. */
static void refund(struct claim *claim)
{
	if (!hlist_unhashed(&claim->node))
		hash_del(&claim->node);
	else
		list_del(&claim->list);
	claim->ctx->sessions.held--;
	kfree(claim);
}

static bool admit(struct sxps_sessions *s)
{
	if (s->held >= READ_ONCE(s->max)) {
		s->failures++;
		return false;
	}
	s->held++;
	s->peak = max(s->peak, s->held);
	return true;
}

/* ---- what the four functions mean ---- */

/* Whether the calling process may have one more; the claim is its only trace. */
static bool claim_number(const void *instance)
{
	struct claim *claim = kzalloc(sizeof(*claim), GFP_ATOMIC | __GFP_NOWARN);
	struct sxps_context *ctx;
	unsigned long flags;
	bool yes = true;

	rcu_read_lock();
	spin_lock_irqsave(&sessions_lock, flags);
	ctx = sxps_member_of(current);
	if (ctx) {
		yes = claim && admit(&ctx->sessions);
		if (yes) {
			claim->ctx = ctx;
			claim->task = current;
			claim->instance = instance;
			list_add(&claim->list, &pending);
			claim = NULL;
		}
	}
	spin_unlock_irqrestore(&sessions_lock, flags);
	rcu_read_unlock();
	kfree(claim);
	return yes;
}

static void tie_number(const void *instance, int index)
{
	struct claim *claim;
	unsigned long flags;

	spin_lock_irqsave(&sessions_lock, flags);
	claim = pending_of(instance);
	if (claim) {
		list_del(&claim->list);
		claim->index = index;
		hash_add(open, &claim->node, key_of(instance, index));
	}
	spin_unlock_irqrestore(&sessions_lock, flags);
}

/* Closed by whoever had it last; or never got its node. */
static void return_number(const void *instance, int index)
{
	struct claim *claim;
	unsigned long flags;

	spin_lock_irqsave(&sessions_lock, flags);
	claim = open_of(instance, index);
	if (!claim)
		claim = pending_of(instance);
	if (claim)
		refund(claim);
	spin_unlock_irqrestore(&sessions_lock, flags);
}

/* There was no number to be had. */
static void let_go(const void *instance)
{
	struct claim *claim;
	unsigned long flags;

	spin_lock_irqsave(&sessions_lock, flags);
	claim = pending_of(instance);
	if (claim)
		refund(claim);
	spin_unlock_irqrestore(&sessions_lock, flags);
}

/* ---- hooks ---- */

/* What a refused call of devpts_new_index() does instead. */
static noinline notrace int refuse(void)
{
	return -ENOSPC;
}

/* A call of this is redirected like one that is refused: the self-test. */
static noinline int probe(void)
{
	int r = 0;

	/* The compiler is not to know what it answers. */
	asm volatile("" : "+r"(r));
	return r;
}

static const void *instance_of(struct pt_regs *regs)
{
	return (const void *)regs_get_kernel_argument(regs, 0);
}

static void on_new(unsigned long ip, unsigned long parent, struct ftrace_ops *op,
	struct ftrace_regs *fregs)
{
	struct pt_regs *regs = ftrace_get_regs(fregs);
	bool is_probe;

	if (!regs)
		return;
	is_probe = ip - (unsigned long)probe < 32;
	if (is_probe || !claim_number(instance_of(regs)))
		instruction_pointer_set(regs, (unsigned long)refuse);
}

static void on_node(unsigned long ip, unsigned long parent, struct ftrace_ops *op,
	struct ftrace_regs *fregs)
{
	struct pt_regs *regs = ftrace_get_regs(fregs);

	if (regs)
		tie_number(instance_of(regs), (int)regs_get_kernel_argument(regs, 1));
}

static void on_kill(unsigned long ip, unsigned long parent, struct ftrace_ops *op,
	struct ftrace_regs *fregs)
{
	struct pt_regs *regs = ftrace_get_regs(fregs);

	if (regs)
		return_number(instance_of(regs), (int)regs_get_kernel_argument(regs, 1));
}

static void on_release(unsigned long ip, unsigned long parent, struct ftrace_ops *op,
	struct ftrace_regs *fregs)
{
	struct pt_regs *regs = ftrace_get_regs(fregs);

	if (regs)
		let_go(instance_of(regs));
}

/* PERMANENT: kernel.ftrace_enabled cannot be switched off under it. */
#define WATCH (FTRACE_OPS_FL_SAVE_REGS | FTRACE_OPS_FL_PERMANENT | FTRACE_OPS_FL_RECURSION)

/* In this order they start: refunds before claims. */
static struct hook {
	char *name;
	struct ftrace_ops ops;
} hooks[] = {
	{"devpts_release", {.func = on_release, .flags = WATCH}},
	{"devpts_kill_index", {.func = on_kill, .flags = WATCH}},
	{"devpts_pty_new", {.func = on_node, .flags = WATCH}},
	{"devpts_new_index", {.func = on_new, .flags = WATCH | FTRACE_OPS_FL_IPMODIFY}},
};

static int hook_start(struct hook *hook)
{
	int r = ftrace_set_filter(&hook->ops, (unsigned char *)hook->name, strlen(hook->name), 1);

	if (!r && hook->ops.func == on_new)
		r = ftrace_set_filter_ip(&hook->ops, (unsigned long)probe, 0, 0);
	if (!r)
		r = register_ftrace_function(&hook->ops);
	if (r < 0) {
		pr_warn("sxps: cannot watch %s (%d): terminals are not bounded\n", hook->name, r);
		ftrace_free_filter(&hook->ops);
	}
	return r;
}

static void hook_stop(struct hook *hook)
{
	unregister_ftrace_function(&hook->ops);
	ftrace_free_filter(&hook->ops);
}

static void hooks_stop(int n)
{
	while (n-- > 0)
		hook_stop(&hooks[n]);
}

int sxps_sessions_start(void)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(hooks); i++) {
		if (hook_start(&hooks[i]) < 0) {
			hooks_stop(i);
			unavailable = "the kernel does not let devpts be watched";
			return 0;
		}
	}
	available = true;
	return 0;
}

void sxps_sessions_stop(void)
{
	if (!available)
		return;
	hooks_stop(ARRAY_SIZE(hooks));
	WARN(!hash_empty(open) || !list_empty(&pending), "sxps: terminals left behind\n");
}

bool sxps_sessions_available(void)
{
	return available;
}

const char *sxps_sessions_reason(void)
{
	if (!available)
		return unavailable;
	return probe() == -ENOSPC ? NULL : "the kernel's function redirection is off";
}

void sxps_sessions_read(struct sxps_context *ctx, struct sxps_sessions *copy)
{
	unsigned long flags;

	spin_lock_irqsave(&sessions_lock, flags);
	*copy = ctx->sessions;
	spin_unlock_irqrestore(&sessions_lock, flags);
}

void sxps_sessions_forget(struct sxps_context *ctx)
{
	struct claim *claim, *next;
	struct hlist_node *tmp;
	unsigned long flags;
	int i;

	spin_lock_irqsave(&sessions_lock, flags);
	hash_for_each_safe(open, i, tmp, claim, node)
		if (claim->ctx == ctx)
			refund(claim);
	list_for_each_entry_safe(claim, next, &pending, list)
		if (claim->ctx == ctx)
			refund(claim);
	spin_unlock_irqrestore(&sessions_lock, flags);
}

#else /* no function redirection on this kernel */

int sxps_sessions_start(void)
{
	return 0;
}

void sxps_sessions_stop(void)
{
}

bool sxps_sessions_available(void)
{
	return false;
}

const char *sxps_sessions_reason(void)
{
	return "this kernel is built without function redirection";
}

void sxps_sessions_read(struct sxps_context *ctx, struct sxps_sessions *copy)
{
	*copy = ctx->sessions;
}

void sxps_sessions_forget(struct sxps_context *ctx)
{
}

#endif
