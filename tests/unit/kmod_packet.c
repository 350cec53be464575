// SPDX-License-Identifier: MIT
/* The net lock's judgement of frames: what passes, what is dropped, and as what. */
/* SRCS: kmod/packet.c */
/* CFLAGS: -Ikmod -Ikmod/uapi */
/* NOCORE */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "packet.h"

static int failures, tests;

static const struct sxps_ident WHO = {
	.has_mac = true,
	.mac = {2, 0, 0, 0, 0, 7},
	.n4 = 2,
	.n6 = 1,
	.v4 = {{198, 51, 100, 7}, {198, 51, 100, 8}},
	.v6 = {{0x20, 0x01, 0x0d, 0xb8, [15] = 7}},
};

static const char *const NAMES[SXPS_VERDICTS] = {"pass",
#define X(name, text) text,
	SXPS_DROPS(X)
#undef X
};

struct buf {
	uint8_t b[2048];
	uint32_t n;
};

/* Frames are written in hex with blanks; ME4, ME6, LL6, MAC and the like stand for addresses. */
static const struct {
	const char *word, *hex;
} WORDS[] = {
	{"HOSTMAC", "02ffffffffff"},
	{"MAC", "020000000007"},
	{"BADMAC", "020000000008"},
	{"ME4", "c6336407"},
	{"GW4", "c6336401"},
	{"BAD4", "c6336409"},
	{"ME6", "20010db8000000000000000000000007"},
	{"BAD6", "20010db8000000000000000000000008"},
	{"LL6", "fe80000000000000000000fffe000007"},
	{"BADLL6", "fe80000000000000000000fffe000008"},
	{"ALL6", "ff020000000000000000000000000001"},
	{"ANY6", "00000000000000000000000000000000"},
	{"TCP", "0050005000000000000000005010000000000000"},
	{"ZERO8", "0000000000000000"},
};

static void put_hex(struct buf *f, const char *hex, size_t n)
{
	for (size_t i = 0; i + 1 < n; i += 2) {
		char two[3] = {hex[i], hex[i + 1], 0};

		f->b[f->n++] = (uint8_t)strtoul(two, NULL, 16);
	}
}

static void put(struct buf *f, const char *text)
{
	while (*text) {
		size_t n = strcspn(text, " ");
		const char *hex = text;
		size_t len = n;

		for (size_t i = 0; i < sizeof(WORDS) / sizeof(WORDS[0]); i++)
			if (strlen(WORDS[i].word) == n && !strncmp(WORDS[i].word, text, n)) {
				hex = WORDS[i].hex;
				len = strlen(hex);
			}
		put_hex(f, hex, len);
		text += n + strspn(text + n, " ");
	}
}

/* Length fields of IPv4 and IPv6 that were written as ffff become right. */
static void fix_length(struct buf *f)
{
	uint16_t proto = (uint16_t)(f->b[12] << 8 | f->b[13]);
	uint32_t at = proto == 0x0800 ? 16 : 18;
	uint32_t n = proto == 0x0800 ? f->n - 14 : f->n - 54;

	if ((proto != 0x0800 && proto != 0x86dd) || f->n < at + 2)
		return;
	if (f->b[at] == 0xff && f->b[at + 1] == 0xff) {
		f->b[at] = (uint8_t)(n >> 8);
		f->b[at + 1] = (uint8_t)n;
	}
}

static struct sxps_frame frame_of(const struct buf *f, uint8_t *exact)
{
	uint32_t len = f->n - 14;
	uint32_t have = len < SXPS_LOOK ? len : SXPS_LOOK;

	memcpy(exact, f->b + 14, have);
	return (struct sxps_frame){
		.mac = f->b,
		.data = exact,
		.have = have,
		.len = len,
		.proto = (uint16_t)(f->b[12] << 8 | f->b[13]),
	};
}

/* On an allocation of just its size, so that a read beyond it is seen by the sanitizers. */
static enum sxps_verdict judge(const struct buf *b)
{
	uint8_t *exact = malloc(b->n - 14 + 1);
	struct sxps_frame f = frame_of(b, exact);
	enum sxps_verdict v = sxps_packet_out(&WHO, &f);

	free(exact);
	return v;
}

