/* SPDX-License-Identifier: MIT */
/*
 * agent - what every operation of sxc-agent works with.
 *
 * An operation is a C function named in AGENT_OP; the dispatcher decodes the request, takes the
 * locks it asks for, looks whether the job's outcome is recorded already (and gives that), runs it,
 * records the outcome (fsync, rename) and answers. Operations are idempotent: run twice, the second
 * finds the work done. They trust nothing they are sent.
 * Must not know about: the control center's store.
 */
#ifndef SXC_AGENT_H
#define SXC_AGENT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "svc/msg.h"
#include "util/err.h"
#include "util/mem.h"
#include "util/str.h"

#define AGENT_LIB    "/usr/lib/sxc"        /* the agent binary: AGENT_LIB/sxc-agent */
#define AGENT_STATE  "/var/lib/sxc"        /* everything kept on the server, 0700 */
#define AGENT_STORE  AGENT_STATE "/store"  /* files by SHA-256, complete ones only */
#define AGENT_IMAGES AGENT_STATE "/images" /* OS images unpacked, read-only, by SHA-256 */
#define AGENT_PS     AGENT_STATE "/ps"     /* one directory a private server */
#define AGENT_JOBS   AGENT_STATE "/jobs"   /* recorded outcomes */
#define AGENT_RUN    "/run/sxc"            /* locks, pid files */

struct agent; /* the session: connection, cancel flag */

/* Report progress to the control center; step is a short text. */
void agent_progress(struct agent *a, const char *step, int64_t done, int64_t total);
/* Send output bytes (fd 1 or 2). E_UNREACH when the connection is gone. */
int agent_output(struct agent *a, int fd, const void *p, size_t n, struct err *e);
/* Next input bytes of the operation: count, 0 at the end, negative E_. Blocks. */
int agent_input(struct agent *a, void *p, size_t n, struct err *e);
/* A descriptor to poll for frames arriving, to be followed by agent_input/agent_pump. */
int agent_input_fd(struct agent *a);
/* True once the control center sent a cancel or the connection ended. */
bool agent_cancelled(struct agent *a);
/* Take in what has arrived, without waiting: input, a cancel, a new window size. Negative once the
 * connection has ended or what came is not allowed (agent_cancelled is true then too). */
int agent_pump(struct agent *a, struct err *e);
/* Bytes of input waiting; true in *end once no more will come. */
size_t agent_input_ready(struct agent *a, bool *end);
/* True, once a change, with the size the terminal at the other end has now. */
bool agent_window(struct agent *a, unsigned short *rows, unsigned short *cols);

/*
 * A child process whose streams are joined to the connection: input of the operation goes to in,
 * out and err come back as data. With pty, in is the terminal's master side and the others are -1.
 * Moves bytes until the child has ended and what it had written is sent; a cancel or a lost
 * connection sends SIGTERM to its process group (kill(-pid)), SIGKILL three seconds later. Owns the
 * descriptors (closed on return, also on error) and reaps pid. Returns the exit status 0..255
 * (128 + signal when killed) or a negative E_ (E_INTR after a cancel).
 */
struct stream_child {
	pid_t pid; /* leader of a process group of its own */
	int in, out, err;
	bool pty;
};
int agent_stream(struct agent *a, struct stream_child *c, struct err *e);

enum {
	OP_READ = 0,         /* changes nothing, records nothing */
	OP_CHANGE = 1 << 0,  /* recorded under its job name */
	OP_LOCK_PS = 1 << 1, /* holds the lock of the private server in field "name" */
	OP_STREAM = 1 << 2,  /* uses agent_input */
};

struct agent_op {
	const char *name; /* "ps.create" */
	unsigned flags;
	int (*run)(struct agent *a, const struct msg *req, struct msg *ans, struct err *e);
};

/* Define and register an operation: AGENT_OP(ps_create, "ps.create", OP_CHANGE | OP_LOCK_PS) {…}
 * with a, req, ans, e as its arguments. All of them stand in one linker section. */
#define AGENT_OP(id, opname, opflags)                                                              \
	static int op_##id(struct agent *a, const struct msg *req, struct msg *ans,                \
		struct err *e);                                                                    \
	static const struct agent_op agent_op_##id = {opname, opflags, op_##id};                   \
	static const struct agent_op *const agent_op_ptr_##id                                      \
		__attribute__((used, section("agent_ops"))) = &agent_op_##id;                      \
	static int op_##id(struct agent *a, const struct msg *req, struct msg *ans, struct err *e)

/* Work of the agent that is not an operation: `sxc-agent boot`, `sxc-agent ps-launch NAME` … */
struct agent_verb {
	const char *name;
	const char *help;
	int (*run)(int argc, char **argv, struct err *e); /* 0 or E_; argv[0] is the verb */
};
#define AGENT_VERB(id, verbname, verbhelp)                                                         \
	static int verb_##id(int argc, char **argv, struct err *e);                                \
	static const struct agent_verb agent_verb_##id = {verbname, verbhelp, verb_##id};          \
	static const struct agent_verb *const agent_verb_ptr_##id                                  \
		__attribute__((used, section("agent_verbs"))) = &agent_verb_##id;                  \
	static int verb_##id(int argc, char **argv, struct err *e)

/* Forget recorded outcomes and partial files of the store older than 30 days (boot). */
int outcome_sweep(struct err *e);
/*
 * Take the lock AGENT_RUN/NAME.lock, held until *fd is closed; note (who) is written into it. what
 * says in messages what is locked. E_BUSY with the holder's note, process and time.
 */
int lock_take(const char *name, const char *what, const char *note, int *fd, struct err *e);

/* ---- helpers shared by operations (src/agent/{run,file,dir}.c) ---- */

/* Run argv with a clean environment, stdin from /dev/null; its output (both, cleaned, the last
 * 4 KiB) goes into the error when it fails. timeout in seconds, 0: none. */
int run_cmd(char *const argv[], int timeout, struct err *e);
/* The same, stdout collected into out (at most max bytes, E_LIMIT beyond). */
int run_cmd_out(char *const argv[], int timeout, struct str *out, size_t max, struct err *e);
/* The same with input on stdin. */
int run_cmd_in(char *const argv[], int timeout, const char *in, size_t n, struct err *e);
int64_t now_ms(void);   /* of CLOCK_MONOTONIC */
void close_fd(int *fd); /* and make it -1, which it may be already */
int reap(pid_t pid);    /* wait for a child: its exit status, 128 + the signal that killed it */
/* Write a file durably: temporary name beside it, fsync, rename, fsync of the directory. */
int file_write(const char *path, const void *p, size_t n, unsigned mode, struct err *e);
/* Write to a kernel file (cgroup, sysctl, configfs) in one write(2). */
int file_poke(const char *path, const char *text, struct err *e);
int file_read(const char *path, struct str *out, size_t max, struct err *e);
int dir_make(const char *path, unsigned mode, struct err *e); /* mkdir -p; exists is fine */
/* rm -r beneath path without following links or crossing mounts; absent is fine. */
int dir_remove(const char *path, struct err *e);

#endif
