/* SPDX-License-Identifier: MIT */
/*
 * A file to many servers by sxc's remote engine, as jobs do it for packages and images:
 *   push IDENTITY PORT HOSTKEY FILE SHA256 ADDRESS…
 * With PUSH_HOLD in the environment the connections are kept until standard input ends, so that the
 * agents at their other ends can be looked at.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "svc/remote.h"
#include "util/mem.h"

struct job {
	const char *file, *sha256;
	int failed;
};

static int push(struct remote *r, struct engine_item *it, struct err *e)
{
	const struct job *j = it->arg;

	return remote_push(r, j->file, j->sha256, NULL, e);
}

static void told(void *arg, struct engine_item *it)
{
	struct job *j = arg;

	if (it->result < 0) {
		fprintf(stderr, "push: %s\n", it->err.msg);
		j->failed++;
	}
}

int main(int argc, char **argv)
{
	size_t n = argc > 6 ? (size_t)argc - 6 : 0;
	autofree struct remote_spec *specs = mem_array(NULL, n + 1, sizeof(*specs));
	autofree struct engine_item *items = mem_array(NULL, n + 1, sizeof(*items));
	struct remote_pool *pool = remote_pool_new();
	struct err e = {0};
	char end;

	if (n == 0)
		return 2;
	struct job j = {.file = argv[4], .sha256 = argv[5]};
	signal(SIGPIPE, SIG_IGN);
	for (size_t i = 0; i < n; i++) {
		specs[i] = (struct remote_spec){.name = argv[6 + i],
			.host = argv[6 + i],
			.port = atoi(argv[2]),
			.user = "root",
			.host_key = argv[3],
			.host_key_type = "ssh-ed25519",
			.identity = argv[1],
			.timeout = 60};
		items[i] = (struct engine_item){.spec = &specs[i], .arg = &j};
	}
	if (engine_run(pool, items, n, (int)n, push, told, &j, &e) < 0)
		fprintf(stderr, "push: %s\n", e.msg);
	if (getenv("PUSH_HOLD")) {
		puts("held");
		fflush(stdout);
		while (read(STDIN_FILENO, &end, 1) > 0)
			;
	}
	remote_pool_free(pool);
	return j.failed || e.code ? 1 : 0;
}
