/* SPDX-License-Identifier: MIT */
#include "agent/ps_freeze.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/agent.h"
#include "agent/cgroup.h"
#include "agent/ps.h"

#define FREEZE_MS 10000

static void guard_main(int line, const char *file) __attribute__((noreturn));
static void guard_main(int line, const char *file)
{
	char c;

	setsid();
	while (read(line, &c, 1) < 0 && errno == EINTR)
		;
	file_poke(file, "0", NULL);
	_exit(0);
}

static int post_guard(struct freeze *f, struct err *e)
{
	int p[2];

	if (pipe2(p, O_CLOEXEC) < 0)
		return err_sys(e, "making a pipe");
	f->guard = fork();
	if (f->guard == 0) {
		/* The connection's end must be seen by whoever waits for it. */
		for (int fd = 0; fd < 256; fd++)
			if (fd != p[0])
				close(fd);
		guard_main(p[0], f->file);
	}
	close(p[0]);
	f->line = p[1];
	return f->guard < 0 ? err_sys(e, "starting a process") : 0;
}

static bool is_frozen(const char *ps)
{
	return cgroup_keyed(ps, "cgroup.events", "frozen") == 1;
}

int freeze_begin(struct freeze *f, const char *ps, struct err *e)
{
	char dir[PATH_MAX];
	int rc;

	*f = (struct freeze){.line = -1};
	if (!ps_is_running(ps))
		return 0;
	f->file = str_fmt("%s/cgroup.freeze", cgroup_path(dir, ps));
	if ((rc = post_guard(f, e)) == 0 && (rc = file_poke(f->file, "1", e)) == 0) {
		for (int waited = 0; !is_frozen(ps) && waited < FREEZE_MS; waited += 10)
			poll(NULL, 0, 10);
		if (!is_frozen(ps))
			rc = err_set(e, E_FAIL, "%s does not stand still after %d s", ps,
				FREEZE_MS / 1000);
	}
	if (rc < 0)
		freeze_end(f);
	return rc;
}

void freeze_end(struct freeze *f)
{
	if (!f->file)
		return;
	file_poke(f->file, "0", NULL);
	if (f->line >= 0)
		close(f->line);
	while (f->guard > 0 && waitpid(f->guard, NULL, 0) < 0 && errno == EINTR)
		;
	free(f->file);
	*f = (struct freeze){.line = -1};
}
