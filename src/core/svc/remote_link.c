/* SPDX-License-Identifier: MIT */
#include "svc/remote_link.h"

#include <libssh/server.h> /* ssh_send_keepalive */
#include <poll.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define TIMEOUT  15  /* seconds, when the caller has no opinion */
#define TICK_MS  250 /* an interrupt is noticed within */
#define OUT_MAX  65536
#define ERRS_MAX 2048

int64_t link_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

int link_error(struct link *l, const char *doing, struct err *e)
{
	const char *why = ssh_get_error(l->ses);
	autostr text = STR_INIT;

	str_add_clean(&text, why, strlen(why), false);
	return err_set(e, E_UNREACH, "server %s: %s: %s", l->name, doing,
		text.len ? str_c(&text) : "the connection was lost");
}

/* ---- waiting ---- */

/* The server answers this whatever else it is busy with; that it does is all that counts. */
static void probe(struct link *l, int64_t now)
{
	int64_t every = (int64_t)l->timeout * 1000 / 4;

	if (now - l->heard < every || now - l->probed < every)
		return;
	l->probed = now;
	ssh_send_keepalive(l->ses);
}

static int check_silence(struct link *l, struct err *e)
{
	int64_t now = link_now();

	if (now - l->heard > (int64_t)l->timeout * 1000)
		return err_set(e, E_UNREACH, "server %s: no sign of life for %d s", l->name,
			l->timeout);
	if (l->in && ssh_is_connected(l->ses))
		probe(l, now);
	return 0;
}

int link_poll(struct link *l, int also_fd, int ms, struct err *e)
{
	bool sending = ssh_get_poll_flags(l->ses) & SSH_WRITE_PENDING;
	struct pollfd p[2] = {{l->fd, (short)(POLLIN | (sending ? POLLOUT : 0)), 0},
		{also_fd, POLLIN, 0}};

	poll(p, 2, ms < TICK_MS ? ms : TICK_MS);
	if (p[0].revents & POLLIN)
		l->heard = link_now();
	if ((p[0].revents & (POLLHUP | POLLERR)) && !(p[0].revents & POLLIN))
		return err_set(e, E_UNREACH, "server %s: the connection was lost", l->name);
	return check_silence(l, e);
}

int link_wait(struct link *l, int also_fd, int ms, struct err *e)
{
	int r = err_interrupted(e);

	return r < 0 ? r : link_poll(l, also_fd, ms, e);
}

/* ---- opening ---- */

struct key_kind {
	const char *type;       /* as keys are named */
	const char *algorithms; /* as they are negotiated */
};
static const struct key_kind key_kinds[] = {
	{"ssh-ed25519", "ssh-ed25519"},
	{"ecdsa-sha2-nistp256", "ecdsa-sha2-nistp256"},
	{"ecdsa-sha2-nistp384", "ecdsa-sha2-nistp384"},
	{"ecdsa-sha2-nistp521", "ecdsa-sha2-nistp521"},
	{"ssh-rsa", "rsa-sha2-512,rsa-sha2-256"},
};

/* The algorithms of that type first, then (unless only) all others. */
static char *algorithms(const char *type, bool only)
{
	autostr s = STR_INIT;

	for (int pass = 0; pass < 2; pass++)
		for (size_t i = 0; i < ARRAY_LEN(key_kinds); i++) {
			bool first = str_eq(key_kinds[i].type, type);

			if (first != (pass == 0) || (only && !first))
				continue;
			str_addf(&s, "%s%s", s.len ? "," : "", key_kinds[i].algorithms);
		}
	return str_steal(&s);
}

