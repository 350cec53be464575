/* SPDX-License-Identifier: MIT */
/* Questions on the terminal, and secrets that never travel in arguments. */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "cmd/call.h"
#include "cmd/out_setup.h"
#include "cmd/wait.h"

#define MAX_SECRET 1024

/* One line from a descriptor, a byte at a time so that nothing behind it is taken away. Length
 * without the newline, or -1 with errno (EFBIG: too long; 0 with *end at the end of the file). */
static ssize_t read_line(int fd, char *buf, size_t size, bool *end)
{
	size_t n = 0;
	ssize_t k;
	char c;

	*end = false;
	while ((k = wait_read(fd, &c, 1)) == 1 && c != '\n') {
		if (n + 1 >= size) {
			errno = EFBIG;
			return -1;
		}
		buf[n++] = c;
	}
	buf[n] = '\0';
	*end = k == 0 && n == 0;
	return k < 0 ? -1 : (ssize_t)n;
}

static void ask(const char *text)
{
	autostr s = STR_INIT;

	tell_end();
	str_add_clean(&s, text, strlen(text), false);
	fputs(str_c(&s), stderr);
	fflush(stderr);
}

/* 1 yes, 0 no, negative: interrupted. */
static int answer(struct err *e)
{
	char buf[64];
	bool end;
	ssize_t n = read_line(STDIN_FILENO, buf, sizeof(buf), &end);

	if (interrupted) {
		fputs("\n", stderr);
		return err_interrupted(e);
	}
	if (end)
		fputs("\n", stderr);
	return n > 0 && (strcasecmp(buf, "y") == 0 || strcasecmp(buf, "yes") == 0);
}

bool cmd_confirm(struct call *c, struct err *e, const char *fmt, ...)
{
	autostr text = STR_INIT;
	va_list ap;
	int r;

	if (c->yes)
		return true;
	va_start(ap, fmt);
	str_addvf(&text, fmt, ap);
	va_end(ap);
	if (!c->terminal) {
		err_set(e, E_USAGE, "%s there is no terminal to ask on: add -y to do it",
			str_c(&text));
		return false;
	}
	str_add(&text, " [y/N] ");
	ask(str_c(&text));
	r = answer(e);
	if (r == 0)
		err_set(e, E_FAIL, "not done");
	return r > 0;
}

/* The command's question with the names for %s; by default "remove server web1?". */
static void question(const struct call *c, struct str *s)
{
	autostr names = STR_INIT;
	const char *text = c->cmd->ask;

	for (int i = 0; i < c->nargs; i++)
		str_addf(&names, "%s%s", i ? " " : "", c->args[i]);
	if (!text) {
		str_addf(s, "%s%s%s %s?", c->cmd->verb, *c->cmd->verb ? " " : "", c->cmd->noun,
			str_c(&names));
		return;
	}
	for (; *text; text++) {
		if (text[0] == '%' && text[1] == 's') {
			str_add(s, str_c(&names));
			text++;
		} else {
			str_addc(s, *text);
		}
	}
}

int confirm_destruction(struct call *c, struct err *e)
{
	autostr text = STR_INIT;

	if (c->yes || c->sxc->dry_run)
		return 0;
	question(c, &text);
	return cmd_confirm(c, e, "%s", str_c(&text)) ? 0 : e->code;
}

/* ---- secrets ---- */

static int secret_line(int fd, const char *from, char **out, struct err *e)
{
	char buf[MAX_SECRET + 2];
	bool end;
	ssize_t n = read_line(fd, buf, sizeof(buf), &end);
	int r = 0;

	if (n > 0 && buf[n - 1] == '\r')
		buf[--n] = '\0';
	if (interrupted)
		r = err_interrupted(e);
	else if (n < 0 && errno == EFBIG)
		r = err_set(e, E_USAGE, "%s: the first line is longer than %d bytes", from,
			MAX_SECRET);
	else if (n < 0)
		r = err_sys(e, "%s", from);
	else if (n == 0)
		r = err_set(e, E_USAGE, "%s: the first line is empty", from);
	else if (strlen(buf) != (size_t)n)
		r = err_set(e, E_USAGE, "%s: there is a NUL byte in the first line", from);
	else
		*out = mem_strdup(buf);
	mem_wipe(buf, sizeof(buf));
	return r;
}

static int secret_terminal(const char *prompt, char **out, struct err *e)
{
	struct termios old, quiet;
	int r;

	if (tcgetattr(STDIN_FILENO, &old) < 0)
		return err_sys(e, "terminal");
	quiet = old;
	quiet.c_lflag &= ~(tcflag_t)ECHO;
	ask(prompt);
	tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet);
	r = secret_line(STDIN_FILENO, "terminal", out, e);
	tcsetattr(STDIN_FILENO, TCSAFLUSH, &old);
	fputs("\n", stderr);
	return r;
}

int cmd_secret(struct call *c, const char *file, bool from_stdin, const char *prompt, char **out,
	struct err *e)
{
	autoclose int fd = -1;

	if (from_stdin || str_eq(file, "-"))
		return secret_line(STDIN_FILENO, "standard input", out, e);
	if (!file) {
		if (!c->terminal)
			return err_set(e, E_USAGE,
				"there is no terminal to ask for a password on: use "
				"--password-stdin or --password-file");
		return secret_terminal(prompt, out, e);
	}
	fd = open(file, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return err_sys(e, "%s", file);
	return secret_line(fd, file, out, e);
}
