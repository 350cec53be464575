/* SPDX-License-Identifier: MIT */
/*
 * Operation ps.backup: the files as they show inside, as a tar (pax), zstd-compressed, to the
 * connection. A running private server stands still while its layer is copied; what is sent is read
 * from that copy.
 */
#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "agent/agent.h"
#include "agent/ps.h"
#include "agent/ps_freeze.h"
#include "agent/ps_kept.h"
#include "svc/backup_file.h"
#include "svc/sign.h"

#define ASIDE      ".copy-" /* AGENT_PS/.copy-NAME: the layer, while it is read */
#define BLOCK      65536
#define HOLE       (64 << 20) /* bytes of a hole given at once */
#define RUNS_MAX   65536      /* runs of data of one file told apart */
#define XATTR_SIZE 65536

struct backup {
	struct agent *a;
	struct archive *ar;
	struct archive_entry *ent;
	struct tree_links links;
	struct sha256 hash;
	int64_t size, files; /* of the archive; entries in it */
	struct err sent;     /* why sending failed */
	const char *zeros;   /* HOLE bytes */
	char *buf;
};

static void backup_release(struct backup *b)
{
	if (b->ar)
		archive_write_free(b->ar);
	if (b->ent)
		archive_entry_free(b->ent);
	tree_links_release(&b->links);
	if (b->zeros)
		munmap((void *)(uintptr_t)b->zeros, HOLE);
	free(b->buf);
}

static la_ssize_t send_block(struct archive *ar, void *arg, const void *p, size_t n)
{
	struct backup *b = arg;

	(void)ar;
	if (agent_cancelled(b->a))
		err_set(&b->sent, E_INTR, "cancelled");
	else if (agent_output(b->a, 1, p, n, &b->sent) == 0) {
		sha256_add(&b->hash, p, n);
		b->size += (int64_t)n;
		return (la_ssize_t)n;
	}
	archive_set_error(ar, EIO, "not sent");
	return -1;
}

static int failed(struct backup *b, struct err *e)
{
	const char *why = archive_error_string(b->ar);

	if (b->sent.code) {
		*e = b->sent;
		return e->code;
	}
	return err_set(e, E_FAIL, "writing the archive: %s", why ? why : "failed");
}

/* ---- one entry ---- */

static int add_xattrs(struct backup *b, int fd, struct err *e)
{
	autofree char *names = mem_alloc(XATTR_SIZE), *value = mem_alloc(XATTR_SIZE);
	ssize_t n = flistxattr(fd, names, XATTR_SIZE), k;

	if (n < 0)
		return errno == ENOTSUP ? 0 : err_sys(e, "reading its attributes");
	for (const char *p = names; p < names + n; p += strlen(p) + 1) {
		if (!tree_keeps(p))
			continue;
		if ((k = fgetxattr(fd, p, value, XATTR_SIZE)) < 0)
			return err_sys(e, "reading attribute %.60s", p);
		archive_entry_xattr_add_entry(b->ent, p, value, (size_t)k);
	}
	return 0;
}

/* Where its data lies, if there are holes at all. */
static void add_runs(struct backup *b, int fd, const struct stat *st)
{
	off_t data = 0, hole;

	if ((int64_t)st->st_blocks * 512 >= st->st_size)
		return;
	for (int i = 0; i < RUNS_MAX && (data = lseek(fd, data, SEEK_DATA)) >= 0; i++) {
		hole = i == RUNS_MAX - 1 ? st->st_size : lseek(fd, data, SEEK_HOLE);
		if (hole > st->st_size)
			hole = st->st_size;
		if (hole <= data)
			return;
		archive_entry_sparse_add_entry(b->ent, data, hole - data);
		data = hole;
	}
	if (archive_entry_sparse_count(b->ent) == 0) /* nothing but a hole */
		archive_entry_sparse_add_entry(b->ent, st->st_size, 0);
}

static int give(struct backup *b, const void *p, size_t n, struct err *e)
{
	return archive_write_data(b->ar, p, n) == (la_ssize_t)n ? 0 : failed(b, e);
}

