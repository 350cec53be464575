/* SPDX-License-Identifier: MIT */
/* Admission: what a server has promised already, and where a new private server fits. */
#include <string.h>

#include "biz/ps_int.h"
#include "util/str.h"

/* Guarantees together: 90 % of CPU and uplink (the host keeps 10 %), of memory and disk too. */
#define SHARE_CPU 9000
#define SHARE_NUM 9
#define SHARE_DEN 10

#define SQL_SERVERS                                                                                \
	"SELECT s.id, s.name, s.memory, s.disk, s.rate, s.quota, "                                 \
	"coalesce(sum(p.cpu), 0), coalesce(sum(p.memory), 0), coalesce(sum(p.disk), 0), "          \
	"coalesce(sum(p.net), 0), s.enforces, s.module_state "                                     \
	"FROM server s LEFT JOIN ps p ON p.server = s.id AND p.id <> ?2 "                          \
	"WHERE s.state = 'active' AND (?1 IS NULL OR s.name = ?1) "                                \
	"GROUP BY s.id ORDER BY s.memory - coalesce(sum(p.memory), 0) DESC, s.id"
#define SQL_SERVER_STATE "SELECT state FROM server WHERE name = ?1"

struct room {
	int64_t id;
	const char *name;
	int64_t memory, disk, link, quota;
	int64_t used_cpu, used_memory, used_disk, used_net;
	const char *enforces, *module; /* parts of the kernel module in force; its state; or NULL */
};

static void read_room(struct query *q, struct room *r)
{
	*r = (struct room){db_i64(q, 0), db_text(q, 1), db_i64(q, 2), db_i64(q, 3), db_i64(q, 4),
		db_i64(q, 5), db_i64(q, 6), db_i64(q, 7), db_i64(q, 8), db_i64(q, 9),
		db_text(q, 10), db_text(q, 11)};
}

static int over(struct err *e, const char *server, const char *what, const char *unit,
	int64_t wanted, int64_t used, int64_t most)
{
	return err_set(e, E_LIMIT,
		"server %s: %s of %lld%s does not fit: %lld%s of %lld%s are promised already",
		server, what, (long long)wanted, unit, (long long)used, unit, (long long)most,
		unit);
}

#define MIB (1 << 20)

static int fits_net(const struct room *r, const struct ps_bounds *b, struct err *e)
{
	int64_t most = r->link / SHARE_DEN * SHARE_NUM;

	if (b->net == PS_UNSET)
		return 0;
	if (r->link <= 0)
		return err_set(e, E_STATE,
			"server %s: a network guarantee needs the uplink's rate (sxc server set %s "
			"--link-rate 1000mbit)",
			r->name, r->name);
	if (r->used_net + b->net > most)
		return over(e, r->name, "a network guarantee", " kbit/s", b->net / 1000,
			r->used_net / 1000, most / 1000);
	return 0;
}

static bool has_word(const char *list, const char *word)
{
	size_t n = strlen(word);

	for (const char *p = list; p; p = strchr(p, ' '), p += p != NULL)
		if (strncmp(p, word, n) == 0 && (p[n] == ' ' || p[n] == '\0'))
			return true;
	return false;
}

/* What only the kernel module bounds is promised only where it does, or as best effort. */
static int fits_module(const struct room *r, const struct ps_bounds *b, struct err *e)
{
	const struct {
		const char *name;
		int64_t bound, best;
	} bounds[] = {{"sessions", b->sessions, PS_BEST_SESSIONS},
		{"transfer", b->transfer, PS_BEST_TRANSFER}};

	for (size_t i = 0; i < ARRAY_LEN(bounds); i++)
		if (bounds[i].bound != PS_UNSET && !(b->best_effort & bounds[i].best) &&
			!has_word(r->enforces, bounds[i].name))
			return err_set(e, E_STATE,
				"server %s does not enforce the bound '%s' (kernel module: %s): "
				"\"sxc server upgrade %s\" brings it, --best-effort does without",
				r->name, bounds[i].name, r->module ? r->module : "missing",
				r->name);
	return 0;
}

/* 0 when it fits, else the error with the numbers. */
static int fits(const struct room *r, const struct ps_bounds *b, struct err *e)
{
	int64_t memory = r->memory / SHARE_DEN * SHARE_NUM, disk = r->disk / SHARE_DEN * SHARE_NUM;

	if (!r->quota)
		return err_set(e, E_STATE,
			"server %s cannot enforce a disk bound: /var/lib/sxc has no project quota",
			r->name);
	if (r->used_cpu + b->cpu > SHARE_CPU)
		return over(e, r->name, "a CPU guarantee", " %", b->cpu / 100, r->used_cpu / 100,
			SHARE_CPU / 100);
	if (r->used_memory + b->memory > memory)
		return over(e, r->name, "memory", " MiB", b->memory / MIB, r->used_memory / MIB,
			memory / MIB);
	if (r->used_disk + b->disk > disk)
		return over(e, r->name, "a disk", " MiB", b->disk / MIB, r->used_disk / MIB,
			disk / MIB);
	return fits_net(r, b, e) < 0 ? e->code : fits_module(r, b, e);
}

/* A share of the uplink becomes bits a second on this server. */
static void resolve_share(const struct room *r, struct ps_bounds *b)
{
	if (b->net_share != PS_UNSET)
		b->net = r->link > 0 ? r->link / 10000 * b->net_share : 0;
}

static int no_server(struct sxc *s, const char *on, struct err *e)
{
	autofree char *state = NULL;
	int r = on ? db_get_text(s->db, &state, e, SQL_SERVER_STATE, on) : 0;

	if (r < 0)
		return r;
	if (state)
		return err_set(e, E_STATE, "server %s takes no private servers now: it is %s", on,
			state);
	if (on)
		return err_set(e, E_NOTFOUND, "no server named '%s'", on);
	return err_set(e, E_NOTFOUND,
		"no server takes private servers: add one with \"sxc server add\"");
}

int ps_find_room(struct sxc *s, const char *on, int64_t except, struct ps_bounds *b,
	int64_t *server, char **name, struct err *e)
{
	autoclean(db_done) struct query q = {0};
	struct err first = {0};
	int seen = 0, r = db_query(s->db, &q, e, SQL_SERVERS, on, except);

	while (r >= 0 && (r = db_next(&q, e)) > 0) {
		struct ps_bounds here = *b;
		struct err why = {0};
		struct room room;

		read_room(&q, &room);
		resolve_share(&room, &here);
		if (fits(&room, &here, &why) == 0) {
			*b = here;
			*server = room.id;
			if (name)
				*name = mem_strdup(room.name);
			return 0;
		}
		if (seen++ == 0)
			first = why;
	}
	if (r < 0)
		return r;
	if (!seen)
		return no_server(s, on, e);
	*e = first;
	if (seen > 1)
		err_wrap(e, "it fits on none of %d servers", seen);
	return e->code;
}
