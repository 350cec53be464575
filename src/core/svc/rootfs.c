/* SPDX-License-Identifier: MIT */
#include "svc/rootfs.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/str.h"

#define BLOCK       65536
#define MAX_ENTRIES 2000000
#define MAX_BYTES   (64LL << 30)
#define MAX_ID      65535

struct copy {
	struct archive *in, *out;
	size_t prefix; /* bytes of the directory's path before each name */
	struct rootfs_info *info;
	void (*progress)(void *arg, int64_t bytes);
	void *arg;
	int64_t entries;
	bool init_seen;
	struct str os_release;
};

static void in_free(struct archive **a)
{
	if (*a)
		archive_read_free(*a);
}

static void out_free(struct archive **a)
{
	if (*a)
		archive_write_free(*a);
}

/* The name below the root without leading "./" or "/"; NULL when it leads outward. */
static const char *inner_name(const char *name)
{
	while (str_starts(name, "./"))
		name += 2 + strspn(name + 2, "/");
	if (name[0] == '/')
		return NULL;
	for (const char *p = name; p && *p; p = strchr(p, '/'), p = p ? p + 1 : NULL)
		if (p[0] == '.' && p[1] == '.' && (p[2] == '/' || p[2] == '\0'))
			return NULL;
	return name;
}

static int refuse(struct err *e, const char *name, const char *why)
{
	autostr clean = STR_INIT;

	str_add_clean(&clean, name ? name : "?", name ? strlen(name) : 1, false);
	return err_set(e, E_INTEGRITY, "image refused: %.300s: %s", str_c(&clean), why);
}

/* Check one entry and put its inner name in place. 1 keep, 0 leave out, negative refuse. */
static int vet(struct copy *c, struct archive_entry *en, struct err *e)
{
	const char *raw = archive_entry_pathname(en);
	const char *link = archive_entry_hardlink(en);
	mode_t type = archive_entry_filetype(en);
	const char *name;

	if (!raw || !str_is_utf8(raw, strlen(raw)))
		return refuse(e, raw, "its name is not UTF-8");
	name = c->prefix ? raw + (strlen(raw) > c->prefix ? c->prefix : strlen(raw)) : raw;
	name += c->prefix && name[0] == '/';
	if (!(name = inner_name(name)))
		return refuse(e, raw, "leads out of the image");
	if (!*name || strcmp(name, ".") == 0)
		return 0;
	if (type == AE_IFBLK || type == AE_IFCHR || type == AE_IFSOCK)
		return 0; /* a private server has its own /dev */
	if (link && !(link = inner_name(
			      c->prefix && str_starts(link, "/") ? link + c->prefix + 1 : link)))
		return refuse(e, raw, "is a hard link out of the image");
	if (archive_entry_uid(en) < 0 || archive_entry_uid(en) > MAX_ID ||
		archive_entry_gid(en) < 0 || archive_entry_gid(en) > MAX_ID)
		return refuse(e, raw, "belongs to an id above 65535");
	if (++c->entries > MAX_ENTRIES)
		return refuse(e, raw, "more than 2,000,000 entries");
	autofree char *keep = mem_strdup(name), *keep_link = mem_strdup0(link);
	archive_entry_copy_pathname(en, keep);
	if (keep_link)
		archive_entry_copy_hardlink(en, keep_link);
	if (strcmp(keep, "sbin/init") == 0 || strcmp(keep, "usr/sbin/init") == 0)
		c->init_seen = true;
	return 1;
}

/* Names, times below a second and flags say nothing inside; the same tree gives the same bytes. */
static void normalise(struct archive_entry *en)
{
	archive_entry_set_uname(en, NULL);
	archive_entry_set_gname(en, NULL);
	archive_entry_unset_atime(en);
	archive_entry_unset_ctime(en);
	archive_entry_unset_birthtime(en);
	archive_entry_set_mtime(en, archive_entry_mtime(en), 0);
	archive_entry_set_dev(en, 0);
	archive_entry_set_ino(en, 0);
}

static int out_error(struct copy *c, struct err *e)
{
	int code = archive_errno(c->out) == ENOSPC ? E_LIMIT : E_FAIL;

	return err_set(e, code, "image: %s", archive_error_string(c->out));
}

static int copy_data(struct copy *c, bool is_os_release, struct err *e)
{
	char buf[BLOCK];
	la_ssize_t n;

	while ((n = archive_read_data(c->in, buf, sizeof(buf))) > 0) {
		c->info->unpacked += n;
		if (c->info->unpacked > MAX_BYTES)
			return err_set(e, E_INTEGRITY, "image refused: more than 64 GiB");
		if (archive_write_data(c->out, buf, (size_t)n) < 0)
			return out_error(c, e);
		if (is_os_release && c->os_release.len < BLOCK)
			str_addn(&c->os_release, buf, (size_t)n);
		if (c->progress)
			c->progress(c->arg, c->info->unpacked);
		if (interrupted)
			return err_interrupted(e);
	}
	return n < 0 ? err_set(e, E_INTEGRITY, "image: %s", archive_error_string(c->in)) : 0;
}

