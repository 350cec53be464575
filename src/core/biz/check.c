/* SPDX-License-Identifier: MIT */
#include "biz/check.h"

#include <stdlib.h>
#include <string.h>

#include "biz/invoice.h"
#include "biz/job.h"
#include "biz/ps.h"
#include "util/str.h"
#include "util/vec.h"

#define SQL_SERVERS "SELECT id, name FROM server WHERE state <> 'adding' ORDER BY id"
#define SQL_PS_OF                                                                                  \
	"SELECT id, name, state FROM ps WHERE server = ?1 AND state <> 'adding' ORDER BY id"
#define SQL_PS_KNOWN "SELECT 1 FROM ps WHERE server = ?1 AND name = ?2 AND id = ?3"
#define SQL_UNPAID                                                                                 \
	"SELECT p.name FROM ps p JOIN subscription s ON s.id = p.subscription "                    \
	"WHERE s.state = 'ended' AND p.state <> 'removing' ORDER BY p.id"

/* What would bring fleet and books together again without losing anything. */
enum fix { FIX_NONE, FIX_JOB, FIX_MEND, FIX_STATE };

struct finding {
	const char *area;
	char *object, *text;
	enum fix fix;
};

struct check {
	struct sxc *s;
	VEC(struct finding) found;
	struct err *e;
};

static int say(struct check *c, enum fix fix, const char *area, const char *object, const char *fmt,
	...) __attribute__((format(printf, 5, 6)));

static int say(struct check *c, enum fix fix, const char *area, const char *object, const char *fmt,
	...)
{
	autostr text = STR_INIT;
	va_list ap;

	va_start(ap, fmt);
	str_addvf(&text, fmt, ap);
	va_end(ap);
	vec_push(&c->found, ((struct finding){area, mem_strdup0(object), str_steal(&text), fix}));
	return 0;
}

static void check_release(struct check *c)
{
	vec_each(&c->found, f) {
		free(f->object);
		free(f->text);
	}
	vec_release(&c->found);
}

/* ---- what the control center knows by itself ---- */

static void on_database(void *arg, const char *finding)
{
	say(arg, FIX_NONE, "database", NULL, "%s", finding);
}

static int check_audit(struct check *c)
{
	struct err why = {0};
	int64_t rows;
	int r = audit_verify(c->s, &rows, &why);

	if (r == E_INTEGRITY)
		return say(c, FIX_NONE, "audit", NULL, "%s", why.msg);
	return r < 0 ? err_set(c->e, r, "%s", why.msg) : 0;
}

static int on_job(void *arg, const void *row, struct err *e)
{
	const struct job_row *job = row;
	autofree char *id = str_fmt("%lld", (long long)job->id);

	(void)e;
	return say(arg, FIX_JOB, "job", id, "%s of %s is %s%s%s", job->kind, job->object,
		job->state, job->error ? ": " : "", job->error ? job->error : "");
}

static int on_books(void *arg, const void *row, struct err *e)
{
	const struct invoice_finding_row *f = row;

	(void)e;
	return say(arg, FIX_NONE, "books", f->where, "%s", f->finding);
}

static int check_unpaid(struct check *c)
{
	autoclean(db_done) struct query q = {0};
	int r = db_query(c->s->db, &q, c->e, SQL_UNPAID);

	while (r >= 0 && (r = db_next(&q, c->e)) > 0)
		r = say(c, FIX_NONE, "ps", db_text(&q, 0),
			"lives on, but its subscription has ended");
	return r;
}

/* ---- what servers say ---- */

static const struct msg *live_named(const struct msg *live, const char *name)
{
	for (size_t i = 0; i < msg_count(live, "ps"); i++) {
		const struct msg *m = msg_sub_at(live, "ps", i);

		if (str_eq(msg_text(m, "name"), name))
			return m;
	}
	return NULL;
}

static int compare_one(struct check *c, const char *name, const char *state,
	const struct msg *there)
{
	const char *live = there ? msg_text(there, "state") : NULL;
	const char *fault = there ? msg_text(there, "fault") : NULL;
	bool should_run = strcmp(state, "running") == 0;

	if (!there)
		return say(c, FIX_NONE, "ps", name, "is %s in the books, but not on its server",
			state);
	if (fault) /* comes first: without it the state cannot be put right */
		say(c, FIX_MEND, "ps", name, "%s", fault);
	if (should_run && !str_eq(live, "running") && !str_eq(live, "starting"))
		return say(c, FIX_STATE, "ps", name, "should be running, but is %s",
			live ? live : "unknown");
	if (!should_run && str_eq(live, "running"))
		return say(c, FIX_STATE, "ps", name, "is %s in the books, but running", state);
	return 0;
}

