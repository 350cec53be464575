// SPDX-License-Identifier: GPL-2.0
/* The attributes of a context, as uapi/sxps.h describes them: text in, text out. */
#include <linux/module.h>
#include <linux/netdevice.h>
#include <linux/slab.h>
#include "context.h"
#include "lock.h"
#include "member.h"
#include "sessions.h"
#include "text.h"

/* ---- identity and device ---- */

static ssize_t sxps_mac_show(struct config_item *item, char *page)
{
	const struct sxps_ident *ident;
	ssize_t n;

	rcu_read_lock();
	ident = &rcu_dereference(to_context(item)->ident)->ident;
	n = ident->has_mac ? sysfs_emit(page, "%pM\n", ident->mac) : sysfs_emit(page, "\n");
	rcu_read_unlock();
	return n;
}

static ssize_t sxps_mac_store(struct config_item *item, const char *page, size_t n)
{
	u8 mac[ETH_ALEN];
	int r = sxps_text_mac(page, mac);

	if (r < 0)
		return r;
	mutex_lock(&sxps_mutex);
	r = sxps_context_set_mac(to_context(item), mac);
	mutex_unlock(&sxps_mutex);
	return r < 0 ? r : n;
}
CONFIGFS_ATTR(sxps_, mac);

static ssize_t sxps_addresses_show(struct config_item *item, char *page)
{
	const struct sxps_ident *ident;
	unsigned int i;
	int n = 0;

	rcu_read_lock();
	ident = &rcu_dereference(to_context(item)->ident)->ident;
	for (i = 0; i < ident->n4; i++)
		n += sysfs_emit_at(page, n, "%s%pI4", n ? " " : "", ident->v4[i]);
	for (i = 0; i < ident->n6; i++)
		n += sysfs_emit_at(page, n, "%s%pI6c", n ? " " : "", ident->v6[i]);
	rcu_read_unlock();
	return n + sysfs_emit_at(page, n, "\n");
}

static ssize_t sxps_addresses_store(struct config_item *item, const char *page, size_t n)
{
	struct sxps_ident *ident = kmalloc(sizeof(*ident), GFP_KERNEL);
	int r;

	if (!ident)
		return -ENOMEM;
	r = sxps_text_addresses(page, ident);
	if (!r) {
		mutex_lock(&sxps_mutex);
		r = sxps_context_set_addresses(to_context(item), ident);
		mutex_unlock(&sxps_mutex);
	}
	kfree(ident);
	return r < 0 ? r : n;
}
CONFIGFS_ATTR(sxps_, addresses);

static ssize_t sxps_device_show(struct config_item *item, char *page)
{
	char name[IFNAMSIZ];

	sxps_lock_name(to_context(item), name);
	return sysfs_emit(page, "%s\n", name);
}

static ssize_t sxps_device_store(struct config_item *item, const char *page, size_t n)
{
	char name[IFNAMSIZ];
	int r = sxps_text_word(page, name, sizeof(name));

	if (r < 0)
		return r;
	if (!name[0])
		return -EINVAL;
	r = sxps_lock_device(to_context(item), name);
	return r < 0 ? r : n;
}
CONFIGFS_ATTR(sxps_, device);

static ssize_t sxps_mark_show(struct config_item *item, char *page)
{
	return sysfs_emit(page, "%u\n", READ_ONCE(to_context(item)->mark));
}

static ssize_t sxps_mark_store(struct config_item *item, const char *page, size_t n)
{
	u64 value;
	int r = sxps_text_u64(page, U32_MAX, &value);

	if (r < 0)
		return r;
	WRITE_ONCE(to_context(item)->mark, (u32)value);
	return n;
}
CONFIGFS_ATTR(sxps_, mark);

/* ---- transfer ---- */

static ssize_t emit_bound(char *page, u64 value, u64 none)
{
	if (value == none)
		return sysfs_emit(page, "max\n");
	return sysfs_emit(page, "%llu\n", value);
}

static ssize_t sxps_transfer_used_show(struct config_item *item, char *page)
{
	return sysfs_emit(page, "%llu\n", (u64)atomic64_read(&to_context(item)->transfer.used));
}

