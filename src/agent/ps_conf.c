/* SPDX-License-Identifier: MIT */
#include "agent/ps_conf.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "agent/agent.h"

#define CONF_MAX (256 << 10)

/* One table of the numbers: requests, file and defaults go by it. */
static const struct number {
	const char *key;
	size_t off;
	int64_t min, max;
	bool bound; /* may be changed by ps.set, 0 or absent: none */
} numbers[] = {
	{"id", offsetof(struct ps_conf, id), 1, PS_ID_MAX, false},
	{"uid_base", offsetof(struct ps_conf, uid_base), PS_IDS, UINT32_MAX - 2 * (int64_t)PS_IDS,
		false},
	{"slot", offsetof(struct ps_conf, slot), PS_SLOT_MIN, PS_SLOT_MAX, false},
	{"cpu", offsetof(struct ps_conf, cpu), 0, 10000, true},
	{"cpu_max", offsetof(struct ps_conf, cpu_max), 0, 10000, true},
	{"net", offsetof(struct ps_conf, net), 0, INT64_C(1) << 43, true},
	{"link", offsetof(struct ps_conf, link), 0, INT64_C(1) << 43, true},
	{"memory", offsetof(struct ps_conf, memory), 0, INT64_C(1) << 50, true},
	{"vm", offsetof(struct ps_conf, vm), 0, INT64_C(1) << 50, true},
	{"disk", offsetof(struct ps_conf, disk), 0, INT64_C(1) << 60, true},
	{"inodes", offsetof(struct ps_conf, inodes), 0, INT64_C(1) << 40, true},
	{"procs", offsetof(struct ps_conf, procs), 0, 4194304, true},
	{"sessions", offsetof(struct ps_conf, sessions), 0, 1048576, true},
	{"transfer", offsetof(struct ps_conf, transfer), 0, INT64_C(1) << 60, true},
	{"best_effort", offsetof(struct ps_conf, best_effort), 0, BEST_SESSIONS | BEST_TRANSFER,
		true},
};

static const struct text {
	const char *key;
	size_t off;
	bool list;
} texts[] = {
	{"image", offsetof(struct ps_conf, image), false},
	{"hostname", offsetof(struct ps_conf, hostname), false},
	{"uplink", offsetof(struct ps_conf, uplink), false},
	{"address", offsetof(struct ps_conf, address), true},
	{"nameserver", offsetof(struct ps_conf, nameserver), true},
};

static int64_t *number_of(struct ps_conf *c, const struct number *n)
{
	return (int64_t *)((char *)c + n->off);
}

void ps_conf_release(struct ps_conf *c)
{
	free(c->name);
	free(c->image);
	free(c->hostname);
	free(c->uplink);
	strvec_release(&c->address);
	strvec_release(&c->nameserver);
	strvec_release(&c->key);
	*c = (struct ps_conf){0};
}

const char *ps_path(char buf[PATH_MAX], const char *name, const char *rest)
{
	snprintf(buf, PATH_MAX, "%s/%s%s%s", AGENT_PS, name, rest ? "/" : "", rest ? rest : "");
	return buf;
}

int ps_address_family(const char *text)
{
	struct in6_addr a;

	if (inet_pton(AF_INET, text, &a) == 1)
		return AF_INET;
	return inet_pton(AF_INET6, text, &a) == 1 ? AF_INET6 : 0;
}

/* A unicast address others may send to; IANA special-purpose registries (RFC 6890). */
static bool unicast4(const unsigned char *a)
{
	return a[0] != 0 && a[0] != 127 && a[0] < 224 && !(a[0] == 169 && a[1] == 254);
}

static bool unicast6(const struct in6_addr *a)
{
	return !IN6_IS_ADDR_UNSPECIFIED(a) && !IN6_IS_ADDR_LOOPBACK(a) &&
	       !IN6_IS_ADDR_MULTICAST(a) && !IN6_IS_ADDR_LINKLOCAL(a) && !IN6_IS_ADDR_V4MAPPED(a);
}

