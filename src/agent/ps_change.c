/* SPDX-License-Identifier: MIT */
/* Operation ps.change: host name, resolver, keys and addresses, in its files and in force. */
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "agent/agent.h"
#include "agent/net.h"
#include "agent/ps.h"
#include "agent/ps_conf.h"
#include "agent/ps_kept.h"
#include "agent/ps_layer.h"
#include "agent/ps_live.h"

struct change {
	const struct ps_conf *was, *c;
	bool hostname, addresses, nameservers, keys;
};

/* ---- while it runs: its own programs write, as its root ---- */

/* WORD: the text with it as $1 and input on its stdin. */
static int sh(const char *ps, const char *text, const char *word, const struct str *in,
	struct err *e)
{
	autofree char *t = mem_strdup(text), *w = mem_strdup(word);
	char *argv[] = {(char[]){"/bin/sh"}, (char[]){"-c"}, t, (char[]){"sxc"}, w, NULL};
	autostr out = STR_INIT, clean = STR_INIT;
	struct inside_opts o = {.timeout = 60,
		.in = str_c(in),
		.in_len = in->len,
		.out = &out,
		.out_max = 400};
	int status = ps_run_inside(ps, argv, &o, e);

	if (status <= 0)
		return status;
	str_add_clean(&clean, str_c(&out), out.len, false);
	return err_set(e, E_FAIL, "in %s: %s", ps, str_c(&clean));
}

static int write_inside(const struct change *k, struct err *e)
{
	const char *ps = k->c->name;
	autostr none = STR_INIT, hosts = STR_INIT, resolv = STR_INIT, keys = STR_INIT;
	int rc = 0;

	if (k->hostname)
		rc = sh(ps, "set -e; printf '%s\\n' \"$1\" >/etc/hostname; hostname \"$1\"",
			k->c->hostname, &none, e);
	layer_hosts(k->c, &hosts, true);
	if (rc == 0 && (k->hostname || k->addresses))
		rc = sh(ps,
			"set -e; t=/etc/.hosts.sxc; { awk -v h=\"$1\" '$2 != h' /etc/hosts || :; cat; } >$t\n"
			"cat $t >/etc/hosts; rm -f $t",
			k->was->hostname, &hosts, e);
	layer_resolv(k->c, &resolv);
	if (rc == 0 && k->nameservers)
		rc = sh(ps, "cat >/etc/resolv.conf", "", &resolv, e);
	for (size_t i = 0; i < k->c->key.n; i++)
		str_addf(&keys, "%s\n", k->c->key.v[i]);
	if (rc == 0 && k->keys)
		rc = sh(ps,
			"set -e; umask 077; mkdir -p /root/.ssh; cat >/root/.ssh/authorized_keys",
			"", &keys, e);
	return rc;
}

/* ---- while it does not ---- */

static int write_layer(const struct change *k, struct err *e)
{
	autoclose int upper = -1;
	int rc = kept_upper(k->c, LAYER_NOW, &upper, e);

	if (rc == 0 && (k->hostname || k->addresses || k->nameservers))
		rc = layer_name(k->c, upper, e);
	return rc == 0 && k->keys ? layer_keys(k->c, upper, e) : rc;
}

/* ---- the operation ---- */

static int take(struct change *k, struct ps_conf *c, const struct msg *req, struct err *e)
{
	int rc;

	k->hostname = msg_has(req, "hostname");
	k->addresses = msg_i64(req, "addresses", 0) != 0;
	k->nameservers = msg_i64(req, "nameservers", 0) != 0;
	k->keys = msg_i64(req, "keys", 0) != 0;
	if ((rc = ps_conf_names_from_msg(c, req, e)) < 0)
		return rc;
	return k->addresses ? ps_check_others(c, e) : 0;
}

AGENT_OP(ps_change, "ps.change", OP_CHANGE | OP_LOCK_PS)
{
	autoconf_ps was = {0}, c = {0};
	struct change k = {.was = &was, .c = &c};
	char dir[PATH_MAX];
	const char *name;
	pid_t pid;
	int rc;

	(void)a;
	(void)ans;
	if ((rc = msg_need_name(req, "name", &name, e)) < 0 ||
		(rc = ps_conf_read(&was, name, e)) < 0 || (rc = ps_conf_read(&c, name, e)) < 0 ||
		(rc = take(&k, &c, req, e)) < 0 ||
		(rc = ps_conf_write(&c, ps_path(dir, name, NULL), e)) < 0)
		return rc;
	pid = ps_live_pid(name);
	if (!pid)
		return write_layer(&k, e);
	if (k.addresses && (rc = net_readdress(&was, &c, pid, e)) < 0)
		return rc;
	return write_inside(&k, e);
}
