/* SPDX-License-Identifier: MIT */
#include "agent/seccomp.h"

#include <errno.h>
#include <linux/capability.h>
#include <seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include "util/mem.h"

/* Kept: what works on a user namespace's own objects. The rest only speaks to the machine. */
static const int caps_kept[] = {CAP_CHOWN, CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH, CAP_FOWNER,
	CAP_FSETID, CAP_KILL, CAP_SETGID, CAP_SETUID, CAP_SETPCAP, CAP_NET_BIND_SERVICE,
	CAP_NET_BROADCAST, CAP_NET_ADMIN, CAP_NET_RAW, CAP_IPC_LOCK, CAP_IPC_OWNER, CAP_SYS_CHROOT,
	CAP_SYS_PTRACE, CAP_SYS_ADMIN, CAP_SYS_BOOT, CAP_SYS_NICE, CAP_SYS_RESOURCE,
	CAP_SYS_TTY_CONFIG, CAP_LEASE, CAP_AUDIT_WRITE, CAP_SETFCAP};

static const char *const allowed[] = {
	/* files */
	"access", "chdir", "chmod", "chown", "chroot", "close", "close_range", "copy_file_range",
	"creat", "dup", "dup2", "dup3", "faccessat", "faccessat2", "fadvise64", "fallocate",
	"fchdir", "fchmod", "fchmodat", "fchmodat2", "fchown", "fchownat", "fcntl", "fdatasync",
	"fgetxattr", "flistxattr", "flock", "fremovexattr", "fsetxattr", "fstat", "fstatfs",
	"fsync", "ftruncate", "futimesat", "getcwd", "getdents", "getdents64", "getxattr",
	"inotify_add_watch", "inotify_init", "inotify_init1", "inotify_rm_watch", "ioctl", "lchown",
	"lgetxattr", "link", "linkat", "listxattr", "llistxattr", "lremovexattr", "lseek",
	"lsetxattr", "lstat", "mkdir", "mkdirat", "mknod", "mknodat", "name_to_handle_at",
	"newfstatat", "open", "openat", "openat2", "pread64", "preadv", "preadv2", "pwrite64",
	"pwritev", "pwritev2", "read", "readahead", "readlink", "readlinkat", "readv",
	"removexattr", "rename", "renameat", "renameat2", "rmdir", "sendfile", "setxattr", "splice",
	"stat", "statfs", "statx", "symlink", "symlinkat", "sync", "sync_file_range", "syncfs",
	"tee", "truncate", "umask", "unlink", "unlinkat", "utime", "utimensat", "utimes",
	"vmsplice", "write", "writev", "fanotify_init", "fanotify_mark",
	/* mounts: of its own mount namespace; what is locked stays */
	"fsconfig", "fsmount", "fsopen", "fspick", "mount", "mount_setattr", "move_mount",
	"open_tree", "pivot_root", "umount", "umount2",
	/* memory */
	"brk", "get_mempolicy", "madvise", "mbind", "membarrier", "memfd_create", "memfd_secret",
	"mincore", "mlock", "mlock2", "mlockall", "mmap", "mprotect", "mremap", "msync", "munlock",
	"munlockall", "munmap", "pkey_alloc", "pkey_free", "pkey_mprotect", "process_madvise",
	"process_mrelease", "remap_file_pages", "set_mempolicy", "set_mempolicy_home_node",
	"process_vm_readv", "process_vm_writev",
	/* processes, namespaces, signals */
	"alarm", "arch_prctl", "capget", "capset", "clone", "clone3", "execve", "execveat", "exit",
	"exit_group", "fork", "get_robust_list", "get_thread_area", "getcpu", "getegid", "geteuid",
	"getgid", "getgroups", "getpgid", "getpgrp", "getpid", "getppid", "getpriority",
	"getresgid", "getresuid", "getrlimit", "getrusage", "getsid", "gettid", "getuid",
	"ioprio_get", "ioprio_set", "kcmp", "kill", "landlock_add_rule", "landlock_create_ruleset",
	"landlock_restrict_self", "modify_ldt", "pause", "personality", "pidfd_getfd", "pidfd_open",
	"pidfd_send_signal", "prctl", "prlimit64", "ptrace", "reboot", "restart_syscall", "rseq",
	"rt_sigaction", "rt_sigpending", "rt_sigprocmask", "rt_sigqueueinfo", "rt_sigreturn",
	"rt_sigsuspend", "rt_sigtimedwait", "rt_tgsigqueueinfo", "sched_get_priority_max",
	"sched_get_priority_min", "sched_getaffinity", "sched_getattr", "sched_getparam",
	"sched_getscheduler", "sched_rr_get_interval", "sched_setaffinity", "sched_setattr",
	"sched_setparam", "sched_setscheduler", "sched_yield", "seccomp", "set_robust_list",
	"set_thread_area", "set_tid_address", "setdomainname", "setfsgid", "setfsuid", "setgid",
	"setgroups", "sethostname", "setns", "setpgid", "setpriority", "setregid", "setresgid",
	"setresuid", "setreuid", "setrlimit", "setsid", "setuid", "sigaltstack", "sysinfo",
	"tgkill", "time", "times", "tkill", "uname", "unshare", "vfork", "wait4", "waitid",
	/* time: reading */
	"adjtimex", "clock_adjtime", "clock_getres", "clock_gettime", "clock_nanosleep",
	"getitimer", "gettimeofday", "nanosleep", "setitimer", "timer_create", "timer_delete",
	"timer_getoverrun", "timer_gettime", "timer_settime", "timerfd_create", "timerfd_gettime",
	"timerfd_settime",
	/* waiting, messages */
	"epoll_create", "epoll_create1", "epoll_ctl", "epoll_ctl_old", "epoll_pwait",
	"epoll_pwait2", "epoll_wait", "epoll_wait_old", "eventfd", "eventfd2", "futex",
	"futex_waitv", "io_cancel", "io_destroy", "io_getevents", "io_pgetevents", "io_setup",
	"io_submit", "mq_getsetattr", "mq_notify", "mq_open", "mq_timedreceive", "mq_timedsend",
	"mq_unlink", "msgctl", "msgget", "msgrcv", "msgsnd", "pipe", "pipe2", "poll", "ppoll",
	"pselect6", "select", "semctl", "semget", "semop", "semtimedop", "shmat", "shmctl", "shmdt",
	"shmget", "signalfd", "signalfd4",
	/* sockets: families below */
	"accept", "accept4", "bind", "connect", "getpeername", "getsockname", "getsockopt",
	"listen", "recvfrom", "recvmmsg", "recvmsg", "sendmmsg", "sendmsg", "sendto", "setsockopt",
	"shutdown", "getrandom"};

