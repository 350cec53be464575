/* SPDX-License-Identifier: MIT */
/* Services of domains really asked, many at once (libcurl), and what they answered. */
#include <curl/curl.h>
#include <string.h>

#include "biz/domain_int.h"
#include "util/str.h"
#include "util/vec.h"

#define CONNECT_MS 5000
#define TOTAL_MS   15000
#define BODY_MAX   (1 << 20)

#define SQL_ACTIVE                                                                                 \
	"SELECT d.id, d.name, (SELECT ip FROM address a WHERE a.ps = d.ps "                        \
	"AND instr(ip, ':') = 0 ORDER BY a.id LIMIT 1), d.state FROM domain d "                    \
	"JOIN domain_feature f ON f.domain = d.id AND f.feature = 'http' "                         \
	"WHERE (?1 IS NULL AND d.state = 'active') OR d.name = ?1 ORDER BY d.name"
#define SQL_RECORD                                                                                 \
	"INSERT INTO domain_probe (domain, service, at, state, code, ms, note) "                   \
	"VALUES (?1, 'http', ?2, ?3, ?4, ?5, ?6) ON CONFLICT (domain, service) DO UPDATE "         \
	"SET at = excluded.at, state = excluded.state, code = excluded.code, "                     \
	"ms = excluded.ms, note = excluded.note"
#define SQL_PROBES                                                                                 \
	"SELECT d.name, b.service, (SELECT ip FROM address a WHERE a.ps = d.ps "                   \
	"AND instr(ip, ':') = 0 ORDER BY a.id LIMIT 1), b.state, b.note, b.code, b.ms, b.at "      \
	"FROM domain_probe b JOIN domain d ON d.id = b.domain "                                    \
	"WHERE d.name = ?1 ORDER BY b.service"

struct probe {
	int64_t id;
	char *name, *address;
	CURL *h;
	struct curl_slist *route; /* the name leads to the address, whatever DNS says */
	char error[CURL_ERROR_SIZE];
	size_t body;
	bool up;
	int64_t code, ms; /* INT64_MIN: none */
	char *note;
};
struct probes {
	struct probe *v;
	size_t n, cap;
};

static void probe_end(struct probe *p)
{
	curl_easy_cleanup(p->h);
	curl_slist_free_all(p->route);
	p->h = NULL;
	p->route = NULL;
}

static void probes_release(struct probes *l)
{
	vec_each(l, p) {
		probe_end(p);
		free(p->name);
		free(p->address);
		free(p->note);
	}
	vec_release(l);
}

static int load(struct sxc *s, const char *name, struct probes *l, struct err *e)
{
	autoclean(db_done) struct query q = {0};
	int r = db_query(s->db, &q, e, SQL_ACTIVE, name);

	while (r >= 0 && (r = db_next(&q, e)) > 0) {
		struct probe p = {.id = db_i64(&q, 0),
			.name = db_text_dup(&q, 1),
			.address = db_text_dup(&q, 2),
			.code = INT64_MIN,
			.ms = INT64_MIN};

		if (strcmp(db_text(&q, 3), "active") != 0)
			p.note = str_fmt("the domain is %s", db_text(&q, 3));
		else if (!p.address)
			p.note = mem_strdup("its private server has no IPv4 address");
		vec_push(l, p);
	}
	return r;
}

/* ---- asking ---- */

/* The page itself is not kept; a very long one is cut off. */
static size_t count_body(char *p, size_t size, size_t n, void *arg)
{
	struct probe *probe = arg;

	(void)p;
	probe->body += size * n;
	return probe->body > BODY_MAX ? 0 : size * n;
}

