/* SPDX-License-Identifier: MIT */
/* What a request for a private server may say, and how it is written down. */
/* SRCS: src/agent/ps_conf.c src/agent/file.c */
#include "agent/ps_conf.h"

#include <stdlib.h>
#include <unistd.h>

#include "../unit/test.h"
#include "agent/agent.h"

#define IMAGE "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static struct msg *request(void)
{
	struct msg *m = msg_new();

	msg_add_text(m, "name", "alpha");
	msg_add_text(m, "image", IMAGE);
	msg_add_i64(m, "id", 7);
	msg_add_i64(m, "uid_base", 1000013824);
	return m;
}

static void writes_what_it_was_told(void)
{
	char dir[] = "/tmp/sxc-conf-XXXXXX";
	automsg *m = request();
	autoconf_ps c = {0};
	autostr text = STR_INIT;
	struct err e = {0};

	msg_add_text(m, "hostname", "alpha.example");
	msg_add_text(m, "address", "198.51.100.7");
	msg_add_text(m, "address", "2001:DB8:0::7");
	msg_add_text(m, "nameserver", "192.0.2.1");
	msg_add_text(m, "key", "ssh-ed25519 AAAA someone");
	msg_add_i64(m, "cpu", 1500);
	msg_add_i64(m, "memory", 268435456);
	msg_add_i64(m, "procs", 100);
	CHECK_I64(ps_conf_from_msg(&c, m, &e), 0);
	CHECK_TEXT(e.msg, "");
	CHECK_I64((int64_t)c.key.n, 1);
	c.slot = PS_SLOT_MIN;
	CHECK(mkdtemp(dir) != NULL);
	CHECK_I64(ps_conf_write(&c, dir, &e), 0);
	autofree char *path = str_fmt("%s/config", dir);
	CHECK_I64(file_read(path, &text, 4096, &e), 0);
	CHECK_TEXT(str_c(&text),
		"id=7\nuid_base=1000013824\nslot=16\ncpu=1500\nmemory=268435456\n"
		"procs=100\nimage=" IMAGE "\nhostname=alpha.example\n"
		"address=198.51.100.7\naddress=2001:db8::7\nnameserver=192.0.2.1\n");
	unlink(path);
	rmdir(dir);
}

static void takes_over_bounds_only(void)
{
	automsg *m = request(), *set = msg_new();
	autoconf_ps c = {0};
	struct err e = {0};

	msg_add_i64(m, "cpu", 1500);
	CHECK_I64(ps_conf_from_msg(&c, m, &e), 0);
	CHECK_TEXT(c.hostname, "alpha");
	msg_add_i64(set, "memory", 1000);
	msg_add_i64(set, "id", 9);
	msg_add_i64(set, "uid_base", 65536);
	CHECK_I64(ps_conf_bounds_from_msg(&c, set, &e), 0);
	CHECK_I64(c.memory, 1000);
	CHECK_I64(c.cpu, 1500);
	CHECK_I64(c.id, 7);
	CHECK_I64(c.uid_base, 1000013824);
}

/* A further text or number in an otherwise right request, and what must come of it. */
static void refuses(void)
{
	static const struct {
		const char *field, *text;
		int64_t number;
		int code;
		const char *msg;
	} cases[] = {
		{"address", "198.51.100.300", 0, E_USAGE,
			"address '198.51.100.300' is not an IPv4 or IPv6 address"},
		{"address", "198.51.100.7/24", 0, E_USAGE,
			"address '198.51.100.7/24' is not an IPv4 or IPv6 address"},
		{"address", "127.0.0.1", 0, E_USAGE,
			"address 127.0.0.1 cannot be a private server's own"},
		{"address", "0.0.0.0", 0, E_USAGE,
			"address 0.0.0.0 cannot be a private server's own"},
		{"address", "239.1.1.1", 0, E_USAGE,
			"address 239.1.1.1 cannot be a private server's own"},
		{"address", "fe80::1", 0, E_USAGE,
			"address fe80::1 cannot be a private server's own"},
		{"address", "::ffff:192.0.2.1", 0, E_USAGE,
			"address ::ffff:192.0.2.1 cannot be a private server's own"},
		{"hostname", "a\nb", 0, E_USAGE, NULL},
		{"hostname", "-a", 0, E_USAGE, "hostname '-a' is not a host name"},
		{"hostname", "a..b", 0, E_USAGE, "hostname 'a..b' is not a host name"},
		{"uplink", "../eth0", 0, E_USAGE, "uplink '../eth0' is not an interface name"},
		{"key", "ssh-ed25519 A\ncommand=x", 0, E_USAGE,
			"key holds a control character; it must be one line"},
		{"cpu", NULL, 10001, E_USAGE, NULL},
		{"memory", NULL, -1, E_USAGE, NULL},
		{"net", NULL, 1000000, E_USAGE,
			"net is guaranteed but the rate of the link is not given"},
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		automsg *m = request();
		autoconf_ps c = {0};
		struct err e = {0};

		if (cases[i].text)
			msg_add_text(m, cases[i].field, cases[i].text);
		else
			msg_add_i64(m, cases[i].field, cases[i].number);
		CHECK_I64(ps_conf_from_msg(&c, m, &e), cases[i].code);
		if (cases[i].msg)
			CHECK_TEXT(e.msg, cases[i].msg);
		CHECK(c.name == NULL);
	}
}

static void keeps_guarantees_within_bounds(void)
{
	automsg *over = request(), *less = request();
	autoconf_ps c = {0};
	struct err e = {0};

	msg_add_i64(over, "link", 100);
	msg_add_i64(over, "net", 91);
	CHECK_I64(ps_conf_from_msg(&c, over, &e), E_LIMIT);
	msg_add_i64(less, "memory", 2000);
	msg_add_i64(less, "vm", 1000);
	CHECK_I64(ps_conf_from_msg(&c, less, &e), E_USAGE);
	CHECK_TEXT(e.msg, "vm (1000) is less than memory (2000)");
}

int main(void)
{
	writes_what_it_was_told();
	takes_over_bounds_only();
	refuses();
	keeps_guarantees_within_bounds();
	return test_end();
}