/* Quick ciphers first: with AES instructions everywhere GCM is the cheapest by far. */
static int set_options(struct link *l, const struct remote_spec *spec, const char *hostkeys)
{
	static const char ciphers[] = "aes128-gcm@openssh.com,aes256-gcm@openssh.com,"
				      "chacha20-poly1305@openssh.com,aes256-ctr,aes128-ctr";
	static const char kex[] = "curve25519-sha256,curve25519-sha256@libssh.org,"
				  "ecdh-sha2-nistp256,ecdh-sha2-nistp384,"
				  "diffie-hellman-group16-sha512,"
				  "diffie-hellman-group-exchange-sha256,"
				  "diffie-hellman-group14-sha256";
	bool no = false;
	int rc = 0;

	rc |= ssh_options_set(l->ses, SSH_OPTIONS_PROCESS_CONFIG, &no);
	rc |= ssh_options_set(l->ses, SSH_OPTIONS_SSH_DIR, "/nonexistent");
	rc |= ssh_options_set(l->ses, SSH_OPTIONS_KNOWNHOSTS, "/dev/null");
	rc |= ssh_options_set(l->ses, SSH_OPTIONS_GLOBAL_KNOWNHOSTS, "/dev/null");
	rc |= ssh_options_set(l->ses, SSH_OPTIONS_HOST, spec->host);
	rc |= ssh_options_set(l->ses, SSH_OPTIONS_USER, spec->user);
	rc |= ssh_options_set(l->ses, SSH_OPTIONS_FD, &l->fd);
	rc |= ssh_options_set(l->ses, SSH_OPTIONS_HOSTKEYS, hostkeys);
	rc |= ssh_options_set(l->ses, SSH_OPTIONS_KEY_EXCHANGE, kex);
	rc |= ssh_options_set(l->ses, SSH_OPTIONS_CIPHERS_C_S, ciphers);
	rc |= ssh_options_set(l->ses, SSH_OPTIONS_CIPHERS_S_C, ciphers);
	rc |= ssh_options_set(l->ses, SSH_OPTIONS_COMPRESSION, "no");
	return rc;
}

static int look_at_key(struct link *l, struct err *e)
{
	unsigned char *hash = NULL;
	size_t n = 0;
	ssh_key key = NULL;
	char *text = NULL;

	if (ssh_get_server_publickey(l->ses, &key) == SSH_OK &&
		ssh_get_publickey_hash(key, SSH_PUBLICKEY_HASH_SHA256, &hash, &n) == SSH_OK)
		text = ssh_get_fingerprint_hash(SSH_PUBLICKEY_HASH_SHA256, hash, n);
	if (text) {
		l->host_key = mem_strdup(text);
		l->host_key_type = mem_strdup(ssh_key_type_to_char(ssh_key_type(key)));
	}
	if (hash)
		ssh_clean_pubkey_hash(&hash);
	ssh_string_free_char(text);
	ssh_key_free(key);
	return l->host_key ? 0 : link_error(l, "the host key", e);
}

/* libssh names all ECDSA keys by their curve, except in old habits. */
static void exact_type(struct link *l)
{
	if (str_eq(l->host_key_type, "rsa-sha2-512") || str_eq(l->host_key_type, "rsa-sha2-256")) {
		free(l->host_key_type);
		l->host_key_type = mem_strdup("ssh-rsa");
	}
}

/* One connection up to the keys, with the given algorithms for the host's. */
static int open_with(struct link *l, const struct remote_spec *spec, const char *hostkeys,
	struct err *e)
{
	int r, rc;

	*l = (struct link){.fd = -1,
		.name = mem_strdup(spec->name),
		.timeout = spec->timeout > 0 ? spec->timeout : TIMEOUT};
	/* The name was made just now, whatever was closed before: NOLINTNEXTLINE */
	if ((r = tcp_connect(l->name, spec->host, spec->port, l->timeout, &l->fd, e)) < 0)
		return r;
	l->heard = link_now();
	l->ses = ssh_new();
	if (!l->ses)
		return err_set(e, E_FAIL, "server %s: libssh gives no session", l->name);
	if (set_options(l, spec, hostkeys) != 0)
		return link_error(l, "options", e);
	ssh_set_blocking(l->ses, 0);
	while ((rc = ssh_connect(l->ses)) == SSH_AGAIN)
		if ((r = link_wait(l, -1, TICK_MS, e)) < 0)
			return r;
	l->hung_up = rc != SSH_OK;
	if (l->hung_up)
		return link_error(l, "ssh", e);
	if ((r = look_at_key(l, e)) < 0)
		return r;
	exact_type(l);
	return 0;
}

void link_close(struct link *l)
{
	if (l->ses) {
		ssh_disconnect(l->ses);
		ssh_free(l->ses);
	} else if (l->fd > 0) {
		close(l->fd);
	}
	free(l->name);
	free(l->host_key);
	free(l->host_key_type);
	*l = (struct link){.fd = -1};
}

static int wrong_key(const struct remote_spec *spec, const char *shown, const char *type,
	struct err *e)
{
	return err_set(e, E_INTEGRITY,
		"server %s: the host key is not the pinned one: pinned %s, shown %s (%s); nothing "
		"was sent. If the server was installed anew: sxc server set %s --host-key %s",
		spec->name, spec->host_key, shown, type, spec->name, shown);
}

