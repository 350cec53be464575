/* SPDX-License-Identifier: MIT */
/* Host name, keys, addresses and resolver of a private server that is there. */
#include <string.h>

#include "biz/address.h"
#include "biz/ps_int.h"
#include "util/str.h"

#define SQL_IPS  "SELECT ip FROM address WHERE ps = ?1 ORDER BY id"
#define SQL_DROP "DELETE FROM address WHERE ps = ?1 AND ip = ?2"
#define SQL_NOW  "SELECT hostname, ssh_keys, nameservers FROM ps WHERE id = ?1"
#define SQL_SET                                                                                    \
	"UPDATE ps SET hostname = coalesce(?2, hostname), ssh_keys = coalesce(?3, ssh_keys), "     \
	"nameservers = CASE WHEN ?4 IS NULL THEN nameservers ELSE nullif(?4, '') END "             \
	"WHERE id = ?1"

static void json_cleanup(json_t **j)
{
	json_decref(*j);
}
#define autojson autoclean(json_cleanup) json_t

/* ---- the job: what is to be stands in its arguments, what was beside it ---- */

static void add_list(struct msg *m, const char *flag, const char *field, const json_t *list)
{
	size_t i;

	if (!json_is_array(list))
		return;
	msg_add_i64(m, flag, 1);
	for (i = 0; i < json_array_size(list); i++)
		msg_add_text(m, field, json_string_value(json_array_get(list, i)));
}

/* side: "now" or "was". */
static int change_to(struct job *j, const char *side, struct err *e)
{
	const json_t *o = json_object_get(j->args, side);
	struct msg *m = ps_job_named(j);

	msg_add_text(m, "hostname", json_string_value(json_object_get(o, "hostname")));
	add_list(m, "addresses", "address", json_object_get(o, "addresses"));
	add_list(m, "nameservers", "nameserver", json_object_get(o, "nameservers"));
	add_list(m, "keys", "key", json_object_get(o, "keys"));
	return job_call(j, j->server, "ps.change", m, NULL, e);
}

static int change(struct job *j, struct err *e)
{
	return change_to(j, "now", e);
}

static int change_back(struct job *j, struct err *e)
{
	return change_to(j, "was", e);
}

static int drop_each(struct job *j, const char *list, struct err *e)
{
	const json_t *ips = json_object_get(j->args, list);
	size_t i;
	json_t *v;
	int r = 0;

	json_array_foreach((json_t *)ips, i, v) if (r == 0)
		r = db_run(j->sxc->db, e, SQL_DROP, ps_job_id(j), json_string_value(v));
	return r;
}

static int is_changed(struct job *j, struct err *e)
{
	int r = db_run(j->sxc->db, e, SQL_SET, ps_job_id(j), job_arg(j, "hostname"),
		job_arg(j, "ssh_keys"), job_arg(j, "resolver"));

	return r < 0 ? r : drop_each(j, "dropped", e);
}

static int is_not_changed(struct job *j, struct err *e)
{
	return drop_each(j, "added", e);
}

static const struct job_step steps[] = {{.name = "change names and addresses",
	.run = change,
	.commit = is_changed,
	.undo = change_back,
	.undo_commit = is_not_changed,
	.undo_name = "change them back"}};
JOB_KIND(ps_change, "ps.change", steps);

/* ---- asked for ---- */

static json_t *lines_json(const char *text, const char *separators)
{
	autostrvec v = {0};
	json_t *list = json_array();

	strvec_split(&v, text ? text : "", separators);
	for (size_t i = 0; i < v.n; i++)
		json_array_append_new(list, json_string(v.v[i]));
	return list;
}

static int ips_json(struct sxc *s, int64_t ps, json_t **out, struct err *e)
{
	autoclean(db_done) struct query q = {0};
	autojson *list = json_array();
	int r = db_query(s->db, &q, e, SQL_IPS, ps);

	while (r >= 0 && (r = db_next(&q, e)) > 0)
		json_array_append_new(list, json_string(db_text(&q, 0)));
	if (r < 0)
		return r;
	*out = steal(&list);
	return 0;
}

static bool in_list(const json_t *list, const char *text)
{
	size_t i;
	json_t *v;

	json_array_foreach((json_t *)list, i,
		v) if (str_eq(json_string_value(v), text)) return true;
	return false;
}

/* What a does not share with b. */
static json_t *without(const json_t *a, const json_t *b)
{
	json_t *list = json_array(), *v;
	size_t i;

	json_array_foreach((json_t *)a, i, v) if (!in_list(b, json_string_value(v)))
		json_array_append(list, v);
	return list;
}

static int take_each(struct sxc *s, const struct ps *p, const struct strvec *add, struct err *e)
{
	int r = 0;

	for (size_t i = 0; i < add->n && r >= 0; i++) {
		bool six = strcmp(add->v[i], "auto6") == 0;

		r = address_take(s, six ? "auto" : add->v[i], six ? 6 : 4, p->server, p->id, e);
		if (r == 0)
			r = err_set(e, E_STATE, "no IPv%d pool serves that server", six ? 6 : 4);
	}
	return r < 0 ? r : 0;
}

