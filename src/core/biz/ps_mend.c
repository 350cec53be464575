/* SPDX-License-Identifier: MIT */
/* What was done to private servers behind our back is put right. */
#include "biz/ps_int.h"

#define SQL_IMAGE "SELECT i.digest FROM ps p JOIN image i ON i.id = p.image WHERE p.name = ?1"

static int mend(struct job *j, struct err *e)
{
	return job_call(j, j->server, "ps.mend", ps_job_named(j), NULL, e);
}

static const struct job_step steps[] = {
	{.name = "bring image", .run = ps_step_image},
	{.name = "mend private server", .run = mend},
};
JOB_KIND(ps_mend, "ps.mend", steps);

int ps_mend(struct sxc *s, const char *name, struct err *e)
{
	autofree char *digest = NULL;
	int r = db_get_text(s->db, &digest, e, SQL_IMAGE, name);

	if (r <= 0)
		return r < 0 ? r : err_set(e, E_NOTFOUND, "no private server named '%s'", name);
	return ps_run_kind(s, name, &job_kind_ps_mend, "running stopped suspended",
		json_pack("{s:s}", "image", digest), e);
}
