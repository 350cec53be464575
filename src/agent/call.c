/* SPDX-License-Identifier: MIT */
/* `sxc-agent call`: one operation by hand, as root on the server; for looking into trouble. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "agent/session.h"

static bool is_number(const char *s)
{
	s += *s == '-';
	return *s && strlen(s) < 19 && strspn(s, "0123456789") == strlen(s);
}

/* NAME=VALUE: an integer if it looks like one; NAME==VALUE is always a text. */
static int add_field(struct msg *m, char *arg, struct err *e)
{
	char *eq = strchr(arg, '=');

	if (!eq || eq == arg)
		return err_set(e, E_USAGE, "\"%s\" is not NAME=VALUE", arg);
	*eq++ = '\0';
	if (*eq == '=')
		msg_add_text(m, arg, eq + 1);
	else if (is_number(eq))
		msg_add_i64(m, arg, strtoll(eq, NULL, 10));
	else
		msg_add_text(m, arg, eq);
	return 0;
}

AGENT_VERB(call, "call", "OP [NAME=VALUE...]: run one operation here")
{
	autoclean(session_release) struct agent a = {.in = STDIN_FILENO,
		.out = STDOUT_FILENO,
		.local = true};
	automsg *req = msg_new(), *ans = NULL;
	autostr text = STR_INIT;
	int r = 0;

	if (argc < 2)
		return err_set(e, E_USAGE, "call needs the name of an operation");
	if (geteuid() != 0)
		return err_set(e, E_PERM, "only root may do that");
	for (int i = 2; i < argc && r == 0; i++)
		r = add_field(req, argv[i], e);
	if (r < 0)
		return r;
	autofree char *job = str_fmt("local-%lld-%d", (long long)time(NULL), (int)getpid());
	if ((r = dispatch(&a, argv[1], job, req, &ans, e)) < 0)
		return r;
	msg_print(ans, &text);
	puts(str_c(&text));
	return 0;
}