/* Taken at once; given back when it failed, or those dropped when it went well. */
static int put_addresses(struct sxc *s, const struct ps *p, const struct ps_change *c, json_t *args,
	json_t *now, json_t *was, struct err *e)
{
	autojson *before = NULL, *after = NULL, *drop = json_array(), *left = NULL;
	int r;

	if (!c->add.n && !c->drop.n)
		return 0;
	if ((r = ips_json(s, p->id, &before, e)) < 0 || (r = take_each(s, p, &c->add, e)) < 0 ||
		(r = ips_json(s, p->id, &after, e)) < 0)
		return r;
	for (size_t i = 0; i < c->drop.n; i++) {
		if (!in_list(before, c->drop.v[i]))
			return err_set(e, E_NOTFOUND, "private server %s has no address %.60s",
				p->name, c->drop.v[i]);
		json_array_append_new(drop, json_string(c->drop.v[i]));
	}
	left = without(after, drop);
	json_object_set_new(args, "added", without(after, before));
	json_object_set(args, "dropped", drop);
	json_object_set(now, "addresses", left);
	json_object_set(was, "addresses", before);
	return 0;
}

static int config_resolver(struct sxc *s, const char *own, json_t **out, struct err *e)
{
	autofree char *text = NULL;
	int r = own && *own ? 0 : config_get(s, "ps.nameservers", &text, e);

	if (r == 0)
		*out = lines_json(own && *own ? own : text, " ,");
	return r;
}

static int put_resolver(struct sxc *s, const struct ps_change *c, const char *before, json_t *args,
	json_t *now, json_t *was, struct err *e)
{
	const char *own = c->resolver && strcmp(c->resolver, "default") != 0 ? c->resolver : "";
	autojson *a = NULL, *b = NULL;
	int r;

	if (!c->resolver)
		return 0;
	if ((r = config_resolver(s, own, &a, e)) < 0 || (r = config_resolver(s, before, &b, e)) < 0)
		return r;
	json_object_set_new(args, "resolver", json_string(own));
	json_object_set(now, "nameservers", a);
	json_object_set(was, "nameservers", b);
	return 0;
}

static int put_texts(struct sxc *s, const struct ps *p, const struct ps_change *c, json_t *args,
	json_t *now, json_t *was, struct err *e)
{
	autoclean(db_done) struct query q = {0};
	int r = db_one(s->db, &q, e, SQL_NOW, p->id);

	if (r <= 0)
		return r;
	if (c->hostname) {
		json_object_set_new(args, "hostname", json_string(c->hostname));
		json_object_set_new(now, "hostname", json_string(c->hostname));
		json_object_set_new(was, "hostname", json_string(db_text(&q, 0)));
	}
	if (c->keys) {
		json_object_set_new(args, "ssh_keys", json_string(c->keys));
		json_object_set_new(now, "keys", lines_json(c->keys, "\r\n"));
		json_object_set_new(was, "keys", lines_json(db_text(&q, 1), "\r\n"));
	}
	return put_resolver(s, c, db_text(&q, 2), args, now, was, e);
}

static int make(struct sxc *s, const struct ps *p, const struct ps_change *c, int64_t *job,
	struct err *e)
{
	autojson *args = json_object();
	json_t *now = json_object(), *was = json_object();
	int r;

	json_object_set_new(args, "now", now);
	json_object_set_new(args, "was", was);
	if ((r = put_texts(s, p, c, args, now, was, e)) < 0 ||
		(r = put_addresses(s, p, c, args, now, was, e)) < 0)
		return r;
	json_object_set_new(args, "ps", json_integer(p->id));
	r = job_create(s, &job_kind_ps_change, p->name, p->server, steal(&args), job, e);
	return r < 0 ? r : audit_add(s, "ps.change", p->name, NULL, NULL, e);
}

static int change_tx(struct sxc *s, const char *name, const struct ps_change *c, int64_t *job,
	struct err *e)
{
	autoclean(ps_release) struct ps p = {0};
	int r = ps_get(s, name, &p, e);

	if (r < 0)
		return r;
	if (!strstr("running stopped suspended", p.state))
		return err_set(e, E_STATE, "private server %s is %s", p.name, p.state);
	if ((r = job_unfinished(s, NULL, p.name, job, e)) != 0)
		return r < 0 ? r
		             : err_set(e, E_BUSY, "private server %s: job %lld is unfinished",
				       p.name, (long long)*job);
	return make(s, &p, c, job, e);
}

int ps_change(struct sxc *s, const char *name, const struct ps_change *c, struct err *e)
{
	autorollback struct sxc *tx = NULL;
	int64_t job = 0;
	int r;

	if (c->hostname && (strlen(c->hostname) > 64 || !str_is_name(c->hostname)))
		return err_set(e, E_USAGE, "'%.80s' is not a host name", c->hostname);
	if ((r = tx_begin(s, e)) < 0)
		return r;
	tx = s;
	if ((r = change_tx(s, name, c, &job, e)) < 0)
		return r;
	tx = NULL;
	r = tx_commit(s, e);
	return r < 0 ? r : job_run(s, job, e);
}
