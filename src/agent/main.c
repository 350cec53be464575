/* SPDX-License-Identifier: MIT */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/session.h"

extern const struct agent_verb *const __start_agent_verbs[];
extern const struct agent_verb *const __stop_agent_verbs[];

AGENT_VERB(serve, "serve", "answer the control center on standard input and output")
{
	(void)argv;
	if (argc != 1)
		return err_set(e, E_USAGE, "serve takes no arguments");
	if (geteuid() != 0)
		return err_set(e, E_PERM, "only root may do that");
	return session_serve(STDIN_FILENO, STDOUT_FILENO, e);
}

AGENT_VERB(version, "version", "print the version")
{
	(void)argc;
	(void)argv;
	(void)e;
	printf("sxc-agent %s wire %d\n", SXC_VERSION, WIRE_VERSION);
	return 0;
}

static void usage(FILE *f)
{
	fprintf(f, "Usage: sxc-agent VERB [ARGUMENT...]\n\n");
	for (const struct agent_verb *const *v = __start_agent_verbs; v < __stop_agent_verbs; v++)
		fprintf(f, "  %-12s %s\n", (*v)->name, (*v)->help);
}

/* The connection may break and the login session end: the step at hand is finished all the same. */
static void be_steady(void)
{
	signal(SIGHUP, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	umask(022);
	if (chdir("/") < 0)
		exit(-E_FAIL);
}

/* Of what sshd or systemd put there only what tells the way of the connection is kept, and how a
 * private server's init ended. */
static void clean_environment(void)
{
	static const char *const kept[] = {"SSH_CONNECTION", "EXIT_CODE", "EXIT_STATUS"};
	char *values[ARRAY_LEN(kept)];

	for (size_t i = 0; i < ARRAY_LEN(kept); i++)
		values[i] = mem_strdup0(getenv(kept[i]));
	clearenv();
	setenv("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", 1);
	setenv("HOME", "/root", 1);
	setenv("LC_ALL", "C.UTF-8", 1);
	for (size_t i = 0; i < ARRAY_LEN(kept); i++) {
		if (values[i])
			setenv(kept[i], values[i], 1);
		free(values[i]);
	}
}

static int run_verb(int argc, char **argv, struct err *e)
{
	for (const struct agent_verb *const *v = __start_agent_verbs; v < __stop_agent_verbs; v++)
		if (strcmp((*v)->name, argv[0]) == 0)
			return (*v)->run(argc, argv, e);
	return err_set(e, E_USAGE, "no verb \"%s\"; \"sxc-agent help\" lists them", argv[0]);
}

AGENT_VERB(help, "help", "list the verbs")
{
	(void)argc;
	(void)argv;
	(void)e;
	usage(stdout);
	return 0;
}

int main(int argc, char **argv)
{
	struct err e = {0};
	int r;

	if (argc < 2) {
		usage(stderr);
		return -E_USAGE;
	}
	be_steady();
	clean_environment();
	r = run_verb(argc - 1, argv + 1, &e);
	if (r < 0) {
		autostr text = STR_INIT;

		str_add_clean(&text, e.msg, strlen(e.msg), false);
		fprintf(stderr, "sxc-agent: %s\n", str_c(&text));
	}
	return r < 0 ? -r & 0xff : 0;
}
