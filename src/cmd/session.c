/* SPDX-License-Identifier: MIT */
#include "cmd/session.h"

#include <errno.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cmd/call.h"
#include "cmd/out_setup.h"
#include "svc/remote.h"
#include "util/iso8601.h"

#define DEFAULT_JOBS 32
#define MAX_JOBS     1024

/* ---- who, where, when ---- */

/*
 * The kernel's record of who logged in; what sudo says, only when it was root who listened; else
 * the owner of the process. An ordinary user cannot choose it.
 */
static char *find_login(void)
{
	char name[256];
	const char *sudo = getenv("SUDO_USER");
	const struct passwd *pw;

	if (getlogin_r(name, sizeof(name)) == 0 && *name && strcmp(name, "root") != 0)
		return mem_strdup(name);
	if (getuid() == 0 && sudo && *sudo && str_is_utf8(sudo, strlen(sudo)))
		return mem_strdup(sudo);
	pw = getpwuid(getuid());
	return pw ? mem_strdup(pw->pw_name) : str_fmt("uid %d", (int)getuid());
}

static char *absolute(const char *path)
{
	autofree char *cwd = NULL;

	if (*path == '/')
		return mem_strdup(path);
	cwd = getcwd(NULL, 0);
	return str_fmt("%s/%s", cwd ? cwd : "", path);
}

static char *find_home(const char *given)
{
	const char *env = getenv("SXC_HOME"), *data = getenv("XDG_DATA_HOME"), *home;

	if (given && *given)
		return absolute(given);
	if (env && *env)
		return absolute(env);
	if (getuid() == 0)
		return mem_strdup("/var/lib/sxc");
	if (data && *data == '/')
		return str_fmt("%s/sxc", data);
	home = getenv("HOME");
	return str_fmt("%s/.local/share/sxc", home && *home == '/' ? home : "");
}

static int set_clock(struct session *ses, const struct globals *g, struct err *e)
{
	const char *text = g->now ? g->now : ses->base_now;

	ses->sxc.now_given = text != NULL;
	if (!text) {
		ses->sxc.now = time(NULL);
		return 0;
	}
	if (iso8601_parse(text, &ses->sxc.now) < 0)
		return err_set(e, E_USAGE, "%s: '%.100s' is not " ISO8601_FORM,
			g->now ? "--now" : "SXC_NOW", text);
	return 0;
}

static int set_home(struct session *ses, const struct globals *g, struct err *e)
{
	if (!ses->sxc.home)
		ses->sxc.home = find_home(g->home);
	else if (g->home != ses->base.home)
		return err_set(e, E_USAGE, "--home is for the whole session: sxc --home DIR shell");
	return 0;
}

int session_setup(struct session *ses, const struct globals *g, struct err *e)
{
	struct sxc *s = &ses->sxc;
	int r;

	if ((r = set_home(ses, g, e)) < 0 || (r = set_clock(ses, g, e)) < 0)
		return r;
	if (g->jobs < 1 || g->jobs > MAX_JOBS)
		return err_set(e, E_USAGE, "--jobs: from 1 to %d", MAX_JOBS);
	if (g->as && !str_is_line(g->as, 200))
		return err_set(e, E_USAGE, "--as: a name is one line of 1 to 200 bytes");
	if (g->request_key && (!*g->request_key || strlen(g->request_key) > 200))
		return err_set(e, E_USAGE, "--request-key: from 1 to 200 bytes");
	free(s->as);
	s->as = mem_strdup0(g->as);
	free(s->request_key);
	s->request_key = mem_strdup0(g->request_key);
	s->dry_run = g->dry_run;
	s->verbose = (int)g->verbose;
	s->quiet = g->quiet;
	s->jobs = (int)g->jobs;
	return 0;
}

void session_init(struct session *ses)
{
	*ses = (struct session){0};
	ses->base.jobs = DEFAULT_JOBS;
	ses->base_now = getenv("SXC_NOW");
	if (ses->base_now && !*ses->base_now)
		ses->base_now = NULL;
	ses->terminal = isatty(STDIN_FILENO) && isatty(STDERR_FILENO);
	ses->sxc.login = find_login();
}

void session_release(struct session *ses)
{
	sxc_release(&ses->sxc);
	globals_release(&ses->base);
}

struct session *session_of(const struct call *c)
{
	return (struct session *)((char *)c->sxc - offsetof(struct session, sxc));
}
