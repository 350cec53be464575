/* SPDX-License-Identifier: MIT */
/* Packages of the distribution that come and go with an application. */
#include <string.h>

#include "agent/app.h"
#include "agent/ps.h"

#define PACKAGES_TIME 3600 /* forty packages on a slow machine: what goes on is not taken back */
#define REMOVE_TIME   1800
#define QUERY_TIME    60
#define POLICY_MARK   "# sxc: nothing is started while packages come in"

/* How long another run of the package manager is waited for: twenty times three seconds. */
#define PATIENCE "20"

/*
 * patient waits for whoever uses the package manager. What was left half-configured is finished
 * first, and nothing is started meanwhile: policy-rc.d(8).
 */
#define PRELUDE                                                                                    \
	"set -e; export DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8\n"                           \
	"patient() { n=0\n"                                                                        \
	"	until said=$(\"$@\" 2>&1); do\n"                                                         \
	"		case $said in *lock*'another process'*) ;;\n"                                           \
	"		*) printf '%s\n' \"$said\"; return 1; esac\n"                                           \
	"		n=$((n + 1)); [ $n -lt " PATIENCE " ] ||\n"                                \
	"			{ echo 'the package manager is in use by another process'; return 1; }\n"              \
	"		sleep 3\n"                                                                              \
	"	done; }\n"                                                                               \
	"policy=/usr/sbin/policy-rc.d; made=\n"                                                    \
	"if ! [ -e $policy ] || grep -qx '" POLICY_MARK "' $policy; then made=1\n"                 \
	"	printf '#!/bin/sh\\n%s\\nexit 101\\n' '" POLICY_MARK                               \
	"' >$policy; chmod 755 $policy; fi\n"                                                      \
	"trap '[ -z \"$made\" ] || rm -f $policy' EXIT\n"                                          \
	"if [ -n \"$(dpkg --audit)\" ]; then patient dpkg --force-confold --configure -a; fi\n"

/*
 * DIR HOW PACKAGE…: install each .deb of DIR, the same version skipped and with HOW "up" an older
 * one too; where there are none the named packages from the network. One that must be configured
 * before another is even unpacked (Pre-Depends) lets that wait for the next turn.
 */
static const char sh_packages[] = PRELUDE
	"dir=$1; older=; net=--allow-downgrades; [ \"$2\" != up ] || { older=-G; net=; }; shift 2\n"
	"if ls \"$dir\"/*.deb >/dev/null 2>&1; then\n"
	"	turn=0; until patient dpkg -E $older --force-confdef --force-confold -i \"$dir\"/*.deb; do\n"
	"		turn=$((turn + 1)); case $turn$said in [1-6]*pre-dependency*) ;; *) exit 1; esac\n"
	"	done\n"
	"elif [ $# -gt 0 ]; then\n"
	"	apt-get -q -y --no-install-recommends $net -o DPkg::Lock::Timeout=60 \\\n"
	"		-o Dpkg::Options::=--force-confold install -- \"$@\"; fi\n";

/* PURGE PACKAGE…: those that came along and that nothing else needs by now; the rest stays. */
static const char sh_remove[] = "[ $# -gt 1 ] || exit 0\n" PRELUDE
				"how=--remove; [ \"$1\" = 0 ] || how=--purge; shift\n"
				"patient dpkg $how \"$@\" >/dev/null && exit 0\n"
				"case $said in *lock*'another process'*) exit 1; esac\n"
				"for p; do dpkg $how \"$p\" >/dev/null 2>&1 || :; done; exit 0\n";

const char *app_bundled(const char *path, const char *platform)
{
	size_t n = strlen(platform);

	if (!str_starts(path, "packages/") || strncmp(path + 9, platform, n) != 0 ||
		path[9 + n] != '/' || !str_ends(path, ".deb"))
		return NULL;
	return path + 9 + n + 1;
}