/* Known and refused: the machine's, not the private server's. */
static const char *const refused[] = {"acct", "add_key", "bpf", "clock_settime", "delete_module",
	"finit_module", "init_module", "ioperm", "iopl", "kexec_file_load", "kexec_load", "keyctl",
	"lookup_dcookie", "nfsservctl", "open_by_handle_at", "perf_event_open", "quotactl",
	"quotactl_fd", "request_key", "settimeofday", "swapoff", "swapon", "syslog", "userfaultfd",
	"vhangup"};

#define FAMILY_MAX AF_PACKET /* the highest of those allowed */
static const int families[] = {AF_UNIX, AF_INET, AF_INET6, AF_NETLINK, AF_PACKET};

int confine_caps(struct err *e)
{
	for (int cap = 0; cap <= 63; cap++) {
		bool keep = false;

		for (size_t i = 0; i < ARRAY_LEN(caps_kept); i++)
			keep |= caps_kept[i] == cap;
		if (keep || prctl(PR_CAPBSET_READ, cap, 0, 0, 0) != 1)
			continue;
		if (prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) < 0)
			return err_sys(e, "dropping capability %d", cap);
	}
	return 0;
}

static int add_names(scmp_filter_ctx f, uint32_t action, const char *const *names, size_t n,
	struct err *e)
{
	for (size_t i = 0; i < n; i++) {
		int nr = seccomp_syscall_resolve_name(names[i]);
		int rc = nr == __NR_SCMP_ERROR ? 0 : seccomp_rule_add(f, action, nr, 0);

		if (rc < 0)
			return err_set(e, E_FAIL, "seccomp rule for %s: %s", names[i],
				strerror(-rc));
	}
	return 0;
}

/* A rule for each family, so that the refused ones answer as a kernel without them does. */
static int add_sockets(scmp_filter_ctx f, struct err *e)
{
	int rc = seccomp_rule_add(f, SCMP_ACT_ERRNO(EAFNOSUPPORT), SCMP_SYS(socket), 1,
		SCMP_A0(SCMP_CMP_GT, FAMILY_MAX));

	for (int fam = 0; fam <= FAMILY_MAX && rc == 0; fam++) {
		bool ok = false;

		for (size_t i = 0; i < ARRAY_LEN(families); i++)
			ok |= families[i] == fam;
		rc = seccomp_rule_add(f, ok ? SCMP_ACT_ALLOW : SCMP_ACT_ERRNO(EAFNOSUPPORT),
			SCMP_SYS(socket), 1, SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)fam));
	}
	if (rc == 0)
		rc = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(socketpair), 1,
			SCMP_A0(SCMP_CMP_EQ, AF_UNIX));
	return rc < 0 ? err_set(e, E_FAIL, "seccomp rule for sockets: %s", strerror(-rc)) : 0;
}

static void filter_release(scmp_filter_ctx *f)
{
	if (*f)
		seccomp_release(*f);
}

int confine_calls(struct err *e)
{
	autoclean(filter_release) scmp_filter_ctx f = seccomp_init(SCMP_ACT_ERRNO(ENOSYS));
	int rc;

	if (!f)
		return err_set(e, E_FAIL, "seccomp is not available");
	seccomp_attr_set(f, SCMP_FLTATR_CTL_NNP, 0);
	seccomp_attr_set(f, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_ERRNO(ENOSYS));
	seccomp_attr_set(f, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	if ((rc = add_names(f, SCMP_ACT_ALLOW, allowed, ARRAY_LEN(allowed), e)) < 0 ||
		(rc = add_names(f, SCMP_ACT_ERRNO(EPERM), refused, ARRAY_LEN(refused), e)) < 0 ||
		(rc = add_sockets(f, e)) < 0)
		return rc;
	rc = seccomp_load(f);
	return rc < 0 ? err_set(e, E_FAIL, "loading the seccomp filter: %s", strerror(-rc)) : 0;
}
