/* SPDX-License-Identifier: MIT */
#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "agent/agent.h"
#include "agent/app.h"
#include "agent/module.h"
#include "agent/ps.h"

static int make_dirs(struct err *e)
{
	static const char *const dirs[] = {AGENT_STATE, AGENT_STORE, AGENT_IMAGES, AGENT_PS,
		AGENT_JOBS, AGENT_RUN};
	int r = 0;

	for (size_t i = 0; i < ARRAY_LEN(dirs) && r == 0; i++)
		r = dir_make(dirs[i], 0700, e);
	return r;
}

AGENT_OP(server_setup, "server.setup", OP_CHANGE)
{
	int r;

	(void)a;
	(void)req;
	(void)ans;
	if ((r = make_dirs(e)) < 0 || (r = outcome_sweep(e)) < 0)
		return r;
	return ps_setup_units(e);
}

/* A private server that the control center does not know of is never thrown away with the rest. */
static int refuse_if_used(struct err *e)
{
	DIR *d = opendir(AGENT_PS);
	struct dirent *de;
	int r = 0;

	while (d && r == 0 && (de = readdir(d)))
		if (str_is_name(de->d_name))
			r = err_set(e, E_INUSE, "private server %s is still here", de->d_name);
	if (d)
		closedir(d);
	return r;
}

/* Only what is ours: a control center may have its home beside it. */
static int remove_ours(struct err *e)
{
	static const char *const dirs[] = {AGENT_STORE, AGENT_IMAGES, AGENT_APPS, AGENT_PS,
		AGENT_JOBS, AGENT_RUN};
	int r = 0;

	for (size_t i = 0; i < ARRAY_LEN(dirs) && r == 0; i++)
		r = dir_remove(dirs[i], e);
	if (r < 0)
		return r;
	if (unlink(AGENT_TRUST) < 0 && errno != ENOENT)
		return err_sys(e, AGENT_TRUST);
	rmdir(AGENT_STATE);
	if (unlink(AGENT_LIB "/sxc-agent") < 0 && errno != ENOENT)
		return err_sys(e, AGENT_LIB "/sxc-agent");
	rmdir(AGENT_LIB);
	return 0;
}

AGENT_OP(server_retire, "server.retire", OP_READ)
{
	int r;

	(void)a;
	(void)ans;
	if ((r = refuse_if_used(e)) < 0 || msg_i64(req, "keep_agent", 0))
		return r;
	if ((r = ps_retire_units(e)) < 0 || (r = module_remove(e)) < 0)
		return r;
	return remove_ours(e);
}
