// SPDX-License-Identifier: MIT
/*
 * What root inside a private server tries: escape NAME runs one attempt and prints one line,
 * "reached WHAT" or "stopped WHY". escape list names them all. Bombs are escape bomb-NAME: they hold
 * what they got and print how much that was, until standard input ends. escape share SECONDS prints
 * how much of the machine's processors it got, in hundredths of a per cent. Static, so that it runs
 * in any image.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <linux/bpf.h>
#include <linux/fs.h>
#include <linux/perf_event.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/time.h>
#include <sys/timex.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static char said[512];

/* The attempt had its way. */
static int reached(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(said, sizeof(said), fmt, ap);
	va_end(ap);
	return 1;
}

static int stopped(const char *by)
{
	snprintf(said, sizeof(said), "%s", by);
	return 0;
}

/* By the error number of what was just refused. */
static int refused(void)
{
	return stopped(strerror(errno));
}

static const char *host_file = "/root/host-canary"; /* on the machine, not in here */
static int other_pid; /* a process of the neighbour, seen from outside */

/* ---- mounts ---- */

static int unmount(const char *const *paths)
{
	for (; *paths; paths++)
		if (umount2(*paths, MNT_DETACH) == 0)
			return reached("unmounted %s", *paths);
	return refused();
}

static int try_umount_view(void)
{
	static const char *const paths[] = {"/proc/meminfo", "/proc/stat", "/proc/loadavg",
		"/proc/cpuinfo", "/proc/swaps", NULL};

	return unmount(paths);
}

static int try_umount_mask(void)
{
	static const char *const paths[] = {"/proc/kcore", "/proc/sysrq-trigger", "/proc/sys",
		"/proc/timer_list", "/sys/firmware", "/sys", "/proc", "/dev/null", NULL};

	return unmount(paths);
}

static int try_remount(void)
{
	static const char *const paths[] = {"/proc/sys", "/proc/irq", "/proc/bus", "/sys", NULL};

	for (int i = 0; paths[i]; i++)
		if (mount(NULL, paths[i], NULL, MS_REMOUNT | MS_BIND, NULL) == 0)
			return reached("%s is writable", paths[i]);
	return refused();
}

static int mount_one(const char *type)
{
	mkdir("/mnt", 0755);
	if (mount("x", "/mnt", type, 0, NULL) < 0)
		return refused();
	umount2("/mnt", MNT_DETACH);
	return reached("mounted %s", type);
}

static int try_mount_kernel(void)
{
	static const char *const types[] = {"debugfs", "tracefs", "securityfs", "configfs",
		"pstore", "efivarfs", "devtmpfs", "cgroup", "bdev", "nfsd", NULL};

	for (int i = 0; types[i]; i++)
		if (mount_one(types[i]))
			return 1;
	return stopped("no kernel file system mounts");
}

/* In a user, pid and mount namespace of its own, as its root. */
static int in_namespaces(int flags, int (*fn)(void))
{
	int pair[2], status, r = 0;
	pid_t pid;

	if (pipe(pair) < 0)
		return refused();
	pid = fork();
	if (pid == 0) {
		if (unshare(flags) < 0)
			_exit(100 + (refused(), 0));
		pid = fork();
		if (pid == 0) {
			r = fn();
			if (write(pair[1], said, sizeof(said)) < 0)
				_exit(2);
			_exit(r);
		}
		waitpid(pid, &status, 0);
		_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 3);
	}
	waitpid(pid, &status, 0);
	if (!WIFEXITED(status) || WEXITSTATUS(status) > 1)
		return stopped("no such namespaces");
	if (read(pair[0], said, sizeof(said)) < 0)
		return refused();
	return WEXITSTATUS(status);
}

static int fresh_proc(void)
{
	return mount_one("proc");
}

static int fresh_sysfs(void)
{
	return mount_one("sysfs");
}

static int try_fresh_proc(void)
{
	return in_namespaces(CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNS, fresh_proc) ||
	       in_namespaces(CLONE_NEWPID | CLONE_NEWNS, fresh_proc);
}

