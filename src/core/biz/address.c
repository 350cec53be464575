/* SPDX-License-Identifier: MIT */
#include "biz/address.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "util/str.h"

#define SQL_POOLS "SELECT id, cidr FROM address_pool WHERE family = ?1"
#define SQL_POOL_ADD                                                                               \
	"INSERT INTO address_pool (cidr, family, first, last, purpose, server, created) "          \
	"VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)"
#define SQL_POOL_USED   "SELECT ip FROM address WHERE pool = ?1 LIMIT 1"
#define SQL_POOL_ID     "SELECT id FROM address_pool WHERE cidr = ?1"
#define SQL_POOL_REMOVE "DELETE FROM address_pool WHERE id = ?1"
/* A pool of the server itself goes before one for all. */
#define SQL_CANDIDATES                                                                             \
	"SELECT id, cidr, first, last FROM address_pool WHERE family = ?1 "                        \
	"AND purpose IN ('ps', 'any') AND (server = ?2 OR server IS NULL) "                        \
	"ORDER BY server IS NULL, id"
#define SQL_FREE_FIRST                                                                             \
	"SELECT ?2 WHERE NOT EXISTS (SELECT 1 FROM address WHERE pool = ?1 AND n = ?2)"
#define SQL_FREE_GAP                                                                               \
	"SELECT a.n + 1 FROM address a WHERE a.pool = ?1 AND NOT EXISTS "                          \
	"(SELECT 1 FROM address b WHERE b.pool = a.pool AND b.n = a.n + 1) ORDER BY a.n LIMIT 1"
#define SQL_TAKE       "INSERT INTO address (pool, n, ip, ps, note) VALUES (?1, ?2, ?3, ?4, ?5)"
#define SQL_RELEASE_PS "DELETE FROM address WHERE ps = ?1"
#define SQL_RELEASE    "DELETE FROM address WHERE ip = ?1 AND ps IS NULL"
#define SQL_HOLDER                                                                                 \
	"SELECT coalesce(p.name, 'a reservation') FROM address a LEFT JOIN ps p ON p.id = a.ps "   \
	"WHERE a.ip = ?1"
#define SQL_SERVER_ID  "SELECT id FROM server WHERE name = ?1"
#define SQL_LIST_POOLS "SELECT cidr, purpose, server, total, used FROM v_ip"
#define SQL_LIST                                                                                   \
	"SELECT a.ip, p.name, a.note FROM address a JOIN address_pool o ON o.id = a.pool "         \
	"LEFT JOIN ps p ON p.id = a.ps WHERE ?1 IS NULL OR o.cidr = ?1 ORDER BY a.pool, a.n"

/* A network: base address and how many host bits are counted (at most 62 of IPv6). */
struct net {
	int family; /* 4 or 6 */
	unsigned char base[16];
	int bits; /* prefix length */
};

static int host_bits(const struct net *n)
{
	int bits = (n->family == 4 ? 32 : 128) - n->bits;

	return bits > 62 ? 62 : bits;
}

static bool is_base(const struct net *n)
{
	int size = n->family == 4 ? 4 : 16;

	for (int bit = n->bits; bit < size * 8; bit++)
		if (n->base[bit / 8] & (0x80 >> (bit % 8)))
			return false;
	return true;
}

static int parse_ip(const char *text, struct net *n)
{
	memset(n, 0, sizeof(*n));
	n->family = strchr(text, ':') ? 6 : 4;
	n->bits = n->family == 4 ? 32 : 128;
	return inet_pton(n->family == 4 ? AF_INET : AF_INET6, text, n->base) == 1 ? 0 : -1;
}

bool address_is(const char *text)
{
	struct net ip;

	return parse_ip(text, &ip) == 0;
}

