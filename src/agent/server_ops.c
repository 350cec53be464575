/* SPDX-License-Identifier: MIT */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include "agent/child.h"
#include "agent/facts.h"
#include "agent/module.h"
#include "agent/ps.h"

static int64_t load_hundredths(void)
{
	struct sysinfo si;

	return sysinfo(&si) == 0 ? (int64_t)(si.loads[0] * 100 / (1 << SI_LOAD_SHIFT)) : 0;
}

static int64_t ps_running(void)
{
	DIR *d = opendir(AGENT_PS);
	struct dirent *de;
	int64_t n = 0;

	while (d && (de = readdir(d)))
		n += str_is_name(de->d_name) && ps_is_running(de->d_name);
	if (d)
		closedir(d);
	return n;
}

AGENT_OP(server_status, "server.status", OP_READ)
{
	autofree char *uplink = facts_uplink();
	int64_t disk, disk_free, rx = 0, tx = 0, memory = facts_meminfo("MemTotal");
	struct sysinfo si = {0};
	int r = facts_disk(&disk, &disk_free, e);

	(void)a;
	(void)req;
	if (r < 0)
		return r;
	if (uplink)
		facts_traffic(uplink, &rx, &tx);
	sysinfo(&si);
	msg_add_i64(ans, "load1", load_hundredths());
	msg_add_i64(ans, "memory", memory);
	msg_add_i64(ans, "memory_used", memory - facts_meminfo("MemAvailable"));
	msg_add_i64(ans, "disk", disk);
	msg_add_i64(ans, "disk_used", disk - disk_free);
	msg_add_i64(ans, "rx", rx);
	msg_add_i64(ans, "tx", tx);
	msg_add_i64(ans, "uptime", si.uptime);
	msg_add_i64(ans, "ps_running", ps_running());
	msg_add_text(ans, "agent", SXC_VERSION);
	module_facts(ans);
	return 0;
}

/* ---- running commands ---- */

/* The words of the command, borrowed from req. At least one. */
static int argv_of(const struct msg *req, char ***out, struct err *e)
{
	size_t n = msg_count(req, "argv");
	char **argv = mem_array(NULL, n + 1, sizeof(*argv));

	for (size_t i = 0; i < n; i++)
		argv[i] = (char *)(uintptr_t)msg_text_at(req, "argv", i);
	argv[n] = NULL;
	if (n == 0 || !argv[0] || !argv[0][0]) {
		free(argv);
		return err_set(e, E_USAGE, "there is no command to run");
	}
	*out = argv;
	return 0;
}

AGENT_OP(server_exec, "server.exec", OP_STREAM)
{
	autofree char **argv = NULL;
	struct stream_child c = {.in = -1, .out = -1, .err = -1};
	int r = argv_of(req, &argv, e);

	if (r < 0 || (r = child_start(argv, NULL, &c, e)) < 0)
		return r;
	if ((r = agent_stream(a, &c, e)) < 0)
		return r;
	msg_add_i64(ans, "status", r);
	return 0;
}

/* ---- a terminal ---- */

/* Root's shell as /etc/passwd has it; static programs cannot ask getpwuid(3). */
static void root_shell(char *out, size_t n)
{
	autofclose FILE *f = fopen("/etc/passwd", "re");
	char line[512], *colon;

	snprintf(out, n, "/bin/sh");
	while (f && fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\n")] = '\0';
		if (strncmp(line, "root:", 5) != 0 || !(colon = strrchr(line, ':')))
			continue;
		if (colon[1] == '/' && access(colon + 1, X_OK) == 0)
			snprintf(out, n, "%s", colon + 1);
		return;
	}
}

static bool term_ok(const char *term)
{
	return term && *term && strlen(term) < 64 &&
	       strspn(term, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-._") ==
	               strlen(term);
}

static void be_shell(const char *term)
{
	char shell[256], name[300], *argv[] = {name, NULL};

	root_shell(shell, sizeof(shell));
	snprintf(name, sizeof(name), "-%s", strrchr(shell, '/') + 1);
	child_is_ordinary();
	setenv("TERM", term_ok(term) ? term : "dumb", 1);
	setenv("USER", "root", 1);
	setenv("LOGNAME", "root", 1);
	setenv("SHELL", shell, 1);
	if (chdir("/root") < 0 && chdir("/") < 0)
		_exit(126);
	execv(shell, argv);
	_exit(127);
}

AGENT_OP(server_enter, "server.enter", OP_STREAM)
{
	struct stream_child c = {.in = -1, .out = -1, .err = -1, .pty = true};
	struct winsize ws = {.ws_row = (unsigned short)msg_i64(req, "rows", 24),
		.ws_col = (unsigned short)msg_i64(req, "cols", 80)};
	int r;

	c.pid = forkpty(&c.in, NULL, NULL, &ws);
	if (c.pid < 0)
		return err_sys(e, "a terminal");
	if (c.pid == 0)
		be_shell(msg_text(req, "term"));
	fcntl(c.in, F_SETFD, FD_CLOEXEC);
	if ((r = agent_stream(a, &c, e)) < 0)
		return r;
	msg_add_i64(ans, "status", r);
	return 0;
}

AGENT_OP(agent_ping, "agent.ping", OP_READ)
{
	(void)a;
	(void)req;
	(void)ans;
	(void)e;
	return 0;
}
