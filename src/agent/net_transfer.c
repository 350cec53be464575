/* SPDX-License-Identifier: MIT */
#include "agent/net_transfer.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "agent/agent.h"
#include "agent/net.h"
#include "agent/net_sxps.h"

struct transfer {
	char month[8]; /* "2026-11"; "": nothing was written down yet */
	int64_t used, total;
	/* What the interface had counted, which one it was, and the boot it was in. */
	int64_t seen, index;
	char boot[9];
};

static bool same(const struct transfer *a, const struct transfer *b)
{
	return strcmp(a->month, b->month) == 0 && a->used == b->used && a->total == b->total &&
	       a->seen == b->seen && a->index == b->index && strcmp(a->boot, b->boot) == 0;
}

/* ---- the interface: what goes by without the kernel module ---- */

static int64_t net_number(const char *dev, const char *what)
{
	autofree char *path = str_fmt("/sys/class/net/%s/%s", dev, what);
	autostr s = STR_INIT;

	return file_read(path, &s, 64, NULL) < 0 ? -1 : strtoll(str_c(&s), NULL, 10);
}

static void this_boot(char out[9])
{
	autostr s = STR_INIT;

	file_read("/proc/sys/kernel/random/boot_id", &s, 64, NULL);
	snprintf(out, 9, "%.8s", str_c(&s));
}

/* Bytes that went through since it was last looked at; a new interface counts from nothing. */
static int64_t interface_moved(const struct ps_conf *c, struct transfer *t)
{
	char dev[IFNAMSIZ], boot[9];
	int64_t in, out, index, sum, before = t->seen;

	net_device(c, dev);
	in = net_number(dev, "statistics/rx_bytes");
	out = net_number(dev, "statistics/tx_bytes");
	index = net_number(dev, "ifindex");
	if (in < 0 || out < 0 || index < 0)
		return -1;
	this_boot(boot);
	sum = in + out;
	if (index != t->index || !str_eq(boot, t->boot) || sum < before)
		before = 0;
	t->seen = sum;
	t->index = index;
	memcpy(t->boot, boot, sizeof(boot));
	return sum - before;
}

/* ---- what is written down ---- */

static void this_month(char out[8])
{
	time_t now = time(NULL);
	struct tm tm;

	gmtime_r(&now, &tm);
	strftime(out, 8, "%Y-%m", &tm);
}

static void load(const struct ps_conf *c, struct transfer *t)
{
	char path[PATH_MAX];
	autostr s = STR_INIT;

	*t = (struct transfer){0};
	if (file_read(ps_path(path, c->name, "transfer"), &s, 256, NULL) < 0 ||
		sscanf(str_c(&s),
			"month=%7[0-9-] used=%" SCNd64 " total=%" SCNd64 " seen=%" SCNd64
			" index=%" SCNd64 " boot=%8[0-9a-f]",
			t->month, &t->used, &t->total, &t->seen, &t->index, t->boot) < 3 ||
		t->used < 0 || t->total < 0)
		*t = (struct transfer){0};
}

static int keep(const struct ps_conf *c, const struct transfer *t, struct err *e)
{
	char path[PATH_MAX];
	autofree char *text = str_fmt("month=%s\nused=%" PRId64 "\ntotal=%" PRId64 "\nseen=%" PRId64
				      "\nindex=%" PRId64 "\nboot=%s\n",
		t->month, t->used, t->total, t->seen, t->index, t->boot);

	return file_write(ps_path(path, c->name, "transfer"), text, strlen(text), 0600, e);
}

int transfer_resume(const struct ps_conf *c, int64_t *used, struct err *e)
{
	struct transfer t;
	char month[8];

	load(c, &t);
	this_month(month);
	*used = str_eq(t.month, month) ? t.used : 0;
	if (!t.month[0] || str_eq(t.month, month))
		return 0;
	/* Or the next checkpoint would take what moves until then for the old month's. */
	t.used = 0;
	memcpy(t.month, month, sizeof(month));
	return keep(c, &t, e);
}

int transfer_checkpoint(const struct ps_conf *c, struct err *e)
{
	struct transfer t, before;
	char month[8];
	int64_t now = sxps_transfer(c), moved;

	load(c, &t);
	before = t;
	moved = interface_moved(c, &t);
	if (now < 0 && moved > 0) {
		t.total += moved;
		t.used += moved;
	}
	if (now >= 0) {
		/* Less than before: someone has set it back by hand. */
		t.total += now >= t.used ? now - t.used : now;
		t.used = now;
	}
	this_month(month);
	if (now < 0 && moved < 0 && !t.month[0])
		return 0;
	if (!str_eq(t.month, month)) {
		if (now > 0 && t.month[0] && sxps_transfer_set(c, 0, e) < 0)
			return e ? e->code : E_FAIL;
		t.used = t.month[0] ? 0 : t.used;
		memcpy(t.month, month, sizeof(month));
	}
	return same(&t, &before) ? 0 : keep(c, &t, e);
}

void transfer_read(const struct ps_conf *c, int64_t *used, int64_t *total)
{
	struct transfer t;

	transfer_checkpoint(c, NULL);
	load(c, &t);
	*used = t.month[0] ? t.used : -1;
	*total = t.month[0] ? t.total : -1;
}

static int checkpoint_one(void *arg, const struct ps_conf *c, struct err *e)
{
	struct err why = {0};

	(void)e;
	if (transfer_checkpoint(c, &why) < 0 && !((struct err *)arg)->code)
		*(struct err *)arg = why;
	return 0;
}

AGENT_VERB(checkpoint, "checkpoint", "write down the transfer used (sxc-checkpoint.timer)")
{
	struct err first = {0};
	int rc = argc != 1 ? err_set(e, E_USAGE, "checkpoint takes no argument")
	                   : ps_conf_each(checkpoint_one, &first, e);

	(void)argv;
	if (rc == 0 && first.code)
		*e = first;
	return rc < 0 ? rc : first.code;
}