/*
 * The pinned fingerprint may be of a type that was not negotiated: ask for the others one by one.
 * The first key shown stays the one that is told.
 */
static int try_other_types(struct link *l, const struct remote_spec *spec, struct err *e)
{
	autofree char *shown = mem_strdup(l->host_key), *type = mem_strdup(l->host_key_type);

	for (size_t i = 0; i < ARRAY_LEN(key_kinds); i++) {
		autofree char *algs = algorithms(key_kinds[i].type, true);
		struct err ignored;
		int r;

		if (str_eq(key_kinds[i].type, type))
			continue;
		link_close(l);
		r = open_with(l, spec, algs, &ignored);
		if (r == 0 && str_eq(l->host_key, spec->host_key))
			return 0;
		if (r == E_INTR)
			return err_interrupted(e);
	}
	return wrong_key(spec, shown, type, e);
}

/* A busy sshd turns newcomers away at random (MaxStartups): nothing was sent, so try again. */
static int open_patiently(struct link *l, const struct remote_spec *spec, const char *hostkeys,
	struct err *e)
{
	int r = open_with(l, spec, hostkeys, e);

	for (int ms = 200; r == E_UNREACH && l->hung_up && ms < 1000 && !interrupted; ms *= 2) {
		link_close(l);
		poll(NULL, 0, ms);
		r = open_with(l, spec, hostkeys, e);
	}
	return r;
}

int link_open(struct link *l, const struct remote_spec *spec, struct err *e)
{
	autofree char *algs = algorithms(spec->host_key_type, false);
	int r = open_patiently(l, spec, algs, e);

	if (r < 0 || !spec->host_key || str_eq(l->host_key, spec->host_key))
		return r;
	if (spec->host_key_type)
		return wrong_key(spec, l->host_key, l->host_key_type, e);
	return try_other_types(l, spec, e);
}

/* ---- logging in ---- */

static int login_result(struct link *l, int rc, const char *user, const char *what, struct err *e)
{
	if (rc == SSH_AUTH_SUCCESS) {
		l->in = true;
		return 0;
	}
	if (rc == SSH_AUTH_ERROR)
		return link_error(l, "logging in", e);
	if (rc == SSH_AUTH_PARTIAL)
		return err_set(e, E_PERM, "server %s: wants more than %s to let %s in", l->name,
			what, user);
	return err_set(e, E_PERM, "server %s: %s was refused for user %s", l->name, what, user);
}

int link_login_key(struct link *l, const char *user, const char *identity, struct err *e)
{
	ssh_key key = NULL;
	int r = 0, rc;

	rc = ssh_pki_import_privkey_file(identity, NULL, NULL, NULL, &key);
	if (rc == SSH_EOF)
		return err_set(e, E_NOTFOUND, "%s: the private key is not there", identity);
	if (rc != SSH_OK)
		return err_set(e, E_INTEGRITY, "%s: not a private key without a passphrase",
			identity);
	while ((rc = ssh_userauth_publickey(l->ses, user, key)) == SSH_AUTH_AGAIN)
		if ((r = link_wait(l, -1, TICK_MS, e)) < 0)
			break;
	ssh_key_free(key);
	return r < 0 ? r : login_result(l, rc, user, "the key", e);
}

/* PAM asks by keyboard-interactive: one hidden question is the password's. */
static int answer_questions(struct link *l, const char *user, const char *password, struct err *e)
{
	bool told = false;
	int r, rc;

	for (;;) {
		while ((rc = ssh_userauth_kbdint(l->ses, user, NULL)) == SSH_AUTH_AGAIN)
			if ((r = link_wait(l, -1, TICK_MS, e)) < 0)
				return r;
		if (rc != SSH_AUTH_INFO)
			return login_result(l, rc, user, "the password", e);
		for (int i = 0; i < ssh_userauth_kbdint_getnprompts(l->ses); i++) {
			if (told)
				return login_result(l, SSH_AUTH_DENIED, user, "the password", e);
			ssh_userauth_kbdint_setanswer(l->ses, (unsigned)i, password);
			told = true;
		}
	}
}

