/* SPDX-License-Identifier: MIT */
/* The agent's side of a conversation with a hostile control center: it ends, with or without an
 * error, and never reads, waits or answers beyond what is allowed. */
/* SRCS: src/agent/session.c src/agent/run.c */
#include "agent/session.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fuzz.h"

/* Operations of all manners: answer at once, read the input to its end, write, fail. */
int dispatch(struct agent *a, const char *op, const char *job, const struct msg *req,
	struct msg **ans, struct err *e)
{
	char buf[100];
	unsigned short rows, cols;
	int n;

	if (strcmp(op, "read") == 0)
		while ((n = agent_input(a, buf, sizeof(buf), e)) != 0)
			if (n < 0)
				return n;
	if (strcmp(op, "write") == 0 && (n = agent_output(a, 1, buf, 0, e)) < 0)
		return n;
	agent_progress(a, op, 1, 2);
	agent_window(a, &rows, &cols);
	if (agent_cancelled(a))
		return err_set(e, E_INTR, "interrupted");
	*ans = msg_new();
	msg_add_text(*ans, "job", job);
	return msg_has(req, "fail") ? err_set(e, E_FAIL, "%s", op) : 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	autoclose int in = memfd_create("in", MFD_CLOEXEC);
	autoclose int out = open("/dev/null", O_WRONLY | O_CLOEXEC);
	struct err e = {0};

	if (write(in, data, size) != (ssize_t)size || lseek(in, 0, SEEK_SET) < 0)
		return 0;
	if (session_serve(in, out, &e) < 0 && !e.msg[0])
		abort();
	return 0;
}
