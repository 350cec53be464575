/* SPDX-License-Identifier: MIT */
/* Messages from anywhere: refused with a message, or encoded again to the very same bytes. */
#include "svc/msg.h"

#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "util/str.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	autostr again = STR_INIT, text = STR_INIT;
	automsg *m = NULL;
	struct err e = {0};
	const char *t;
	int64_t v;

	if (msg_decode(&m, data, size, &e) < 0) {
		if (e.code != E_INTEGRITY || !e.msg[0] || m)
			abort();
		return 0;
	}
	msg_need_name(m, "name", &t, &e);
	msg_need_i64(m, "id", 0, 100, &v, &e);
	msg_print(m, &text);
	if (msg_encode(m, &again, &e) < 0 || again.len != size ||
		(size && memcmp(again.p, data, size) != 0))
		abort();
	return 0;
}