static int parse_cidr(const char *cidr, struct net *n, struct err *e)
{
	char text[64];
	const char *slash = strchr(cidr, '/');
	char *end = NULL;
	long bits = slash ? strtol(slash + 1, &end, 10) : -1;

	if (!slash || (size_t)(slash - cidr) >= sizeof(text) || !slash[1] || *end)
		return err_set(e, E_USAGE, "'%s' is not a network: write 198.51.100.0/24", cidr);
	snprintf(text, sizeof(text), "%.*s", (int)(slash - cidr), cidr);
	if (parse_ip(text, n) < 0 || bits < (n->family == 4 ? 8 : 32) || bits > n->bits)
		return err_set(e, E_USAGE,
			"'%s' is not a network: an address, a slash, a length of %s", cidr,
			n->family == 4 ? "8 to 32" : "32 to 128");
	n->bits = (int)bits;
	if (!is_base(n))
		return err_set(e, E_USAGE, "'%s' has bits set behind the prefix", cidr);
	return 0;
}

/* Text of the address at offset i in the net. */
static void nth(const struct net *n, int64_t i, char out[INET6_ADDRSTRLEN])
{
	unsigned char a[16];
	int size = n->family == 4 ? 4 : 16;

	memcpy(a, n->base, sizeof(a));
	for (int k = size - 1; k >= 0 && i; k--, i >>= 8)
		a[k] = (unsigned char)(a[k] | (i & 0xff));
	inet_ntop(n->family == 4 ? AF_INET : AF_INET6, a, out, INET6_ADDRSTRLEN);
}

/* Offset of ip in net, or -1 when it lies outside. */
static int64_t offset_in(const struct net *n, const struct net *ip)
{
	int size = n->family == 4 ? 4 : 16;
	uint64_t off = 0;

	if (n->family != ip->family)
		return -1;
	for (int bit = 0; bit < size * 8; bit++) {
		int a = n->base[bit / 8] >> (7 - bit % 8) & 1,
		    b = ip->base[bit / 8] >> (7 - bit % 8) & 1;

		if (bit < n->bits ? a != b : bit < size * 8 - 62 && b)
			return -1;
		if (bit >= n->bits)
			off = off << 1 | (uint64_t)b;
	}
	return (int64_t)off;
}

static bool overlap(const struct net *a, const struct net *b)
{
	struct net narrow = a->bits > b->bits ? *a : *b;
	const struct net *wide = a->bits > b->bits ? b : a;

	return offset_in(wide, &narrow) >= 0;
}

static int refuse_overlap(struct sxc *s, const char *cidr, const struct net *n, struct err *e)
{
	autoclean(db_done) struct query q = {0};
	struct net other;
	int r = db_query(s->db, &q, e, SQL_POOLS, n->family);

	while (r >= 0 && (r = db_next(&q, e)) > 0) {
		if ((r = parse_cidr(db_text(&q, 1), &other, e)) < 0)
			return r;
		if (overlap(n, &other))
			return err_set(e, E_EXISTS, "%s overlaps %s, which is there already", cidr,
				db_text(&q, 1));
	}
	return r;
}

static int server_id(struct sxc *s, const char *on, int64_t *id, struct err *e)
{
	int r = on ? db_get_i64(s->db, id, e, SQL_SERVER_ID, on) : 1;

	return r < 0 ? r : r == 0 ? err_set(e, E_NOTFOUND, "no server named '%s'", on) : 0;
}

static int pool_add_tx(struct sxc *s, const char *cidr, const struct net *n, const char *on,
	const char *purpose, struct err *e)
{
	int64_t first = 0, last = ((int64_t)1 << host_bits(n)) - 1, server = 0;
	int r;

	if (last > 1)
		first = 1;
	if (last > 1 && n->family == 4)
		last--;
	if ((r = server_id(s, on, &server, e)) < 0 || (r = refuse_overlap(s, cidr, n, e)) < 0)
		return r;
	r = db_run(s->db, e, SQL_POOL_ADD, cidr, n->family, first, last, purpose, db_ref(server),
		s->now);
	return r < 0 ? r : audit_add(s, "ip.add", cidr, NULL, NULL, e);
}

int address_pool_add(struct sxc *s, const char *cidr, const char *on, const char *purpose,
	struct err *e)
{
	autorollback struct sxc *tx = NULL;
	struct net n;
	int r;

