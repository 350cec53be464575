/* SPDX-License-Identifier: MIT */
#include "agent/facts.h"
#include "agent/module.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <linux/magic.h>
#include <linux/quota.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/quota.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

int64_t facts_cpus(void)
{
	long n = sysconf(_SC_NPROCESSORS_ONLN);

	return n > 0 ? n : 1;
}

/* The rest of the first line of a file that starts with key, behind the separator. */
static char *line_value(const char *path, const char *key, char sep)
{
	autofclose FILE *f = fopen(path, "re");
	char line[512], *p;
	size_t n = strlen(key);

	while (f && fgets(line, sizeof(line), f)) {
		if (strncmp(line, key, n) != 0 || !(p = strchr(line + n, sep)) ||
			strspn(line + n, " \t") != (size_t)(p - line - (ptrdiff_t)n))
			continue;
		p += 1 + strspn(p + 1, " \t");
		p[strcspn(p, "\n")] = '\0';
		return mem_strdup(p);
	}
	return NULL;
}

int64_t facts_cpu_mhz(void)
{
	autofree char *mhz = line_value("/proc/cpuinfo", "cpu MHz", ':');

	return mhz ? strtoll(mhz, NULL, 10) : 0;
}

int64_t facts_meminfo(const char *key)
{
	autofree char *kib = line_value("/proc/meminfo", key, ':');

	return kib ? strtoll(kib, NULL, 10) * 1024 : 0;
}

/* The deepest directory that is there already. */
static const char *state_dir(void)
{
	return access(AGENT_STATE, F_OK) == 0 ? AGENT_STATE : "/var/lib";
}

int facts_disk(int64_t *total, int64_t *free_bytes, struct err *e)
{
	struct statvfs st;

	if (statvfs(state_dir(), &st) < 0)
		return err_sys(e, "%s", state_dir());
	*total = (int64_t)(st.f_blocks * st.f_frsize);
	*free_bytes = (int64_t)(st.f_bavail * st.f_frsize);
	return 0;
}

char *facts_os_release(const char *key)
{
	char *v = line_value("/etc/os-release", key, '=');
	size_t n = v ? strlen(v) : 0;

	if (n >= 2 && (v[0] == '"' || v[0] == '\'') && v[n - 1] == v[0]) {
		memmove(v, v + 1, n - 2);
		v[n - 2] = '\0';
	}
	return v;
}

/* ---- network ---- */

/* /proc/net/route: a line an entry, destination and mask in hex. */
static char *default_route(void)
{
	autofclose FILE *f = fopen("/proc/net/route", "re");
	char line[256], name[64];
	unsigned long dest, mask;

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "%63s %lx %*x %*x %*d %*d %*d %lx", name, &dest, &mask) == 3 &&
			dest == 0 && mask == 0)
			return mem_strdup(name);
	return NULL;
}

/* SSH_CONNECTION: "CLIENT PORT SERVER PORT". */
static bool connection_address(char *out, size_t n)
{
	autofree char *c = mem_strdup0(getenv("SSH_CONNECTION"));
	char *save = NULL, *word = c ? strtok_r(c, " ", &save) : NULL;

	for (int i = 0; word && i < 2; i++)
		word = strtok_r(NULL, " ", &save);
	return word && snprintf(out, n, "%s", word) < (int)n;
}

static bool address_text(const struct sockaddr *sa, char *out, size_t n)
{
	if (sa && sa->sa_family == AF_INET)
		return inet_ntop(AF_INET, &((const struct sockaddr_in *)(const void *)sa)->sin_addr,
			       out, (socklen_t)n) != NULL;
	if (sa && sa->sa_family == AF_INET6)
		return inet_ntop(AF_INET6,
			       &((const struct sockaddr_in6 *)(const void *)sa)->sin6_addr, out,
			       (socklen_t)n) != NULL;
	return false;
}

static char *connection_interface(void)
{
	char want[INET6_ADDRSTRLEN], have[INET6_ADDRSTRLEN];
	struct ifaddrs *list = NULL;
	char *found = NULL;

	if (!connection_address(want, sizeof(want)) || getifaddrs(&list) < 0)
		return NULL;
	for (struct ifaddrs *i = list; i && !found; i = i->ifa_next)
		if (address_text(i->ifa_addr, have, sizeof(have)) && strcmp(want, have) == 0)
			found = mem_strdup(i->ifa_name);
	freeifaddrs(list);
	return found;
}

char *facts_uplink(void)
{
	char *name = default_route();

	return name ? name : connection_interface();
}

