/* SPDX-License-Identifier: MIT */
#include "svc/run.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static int spawn(char *const argv[], pid_t *pid, struct err *e)
{
	posix_spawn_file_actions_t fa;
	int rc;

	posix_spawn_file_actions_init(&fa);
	posix_spawn_file_actions_addopen(&fa, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&fa, STDERR_FILENO, STDOUT_FILENO);
	rc = posix_spawnp(pid, argv[0], &fa, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&fa);
	if (rc == ENOENT)
		return err_set(e, E_STATE, "%s is not installed here", argv[0]);
	return rc ? err_set(e, E_FAIL, "%s: %s", argv[0], strerror(rc)) : 0;
}

int run_program(char *const argv[], struct err *e)
{
	pid_t pid;
	int status, r = spawn(argv, &pid, e);

	if (r < 0)
		return r;
	while (waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR)
			return err_sys(e, "%s", argv[0]);
		if (interrupted)
			kill(pid, SIGTERM);
	}
	if (interrupted)
		return err_interrupted(e);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	return err_set(e, E_FAIL, "%s ended with %s %d", argv[0],
		WIFEXITED(status) ? "status" : "signal",
		WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
}
