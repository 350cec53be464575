/* SPDX-License-Identifier: MIT */
/* Settings from the command line; orders to many targets and what is said of them. */
#include "cmd/app_verbs.h"

#include <string.h>

#include "cmd/out.h"
#include "util/num.h"
#include "util/slurp.h"
#include "util/str.h"

#define SETTING_MAX 65536

/* ---- settings from the command line ---- */

void given_release(struct given *g)
{
	vec_release(&g->settings);
	for (size_t i = 0; i < g->texts.n; i++) /* some are secrets */
		mem_wipe(g->texts.v[i], strlen(g->texts.v[i]));
	strvec_release(&g->texts);
}

static void give(struct given *g, const char *name, const char *value)
{
	struct app_setting s = {0};

	strvec_push(&g->texts, name);
	s.name = g->texts.v[g->texts.n - 1];
	if (value) {
		strvec_push(&g->texts, value);
		s.value = g->texts.v[g->texts.n - 1];
	}
	vec_push(&g->settings, s);
}

struct secret {
	const char *name;
	bool found;
};

static int look_for_secret(void *arg, const void *row, struct err *e)
{
	const struct app_setting_row *s = row;
	struct secret *secret = arg;

	(void)e;
	if (strcmp(s->type, "secret") == 0 && strcmp(s->setting, secret->name) == 0)
		secret->found = true;
	return 0;
}

/* Arguments are seen by everyone on this machine. */
static int refuse_secret(struct call *c, const char *app, const char *name, struct err *e)
{
	struct secret s = {.name = name};
	int r = app_settings(c->sxc, app, look_for_secret, &s, e);

	if (r < 0 || !s.found)
		return r;
	return err_set(e, E_USAGE, "%s is a secret: give it in a file, with --set-file %s=FILE",
		name, name);
}

static int split_pair(const char *pair, char **name, const char **value, struct err *e)
{
	const char *eq = strchr(pair, '=');

	if (!eq || eq == pair)
		return err_set(e, E_USAGE, "'%.60s' is not SETTING=VALUE", pair);
	*name = mem_strndup(pair, (size_t)(eq - pair));
	*value = eq + 1;
	return 0;
}

int given_pair(struct given *g, struct call *c, const char *app, const char *pair, struct err *e)
{
	autofree char *name = NULL;
	const char *value;
	int r;

	if ((r = split_pair(pair, &name, &value, e)) < 0 ||
		(r = refuse_secret(c, app, name, e)) < 0)
		return r;
	give(g, name, value);
	return 0;
}

/* SETTING=FILE: the first line of the file. */
int given_file(struct given *g, const char *pair, struct err *e)
{
	autofree char *name = NULL;
	autostr text = STR_INIT;
	const char *path;
	int r;

	if ((r = split_pair(pair, &name, &path, e)) < 0 ||
		(r = slurp(path, SETTING_MAX, &text, e)) < 0)
		return r;
	if (text.len && text.p[text.len - 1] == '\n')
		text.p[--text.len] = '\0';
	if (memchr(str_c(&text), '\0', text.len))
		return err_set(e, E_USAGE, "%s: the value holds a NUL byte", name);
	give(g, name, str_c(&text));
	if (text.p)
		mem_wipe(text.p, text.len);
	return 0;
}

void given_default(struct given *g, const char *name)
{
	give(g, name, NULL);
}

int given_all(struct given *g, struct call *c, const char *app, const struct strvec *set,
	const struct strvec *set_file, struct err *e)
{
	int r = 0;

	for (size_t i = 0; i < set->n && r == 0; i++)
		r = given_pair(g, c, app, set->v[i], e);
	for (size_t i = 0; i < set_file->n && r == 0; i++)
		r = given_file(g, set_file->v[i], e);
	return r;
}

int64_t order_number(const char *text)
{
	int64_t n = 0;

	text += text[0] == '#';
	return strlen(text) > 9 || num_parse(text, 0, &n) < 0 || n < 0 ? 0 : n;
}

/* ---- orders ---- */

const struct opt opts_target[] = {TARGET_OPT(struct target_opts), OPT_END};

struct failure {
	char *ps, *server, *why;
};

struct telling {
	struct call *c;
	const struct order_words *words;
	size_t told;
	VEC(struct failure) failures;
};

static void telling_release(struct telling *t)
{
	vec_each(&t->failures, f) {
		free(f->ps);
		free(f->server);
		free(f->why);
	}
	vec_release(&t->failures);
}

static void told(void *arg, const struct app_outcome *o)
{
	struct telling *t = arg;
	struct out *out = t->c->out;

	t->told++;
	if (o->result < 0) {
		struct failure f = {mem_strdup(o->ps), mem_strdup(o->server ? o->server : "-"),
			mem_strdup(o->why)};

		vec_push(&t->failures, f);
	} else if (o->nothing) {
		out_done_name(out, "instance", o->app, "%s on %s %s already", o->app, o->ps,
			t->words->so);
	} else if (t->c->sxc->dry_run) {
		out_would(out, "would %s %s on %s", t->words->would, o->app, o->ps);
	} else {
		out_done_name(out, "instance", o->app, "%s on %s %s", o->app, o->ps,
			t->words->done);
	}
}

/* One target's error is the command's. */
static void show_failures(struct telling *t)
{
	size_t ps = 0, server = 0;

	if (t->told < 2)
		return;
	vec_each(&t->failures, f) {
		ps = strlen(f->ps) > ps ? strlen(f->ps) : ps;
		server = strlen(f->server) > server ? strlen(f->server) : server;
	}
	vec_each(&t->failures, f)
		out_note(t->c->out, "%-*s  %-*s  %s", (int)ps, f->ps, (int)server, f->server,
			f->why);
}

int order_run(struct call *c, const struct app_order *o, char *const *targets,
	const struct order_words *w, struct err *e)
{
	autoclean(telling_release) struct telling t = {.c = c, .words = w};
	int r = app_order_run(c->sxc, o, targets, told, &t, e);

	show_failures(&t);
	return r;
}