static int copy_entries(struct copy *c, struct err *e)
{
	struct archive_entry *en;
	int rc, r;

	while ((rc = archive_read_next_header(c->in, &en)) == ARCHIVE_OK || rc == ARCHIVE_WARN) {
		bool dir = archive_entry_filetype(en) == AE_IFDIR;

		if (c->prefix && dir)
			archive_read_disk_descend(c->in);
		if ((r = vet(c, en, e)) < 0)
			return r;
		if (r == 0)
			continue;
		normalise(en);
		bool os = strcmp(archive_entry_pathname(en), "usr/lib/os-release") == 0;
		if (archive_write_header(c->out, en) < ARCHIVE_WARN)
			return out_error(c, e);
		if (archive_entry_filetype(en) == AE_IFREG && !archive_entry_hardlink(en) &&
			(r = copy_data(c, os, e)) < 0)
			return r;
	}
	if (rc != ARCHIVE_EOF)
		return err_set(e, E_INTEGRITY, "image: %s", archive_error_string(c->in));
	if (!c->init_seen)
		return err_set(e, E_INTEGRITY,
			"image refused: there is no sbin/init in it (%lld entries)",
			(long long)c->entries);
	return archive_write_close(c->out) < 0 ? out_error(c, e) : 0;
}

static void read_os(struct copy *c)
{
	const char *p = strstr(str_c(&c->os_release), "PRETTY_NAME=");
	size_t n;

	if (!p)
		return;
	p += strlen("PRETTY_NAME=");
	p += *p == '"';
	n = strcspn(p, "\"\n");
	autostr clean = STR_INIT;
	str_add_clean(&clean, p, n < 100 ? n : 100, false);
	strncpy(c->info->os, str_c(&clean), sizeof(c->info->os) - 1);
}

static int open_in(struct copy *c, const char *from, struct err *e)
{
	struct stat st;

	if (stat(from, &st) < 0)
		return err_set(e, E_NOTFOUND, "%s: %s", from, strerror(errno));
	if (S_ISDIR(st.st_mode)) {
		c->in = archive_read_disk_new();
		archive_read_disk_set_symlink_physical(c->in);
		archive_read_disk_set_behavior(c->in, ARCHIVE_READDISK_NO_TRAVERSE_MOUNTS);
		c->prefix = strlen(from);
		if (archive_read_disk_open(c->in, from) == ARCHIVE_OK)
			return 0;
	} else {
		c->in = archive_read_new();
		archive_read_support_filter_all(c->in);
		archive_read_support_format_tar(c->in);
		if (archive_read_open_filename(c->in, from, BLOCK) == ARCHIVE_OK)
			return 0;
	}
	return err_set(e, E_INTEGRITY, "%s is not an image: %s", from, archive_error_string(c->in));
}

static int open_out(struct copy *c, const char *to, struct err *e)
{
	c->out = archive_write_new();
	archive_write_set_format_pax_restricted(c->out);
	archive_write_add_filter_zstd(c->out);
	archive_write_set_options(c->out, "zstd:compression-level=6");
	return archive_write_open_filename(c->out, to) == ARCHIVE_OK ? 0 : out_error(c, e);
}

static int write_file(struct copy *c, const char *from, const char *to, struct err *e)
{
	autoclean(in_free) struct archive *in = NULL;
	autoclean(out_free) struct archive *out = NULL;
	int r = open_in(c, from, e);

	in = c->in;
	if (r < 0)
		return r;
	r = open_out(c, to, e);
	out = c->out;
	return r < 0 ? r : copy_entries(c, e);
}

static int settle(const char *tmp, const char *to, struct rootfs_info *info, struct err *e)
{
	autoclose int fd = open(tmp, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || fsync(fd) < 0)
		return err_sys(e, "%s", tmp);
	int r = sha256_fd(fd, info->digest, &info->size, e);
	if (r < 0)
		return r;
	return rename(tmp, to) < 0 ? err_sys(e, "%s", to) : 0;
}

int rootfs_write(const char *from, const char *to, struct rootfs_info *out,
	void (*progress)(void *arg, int64_t bytes), void *arg, struct err *e)
{
	autofree char *tmp = str_fmt("%s.part", to);
	struct copy c = {.info = out, .progress = progress, .arg = arg};
	int r;

	*out = (struct rootfs_info){0};
	r = write_file(&c, from, tmp, e);
	if (r == 0)
		read_os(&c);
	str_release(&c.os_release);
	if (r == 0)
		r = settle(tmp, to, out, e);
	if (r < 0)
		unlink(tmp);
	return r;
}