static int check_known(struct check *c, int64_t server, const char *name, const struct msg *live)
{
	autoclean(db_done) struct query q = {0};
	int r = db_query(c->s->db, &q, c->e, SQL_PS_OF, server);

	while (r >= 0 && (r = db_next(&q, c->e)) > 0)
		r = compare_one(c, db_text(&q, 1), db_text(&q, 2),
			live_named(live, db_text(&q, 1)));
	for (size_t i = 0; r >= 0 && i < msg_count(live, "ps"); i++) {
		const struct msg *m = msg_sub_at(live, "ps", i);
		const char *ps = msg_text(m, "name");
		int64_t one;

		r = db_get_i64(c->s->db, &one, c->e, SQL_PS_KNOWN, server, ps, msg_i64(m, "id", 0));
		if (r == 0)
			r = say(c, FIX_NONE, "server", name,
				"private server %s is there, but not in the books", ps ? ps : "?");
	}
	return r;
}

static int check_server(struct check *c, int64_t id, const char *name)
{
	automsg *live = NULL;
	struct err why = {0};
	int r = ps_live(c->s, id, &live, &why);

	if (r == E_INTR)
		return err_interrupted(c->e);
	return r < 0 ? say(c, FIX_NONE, "server", name, "%s", why.msg)
	             : check_known(c, id, name, live);
}

struct target {
	int64_t id;
	char *name;
};

static int check_servers(struct check *c)
{
	VEC(struct target) servers = VEC_INIT;
	autoclean(db_done) struct query q = {0};
	int r = db_query(c->s->db, &q, c->e, SQL_SERVERS);

	while (r >= 0 && (r = db_next(&q, c->e)) > 0)
		vec_push(&servers, ((struct target){db_i64(&q, 0), db_text_dup(&q, 1)}));
	vec_each(&servers, t) {
		if (r >= 0)
			r = check_server(c, t->id, t->name);
		free(t->name);
	}
	vec_release(&servers);
	return r;
}

/* ---- repairing ---- */

static int repair(struct sxc *s, const struct finding *f, const char **did, struct err *e)
{
	static const char *const words[] = {NULL, "gone on with", "mended",
		"made as the books say"};

	*did = words[f->fix];
	switch (f->fix) {
	case FIX_JOB:
		return job_run(s, strtoll(f->object, NULL, 10), e);
	case FIX_MEND:
		return ps_mend(s, f->object, e);
	case FIX_STATE:
		return ps_enforce(s, f->object, e);
	default:
		return 0;
	}
}

/* Tells of a finding, mended or not: 1 when it is still there. */
static int tell(struct check *c, const struct finding *f, bool mend, check_fn fn, void *arg)
{
	struct check_row row = {f->area, f->object, f->text, NULL};
	struct err why = {0};
	int r = 0;

	if (mend && (r = repair(c->s, f, &row.repair, &why)) < 0)
		row.repair = why.msg;
	if (r == E_INTR)
		return err_interrupted(c->e);
	if (mend && !row.repair)
		row.repair = "not by itself";
	if (fn(arg, &row, c->e) < 0)
		return c->e->code;
	return !mend || r < 0 || f->fix == FIX_NONE;
}

static int look(struct check *c, bool offline)
{
	int r;

	if ((r = db_check(c->s->db, on_database, c, c->e)) < 0 || (r = check_audit(c)) < 0 ||
		(r = invoice_check(c->s, on_books, c, c->e)) < 0 ||
		(r = job_list(c->s, false, on_job, c, c->e)) < 0 || (r = check_unpaid(c)) < 0)
		return r;
	return offline ? 0 : check_servers(c);
}

int check_all(struct sxc *s, bool offline, bool mend, check_fn fn, void *arg, struct err *e)
{
	autoclean(check_release) struct check c = {.s = s, .e = e};
	int left = 0, r = look(&c, offline);

	vec_each(&c.found, f) {
		if (r < 0 || (r = tell(&c, f, mend, fn, arg)) < 0)
			return r;
		left += r;
	}
	return r < 0 ? r : left;
}