static void expect(const char *what, enum sxps_verdict want, const char *text)
{
	struct buf f = {.n = 0};
	enum sxps_verdict got;

	put(&f, text);
	fix_length(&f);
	got = judge(&f);
	tests++;
	if (got != want)
		failures++;
	printf("%s %d - %s: %s", got == want ? "ok" : "not ok", tests, what, NAMES[got]);
	printf(got == want ? "\n" : ", not %s\n", NAMES[want]);
}

#define E4                     "HOSTMAC MAC 0800 "
#define E6                     "HOSTMAC MAC 86dd "
#define IP4(p)                 E4 "4500 ffff 0000 0000 40 " p " 0000 "
#define IP6(n)                 E6 "60000000 ffff " n " ff "
#define ARP(op)                "HOSTMAC MAC 0806 0001 0800 06 04 " op " "
#define UDP(s, d)              s d "0008 0000"
#define PASS(what, text)       expect(what, SXPS_PASS, text)
#define DROP(kind, what, text) expect(what, SXPS_DROP_##kind, text)

static void ethernet(void)
{
	PASS("tcp", IP4("06") "ME4 GW4 TCP");
	DROP(MAC, "foreign mac", "HOSTMAC BADMAC 0800 4500 ffff 0000 0000 40 06 0000 ME4 GW4 TCP");
	DROP(VLAN, "vlan", "HOSTMAC MAC 8100 0001 0800 4500");
	DROP(VLAN, "qinq", "HOSTMAC MAC 88a8 0001 8100 0001 0800");
	DROP(VLAN, "old qinq", "HOSTMAC MAC 9100 0001 0800");
	DROP(ETHERTYPE, "lldp", "HOSTMAC MAC 88cc 0207");
	DROP(ETHERTYPE, "rarp", "HOSTMAC MAC 8035 0001");
	DROP(ETHERTYPE, "802.3", "HOSTMAC MAC 0026 424203");
}

static void arp(void)
{
	PASS("request", ARP("0001") "MAC ME4 000000000000 GW4");
	PASS("reply", ARP("0002") "MAC ME4 HOSTMAC GW4");
	PASS("probe", ARP("0001") "MAC 00000000 000000000000 ME4");
	DROP(ARP, "probe for another's", ARP("0001") "MAC 00000000 000000000000 BAD4");
	DROP(ARP, "another's address", ARP("0002") "MAC BAD4 HOSTMAC GW4");
	DROP(ARP, "another's mac inside", ARP("0002") "BADMAC ME4 HOSTMAC GW4");
	DROP(ARP, "rarp operation", ARP("0003") "MAC ME4 HOSTMAC GW4");
	DROP(ARP, "other hardware", "HOSTMAC MAC 0806 0006 0800 06 04 0001 MAC ME4 HOSTMAC GW4");
	DROP(MALFORMED, "short", ARP("0001") "MAC ME4 000000000000 c633");
}

static void ip4(void)
{
	PASS("udp", IP4("11") "ME4 GW4 " UDP("1000", "0035"));
	PASS("second address", IP4("01") "c6336408 GW4 08000000 00000000");
	DROP(SOURCE, "foreign", IP4("06") "BAD4 GW4 TCP");
	DROP(SOURCE, "unspecified", IP4("11") "00000000 ffffffff " UDP("0044", "0043"));
	DROP(REDIRECT, "redirect", IP4("01") "ME4 GW4 05010000 00000000");
	DROP(RA, "router advertisement", IP4("01") "ME4 GW4 09000000 00000000");
	DROP(DHCP, "offer", IP4("11") "ME4 ffffffff " UDP("0043", "0044"));
	DROP(DHCP, "offer from elsewhere", IP4("11") "ME4 ffffffff " UDP("1000", "0044"));
	DROP(DHCP, "to a relay", IP4("11") "ME4 GW4 " UDP("0043", "0043"));
	DROP(6IN4, "6in4", IP4("29") "ME4 GW4 60000000");
	DROP(MALFORMED, "short udp", IP4("11") "ME4 GW4 0043");
	DROP(MALFORMED, "empty", E4 "");
	DROP(MALFORMED, "19 bytes", E4 "4500 0014 0000 0000 40 06 0000 ME4 c63364");
	DROP(MALFORMED, "version 6", E4 "6500 ffff 0000 0000 40 06 0000 ME4 GW4 TCP");
	DROP(MALFORMED, "header of 16", E4 "4400 ffff 0000 0000 40 06 0000 ME4 GW4 TCP");
	DROP(MALFORMED, "options cut off", E4 "4f00 0014 0000 0000 40 06 0000 ME4 GW4");
	DROP(MALFORMED, "longer than it is", E4 "4500 0100 0000 0000 40 06 0000 ME4 GW4 TCP");
	DROP(MALFORMED, "length hides udp",
		E4 "4500 0016 0000 0000 40 11 0000 ME4 GW4 " UDP("0043", "0044"));
	PASS("padding", E4 "4500 001c 0000 0000 40 11 0000 ME4 GW4 " UDP("1000", "0035") " ZERO8");
	DROP(DHCP, "behind options",
		E4 "4600 ffff 0000 0000 40 11 0000 ME4 GW4 94040000 " UDP("0043", "0044"));
}

