/* SPDX-License-Identifier: MIT */
/*
 * backup_file - backups of private servers as files: a tar (pax), zstd-compressed, of the manifest
 * BACKUP_MANIFEST and, below BACKUP_ROOT, the files; then a seal, a skippable frame of zstd
 * (RFC 8878, section 3.1.2) with the SHA-256 of all before it.
 *
 * Must not know about: what the manifest says, servers.
 */
#ifndef SXC_SVC_BACKUP_FILE_H
#define SXC_SVC_BACKUP_FILE_H

#include <stdint.h>

#include "svc/sign.h"
#include "util/err.h"

#define BACKUP_MANIFEST     "sxc-backup.json"
#define BACKUP_MANIFEST_MAX (1 << 20) /* bytes */
#define BACKUP_ROOT         "root"
#define BACKUP_SEAL         44 /* bytes */

/* The seal for contents of that digest. */
void backup_seal(const unsigned char digest[SHA256_SIZE], unsigned char out[BACKUP_SEAL]);

struct backup_file {
	char *manifest;          /* its text, the caller's */
	char digest[SHA256_HEX]; /* of the whole file */
	int64_t size;            /* of the file */
	int64_t bytes, files;    /* of the files in it */
};
/*
 * Look at the seal and read the manifest. E_INTEGRITY for what is no backup, is damaged or was cut
 * short.
 */
int backup_file_open(const char *path, struct backup_file *b, struct err *e);
/*
 * Read the rest from first to last entry, nothing is written. E_INTEGRITY names the entry that is
 * refused: outward names and links, devices, owners above 65535; also more than max bytes.
 */
int backup_file_check(const char *path, struct backup_file *b, int64_t max, struct err *e);
void backup_file_release(struct backup_file *b);

#endif
