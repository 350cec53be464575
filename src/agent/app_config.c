/* SPDX-License-Identifier: MIT */
/* Settings become files: rendered here, tested and put live inside by fixed steps. */
#include <stdio.h>
#include <string.h>

#include "agent/app.h"

#define STEP_TIME  60
#define CHECK_TIME 120

/*
 * DIR {N MODE TARGET}…: keep what stands at each target as DIR/N; a target that is not there leaves
 * nothing. Written to a new directory, so that it is whole or absent.
 */
#define SAVE                                                                                       \
	SH_PRIVATE_DIR "rm -rf -- \"$dir.new\"; mkdir -p -- \"$dir.new\"\n"                        \
		       "while [ $# -gt 0 ]; do\n"                                                  \
		       "	if [ -e \"$3\" ] || [ -L \"$3\" ]; then\n"                                \
		       "		cp -a -T -- \"$3\" \"$dir.new/$1\"; fi\n"                                \
		       "	shift 3\n"                                                                \
		       "done\n"                                                                    \
		       "rm -rf -- \"$dir\"; mv -T -- \"$dir.new\" \"$dir\"\n"
static const char sh_save[] = SAVE;

/*
 * DIR {N MODE TARGET}…: keep what stood at each target before it was ever ours, by the target's own
 * name, below DIR/had, or below DIR/none that there was nothing. What is known stays as it is.
 */
static const char sh_save_once[] = SH_PRIVATE_DIR
	"mkdir -p -- \"$dir\"\n"
	"while [ $# -gt 0 ]; do\n"
	"	had=$dir/had$3; none=$dir/none$3\n"
	"	if [ -e \"$had\" ] || [ -L \"$had\" ] || [ -e \"$none\" ]; then :\n"
	"	elif [ -e \"$3\" ] || [ -L \"$3\" ]; then\n"
	"		mkdir -p -- \"${had%/*}\"\n"
	"		cp -a -T -- \"$3\" \"$had.sxc-new\"; mv -T -- \"$had.sxc-new\" \"$had\"\n"
	"	else mkdir -p -- \"${none%/*}\"; : >\"$none\"; fi\n"
	"	shift 3\n"
	"done\n";

/* DIR {N MODE TARGET}…: each target as it was before it was ours; of others nothing is known. */
static const char sh_original[] =
	"set -e; dir=$1; shift\n"
	"while [ $# -gt 0 ]; do\n"
	"	had=$dir/had$3\n"
	"	if [ -e \"$had\" ] || [ -L \"$had\" ]; then\n"
	"		mkdir -p -- \"${3%/*}\"\n"
	"		cp -a -T -- \"$had\" \"$3.sxc-new\"; mv -T -- \"$3.sxc-new\" \"$3\"\n"
	"	elif [ -e \"$dir/none$3\" ]; then rm -f -- \"$3\"; fi\n"
	"	shift 3\n"
	"done\n";

/* DIR {N MODE TARGET}…: each target as it was kept; what was not there goes. */
static const char sh_back[] =
	"set -e; dir=$1; shift; [ -d \"$dir\" ] || exit 0\n"
	"while [ $# -gt 0 ]; do\n"
	"	if [ -e \"$dir/$1\" ] || [ -L \"$dir/$1\" ]; then\n"
	"		mkdir -p -- \"${3%/*}\"\n"
	"		cp -a -T -- \"$dir/$1\" \"$3.sxc-new\"; mv -T -- \"$3.sxc-new\" \"$3\"\n"
	"	else rm -f -- \"$3\"; fi\n"
	"	shift 3\n"
	"done\n";

/* DIR {N MODE TARGET}…: each candidate DIR/N to its target. */
static const char sh_live[] =
	"set -e; umask 022; dir=$1; shift\n"
	"while [ $# -gt 0 ]; do\n"
	"	mkdir -p -- \"${3%/*}\"\n"
	"	install -m \"$2\" -T -- \"$dir/$1\" \"$3.sxc-new\"; mv -T -- \"$3.sxc-new\" \"$3\"\n"
	"	shift 3\n"
	"done\n";

/*
 * DIR COUNT {N MODE TARGET}… COMMAND…: run the command where the candidates cover their targets, in
 * a mount namespace of its own. A target that is not there is made empty for that.
 */
static const char sh_check[] =
	"set -e; umask 022; dir=$1; n=$2; shift 2; i=0; made=\n"
	"for w; do [ $i -lt $((n * 3)) ] || break\n"
	"	if [ $((i % 3)) -eq 2 ] && ! [ -e \"$w\" ]; then\n"
	"		mkdir -p -- \"${w%/*}\"; : >\"$w\"; fi\n"
	"	i=$((i + 1))\n"
	"done\n"
	"exec unshare --mount /bin/sh -c '\n"
	"	set -e; dir=$1; n=$2; shift 2\n"
	"	while [ \"$n\" -gt 0 ]; do mount --bind -- \"$dir/$1\" \"$3\"; shift 3; n=$((n - 1)); done\n"
	"	exec \"$@\"' sxc \"$dir\" \"$n\" \"$@\"\n";

