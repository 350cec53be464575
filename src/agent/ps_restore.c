/* SPDX-License-Identifier: MIT */
/* Operation ps.restore: an archive of the store becomes a prepared layer on the image. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

#include "agent/agent.h"
#include "agent/image_unpack.h"
#include "agent/ps.h"
#include "agent/ps_kept.h"
#include "agent/ps_layer.h"
#include "agent/ps_prune.h"
#include "agent/quota.h"
#include "svc/backup_file.h"
#include "svc/sign.h"

#define FILES_MAX 4000000

static int on_progress(void *arg, int64_t done, struct err *e)
{
	struct agent *a = arg;

	agent_progress(a, "unpacking", done, 0);
	return agent_cancelled(a) ? err_set(e, E_INTR, "cancelled") : 0;
}

static int unpack(struct agent *a, const char *digest, int upper, struct err *e)
{
	struct ps_conf none = {0};
	struct tree_copy room = {0};
	char path[PATH_MAX];
	struct unpack u = {.dir = upper,
		.digest = digest,
		.below = BACKUP_ROOT,
		.beside = BACKUP_MANIFEST,
		.max_files = FILES_MAX,
		.progress = on_progress,
		.arg = a};
	autoclose int fd = -1;
	int rc = kept_room(&none, NULL, &room, e);

	if (rc < 0)
		return rc;
	snprintf(path, sizeof(path), "%s/%s", AGENT_STORE, digest);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return errno == ENOENT
		               ? err_set(e, E_NOTFOUND, "the store has no file %.16s…", digest)
		               : err_sys(e, "%s", path);
	u.fd = fd;
	u.max_bytes = room.max;
	return image_unpack(&u, e);
}

/* What it will hold once the present layer has gone. */
static int check_bound(const struct ps_conf *c, int upper, struct err *e)
{
	struct quota_use use = {0};
	autoclose int now = -1;
	int64_t next = 0, going = 0, kept;
	int rc;

	if (!c->disk || quota_get(AGENT_STATE, (uint32_t)c->id, &use, NULL) < 0)
		return 0;
	if ((rc = kept_upper(c, LAYER_NOW, &now, e)) < 0 || (rc = tree_size(now, &going, e)) < 0 ||
		(rc = tree_size(upper, &next, e)) < 0)
		return rc;
	kept = use.bytes - going - next;
	if (use.bytes - going <= c->disk)
		return 0;
	return err_set(e, E_LIMIT,
		"private server %s: %lld MiB come back and its snapshots hold %lld MiB, but its "
		"disk bound is %lld MiB",
		c->name, (long long)(next >> 20), (long long)(kept > 0 ? kept >> 20 : 0),
		(long long)(c->disk >> 20));
}

static int fit(const struct ps_conf *c, int upper, bool fresh, struct err *e)
{
	struct layer_facts f = {.made = 0};
	char path[PATH_MAX];
	autoclose int image = -1;
	int rc;

	snprintf(path, sizeof(path), "%s/%s", AGENT_IMAGES, c->image);
	image = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (image < 0)
		return err_sys(e, "%s", path);
	if ((rc = prune(upper, image, e)) < 0 || (fresh && (rc = layer_name(c, upper, e)) < 0) ||
		(rc = check_bound(c, upper, e)) < 0)
		return rc;
	snprintf(f.image, sizeof(f.image), "%s", c->image);
	rc = kept_write_facts(c, LAYER_NEXT, &f, e);
	return rc == 0 && syncfs(upper) < 0 ? err_sys(e, "syncing what came back") : rc;
}

/* fresh: it is another private server than the one that was backed up, with a name of its own. */
AGENT_OP(ps_restore, "ps.restore", OP_CHANGE | OP_LOCK_PS)
{
	autoconf_ps c = {0};
	autoclose int upper = -1;
	const char *name, *digest;
	int rc;

	(void)ans;
	if ((rc = msg_need_name(req, "name", &name, e)) < 0 ||
		(rc = msg_need_text(req, "digest", &digest, e)) < 0 ||
		(rc = ps_conf_read(&c, name, e)) < 0)
		return rc;
	if (!sha256_is_hex(digest))
		return err_set(e, E_USAGE, "digest must be 64 hexadecimal digits");
	if (ps_is_running(name))
		return err_set(e, E_STATE, "private server %s is running", name);
	if ((rc = kept_ready(&c, e)) < 0 || (rc = kept_make(&c, LAYER_NEXT, &upper, e)) < 0)
		return rc;
	if ((rc = unpack(a, digest, upper, e)) == 0)
		rc = fit(&c, upper, msg_i64(req, "fresh", 0) != 0, e);
	if (rc < 0)
		kept_remove(&c, LAYER_NEXT, NULL);
	return rc;
}
