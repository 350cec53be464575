/* SPDX-License-Identifier: MIT */
/* Operations ps.snapshot.add, ps.snapshot.list, ps.snapshot.remove, and those by which a prepared
 * layer takes the place of the one it lives in: ps.layer.exchange, .back, .settle, .discard. */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "agent/agent.h"
#include "agent/ps.h"
#include "agent/ps_freeze.h"
#include "agent/ps_kept.h"
#include "agent/quota.h"

#define RECORDS          "apps"
#define RECORDS_NEXT     "apps-next"
#define RECORDS_LAST     "apps-last"
#define RECORDS_PREVIOUS "apps-previous"
#define NAME_MAX_        32 /* of a snapshot: its path is a mount option of 255 bytes */

static int need_snapshot(const struct msg *req, struct ps_conf *c, char **rest, struct err *e)
{
	const char *name, *snapshot;
	int rc;

	if ((rc = msg_need_name(req, "name", &name, e)) < 0 ||
		(rc = msg_need_name(req, "snapshot", &snapshot, e)) < 0)
		return rc;
	if (strlen(snapshot) > NAME_MAX_)
		return err_set(e, E_USAGE, "a snapshot's name has at most %d characters",
			NAME_MAX_);
	*rest = str_fmt("%s/%s", SNAPSHOTS, snapshot);
	return ps_conf_read(c, name, e);
}

static int tick(void *arg, int64_t done, struct err *e)
{
	struct agent *a = arg;

	agent_progress(a, "copying", done, 0);
	return agent_cancelled(a) ? err_set(e, E_INTR, "cancelled") : 0;
}

/* ---- snapshots ---- */

/* Names in order; the caller's. */
static int names_of(const struct ps_conf *c, struct strvec *names, struct err *e)
{
	char path[PATH_MAX];
	DIR *d = opendir(ps_path(path, c->name, SNAPSHOTS));
	struct dirent *de;

	if (!d)
		return errno == ENOENT ? 0 : err_sys(e, "%s", path);
	while ((de = readdir(d)))
		if (str_is_name(de->d_name))
			strvec_push(names, de->d_name);
	closedir(d);
	return 0;
}

/* The copy is of one instant: nothing of it runs meanwhile. */
static int copy_still(struct agent *a, const struct ps_conf *c, const char *rest,
	struct layer_facts *f, struct err *e)
{
	struct tree_copy t = {.progress = tick, .arg = a};
	autoclose int upper = -1;
	struct freeze fr;
	int rc;

	if ((rc = kept_room(c, NULL, &t, e)) < 0 || (rc = kept_make(c, rest, &upper, e)) < 0 ||
		(rc = freeze_begin(&fr, c->name, e)) < 0)
		return rc;
	rc = kept_copy(c, LAYER_NOW, upper, &t, e);
	freeze_end(&fr);
	f->bytes = t.bytes;
	if (rc == 0 && syncfs(upper) < 0)
		rc = err_sys(e, "syncing the snapshot");
	return rc;
}

static int make_snapshot(struct agent *a, const struct ps_conf *c, const char *rest, struct err *e)
{
	static const char fresh[] = SNAPSHOTS "/.new";
	char from[PATH_MAX], to[PATH_MAX];
	struct layer_facts f;
	int rc;

	if ((rc = kept_read_facts(c, LAYER_NOW, &f, e)) < 0 ||
		(rc = dir_make(ps_path(to, c->name, SNAPSHOTS), 0755, e)) < 0)
		return rc;
	f.made = time(NULL);
	if ((rc = copy_still(a, c, fresh, &f, e)) == 0)
		rc = kept_write_facts(c, fresh, &f, e);
	ps_path(from, c->name, fresh);
	if (rc == 0 && rename(from, ps_path(to, c->name, rest)) < 0)
		rc = err_sys(e, "%s", to);
	if (rc < 0)
		kept_remove(c, fresh, NULL);
	return rc;
}

AGENT_OP(ps_snapshot_add, "ps.snapshot.add", OP_CHANGE | OP_LOCK_PS)
{
	autoconf_ps c = {0};
	autofree char *rest = NULL;
	autostrvec names = {0};
	int rc = need_snapshot(req, &c, &rest, e);

	(void)ans;
	if (rc < 0 || (rc = names_of(&c, &names, e)) < 0)
		return rc;
	if (kept_there(&c, rest))
		return err_set(e, E_EXISTS, "private server %s has a snapshot %s", c.name,
			strrchr(rest, '/') + 1);
	if (names.n >= SNAPSHOTS_MAX)
		return err_set(e, E_LIMIT,
			"private server %s has %zu snapshots, the most there may be: remove one",
			c.name, names.n);
	return make_snapshot(a, &c, rest, e);
}

