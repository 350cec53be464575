/* SPDX-License-Identifier: MIT */
#include "svc/run.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static int spawn(char *const argv[], bool quiet, pid_t *pid, struct err *e)
{
	posix_spawn_file_actions_t fa;
	int rc;

	posix_spawn_file_actions_init(&fa);
	if (quiet) {
		posix_spawn_file_actions_addopen(&fa, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
		posix_spawn_file_actions_adddup2(&fa, STDERR_FILENO, STDOUT_FILENO);
	}
	rc = posix_spawnp(pid, argv[0], &fa, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&fa);
	if (rc == ENOENT)
		return err_set(e, E_STATE, "%s is not installed here", argv[0]);
	return rc ? err_set(e, E_FAIL, "%s: %s", argv[0], strerror(rc)) : 0;
}

static int ended(const char *name, int status, struct err *e)
{
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	return err_set(e, E_FAIL, "%s ended with %s %d", name,
		WIFEXITED(status) ? "status" : "signal",
		WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
}

int run_program(char *const argv[], struct err *e)
{
	pid_t pid;
	int status, r = spawn(argv, true, &pid, e);

	if (r < 0)
		return r;
	while (waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR)
			return err_sys(e, "%s", argv[0]);
		if (interrupted)
			kill(pid, SIGTERM);
	}
	return interrupted ? err_interrupted(e) : ended(argv[0], status, e);
}

int run_editor(char *const argv[], struct err *e)
{
	struct sigaction ignore = {.sa_handler = SIG_IGN}, intr, quit;
	pid_t pid;
	int status = 0, r = spawn(argv, false, &pid, e);

	if (r < 0)
		return r;
	sigaction(SIGINT, &ignore, &intr);
	sigaction(SIGQUIT, &ignore, &quit);
	while ((r = waitpid(pid, &status, 0)) < 0 && errno == EINTR)
		;
	if (r < 0)
		err_sys(e, "%s", argv[0]);
	sigaction(SIGINT, &intr, NULL);
	sigaction(SIGQUIT, &quit, NULL);
	return r < 0 ? E_FAIL : ended(argv[0], status, e);
}