bool app_deb_is(const char *file, const char *pair)
{
	const char *eq = strchr(pair, '=');
	autostr name = STR_INIT;

	str_addf(&name, "%.*s_", (int)(eq - pair), pair);
	for (const char *v = eq + 1; *v; v++)
		*v == ':' ? str_add(&name, "%3a") : str_addc(&name, *v);
	str_addc(&name, '_');
	return str_starts(file, str_c(&name));
}

bool app_deb_among(const char *file, const struct strvec *pairs)
{
	for (size_t i = 0; i < pairs->n; i++)
		if (app_deb_is(file, pairs->v[i]))
			return true;
	return false;
}

int app_debs_there(const char *ps, struct strvec *pairs, struct err *e)
{
	char prog[] = "dpkg-query", opt[] = "-W",
	     form[] = "-f=${db:Status-Status} ${Package}=${Version}\n";
	char *argv[] = {prog, opt, form, NULL};
	autostrvec lines = {0};
	autostr out = STR_INIT;
	int r = inside_output(ps, argv, QUERY_TIME, &out, e);

	if (r < 0)
		return r;
	strvec_split(&lines, str_c(&out), "\n");
	for (size_t i = 0; i < lines.n; i++)
		if (str_starts(lines.v[i], "installed "))
			strvec_push(pairs, lines.v[i] + strlen("installed "));
	return 0;
}

static const char *pair_of(const struct strvec *pairs, const char *name)
{
	size_t n = strlen(name);

	for (size_t i = 0; i < pairs->n; i++)
		if (strncmp(pairs->v[i], name, n) == 0 && pairs->v[i][n] == '=')
			return pairs->v[i];
	return NULL;
}

static void plan_one(const struct strvec *have, const char *name, struct msg *record,
	const char *come)
{
	const char *pair = pair_of(have, name);

	if (!pair)
		msg_add_text(record, come, name);
	else
		msg_add_text(record, "was", pair);
}

int app_plan_packages(struct app_on *o, const struct wrapper_platform *pl, struct msg *record,
	const char *come, struct err *e)
{
	autostrvec have = {0};
	int r = app_debs_there(o->ps, &have, e);

	if (r < 0)
		return r;
	vec_each(&o->p->members, m) {
		const char *file = app_bundled(m->path, pl->name);
		autofree char *name = file ? mem_strndup(file, strcspn(file, "_")) : NULL;

		if (name)
			plan_one(&have, name, record, come);
	}
	for (size_t i = 0; !pl->bundle && i < pl->packages.n; i++)
		plan_one(&have, pl->packages.v[i], record, come);
	return 0;
}

int app_install_packages(struct app_on *o, const struct strvec *names, bool older, struct err *e)
{
	static const char sh_delete[] = "rm -rf --one-file-system -- \"$1\"";
	autofree char *dir = str_fmt("%s/packages", o->dir);
	const char *const gone[] = {dir, NULL};
	autostrvec words = {0};
	int r;

	strvec_push(&words, dir);
	strvec_push(&words, older ? "any" : "up");
	for (size_t i = 0; i < names->n; i++)
		strvec_push(&words, names->v[i]);
	r = inside_sh(o->ps, sh_packages, (const char *const *)strvec_argv(&words), PACKAGES_TIME,
		e);
	if (r < 0)
		return err_wrap(e, "installing packages");
	return inside_sh(o->ps, sh_delete, gone, QUERY_TIME, e);
}

int app_remove_packages(struct app_on *o, const struct msg *record, const char *field, bool purge,
	struct err *e)
{
	autostrvec words = {0};
	const char *name;

	strvec_push(&words, purge ? "1" : "0");
	for (size_t i = 0; (name = msg_text_at(record, field, i)); i++)
		strvec_push(&words, name);
	if (inside_sh(o->ps, sh_remove, (const char *const *)strvec_argv(&words), REMOVE_TIME, e) <
		0)
		return err_wrap(e, "removing packages");
	return 0;
}
