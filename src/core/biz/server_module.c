/* SPDX-License-Identifier: MIT */
/* The step that brings the kernel module to a server, for adding and upgrading. */
#include <string.h>

#include "biz/module.h"
#include "biz/server_int.h"
#include "util/str.h"

static int push(struct job *j, const char *path, const char *digest, struct err *e)
{
	autoclean(server_spec_release) struct server_spec spec = {0};
	struct remote *r = NULL;
	int rc;

	if ((rc = server_spec(j->sxc, j->server, &spec, e)) < 0 ||
		(rc = remote_get(j->sxc->pool, &spec.remote, &r, e)) < 0)
		return rc;
	rc = remote_push(r, path, digest, NULL, e);
	remote_put(j->sxc->pool, r);
	return rc;
}

static struct msg *request(struct job *j)
{
	struct msg *m = msg_new();

	msg_add_i64(m, "restart", json_is_true(json_object_get(j->args, "restart_ps")));
	return m;
}

static int install(struct job *j, const struct msg *status, const char *path, const char *digest,
	struct msg **ans, struct err *e)
{
	const char *kept = msg_text(status, "digest");
	struct msg *m;
	int r = kept && str_eq(kept, digest) ? 0 : push(j, path, digest, e);

	if (r < 0)
		return r;
	m = request(j);
	msg_add_text(m, "digest", digest);
	return job_call(j, j->server, "module.install", m, ans, e);
}

/* The source is sent in any case, so that the server can build for its next kernel too. */
static int build(struct job *j, struct msg **ans, struct err *e)
{
	automsg *m = request(j);
	int r = module_source(m, e);

	return r < 0 ? r : job_call(j, j->server, "module.build", steal(&m), ans, e);
}

/* What an operator must know: private servers work without the module, but less is enforced. */
static void tell(struct job *j, const struct msg *ans, const char *more)
{
	const char *state = msg_text(ans, "module_state"), *why = msg_text(ans, "module_why");

	if (!more && state && str_eq(state, "enforcing"))
		sxc_note(j->sxc, 1, "server %s: kernel module %s is in force", j->object,
			SXC_VERSION);
	else
		sxc_note(j->sxc, 0, "server %s: kernel module %s: %s", j->object,
			state ? state : "unknown",
			more  ? more
			: why ? why
			      : "no reason given");
}

static bool can_build(const struct msg *status)
{
	const char *lacks = msg_text(status, "lacks");

	return !lacks || str_eq(lacks, "source");
}

static char *lacks_text(const struct msg *status)
{
	const char *lacks = msg_text(status, "lacks");

	if (lacks && str_starts(lacks, "source "))
		lacks += strlen("source ");
	return str_fmt("no build for kernel %s is kept here, and building it there lacks: %s",
		msg_text(status, "release"), lacks);
}

int server_job_bring_module(struct job *j, struct err *e)
{
	automsg *status = NULL, *ans = NULL;
	autofree char *path = NULL, *more = NULL;
	char digest[SHA256_HEX];
	struct err why = {0};
	int r = job_call(j, j->server, "module.status", NULL, &status, e);

	if (r < 0)
		return r;
	if (!msg_text(status, "release"))
		return err_set(e, E_INTEGRITY, "the server does not tell its kernel");
	r = module_find(j->sxc, msg_text(status, "release"), msg_text(status, "vermagic"), &path,
		digest, e);
	if (r < 0)
		return r;
	if (path) {
		r = install(j, status, path, digest, &ans, e);
	} else if (can_build(status)) {
		r = build(j, &ans, &why);
		if (r < 0 && r != E_FAIL && r != E_STATE && r != E_NOTFOUND) {
			*e = why;
			return r;
		}
		more = r < 0 ? mem_strdup(why.msg) : NULL;
		r = 0;
	} else {
		more = lacks_text(status);
	}
	if (r == 0)
		tell(j, ans ? ans : status, more);
	return r;
}
