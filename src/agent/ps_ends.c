/* SPDX-License-Identifier: MIT */
#include "agent/ps_ends.h"

#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "agent/agent.h"
#include "agent/ps_unit.h"

void ends_read(const char *ps, struct ps_ends *out)
{
	autostr s = STR_INIT;
	char path[PATH_MAX];
	struct ps_ends n = {.reboots = 0};

	*out = n;
	if (file_read(ps_path(path, ps, "ends"), &s, 256, NULL) < 0)
		return;
	if (sscanf(str_c(&s),
		    "reboots=%" SCNd64 "\ncrashes=%" SCNd64 "\npoweroffs=%" SCNd64
		    "\nlast=%15[a-z]",
		    &n.reboots, &n.crashes, &n.poweroffs, n.last) >= 3)
		*out = n;
}

static bool shutting_down(void)
{
	autostr s = STR_INIT;
	char *argv[] = {(char[]){"systemctl"}, (char[]){"list-jobs"}, (char[]){"--no-legend"},
		(char[]){"shutdown.target"}, NULL};

	return run_cmd_out(argv, 20, &s, 4096, NULL) == 0 &&
	       strstr(str_c(&s), "shutdown.target") != NULL;
}

static const char *kind_of_end(void)
{
	const char *code = getenv("EXIT_CODE"), *status = getenv("EXIT_STATUS");

	if (!code || !status)
		return NULL; /* it was never there */
	if (str_eq(code, "killed") && str_eq(status, "HUP"))
		return "reboot";
	return str_eq(code, "killed") && str_eq(status, "INT") ? "poweroff" : "crash";
}

bool ends_count(const char *ps)
{
	const char *kind = kind_of_end();
	autofree char *text = NULL;
	char path[PATH_MAX];
	struct ps_ends n;

	if (!kind)
		return false;
	/* Stopping takes its enablement away first; the server's own shutdown does not. */
	if (!unit_enabled(ps) || shutting_down())
		kind = "stop";
	ends_read(ps, &n);
	n.reboots += str_eq(kind, "reboot");
	n.crashes += str_eq(kind, "crash");
	n.poweroffs += str_eq(kind, "poweroff");
	text = str_fmt("reboots=%" PRId64 "\ncrashes=%" PRId64 "\npoweroffs=%" PRId64 "\nlast=%s\n",
		n.reboots, n.crashes, n.poweroffs, kind);
	file_write(ps_path(path, ps, "ends"), text, strlen(text), 0600, NULL);
	return str_eq(kind, "poweroff");
}
