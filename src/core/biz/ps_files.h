/* SPDX-License-Identifier: MIT */
/*
 * ps_files - what is in private servers: backups, snapshots, rebuilding on another image.
 *
 * Must not know about: commands, how the agent copies.
 */
#ifndef SXC_BIZ_PS_FILES_H
#define SXC_BIZ_PS_FILES_H

#include "biz/ps.h"

/* ---- backups: files of the control center ---- */

struct ps_backup_row {
	const char *ps, *file, *digest;
	int64_t size, files;
};
/*
 * Write its files and a manifest to the file to (NULL: HOME/backups/NAME-TIME.sxb), under another
 * name first. E_LIMIT when a disk is full; E_UNREACH when the connection is lost. Nothing is left
 * then. fn gets struct ps_backup_row.
 */
int ps_backup(struct sxc *s, const char *name, const char *to, ps_row_fn fn, void *arg,
	struct err *e);
/*
 * The files of a backup in place of its own; what runs is stopped and started again. Everything is
 * checked before anything is done. E_INTEGRITY, E_LIMIT when it does not fit its disk bound.
 */
int ps_restore(struct sxc *s, const char *name, const char *file, struct err *e);
/* A new private server made from a backup. What n leaves out (bounds, host name, image) is as the
 * manifest says; addresses are taken anew. */
int ps_restore_new(struct sxc *s, const struct ps_new *n, const char *file, struct err *e);

/* ---- snapshots: on its server, within its disk bound ---- */

struct ps_snapshot_row {
	const char *snapshot, *image; /* image: name and version */
	int64_t made, size;
};
/* snapshot NULL: named after the time. */
int ps_snapshot_add(struct sxc *s, const char *name, const char *snapshot, char **made,
	struct err *e);
int ps_snapshot_list(struct sxc *s, const char *name, ps_row_fn fn, void *arg, struct err *e);
int ps_snapshot_restore(struct sxc *s, const char *name, const char *snapshot, struct err *e);
int ps_snapshot_remove(struct sxc *s, const char *name, const char *snapshot, struct err *e);

/* ---- another image ---- */

/* image: a name; NULL: back to the one before. Applications are installed again; all or nothing. */
int ps_rebuild(struct sxc *s, const char *name, const char *image, struct err *e);

#endif
