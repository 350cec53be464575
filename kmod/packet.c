// SPDX-License-Identifier: GPL-2.0
#ifdef __KERNEL__
#include <linux/string.h>
#else
#include <string.h>
#endif
#include "packet.h"

enum { ETH_LEN = 14, IP4_MIN = 20, IP6_LEN = 40, CHAIN_MAX = 8 };
enum {
	TYPE_IP4 = 0x0800,
	TYPE_ARP = 0x0806,
	TYPE_VLAN = 0x8100,
	TYPE_IP6 = 0x86dd,
	TYPE_QINQ = 0x88a8,
	TYPE_QINQ_OLD = 0x9100,
};
enum {
	NEXT_HOP = 0,
	NEXT_ICMP = 1,
	NEXT_TCP = 6,
	NEXT_UDP = 17,
	NEXT_IP6 = 41,
	NEXT_ROUTING = 43,
	NEXT_FRAGMENT = 44,
	NEXT_AH = 51,
	NEXT_ICMP6 = 58,
	NEXT_OPTIONS = 60,
	NEXT_MOBILITY = 135,
	NEXT_HIP = 139,
	NEXT_SHIM6 = 140,
};
enum {
	ICMP_IS_REDIRECT = 5,
	ICMP_IS_RA = 9,
	MLD_QUERY = 130,
	MLD_REPORT = 131,
	MLD_DONE = 132,
	ND_RS = 133,
	ND_RA = 134,
	ND_NS = 135,
	ND_NA = 136,
	ND_REDIRECT = 137,
	ROUTER_RENUMBERING = 138,
	IND_SOLICIT = 141,
	IND_ADVERT = 142,
	MLD2_REPORT = 143,
	MRD_ADVERT = 151,
};
enum { OPT_SOURCE_LL = 1, OPT_TARGET_LL = 2 };

/* The part of a packet that is still to be read: never past what is there, nor past what its
 * own length field claims. */
struct view {
	const uint8_t *data;
	uint32_t end;
	uint32_t at;     /* start of the transport header, once found */
	uint8_t next;    /* its protocol */
	bool fragment;   /* is one of several, or carries a fragment header */
	bool later_part; /* not the first fragment: there is no transport header */
};

static uint16_t get16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static bool has(const struct view *v, uint32_t at, uint32_t n)
{
	return at <= v->end && v->end - at >= n;
}

static void view_init(struct view *v, const struct sxps_frame *f)
{
	memset(v, 0, sizeof(*v));
	v->data = f->data;
	v->end = f->have;
}

/* The view ends where the packet says it does: what follows is padding. */
static void clip(struct view *v, uint32_t claimed)
{
	if (v->end > claimed)
		v->end = claimed;
}

/* ---- IPv4 and IPv6 down to the transport header ---- */

static bool parse_ip4(struct view *v, const struct sxps_frame *f)
{
	const uint8_t *p = f->data;
	uint32_t header, total;

	if (!has(v, 0, IP4_MIN) || p[0] >> 4 != 4)
		return false;
	header = (uint32_t)(p[0] & 15) * 4;
	total = get16(p + 2);
	/* Super-packets longer than the field can say carry 0 there. */
	if (!total && f->len > 65535)
		total = f->len;
	if (header < IP4_MIN || total < header || total > f->len || !has(v, 0, header))
		return false;
	clip(v, total);
	v->at = header;
	v->next = p[9];
	v->fragment = get16(p + 6) & 0x3fff;
	v->later_part = get16(p + 6) & 0x1fff;
	return true;
}

/* An overlapping later part could rewrite headers that were judged in the first one: it has to
 * start behind all that is looked at. */
static bool parse_fragment(struct view *v)
{
	uint16_t word = get16(v->data + v->at + 2);

	v->fragment = true;
	v->later_part = word & 0xfff8;
	return !v->later_part || (word & 0xfff8) >= SXPS_LOOK;
}