static void fragments4(void)
{
	PASS("first", E4 "4500 ffff 0000 2000 40 11 0000 ME4 GW4 " UDP("1000", "0035"));
	PASS("later", E4 "4500 ffff 0000 0010 40 11 0000 ME4 GW4 0043 0044");
	DROP(DHCP, "first of dhcp",
		E4 "4500 ffff 0000 2000 40 11 0000 ME4 GW4 " UDP("0043", "0044"));
	DROP(SOURCE, "later, foreign", E4 "4500 ffff 0000 0010 40 11 0000 BAD4 GW4 0043");
	DROP(MALFORMED, "tiny first", E4 "4500 ffff 0000 2000 40 06 0000 ME4 GW4 ZERO8");
	DROP(6IN4, "later 6in4", E4 "4500 ffff 0000 0010 40 29 0000 ME4 GW4 0043");
}

static void ip6(void)
{
	PASS("tcp", IP6("06") "ME6 BAD6 TCP");
	DROP(SOURCE, "foreign", IP6("06") "BAD6 ME6 TCP");
	DROP(SOURCE, "link-local tcp", IP6("06") "LL6 BAD6 TCP");
	DROP(SOURCE, "unspecified udp", IP6("11") "ANY6 ALL6 " UDP("1000", "0035"));
	DROP(DHCP, "advertise", IP6("11") "LL6 ALL6 " UDP("0223", "0222"));
	DROP(DHCP, "to a client's port", IP6("11") "ME6 ALL6 " UDP("1000", "0222"));
	DROP(6IN4, "6in6", IP6("29") "ME6 BAD6 60000000");
	DROP(MALFORMED, "short", E6 "60000000 0000 3b ff ME6");
	DROP(MALFORMED, "version 4", E6 "40000000 ffff 06 ff ME6 BAD6 TCP");
	DROP(MALFORMED, "longer than it is", E6 "60000000 0100 06 ff ME6 BAD6 TCP");
	DROP(MALFORMED, "length 0 hides udp",
		E6 "60000000 0000 11 ff ME6 BAD6 0223 0222 0008 0000");
	PASS("nothing inside", IP6("3b") "ME6 BAD6");
	PASS("echo", IP6("3a") "ME6 BAD6 80000000 00000000");
	DROP(SOURCE, "echo from link-local", IP6("3a") "LL6 BAD6 80000000 00000000");
}