static int try_fresh_sysfs(void)
{
	return in_namespaces(CLONE_NEWUSER | CLONE_NEWNET | CLONE_NEWNS, fresh_sysfs) ||
	       in_namespaces(CLONE_NEWNET | CLONE_NEWNS, fresh_sysfs);
}

static int unmount_in_copy(void)
{
	static const char *const paths[] = {"/proc/meminfo", "/proc/kcore", "/proc/sys", NULL};

	return unmount(paths);
}

static int try_umount_copy(void)
{
	return in_namespaces(CLONE_NEWUSER | CLONE_NEWNS, unmount_in_copy) ||
	       in_namespaces(CLONE_NEWNS, unmount_in_copy);
}

/* ---- out of the root directory ---- */

static int sees_host(void)
{
	return access(host_file, F_OK) == 0;
}

static int try_chroot(void)
{
	int fd = open("/", O_RDONLY | O_DIRECTORY);

	mkdir("/tmp/jail", 0700);
	if (chroot("/tmp/jail") < 0 || fchdir(fd) < 0)
		return refused();
	for (int i = 0; i < 64; i++)
		if (chdir("..") < 0)
			return refused();
	if (chroot(".") < 0)
		return refused();
	return sees_host() ? reached("the machine's root directory")
	                   : stopped("its own root is the top");
}

static int try_proc_root(void)
{
	static const char *const ways[] = {"/proc/1/root/../..", "/proc/1/cwd/../../..",
		"/proc/self/root/..", "/proc/thread-self/root/../.."};
	char path[256];

	for (int i = 0; i < 4; i++) {
		snprintf(path, sizeof(path), "%s%s", ways[i], host_file);
		if (access(path, F_OK) == 0)
			return reached("%s", path);
	}
	return refused();
}

/* Descriptors that came in with the command. */
static int try_stray_fds(void)
{
	char path[64], to[256];

	for (int fd = 3; fd < 1024; fd++) {
		ssize_t n;

		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		n = readlink(path, to, sizeof(to) - 1);
		if (n > 0)
			return reached("descriptor %d: %.*s", fd, (int)n, to);
	}
	return stopped("none came in");
}

/* By handles of a file system that others live on too. */
static int try_handle(void)
{
	union {
		struct file_handle h;
		char room[64];
	} u = {.h = {.handle_bytes = 8, .handle_type = 1}};
	int fd = open("/", O_RDONLY | O_DIRECTORY), got;
	unsigned *inode = (unsigned *)u.h.f_handle;

	inode[0] = 2; /* the root directory of ext4 */
	got = open_by_handle_at(fd, &u.h, O_RDONLY);
	return got >= 0 ? reached("a directory by its inode") : refused();
}

/* ---- devices ---- */

static int open_node(const char *what, mode_t type, unsigned major, unsigned minor)
{
	int fd;

	unlink("/root/node");
	if (mknod("/root/node", type | 0600, makedev(major, minor)) < 0)
		return refused();
	fd = open("/root/node", O_RDONLY);
	unlink("/root/node");
	return fd >= 0 ? reached("%s", what) : refused();
}

static int try_mknod_disk(void)
{
	for (unsigned major = 252; major <= 254; major++)
		if (open_node("a disk of the machine", S_IFBLK, major, 0))
			return 1;
	return refused();
}

static int try_mknod_mem(void)
{
	return open_node("/dev/mem", S_IFCHR, 1, 1) || open_node("/dev/kmsg", S_IFCHR, 1, 11) ||
	       open_node("/dev/fuse", S_IFCHR, 10, 229) ||
	       open_node("/dev/net/tun", S_IFCHR, 10, 200);
}

static int try_open_devices(void)
{
	static const char *const paths[] = {"/dev/mem", "/dev/kmem", "/dev/port", "/dev/vda",
		"/dev/kmsg", "/dev/console", "/dev/tty0", "/dev/ttyS0", "/dev/mapper/control",
		"/dev/loop-control", "/dev/kvm", "/dev/userfaultfd", NULL};

	for (int i = 0; paths[i]; i++)
		if (open(paths[i], O_RDONLY | O_NOCTTY | O_NONBLOCK) >= 0)
			return reached("%s", paths[i]);
	return refused();
}

