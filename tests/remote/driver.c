/* SPDX-License-Identifier: MIT */
/*
 * The remote engine by hand, for tests of what no command shows alone:
 *   driver HOME ADDRESS HOSTKEY push FILE SHA256
 *   driver HOME ADDRESS HOSTKEY fetch SHA256 FILE
 *   driver HOME ADDRESS HOSTKEY call OP JOB [NAME=VALUE…]
 * Exit status as sxc's.
 */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "svc/remote.h"

static void on_signal(int sig)
{
	(void)sig;
	interrupted = 1;
}

static void on_progress(void *arg, const char *step, int64_t done, int64_t total)
{
	(void)arg;
	fprintf(stderr, "%s %" PRId64 "/%" PRId64 "\n", step, done, total);
}

static int call(struct remote *r, int argc, char **argv, struct err *e)
{
	automsg *req = msg_new(), *ans = NULL;
	autostr text = STR_INIT;
	int rc;

	for (int i = 2; i < argc; i++) {
		char *eq = strchr(argv[i], '=');

		*eq = '\0';
		msg_add_text(req, argv[i], eq + 1);
	}
	rc = remote_call(r, argv[0], *argv[1] ? argv[1] : NULL, req, NULL, &ans, e);
	if (rc == 0) {
		msg_print(ans, &text);
		puts(str_c(&text));
	}
	return rc;
}

static int act(struct remote *r, int argc, char **argv, struct err *e)
{
	struct remote_events ev = {.progress = on_progress};

	if (argc == 3 && strcmp(argv[0], "push") == 0)
		return remote_push(r, argv[1], argv[2], &ev, e);
	if (argc == 3 && strcmp(argv[0], "fetch") == 0)
		return remote_fetch(r, argv[1], argv[2], &ev, e);
	if (argc >= 3 && strcmp(argv[0], "call") == 0)
		return call(r, argc - 1, argv + 1, e);
	return err_set(e, E_USAGE, "push, fetch or call");
}

int main(int argc, char **argv)
{
	struct remote_pool *pool = remote_pool_new();
	struct remote *r = NULL;
	struct err e = {0};
	int rc;

	if (argc < 5)
		return 2;
	signal(SIGINT, on_signal);
	signal(SIGPIPE, SIG_IGN);
	autofree char *identity = str_fmt("%s/keys/ssh", argv[1]);
	struct remote_spec spec = {.name = "test",
		.host = argv[2],
		.port = 2222,
		.user = "root",
		.host_key = argv[3],
		.identity = identity,
		.timeout = 3};
	rc = remote_get(pool, &spec, &r, &e);
	if (rc == 0)
		rc = act(r, argc - 4, argv + 4, &e);
	remote_put(pool, r);
	remote_pool_free(pool);
	if (rc < 0)
		fprintf(stderr, "driver: %s\n", e.msg);
	return rc < 0 ? -rc : 0;
}
