/* SPDX-License-Identifier: MIT */
/* Before the agent is there, and when it goes: fixed commands over plain SSH. No command is built
 * from data; data goes to their standard input. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "svc/remote_conn.h"
#include "svc/sign.h"
#include "util/vec.h"

#define AGENT_MAX    (64 << 20)
#define SPARE_KIB    (8 << 10) /* beside the agent itself */
#define KERNEL_MAJOR 6
#define KERNEL_MINOR 1

/* One line a fact, "-" where there is none. df -Pk: the fourth word of the last line is free KiB. */
#define CMD_PROBE                                                                                  \
	"exec /bin/sh -c 'LC_ALL=C; export LC_ALL; uname -s; uname -r; uname -m; id -u; "          \
	"test -f /sys/fs/cgroup/cgroup.controllers && echo cgroup2 || echo -; "                    \
	"test -d /run/systemd/system && echo systemd || echo -; "                                  \
	"df -Pk /usr | tail -n 1; df -Pk /var/lib | tail -n 1'"
#define CMD_ADD_KEY                                                                                \
	"exec /bin/sh -c 'set -e; umask 077; d=$HOME/.ssh; f=$d/authorized_keys; "                 \
	"mkdir -p \"$d\"; touch \"$f\"; k=$(cat); grep -qxF -e \"$k\" \"$f\" && exit 0; "          \
	"test -z \"$(tail -c 1 \"$f\")\" || echo >>\"$f\"; printf \"%s\\n\" \"$k\" >>\"$f\"'"
#define CMD_DROP_KEY                                                                               \
	"exec /bin/sh -c 'set -e; umask 077; f=$HOME/.ssh/authorized_keys; test -f \"$f\" || "     \
	"exit 0; k=$(cat); t=$(mktemp \"$f.XXXXXX\"); grep -vxF -e \"$k\" \"$f\" >\"$t\" || "      \
	"test $? = 1; cat \"$t\" >\"$f\"; rm -f \"$t\"'"
/* The first line of the input is the digest of the rest. */
#define CMD_AGENT                                                                                  \
	"exec /bin/sh -c 'LC_ALL=C; export LC_ALL; umask 022; read -r want; "                      \
	"mkdir -p /usr/lib/sxc || exit 1; t=$(mktemp /usr/lib/sxc/.agent.XXXXXX) || exit 1; "      \
	"trap \"rm -f $t\" EXIT; cat >\"$t\" || exit 1; have=$(sha256sum <\"$t\") || exit 1; "     \
	"test \"${have%% *}\" = \"$want\" || exit 12; chmod 755 \"$t\" && sync \"$t\" && "         \
	"mv -f \"$t\" " REMOTE_AGENT "'"
#define CMD_AGENT_DIGEST "exec sha256sum " REMOTE_AGENT

/* The outcome of a fixed command: 0 or an error with the end of what it said. */
static int expect(struct link *l, int status, const char *doing, const struct str *errs,
	struct err *e)
{
	autostr why = STR_INIT;
	size_t n = errs->len;

	if (status <= 0)
		return status;
	while (n && errs->p[n - 1] == '\n')
		n--;
	str_add_clean(&why, str_c(errs), n, false);
	if (strstr(str_c(errs), "No space left") || strstr(str_c(errs), "quota exceeded"))
		return err_set(e, E_LIMIT, "server %s: its disk is full: %s", l->name, str_c(&why));
	if (status == 12)
		return err_set(e, E_INTEGRITY, "server %s: %s: what arrived is not what was sent",
			l->name, doing);
	return err_set(e, E_FAIL, "server %s: %s failed (%d)%s%s", l->name, doing, status,
		why.len ? ": " : "", str_c(&why));
}

static int run(struct link *l, const char *doing, const char *command, const void *in, size_t n,
	struct err *e)
{
	autostr errs = STR_INIT;

	return expect(l, link_run(l, command, in, n, NULL, &errs, e), doing, &errs, e);
}

/* ---- is it fit? ---- */

enum { P_SYSTEM, P_KERNEL, P_ARCH, P_UID, P_CGROUP, P_SYSTEMD, P_USR, P_VAR, P_COUNT };

