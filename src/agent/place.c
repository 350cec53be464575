/* SPDX-License-Identifier: MIT */
/* Where applications are: inside a private server, or on the server itself. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>

#include "agent/app.h"
#include "agent/child.h"

#define SERVER_DIR  AGENT_STATE "/server"
#define SERVER_PATH "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

static bool is_server(const char *place)
{
	return strcmp(place, PLACE_SERVER) == 0;
}

int place_need(const struct msg *req, const char **place, struct err *e)
{
	int r = msg_need_name(req, "name", place, e);

	if (r == 0 && msg_i64(req, "host", 0))
		*place = PLACE_SERVER;
	return r;
}

char *place_where(const char *place)
{
	return is_server(place) ? mem_strdup("on this server") : str_fmt("inside %s", place);
}

char *place_dir(const char *place)
{
	return is_server(place) ? mem_strdup(SERVER_DIR) : str_fmt(AGENT_PS "/%s", place);
}

bool place_exists(const char *place)
{
	return is_server(place) || ps_exists(place);
}

bool place_is_running(const char *place)
{
	return is_server(place) || ps_is_running(place);
}

int place_check(const char *place, struct err *e)
{
	if (!place_exists(place))
		return err_set(e, E_NOTFOUND, "no private server named '%s' here", place);
	return place_is_running(place)
	               ? 0
	               : err_set(e, E_STATE, "private server %s is not running", place);
}

static void stop(void *arg)
{
	const struct stream_child *c = arg;

	kill(-c->pid, SIGKILL);
}

static int run_here(char *const argv[], const struct inside_opts *o, struct err *e)
{
	static const char *const fixed[] = {SERVER_PATH, "HOME=/root", "TERM=dumb"};
	struct stream_child c = {.in = -1, .out = -1, .err = -1};
	autostrvec env = {0};
	int r;

	for (size_t i = 0; i < ARRAY_LEN(fixed); i++)
		strvec_push(&env, fixed[i]);
	for (char *const *p = o->env; p && *p; p++)
		strvec_push(&env, *p);
	if ((r = child_start(argv, strvec_argv(&env), &c, e)) < 0)
		return r;
	return child_watch(&c, o, argv[0], "here", stop, &c, e);
}

int place_run(const char *place, char *const argv[], const struct inside_opts *o, struct err *e)
{
	return is_server(place) ? run_here(argv, o, e) : ps_run_inside(place, argv, o, e);
}

int place_root_fd(const char *place, int *fd, struct err *e)
{
	if (!is_server(place))
		return ps_root_fd(place, fd, e);
	*fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	return *fd < 0 ? err_sys(e, "/") : 0;
}

int place_address(const char *place, char **address, struct err *e)
{
	if (!is_server(place))
		return ps_address(place, address, e);
	*address = mem_strdup("127.0.0.1");
	return 0;
}
