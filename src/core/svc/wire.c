/* SPDX-License-Identifier: MIT */
#include "svc/wire.h"

#include <string.h>

#define ROOM (64u << 10)

static void put_u32(unsigned char *b, uint32_t v)
{
	b[0] = v >> 24;
	b[1] = v >> 16;
	b[2] = v >> 8;
	b[3] = v;
}

static uint32_t get_u32(const unsigned char *b)
{
	return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

static void put_head(unsigned char *b, enum wire_kind kind, uint32_t id, size_t n)
{
	put_u32(b, (uint32_t)(n + WIRE_HEAD - 4));
	b[4] = kind;
	put_u32(b + 5, id);
}

void wire_add(struct str *s, enum wire_kind kind, uint32_t id, const void *p, size_t n)
{
	unsigned char head[WIRE_HEAD];

	put_head(head, kind, id, n);
	str_reserve(s, n + sizeof(head));
	str_addn(s, head, sizeof(head));
	str_addn(s, p, n);
}

int wire_add_msg(struct str *s, enum wire_kind kind, uint32_t id, const struct msg *m,
	struct err *e)
{
	size_t start = s->len;
	unsigned char head[WIRE_HEAD] = {0};
	int r;

	str_addn(s, head, sizeof(head));
	if ((r = msg_encode(m, s, e)) < 0) {
		str_setlen(s, start);
		return r;
	}
	put_head((unsigned char *)s->p + start, kind, id, s->len - start - WIRE_HEAD);
	return 0;
}

void wire_in_release(struct wire_in *in)
{
	str_release(&in->buf);
	in->off = 0;
}

void *wire_room(struct wire_in *in, size_t *n)
{
	str_drop_used(&in->buf, &in->off, ROOM);
	str_reserve(&in->buf, ROOM);
	*n = ROOM;
	return in->buf.p + in->buf.len;
}

void wire_fed(struct wire_in *in, size_t n)
{
	str_setlen(&in->buf, in->buf.len + n);
}

size_t wire_held(const struct wire_in *in)
{
	return in->buf.len - in->off;
}

int wire_next(struct wire_in *in, struct wire_frame *f, struct err *e)
{
	const unsigned char *b = (const unsigned char *)str_c(&in->buf) + in->off;
	size_t held = wire_held(in);
	uint32_t len;

	if (held < 4)
		return 0;
	len = get_u32(b);
	if (len < WIRE_HEAD - 4 || len > WIRE_MAX_PAYLOAD + WIRE_HEAD - 4)
		return err_set(e, E_INTEGRITY, "a frame of %u bytes is not allowed", len);
	if (held > 4 && (b[4] < WIRE_HELLO || b[4] > WIRE_WINDOW))
		return err_set(e, E_INTEGRITY, "a frame of kind %u is not known", b[4]);
	if (held - 4 < len)
		return 0;
	*f = (struct wire_frame){.kind = b[4], .id = get_u32(b + 5)};
	f->p = b + WIRE_HEAD;
	f->n = len - (WIRE_HEAD - 4);
	in->off += 4 + len;
	return 1;
}