static int64_t df_free(const char *line)
{
	autostrvec words = {0};

	strvec_split(&words, line, " \t");
	return words.n >= 4 ? strtoll(words.v[3], NULL, 10) : 0;
}

static int check_system(const char *name, char *const *p, struct err *e)
{
	struct utsname here;
	autostr shown = STR_INIT;
	int major = 0, minor = 0;

	uname(&here);
	str_add_clean(&shown, p[P_SYSTEM], strlen(p[P_SYSTEM]), false);
	if (strcmp(p[P_SYSTEM], "Linux") != 0)
		return err_set(e, E_STATE, "server %s: runs %.60s, not Linux", name, str_c(&shown));
	if (sscanf(p[P_KERNEL], "%d.%d", &major, &minor) != 2 || major < KERNEL_MAJOR ||
		(major == KERNEL_MAJOR && minor < KERNEL_MINOR))
		return err_set(e, E_STATE, "server %s: kernel %d.%d is too old, %d.%d is needed",
			name, major, minor, KERNEL_MAJOR, KERNEL_MINOR);
	if (strcmp(p[P_ARCH], here.machine) != 0) {
		str_clear(&shown);
		str_add_clean(&shown, p[P_ARCH], strlen(p[P_ARCH]), false);
		return err_set(e, E_STATE,
			"server %s: is a %.60s machine, the agent here is for %s", name,
			str_c(&shown), here.machine);
	}
	return 0;
}

static int check_probe(const char *name, char *const *p, int64_t agent_size, struct err *e)
{
	int64_t want = agent_size / 1024 + SPARE_KIB;
	int r = check_system(name, p, e);

	if (r < 0)
		return r;
	if (strcmp(p[P_UID], "0") != 0)
		return err_set(e, E_STATE, "server %s: this user is not root there", name);
	if (strcmp(p[P_CGROUP], "cgroup2") != 0)
		return err_set(e, E_STATE,
			"server %s: no cgroup v2 at /sys/fs/cgroup (boot it with "
			"systemd.unified_cgroup_hierarchy=1)",
			name);
	if (strcmp(p[P_SYSTEMD], "systemd") != 0)
		return err_set(e, E_STATE, "server %s: systemd does not run there", name);
	for (int i = P_USR; i <= P_VAR; i++)
		if (df_free(p[i]) < want)
			return err_set(e, E_LIMIT,
				"server %s: its disk is full: %lld KiB free at %s, %lld wanted",
				name, (long long)df_free(p[i]), i == P_USR ? "/usr" : "/var/lib",
				(long long)want);
	return 0;
}

static int probe(struct link *l, int64_t agent_size, struct err *e)
{
	autostr out = STR_INIT, errs = STR_INIT;
	autostrvec lines = {0};
	int status = link_run(l, CMD_PROBE, NULL, 0, &out, &errs, e);

	if (status < 0)
		return status;
	strvec_split(&lines, str_c(&out), "\r\n");
	if (lines.n < P_COUNT) {
		if (lines.n > 0 && strcmp(lines.v[0], "Linux") == 0)
			return expect(l, status ? status : 1, "looking at the system", &errs, e);
		return err_set(e, E_STATE, "server %s: is not Linux, or has no shell for this user",
			l->name);
	}
	return check_probe(l->name, lines.v, agent_size, e);
}

/* ---- key and agent ---- */

/* The digest, a newline, and the agent. */
static int load_agent(const char *path, struct str *out, struct err *e)
{
	autoclose int fd = open(path, O_RDONLY | O_CLOEXEC);
	char hex[SHA256_HEX];
	int64_t size;
	ssize_t k;
	int r;

	if (fd < 0)
		return err_set(e, E_NOTFOUND, "the agent is not at %s: %s", path, strerror(errno));
	if ((r = sha256_fd(fd, hex, &size, e)) < 0)
		return r;
	if (size > AGENT_MAX)
		return err_set(e, E_LIMIT, "%s is too large for an agent", path);
	str_addf(out, "%s\n", hex);
	str_reserve(out, (size_t)size);
	k = pread(fd, out->p + out->len, (size_t)size, 0);
	if (k != size)
		return err_sys(e, "%s", path);
	str_setlen(out, out->len + (size_t)size);
	return 0;
}