AGENT_OP(ps_snapshot_list, "ps.snapshot.list", OP_READ)
{
	autoconf_ps c = {0};
	autostrvec names = {0};
	const char *name;
	int rc;

	(void)a;
	if ((rc = msg_need_name(req, "name", &name, e)) < 0 ||
		(rc = ps_conf_read(&c, name, e)) < 0 || (rc = names_of(&c, &names, e)) < 0)
		return rc;
	for (size_t i = 0; i < names.n; i++) {
		autofree char *rest = str_fmt("%s/%s", SNAPSHOTS, names.v[i]);
		struct layer_facts f;
		struct msg *m;

		if ((rc = kept_read_facts(&c, rest, &f, e)) < 0)
			return rc;
		m = msg_new();
		msg_add_text(m, "snapshot", names.v[i]);
		msg_add_text(m, "image", f.image);
		msg_add_i64(m, "made", f.made);
		msg_add_i64(m, "bytes", f.bytes);
		msg_add_msg(ans, "snapshot", m);
	}
	return 0;
}

AGENT_OP(ps_snapshot_remove, "ps.snapshot.remove", OP_CHANGE | OP_LOCK_PS)
{
	autoconf_ps c = {0};
	autofree char *rest = NULL;
	int rc = need_snapshot(req, &c, &rest, e);

	(void)a;
	(void)ans;
	return rc < 0 ? rc : kept_remove(&c, rest, e);
}

/* The snapshot stays; a copy of it is prepared. */
AGENT_OP(ps_snapshot_prepare, "ps.snapshot.prepare", OP_CHANGE | OP_LOCK_PS)
{
	struct tree_copy t = {.progress = tick, .arg = a};
	autoconf_ps c = {0};
	autofree char *rest = NULL;
	autoclose int upper = -1;
	struct layer_facts f;
	int rc = need_snapshot(req, &c, &rest, e);

	if (rc < 0)
		return rc;
	if (!kept_there(&c, rest))
		return err_set(e, E_NOTFOUND, "private server %s has no snapshot %s", c.name,
			strrchr(rest, '/') + 1);
	if ((rc = kept_read_facts(&c, rest, &f, e)) < 0 || (rc = kept_ready(&c, e)) < 0 ||
		(rc = kept_room(&c, LAYER_NOW, &t, e)) < 0 ||
		(rc = kept_make(&c, LAYER_NEXT, &upper, e)) < 0)
		return rc;
	if ((rc = kept_copy(&c, rest, upper, &t, e)) == 0 &&
		(rc = kept_write_facts(&c, LAYER_NEXT, &f, e)) == 0 && syncfs(upper) < 0)
		rc = err_sys(e, "syncing the copy");
	if (rc < 0)
		kept_remove(&c, LAYER_NEXT, NULL);
	else
		msg_add_text(ans, "image", f.image);
	return rc;
}

/* ---- exchanging ---- */

static int need_stopped(const struct msg *req, struct ps_conf *c, struct err *e)
{
	const char *name;
	int rc;

	if ((rc = msg_need_name(req, "name", &name, e)) < 0 || (rc = ps_conf_read(c, name, e)) < 0)
		return rc;
	return ps_is_running(name) ? err_set(e, E_STATE, "private server %s is running", name) : 0;
}

static int move_dir(const struct ps_conf *c, const char *from, const char *to, struct err *e)
{
	char a[PATH_MAX], b[PATH_MAX];

	ps_path(a, c->name, from);
	return rename(a, ps_path(b, c->name, to)) < 0 ? err_sys(e, "%s", a) : 0;
}

/*
 * In a rebuild the records of applications go with the layer in which those are installed. They
 * stand beside the layers, not in them: nothing may be renamed into a tree of another project id.
 */
static int move_records(const struct ps_conf *c, const char *from, const char *to, struct err *e)
{
	if (!kept_there(c, from) || kept_there(c, to))
		return 0;
	return move_dir(c, from, to, e);
}

static int drop_last(const struct ps_conf *c, struct err *e)
{
	int rc = kept_remove(c, LAYER_LAST, e);

	return rc < 0 ? rc : kept_remove(c, RECORDS_LAST, e);
}

static int drop_next(const struct ps_conf *c, struct err *e)
{
	int rc = kept_remove(c, LAYER_NEXT, e);

	return rc < 0 ? rc : kept_remove(c, RECORDS_NEXT, e);
}

int kept_ready(const struct ps_conf *c, struct err *e)
{
	int rc = drop_last(c, e);

	return rc < 0 ? rc : drop_next(c, e);
}

/* Records of the layer that goes are at RECORDS_LAST, if only an empty directory, once this was
 * begun. */
static int exchange_records(const struct ps_conf *c, struct err *e)
{
	char path[PATH_MAX];
	int rc = 0;

	if (!kept_there(c, RECORDS_LAST))
		rc = kept_there(c, RECORDS)
		             ? move_dir(c, RECORDS, RECORDS_LAST, e)
		             : dir_make(ps_path(path, c->name, RECORDS_LAST), 0700, e);
	return rc < 0 ? rc : move_records(c, RECORDS_NEXT, RECORDS, e);
}

static int exchange_records_back(const struct ps_conf *c, struct err *e)
{
	int rc;

	if (!kept_there(c, RECORDS_LAST))
		return 0;
	rc = move_records(c, RECORDS, RECORDS_NEXT, e);
	return rc < 0 ? rc : move_records(c, RECORDS_LAST, RECORDS, e);
}