/* Length of the extension header at v->at, 0 if it is none, -1 if it is cut off. */
static int extension(const struct view *v)
{
	const uint8_t *p = v->data + v->at;

	switch (v->next) {
	case NEXT_HOP:
	case NEXT_ROUTING:
	case NEXT_OPTIONS:
	case NEXT_MOBILITY:
	case NEXT_HIP:
	case NEXT_SHIM6:
		return has(v, v->at, 8) ? (p[1] + 1) * 8 : -1;
	case NEXT_FRAGMENT:
		return has(v, v->at, 8) ? 8 : -1;
	case NEXT_AH:
		return has(v, v->at, 8) ? (p[1] + 2) * 4 : -1;
	default:
		return 0;
	}
}

static bool walk_chain(struct view *v)
{
	for (int i = 0; i <= CHAIN_MAX; i++) {
		int n = extension(v);

		if (n == 0)
			return true;
		if (n < 0 || !has(v, v->at, (uint32_t)n) || (v->next == NEXT_HOP && i > 0))
			return false;
		if (v->next == NEXT_FRAGMENT && (v->fragment || !parse_fragment(v)))
			return false;
		v->next = v->data[v->at];
		v->at += (uint32_t)n;
		if (v->later_part)
			return true;
	}
	return false;
}

static bool parse_ip6(struct view *v, const struct sxps_frame *f)
{
	const uint8_t *p = f->data;
	uint32_t payload;

	if (!has(v, 0, IP6_LEN) || p[0] >> 4 != 6)
		return false;
	payload = get16(p + 4);
	/* Jumbo super-packets carry 0 there. */
	if (!payload && f->len > IP6_LEN + 65535)
		payload = f->len - IP6_LEN;
	if (payload > f->len - IP6_LEN)
		return false;
	clip(v, IP6_LEN + payload);
	v->at = IP6_LEN;
	v->next = p[6];
	return walk_chain(v);
}

/* ---- whose is it ---- */

static bool owns4(const struct sxps_ident *who, const uint8_t *a)
{
	for (unsigned int i = 0; i < who->n4; i++)
		if (!memcmp(who->v4[i], a, 4))
			return true;
	return false;
}

static bool owns6(const struct sxps_ident *who, const uint8_t *a)
{
	for (unsigned int i = 0; i < who->n6; i++)
		if (!memcmp(who->v6[i], a, 16))
			return true;
	return false;
}

static bool unspecified(const uint8_t *a, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (a[i])
			return false;
	return true;
}

/* The link-local address of the MAC: RFC 4291, appendix A. */
static bool own_link_local(const struct sxps_ident *who, const uint8_t *a)
{
	const uint8_t *m = who->mac;
	const uint8_t ll[16] = {0xfe, 0x80, [8] = m[0] ^ 2, m[1], m[2], 0xff, 0xfe, m[3], m[4],
		m[5]};

	return !memcmp(ll, a, 16);
}

/* ---- what it says ---- */

static enum sxps_verdict judge_arp(const struct sxps_ident *who, const struct sxps_frame *f)
{
	static const uint8_t wanted[6] = {0, 1, 8, 0, 6, 4}; /* Ethernet, IPv4 */
	const uint8_t *p = f->data;
	uint16_t op;

	if (f->have < 28)
		return SXPS_DROP_MALFORMED;
	op = get16(p + 6);
	if (memcmp(p, wanted, 6) || (op != 1 && op != 2) || memcmp(p + 8, who->mac, 6))
		return SXPS_DROP_ARP;
	if (owns4(who, p + 14))
		return SXPS_PASS;
	/* A probe (RFC 5227) asks for its own address, from none. */
	if (op == 1 && unspecified(p + 14, 4) && owns4(who, p + 24))
		return SXPS_PASS;
	return SXPS_DROP_ARP;
}

/* What only servers send, or send to: to a client's port, or from a server's. */
static bool is_dhcp_answer(const uint8_t *udp, unsigned int server, unsigned int client)
{
	return get16(udp) == server || get16(udp + 2) == client;
}