/* ---- the kernel ---- */

#define CALL(name, what, ...)                                                                      \
	static int try_##name(void)                                                                \
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

static int try_dmesg(void)
{
	char buf[256];

	if (syscall(SYS_syslog, 3, buf, sizeof(buf)) >= 0)
		return reached("read the kernel log");
	return open("/proc/kmsg", O_RDONLY | O_NONBLOCK) >= 0 &&
	                       read(open("/proc/kmsg", O_RDONLY), buf, 1) > 0
	               ? reached("read /proc/kmsg")
	               : refused();
}

static int try_adjtime(void)
{
	struct timex t = {.modes = ADJ_FREQUENCY, .freq = 1 << 16};

	return syscall(SYS_adjtimex, &t) >= 0 ? reached("bent the clock") : refused();
}

static int try_bpf(void)
{
	union bpf_attr a = {.map_type = BPF_MAP_TYPE_ARRAY,
		.key_size = 4,
		.value_size = 4,
		.max_entries = 1};

	return syscall(SYS_bpf, BPF_MAP_CREATE, &a, sizeof(a)) >= 0 ? reached("made a BPF map")
	                                                            : refused();
}

static int try_perf(void)
{
	struct perf_event_attr a = {.size = sizeof(a), .type = PERF_TYPE_SOFTWARE};

	return syscall(SYS_perf_event_open, &a, -1, 0, -1, 0) >= 0 ? reached("watches a processor")
	                                                           : refused();
}

/* Calls by other doors than the filter watches. */
static int try_other_abi(void)
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

static int try_families(void)
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

static int write_to(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);
	int ok = fd >= 0 && write(fd, text, strlen(text)) >= 0;

	if (fd >= 0)
		close(fd);
	return ok ? reached("wrote %s", path) : 0;
}

static int try_proc_sys(void)
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
			return 1;
	return refused();
}

static int try_sys(void)
{
	static const char *const files[][2] = {{"/sys/kernel/uevent_helper", "/tmp/x"},
		{"/sys/power/state", "mem"}, {"/sys/kernel/mm/ksm/run", "1"},
		{"/sys/module/sxps/uevent", "change"},
		{"/sys/kernel/config/sxps/a/sessions_max", "max"},
		{"/sys/devices/system/cpu/cpu1/online", "0"}, {NULL}};

	for (int i = 0; files[i][0]; i++)
		if (write_to(files[i][0], files[i][1]))
			return 1;
	return refused();
}

/* ---- control groups ---- */

static int try_cgroup_bounds(void)
{
	static const char *const files[][2] = {{"memory.max", "max"}, {"pids.max", "max"},
		{"cpu.max", "max 100000"}, {"cpu.weight", "10000"}, {"memory.swap.max", "max"},
		{"memory.oom.group", "1"}, {"cgroup.freeze", "0"}, {"memory.low", "max"},
		{"memory.min", "max"}, {NULL}};
	char path[256];

	for (int i = 0; files[i][0]; i++) {
		snprintf(path, sizeof(path), "/sys/fs/cgroup/%s", files[i][0]);
		if (write_to(path, files[i][1]))
			return 1;
	}
	return refused();
}

static int cgroup_above(void)
{
	static const char *const up[] = {"/mnt/../sxc.slice", "/mnt/..", "/mnt/system.slice"};
	char path[256];

	if (mount("x", "/mnt", "cgroup2", 0, NULL) < 0)
		return refused();
	for (int i = 0; i < 3; i++) {
		snprintf(path, sizeof(path), "%s/cgroup.procs", up[i]);
		if (write_to(path, "0"))
			return 1;
	}
	return stopped("its own group is the top");
}

static int try_cgroup_above(void)
{
	return in_namespaces(CLONE_NEWNS, cgroup_above) ||
	       in_namespaces(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWCGROUP, cgroup_above);
}

/* ---- disk ---- */

static int try_project(void)
{
	struct fsxattr x;
	int fd = open("/root/project", O_RDWR | O_CREAT, 0600);

	if (fd < 0 || ioctl(fd, FS_IOC_FSGETXATTR, &x) < 0)
		return refused();
	x.fsx_projid = 0;
	return ioctl(fd, FS_IOC_FSSETXATTR, &x) == 0 ? reached("its files count for nobody")
	                                             : refused();
}

