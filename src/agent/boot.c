/* SPDX-License-Identifier: MIT */
/* What sxc-boot.service and sxc-ps@.service run. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "agent/agent.h"
#include "agent/launch.h"
#include "agent/module.h"
#include "agent/net.h"
#include "agent/ps_conf.h"
#include "agent/ps_ends.h"
#include "agent/ps_unit.h"
#include "agent/sysctl.h"

/* Unfinished makings and removals of killed runs; the operations themselves begin anew. */
static void sweep_ps(void)
{
	DIR *d = opendir(AGENT_PS);
	struct dirent *de;

	while (d && (de = readdir(d))) {
		autofree char *path = str_fmt("%s/%s", AGENT_PS, de->d_name);

		if (str_starts(de->d_name, ".new-") || str_starts(de->d_name, ".copy-"))
			dir_remove(path, NULL);
	}
	if (d)
		closedir(d);
}

/* Private servers come up without it too, and it is known that they lack it. */
static void load_module(void)
{
	struct err why = {0};

	if (module_load(&why) < 0)
		fprintf(stderr, "sxc-agent: %s\n", why.msg);
}

AGENT_VERB(boot, "boot", "make this server ready for private servers (sxc-boot.service)")
{
	int rc;

	(void)argc;
	(void)argv;
	if ((rc = dir_make(AGENT_RUN, 0700, e)) < 0)
		return rc;
	load_module();
	if ((rc = sysctl_raise(e)) < 0 || (rc = net_server_up(e)) < 0 ||
		(rc = unit_slice_weight(e)) < 0)
		return rc;
	sweep_ps();
	return outcome_sweep(e);
}

/* For ps.start, which asks systemd and gets no more than "failed" from it. */
static void leave_reason(int run_dir, const char *name, const struct err *e)
{
	autofree char *file = str_fmt("%s.err", name);
	autoclose int fd = openat(run_dir, file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd >= 0)
		dprintf(fd, "%d %s", e->code, e->msg);
}

AGENT_VERB(ps_launch, "ps-launch", "NAME: start a private server (sxc-ps@.service)")
{
	autoconf_ps c = {0};
	autoclose int run_dir = -1;
	int rc;

	if (argc != 2)
		return err_set(e, E_USAGE, "ps-launch needs the name of a private server");
	if ((rc = dir_make(AGENT_RUN, 0700, e)) < 0 || (rc = ps_conf_read(&c, argv[1], e)) < 0)
		return rc;
	run_dir = open(AGENT_RUN, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (run_dir < 0)
		return err_sys(e, "%s", AGENT_RUN);
	rc = launch(&c, run_dir, e);
	if (rc < 0)
		leave_reason(run_dir, c.name, e);
	return rc;
}

AGENT_VERB(ps_stop, "ps-stop", "NAME: clear away after a private server (sxc-ps@.service)")
{
	autoconf_ps c = {0};
	int rc;

	if (argc != 2)
		return err_set(e, E_USAGE, "ps-stop needs the name of a private server");
	rc = ps_conf_read(&c, argv[1], e);
	if (rc < 0)
		return rc == E_NOTFOUND ? 0 : rc;
	autofree char *pid = str_fmt("%s/%s.pid", AGENT_RUN, c.name);
	unlink(pid);
	if (ends_count(c.name)) /* and so it is after the server's own restart */
		unit_enable(c.name, false, NULL);
	return net_down(&c, e);
}