static enum sxps_verdict judge_transport4(const struct view *v)
{
	const uint8_t *p = v->data + v->at;

	if (v->next == NEXT_IP6)
		return SXPS_DROP_6IN4;
	if (v->later_part)
		return SXPS_PASS;
	if (v->next == NEXT_UDP) {
		if (!has(v, v->at, 8))
			return SXPS_DROP_MALFORMED;
		return is_dhcp_answer(p, 67, 68) ? SXPS_DROP_DHCP : SXPS_PASS;
	}
	if (v->next == NEXT_ICMP) {
		if (!has(v, v->at, 8))
			return SXPS_DROP_MALFORMED;
		if (p[0] == ICMP_IS_REDIRECT)
			return SXPS_DROP_REDIRECT;
		return p[0] == ICMP_IS_RA ? SXPS_DROP_RA : SXPS_PASS;
	}
	if (v->next == NEXT_TCP && !has(v, v->at, 20))
		return SXPS_DROP_MALFORMED;
	return SXPS_PASS;
}

static enum sxps_verdict judge_ip4(const struct sxps_ident *who, const struct sxps_frame *f)
{
	struct view v;

	view_init(&v, f);
	if (!parse_ip4(&v, f))
		return SXPS_DROP_MALFORMED;
	if (!owns4(who, f->data + 12))
		return SXPS_DROP_SOURCE;
	return judge_transport4(&v);
}

/* Options from `at` to the end: link-layer addresses must be the MAC's; `silent`: there may be
 * none (RFC 4861, 4.3: no source option from the unspecified address). */
static bool nd_options_fit(const struct sxps_ident *who, const struct view *v, uint32_t at,
	bool silent)
{
	while (at < v->end) {
		const uint8_t *p = v->data + at;
		uint32_t n;

		if (!has(v, at, 8))
			return false;
		n = p[1] * 8u;
		if (!n || !has(v, at, n))
			return false;
		if ((p[0] == OPT_SOURCE_LL || p[0] == OPT_TARGET_LL) &&
			(silent || n != 8 || memcmp(p + 2, who->mac, 6)))
			return false;
		at += n;
	}
	return true;
}

/* Neighbour and router solicitation, neighbour advertisement. They are never in fragments
 * (RFC 6980) and never come over a router: hop limit 255. */
static enum sxps_verdict judge_nd(const struct sxps_ident *who, const struct view *v)
{
	const uint8_t *p = v->data + v->at;
	bool silent = unspecified(v->data + 8, 16);
	uint32_t fixed = p[0] == ND_RS ? 8 : 24;
	bool own;

	if (!has(v, v->at, fixed))
		return SXPS_DROP_MALFORMED;
	if (v->fragment || v->data[7] != 255 || p[1])
		return SXPS_DROP_ND;
	own = fixed == 24 && (owns6(who, p + 8) || own_link_local(who, p + 8));
	if (p[0] == ND_NS && silent && !own)
		return SXPS_DROP_ND;
	if (p[0] == ND_NA && (!own || silent || p[4] & 0x80))
		return SXPS_DROP_ND;
	return nd_options_fit(who, v, v->at + fixed, silent) ? SXPS_PASS : SXPS_DROP_ND;
}

static enum sxps_verdict judge_icmp6(const struct sxps_ident *who, const struct view *v)
{
	if (!has(v, v->at, 8))
		return SXPS_DROP_MALFORMED;
	switch (v->data[v->at]) {
	case ND_RA:
	case ROUTER_RENUMBERING:
	case MRD_ADVERT:
		return SXPS_DROP_RA;
	case ND_REDIRECT:
		return SXPS_DROP_REDIRECT;
	case MLD_QUERY:
	case IND_SOLICIT:
	case IND_ADVERT:
		return SXPS_DROP_ND;
	case ND_RS:
	case ND_NS:
	case ND_NA:
		return judge_nd(who, v);
	default:
		return SXPS_PASS;
	}
}