static int try_file_caps(void)
{
	int fd = open("/root/flags", O_RDWR | O_CREAT, 0600), flags = FS_IMMUTABLE_FL;

	if (fd >= 0 && ioctl(fd, FS_IOC_SETFLAGS, &flags) == 0)
		return reached("a file nobody can remove");
	return refused();
}

/* ---- others' processes ---- */

static int try_signal(void)
{
	if (other_pid <= 0)
		return reached("no process to try on");
	if (kill(other_pid, 0) == 0)
		return reached("signals the neighbour's process %d", other_pid);
	if (ptrace(PTRACE_SEIZE, other_pid, 0, 0) == 0)
		return reached("traces it");
	return refused();
}

static int try_read_memory(void)
{
	char b[8];
	struct iovec mine = {b, 8}, theirs = {(void *)0x400000, 8};

	return process_vm_readv(other_pid, &mine, 1, &theirs, 1, 0) > 0
	               ? reached("reads its memory")
	               : refused();
}

static int try_realtime(void)
{
	struct sched_param p = {.sched_priority = 50};

	if (sched_setscheduler(0, SCHED_FIFO, &p) == 0)
		return reached("runs before everybody (SCHED_FIFO)");
	if (setpriority(PRIO_PROCESS, 0, -20) == 0)
		return stopped("nice within its own group only");
	return refused();
}

/* ---- against whoever enters ---- */

/* Looks at all processes for a while: one that is not of this file system comes from outside. */
static int look_at(const char *pid)
{
	char path[128], to[256];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%s/exe", pid);
	n = readlink(path, to, sizeof(to) - 1);
	to[n > 0 ? n : 0] = '\0';
	if (n > 0 && !strstr(to, "memfd") && !strstr(to, "sxc-agent"))
		return 0;
	fd = open(path, O_RDONLY);
	if (fd >= 0 && n > 0) {
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		if (open(path, O_WRONLY | O_TRUNC) >= 0)
			return reached("%s opened for writing", to);
		close(fd);
	}
	snprintf(path, sizeof(path), "/proc/%s/mem", pid);
	if (n > 0 && open(path, O_RDWR) >= 0)
		return reached("memory of %s", to);
	if (n > 0 && ptrace(PTRACE_SEIZE, atoi(pid), 0, 0) == 0)
		return reached("traces %s", to);
	return 0;
}

static int try_enterer(void)
{
	time_t end = time(NULL) + 8;
	long seen = 0;

	while (time(NULL) < end) {
		DIR *d = opendir("/proc");
		struct dirent *de;

		while (d && (de = readdir(d)))
			if (de->d_name[0] >= '1' && de->d_name[0] <= '9' && look_at(de->d_name))
				return 1;
		closedir(d);
		seen++;
	}
	return seen ? stopped("nothing of the entering process can be opened") : refused();
}

/* Types on the terminal of whoever entered. */
static int try_tiocsti(void)
{
	static const char typed[] = "touch /root/host-pwned\n";

	for (const char *p = typed; *p; p++)
		if (ioctl(0, TIOCSTI, p) < 0)
			return refused();
	return stopped("the terminal is of its own devpts");
}

/* ---- bombs: as much as it gets, held until standard input ends ---- */

static void hold(const char *what, long n)
{
	char c;

	printf("%ld %s, then: %s\n", n, what, errno ? strerror(errno) : "enough");
	fflush(stdout);
	while (read(0, &c, 1) > 0)
		;
}

#define BOMB_MAX 200000

static void bomb_forks(void)
{
	long n = 0;
	pid_t pid;

	while ((pid = fork()) > 0)
		n++;
	if (pid == 0)
		for (;;)
			if (fork() < 0)
				sched_yield();
	hold("processes, each forking on", n);
}