static int address_add(struct strvec *v, const char *field, const char *text, bool own,
	struct err *e)
{
	struct in6_addr a = {0};
	char canonical[INET6_ADDRSTRLEN];
	int family = ps_address_family(text);

	if (!family)
		return err_set(e, E_USAGE, "%s '%.60s' is not an IPv4 or IPv6 address", field,
			text);
	inet_pton(family, text, &a);
	if (own && !(family == AF_INET ? unicast4(a.s6_addr) : unicast6(&a)))
		return err_set(e, E_USAGE, "%s %s cannot be a private server's own", field, text);
	inet_ntop(family, &a, canonical, sizeof(canonical));
	for (size_t i = 0; i < v->n; i++)
		if (str_eq(v->v[i], canonical))
			return err_set(e, E_USAGE, "%s %s is given twice", field, canonical);
	strvec_push(v, canonical);
	return 0;
}

/* RFC 1123, section 2.1: letters, digits, hyphens, dots between labels; 64 bytes at most here. */
static bool is_hostname(const char *s)
{
	size_t n = strlen(s);

	if (n < 1 || n > 64 || !strchr("abcdefghijklmnopqrstuvwxyz0123456789", s[0]) ||
		s[n - 1] == '.')
		return false;
	return strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789.-") == n && !strstr(s, "..");
}

static bool is_digest(const char *s)
{
	return strlen(s) == 64 && strspn(s, "0123456789abcdef") == 64;
}

/* Linux: 15 bytes, no slash, no space; ours are only compared and used as path parts. */
static bool is_interface(const char *s)
{
	size_t n = strlen(s);

	return n >= 1 && n <= 15 && s[0] != '.' &&
	       strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-@") == n;
}

