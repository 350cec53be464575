/* SPDX-License-Identifier: MIT */
#include "biz/provision.h"

#include <jansson.h>
#include <string.h>

#include "biz/app.h"
#include "biz/domain.h"
#include "biz/job.h"
#include "biz/provision_int.h"
#include "biz/ps_live.h"
#include "util/str.h"
#include "util/units.h"
#include "util/vec.h"

#define SQL_WHO                                                                                    \
	"SELECT a.id, a.name, s.number FROM subscription s JOIN account a ON a.id = s.account "    \
	"WHERE s.id = ?1"
#define SQL_PS "SELECT name FROM ps WHERE subscription = ?1 AND state <> 'removing' ORDER BY id"
#define SQL_DOMAINS                                                                                \
	"SELECT name FROM domain WHERE subscription = ?1 AND state <> 'removing' ORDER BY id"

/* Bounds of a site inside a private server, which is bounded as a whole. */
static const char *const site_bounds[] = {"disk", "users"};

static void json_cleanup(json_t **j)
{
	json_decref(*j);
}
#define autojson autoclean(json_cleanup) json_t

#define MOST_FEATURES 8 /* of a domain; there are five */

/* ---- reading "provides" ---- */

static void take(const json_t *ps, const char *key, int64_t *out)
{
	const json_t *v = json_object_get(ps, key);

	if (json_is_integer(v))
		*out = json_integer_value(v);
}

static bool is_best_effort(const json_t *list, const char *bound)
{
	const json_t *v;
	size_t i;

	json_array_foreach((json_t *)list, i,
		v) if (str_eq(json_string_value(v), bound)) return true;
	return false;
}

/* Of the bounds that only the kernel module enforces, those that a plan says may go without. */
static int64_t best_effort_of(const json_t *list)
{
	return (is_best_effort(list, "sessions") ? PS_BEST_SESSIONS : 0) |
	       (is_best_effort(list, "transfer") ? PS_BEST_TRANSFER : 0);
}

/* In base units, as the plan file was read; only a share of the uplink waits for its server. */
void provision_bounds(const json_t *ps, const json_t *best_effort, struct ps_bounds *b)
{
	const char *share = json_string_value(json_object_get(ps, "net"));

	*b = ps_bounds_none();
	take(ps, "cpu", &b->cpu);
	take(ps, "cpu-max", &b->cpu_max);
	take(ps, "net", &b->net);
	if (share)
		units_percent(share, &b->net_share);
	take(ps, "memory", &b->memory);
	take(ps, "vm", &b->vm);
	take(ps, "disk", &b->disk);
	take(ps, "inodes", &b->inodes);
	take(ps, "procs", &b->procs);
	take(ps, "sessions", &b->sessions);
	take(ps, "transfer", &b->transfer);
	b->best_effort = best_effort_of(best_effort);
}

/* A bound that nothing would enforce is promised only when the plan says best-effort. */
int provision_refuse(const json_t *provides, const json_t *best_effort, struct err *e)
{
	const json_t *ps = json_object_get(provides, "private-server");
	const json_t *domain = json_object_get(provides, "domain");
	const char *storage = json_string_value(json_object_get(ps, "storage"));

	if (storage && strcmp(storage, "local") != 0)
		return err_set(e, E_STATE, "no server has the storage '%s', only local", storage);
	for (size_t i = 0; i < ARRAY_LEN(site_bounds); i++)
		if (json_object_get(domain, site_bounds[i]) &&
			!is_best_effort(best_effort, site_bounds[i]))
			return err_set(e, E_STATE,
				"nothing enforces the bound '%s' of a domain: leave it out of the "
				"plan or list it under best-effort",
				site_bounds[i]);
	return 0;
}

/* ---- what follows the private server: applications, the domain ---- */

static int follow_apps(struct job *j, const struct ps *p, struct err *e)
{
	const json_t *apps = json_object_get(j->args, "apps"), *app;
	size_t i;

	json_array_foreach((json_t *)apps, i, app)
	{
		const char *name = json_string_value(json_object_get(app, "name"));
		json_t *set = json_object_get(app, "set");
		int64_t job;
		int r = app_install_tx(j->sxc, p->id, name, NULL,
			set ? json_incref(set) : json_object(), &job, e);

		if (r < 0 && r != E_EXISTS)
			return r;
	}
	return 0;
}

/* The features that the plan names, NULL-terminated in list; NULL when it names none. */
static const char *const *features_of(const json_t *site, const char *list[MOST_FEATURES + 1])
{
	const json_t *names = json_object_get(site, "features"), *name;
	size_t i, n = 0;

	json_array_foreach((json_t *)names, i, name)
	{
		if (n < MOST_FEATURES)
			list[n++] = json_string_value(name);
	}
	list[n] = NULL;
	return n ? list : NULL;
}

