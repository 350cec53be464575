/* SPDX-License-Identifier: MIT */
/*
 * launch - from a written-down private server to its running init.
 *
 * Two processes and a helper. The launcher (root of the host, in a mount namespace of its own)
 * clones the future init into its user, pid, ipc, uts, cgroup and network namespaces. A helper of
 * that one, in a throw-away mount namespace that belongs to the inner user namespace, makes the
 * file systems, so that they belong to it too, and hands them over as descriptors. The launcher
 * puts the tree together and pivots into it; when the future init then takes a copy of that mount
 * namespace for itself, all mounts in it are locked: they were made by a more privileged user
 * namespace (mount_namespaces(7)). The launcher has ended before init is started, since a cgroup
 * with processes in it cannot give controllers to its children (cgroups(7), no internal processes).
 * Must not know about: systemd units, requests.
 */
#ifndef SXC_AGENT_LAUNCH_H
#define SXC_AGENT_LAUNCH_H

#include <stddef.h>

#include "agent/ps_conf.h"
#include "util/err.h"

/* File systems that belong to the inner user namespace. */
enum { FS_ROOT, FS_PROC, FS_SYS, FS_CGROUP, FS_DEV, FS_PTS, FS_SHM, FS_MQUEUE, FS_RUN, FS_COUNT };

/* Where the idmapped image and layer stand while the tree is put together. */
#define STAGE       "/var/lib/sxc"
#define STAGE_IMAGE STAGE "/image"
#define STAGE_LAYER STAGE "/layer"
#define STAGE_ROOT  STAGE "/root"
#define STAGE_EMPTY STAGE "/empty"

/* Launch private server c: on success its init waits for this process to end, and its pid is in
 * NAME.pid of the directory run_dir. */
int launch(const struct ps_conf *c, int run_dir, struct err *e);

/* ---- launch_stage.c: the launcher's part, as root of the host ---- */

/* Attach image and layer, ids mapped by the user namespace userns, over STAGE. */
int stage_layers(const struct ps_conf *c, int userns, struct err *e);
/* Put the tree together from the helper's file systems and pivot into it. */
int stage_root(const int fs[FS_COUNT], struct err *e);

/* ---- launch_fs.c: the helper's part, in the inner user namespace ---- */

/* Make all file systems, detached; fs is filled on success. */
int fs_make(int fs[FS_COUNT], struct err *e);

/* ---- launch_init.c: the future init ---- */

/* Runs in the cloned process; ends in execve(2). launcher is a pidfd. */
void init_main(const struct ps_conf *c, int sock, int launcher) __attribute__((noreturn));

/* ---- launch_note.c: what the two tell each other over a SOCK_SEQPACKET pair ---- */

/* Tell success (e NULL) or an error, with n descriptors. */
int note_send(int sock, const struct err *e, const int *fds, size_t n);
/* Wait for the other's next note; its error becomes ours. E_FAIL when it has ended. */
int note_wait(int sock, int *fds, size_t n, struct err *e);

#endif