static int key_add(struct ps_conf *c, const char *line, struct err *e)
{
	for (const char *p = line; *p; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			return err_set(e, E_USAGE,
				"key holds a control character; it must be one line");
	if (strlen(line) > 16384)
		return err_set(e, E_USAGE, "key is over 16384 bytes");
	strvec_push(&c->key, line);
	return 0;
}

/* What must hold however the values came in. */
static int conf_check(const struct ps_conf *c, struct err *e)
{
	if (!c->image || !is_digest(c->image))
		return err_set(e, E_USAGE, "image must be 64 hexadecimal digits");
	if (c->hostname && !is_hostname(c->hostname))
		return err_set(e, E_USAGE, "hostname '%.70s' is not a host name", c->hostname);
	if (c->uplink && !is_interface(c->uplink))
		return err_set(e, E_USAGE, "uplink '%.20s' is not an interface name", c->uplink);
	if (c->uid_base % PS_IDS)
		return err_set(e, E_USAGE, "uid_base must be a multiple of %d", PS_IDS);
	if (c->vm && c->vm < c->memory)
		return err_set(e, E_USAGE, "vm (%" PRId64 ") is less than memory (%" PRId64 ")",
			c->vm, c->memory);
	if (c->cpu_max && c->cpu_max < c->cpu)
		return err_set(e, E_USAGE, "cpu_max is less than cpu");
	if (c->net && !c->link)
		return err_set(e, E_USAGE,
			"net is guaranteed but the rate of the link is not given");
	if (c->net > c->link / 10 * 9)
		return err_set(e, E_LIMIT, "net guarantee is over 90 %% of the link");
	return 0;
}

int ps_conf_bounds_from_msg(struct ps_conf *c, const struct msg *m, struct err *e)
{
	char *uplink;
	int rc;

	for (const struct number *n = numbers; n < numbers + ARRAY_LEN(numbers); n++) {
		if (!n->bound || !msg_has(m, n->key))
			continue;
		rc = msg_need_i64(m, n->key, n->min, n->max, number_of(c, n), e);
		if (rc < 0)
			return rc;
	}
	if (msg_text(m, "uplink")) {
		uplink = mem_strdup(msg_text(m, "uplink"));
		free(c->uplink);
		c->uplink = uplink;
	}
	return conf_check(c, e);
}

static int lists_from_msg(struct ps_conf *c, const struct msg *m, struct err *e)
{
	const char *t;
	int rc;

	for (size_t i = 0; (t = msg_text_at(m, "address", i)); i++)
		if ((rc = address_add(&c->address, "address", t, true, e)) < 0)
			return rc;
	for (size_t i = 0; (t = msg_text_at(m, "nameserver", i)); i++)
		if ((rc = address_add(&c->nameserver, "nameserver", t, false, e)) < 0)
			return rc;
	for (size_t i = 0; (t = msg_text_at(m, "key", i)); i++)
		if ((rc = key_add(c, t, e)) < 0)
			return rc;
	return 0;
}

int ps_conf_names_from_msg(struct ps_conf *c, const struct msg *m, struct err *e)
{
	const char *hostname = msg_text(m, "hostname");
	int rc;

	if (msg_i64(m, "addresses", 0))
		strvec_release(&c->address);
	if (msg_i64(m, "nameservers", 0))
		strvec_release(&c->nameserver);
	if ((rc = lists_from_msg(c, m, e)) < 0)
		return rc;
	if (hostname) {
		free(c->hostname);
		c->hostname = mem_strdup(hostname);
	}
	return conf_check(c, e);
}

int ps_conf_from_msg(struct ps_conf *c, const struct msg *m, struct err *e)
{
	autoconf_ps n = {0};
	const char *name, *image;
	int rc;

	if ((rc = msg_need_name(m, "name", &name, e)) < 0 ||
		(rc = msg_need_text(m, "image", &image, e)) < 0 ||
		(rc = msg_need_i64(m, "id", 1, PS_ID_MAX, &n.id, e)) < 0 ||
		(rc = msg_need_i64(m, "uid_base", numbers[1].min, numbers[1].max, &n.uid_base, e)) <
			0 ||
		(rc = lists_from_msg(&n, m, e)) < 0)
		return rc;
	n.name = mem_strdup(name);
	n.image = mem_strdup(image);
	n.hostname = mem_strdup(msg_text(m, "hostname") ? msg_text(m, "hostname") : name);
	rc = ps_conf_bounds_from_msg(&n, m, e);
	if (rc < 0)
		return rc;
	*c = n;
	n = (struct ps_conf){0};
	return 0;
}

/* ---- the file ---- */

static int put_number(struct ps_conf *c, const struct number *n, const char *value, struct err *e)
{
	char *end;
	int64_t v;

	errno = 0;
	v = strtoll(value, &end, 10);
	if (errno || end == value || *end || v < n->min || v > n->max)
		return err_set(e, E_INTEGRITY, "%s=%.30s is out of range", n->key, value);
	*number_of(c, n) = v;
	return 0;
}

static int put(struct ps_conf *c, const char *key, const char *value, struct err *e)
{
	for (const struct number *n = numbers; n < numbers + ARRAY_LEN(numbers); n++)
		if (str_eq(n->key, key))
			return put_number(c, n, value, e);
	for (const struct text *t = texts; t < texts + ARRAY_LEN(texts); t++) {
		if (!str_eq(t->key, key))
			continue;
		if (t->list)
			return address_add((struct strvec *)((char *)c + t->off), key, value, false,
				e);
		free(*(char **)((char *)c + t->off));
		*(char **)((char *)c + t->off) = mem_strdup(value);
		return 0;
	}
	return err_set(e, E_INTEGRITY, "unknown key '%.40s'", key);
}

static int parse(struct ps_conf *c, char *text, struct err *e)
{
	char *save = NULL, *eq;
	int line = 0, rc;

	for (char *l = strtok_r(text, "\n", &save); l; l = strtok_r(NULL, "\n", &save)) {
		line++;
		eq = strchr(l, '=');
		if (!eq)
			return err_set(e, E_INTEGRITY, "line %d has no '='", line);
		*eq = '\0';
		rc = put(c, l, eq + 1, e);
		if (rc < 0)
			return err_wrap(e, "line %d", line);
	}
	return conf_check(c, e) < 0 ? err_set(e, E_INTEGRITY, "%s", e ? e->msg : "") : 0;
}

/* A layer that took the place of the first one says itself which image it stands on. */
static void read_layer_image(struct ps_conf *c)
{
	autostr s = STR_INIT;
	char path[PATH_MAX], image[65] = "";

	if (file_read(ps_path(path, c->name, "layer/facts"), &s, 512, NULL) < 0 ||
		sscanf(str_c(&s), "image=%64[0-9a-f]", image) != 1 || !is_digest(image))
		return;
	free(c->image);
	c->image = mem_strdup(image);
}

int ps_conf_read(struct ps_conf *c, const char *name, struct err *e)
{
	autoconf_ps n = {0};
	autostr text = STR_INIT;
	char path[PATH_MAX];
	struct err inner = {0};

	if (!str_is_name(name))
		return err_set(e, E_USAGE, "'%.70s' is not a name", name);
	ps_path(path, name, "config");
	if (access(path, F_OK) < 0)
		return err_set(e, E_NOTFOUND, "no private server '%s' on this server", name);
	if (file_read(path, &text, CONF_MAX, e) < 0)
		return e ? e->code : E_FAIL;
	n.name = mem_strdup(name);
	str_add(&text, "");
	if (parse(&n, text.p ? text.p : (char[]){""}, &inner) < 0)
		return err_set(e, E_INTEGRITY, "%s: %s", path, inner.msg);
	if (!n.id || !n.uid_base || !n.slot)
		return err_set(e, E_INTEGRITY, "%s: id, uid_base or slot is missing", path);
	read_layer_image(&n);
	*c = n;
	n = (struct ps_conf){0};
	return 0;
}

int ps_conf_write(const struct ps_conf *c, const char *dir, struct err *e)
{
	autostr s = STR_INIT;
	autofree char *path = str_fmt("%s/config", dir);

	for (const struct number *n = numbers; n < numbers + ARRAY_LEN(numbers); n++)
		if (*(const int64_t *)((const char *)c + n->off))
			str_addf(&s, "%s=%" PRId64 "\n", n->key,
				*(const int64_t *)((const char *)c + n->off));
	for (const struct text *t = texts; t < texts + ARRAY_LEN(texts); t++) {
		const void *p = (const char *)c + t->off;

		if (!t->list && *(char *const *)p)
			str_addf(&s, "%s=%s\n", t->key, *(char *const *)p);
		for (size_t i = 0; t->list && i < ((const struct strvec *)p)->n; i++)
			str_addf(&s, "%s=%s\n", t->key, ((const struct strvec *)p)->v[i]);
	}
	return file_write(path, s.p, s.len, 0600, e);
}

static void close_dir(DIR **d)
{
	if (*d)
		closedir(*d);
}

int ps_conf_each(int (*fn)(void *arg, const struct ps_conf *c, struct err *e), void *arg,
	struct err *e)
{
	autoclean(close_dir) DIR *d = opendir(AGENT_PS);
	struct dirent *de;
	int rc;

	if (!d && errno == ENOENT)
		return 0;
	if (!d)
		return err_sys(e, "opening %s", AGENT_PS);
	while ((de = readdir(d))) {
		autoconf_ps c = {0};

		if (!str_is_name(de->d_name))
			continue;
		rc = ps_conf_read(&c, de->d_name, e);
		if (rc == E_NOTFOUND)
			continue;
		if (rc == 0)
			rc = fn(arg, &c, e);
		if (rc)
			return rc;
	}
	return 0;
}
