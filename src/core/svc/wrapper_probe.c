/* SPDX-License-Identifier: MIT */
/* How a wrapper says that a service is asked. */
#include <regex.h>
#include <string.h>

#include "svc/wrapper.h"

static const char *const names[PROBE_KINDS] = {
	[PROBE_NONE] = "none",
	[PROBE_TCP] = "tcp",
	[PROBE_HTTP] = "http",
	[PROBE_SMTP] = "smtp",
	[PROBE_IMAP] = "imap",
	[PROBE_POP3] = "pop3",
	[PROBE_SIEVE] = "sieve",
	[PROBE_FTP] = "ftp",
	[PROBE_MYSQL] = "mysql",
	[PROBE_DNS] = "dns",
	[PROBE_COMMAND] = "command",
};

static int read_kind(const struct yaml_node *n, enum wrapper_probe_kind *kind, struct err *e)
{
	const char *t;
	int r = yaml_text(n, "probe", &t, e);

	if (r < 0)
		return r;
	for (size_t i = PROBE_TCP; i < PROBE_KINDS; i++)
		if (strcmp(t, names[i]) == 0) {
			*kind = (enum wrapper_probe_kind)i;
			return 0;
		}
	return yaml_err(e, n,
		"probe must be tcp, http, smtp, imap, pop3, sieve, ftp, mysql, dns or command");
}

static int read_expect(struct wrapper_probe *p, const struct yaml_node *n, struct err *e)
{
	regex_t re;
	int r;

	if (!n)
		return 0;
	if (p->kind == PROBE_TCP || p->kind == PROBE_DNS || p->kind == PROBE_MYSQL)
		return yaml_err(e, n, "a probe of this kind expects nothing else");
	if ((r = yaml_text(n, "expect", &p->expect, e)) < 0)
		return r;
	if (strlen(p->expect) > 500 || regcomp(&re, p->expect, REG_EXTENDED | REG_NOSUB) != 0)
		return yaml_err(e, n, "expect must be a POSIX extended expression");
	regfree(&re);
	return 0;
}

/* It stands in the first line of a request: RFC 9112, 3. */
static bool is_request_path(const char *s)
{
	for (const char *c = s; *c; c++)
		if ((unsigned char)*c <= 0x20 || (unsigned char)*c >= 0x7f)
			return false;
	return s[0] == '/' && strlen(s) <= 200;
}

static int read_http(struct wrapper_probe *p, const struct yaml_node *n, struct err *e)
{
	int r = n ? yaml_text(n, "path", &p->path, e) : 0;

	if (r == 0 && n && p->kind != PROBE_HTTP)
		return yaml_err(e, n, "path belongs to the probe http");
	if (r == 0 && n && !is_request_path(p->path))
		return yaml_err(e, n, "path must begin with / and hold no blanks");
	return r;
}

static bool is_dns_name(const char *s)
{
	return *s && strlen(s) <= 200 && !strstr(s, "..") && s[0] != '.' &&
	       !s[strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789-.")];
}

static int read_dns(struct wrapper_probe *p, const struct yaml_node *n, const struct yaml_node *map,
	struct err *e)
{
	int r = n ? yaml_text(n, "name", &p->name, e) : 0;

	if (r < 0)
		return r;
	if ((n != NULL) != (p->kind == PROBE_DNS))
		return yaml_err(e, n ? n : map, "name belongs to the probe dns, and it needs one");
	return n && !is_dns_name(p->name) ? yaml_err(e, n, "name must be one of the DNS") : 0;
}

static int read_run(struct wrapper_probe *p, const struct yaml_node *n, const struct yaml_node *map,
	struct err *e)
{
	int r = n ? yaml_need_list(n, "run", e) : 0;

	if (r < 0)
		return r;
	if ((n != NULL) != (p->kind == PROBE_COMMAND))
		return yaml_err(e, n ? n : map,
			"run belongs to the probe command, and it needs it");
	for (size_t i = 0; n && i < n->n; i++) {
		const char *t;

		if ((r = yaml_text(n->items[i], "run", &t, e)) < 0)
			return r;
		if (!ident_is_argument(t))
			return yaml_err(e, n->items[i], "run must be a list of arguments");
		vec_push(&p->run, t);
	}
	return n && !p->run.n ? yaml_err(e, n, "run must name a command") : 0;
}

int wrapper_probe_read(struct wrapper_probe *p, const struct yaml_node *n, struct err *e)
{
	static const char *const keys[] = {"type", "path", "name", "expect", "run", NULL};
	const bool map = n->kind == YAML_MAP;
	int r;

	if (map && (r = yaml_only_keys(n, keys, e)) < 0)
		return r;
	p->path = "/";
	if ((r = read_kind(map ? yaml_get(n, "type") : n, &p->kind, e)) < 0 ||
		(r = read_expect(p, map ? yaml_get(n, "expect") : NULL, e)) < 0 ||
		(r = read_http(p, map ? yaml_get(n, "path") : NULL, e)) < 0 ||
		(r = read_dns(p, map ? yaml_get(n, "name") : NULL, n, e)) < 0)
		return r;
	return read_run(p, map ? yaml_get(n, "run") : NULL, n, e);
}

void wrapper_probe_release(struct wrapper_probe *p)
{
	vec_release(&p->run);
}