/* Holes go through as zeros that the writer leaves out. */
static int write_contents(struct backup *b, int fd, off_t size, struct err *e)
{
	off_t at = 0, data, end;
	int rc = 0;

	while (rc == 0 && at < size) {
		data = lseek(fd, at, SEEK_DATA);
		if (data > at || (data < 0 && errno == ENXIO)) {
			end = data < 0 || data > size ? size : data;
			end = end - at > HOLE ? at + HOLE : end;
			rc = give(b, b->zeros, (size_t)(end - at), e);
			at = end;
			continue;
		}
		ssize_t n = pread(fd, b->buf, size - at > BLOCK ? BLOCK : (size_t)(size - at), at);

		if (n <= 0)
			return n < 0 ? err_sys(e, "reading") : err_set(e, E_FAIL, "it got shorter");
		rc = give(b, b->buf, (size_t)n, e);
		at += n;
	}
	return rc;
}

static void describe(struct backup *b, const char *path, const struct stat *st)
{
	autofree char *name = str_fmt(BACKUP_ROOT "%s%s", *path ? "/" : "", path);

	archive_entry_clear(b->ent);
	archive_entry_set_pathname(b->ent, name);
	archive_entry_set_filetype(b->ent, st->st_mode & S_IFMT);
	archive_entry_set_perm(b->ent, st->st_mode & 07777);
	archive_entry_set_uid(b->ent, st->st_uid);
	archive_entry_set_gid(b->ent, st->st_gid);
	archive_entry_set_mtime(b->ent, st->st_mtim.tv_sec, st->st_mtim.tv_nsec);
	archive_entry_set_size(b->ent, S_ISREG(st->st_mode) ? st->st_size : 0);
	b->files++;
}

static int write_open(struct backup *b, int fd, const char *path, const struct stat *st,
	struct err *e)
{
	int rc;

	describe(b, path, st);
	if ((rc = add_xattrs(b, fd, e)) < 0)
		return rc;
	if (S_ISREG(st->st_mode))
		add_runs(b, fd, st);
	if (archive_write_header(b->ar, b->ent) < ARCHIVE_WARN)
		return failed(b, e);
	return S_ISREG(st->st_mode) ? write_contents(b, fd, st->st_size, e) : 0;
}

static int write_other(struct backup *b, const struct tree_entry *en, const char *first,
	struct err *e)
{
	char target[PATH_MAX];
	ssize_t n;

	describe(b, en->path, en->st);
	if (first) {
		autofree char *name = str_fmt(BACKUP_ROOT "/%s", first);

		archive_entry_set_hardlink(b->ent, name);
		archive_entry_set_size(b->ent, 0);
	} else if (S_ISLNK(en->st->st_mode)) {
		if ((n = readlinkat(en->dir, en->name, target, sizeof(target) - 1)) < 0)
			return err_sys(e, "reading the link");
		target[n] = '\0';
		archive_entry_set_symlink(b->ent, target);
	}
	return archive_write_header(b->ar, b->ent) < ARCHIVE_WARN ? failed(b, e) : 0;
}

