/* SPDX-License-Identifier: MIT */
/* sxc: a hosting business on one command line. */
#include <fcntl.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cmd/out_setup.h"
#include "cmd/session.h"
#include "util/mem.h"

static void out_of_memory(void)
{
	static const char text[] = "sxc: out of memory\n";

	if (write(STDERR_FILENO, text, sizeof(text) - 1) < 0)
		_exit(1);
	_exit(1);
}

/* The first signal asks the work to end in order, the second ends it. */
static void on_interrupt(int sig)
{
	if (interrupted) {
		signal(sig, SIG_DFL);
		raise(sig);
	}
	interrupted = sig;
}

/* Set as a handler, not ignored: children start with the default again. */
static void on_pipe(int sig)
{
	(void)sig;
}

static void catch_signal(int sig, void (*handler)(int))
{
	struct sigaction sa = {.sa_handler = handler};

	sigemptyset(&sa.sa_mask);
	sigaction(sig, &sa, NULL);
}

/* A stream that was closed gets a stand-in: no file of ours may take its number. It cannot be
 * written to (or read from), so that losing output is told. */
static void standard_streams(void)
{
	for (int fd = 0; fd <= 2; fd++)
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", fd ? O_RDONLY : O_WRONLY) != fd)
			_exit(1);
}

int main(int argc, char **argv)
{
	struct session ses;
	struct err e = {0};
	int r;

	mem_on_oom = out_of_memory;
	standard_streams();
	setlocale(LC_CTYPE, "");
	catch_signal(SIGINT, on_interrupt);
	catch_signal(SIGTERM, on_interrupt);
	catch_signal(SIGPIPE, on_pipe);
	session_init(&ses);
	r = session_run(&ses, argc > 0 ? argc - 1 : 0, argv + (argc > 0), &e);
	bool broken_pipe = ses.broken_pipe;

	session_release(&ses);
	if (broken_pipe) {
		signal(SIGPIPE, SIG_DFL);
		raise(SIGPIPE);
	}
	if (r < 0 && *e.msg)
		tell_error("sxc: ", e.msg);
	return r < 0 ? -r : r;
}
