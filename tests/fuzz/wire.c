/* SPDX-License-Identifier: MIT */
/* A stream from anywhere, arriving in pieces of the size its first byte says. */
#include "svc/wire.h"

#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

static void look_at(const struct wire_frame *f)
{
	automsg *m = NULL;
	struct err e;

	if (f->n > WIRE_MAX_PAYLOAD || f->kind < WIRE_HELLO || f->kind > WIRE_WINDOW)
		abort();
	msg_decode(&m, f->p, f->n, &e);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	autoclean(wire_in_release) struct wire_in in = {0};
	size_t step = size ? data[0] + 1u : 1, room;
	struct wire_frame f;
	struct err e = {0};
	int r = 0;

	for (size_t off = 1; off < size && r >= 0; off += step) {
		size_t n = size - off < step ? size - off : step;

		memcpy(wire_room(&in, &room), data + off, n);
		wire_fed(&in, n);
		while ((r = wire_next(&in, &f, &e)) > 0)
			look_at(&f);
	}
	if (r < 0 && (r != E_INTEGRITY || !e.msg[0]))
		abort();
	return 0;
}