/* Devices and sockets are made anew by whoever needs them. */
static int write_entry(void *arg, const struct tree_entry *en, struct err *e)
{
	struct backup *b = arg;
	mode_t type = en->st->st_mode & S_IFMT;
	const char *first;
	autoclose int fd = -1;
	int rc;

	if (type == S_IFCHR || type == S_IFBLK || type == S_IFSOCK)
		return 0;
	first = tree_links_seen(&b->links, en->st, en->path);
	if (first || type == S_IFLNK || type == S_IFIFO) {
		rc = write_other(b, en, first, e);
		return rc < 0 ? err_wrap(e, "%.200s", en->path) : 0;
	}
	fd = openat(en->dir, en->name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	rc = fd < 0 ? err_sys(e, "opening it") : write_open(b, fd, en->path, en->st, e);
	return rc < 0 ? err_wrap(e, "%.200s", en->path) : 0;
}

/* ---- the archive ---- */

static int write_manifest(struct backup *b, const char *text, struct err *e)
{
	size_t n = strlen(text);

	archive_entry_clear(b->ent);
	archive_entry_set_pathname(b->ent, BACKUP_MANIFEST);
	archive_entry_set_filetype(b->ent, AE_IFREG);
	archive_entry_set_perm(b->ent, 0600);
	archive_entry_set_size(b->ent, (la_int64_t)n);
	if (archive_write_header(b->ar, b->ent) < ARCHIVE_WARN)
		return failed(b, e);
	return give(b, text, n, e);
}

static int open_archive(struct backup *b, struct err *e)
{
	setlocale(LC_CTYPE, "C.UTF-8"); /* else libarchive takes names for ASCII only */
	b->ent = archive_entry_new();
	b->ar = archive_write_new();
	b->buf = mem_alloc(BLOCK);
	b->zeros = mmap(NULL, HOLE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (b->zeros == MAP_FAILED) {
		b->zeros = NULL;
		return err_sys(e, "reserving memory");
	}
	sha256_init(&b->hash);
	archive_write_set_format_pax(b->ar);
	archive_write_add_filter_zstd(b->ar);
	archive_write_set_options(b->ar, "pax:xattrheader=SCHILY,zstd:compression-level=1");
	archive_write_set_bytes_per_block(b->ar, BLOCK);
	archive_write_set_bytes_in_last_block(b->ar, 1);
	return archive_write_open(b->ar, b, NULL, send_block, NULL) == ARCHIVE_OK ? 0
	                                                                          : failed(b, e);
}

static int write_tree(struct backup *b, int root, const char *manifest, struct err *e)
{
	struct tree_visitor v = {.enter = write_entry, .arg = b};
	struct stat st;
	int rc;

	if (fstat(root, &st) < 0)
		return err_sys(e, "reading its top directory");
	if ((rc = open_archive(b, e)) < 0 || (rc = write_manifest(b, manifest, e)) < 0)
		return rc;
	autoclose int top = openat(root, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if ((rc = write_open(b, top, "", &st, e)) < 0 || (rc = tree_walk(root, &v, e)) < 0)
		return rc;
	return archive_write_close(b->ar) == ARCHIVE_OK ? 0 : failed(b, e);
}

static int backup(struct agent *a, int root, const char *manifest, struct msg *ans, struct err *e)
{
	autoclean(backup_release) struct backup b = {.a = a};
	unsigned char sum[SHA256_SIZE];
	char hex[SHA256_HEX];
	int rc = write_tree(&b, root, manifest, e);

	if (rc < 0)
		return rc;
	sha256_end(&b.hash, sum);
	sha256_hex(sum, hex);
	msg_add_text(ans, "digest", hex);
	msg_add_i64(ans, "size", b.size);
	msg_add_i64(ans, "files", b.files);
	return 0;
}

/* ---- what it is read from ---- */

static int tick(void *arg, int64_t done, struct err *e)
{
	struct agent *a = arg;

	agent_progress(a, "copying the layer", done, 0);
	return agent_cancelled(a) ? err_set(e, E_INTR, "cancelled") : 0;
}

/* Of no project: it is the server's own disk that is used meanwhile. */
static int copy_aside(struct agent *a, const struct ps_conf *c, const char *aside, struct err *e)
{
	struct ps_conf none = {.name = c->name};
	struct tree_copy t = {.progress = tick, .arg = a};
	autoclose int upper = -1;
	struct freeze f;
	int rc;

	if ((rc = dir_remove(aside, e)) < 0 || (rc = dir_make(aside, 0700, e)) < 0 ||
		(rc = kept_room(&none, NULL, &t, e)) < 0)
		return rc;
	upper = open(aside, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (upper < 0)
		return err_sys(e, "%s", aside);
	if ((rc = freeze_begin(&f, c->name, e)) < 0)
		return rc;
	rc = kept_copy(c, LAYER_NOW, upper, &t, e);
	freeze_end(&f);
	return rc;
}

static int backup_from(struct agent *a, const struct ps_conf *c, const char *upper,
	const char *manifest, struct msg *ans, struct err *e)
{
	autoclose int root = -1;
	int rc = kept_merged(c, upper, c->image, &root, e);

	return rc < 0 ? rc : backup(a, root, manifest, ans, e);
}

AGENT_OP(ps_backup, "ps.backup", OP_READ | OP_LOCK_PS)
{
	autoconf_ps c = {0};
	char layer[PATH_MAX], aside[PATH_MAX], hidden[80];
	const char *name, *manifest;
	int rc;

	if ((rc = msg_need_name(req, "name", &name, e)) < 0 ||
		(rc = msg_need_text(req, "manifest", &manifest, e)) < 0 ||
		(rc = ps_conf_read(&c, name, e)) < 0)
		return rc;
	if (!ps_is_running(name))
		return backup_from(a, &c, ps_path(layer, name, LAYER_NOW "/upper"), manifest, ans,
			e);
	snprintf(hidden, sizeof(hidden), ASIDE "%s", name);
	ps_path(aside, hidden, NULL);
	rc = copy_aside(a, &c, aside, e);
	if (rc == 0)
		rc = backup_from(a, &c, aside, manifest, ans, e);
	dir_remove(aside, NULL);
	return rc;
}
