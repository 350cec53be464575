/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What may leave a private server: one frame judged by its headers against who may send it.
 * Pure: knows no kernel structure, keeps no state, and compiles in user space too.
 */
#ifndef SXPS_PACKET_H
#define SXPS_PACKET_H

#ifdef __KERNEL__
#include <linux/types.h>
#else
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#endif
#include "sxps.h"

/* Bytes from the network header on that are looked at; headers reaching further are refused. */
#define SXPS_LOOK 256

enum sxps_verdict {
	SXPS_PASS,
#define X(name, text) SXPS_DROP_##name,
	SXPS_DROPS(X)
#undef X
		SXPS_VERDICTS
};

/* Who may send. Addresses in network order. */
struct sxps_ident {
	bool has_mac;
	uint8_t mac[6];
	unsigned int n4, n6;
	uint8_t v4[SXPS_ADDRESSES_MAX][4];
	uint8_t v6[SXPS_ADDRESSES_MAX][16];
};

/* A frame: 14 bytes of Ethernet header, and what follows, of which `have` bytes are readable. */
struct sxps_frame {
	const uint8_t *mac;
	const uint8_t *data;
	uint32_t have;  /* at most len */
	uint32_t len;   /* of the packet, Ethernet header not counted */
	uint16_t proto; /* EtherType in host order, tags already taken off */
	bool tagged;    /* a tag was taken off or travels beside the packet */
};

/* Pass, or the first reason not to. Rules: uapi/sxps.h; formats: RFC 791, 792, 826, 8200, 4443,
 * 4861, 3810, 2131, 8415, 4213. */
enum sxps_verdict sxps_packet_out(const struct sxps_ident *who, const struct sxps_frame *f);

/* Bytes of all headers of a TCP or UDP packet, the Ethernet header's 14 included: what every
 * segment of a super-packet repeats. 0 if it is neither or cannot be told. */
uint32_t sxps_packet_headers(const struct sxps_frame *f);

/* Frames a super-packet of `len` bytes becomes on a wire; `headers` of them are repeated in
 * each, `gso_size` is the payload of one (0: not a super-packet). At least 1. */
uint32_t sxps_wire_frames(uint32_t len, uint32_t headers, uint32_t gso_size);

/* Bytes of those frames together. */
uint64_t sxps_wire_bytes(uint32_t len, uint32_t headers, uint32_t gso_size);

#endif