static int follow(struct job *j, struct err *e)
{
	autoclean(ps_release) struct ps p = {0};
	const char *domain = job_arg(j, "domain");
	int64_t job;
	int r = ps_get(j->sxc, j->object, &p, e);

	if (r < 0 || (r = follow_apps(j, &p, e)) < 0)
		return r;
	if (!domain)
		return 0;
	const char *features[MOST_FEATURES + 1];
	struct domain_new n = {.name = domain,
		.on = p.name,
		.account = p.account,
		.features = features_of(json_object_get(j->args, "site"), features),
		.subscription = p.subscription};
	return domain_add_tx(j->sxc, &n, &job, e);
}

static const struct job_step steps_follow[] = {
	{.name = "queue applications and domain", .commit = follow}};
JOB_KIND(provision_follow, "subscription.follow", steps_follow);

/* The applications and the domain wait for the private server's job. */
static int queue_follow(struct sxc *s, const char *ps, const json_t *provides, const char *domain,
	int64_t after, struct err *e)
{
	json_t *apps = json_object_get(provides, "apps"), *args = json_object();
	int64_t before = s->parent_job, job;
	int r;

	if (apps)
		json_object_set(args, "apps", apps);
	if (domain)
		json_object_set_new(args, "domain", json_string(domain));
	if (domain && json_object_get(provides, "domain"))
		json_object_set(args, "site", json_object_get(provides, "domain"));
	if (!json_object_size(args)) {
		json_decref(args);
		return 0;
	}
	s->parent_job = after;
	r = job_create(s, &job_kind_provision_follow, ps, 0, args, &job, e);
	s->parent_job = before;
	return r;
}

/* ---- queueing ---- */

struct who {
	int64_t account, number;
	char *name;
};

static void who_release(struct who *w)
{
	free(w->name);
}

static int find_who(struct sxc *s, int64_t subscription, struct who *w, struct err *e)
{
	autoclean(db_done) struct query q = {0};
	int r = db_one(s->db, &q, e, SQL_WHO, subscription);

	if (r <= 0)
		return r < 0 ? r : err_set(e, E_NOTFOUND, "no such subscription");
	*w = (struct who){db_i64(&q, 0), db_i64(&q, 2), db_text_dup(&q, 1)};
	return 0;
}

static int queue_ps(struct sxc *s, int64_t subscription, const struct who *w,
	const json_t *provides, const json_t *best, const struct provision_request *req,
	int64_t *job, struct err *e)
{
	const json_t *ps = json_object_get(provides, "private-server");
	autofree char *own = str_fmt("%.50s-%lld", w->name, (long long)w->number);
	autofree char *keys = NULL;
	const char *image = json_string_value(json_object_get(ps, "image"));
	struct ps_new n = {.name = req->name ? req->name : own,
		.on = req->on,
		.image = req->image ? req->image : image,
		.hostname = req->hostname,
		.account = w->account,
		.more_ips = json_integer_value(json_object_get(ps, "ip")),
		.subscription = subscription};
	int r;

	provision_bounds(ps, best, &n.bounds);
	if ((req->key && (r = ps_read_keys(req->key, &keys, e)) < 0))
		return r;
	n.keys = keys;
	if ((r = ps_add_tx(s, &n, job, e)) < 0)
		return r;
	return queue_follow(s, n.name, provides, req->domain, *job, e);
}

static int queue_domain(struct sxc *s, int64_t subscription, const struct who *w,
	const json_t *provides, const struct provision_request *req, int64_t *job, struct err *e)
{
	const char *features[MOST_FEATURES + 1];
	struct domain_new n = {.name = req->domain,
		.on = req->on,
		.account = w->account,
		.features = features_of(json_object_get(provides, "domain"), features),
		.subscription = subscription};

	if (!req->domain)
		return err_set(e, E_USAGE, "this plan hosts a domain: name it with --domain");
	if (!req->on)
		return err_set(e, E_USAGE,
			"this plan hosts a domain: say on which private server with --on");
	return domain_add_tx(s, &n, job, e);
}