static ssize_t sxps_transfer_used_store(struct config_item *item, const char *page, size_t n)
{
	u64 value;
	int r = sxps_text_u64(page, S64_MAX, &value);

	if (r < 0)
		return r;
	atomic64_set(&to_context(item)->transfer.used, value);
	return n;
}
CONFIGFS_ATTR(sxps_, transfer_used);

static ssize_t sxps_transfer_max_show(struct config_item *item, char *page)
{
	return emit_bound(page, READ_ONCE(to_context(item)->transfer.max), U64_MAX);
}

static ssize_t sxps_transfer_max_store(struct config_item *item, const char *page, size_t n)
{
	u64 value;
	int r = sxps_text_bound(page, S64_MAX, &value);

	if (r < 0)
		return r;
	WRITE_ONCE(to_context(item)->transfer.max, value);
	return n;
}
CONFIGFS_ATTR(sxps_, transfer_max);

static ssize_t sxps_transfer_rate_show(struct config_item *item, char *page)
{
	return sysfs_emit(page, "%llu\n", READ_ONCE(to_context(item)->transfer.rate));
}

static ssize_t sxps_transfer_rate_store(struct config_item *item, const char *page, size_t n)
{
	u64 value;
	int r = sxps_text_u64(page, SXPS_RATE_MAX, &value);

	if (r < 0)
		return r;
	/* Less than a byte a second would mean nothing at all. */
	if (value && value < 8)
		return -ERANGE;
	WRITE_ONCE(to_context(item)->transfer.rate, value);
	return n;
}
CONFIGFS_ATTR(sxps_, transfer_rate);

/* ---- processes and their terminals ---- */

static ssize_t sxps_cgroup_show(struct config_item *item, char *page)
{
	int r;

	mutex_lock(&sxps_mutex);
	r = sxps_member_path(to_context(item), page, PAGE_SIZE - 1);
	mutex_unlock(&sxps_mutex);
	if (r < 0)
		return r;
	r = strlen(page);
	page[r] = '\n';
	return r + 1;
}

static ssize_t sxps_cgroup_store(struct config_item *item, const char *page, size_t n)
{
	char *path = kmalloc(PATH_MAX, GFP_KERNEL);
	int r;

	if (!path)
		return -ENOMEM;
	r = sxps_text_word(page, path, PATH_MAX);
	if (!r && path[0] && path[0] != '/')
		r = -EINVAL;
	if (!r) {
		mutex_lock(&sxps_mutex);
		if (path[0])
			r = sxps_member_join(to_context(item), path);
		else
			sxps_member_leave(to_context(item));
		mutex_unlock(&sxps_mutex);
	}
	kfree(path);
	return r < 0 ? r : n;
}
CONFIGFS_ATTR(sxps_, cgroup);

static ssize_t sxps_sessions_max_show(struct config_item *item, char *page)
{
	return emit_bound(page, READ_ONCE(to_context(item)->sessions.max), U32_MAX);
}

static ssize_t sxps_sessions_max_store(struct config_item *item, const char *page, size_t n)
{
	u64 value;
	int r = sxps_text_bound(page, SXPS_SESSIONS_MAX, &value);

	if (r < 0)
		return r;
	WRITE_ONCE(to_context(item)->sessions.max, value == U64_MAX ? U32_MAX : (u32)value);
	return n;
}
CONFIGFS_ATTR(sxps_, sessions_max);

/* ---- what holds, and what happened ---- */

static int emit_part(char *page, int n, const char *part, const char *reason)
{
	if (reason)
		return sysfs_emit_at(page, n, "%s no %s\n", part, reason);
	return sysfs_emit_at(page, n, "%s yes\n", part);
}

static ssize_t sxps_enforcing_show(struct config_item *item, char *page)
{
	struct sxps_context *ctx = to_context(item);
	const char *net = sxps_lock_reason(ctx);
	const char *sessions = sxps_sessions_reason();
	const char *views = READ_ONCE(ctx->cgroup) ? NULL : "no cgroup";
	int n;

	if (!sessions)
		sessions = views;
	n = emit_part(page, 0, "net", net);
	n += emit_part(page, n, "transfer", net);
	n += emit_part(page, n, "sessions", sessions);
	return n + emit_part(page, n, "views", views);
}
CONFIGFS_ATTR_RO(sxps_, enforcing);