static void chains(void)
{
	PASS("hop options", IP6("00") "ME6 BAD6 0600 0104 00000000 TCP");
	DROP(DHCP, "options before udp",
		IP6("00") "ME6 ALL6 3c00 010400000000 1100 010400000000 " UDP("0223", "0222"));
	DROP(RA, "options before ra", IP6("3c") "ME6 ALL6 3a00 010400000000 86000000 00000000");
	DROP(MALFORMED, "hop options later",
		IP6("3c") "ME6 BAD6 0000 010400000000 0600 010400000000 TCP");
	DROP(MALFORMED, "cut off", IP6("3c") "ME6 BAD6 0601 010400000000");
	DROP(MALFORMED, "beyond what is looked at", IP6("3c") "ME6 BAD6 06ff 010400000000 TCP");
	DROP(MALFORMED, "too many",
		IP6("3c") "ME6 BAD6 3c00 010400000000 3c00 010400000000 3c00 010400000000 "
			  "3c00 010400000000 3c00 010400000000 3c00 010400000000 "
			  "3c00 010400000000 3c00 010400000000 0600 010400000000 TCP");
	PASS("first fragment", IP6("2c") "ME6 BAD6 0600 0001 00000000 TCP");
	PASS("later fragment", IP6("2c") "ME6 BAD6 1100 0500 00000000 0223 0222");
	DROP(MALFORMED, "overlapping fragment", IP6("2c") "ME6 BAD6 1100 0008 00000000 0223 0222");
	DROP(MALFORMED, "tiny first fragment", IP6("2c") "ME6 BAD6 1100 0001 00000000 0223");
	DROP(MALFORMED, "fragment in fragment",
		IP6("2c") "ME6 BAD6 2c00 0001 00000000 0600 0000 00000000 TCP");
	DROP(SOURCE, "later fragment, link-local", IP6("2c") "LL6 ALL6 3a00 0500 00000000 8700");
	DROP(DHCP, "dhcp in fragment",
		IP6("2c") "ME6 ALL6 1100 0001 00000000 " UDP("0223", "0222"));
	DROP(ND, "solicitation in atomic fragment",
		IP6("2c") "ME6 ALL6 3a00 0000 00000000 87000000 00000000 ME6");
	DROP(DHCP, "behind authentication",
		IP6("33") "ME6 ALL6 1104 0000 ZERO8 ZERO8 00000000 " UDP("0223", "0222"));
}

static void neighbours(void)
{
	PASS("solicitation", IP6("3a") "LL6 ALL6 87000000 00000000 BAD6 0101 MAC");
	PASS("from own address", IP6("3a") "ME6 ALL6 87000000 00000000 BAD6 0101 MAC");
	PASS("dad", IP6("3a") "ANY6 ALL6 87000000 00000000 ME6");
	PASS("dad of link-local", IP6("3a") "ANY6 ALL6 87000000 00000000 LL6");
	PASS("dad with nonce", IP6("3a") "ANY6 ALL6 87000000 00000000 ME6 0e01 000000000001");
	DROP(ND, "dad of another's", IP6("3a") "ANY6 ALL6 87000000 00000000 BAD6");
	DROP(ND, "dad with link layer", IP6("3a") "ANY6 ALL6 87000000 00000000 ME6 0101 MAC");
	DROP(ND, "another's mac", IP6("3a") "LL6 ALL6 87000000 00000000 ME6 0101 BADMAC");
	DROP(ND, "option of nothing", IP6("3a") "LL6 ALL6 87000000 00000000 ME6 0100 MAC");
	DROP(ND, "option cut off", IP6("3a") "LL6 ALL6 87000000 00000000 ME6 0101");
	DROP(SOURCE, "another's link-local",
		IP6("3a") "BADLL6 ALL6 87000000 00000000 ME6 0101 MAC");
	PASS("advertisement", IP6("3a") "ME6 ALL6 88000000 60000000 ME6 0201 MAC");
	PASS("of link-local", IP6("3a") "LL6 ALL6 88000000 60000000 LL6 0201 MAC");
	DROP(ND, "of another's", IP6("3a") "ME6 ALL6 88000000 60000000 BAD6 0201 MAC");
	DROP(ND, "with another's mac", IP6("3a") "ME6 ALL6 88000000 60000000 ME6 0201 BADMAC");
	DROP(ND, "as a router", IP6("3a") "ME6 ALL6 88000000 e0000000 ME6 0201 MAC");
	DROP(ND, "hop limit 64", E6 "60000000 ffff 3a 40 ME6 ALL6 88000000 60000000 ME6 0201 MAC");
	DROP(MALFORMED, "short", IP6("3a") "ME6 ALL6 88000000 60000000 20010db8");
	PASS("router solicitation", IP6("3a") "LL6 ALL6 85000000 00000000 0101 MAC");
	DROP(ND, "router solicitation, mac", IP6("3a") "LL6 ALL6 85000000 00000000 0101 BADMAC");
	DROP(RA, "router advertisement", IP6("3a") "LL6 ALL6 86000000 00000000 ZERO8");
	DROP(RA, "renumbering", IP6("3a") "ME6 ALL6 8a000000 00000000");
	DROP(REDIRECT, "redirect", IP6("3a") "LL6 ALL6 89000000 00000000 ZERO8");
	DROP(ND, "mld query", IP6("3a") "LL6 ALL6 82000000 00000000 ANY6");
	PASS("mld report", IP6("00") "LL6 ALL6 3a00 050200000100 8f000000 00000000");
	PASS("mld report from none", IP6("00") "ANY6 ALL6 3a00 050200000100 8f000000 00000000");
}