static enum sxps_verdict judge_transport6(const struct sxps_ident *who, const struct view *v)
{
	if (v->later_part)
		return SXPS_PASS;
	switch (v->next) {
	case NEXT_IP6:
		return SXPS_DROP_6IN4;
	case NEXT_ICMP6:
		return judge_icmp6(who, v);
	case NEXT_UDP:
		if (!has(v, v->at, 8))
			return SXPS_DROP_MALFORMED;
		return is_dhcp_answer(v->data + v->at, 547, 546) ? SXPS_DROP_DHCP : SXPS_PASS;
	case NEXT_TCP:
		return has(v, v->at, 20) ? SXPS_PASS : SXPS_DROP_MALFORMED;
	default:
		return SXPS_PASS;
	}
}

/* What IPv6 itself sends before, or beside, having an address. */
static bool is_housekeeping(const struct view *v)
{
	if (v->later_part || v->fragment || v->next != NEXT_ICMP6 || !has(v, v->at, 1))
		return false;
	switch (v->data[v->at]) {
	case ND_RS:
	case ND_NS:
	case ND_NA:
	case MLD_REPORT:
	case MLD_DONE:
	case MLD2_REPORT:
		return true;
	default:
		return false;
	}
}

/* A forged advertisement is counted as what it is, whatever its source says. */
static enum sxps_verdict judge_ip6(const struct sxps_ident *who, const struct sxps_frame *f)
{
	const uint8_t *source = f->data + 8;
	enum sxps_verdict verdict;
	struct view v;

	view_init(&v, f);
	if (!parse_ip6(&v, f))
		return SXPS_DROP_MALFORMED;
	verdict = judge_transport6(who, &v);
	if (verdict != SXPS_PASS || owns6(who, source))
		return verdict;
	if ((unspecified(source, 16) || own_link_local(who, source)) && is_housekeeping(&v))
		return SXPS_PASS;
	return SXPS_DROP_SOURCE;
}

enum sxps_verdict sxps_packet_out(const struct sxps_ident *who, const struct sxps_frame *f)
{
	if (!who->has_mac)
		return SXPS_DROP_UNSET;
	if (f->tagged || f->proto == TYPE_VLAN || f->proto == TYPE_QINQ ||
		f->proto == TYPE_QINQ_OLD)
		return SXPS_DROP_VLAN;
	if (memcmp(f->mac + 6, who->mac, 6))
		return SXPS_DROP_MAC;
	switch (f->proto) {
	case TYPE_IP4:
		return judge_ip4(who, f);
	case TYPE_IP6:
		return judge_ip6(who, f);
	case TYPE_ARP:
		return judge_arp(who, f);
	default:
		return SXPS_DROP_ETHERTYPE;
	}
}

/* ---- lengths on the wire ---- */

uint32_t sxps_packet_headers(const struct sxps_frame *f)
{
	struct view v;
	bool found;

	view_init(&v, f);
	if (f->proto == TYPE_IP4)
		found = parse_ip4(&v, f);
	else
		found = f->proto == TYPE_IP6 && parse_ip6(&v, f);
	if (!found || v.later_part)
		return 0;
	if (v.next == NEXT_UDP)
		return ETH_LEN + v.at + 8;
	if (v.next == NEXT_TCP && has(&v, v.at, 20))
		return ETH_LEN + v.at + (v.data[v.at + 12] >> 4) * 4u;
	return 0;
}

uint32_t sxps_wire_frames(uint32_t len, uint32_t headers, uint32_t gso_size)
{
	uint32_t payload;

	if (!gso_size || !headers || len <= headers)
		return 1;
	payload = len - headers;
	return payload / gso_size + (payload % gso_size != 0);
}

uint64_t sxps_wire_bytes(uint32_t len, uint32_t headers, uint32_t gso_size)
{
	return len + (uint64_t)(sxps_wire_frames(len, headers, gso_size) - 1) * headers;
}