static int push_agent(struct link *l, const struct str *agent, struct err *e)
{
	autostr out = STR_INIT;
	int status = link_run(l, CMD_AGENT_DIGEST, NULL, 0, &out, NULL, e);

	if (status < 0)
		return status;
	if (status == 0 && out.len >= SHA256_HEX - 1 &&
		memcmp(out.p, agent->p, SHA256_HEX - 1) == 0)
		return 0;
	return run(l, "putting the agent in place", CMD_AGENT, agent->p, agent->len, e);
}

static int install(struct link *l, const struct remote_contact *c, const struct str *agent,
	struct err *e)
{
	int r;

	if (c->note)
		c->note(c->arg, "looking at the system");
	if ((r = probe(l, (int64_t)agent->len, e)) < 0)
		return r;
	if (c->note)
		c->note(c->arg, "putting the agent in place");
	if ((r = push_agent(l, agent, e)) < 0)
		return r;
	if (c->note)
		c->note(c->arg, "putting the control center's key in place");
	return run(l, "adding the key", CMD_ADD_KEY, c->public_key, strlen(c->public_key), e);
}

static int accept_key(struct link *l, const struct remote_contact *c, struct err *e)
{
	if (c->spec.host_key || (c->confirm && c->confirm(c->arg, l->host_key)))
		return 0;
	return err_set(e, E_INTEGRITY,
		"server %s: its host key %s (%s) was not accepted; pin it with --host-key", l->name,
		l->host_key, l->host_key_type);
}

int remote_first_contact(struct remote_contact *c, char **host_key, struct err *e)
{
	autoclean(link_close) struct link l = {.fd = -1};
	autostr agent = STR_INIT;
	int r;

	if ((r = load_agent(c->agent_path, &agent, e)) < 0 ||
		(r = link_open(&l, &c->spec, e)) < 0 || (r = accept_key(&l, c, e)) < 0)
		return r;
	r = c->password ? link_login_password(&l, c->spec.user, c->password, e)
	                : link_login_key(&l, c->spec.user, c->spec.identity, e);
	if (r < 0 || (r = install(&l, c, &agent, e)) < 0)
		return r;
	*host_key = steal(&l.host_key);
	c->host_key_type = steal(&l.host_key_type);
	return 0;
}

/* ---- later, with the control center's key ---- */

/* A link that is logged in: of an idle connection (*r, to be given back), or a new one. */
static int borrow_link(struct remote_pool *p, const struct remote_spec *spec, struct link *fresh,
	struct remote **r, struct link **out, struct err *e)
{
	int rc;

	*r = remote_take(p, spec);
	*out = *r ? &(*r)->link : fresh;
	if (*r)
		return 0;
	rc = link_open(fresh, spec, e);
	return rc < 0 ? rc : link_login_key(fresh, spec->user, spec->identity, e);
}

int remote_push_agent(struct remote_pool *p, const struct remote_spec *spec, const char *agent_path,
	struct err *e)
{
	autoclean(link_close) struct link fresh = {.fd = -1};
	autostr agent = STR_INIT;
	struct remote *r = NULL;
	struct link *l;
	int rc = load_agent(agent_path, &agent, e);

	if (rc < 0 || (rc = borrow_link(p, spec, &fresh, &r, &l, e)) < 0)
		return rc;
	rc = push_agent(l, &agent, e);
	if (r)
		r->broken = true; /* the agent at its other end is the one from before */
	remote_put(p, r);
	return rc;
}

int remote_drop_key(struct remote_pool *p, const struct remote_spec *spec, const char *public_key,
	struct err *e)
{
	autoclean(link_close) struct link fresh = {.fd = -1};
	struct remote *r = NULL;
	struct link *l;
	int rc = borrow_link(p, spec, &fresh, &r, &l, e);

	if (rc == E_PERM) /* it is not there any more */
		return 0;
	if (rc < 0)
		return rc;
	rc = run(l, "removing the key", CMD_DROP_KEY, public_key, strlen(public_key), e);
	if (r)
		r->broken = true;
	remote_put(p, r);
	return rc;
}