static void equal(const char *what, uint64_t got, uint64_t want)
{
	tests++;
	if (got != want)
		failures++;
	printf("%s %d - %s: %llu", got == want ? "ok" : "not ok", tests, what,
		(unsigned long long)got);
	printf(got == want ? "\n" : ", not %llu\n", (unsigned long long)want);
}

static uint32_t headers_of(const char *text)
{
	struct buf b = {.n = 0};
	uint8_t exact[SXPS_LOOK];
	struct sxps_frame f;

	put(&b, text);
	fix_length(&b);
	f = frame_of(&b, exact);
	return sxps_packet_headers(&f);
}

static void lengths(void)
{
	equal("tcp4 headers", headers_of(IP4("06") "ME4 GW4 TCP"), 54);
	equal("tcp6 headers", headers_of(IP6("06") "ME6 BAD6 TCP"), 74);
	equal("udp4 headers", headers_of(IP4("11") "ME4 GW4 " UDP("1000", "0035")), 42);
	equal("arp has none", headers_of(ARP("0001") "MAC ME4 000000000000 GW4"), 0);
	equal("no super-packet", sxps_wire_bytes(1514, 54, 0), 1514);
	equal("one segment", sxps_wire_bytes(1514, 54, 1460), 1514);
	equal("ten segments", sxps_wire_bytes(54 + 14600, 54, 1460), 15140);
	equal("ten and a byte", sxps_wire_bytes(54 + 14601, 54, 1460), 15140 + 55);
	equal("frames", sxps_wire_frames(54 + 14601, 54, 1460), 11);
	equal("headers unknown", sxps_wire_bytes(65000, 0, 1460), 65000);
	equal("only headers", sxps_wire_bytes(54, 54, 1460), 54);
}

static void unset(void)
{
	struct sxps_ident nobody = WHO;
	struct buf b = {.n = 0};
	uint8_t exact[SXPS_LOOK];
	struct sxps_frame f;

	put(&b, IP4("06") "ME4 GW4 TCP");
	fix_length(&b);
	f = frame_of(&b, exact);
	nobody.has_mac = false;
	equal("no mac yet", sxps_packet_out(&nobody, &f), SXPS_DROP_UNSET);
	f.tagged = true;
	equal("tag beside the packet", sxps_packet_out(&WHO, &f), SXPS_DROP_VLAN);
}

/* Whatever the bytes: no read outside, and nothing passes from a foreign source. */
static void noise(void)
{
	static const char *const seeds[] = {
		IP6("00") "ME6 BAD6 3c00 010400000000 2c00 010400000000 0600 0001 00000000 TCP",
		IP6("3a") "LL6 ALL6 87000000 00000000 ME6 0101 MAC 0e01 000000000001",
		IP4("11") "BAD4 GW4 " UDP("1000", "0035"),
	};
	bool leaked = false;

	srand(20);
	for (int i = 0; i < 300000; i++) {
		struct buf b = {.n = 0};

		put(&b, seeds[i % 3]);
		fix_length(&b);
		for (int k = rand() % 6; k > 0; k--)
			b.b[14 + rand() % (int)(b.n - 14)] = (uint8_t)rand();
		b.n = 14 + (uint32_t)rand() % (b.n - 13);
		if (judge(&b) == SXPS_PASS && b.b[12] == 8 && memcmp(b.b + 26, WHO.v4[0], 4) &&
			memcmp(b.b + 26, WHO.v4[1], 4))
			leaked = true;
	}
	equal("noise with a foreign source that passed", leaked, 0);
}

int main(void)
{
	ethernet();
	arp();
	ip4();
	fragments4();
	ip6();
	chains();
	neighbours();
	lengths();
	unset();
	noise();
	printf("1..%d\n", tests);
	return failures ? EXIT_FAILURE : EXIT_SUCCESS;
}
