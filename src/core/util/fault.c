/* SPDX-License-Identifier: MIT */
#include "util/fault.h"

#ifdef SXC_FAULTS
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void fault_point(const char *name)
{
	static int hits;
	const char *want = getenv("SXC_FAULT");
	size_t n = strlen(name);

	if (!want)
		return;
	if (strcmp(want, "list:0") == 0) {
		(void)!write(STDERR_FILENO, "fault ", 6);
		(void)!write(STDERR_FILENO, name, n);
		(void)!write(STDERR_FILENO, "\n", 1);
	}
	if (strncmp(want, name, n) != 0 || want[n] != ':')
		return;
	if (++hits == strtol(want + n + 1, NULL, 10))
		kill(getpid(), SIGKILL);
}
#else
typedef int fault_points_are_not_built;
#endif
