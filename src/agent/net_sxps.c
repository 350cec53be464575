/* SPDX-License-Identifier: MIT */
#include "agent/net_sxps.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/agent.h"
#include "agent/cgroup.h"
#include "agent/net_filter.h"
#include "agent/net_transfer.h"

#define CONTEXTS  "/sys/kernel/config/sxps" /* SXPS_CONFIGFS */
#define OVER_RATE "1000000"                 /* bit/s each way once the transfer is used up */

bool sxps_loaded(void)
{
	return access(CONTEXTS, F_OK) == 0;
}

static int put(const struct ps_conf *c, const char *attribute, const char *value, struct err *e)
{
	autofree char *path = str_fmt("%s/%s/%s", CONTEXTS, c->name, attribute);

	return file_poke(path, value, e);
}

static void address_line(const struct ps_conf *c, struct str *s)
{
	for (size_t i = 0; i < c->address.n; i++)
		str_addf(s, "%s%s", i ? " " : "", c->address.v[i]);
	str_add(s, "\n");
}

static int put_bound(const struct ps_conf *c, const char *attribute, int64_t bound, struct err *e)
{
	autofree char *text = bound ? str_fmt("%" PRId64, bound) : mem_strdup("max");

	return put(c, attribute, text, e);
}

/* Kernels without function redirection have no sessions_max: that was checked, or is best effort.
 */
int sxps_bound(const struct ps_conf *c, struct err *e)
{
	autofree char *sessions = str_fmt("%s/%s/sessions_max", CONTEXTS, c->name);
	autofree char *dir = str_fmt("%s/%s", CONTEXTS, c->name);
	int rc;

	if (access(dir, F_OK) < 0)
		return 0;
	if ((rc = put_bound(c, "transfer_max", c->transfer, e)) < 0 ||
		(rc = put(c, "transfer_rate", OVER_RATE, e)) < 0)
		return rc;
	return access(sessions, F_OK) < 0 ? 0 : put_bound(c, "sessions_max", c->sessions, e);
}

static int context_make(const struct ps_conf *c, struct err *e)
{
	autofree char *dir = str_fmt("%s/%s", CONTEXTS, c->name);
	int64_t used;
	int rc;

	if (access(dir, F_OK) == 0)
		return 0;
	if ((rc = transfer_resume(c, &used, e)) < 0)
		return rc;
	if (mkdir(dir, 0755) < 0 && errno != EEXIST)
		return err_sys(e, "making the kernel module's context for %s", c->name);
	return sxps_transfer_set(c, used, e);
}

int sxps_add(const struct ps_conf *c, const char *device, const unsigned char mac[6], struct err *e)
{
	autofree char *group = str_fmt("/%s/sxc-ps@%s.service", CGROUP_SLICE, c->name);
	autofree char *mark = str_fmt("%" PRIu32, net_mark(c));
	autofree char *ether = str_fmt("%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2],
		mac[3], mac[4], mac[5]);
	autostr addresses = STR_INIT;
	int rc;

	if (!sxps_loaded())
		return 0;
	address_line(c, &addresses);
	if ((rc = context_make(c, e)) < 0 || (rc = put(c, "mac", ether, e)) < 0 ||
		(rc = put(c, "addresses", addresses.p, e)) < 0 ||
		(rc = put(c, "mark", mark, e)) < 0 || (rc = sxps_bound(c, e)) < 0 ||
		(rc = put(c, "device", device, e)) < 0)
		return rc;
	return put(c, "cgroup", group, e);
}

int sxps_addresses(const struct ps_conf *c, struct err *e)
{
	autofree char *dir = str_fmt("%s/%s", CONTEXTS, c->name);
	autostr addresses = STR_INIT;

	if (access(dir, F_OK) < 0)
		return 0;
	address_line(c, &addresses);
	return put(c, "addresses", str_c(&addresses), e);
}

int sxps_remove(const struct ps_conf *c, struct err *e)
{
	autofree char *dir = str_fmt("%s/%s", CONTEXTS, c->name);

	if (rmdir(dir) < 0 && errno != ENOENT)
		return err_sys(e, "removing the kernel module's context of %s", c->name);
	return 0;
}

/* ---- what it says ---- */

static int read_attribute(const struct ps_conf *c, const char *attribute, struct str *out)
{
	autofree char *path = str_fmt("%s/%s/%s", CONTEXTS, c->name, attribute);

	return file_read(path, out, 16384, NULL);
}

/* The line that begins with a word, behind that word; NULL when there is none. */
static const char *line_of(const struct str *s, const char *word)
{
	size_t n = strlen(word);

	for (const char *p = str_c(s); p && *p; p = strchr(p, '\n'), p += p != NULL)
		if (strncmp(p, word, n) == 0 && p[n] == ' ')
			return p + n + 1;
	return NULL;
}

static int64_t field(const char **p)
{
	char *end;
	long long v = strtoll(*p, &end, 10);
	bool number = end != *p;

	*p += strcspn(*p, " \n");
	*p += **p == ' ';
	return number ? v : -1; /* "-" and "max" */
}

int64_t sxps_transfer(const struct ps_conf *c)
{
	autostr s = STR_INIT;

	return read_attribute(c, "transfer_used", &s) < 0 ? -1 : strtoll(str_c(&s), NULL, 10);
}

int sxps_transfer_set(const struct ps_conf *c, int64_t bytes, struct err *e)
{
	autofree char *text = str_fmt("%" PRId64, bytes);

	return put(c, "transfer_used", text, e);
}

bool sxps_counter(const struct ps_conf *c, const char *name, struct sxps_counter *out)
{
	autostr s = STR_INIT;
	const char *p;

	if (read_attribute(c, "counters", &s) < 0 || !(p = line_of(&s, name)))
		return false;
	out->held = field(&p);
	out->peak = field(&p);
	out->bound = field(&p);
	out->failures = field(&p);
	return true;
}

int64_t sxps_dropped(const struct ps_conf *c)
{
	static const char *const kinds[] = {"drop_mac", "drop_source", "drop_arp", "drop_nd"};
	int64_t sum = -1;

	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		struct sxps_counter n;

		if (sxps_counter(c, kinds[i], &n) && n.failures >= 0)
			sum = (sum < 0 ? 0 : sum) + n.failures;
	}
	return sum;
}

bool sxps_enforces(const struct ps_conf *c, const char *part)
{
	autostr s = STR_INIT;
	const char *p;

	return read_attribute(c, "enforcing", &s) == 0 && (p = line_of(&s, part)) &&
	       str_starts(p, "yes");
}

int sxps_health(struct str *out, struct err *e)
{
	if (!sxps_loaded())
		return err_set(e, E_STATE, "the kernel module sxps is not loaded");
	return file_read(CONTEXTS "/enforcing", out, 4096, e);
}

static int check_part(const struct str *health, const char *part, struct err *e)
{
	const char *p = line_of(health, part);

	if (p && str_starts(p, "yes"))
		return 0;
	return err_set(e, E_STATE, "the bound '%s' cannot be enforced on this server: %.*s", part,
		p ? (int)strcspn(p, "\n") - 3 : 37,
		p ? p + 3 : "the kernel module sxps is not loaded");
}

int sxps_check(const struct ps_conf *c, struct err *e)
{
	autostr health = STR_INIT;
	int rc = 0;

	sxps_health(&health, NULL);
	if (c->sessions && !(c->best_effort & BEST_SESSIONS))
		rc = check_part(&health, "sessions", e);
	if (rc == 0 && c->transfer && !(c->best_effort & BEST_TRANSFER))
		rc = check_part(&health, "transfer", e);
	return rc;
}
