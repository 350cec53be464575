// SPDX-License-Identifier: GPL-2.0
#include <linux/if_arp.h>
#include <linux/if_vlan.h>
#include <linux/ktime.h>
#include <linux/module.h>
#include <linux/netdevice.h>
#include <linux/netfilter.h>
#include <linux/nsproxy.h>
#include <linux/rtnetlink.h>
#include <linux/slab.h>
#include <linux/tcp.h>
#include <net/net_namespace.h>
#include "context.h"
#include "lock.h"

struct sxps_lock {
	struct list_head all;
	struct net_device *dev;
	struct net *net;
	struct sxps_context __rcu *ctx; /* NULL: removed, drop everything */
	struct nf_hook_ops ops[SXPS_WAYS];
	struct rcu_head rcu;
};

static LIST_HEAD(locks); /* guarded by sxps_mutex */

/* ---- a packet ---- */

/* The packet `at` bytes into what skb->data points to. Headers are read in place if they are
 * there, else copied. */
static bool frame_init(struct sxps_frame *f, const struct sk_buff *skb, u32 at, u8 *copy)
{
	if (skb->len < at)
		return false;
	f->mac = skb_mac_header(skb);
	f->len = skb->len - at;
	f->have = min_t(u32, f->len, SXPS_LOOK);
	f->proto = ntohs(skb->protocol);
	f->tagged = skb_vlan_tag_present(skb);
	f->data = skb->data + at;
	if (at + f->have <= skb_headlen(skb))
		return true;
	f->data = copy;
	return skb_copy_bits(skb, at, copy, f->have) == 0;
}

/* Behind a tunnel made inside, every segment repeats the inner headers too. */
static u32 tunnel_headers(const struct sk_buff *skb)
{
	int inner = skb_inner_transport_offset(skb);
	int outer = skb_mac_header(skb) - skb->data;
	struct tcphdr buf;
	const struct tcphdr *tcp;

	if (!(skb_shinfo(skb)->gso_type & (SKB_GSO_TCPV4 | SKB_GSO_TCPV6)))
		return inner - outer + 8;
	tcp = skb_header_pointer(skb, inner, sizeof(buf), &buf);
	return tcp ? inner - outer + tcp->doff * 4 : 0;
}

static u32 repeated_headers(const struct sk_buff *skb, const struct sxps_frame *f)
{
	return skb->encapsulation ? tunnel_headers(skb) : sxps_packet_headers(f);
}

struct size {
	u64 bytes;
	u32 frames;
};

static struct size size_of(const struct sk_buff *skb, const struct sxps_frame *f)
{
	u32 len = f->len + ETH_HLEN;
	u32 gso = skb_is_gso(skb) ? skb_shinfo(skb)->gso_size : 0;
	u32 headers = gso ? repeated_headers(skb, f) : 0;

	return (struct size){
		.bytes = sxps_wire_bytes(len, headers, gso),
		.frames = sxps_wire_frames(len, headers, gso),
	};
}

/* Below the bound everything passes; from it on, what the bucket has. */
static bool may_transfer(struct sxps_transfer *t, enum sxps_way way, u64 bytes)
{
	bool pass;

	if ((u64)atomic64_read(&t->used) < READ_ONCE(t->max))
		return true;
	spin_lock_bh(&t->lock);
	pass = sxps_bucket_take(&t->bucket[way], READ_ONCE(t->rate) / 8, ktime_get_ns(), bytes);
	spin_unlock_bh(&t->lock);
	return pass;
}

static unsigned int account(struct sxps_context *ctx, enum sxps_way way, struct size size)
{
	if (!may_transfer(&ctx->transfer, way, size.bytes)) {
		atomic64_add(size.frames, &ctx->transfer.throttled);
		return NF_DROP;
	}
	atomic64_add(size.bytes, &ctx->transfer.used);
	atomic64_add(size.bytes, &ctx->bytes[way]);
	atomic64_add(size.frames, &ctx->packets[way]);
	return NF_ACCEPT;
}

/* What leaves the private server arrives here. Called under RCU. */
static unsigned int hook_out(void *priv, struct sk_buff *skb, const struct nf_hook_state *state)
{
	struct sxps_context *ctx = rcu_dereference(((struct sxps_lock *)priv)->ctx);
	enum sxps_verdict verdict = SXPS_DROP_MALFORMED;
	u8 copy[SXPS_LOOK];
	struct sxps_frame f;

	if (!ctx)
		return NF_DROP;
	if (skb_mac_header_was_set(skb) && frame_init(&f, skb, 0, copy))
		verdict = sxps_packet_out(&rcu_dereference(ctx->ident)->ident, &f);
	if (verdict != SXPS_PASS) {
		atomic64_inc(&ctx->drops[verdict]);
		return NF_DROP;
	}
	skb->mark = READ_ONCE(ctx->mark);
	return account(ctx, SXPS_OUT, size_of(skb, &f));
}

/* What enters: the host is trusted with what it sends, so it is counted and throttled only. */
static unsigned int hook_in(void *priv, struct sk_buff *skb, const struct nf_hook_state *state)
{
	struct sxps_context *ctx = rcu_dereference(((struct sxps_lock *)priv)->ctx);
	u8 copy[SXPS_LOOK];
	struct sxps_frame f;

	if (!ctx)
		return NF_DROP;
	if (!frame_init(&f, skb, ETH_HLEN, copy))
		return NF_DROP;
	return account(ctx, SXPS_IN, size_of(skb, &f));
}

/* ---- on and off a device ---- */

