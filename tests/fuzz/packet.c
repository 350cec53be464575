/* SPDX-License-Identifier: MIT */
/* A frame of anything judged by the net lock: what passes is its sender's own, by rules written here
 * a second time; nothing is read beyond what may be. */
/* SRCS: kmod/packet.c kmod/bucket.c */
/* CFLAGS: -Ikmod -Ikmod/uapi */
#include "packet.h"

#include <stdlib.h>
#include <string.h>

#include "bucket.h"
#include "fuzz.h"

static const struct sxps_ident who = {
	.has_mac = true,
	.mac = {2, 0, 0, 0, 0, 7},
	.n4 = 2,
	.n6 = 1,
	.v4 = {{198, 51, 100, 7}, {198, 51, 100, 8}},
	.v6 = {{0x20, 0x01, 0x0d, 0xb8, [15] = 7}},
};
static const uint8_t link_local[16] = {0xfe, 0x80, [11] = 0xff, [12] = 0xfe, [15] = 7};
static const uint8_t none[16];

static void must(bool holds)
{
	if (!holds)
		abort();
}

static bool own4(const uint8_t *a)
{
	return memcmp(a, who.v4[0], 4) == 0 || memcmp(a, who.v4[1], 4) == 0;
}

static void check_arp(const uint8_t *p)
{
	must(memcmp(p + 8, who.mac, 6) == 0);
	must(own4(p + 14) || memcmp(p + 14, none, 4) == 0);
}

static void check_passed(const struct sxps_frame *f)
{
	must(!f->tagged && memcmp(f->mac + 6, who.mac, 6) == 0);
	switch (f->proto) {
	case 0x0800:
		must(f->have >= 20 && own4(f->data + 12) && f->data[9] != 41);
		break;
	case 0x86dd:
		must(f->have >= 40);
		must(memcmp(f->data + 8, who.v6[0], 16) == 0 ||
			memcmp(f->data + 8, link_local, 16) == 0 ||
			memcmp(f->data + 8, none, 16) == 0);
		break;
	case 0x0806:
		must(f->have >= 28);
		check_arp(f->data);
		break;
	default:
		abort();
	}
}

/* Of super-packets: a frame at least, and never fewer bytes than there are. */
static void check_sizes(const struct sxps_frame *f, uint32_t gso)
{
	uint32_t headers = gso ? sxps_packet_headers(f) : 0;

	must(sxps_wire_frames(f->len + 14, headers, gso) >= 1);
	must(sxps_wire_bytes(f->len + 14, headers, gso) >= f->len + 14);
}

/* Eight bytes a packet: how long after the last, how large. More than the rate never passes. */
static void check_bucket(const uint8_t *p, size_t n)
{
	struct sxps_bucket b = {0};
	const uint64_t rate = 125000;
	uint64_t now = 1, passed = 0, largest = 0;

	for (; n >= 8; p += 8, n -= 8) {
		uint64_t bytes = 1 + (((uint64_t)p[4] << 8) | p[5]);

		now += ((uint64_t)p[0] << 24) | ((uint64_t)p[1] << 16) | ((uint64_t)p[2] << 8);
		if (sxps_bucket_take(&b, rate, now, bytes))
			passed += bytes;
		largest = bytes > largest ? bytes : largest;
	}
	must(passed <= rate / 4 + 2 * 1514 + largest + rate * (now / 1000000) / 1000 + 1514);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sxps_frame f;

	if (size < 18)
		return 0;
	f = (struct sxps_frame){
		.mac = data + 4,
		.data = data + 18,
		.have = (uint32_t)(size - 18 > SXPS_LOOK ? SXPS_LOOK : size - 18),
		.proto = (uint16_t)(data[16] << 8 | data[17]),
		.tagged = data[0] & 1,
	};
	f.len = f.have + (data[0] & 2 ? data[1] : 0);
	if (sxps_packet_out(&who, &f) == SXPS_PASS)
		check_passed(&f);
	check_sizes(&f, (uint32_t)(data[2] << 8 | data[3]));
	check_bucket(data, size);
	return 0;
}