static void bomb_memory(void)
{
	int status;
	pid_t pid;

	for (long n = 0;; n++) { /* a child dies of it, the next one goes on */
		pid = fork();
		if (pid == 0)
			for (;;) {
				char *p = mmap(NULL, 1 << 22, PROT_READ | PROT_WRITE,
					MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

				if (p != MAP_FAILED)
					memset(p, 1, 1 << 22);
			}
		if (n == 0) {
			printf("memory, again and again\n");
			fflush(stdout);
		}
		waitpid(pid, &status, 0);
	}
}

static void bomb_inodes(void)
{
	char path[64];
	long n = 0;

	mkdir("/root/bomb", 0700);
	for (; n < BOMB_MAX; n++) {
		int fd;

		snprintf(path, sizeof(path), "/root/bomb/%ld", n);
		fd = open(path, O_CREAT | O_WRONLY, 0600);
		if (fd < 0)
			break;
		close(fd);
	}
	hold("files", n);
}

static void raise_files(void)
{
	struct rlimit r = {1048576, 1048576};

	if (setrlimit(RLIMIT_NOFILE, &r) < 0)
		perror("RLIMIT_NOFILE");
}

static void bomb_terminals(void)
{
	long n = 0;

	raise_files();
	while (n < 4000 && posix_openpt(O_RDWR | O_NOCTTY) >= 0)
		n++;
	hold("terminals", n);
}

static void bomb_inotify(void)
{
	long n = 0;

	raise_files();
	while (n < 20000 && inotify_init1(0) >= 0)
		n++;
	hold("inotify instances", n);
}

static void bomb_signals(void)
{
	union sigval v = {0};
	sigset_t all;
	long n = 0;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	while (n < BOMB_MAX && sigqueue(getpid(), SIGRTMIN + 5, v) == 0)
		n++;
	hold("signals waiting", n);
}

static void bomb_aio(void)
{
	aio_context_t ctx;
	long n = 0;

	for (; n < 4096; n++) {
		ctx = 0;
		if (syscall(SYS_io_setup, 1024, &ctx) < 0)
			break;
	}
	hold("kilo-requests of asynchronous I/O", n);
}

static void bomb_netns(void)
{
	long n = 0;

	for (; n < 2000; n++) {
		pid_t pid = fork();

		if (pid == 0) {
			if (unshare(CLONE_NEWNET) < 0)
				_exit(errno);
			pause();
		}
		if (pid < 0)
			break;
	}
	hold("processes with a network each", n);
}

/* What was sent and is never read: buffers of the kernel. */
static void bomb_sockets(void)
{
	static char block[65536];
	long n = 0;

	raise_files();
	for (;;) {
		int pair[2];

		if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair) < 0)
			break;
		while (write(pair[0], block, sizeof(block)) > 0)
			n++;
		if (n > 65536)
			break;
	}
	hold("times 64 KiB in sockets", n);
}

static void bomb_cpu(void)
{
	for (int i = 0; i < 16; i++)
		if (fork() == 0)
			for (;;)
				;
	errno = 0;
	hold("processes that only compute", 16);
	kill(0, SIGKILL);
}

/* ---- what the neighbour measures ---- */