	if (strcmp(purpose, "ps") != 0 && strcmp(purpose, "domain") != 0 &&
		strcmp(purpose, "any") != 0)
		return err_set(e, E_USAGE, "a pool is for ps, domain or any, not '%s'", purpose);
	if ((r = parse_cidr(cidr, &n, e)) < 0 || (r = tx_begin(s, e)) < 0)
		return r;
	tx = s;
	if ((r = pool_add_tx(s, cidr, &n, on, purpose, e)) < 0)
		return r;
	tx = NULL;
	return tx_commit(s, e);
}

static int pool_remove_tx(struct sxc *s, const char *cidr, struct err *e)
{
	autofree char *ip = NULL;
	int64_t id;
	int r = db_get_i64(s->db, &id, e, SQL_POOL_ID, cidr);

	if (r <= 0)
		return r < 0 ? r : err_set(e, E_NOTFOUND, "no address pool %s", cidr);
	if ((r = db_get_text(s->db, &ip, e, SQL_POOL_USED, id)) < 0)
		return r;
	if (r > 0)
		return err_set(e, E_INUSE, "pool %s: %s is in use", cidr, ip);
	r = db_run(s->db, e, SQL_POOL_REMOVE, id);
	return r < 0 ? r : audit_add(s, "ip.remove", cidr, NULL, NULL, e);
}

int address_pool_remove(struct sxc *s, const char *cidr, struct err *e)
{
	autorollback struct sxc *tx = NULL;
	int r = tx_begin(s, e);

	if (r < 0)
		return r;
	tx = s;
	if ((r = pool_remove_tx(s, cidr, e)) < 0)
		return r;
	tx = NULL;
	return tx_commit(s, e);
}

/* ---- taking ---- */

static int refuse_taken(struct sxc *s, const char *ip, struct err *e)
{
	autofree char *holder = NULL;
	int r = db_get_text(s->db, &holder, e, SQL_HOLDER, ip);

	return r > 0 ? err_set(e, E_INUSE, "address %s is taken by %s", ip, holder) : r;
}

/* server 0: a pool of any server will do. */
static int find_pool(struct sxc *s, const struct net *ip, int64_t server, int64_t *pool, int64_t *n,
	struct err *e)
{
	autoclean(db_done) struct query q = {0};
	struct net net;
	int r = server ? db_query(s->db, &q, e, SQL_CANDIDATES, ip->family, server)
	               : db_query(s->db, &q, e, SQL_POOLS, ip->family);

	while (r >= 0 && (r = db_next(&q, e)) > 0) {
		if ((r = parse_cidr(db_text(&q, 1), &net, e)) < 0)
			return r;
		*n = offset_in(&net, ip);
		if (*n < 0 || (server && (*n < db_i64(&q, 2) || *n > db_i64(&q, 3))))
			continue;
		*pool = db_i64(&q, 0);
		return 1;
	}
	return r;
}

static int take_this(struct sxc *s, const char *want, int64_t server, int64_t ps, const char *note,
	struct err *e)
{
	char text[INET6_ADDRSTRLEN];
	int64_t pool, n;
	struct net ip;
	int r;

	if (parse_ip(want, &ip) < 0)
		return err_set(e, E_USAGE, "'%s' is not an IP address", want);
	nth(&ip, 0, text);
	if ((r = refuse_taken(s, text, e)) < 0 || (r = find_pool(s, &ip, server, &pool, &n, e)) < 0)
		return r;
	if (r == 0)
		return err_set(e, E_NOTFOUND,
			"address %s is in no pool for this (sxc ip add CIDR adds one)", text);
	r = db_run(s->db, e, SQL_TAKE, pool, n, text, db_ref(ps), note);
	return r < 0 ? r : 1;
}

static int free_in(struct sxc *s, int64_t pool, int64_t first, int64_t *n, struct err *e)
{
	int r = db_get_i64(s->db, n, e, SQL_FREE_FIRST, pool, first);

	return r ? r : db_get_i64(s->db, n, e, SQL_FREE_GAP, pool);
}

