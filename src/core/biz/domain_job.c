/* SPDX-License-Identifier: MIT */
/* The steps by which sites come, sleep and go on their private server. */
#include <string.h>

#include "biz/domain_int.h"
#include "biz/provision.h"
#include "util/str.h"

#define SQL_STATE "UPDATE domain SET state = ?2 WHERE id = ?1"
#define SQL_IS    "SELECT state FROM domain WHERE id = ?1"
/* What came with a private server does not take the order back with it. */
#define SQL_ORDERED                                                                                \
	"SELECT coalesce(d.subscription, 0) FROM domain d JOIN ps p ON p.id = d.ps "               \
	"WHERE d.id = ?1 AND p.subscription IS NOT d.subscription"
#define SQL_REMOVE "DELETE FROM domain WHERE id = ?1"

static int call(struct job *j, const char *op, struct err *e)
{
	static const char *const fields[] = {"site", "app", "user", "title"};
	struct msg *m = msg_new();

	msg_add_text(m, "name", job_arg(j, "ps"));
	for (size_t i = 0; i < ARRAY_LEN(fields); i++)
		msg_add_text(m, fields[i], job_arg(j, fields[i]));
	return job_call(j, j->server, op, m, NULL, e);
}

static int make_site(struct job *j, struct err *e)
{
	return call(j, "site.add", e);
}

static int remove_site(struct job *j, struct err *e)
{
	return call(j, "site.remove", e);
}

static int suspend_site(struct job *j, struct err *e)
{
	return call(j, "site.suspend", e);
}

static int resume_site(struct job *j, struct err *e)
{
	return call(j, "site.resume", e);
}

static int set_state(struct job *j, const char *state, struct err *e)
{
	return db_run(j->sxc->db, e, SQL_STATE, job_arg_i64(j, "domain", 0), state);
}

static int is_active(struct job *j, struct err *e)
{
	return set_state(j, "active", e);
}

static int is_suspended(struct job *j, struct err *e)
{
	return set_state(j, "suspended", e);
}

static int forget(struct job *j, struct err *e)
{
	return db_run(j->sxc->db, e, SQL_REMOVE, job_arg_i64(j, "domain", 0));
}

/* Who ordered it is told that it is not to be had. */
static int give_up(struct job *j, struct err *e)
{
	int64_t subscription = 0;
	int r = db_get_i64(j->sxc->db, &subscription, e, SQL_ORDERED, job_arg_i64(j, "domain", 0));

	if (r < 0 || (r = forget(j, e)) < 0)
		return r;
	return subscription ? provision_gave_up(j->sxc, subscription, e) : 0;
}

static const struct job_step steps_add[] = {
	{.name = "take it down in the books", .undo_commit = give_up, .undo_name = "strike it out"},
	{.name = "make site",
		.run = make_site,
		.commit = is_active,
		.undo = remove_site,
		.undo_name = "remove site"},
};
static int sleep_again(struct job *j, struct err *e)
{
	autofree char *state = NULL;
	int r = db_get_text(j->sxc->db, &state, e, SQL_IS, job_arg_i64(j, "domain", 0));

	return r <= 0 || strcmp(state, "suspended") != 0 ? r : suspend_site(j, e);
}

/* Nothing is undone: what is there already stays, whatever fails. */
static const struct job_step steps_repair[] = {
	{.name = "make site again", .run = make_site},
	{.name = "suspend it if it is in the books", .run = sleep_again},
};
static const struct job_step steps_remove[] = {
	{.name = "remove site", .run = remove_site, .commit = forget}};
static const struct job_step steps_suspend[] = {{.name = "suspend site",
	.run = suspend_site,
	.commit = is_suspended,
	.undo = resume_site,
	.undo_name = "resume site"}};
static const struct job_step steps_resume[] = {{.name = "resume site",
	.run = resume_site,
	.commit = is_active,
	.undo = suspend_site,
	.undo_name = "suspend site"}};
JOB_KIND(domain_add, "domain.add", steps_add);
JOB_KIND(domain_remove, "domain.remove", steps_remove);
JOB_KIND(domain_suspend, "domain.suspend", steps_suspend);
JOB_KIND(domain_resume, "domain.resume", steps_resume);
JOB_KIND(domain_repair, "domain.repair", steps_repair);
