/* SPDX-License-Identifier: MIT */
#include "cmd/shell.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd/out.h"
#include "cmd/out_setup.h"
#include "cmd/wait.h"

#define MAX_LINE 65536

int shell_line(struct session *ses, const char *line, bool *leave, struct err *e)
{
	autostrvec words = {0};
	int r, skip;

	*leave = false;
	if ((r = words_split(&words, line, e)) < 0)
		return r;
	skip = words.n && strcmp(words.v[0], "sxc") == 0; /* lines copied from elsewhere */
	if (words.n == (size_t)skip)
		return 0;
	if (strcmp(words.v[skip], "exit") == 0 || strcmp(words.v[skip], "quit") == 0) {
		if (words.n > (size_t)skip + 1)
			return err_set(e, E_USAGE, "%s takes no arguments", words.v[skip]);
		*leave = true;
		return 0;
	}
	return session_run(ses, (int)words.n - skip, strvec_argv(&words) + skip, e);
}

/* ---- scripts ---- */

/* One line, a byte at a time: what commands read from standard input stays there for them. 1 line,
 * 0 end. */
static int script_read(int fd, struct str *line, struct err *e)
{
	ssize_t k;
	char c;

	str_clear(line);
	while ((k = wait_read(fd, &c, 1)) == 1 && c != '\n') {
		if (!c)
			return err_set(e, E_USAGE, "there is a NUL byte");
		if (line->len >= MAX_LINE)
			return err_set(e, E_USAGE, "longer than %d bytes", MAX_LINE);
		str_addc(line, c);
	}
	if (interrupted)
		return err_interrupted(e);
	if (k < 0)
		return err_sys(e, "reading");
	return k == 1 || line->len;
}

/* Lines that end in \ go on with the next. */
static bool goes_on(struct str *line)
{
	size_t n = 0;

	while (n < line->len && line->p[line->len - 1 - n] == '\\')
		n++;
	if (n % 2 == 0)
		return false;
	str_setlen(line, line->len - 1);
	return true;
}

static int script_line(int fd, struct str *line, int *n, struct err *e)
{
	autostr more = STR_INIT;
	int r;

	++*n;
	if ((r = script_read(fd, line, e)) <= 0)
		return r;
	while (goes_on(line)) {
		++*n;
		if ((r = script_read(fd, &more, e)) <= 0)
			return r < 0 ? r : 1;
		str_addn(line, str_c(&more), more.len);
	}
	return 1;
}

static int script_failed(const char *name, int line, int r, struct err *e)
{
	if (r > 0) {
		err_set(e, E_FAIL, "%s:%d: the command ended with status %d", name, line, r);
		tell_error("sxc: ", e->msg);
		return r;
	}
	if (!*e->msg)
		err_set(e, r, "unfinished command");
	return err_wrap(e, "%s:%d", name, line);
}

static int script_run(struct session *ses, int fd, const char *name, struct err *e)
{
	autostr line = STR_INIT;
	bool leave = false;
	int n = 0, r = 0, first;

	while (!leave) {
		first = n + 1;
		if ((r = script_line(fd, &line, &n, e)) == 0)
			return 0;
		if (r > 0)
			r = shell_line(ses, str_c(&line), &leave, e);
		if (r != 0)
			return script_failed(name, first, r, e);
		if (ses->broken_pipe)
			return 0;
	}
	return 0;
}

static int script_file(struct session *ses, const char *path, struct err *e)
{
	autoclose int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	struct stat st;

	if (fd < 0 && errno == ENOENT)
		return err_set(e, E_NOTFOUND, "%s: no such file", path);
	if (fd < 0 || fstat(fd, &st) < 0)
		return err_sys(e, "%s", path);
	if (S_ISDIR(st.st_mode))
		return err_set(e, E_USAGE, "%s is a directory", path);
	return script_run(ses, fd, path, e);
}

/* ---- history ---- */

static char *state_path(void)
{
	const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
	autofree char *dir = NULL;

	if (state && *state == '/')
		dir = str_fmt("%s/sxc", state);
	else if (home && *home == '/')
		dir = str_fmt("%s/.local/state/sxc", home);
	else
		return NULL;
	for (char *c = dir + 1; (c = strchr(c, '/')); *c++ = '/') {
		*c = '\0';
		mkdir(dir, 0700);
	}
	mkdir(dir, 0700);
	return str_fmt("%s/shell_history", dir);
}

/* In the control center's directory when it is ours to write, else in the user's own. */
static char *history_path(struct session *ses)
{
	if (access(ses->sxc.home, W_OK) == 0)
		return sxc_path(&ses->sxc, "shell_history");
	return state_path();
}

/* ---- the noun ---- */

static int run_shell(struct call *c, struct err *e)
{
	struct session *ses = session_of(c);
	autofree char *history = NULL;

	if (ses->shell)
		return err_set(e, E_STATE, "this is the shell already");
	ses->shell = true;
	globals_release(&ses->base);
	globals_copy(&ses->base, ses->globals);
	if (c->nargs || !c->terminal || !out_is_tty(c->out)) {
		ses->terminal = false;
		if (c->nargs && strcmp(c->args[0], "-") != 0)
			return script_file(ses, c->args[0], e);
		return script_run(ses, STDIN_FILENO, "standard input", e);
	}
	history = history_path(ses);
	return shell_edit(ses, history, e);
}

static const struct arg shell_args[] = {{"FILE", ENT_FILE, ARG_OPTIONAL}, ARG_END};

static const struct cmd cmd_shell = {
	.noun = "shell",
	.verb = "",
	.help = "run commands one after another, typed or from a script",
	.args = shell_args,
	.run = run_shell,
};

CMD_NOUN(shell, "shell", "run commands one after another, typed or from a script", 60, &cmd_shell);