/* Neither loopback nor link-local, and not the host's side of a private server's link. */
static bool is_own_address(const struct ifaddrs *i)
{
	const struct sockaddr_in6 *in6 = (const void *)i->ifa_addr;
	const struct sockaddr_in *in4 = (const void *)i->ifa_addr;

	if (!i->ifa_addr || (i->ifa_flags & IFF_LOOPBACK) || str_starts(i->ifa_name, "sxps"))
		return false;
	if (i->ifa_addr->sa_family == AF_INET)
		return ntohl(in4->sin_addr.s_addr) >> 16 != 0xa9fe; /* 169.254/16, RFC 3927 */
	return i->ifa_addr->sa_family == AF_INET6 && !IN6_IS_ADDR_LINKLOCAL(&in6->sin6_addr);
}

static int add_addresses(struct msg *ans, struct err *e)
{
	char text[INET6_ADDRSTRLEN];
	struct ifaddrs *list;

	if (getifaddrs(&list) < 0)
		return err_sys(e, "the addresses of this server");
	for (struct ifaddrs *i = list; i; i = i->ifa_next)
		if (is_own_address(i) && address_text(i->ifa_addr, text, sizeof(text)))
			msg_add_text(ans, "address", text);
	freeifaddrs(list);
	return 0;
}

void facts_traffic(const char *interface, int64_t *rx, int64_t *tx)
{
	static const char *const names[] = {"rx_bytes", "tx_bytes"};
	int64_t *out[] = {rx, tx};

	for (int i = 0; i < 2; i++) {
		autofree char *path = str_fmt("/sys/class/net/%s/statistics/%s", interface,
			names[i]);
		autostr s = STR_INIT;
		struct err ignored;

		*out[i] = file_read(path, &s, 64, &ignored) == 0 ? strtoll(str_c(&s), NULL, 10) : 0;
	}
}

int64_t facts_link_rate(const char *interface)
{
	autofree char *path = str_fmt("/sys/class/net/%s/speed", interface);
	autostr s = STR_INIT;
	struct err ignored;
	int64_t mbit;

	/* Mbit/s; virtual cards have none or -1: Documentation/ABI/testing/sysfs-class-net */
	if (file_read(path, &s, 64, &ignored) < 0)
		return 0;
	mbit = strtoll(str_c(&s), NULL, 10);
	return mbit > 0 && mbit < 10000000 ? mbit * 1000000 : 0;
}

/* ---- what private servers need ---- */

bool facts_cgroup2(void)
{
	struct statfs st;

	return statfs("/sys/fs/cgroup", &st) == 0 && st.f_type == CGROUP2_SUPER_MAGIC;
}

bool facts_quota(void)
{
	autoclose int fd = open(state_dir(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct dqinfo info = {0};

	/* quotactl_fd(2): Linux 5.14. Q_GETINFO fails with ESRCH where accounting is off. */
	return fd >= 0 && syscall(SYS_quotactl_fd, fd, QCMD(Q_GETINFO, PRJQUOTA), 0, &info) == 0;
}

/* ---- the operation ---- */

static void add_machine(struct msg *ans)
{
	autofree char *os = facts_os_release("ID"), *version = facts_os_release("VERSION_ID");
	autofree char *uplink = facts_uplink();
	struct utsname u;
	int64_t rate;

	uname(&u);
	msg_add_text(ans, "os", os ? os : "linux");
	msg_add_text(ans, "os_version", version);
	msg_add_text(ans, "kernel", u.release);
	msg_add_text(ans, "arch", u.machine);
	msg_add_i64(ans, "cpus", facts_cpus());
	msg_add_i64(ans, "cpu_mhz", facts_cpu_mhz());
	msg_add_i64(ans, "memory", facts_meminfo("MemTotal"));
	msg_add_text(ans, "uplink", uplink);
	if (uplink && (rate = facts_link_rate(uplink)) > 0)
		msg_add_i64(ans, "link_rate", rate);
	module_facts(ans);
	msg_add_text(ans, "agent", SXC_VERSION);
	msg_add_i64(ans, "cgroup2", facts_cgroup2());
	msg_add_i64(ans, "quota", facts_quota());
	msg_add_i64(ans, "systemd", access("/run/systemd/system", F_OK) == 0);
}

AGENT_OP(server_facts, "server.facts", OP_READ)
{
	int64_t total, free_bytes;
	int r = facts_disk(&total, &free_bytes, e);

	(void)a;
	(void)req;
	if (r < 0)
		return r;
	add_machine(ans);
	msg_add_i64(ans, "disk", total);
	msg_add_i64(ans, "disk_free", free_bytes);
	return add_addresses(ans, e);
}