static int take_free(struct sxc *s, int family, int64_t server, int64_t ps, struct err *e)
{
	autoclean(db_done) struct query q = {0};
	char text[INET6_ADDRSTRLEN];
	struct net net;
	int64_t n;
	int pools = 0, r = db_query(s->db, &q, e, SQL_CANDIDATES, family, server);

	while (r >= 0 && (r = db_next(&q, e)) > 0) {
		pools++;
		if ((r = parse_cidr(db_text(&q, 1), &net, e)) < 0 ||
			(r = free_in(s, db_i64(&q, 0), db_i64(&q, 2), &n, e)) < 0)
			return r;
		if (n > db_i64(&q, 3))
			continue;
		nth(&net, n, text);
		r = db_run(s->db, e, SQL_TAKE, db_i64(&q, 0), n, text, db_ref(ps), db_null());
		return r < 0 ? r : 1;
	}
	if (r == 0 && pools)
		return err_set(e, E_LIMIT, "no IPv%d address is free in %d pool%s", family, pools,
			pools == 1 ? "" : "s");
	return r;
}

int address_take(struct sxc *s, const char *want, int family, int64_t server, int64_t ps,
	struct err *e)
{
	if (want && strcmp(want, "auto") != 0)
		return take_this(s, want, server, ps, NULL, e);
	return take_free(s, family, server, ps, e);
}

int address_release_ps(struct sxc *s, int64_t ps, struct err *e)
{
	return db_run(s->db, e, SQL_RELEASE_PS, ps);
}

int address_reserve(struct sxc *s, const char *ip, const char *note, struct err *e)
{
	autorollback struct sxc *tx = NULL;
	int r = tx_begin(s, e);

	if (r < 0)
		return r;
	tx = s;
	if ((r = take_this(s, ip, 0, 0, note ? note : "reserved", e)) < 0 ||
		(r = audit_add(s, "ip.reserve", ip, NULL, NULL, e)) < 0)
		return r;
	tx = NULL;
	return tx_commit(s, e);
}

static int release_tx(struct sxc *s, const char *ip, struct err *e)
{
	autofree char *holder = NULL;
	int r = db_get_text(s->db, &holder, e, SQL_HOLDER, ip);

	if (r <= 0)
		return r < 0 ? r : err_set(e, E_NOTFOUND, "address %s is not taken", ip);
	if ((r = db_run(s->db, e, SQL_RELEASE, ip)) < 0)
		return r;
	if (db_changes(s->db) == 0)
		return err_set(e, E_INUSE, "address %s belongs to private server %s", ip, holder);
	return audit_add(s, "ip.release", ip, NULL, NULL, e);
}

int address_release(struct sxc *s, const char *ip, struct err *e)
{
	autorollback struct sxc *tx = NULL;
	int r = tx_begin(s, e);

	if (r < 0)
		return r;
	tx = s;
	if ((r = release_tx(s, ip, e)) < 0)
		return r;
	tx = NULL;
	return tx_commit(s, e);
}

/* ---- lists ---- */

int address_pool_list(struct sxc *s, address_row_fn fn, void *arg, struct err *e)
{
	autoclean(db_done) struct query q = {0};
	int r = db_query(s->db, &q, e, SQL_LIST_POOLS);

	while (r >= 0 && (r = db_next(&q, e)) > 0) {
		struct address_pool_row row = {db_text(&q, 0), db_text(&q, 1), db_text(&q, 2),
			db_i64(&q, 3), db_i64(&q, 4)};

		r = fn(arg, &row, e);
	}
	return r;
}

int address_pool_known(struct sxc *s, const char *cidr, struct err *e)
{
	int64_t id;
	int r = db_get_i64(s->db, &id, e, SQL_POOL_ID, cidr);

	return r < 0 ? r : r == 0 ? err_set(e, E_NOTFOUND, "no pool '%.60s'", cidr) : 0;
}

int address_list(struct sxc *s, const char *cidr, address_row_fn fn, void *arg, struct err *e)
{
	autoclean(db_done) struct query q = {0};
	int r = db_query(s->db, &q, e, SQL_LIST, cidr);

	while (r >= 0 && (r = db_next(&q, e)) > 0) {
		struct address_row row = {db_text(&q, 0), db_text(&q, 1), db_text(&q, 2)};

		r = fn(arg, &row, e);
	}
	return r;
}