int link_login_password(struct link *l, const char *user, const char *password, struct err *e)
{
	int r, rc, methods;

	while ((rc = ssh_userauth_none(l->ses, user)) == SSH_AUTH_AGAIN)
		if ((r = link_wait(l, -1, TICK_MS, e)) < 0)
			return r;
	if (rc == SSH_AUTH_SUCCESS) {
		l->in = true;
		return 0;
	}
	if (rc == SSH_AUTH_ERROR)
		return link_error(l, "logging in", e);
	methods = ssh_userauth_list(l->ses, user);
	if (!(methods & SSH_AUTH_METHOD_PASSWORD)) {
		if (methods & SSH_AUTH_METHOD_INTERACTIVE)
			return answer_questions(l, user, password, e);
		return err_set(e, E_PERM,
			"server %s: user %s may not log in with a password; use --identity",
			l->name, user);
	}
	while ((rc = ssh_userauth_password(l->ses, user, password)) == SSH_AUTH_AGAIN)
		if ((r = link_wait(l, -1, TICK_MS, e)) < 0)
			return r;
	return login_result(l, rc, user, "the password", e);
}

/* ---- commands ---- */

void link_channel_free(ssh_channel ch)
{
	if (ch)
		ssh_channel_free(ch);
}

int link_exec(struct link *l, const char *command, ssh_channel *out, struct err *e)
{
	ssh_channel ch = ssh_channel_new(l->ses);
	int r = 0, rc = SSH_ERROR;

	if (!ch)
		return link_error(l, "a channel", e);
	while (r == 0 && (rc = ssh_channel_open_session(ch)) == SSH_AGAIN)
		r = link_wait(l, -1, TICK_MS, e);
	if (rc == SSH_OK)
		while (r == 0 && (rc = ssh_channel_request_exec(ch, command)) == SSH_AGAIN)
			r = link_wait(l, -1, TICK_MS, e);
	if (r == 0 && rc != SSH_OK)
		r = link_error(l, "starting a command", e);
	if (r < 0) {
		link_channel_free(ch);
		return r;
	}
	*out = ch;
	return 0;
}

struct command {
	struct link *l;
	ssh_channel ch;
	const char *in;
	size_t in_n;
	bool in_ended;
	struct str *out, *errs;
};

/* Bytes that came on one of the two streams: count or negative. */
static int drain(struct command *c, int is_err, struct err *e)
{
	struct str *to = is_err ? c->errs : c->out;
	size_t max = is_err ? ERRS_MAX : OUT_MAX;
	char buf[4096];
	int n = ssh_channel_read_nonblocking(c->ch, buf, sizeof(buf), is_err);

	if (n == SSH_ERROR)
		return link_error(c->l, "reading", e);
	if (n <= 0)
		return 0;
	if (to && to->len + (size_t)n <= max)
		str_addn(to, buf, (size_t)n);
	return n;
}

static int send_some(struct command *c, struct err *e)
{
	uint32_t n = c->in_n < 65536 ? (uint32_t)c->in_n : 65536;
	int k;

	if (c->in_ended)
		return 0;
	if (n == 0) {
		c->in_ended = true;
		return ssh_channel_send_eof(c->ch) == SSH_ERROR ? link_error(c->l, "sending", e)
		                                                : 1;
	}
	if (ssh_channel_window_size(c->ch) == 0 ||
		(ssh_get_poll_flags(c->l->ses) & SSH_WRITE_PENDING))
		return 0;
	k = ssh_channel_write(c->ch, c->in, n);
	if (k == SSH_ERROR)
		return link_error(c->l, "sending", e);
	if (k < 0)
		return 0;
	c->in += k;
	c->in_n -= (size_t)k;
	return k;
}

static int run_command(struct command *c, struct err *e)
{
	int r, moved;

	for (;;) {
		if ((moved = send_some(c, e)) < 0)
			return moved;
		for (int i = 0; i < 2; i++) {
			if ((r = drain(c, i, e)) < 0)
				return r;
			moved += r;
		}
		/* What was read may have opened the window. */
		if (!moved && (moved = send_some(c, e)) < 0)
			return moved;
		if (moved)
			continue;
		if (ssh_channel_is_eof(c->ch) && ssh_channel_get_exit_status(c->ch) >= 0)
			return ssh_channel_get_exit_status(c->ch) & 0xff;
		if (ssh_channel_is_closed(c->ch))
			return 255;
		if ((r = link_wait(c->l, -1, TICK_MS, e)) < 0)
			return r;
	}
}

int link_run(struct link *l, const char *command, const void *in, size_t in_n, struct str *out,
	struct str *errs, struct err *e)
{
	struct command c = {.l = l, .in = in, .in_n = in_n, .out = out, .errs = errs};
	int r = link_exec(l, command, &c.ch, e);

	if (r < 0)
		return r;
	r = run_command(&c, e);
	link_channel_free(c.ch);
	return r;
}
