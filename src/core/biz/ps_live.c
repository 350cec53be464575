/* SPDX-License-Identifier: MIT */
#include "biz/ps_live.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "biz/ps.h"
#include "biz/server.h"
#include "util/str.h"
#include "util/vec.h"

#define SQL_ACCOUNT "SELECT id FROM account WHERE name = ?1"
#define SQL_COMPLETE                                                                               \
	"SELECT p.name, s.name || ' ' || p.state FROM ps p JOIN server s ON s.id = p.server "      \
	"WHERE p.name >= ?1 AND p.name < ?1 || x'f48fbfbf' ORDER BY p.name LIMIT ?2"
#define KEYS_MAX 65536

/* A connection to the server it lives on; state must be running. */
static int connect_to(struct sxc *s, const char *name, struct server_spec *spec,
	struct remote **out, struct ps *p, struct err *e)
{
	int r = ps_get(s, name, p, e);

	if (r < 0)
		return r;
	if (strcmp(p->state, "running") != 0)
		return err_set(e, E_STATE, "private server %s is %s, not running", p->name,
			p->state);
	if ((r = server_spec(s, p->server, spec, e)) < 0)
		return r;
	return remote_get(s->pool, &spec->remote, out, e);
}

int ps_exec(struct sxc *s, const char *name, char *const argv[], const struct remote_events *ev,
	int *status, struct err *e)
{
	autoclean(server_spec_release) struct server_spec spec = {0};
	autoclean(ps_release) struct ps p = {0};
	automsg *req = msg_new(), *ans = NULL;
	struct remote *remote = NULL;
	int r = connect_to(s, name, &spec, &remote, &p, e);

	if (r < 0)
		return r;
	msg_add_text(req, "name", p.name);
	for (; *argv; argv++)
		msg_add_text(req, "argv", *argv);
	r = remote_call(remote, "ps.exec", NULL, req, ev, &ans, e);
	remote_put(s->pool, remote);
	if (r == 0)
		*status = (int)msg_i64(ans, "status", 255);
	return r;
}

int ps_enter(struct sxc *s, const char *name, struct err *e)
{
	autoclean(server_spec_release) struct server_spec spec = {0};
	autoclean(ps_release) struct ps p = {0};
	automsg *req = msg_new();
	struct remote *remote = NULL;
	int r = connect_to(s, name, &spec, &remote, &p, e);

	if (r < 0)
		return r;
	msg_add_text(req, "name", p.name);
	r = remote_terminal(remote, "ps.enter", req, e);
	remote_put(s->pool, remote);
	return r;
}

static int check_key(const char *path, size_t line, const char *text, struct err *e)
{
	static const char *const types[] = {"ssh-ed25519 ", "ssh-rsa ", "ecdsa-sha2-",
		"sk-ssh-ed25519@openssh.com ", "sk-ecdsa-sha2-"};

	for (size_t i = 0; i < ARRAY_LEN(types); i++)
		if (str_starts(text, types[i]) && strstr(text, " AAAA") &&
			str_is_utf8(text, strlen(text)))
			return 0;
	return err_set(e, E_USAGE, "%s:%zu: not an SSH public key (ssh-ed25519 AAAA…)", path, line);
}

int ps_read_keys(const char *path, char **out, struct err *e)
{
	autoclose int fd = open(path, O_RDONLY | O_CLOEXEC);
	autofree char *buf = mem_zalloc(KEYS_MAX + 1);
	autostrvec lines = {0};
	autostr keys = STR_INIT;
	ssize_t n = fd < 0 ? -1 : read(fd, buf, KEYS_MAX + 1);
	int r;

	if (n < 0)
		return err_set(e, errno == ENOENT ? E_NOTFOUND : E_FAIL, "%s: %s", path,
			strerror(errno));
	if (n > KEYS_MAX)
		return err_set(e, E_USAGE, "%s: more than 64 KiB of keys", path);
	buf[n] = '\0';
	strvec_split(&lines, buf, "\r\n");
	for (size_t i = 0; i < lines.n; i++) {
		if (lines.v[i][0] == '#')
			continue;
		if ((r = check_key(path, i + 1, lines.v[i], e)) < 0)
			return r;
		str_addf(&keys, "%s\n", lines.v[i]);
	}
	if (!keys.len)
		return err_set(e, E_USAGE, "%s: no SSH public key in it", path);
	*out = str_steal(&keys);
	return 0;
}

int ps_account(struct sxc *s, const char *name, int64_t *id, struct err *e)
{
	int r = db_get_i64(s->db, id, e, SQL_ACCOUNT, name);

	return r < 0 ? r : r == 0 ? err_set(e, E_NOTFOUND, "no account named '%s'", name) : 0;
}

int ps_name_exists(struct sxc *s, const char *name, struct err *e)
{
	autoclean(ps_release) struct ps p = {0};
	int r = ps_get(s, name, &p, e);

	return r == 0 ? 1 : r == E_NOTFOUND ? 0 : r;
}

int ps_complete(struct sxc *s, const char *prefix, int limit,
	void (*fn)(void *arg, const char *name, const char *help), void *arg, struct err *e)
{
	autoclean(db_done) struct query q = {0};
	int r = db_query(s->db, &q, e, SQL_COMPLETE, prefix, limit);

	while (r >= 0 && (r = db_next(&q, e)) > 0)
		fn(arg, db_text(&q, 0), db_text(&q, 1));
	return r;
}
