/* SPDX-License-Identifier: MIT */
/*
 * ps - private servers in the books: what was promised to whom, where it stands, and the jobs that
 * make it so on the server.
 *
 * Must not know about: commands, money, how the agent builds one.
 */
#ifndef SXC_BIZ_PS_H
#define SXC_BIZ_PS_H

#include <stdbool.h>
#include <stdint.h>

#include "svc/msg.h"
#include "svc/sxc.h"
#include "util/vec.h"

#define PS_UNSET (-1) /* a bound that is not given */

/* Bounds and guarantees; PS_UNSET where left out. */
struct ps_bounds {
	int64_t cpu;       /* hundredths of a percent of all the server's CPU time, guaranteed */
	int64_t cpu_max;   /* the same, cap */
	int64_t net;       /* bit/s guaranteed on the uplink */
	int64_t net_share; /* the same in hundredths of a percent of the uplink; net when placed */
	int64_t memory;    /* bytes */
	int64_t vm;        /* bytes, memory and swap together */
	int64_t disk;      /* bytes */
	int64_t inodes;
	int64_t procs;
	int64_t sessions;    /* terminals; only the kernel module can bound them */
	int64_t transfer;    /* bytes a month, likewise */
	int64_t best_effort; /* PS_BEST_…: of those two, what may go unenforced */
};
#define PS_BEST_SESSIONS 1
#define PS_BEST_TRANSFER 2
/* All PS_UNSET. */
struct ps_bounds ps_bounds_none(void);

struct ps_new {
	const char *name;
	const char *on;       /* server; NULL: the control center places it */
	const char *image;    /* NULL: the newest */
	const char *hostname; /* NULL: the name */
	const char *address;  /* an address of a pool, "auto" or NULL */
	int64_t more_ips;     /* IPv4 addresses beyond the first */
	const char *keys;     /* authorized_keys text or NULL */
	int64_t account;      /* row id or 0 */
	int64_t subscription; /* row id or 0 */
	struct ps_bounds
		bounds; /* unset: cpu 5 %, memory 256M, vm twice that, disk 2G, procs 500 */
	bool stopped;   /* not started */
};

/*
 * Admission, placement, address, name and the job, all inside the caller's transaction. E_EXISTS;
 * E_NOTFOUND (server, image); E_LIMIT with the numbers when it does not fit; E_STATE when a bound
 * cannot be enforced there or no address is free.
 */
int ps_add_tx(struct sxc *s, const struct ps_new *n, int64_t *job, struct err *e);
/* The same in a transaction of its own, then the job run to its end. */
int ps_add(struct sxc *s, const struct ps_new *n, struct err *e);
/* Where would it go? The server's name, the caller's. Changes nothing. */
int ps_place(struct sxc *s, const struct ps_new *n, char **server, struct err *e);

/* One private server, as other parts need it; release with ps_release. */
struct ps {
	int64_t id, server, account, subscription;
	char *name, *state, *address; /* address: the first, may be NULL */
};
int ps_get(struct sxc *s, const char *name, struct ps *out, struct err *e);
int ps_get_id(struct sxc *s, int64_t id, struct ps *out, struct err *e);
void ps_release(struct ps *p);

/* Jobs, run to their end. E_STATE where the state does not allow it. */
int ps_start(struct sxc *s, const char *name, struct err *e);
int ps_stop(struct sxc *s, const char *name, struct err *e);
int ps_restart(struct sxc *s, const char *name, struct err *e);
int ps_suspend(struct sxc *s, const char *name, struct err *e);
int ps_resume(struct sxc *s, const char *name, struct err *e);
/* Make its server agree with the state the books have: run, stopped, suspended. */
int ps_enforce(struct sxc *s, const char *name, struct err *e);
/* E_INUSE while a domain lives there. */
int ps_remove(struct sxc *s, const char *name, struct err *e);
/* New bounds (PS_UNSET: as it was), admission checked, applied while it runs. */
int ps_set(struct sxc *s, const char *name, const struct ps_bounds *b, struct err *e);
/* Its job inside the caller's transaction. */
int ps_set_tx(struct sxc *s, const char *name, const struct ps_bounds *b, int64_t *job,
	struct err *e);
/* What else may be changed while it runs; NULL or empty: as it was. */
struct ps_change {
	const char *hostname;
	const char *keys; /* authorized_keys text, instead of that of root inside */
	const char *
		resolver; /* addresses apart by commas or blanks; "default": of the configuration */
	struct strvec add;  /* addresses of a pool, "auto" (the first free), "auto6" */
	struct strvec drop; /* addresses that it has */
};
int ps_change(struct sxc *s, const char *name, const struct ps_change *c, struct err *e);
/* The jobs of the above inside the caller's transaction. op: start stop restart suspend resume
 * remove. */
int ps_job_tx(struct sxc *s, const char *name, const char *op, int64_t *job, struct err *e);

/* suspend or resume, queued behind whatever work on it is unfinished: never refused for that. */
int ps_job_behind_tx(struct sxc *s, const char *name, const char *op, int64_t *job, struct err *e);
/* Put right what was done to it on its server behind our back: network interface, control group,
 * bounds, image. */
int ps_mend(struct sxc *s, const char *name, struct err *e);

/* ---- lists ---- */
struct ps_row {
	const char *name, *server, *state, *addresses, *hostname, *image, *account, *subscription;
	const char *previous_image; /* NAME=VERSION */
	int64_t id, cpu, cpu_max, net, memory, vm, disk, inodes, procs, sessions, transfer, created;
	int64_t image_version;
	/* What its server says now, where it was asked; else NULL and INT64_MIN. */
	const char *
		live; /* running, starting, off (it powered itself off), failed, stopped, unknown */
	const char *fault;
	int64_t since, restarts; /* restarts: reboots inside and crashes */
};
typedef int (*ps_row_fn)(void *arg, const void *row, struct err *e);
/* live: the servers are asked, too. */
int ps_list(struct sxc *s, const char *server, const char *account, bool live, ps_row_fn fn,
	void *arg, struct err *e);
int ps_show(struct sxc *s, const char *name, bool live, ps_row_fn fn, void *arg, struct err *e);

/* One line of `ps limits`. */
struct ps_limit {
	const char *resource, *unit, *enforced_by;
	int64_t held, peak, bound, failures; /* INT64_MIN: unknown */
};
/* Asks the server now; each line as struct ps_limit. */
int ps_limits(struct sxc *s, const char *name, ps_row_fn fn, void *arg, struct err *e);

/* Its journal: what it says itself (inside), or what the server knows of its starts and ends. The
 * last lines, cleaned, the caller's. */
int ps_log(struct sxc *s, const char *name, bool inside, int64_t lines, char **out, struct err *e);

/* Live state of the private servers of one server (row id), as the agent lists them; the
 * caller's. */
int ps_live(struct sxc *s, int64_t server, struct msg **ans, struct err *e);

#endif
