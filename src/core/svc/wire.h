/* SPDX-License-Identifier: MIT */
/*
 * wire - the frames that control center and agent exchange; sxc-agent(8) has them byte by byte.
 *
 * A frame: u32 length of all that follows, u8 kind, u32 id of the request it belongs to, payload.
 * Numbers are big-endian. Used on both sides; what arrives is trusted in nothing.
 * Must not know about: connections, descriptors, operations.
 */
#ifndef SXC_SVC_WIRE_H
#define SXC_SVC_WIRE_H

#include <stddef.h>
#include <stdint.h>

#include "svc/msg.h"
#include "util/err.h"
#include "util/str.h"

#define WIRE_VERSION 1

enum wire_kind {
	WIRE_HELLO = 1,    /* msg: wire i, version t, … ; the first frame of each side, id 0 */
	WIRE_REQUEST = 2,  /* msg: op t, job t (may lack), req m */
	WIRE_PROGRESS = 3, /* msg: step t, done i, total i */
	WIRE_DATA = 4,     /* u8 descriptor (1 or 2), raw bytes */
	WIRE_INPUT = 5,    /* raw bytes; none: the end of the input */
	WIRE_ANSWER = 6,   /* msg: the operation's answer */
	WIRE_ERROR = 7,    /* msg: code i, message t */
	WIRE_CANCEL = 8,   /* nothing */
	WIRE_WINDOW = 9,   /* msg: rows i, cols i: the terminal has a new size */
};

#define WIRE_HEAD        9                     /* bytes before the payload */
#define WIRE_MAX_PAYLOAD (MSG_MAX_SIZE + 4096) /* bytes */
#define WIRE_CHUNK       (128u << 10)          /* bytes of data in one frame, as we send them */

struct wire_frame {
	enum wire_kind kind;
	uint32_t id;
	const unsigned char *p; /* payload, borrowed until the next wire_feed */
	size_t n;
};

/* Append a frame to s. n is at most WIRE_MAX_PAYLOAD. */
void wire_add(struct str *s, enum wire_kind kind, uint32_t id, const void *p, size_t n);
/* Append a frame whose payload is a message. E_LIMIT when it is too large; s is unchanged then. */
int wire_add_msg(struct str *s, enum wire_kind kind, uint32_t id, const struct msg *m,
	struct err *e);

/* Bytes that have arrived, cut into frames. Zeroed is empty. */
struct wire_in {
	struct str buf;
	size_t off; /* bytes of buf consumed */
};
void wire_in_release(struct wire_in *in);
/* Where to read up to *n bytes into (room for at least 64 KiB); then wire_fed(in, count). */
void *wire_room(struct wire_in *in, size_t *n);
void wire_fed(struct wire_in *in, size_t n);
/* 1 and the next frame, 0 when it is not complete yet, E_INTEGRITY for what is no frame. */
int wire_next(struct wire_in *in, struct wire_frame *f, struct err *e);
/* Bytes held that are not consumed yet. */
size_t wire_held(const struct wire_in *in);

#endif