int provision_queue(struct sxc *s, int64_t subscription, const char *provides,
	const char *best_effort, const struct provision_request *req, int64_t *job, struct err *e)
{
	static const struct provision_request none;
	autojson *what = provides ? json_loads(provides, 0, NULL) : NULL;
	autojson *best = best_effort ? json_loads(best_effort, 0, NULL) : NULL;
	autoclean(who_release) struct who w = {0};
	const json_t *ps = json_object_get(what, "private-server");
	int r;

	*job = 0;
	if (!what)
		return 0;
	if ((r = find_who(s, subscription, &w, e)) < 0)
		return r;
	if ((r = provision_refuse(what, best, e)) < 0)
		return r;
	if (ps)
		return queue_ps(s, subscription, &w, what, best, req ? req : &none, job, e);
	if (json_object_get(what, "domain"))
		return queue_domain(s, subscription, &w, what, req ? req : &none, job, e);
	return 0;
}

/* ---- suspending, resuming, removing what was made ---- */

static int names_of(struct sxc *s, const char *sql, int64_t subscription, struct strvec *names,
	struct err *e)
{
	autoclean(db_done) struct query q = {0};
	int r = db_query(s->db, &q, e, sql, subscription);

	while (r >= 0 && (r = db_next(&q, e)) > 0)
		strvec_push(names, db_text(&q, 0));
	return r;
}

int provision_servers(struct sxc *s, int64_t subscription, struct strvec *names, struct err *e)
{
	return names_of(s, SQL_PS, subscription, names, e);
}

/* The first job is returned; each further one follows the one before. */
static int each_ps(struct sxc *s, int64_t subscription, const char *op, int64_t *first,
	struct err *e)
{
	autostrvec names = {0};
	int64_t before = s->parent_job, job = 0;
	int r = names_of(s, SQL_PS, subscription, &names, e);

	for (size_t i = 0; i < names.n && r >= 0; i++) {
		if (job)
			s->parent_job = job;
		r = ps_job_tx(s, names.v[i], op, &job, e);
		if (r >= 0 && !*first)
			*first = job;
	}
	s->parent_job = before;
	return r < 0 ? r : 0;
}

int provision_suspend(struct sxc *s, int64_t subscription, int64_t *job, struct err *e)
{
	*job = 0;
	return each_ps(s, subscription, "suspend", job, e);
}

int provision_resume(struct sxc *s, int64_t subscription, int64_t *job, struct err *e)
{
	*job = 0;
	return each_ps(s, subscription, "resume", job, e);
}

static int remove_ps(struct job *j, struct err *e)
{
	int64_t job = 0;

	return each_ps(j->sxc, job_arg_i64(j, "subscription", 0), "remove", &job, e);
}

static int remove_domains(struct job *j, struct err *e)
{
	autostrvec names = {0};
	int64_t job;
	int r = names_of(j->sxc, SQL_DOMAINS, job_arg_i64(j, "subscription", 0), &names, e);

	for (size_t i = 0; i < names.n && r >= 0; i++)
		r = domain_remove_tx(j->sxc, names.v[i], &job, e);
	return r < 0 ? r : 0;
}

/* Domains first: a private server on which one lives is not removed. */
static const struct job_step steps_domains[] = {
	{.name = "queue removal of domains", .commit = remove_domains}};
JOB_KIND(provision_domains, "subscription.domains", steps_domains);
static const struct job_step steps_ps[] = {
	{.name = "queue removal of private servers", .commit = remove_ps}};
JOB_KIND(provision_servers, "subscription.servers", steps_ps);
static const struct job_step steps_none[] = {{.name = "begin removal"}};
JOB_KIND(provision_remove, "subscription.remove", steps_none);

static int queue_kind(struct sxc *s, const struct job_kind *kind, int64_t subscription,
	int64_t parent, int64_t *job, struct err *e)
{
	autofree char *object = str_fmt("subscription #%lld", (long long)subscription);
	int64_t before = s->parent_job;
	int r;

	s->parent_job = parent;
	r = job_create(s, kind, object, 0,
		json_pack("{s:I}", "subscription", (json_int_t)subscription), job, e);
	s->parent_job = before;
	return r;
}

int provision_remove(struct sxc *s, int64_t subscription, int64_t *job, struct err *e)
{
	autostrvec names = {0};
	int64_t child;
	int r;

	*job = 0;
	if ((r = names_of(s, SQL_PS, subscription, &names, e)) < 0 ||
		(r = names_of(s, SQL_DOMAINS, subscription, &names, e)) < 0)
		return r;
	if (!names.n)
		return 0;
	if ((r = queue_kind(s, &job_kind_provision_remove, subscription, s->parent_job, job, e)) <
			0 ||
		(r = queue_kind(s, &job_kind_provision_domains, subscription, *job, &child, e)) < 0)
		return r;
	return queue_kind(s, &job_kind_provision_servers, subscription, *job, &child, e);
}
