// SPDX-License-Identifier: MIT
/* The machine's devices and its kernel. */
#define _GNU_SOURCE
#include "escape.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/time.h>
#include <sys/timex.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static bool open_node(const char *what, mode_t type, unsigned major, unsigned minor)
{
	int fd;

	unlink("/root/node");
	if (mknod("/root/node", type | 0600, makedev(major, minor)) < 0)
		return refused();
	fd = open("/root/node", O_RDONLY);
	unlink("/root/node");
	return fd >= 0 ? reached("%s", what) : refused();
}

static bool try_mknod_disk(void)
{
	for (unsigned major = 252; major <= 254; major++)
		if (open_node("a disk of the machine", S_IFBLK, major, 0))
			return true;
	return refused();
}

static bool try_mknod_mem(void)
{
	return open_node("/dev/mem", S_IFCHR, 1, 1) || open_node("/dev/kmsg", S_IFCHR, 1, 11) ||
	       open_node("/dev/fuse", S_IFCHR, 10, 229) ||
	       open_node("/dev/net/tun", S_IFCHR, 10, 200);
}

static bool try_open_devices(void)
{
	static const char *const paths[] = {"/dev/mem", "/dev/kmem", "/dev/port", "/dev/vda",
		"/dev/kmsg", "/dev/console", "/dev/tty0", "/dev/ttyS0", "/dev/mapper/control",
		"/dev/loop-control", "/dev/kvm", "/dev/userfaultfd", NULL};

	for (int i = 0; paths[i]; i++)
		if (open(paths[i], O_RDONLY | O_NOCTTY | O_NONBLOCK) >= 0)
			return reached("%s", paths[i]);
	return refused();
}

#define CALL(name, what, ...)                                                                      \
	static bool try_##name(void)                                                               \
	{                                                                                          \
		return syscall(__VA_ARGS__) >= 0 ? reached(what) : refused();                      \
	}

CALL(init_module, "loaded a module", SYS_init_module, "x", 1, "")
CALL(delete_module, "unloaded a module", SYS_delete_module, "sxps", O_NONBLOCK)
CALL(kexec, "loaded a kernel", SYS_kexec_load, 0, 0, 0, 0)
CALL(clock, "set the clock", SYS_clock_settime, CLOCK_REALTIME, &(struct timespec){1000000000, 0})
CALL(settimeofday, "set the clock", SYS_settimeofday, &(struct timeval){1000000000, 0}, NULL)
CALL(keyctl, "reached the session keyring", SYS_keyctl, 0, -3, 1)
CALL(add_key, "added a key", SYS_add_key, "user", "x", "y", 1, -4)
CALL(userfaultfd, "got a userfaultfd", SYS_userfaultfd, 0)
CALL(io_uring, "got an io_uring", SYS_io_uring_setup, 8, (char[256]){0})
CALL(iopl, "got I/O ports", SYS_iopl, 3)
CALL(swapon, "swapped", SYS_swapon, "/root/x", 0)
CALL(acct, "switched accounting", SYS_acct, NULL)
CALL(quota, "changed quotas", SYS_quotactl, 0x80000803, "/", 0, NULL)

static bool try_dmesg(void)
{
	char buf[256];

	if (syscall(SYS_syslog, 3, buf, sizeof(buf)) >= 0)
		return reached("read the kernel log");
	return open("/proc/kmsg", O_RDONLY | O_NONBLOCK) >= 0 &&
	                       read(open("/proc/kmsg", O_RDONLY), buf, 1) > 0
	               ? reached("read /proc/kmsg")
	               : refused();
}

static bool try_adjtime(void)
{
	struct timex t = {.modes = ADJ_FREQUENCY, .freq = 1 << 16};

	return syscall(SYS_adjtimex, &t) >= 0 ? reached("bent the clock") : refused();
}

static bool try_bpf(void)
{
	union bpf_attr a = {.map_type = BPF_MAP_TYPE_ARRAY,
		.key_size = 4,
		.value_size = 4,
		.max_entries = 1};

	return syscall(SYS_bpf, BPF_MAP_CREATE, &a, sizeof(a)) >= 0 ? reached("made a BPF map")
	                                                            : refused();
}

static bool try_perf(void)
{
	struct perf_event_attr a = {.size = sizeof(a), .type = PERF_TYPE_SOFTWARE};

	return syscall(SYS_perf_event_open, &a, -1, 0, -1, 0) >= 0 ? reached("watches a processor")
	                                                           : refused();
}

