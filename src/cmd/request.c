/* SPDX-License-Identifier: MIT */
/* --request-key: a command that was asked for before gives its first result again. */
#include "svc/request.h"

#include <string.h>
#include <sys/stat.h>

#include "biz/job.h"
#include "cmd/call.h"
#include "cmd/out_setup.h"
#include "svc/sign.h"

/* A length before each part: no two lines of words give the same text. */
static void add_part(struct str *s, const char *text)
{
	str_addf(s, "%zu:%s\n", strlen(text), text);
}

/* What a file says belongs to what was asked for; a directory and standard input stand for
 * themselves. A file that cannot be read is the command's to refuse. */
static void add_content(struct str *s, const char *path)
{
	char digest[SHA256_HEX];
	struct stat st;

	if (stat(path, &st) == 0 && S_ISREG(st.st_mode) &&
		sha256_file(path, digest, NULL, NULL) == 0)
		add_part(s, digest);
}

static void add_option(struct str *s, const struct opt *o, const void *opts)
{
	const char *field = (const char *)opts + o->offset;

	add_part(s, o->name);
	if (o->type == OPT_FLAG)
		return;
	if (o->type == OPT_TEXTS) {
		const struct strvec *sv = (const struct strvec *)field;

		for (size_t i = 0; i < sv->n; i++)
			add_part(s, sv->v[i]);
	} else if (o->type == OPT_TEXT || o->type == OPT_DATE || o->type == OPT_FILE ||
		   o->type == OPT_ENTITY) {
		add_part(s, *(const char *const *)field);
		if (o->type == OPT_FILE && !strstr(o->name, "password"))
			add_content(s, *(const char *const *)field);
	} else {
		str_addf(s, "%lld\n", (long long)*(const int64_t *)field);
	}
}

/* Entity of the i-th argument; the last one of the table may stand for several. */
static enum entity arg_entity(const struct cmd *cmd, int i)
{
	const struct arg *a = cmd->args;

	while (i-- > 0 && a[1].name)
		a++;
	return a->entity;
}

/* What was asked for: command, options in the order of the table, arguments. */
static void describe(const struct call *c, const struct line *l, struct str *s)
{
	add_part(s, l->path);
	for (size_t i = 0; c->cmd->opts && c->cmd->opts[i].name; i++)
		if (c->given[i])
			add_option(s, &c->cmd->opts[i], c->opts);
	str_add(s, "--\n");
	for (int i = 0; i < c->nargs; i++) {
		add_part(s, c->args[i]);
		if (arg_entity(c->cmd, i) == ENT_FILE)
			add_content(s, c->args[i]);
	}
}

static int go_on(struct call *c, const struct request *rq, struct err *e)
{
	int r;

	switch (rq->result) {
	case REQUEST_JOB:
		if ((r = job_run(c->sxc, rq->job, e)) == 0 && (r = job_run_request(c->sxc, e)) == 0)
			out_done(c->out, "job %lld done", (long long)rq->job);
		return r;
	case REQUEST_CHANGED:
		if (c->cmd->flags & CMD_REPEATABLE)
			break;
		out_done(c->out, "done before, by the same request");
		return 0;
	default:
		break;
	}
	return c->cmd->run(c, e);
}

int request_run(struct call *c, const struct line *l, struct err *e)
{
	autoclean(request_release) struct request rq = {.lock = -1};
	autostr asked = STR_INIT, printed = STR_INIT;
	struct err late = {0};
	int r, r2;

	if (c->sxc->dry_run)
		return c->cmd->run(c, e);
	describe(c, l, &asked);
	if ((r = request_begin(c->sxc, str_c(&asked), &rq, e)) < 0)
		return r;
	if (rq.result == REQUEST_DONE) {
		out_bytes(c->out, rq.output ? rq.output : "", rq.output ? strlen(rq.output) : 0);
		return rq.status;
	}
	out_keep_copy(c->out, &printed);
	r = go_on(c, &rq, e);
	out_settle(c->out);
	out_keep_copy(c->out, NULL);
	r2 = request_end(c->sxc, &rq, r < 0 ? -r : r, str_c(&printed), &late);
	if (r >= 0 && r2 < 0) {
		*e = late;
		return r2;
	}
	return r;
}