static void begin(struct probe *p)
{
	autofree char *url = str_fmt("http://%s/", p->name);
	autofree char *route = str_fmt("%s:80:%s:80", p->name, p->address);

	p->h = curl_easy_init();
	p->route = curl_slist_append(NULL, route);
	curl_easy_setopt(p->h, CURLOPT_URL, url);
	curl_easy_setopt(p->h, CURLOPT_CONNECT_TO, p->route);
	curl_easy_setopt(p->h, CURLOPT_PROTOCOLS_STR, "http");
	curl_easy_setopt(p->h, CURLOPT_PROXY, "");
	curl_easy_setopt(p->h, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(p->h, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_MS);
	curl_easy_setopt(p->h, CURLOPT_TIMEOUT_MS, (long)TOTAL_MS);
	curl_easy_setopt(p->h, CURLOPT_USERAGENT, "sxc/" SXC_VERSION);
	curl_easy_setopt(p->h, CURLOPT_WRITEFUNCTION, count_body);
	curl_easy_setopt(p->h, CURLOPT_WRITEDATA, p);
	curl_easy_setopt(p->h, CURLOPT_ERRORBUFFER, p->error);
	curl_easy_setopt(p->h, CURLOPT_PRIVATE, p);
}

static void judge(struct probe *p, CURLcode rc)
{
	curl_off_t us = 0;
	long code = 0;

	curl_easy_getinfo(p->h, CURLINFO_RESPONSE_CODE, &code);
	curl_easy_getinfo(p->h, CURLINFO_TOTAL_TIME_T, &us);
	if (code)
		p->code = code;
	if (rc == CURLE_OK || (rc == CURLE_WRITE_ERROR && p->body > BODY_MAX)) {
		p->ms = us / 1000;
		p->up = code >= 200 && code < 400;
		if (!p->up)
			p->note = str_fmt("it answers %ld", code);
		return;
	}
	autostr clean = STR_INIT;
	const char *why = *p->error ? p->error : curl_easy_strerror(rc);
	str_add_clean(&clean, why, strnlen(why, 200), false);
	p->note = str_steal(&clean);
}

static void take_results(CURLM *m, int *running)
{
	CURLMsg *msg;
	int left;

	while ((msg = curl_multi_info_read(m, &left))) {
		struct probe *p = NULL;
		CURLcode rc = msg->data.result;

		if (msg->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(msg->easy_handle, CURLINFO_PRIVATE, &p);
		judge(p, rc);
		curl_multi_remove_handle(m, p->h);
		probe_end(p);
		(*running)--;
	}
}

/* At most jobs at once; none waits for another. */
static int ask_all(struct probes *l, int jobs, struct err *e)
{
	CURLM *m = curl_multi_init();
	size_t next = 0;
	int running = 0, busy;

	while ((next < l->n || running) && !interrupted) {
		for (; next < l->n && running < jobs; next++) {
			if (l->v[next].note)
				continue;
			begin(&l->v[next]);
			curl_multi_add_handle(m, l->v[next].h);
			running++;
		}
		curl_multi_perform(m, &busy);
		take_results(m, &running);
		if (running)
			curl_multi_poll(m, NULL, 0, 200, NULL);
	}
	for (size_t i = 0; i < l->n; i++)
		if (l->v[i].h)
			curl_multi_remove_handle(m, l->v[i].h);
	curl_multi_cleanup(m);
	return err_interrupted(e);
}

/* ---- recording ---- */

static struct db_arg opt_i64(int64_t v)
{
	return v == INT64_MIN ? db_null() : db_arg_i64(v);
}

static int record(struct sxc *s, const struct probes *l, struct err *e)
{
	autotx struct db *tx = NULL;
	int r = db_begin(s->db, e);

	if (r < 0)
		return r;
	tx = s->db;
	for (size_t i = 0; i < l->n && r == 0; i++) {
		const struct probe *p = &l->v[i];

		r = db_run(s->db, e, SQL_RECORD, p->id, s->now, p->up ? "up" : "down",
			opt_i64(p->code), opt_i64(p->ms), p->note);
	}
	if (r < 0)
		return r;
	tx = NULL;
	return db_commit(s->db, e);
}

static int give_all(struct sxc *s, const struct probes *l, domain_row_fn fn, void *arg,
	struct err *e)
{
	int down = 0, r = 0;

	for (size_t i = 0; i < l->n && r >= 0; i++) {
		const struct probe *p = &l->v[i];
		struct domain_probe_row row = {.domain = p->name,
			.service = "http",
			.address = p->address,
			.state = p->up ? "up" : "down",
			.note = p->note,
			.code = p->code,
			.ms = p->ms,
			.checked = s->now};

		down += !p->up;
		r = fn(arg, &row, e);
	}
	return r < 0 ? r : down;
}

int domain_status(struct sxc *s, const char *name, domain_row_fn fn, void *arg, struct err *e)
{
	autoclean(probes_release) struct probes l = {0};
	autoclean(domain_release) struct domain d = {0};
	int r;

	if ((name && (r = domain_get(s, name, &d, e)) < 0) || (r = load(s, d.name, &l, e)) < 0)
		return r;
	curl_global_init(CURL_GLOBAL_DEFAULT);
	if ((r = ask_all(&l, s->jobs > 0 ? s->jobs : 32, e)) < 0 || (r = record(s, &l, e)) < 0)
		return r;
	return give_all(s, &l, fn, arg, e);
}

int domain_probes(struct sxc *s, const char *name, domain_row_fn fn, void *arg, struct err *e)
{
	autoclean(db_done) struct query q = {0};
	int r = db_query(s->db, &q, e, SQL_PROBES, name);

	while (r >= 0 && (r = db_next(&q, e)) > 0) {
		struct domain_probe_row row = {.domain = db_text(&q, 0),
			.service = db_text(&q, 1),
			.address = db_text(&q, 2),
			.state = db_text(&q, 3),
			.note = db_text(&q, 4),
			.code = db_is_null(&q, 5) ? INT64_MIN : db_i64(&q, 5),
			.ms = db_is_null(&q, 6) ? INT64_MIN : db_i64(&q, 6),
			.checked = db_i64(&q, 7)};

		r = fn(arg, &row, e);
	}
	return r;
}