/* What leaves is judged before anything else of netfilter sees it, what enters after. */
static void ops_init(struct sxps_lock *lock)
{
	lock->ops[SXPS_OUT] = (struct nf_hook_ops){
		.hook = hook_out,
		.dev = lock->dev,
		.priv = lock,
		.pf = NFPROTO_NETDEV,
		.hooknum = NF_NETDEV_INGRESS,
		.priority = INT_MIN,
	};
	lock->ops[SXPS_IN] = lock->ops[SXPS_OUT];
	lock->ops[SXPS_IN].hook = hook_in;
	lock->ops[SXPS_IN].hooknum = NF_NETDEV_EGRESS;
	lock->ops[SXPS_IN].priority = INT_MAX;
}

/* A lock holds the module: its hooks may outlive every context. */
static int lock_new(struct sxps_context *ctx, struct net_device *dev)
{
	struct sxps_lock *lock = kzalloc(sizeof(*lock), GFP_KERNEL);
	int r;

	if (!lock)
		return -ENOMEM;
	lock->dev = dev;
	lock->net = dev_net(dev);
	RCU_INIT_POINTER(lock->ctx, ctx);
	ops_init(lock);
	r = nf_register_net_hook(lock->net, &lock->ops[SXPS_OUT]);
	if (r < 0)
		goto free_lock;
	r = nf_register_net_hook(lock->net, &lock->ops[SXPS_IN]);
	if (r < 0)
		goto unhook_out;
	__module_get(THIS_MODULE);
	list_add(&lock->all, &locks);
	ctx->lock = lock;
	return 0;

unhook_out:
	nf_unregister_net_hook(lock->net, &lock->ops[SXPS_OUT]);
	kfree_rcu(lock, rcu);
	return r;
free_lock:
	kfree(lock);
	return r;
}

/* Only while the device still stands in its namespace. Holds sxps_mutex. */
static void lock_free(struct sxps_lock *lock)
{
	struct sxps_context *ctx;

	ctx = rcu_dereference_protected(lock->ctx, lockdep_is_held(&sxps_mutex));
	if (ctx)
		ctx->lock = NULL;
	nf_unregister_net_hook(lock->net, &lock->ops[SXPS_OUT]);
	nf_unregister_net_hook(lock->net, &lock->ops[SXPS_IN]);
	list_del(&lock->all);
	kfree_rcu(lock, rcu);
	module_put(THIS_MODULE);
}

static struct sxps_lock *lock_of(const struct net_device *dev)
{
	struct sxps_lock *lock;

	list_for_each_entry(lock, &locks, all)
		if (lock->dev == dev)
			return lock;
	return NULL;
}

static int lock_device(struct sxps_context *ctx, struct net_device *dev)
{
	struct sxps_lock *lock = lock_of(dev);

	if (ctx->lock)
		return ctx->lock == lock ? 0 : -EBUSY;
	if (!lock)
		return lock_new(ctx, dev);
	if (rcu_access_pointer(lock->ctx))
		return -EBUSY;
	rcu_assign_pointer(lock->ctx, ctx);
	ctx->lock = lock;
	return 0;
}

int sxps_lock_device(struct sxps_context *ctx, const char *name)
{
	struct net_device *dev;
	int r = -ENODEV;

	rtnl_lock();
	mutex_lock(&sxps_mutex);
	dev = __dev_get_by_name(current->nsproxy->net_ns, name);
	if (dev && dev->reg_state == NETREG_REGISTERED)
		r = dev->type == ARPHRD_ETHER ? lock_device(ctx, dev) : -EINVAL;
	mutex_unlock(&sxps_mutex);
	rtnl_unlock();
	return r;
}

void sxps_lock_orphan(struct sxps_context *ctx)
{
	if (!ctx->lock)
		return;
	RCU_INIT_POINTER(ctx->lock->ctx, NULL);
	ctx->lock = NULL;
}

void sxps_lock_name(struct sxps_context *ctx, char *name)
{
	mutex_lock(&sxps_mutex);
	strscpy(name, ctx->lock ? ctx->lock->dev->name : "", IFNAMSIZ);
	mutex_unlock(&sxps_mutex);
}

const char *sxps_lock_reason(struct sxps_context *ctx)
{
	const struct sxps_ident *ident;
	const char *reason = NULL;

	mutex_lock(&sxps_mutex);
	ident = &rcu_dereference_protected(ctx->ident, lockdep_is_held(&sxps_mutex))->ident;
	if (!ctx->lock)
		reason = "no device";
	else if (!ident->has_mac)
		reason = "no mac, nothing leaves";
	mutex_unlock(&sxps_mutex);
	return reason;
}

/* Also sent when a device leaves its namespace, while it still belongs to it. Under rtnl. */
static int device_event(struct notifier_block *nb, unsigned long event, void *info)
{
	struct sxps_lock *lock;

	if (event != NETDEV_UNREGISTER)
		return NOTIFY_DONE;
	mutex_lock(&sxps_mutex);
	lock = lock_of(netdev_notifier_info_to_dev(info));
	if (lock)
		lock_free(lock);
	mutex_unlock(&sxps_mutex);
	return NOTIFY_DONE;
}

/* After nf_tables and others, whose hooks on the device go at the same event. */
static struct notifier_block device_notifier = {
	.notifier_call = device_event,
	.priority = INT_MIN,
};

int sxps_locks_register(void)
{
	return register_netdevice_notifier(&device_notifier);
}

/* Hooks left from devices that are gone may still run: wait for them. */
void sxps_locks_unregister(void)
{
	unregister_netdevice_notifier(&device_notifier);
	synchronize_net();
	rcu_barrier();
}