/* Calls by other doors than the filter watches. */
static bool try_other_abi(void)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		long r = 26; /* ptrace, 32-bit */

		asm volatile("int $0x80" : "+a"(r) : "b"(0), "c"(0), "d"(0), "S"(0) : "memory");
		_exit(r == 0);
	}
	waitpid(pid, &status, 0);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 1)
		return reached("32-bit calls");
	if (syscall(0x40000000 | 39) > 0)
		return reached("x32 calls");
	return stopped("32-bit and x32 calls are refused");
}

static bool try_families(void)
{
	static const int families[] = {AF_VSOCK, AF_ALG, AF_KEY, AF_BLUETOOTH, AF_TIPC, AF_RDS,
		AF_CAN, AF_XDP, AF_RXRPC, AF_APPLETALK, AF_NFC, AF_IPX, AF_AX25, AF_X25};

	for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++)
		if (socket(families[i], SOCK_STREAM, 0) >= 0 ||
			socket(families[i], SOCK_DGRAM, 0) >= 0 ||
			socket(families[i], SOCK_SEQPACKET, 0) >= 0)
			return reached("a socket of family %d", families[i]);
	return refused();
}

static bool try_proc_sys(void)
{
	static const char *const files[][2] = {{"/proc/sys/kernel/core_pattern", "|/tmp/x"},
		{"/proc/sys/kernel/modprobe", "/tmp/x"}, {"/proc/sys/kernel/panic", "1"},
		{"/proc/sys/kernel/sysrq", "1"}, {"/proc/sys/vm/drop_caches", "1"},
		{"/proc/sys/vm/overcommit_memory", "1"}, {"/proc/sys/fs/file-max", "1"},
		{"/proc/sys/kernel/ftrace_enabled", "0"},
		{"/proc/sys/user/max_user_namespaces", "1"},
		{"/proc/sys/net/core/bpf_jit_enable", "0"}, {"/proc/sys/net/ipv4/tcp_mem", "1 1 1"},
		{"/proc/sysrq-trigger", "h"}, {"/proc/irq/default_smp_affinity", "1"},
		{"/proc/sxps/meminfo", "1"}, {NULL}};

	for (int i = 0; files[i][0]; i++)
		if (strcmp(files[i][0], "/proc/sysrq-trigger") != 0 &&
			write_to(files[i][0], files[i][1]))
			return true;
	return refused();
}

static bool try_sys(void)
{
	static const char *const files[][2] = {{"/sys/kernel/uevent_helper", "/tmp/x"},
		{"/sys/power/state", "mem"}, {"/sys/kernel/mm/ksm/run", "1"},
		{"/sys/module/sxps/uevent", "change"},
		{"/sys/kernel/config/sxps/a/sessions_max", "max"},
		{"/sys/devices/system/cpu/cpu1/online", "0"}, {NULL}};

	for (int i = 0; files[i][0]; i++)
		if (write_to(files[i][0], files[i][1]))
			return true;
	return refused();
}

const struct attempt kernel_attempts[] = {
	{"mknod-disk", "make a node of the disk", try_mknod_disk},
	{"mknod-mem", "make nodes of memory, log, tun", try_mknod_mem},
	{"devices", "open the machine's devices", try_open_devices},
	{"init-module", "load a module", try_init_module},
	{"delete-module", "unload sxps", try_delete_module},
	{"kexec", "load another kernel", try_kexec},
	{"clock", "set the clock", try_clock},
	{"settimeofday", "set it the old way", try_settimeofday},
	{"adjtime", "bend the clock", try_adjtime},
	{"dmesg", "read the kernel log", try_dmesg},
	{"bpf", "use bpf", try_bpf},
	{"perf", "use perf", try_perf},
	{"keyctl", "use keyrings", try_keyctl},
	{"add-key", "add keys", try_add_key},
	{"userfaultfd", "use userfaultfd", try_userfaultfd},
	{"io-uring", "use io_uring", try_io_uring},
	{"iopl", "use I/O ports", try_iopl},
	{"swapon", "swap", try_swapon},
	{"acct", "switch accounting", try_acct},
	{"quota", "change quotas", try_quota},
	{"other-abi", "call the kernel by 32-bit and x32", try_other_abi},
	{"families", "open sockets of other families", try_families},
	{"proc-sys", "write /proc/sys", try_proc_sys},
	{"sys", "write /sys", try_sys},
	{NULL, NULL, NULL},
};