static bool has_target(const struct wrapper *w, const char *to)
{
	vec_each(&w->templates, t) {
		if (strcmp(t->to, to) == 0)
			return true;
	}
	return false;
}

/* The triples N MODE TARGET of the templates, but for the targets that but has too. */
static void add_triples(const struct wrapper *w, const struct wrapper *but, struct strvec *words)
{
	for (size_t i = 0; i < w->templates.n; i++) {
		if (but && has_target(but, w->templates.v[i].to))
			continue;
		autofree char *n = str_fmt("%zu", i),
			      *mode = str_fmt("%04o", w->templates.v[i].mode);

		strvec_push(words, n);
		strvec_push(words, mode);
		strvec_push(words, w->templates.v[i].to);
	}
}

static int step_but(struct app_on *o, const struct wrapper *but, const char *text, const char *sub,
	struct err *e)
{
	autofree char *dir = str_fmt("%s.%s", o->dir, sub);
	autostrvec words = {0};

	if (!o->p->wrapper.templates.n)
		return 0;
	strvec_push(&words, dir);
	add_triples(&o->p->wrapper, but, &words);
	return inside_sh(o->ps, text, (const char *const *)strvec_argv(&words), STEP_TIME, e);
}

static int step(struct app_on *o, const char *text, const char *sub, struct err *e)
{
	return step_but(o, NULL, text, sub, e);
}

int app_save_originals(struct app_on *o, struct err *e)
{
	return step(o, sh_save_once, "original", e);
}

int app_restore_originals(struct app_on *o, const struct wrapper *but, struct err *e)
{
	return step_but(o, but, sh_original, "original", e);
}

static int render_one(struct app_on *o, const struct wrapper_template *t, struct str *out,
	struct err *e)
{
	autostr text = STR_INIT;
	int r = app_package_file(o->p, t->from, &text, e);

	return r < 0 ? r : wrapper_render(&o->values, t->from, str_c(&text), text.len, out, e);
}

static int send_candidates(struct app_on *o, const char *dir, struct err *e)
{
	const struct wrapper *w = &o->p->wrapper;
	struct bundle b = {0};
	int r = 0;

	for (size_t i = 0; i < w->templates.n && r == 0; i++) {
		autofree char *n = str_fmt("%zu", i);
		autostr out = STR_INIT;

		if ((r = render_one(o, &w->templates.v[i], &out, e)) == 0)
			r = bundle_add(&b, n, w->templates.v[i].mode, str_c(&out), out.len, e);
	}
	if (r == 0)
		r = bundle_send(&b, o->ps, dir, e);
	str_release(&b.tar);
	return r;
}

static int check_candidates(struct app_on *o, const char *dir, struct err *e)
{
	const struct wrapper *w = &o->p->wrapper;
	autofree char *count = str_fmt("%zu", w->templates.n);
	autostrvec words = {0};

	if (!w->check.n)
		return 0;
	strvec_push(&words, dir);
	strvec_push(&words, count);
	add_triples(w, NULL, &words);
	for (size_t i = 0; i < w->check.n; i++)
		strvec_push(&words, w->check.v[i]);
	if (inside_sh(o->ps, sh_check, (const char *const *)strvec_argv(&words), CHECK_TIME, e) ==
		0)
		return 0;
	app_hide_secrets(o, e);
	return err_wrap(e, "%s refuses the new configuration", w->check.v[0]);
}

int app_configure(struct app_on *o, struct err *e)
{
	autofree char *dir = str_fmt("%s.candidate", o->dir);
	struct err ignored;
	int r;

	if (!o->p->wrapper.templates.n)
		return 0;
	if ((r = send_candidates(o, dir, e)) < 0 || (r = check_candidates(o, dir, e)) < 0 ||
		(r = step(o, sh_save, "previous", e)) < 0)
		return r;
	if ((r = step(o, sh_live, "candidate", e)) < 0)
		app_configure_back(o, &ignored);
	return r;
}

int app_configure_back(struct app_on *o, struct err *e)
{
	return step(o, sh_back, "previous", e);
}

int app_check(struct app_on *o, struct err *e)
{
	const struct words *check = &o->p->wrapper.check;
	autostrvec argv = {0};

	if (!check->n)
		return 0;
	for (size_t i = 0; i < check->n; i++)
		strvec_push(&argv, check->v[i]);
	return inside_run(o->ps, strvec_argv(&argv), NULL, CHECK_TIME, e);
}