/* Each order of events that a kill may leave is gone on with. */
AGENT_OP(ps_layer_exchange, "ps.layer.exchange", OP_CHANGE | OP_LOCK_PS)
{
	autoconf_ps c = {0};
	struct layer_facts f;
	int rc = need_stopped(req, &c, e);

	(void)a;
	(void)ans;
	if (rc < 0)
		return rc;
	if (!kept_there(&c, LAYER_NEXT))
		return kept_there(&c, LAYER_LAST)
		               ? 0
		               : err_set(e, E_STATE, "%s has no layer that was prepared", c.name);
	if (kept_there(&c, LAYER_NOW)) {
		/* What stands beside it says no more which image it is on. */
		if ((rc = kept_read_facts(&c, LAYER_NOW, &f, e)) < 0 ||
			(rc = kept_write_facts(&c, LAYER_NOW, &f, e)) < 0 ||
			(rc = move_dir(&c, LAYER_NOW, LAYER_LAST, e)) < 0)
			return rc;
	}
	if (msg_i64(req, "records", 0) && (rc = exchange_records(&c, e)) < 0)
		return rc;
	return move_dir(&c, LAYER_NEXT, LAYER_NOW, e);
}

AGENT_OP(ps_layer_back, "ps.layer.back", OP_CHANGE | OP_LOCK_PS)
{
	autoconf_ps c = {0};
	int rc = need_stopped(req, &c, e);

	(void)a;
	(void)ans;
	if (rc < 0 || !kept_there(&c, LAYER_LAST))
		return rc;
	if (msg_i64(req, "records", 0) && (rc = exchange_records_back(&c, e)) < 0)
		return rc;
	if (kept_there(&c, LAYER_NOW) && (rc = move_dir(&c, LAYER_NOW, LAYER_NEXT, e)) < 0)
		return rc;
	return move_dir(&c, LAYER_LAST, LAYER_NOW, e);
}

/* Layer, then records: a layer that has moved says that its records are to follow. */
static int move_both(const struct ps_conf *c, const char *from, const char *to,
	const char *records_from, const char *records_to, struct err *e)
{
	int rc = kept_there(c, from) ? move_dir(c, from, to, e) : 0;

	return rc < 0 ? rc : move_records(c, records_from, records_to, e);
}

static int keep_last(const struct ps_conf *c, struct err *e)
{
	int rc;

	if (kept_there(c, LAYER_LAST) && ((rc = kept_remove(c, LAYER_PREVIOUS, e)) < 0 ||
						 (rc = kept_remove(c, RECORDS_PREVIOUS, e)) < 0))
		return rc;
	return move_both(c, LAYER_LAST, LAYER_PREVIOUS, RECORDS_LAST, RECORDS_PREVIOUS, e);
}

/* keep: the one it lived in becomes the previous one; else it goes. */
AGENT_OP(ps_layer_settle, "ps.layer.settle", OP_CHANGE | OP_LOCK_PS)
{
	autoconf_ps c = {0};
	const char *name;
	int rc;

	(void)a;
	(void)ans;
	if ((rc = msg_need_name(req, "name", &name, e)) < 0 || (rc = ps_conf_read(&c, name, e)) < 0)
		return rc;
	return msg_i64(req, "keep", 0) ? keep_last(&c, e) : drop_last(&c, e);
}

/* What was prepared is not wanted; the previous one goes back to its place. */
AGENT_OP(ps_layer_discard, "ps.layer.discard", OP_CHANGE | OP_LOCK_PS)
{
	autoconf_ps c = {0};
	const char *name;
	int rc;

	(void)a;
	(void)ans;
	if ((rc = msg_need_name(req, "name", &name, e)) < 0)
		return rc;
	rc = ps_conf_read(&c, name, e);
	if (rc < 0)
		return rc == E_NOTFOUND ? 0 : rc;
	if (msg_i64(req, "previous", 0))
		return move_both(&c, LAYER_NEXT, LAYER_PREVIOUS, RECORDS_NEXT, RECORDS_PREVIOUS, e);
	return drop_next(&c, e);
}

AGENT_OP(ps_layer_previous, "ps.layer.previous", OP_CHANGE | OP_LOCK_PS)
{
	autoconf_ps c = {0};
	struct layer_facts f;
	const char *name;
	int rc;

	(void)a;
	if ((rc = msg_need_name(req, "name", &name, e)) < 0 || (rc = ps_conf_read(&c, name, e)) < 0)
		return rc;
	if (!kept_there(&c, LAYER_PREVIOUS) && !kept_there(&c, LAYER_NEXT))
		return err_set(e, E_STATE,
			"private server %s was not rebuilt: there is no image to go back to", name);
	if ((kept_there(&c, LAYER_PREVIOUS) && (rc = kept_ready(&c, e)) < 0) ||
		(rc = move_both(&c, LAYER_PREVIOUS, LAYER_NEXT, RECORDS_PREVIOUS, RECORDS_NEXT,
			 e)) < 0 ||
		(rc = kept_read_facts(&c, LAYER_NEXT, &f, e)) < 0)
		return rc;
	msg_add_text(ans, "image", f.image);
	return 0;
}
