/* SPDX-License-Identifier: MIT */
#include "biz/ps_archive.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "biz/ps_files.h"
#include "biz/ps_int.h"
#include "util/str.h"

#define KIND "ps.archive"
/* Of this private server, not of one that had its name before. */
#define SQL_MADE                                                                                   \
	"SELECT count(*) FROM job WHERE kind = '" KIND "' AND object = ?1 AND state = 'done' "     \
	"AND args ->> 'ps' = ?2"

static int nothing(void *arg, const void *row, struct err *e)
{
	(void)arg, (void)row, (void)e;
	return 0;
}

/* A file that is there is whole: it gets its name last. */
static int archive(struct job *j, struct err *e)
{
	autofree char *rel = str_fmt("backups/%s-archive-%lld.sxb", j->object, (long long)j->id);
	autofree char *path = sxc_path(j->sxc, rel), *dir = sxc_path(j->sxc, "backups");

	if (access(path, F_OK) == 0)
		return 0;
	if (mkdir(dir, 0700) < 0 && errno != EEXIST)
		return err_sys(e, "%s", dir);
	return ps_backup(j->sxc, j->object, path, nothing, NULL, e);
}

static const struct job_step steps_archive[] = {{.name = "back it up", .run = archive}};
JOB_KIND(ps_archive, KIND, steps_archive);

int ps_archive_tx(struct sxc *s, const char *name, int64_t *job, struct err *e)
{
	autoclean(ps_release) struct ps p = {0};
	int64_t before = s->parent_job, behind = 0;
	int r = ps_get(s, name, &p, e);

	if (r < 0 || (r = job_unfinished(s, NULL, p.name, &behind, e)) < 0)
		return r;
	s->parent_job = behind ? behind : before;
	r = job_create(s, &job_kind_ps_archive, p.name, p.server,
		json_pack("{s:I}", "ps", (json_int_t)p.id), job, e);
	s->parent_job = before;
	return r < 0 ? r : audit_add(s, KIND, p.name, NULL, NULL, e);
}

int ps_archive_made(struct sxc *s, const char *name, bool *unfinished, struct err *e)
{
	autoclean(ps_release) struct ps p = {0};
	int64_t made = 0, job;
	int r = ps_get(s, name, &p, e);

	if (r < 0 || (r = db_get_i64(s->db, &made, e, SQL_MADE, p.name, p.id)) < 0)
		return r;
	if (made)
		return 1;
	r = job_unfinished(s, KIND, p.name, &job, e);
	*unfinished = r > 0;
	return r < 0 ? r : 0;
}