static const char *const drop_names[SXPS_VERDICTS] = {
#define X(name, text) [SXPS_DROP_##name] = text,
	SXPS_DROPS(X)
#undef X
};

static const char *bound_text(char *buf, size_t size, u64 value, u64 none)
{
	if (value == none)
		return "max";
	snprintf(buf, size, "%llu", value);
	return buf;
}

static int emit_terminals(char *page, struct sxps_context *ctx)
{
	struct sxps_sessions s;
	char bound[24];

	if (!sxps_sessions_available())
		return 0;
	sxps_sessions_read(ctx, &s);
	return sysfs_emit(page, "terminals %u %u %s %llu\n", s.held, s.peak,
		bound_text(bound, sizeof(bound), s.max, U32_MAX), s.failures);
}

static int emit_transfer(char *page, int n, struct sxps_transfer *t)
{
	char bound[24];
	u64 max = READ_ONCE(t->max);

	return sysfs_emit_at(page, n, "transfer %llu - %s %llu\n", (u64)atomic64_read(&t->used),
		bound_text(bound, sizeof(bound), max, U64_MAX), (u64)atomic64_read(&t->throttled));
}

static ssize_t sxps_counters_show(struct config_item *item, char *page)
{
	static const char *const ways[SXPS_WAYS] = {"out", "in"};
	struct sxps_context *ctx = to_context(item);
	int n = emit_terminals(page, ctx);
	int i;

	n += emit_transfer(page, n, &ctx->transfer);
	for (i = 0; i < SXPS_WAYS; i++) {
		n += sysfs_emit_at(page, n, "bytes_%s %llu - - -\n", ways[i],
			(u64)atomic64_read(&ctx->bytes[i]));
		n += sysfs_emit_at(page, n, "packets_%s %llu - - -\n", ways[i],
			(u64)atomic64_read(&ctx->packets[i]));
	}
	for (i = SXPS_PASS + 1; i < SXPS_VERDICTS; i++)
		n += sysfs_emit_at(page, n, "%s - - - %llu\n", drop_names[i],
			(u64)atomic64_read(&ctx->drops[i]));
	return n;
}
CONFIGFS_ATTR_RO(sxps_, counters);

struct configfs_attribute *sxps_context_attrs[] = {
	&sxps_attr_mac,
	&sxps_attr_addresses,
	&sxps_attr_device,
	&sxps_attr_mark,
	&sxps_attr_transfer_used,
	&sxps_attr_transfer_max,
	&sxps_attr_transfer_rate,
	&sxps_attr_cgroup,
	&sxps_attr_enforcing,
	&sxps_attr_counters,
	&sxps_attr_sessions_max, /* last: left out where it cannot be enforced */
	NULL,
};

void sxps_attrs_prepare(void)
{
	if (!sxps_sessions_available())
		sxps_context_attrs[ARRAY_SIZE(sxps_context_attrs) - 2] = NULL;
}

/* ---- beside the contexts ---- */

static ssize_t sxps_group_interface_show(struct config_item *item, char *page)
{
	return sysfs_emit(page, "%d\n", SXPS_INTERFACE);
}
CONFIGFS_ATTR_RO(sxps_group_, interface);

static ssize_t sxps_group_health_show(struct config_item *item, char *page)
{
	return sysfs_emit(page, "created %llu\ndestroyed %llu\n", (u64)atomic64_read(&sxps_created),
		(u64)atomic64_read(&sxps_destroyed));
}
CONFIGFS_ATTR_RO(sxps_group_, health);

/* What a context can have here; only redirection may fail it, on some kernels or at any time. */
static ssize_t sxps_group_enforcing_show(struct config_item *item, char *page)
{
	int n = emit_part(page, 0, "net", NULL);

	n += emit_part(page, n, "transfer", NULL);
	n += emit_part(page, n, "sessions", sxps_sessions_reason());
	return n + emit_part(page, n, "views", NULL);
}
CONFIGFS_ATTR_RO(sxps_group_, enforcing);

struct configfs_attribute *sxps_group_attrs[] = {
	&sxps_group_attr_interface,
	&sxps_group_attr_health,
	&sxps_group_attr_enforcing,
	NULL,
};
