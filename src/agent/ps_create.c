/* SPDX-License-Identifier: MIT */
/* Operation ps.create: a directory with configuration and layer, quota, unit properties. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/agent.h"
#include "agent/net_sxps.h"
#include "agent/ps_conf.h"
#include "agent/ps_layer.h"
#include "agent/ps_unit.h"
#include "agent/quota.h"

/* ---- against the others on this server ---- */

struct others {
	const struct ps_conf *self;
	unsigned char *slots; /* a bit each */
};

static int refuse_shared(const struct ps_conf *a, const struct ps_conf *b, struct err *e)
{
	if (a->id == b->id)
		return err_set(e, E_EXISTS, "id %" PRId64 " is private server %s's", a->id,
			b->name);
	if (a->uid_base == b->uid_base)
		return err_set(e, E_EXISTS, "uid_base %" PRId64 " is private server %s's",
			a->uid_base, b->name);
	for (size_t i = 0; i < a->address.n; i++)
		for (size_t k = 0; k < b->address.n; k++)
			if (str_eq(a->address.v[i], b->address.v[k]))
				return err_set(e, E_EXISTS, "address %s is private server %s's",
					a->address.v[i], b->name);
	return 0;
}

static int look_at(void *arg, const struct ps_conf *c, struct err *e)
{
	struct others *o = arg;

	if (str_eq(c->name, o->self->name))
		return 0;
	o->slots[c->slot / 8] |= (unsigned char)(1 << (c->slot % 8));
	return refuse_shared(o->self, c, e);
}

/* Refuse what others have; take the lowest free slot unless there is one. */
int ps_check_others(struct ps_conf *c, struct err *e)
{
	autofree unsigned char *slots = mem_zalloc(PS_SLOT_MAX / 8 + 1);
	struct others o = {c, slots};
	int rc = ps_conf_each(look_at, &o, e);

	if (rc < 0 || c->slot)
		return rc;
	for (c->slot = PS_SLOT_MIN; c->slot <= PS_SLOT_MAX; c->slot++)
		if (!(slots[c->slot / 8] & (1 << (c->slot % 8))))
			return 0;
	return err_set(e, E_LIMIT, "no free class for another private server on this server");
}

/* ---- making ---- */

static int check_image(const struct ps_conf *c, struct err *e)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", AGENT_IMAGES, c->image);
	return access(path, F_OK) < 0
	               ? err_set(e, E_NOTFOUND, "image %.16s… is not on this server", c->image)
	               : 0;
}

int ps_check_quota(const struct ps_conf *c, struct err *e)
{
	if (!(c->disk || c->inodes) || quota_usable(AGENT_STATE))
		return 0;
	return err_set(e, E_STATE,
		"disk bound cannot be enforced on this server: the file system of %s has no project quota "
		"(mount it with prjquota)",
		AGENT_STATE);
}

static int make(const struct ps_conf *c, struct err *e)
{
	char dir[PATH_MAX], tmp[PATH_MAX], hidden[80];
	autoclose int parent = -1;
	int rc;

	snprintf(hidden, sizeof(hidden), ".new-%s", c->name);
	ps_path(dir, c->name, NULL);
	ps_path(tmp, hidden, NULL);
	if ((rc = dir_make(AGENT_PS, 0700, e)) < 0 || (rc = dir_remove(tmp, e)) < 0)
		return rc;
	if (mkdir(tmp, 0700) < 0)
		return err_sys(e, "%s", tmp);
	if ((rc = layer_make(c, tmp, e)) < 0 || (rc = ps_conf_write(c, tmp, e)) < 0) {
		dir_remove(tmp, NULL);
		return rc;
	}
	parent = open(AGENT_PS, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (parent < 0 || syncfs(parent) < 0 || rename(tmp, dir) < 0 || fsync(parent) < 0)
		return err_sys(e, "%s", dir);
	return 0;
}

/* Made before: by this request (then its bounds are set again) or by another. */
static int reconcile(struct ps_conf *c, const struct ps_conf *old, struct err *e)
{
	char dir[PATH_MAX];

	if (old->id != c->id || old->uid_base != c->uid_base || !str_eq(old->image, c->image))
		return err_set(e, E_EXISTS, "there is another private server %s (id %" PRId64 ")",
			c->name, old->id);
	c->slot = old->slot;
	return ps_conf_write(c, ps_path(dir, c->name, NULL), e);
}

AGENT_OP(ps_create, "ps.create", OP_CHANGE | OP_LOCK_PS)
{
	autoconf_ps c = {0}, old = {0};
	autoclose int lock = -1;
	int rc = ps_conf_from_msg(&c, req, e);

	(void)a;
	(void)ans;
	if (rc < 0 || (rc = check_image(&c, e)) < 0 || (rc = ps_check_quota(&c, e)) < 0 ||
		(rc = sxps_check(&c, e)) < 0)
		return rc;
	/* Slots and addresses are given out one at a time. */
	if ((rc = lock_take("ps", "the list of private servers", c.name, &lock, e)) < 0)
		return rc;
	rc = ps_conf_read(&old, c.name, e);
	if (rc == 0)
		rc = reconcile(&c, &old, e);
	else if (rc == E_NOTFOUND)
		rc = ps_check_others(&c, e) < 0 ? (e ? e->code : E_FAIL) : make(&c, e);
	if (rc == 0)
		rc = layer_bound(&c, AGENT_STATE, e);
	if (rc == 0)
		rc = unit_bounds(&c, e);
	return rc < 0 ? rc : unit_enable(c.name, true, e);
}
