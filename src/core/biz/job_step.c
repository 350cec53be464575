/* SPDX-License-Identifier: MIT */
/* What the steps of jobs work with: their arguments and the agent. */
#include <time.h>

#include "biz/job.h"
#include "biz/server.h"
#include "util/str.h"

#define SQL_ARGS "UPDATE job SET args = ?2 WHERE id = ?1"

int job_remember(struct job *j, const char *key, json_t *value, struct err *e)
{
	autofree char *text = NULL;

	if (json_object_set_new(j->args, key, value) < 0)
		return err_set(e, E_FAIL, "job %lld: %s cannot be kept", (long long)j->id, key);
	text = json_dumps(j->args, JSON_COMPACT | JSON_SORT_KEYS);
	return db_run(j->sxc->db, e, SQL_ARGS, j->id, text);
}

const char *job_arg(const struct job *j, const char *key)
{
	return json_string_value(json_object_get(j->args, key));
}

int64_t job_arg_i64(const struct job *j, const char *key, int64_t def)
{
	const json_t *v = json_object_get(j->args, key);

	return json_is_integer(v) ? json_integer_value(v) : def;
}

/*
 * The agent gives the recorded outcome of a name again. An undo that failed is tried anew when the
 * job is resumed, so each try has a name of its own; undoing twice is harmless.
 */
static char *call_name(const struct job *j, const char *op)
{
	struct timespec now;

	if (!j->undoing)
		return str_fmt("j%lld-%s.%d.%s", (long long)j->id, j->nonce, j->step, op);
	clock_gettime(CLOCK_REALTIME, &now);
	return str_fmt("j%lld-%s.%du%lld.%s", (long long)j->id, j->nonce, j->step,
		(long long)now.tv_sec * 1000 + now.tv_nsec / 1000000, op);
}

int job_call(struct job *j, int64_t server, const char *op, struct msg *req, struct msg **ans,
	struct err *e)
{
	autofree char *name = call_name(j, op);
	automsg *mine = req, *got = NULL;
	autoclean(server_spec_release) struct server_spec spec = {0};
	struct remote *r = NULL;
	int rc;

	if ((rc = server_spec(j->sxc, server, &spec, e)) < 0)
		return rc;
	if ((rc = remote_get(j->sxc->pool, &spec.remote, &r, e)) < 0)
		return rc;
	rc = remote_call(r, op, name, mine, NULL, &got, e);
	remote_put(j->sxc->pool, r);
	if (rc == 0 && ans)
		*ans = steal(&got);
	return rc;
}