static long usec(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

/* One process a processor computes; together their time as a share of all there is. */
static int share(int seconds)
{
	int cpus = (int)sysconf(_SC_NPROCESSORS_ONLN);
	long begin = usec(CLOCK_MONOTONIC), wall;
	struct rusage u;

	for (int i = 0; i < cpus; i++)
		if (fork() == 0) {
			while (usec(CLOCK_MONOTONIC) - begin < seconds * 1000000L)
				;
			_exit(0);
		}
	while (wait(NULL) > 0)
		;
	wall = usec(CLOCK_MONOTONIC) - begin;
	getrusage(RUSAGE_CHILDREN, &u);
	printf("%ld\n", ((u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1000000L + u.ru_utime.tv_usec +
				u.ru_stime.tv_usec) *
				100 / (wall / 100 * cpus));
	return 0;
}

/* One of each thing that a bomb may have taken from everybody. */
static int usable(void)
{
	union sigval v = {0};
	aio_context_t ctx = 0;
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	if (pid < 0)
		return printf("no process: %s\n", strerror(errno)), 1;
	waitpid(pid, NULL, 0);
	if (posix_openpt(O_RDWR | O_NOCTTY) < 0)
		return printf("no terminal: %s\n", strerror(errno)), 1;
	if (inotify_init1(0) < 0)
		return printf("no inotify: %s\n", strerror(errno)), 1;
	signal(SIGRTMIN + 5, SIG_IGN);
	if (sigqueue(getpid(), SIGRTMIN + 5, v) < 0)
		return printf("no signal: %s\n", strerror(errno)), 1;
	if (syscall(SYS_io_setup, 1024, &ctx) < 0)
		return printf("no asynchronous I/O: %s\n", strerror(errno)), 1;
	if (open("/tmp/usable", O_CREAT | O_WRONLY, 0600) < 0)
		return printf("no file: %s\n", strerror(errno)), 1;
	if (socket(AF_INET, SOCK_STREAM, 0) < 0)
		return printf("no socket: %s\n", strerror(errno)), 1;
	printf("everything is to be had\n");
	return 0;
}

/* ---- the table ---- */

static const struct attempt {
	const char *name, *what;
	int (*fn)(void);
} attempts[] = {
	{"umount-view", "unmount a /proc view", try_umount_view},
	{"umount-mask", "unmount what covers /proc and /sys", try_umount_mask},
	{"umount-copy", "unmount them in a mount namespace of its own", try_umount_copy},
	{"remount", "make /proc/sys and /sys writable", try_remount},
	{"fresh-proc", "mount a fresh /proc", try_fresh_proc},
	{"fresh-sysfs", "mount a fresh /sys", try_fresh_sysfs},
	{"mount-kernel", "mount debugfs, configfs and the like", try_mount_kernel},
	{"chroot", "leave by the chroot trick", try_chroot},
	{"proc-root", "leave by /proc/PID/root", try_proc_root},
	{"stray-fds", "leave by descriptors that came in", try_stray_fds},
	{"handle", "open files by handle", try_handle},
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
	{"cgroup-bounds", "lift its bounds", try_cgroup_bounds},
	{"cgroup-above", "leave its control group", try_cgroup_above},
	{"project", "change its project id", try_project},
	{"immutable", "make a file immutable", try_file_caps},
	{"signal", "signal and trace the neighbour", try_signal},
	{"read-memory", "read the neighbour's memory", try_read_memory},
	{"realtime", "run before everybody", try_realtime},
	{"enterer", "open what enters it", try_enterer},
	{"tiocsti", "type on the terminal that entered", try_tiocsti},
};

static const struct bomb {
	const char *name;
	void (*fn)(void);
} bombs[] = {
	{"bomb-cpu", bomb_cpu},
	{"bomb-forks", bomb_forks},
	{"bomb-memory", bomb_memory},
	{"bomb-inodes", bomb_inodes},
	{"bomb-terminals", bomb_terminals},
	{"bomb-inotify", bomb_inotify},
	{"bomb-signals", bomb_signals},
	{"bomb-aio", bomb_aio},
	{"bomb-netns", bomb_netns},
	{"bomb-sockets", bomb_sockets},
};

static int attempt(const char *name)
{
	for (size_t i = 0; i < sizeof(attempts) / sizeof(attempts[0]); i++)
		if (strcmp(attempts[i].name, name) == 0) {
			printf("%s %s\n", attempts[i].fn() ? "reached" : "stopped", said);
			return 0;
		}
	for (size_t i = 0; i < sizeof(bombs) / sizeof(bombs[0]); i++)
		if (strcmp(bombs[i].name, name) == 0)
			return bombs[i].fn(), 0;
	return 2;
}

int main(int argc, char **argv)
{
	other_pid = argc > 2 ? atoi(argv[2]) : 0;
	if (argc < 2)
		return 2;
	if (strcmp(argv[1], "list") == 0) {
		for (size_t i = 0; i < sizeof(attempts) / sizeof(attempts[0]); i++)
			printf("%s %s\n", attempts[i].name, attempts[i].what);
		return 0;
	}
	if (strcmp(argv[1], "share") == 0)
		return share(other_pid ? other_pid : 5);
	if (strcmp(argv[1], "usable") == 0)
		return usable();
	return attempt(argv[1]);
}
