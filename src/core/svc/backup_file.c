/* SPDX-License-Identifier: MIT */
#include "svc/backup_file.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/mem.h"
#include "util/str.h"

#define BLOCK       65536
#define MAX_ENTRIES 4000000
#define MAX_ID      65535

/* Magic number of a skippable frame, its length, our own word. */
static const unsigned char seal_head[] = {0x5e, 0x2a, 0x4d, 0x18, 36, 0, 0, 0, 's', 'x', 'c', 'B'};

void backup_seal(const unsigned char digest[SHA256_SIZE], unsigned char out[BACKUP_SEAL])
{
	memcpy(out, seal_head, sizeof(seal_head));
	memcpy(out + sizeof(seal_head), digest, SHA256_SIZE);
}

void backup_file_release(struct backup_file *b)
{
	free(b->manifest);
	*b = (struct backup_file){0};
}

/* ---- seal ---- */

/* Digests of what is sealed and of the whole file, in one reading. */
static int hash_file(int fd, const char *path, int64_t size, unsigned char inner[SHA256_SIZE],
	unsigned char whole[SHA256_SIZE], struct err *e)
{
	autofree char *buf = mem_alloc(BLOCK);
	struct sha256 a, b;

	sha256_init(&a);
	sha256_init(&b);
	for (int64_t at = 0; at < size;) {
		int64_t end = at < size - BACKUP_SEAL ? size - BACKUP_SEAL : size;
		size_t want = end - at > BLOCK ? BLOCK : (size_t)(end - at);
		ssize_t n = pread(fd, buf, want, at);

		if (n <= 0)
			return n < 0 ? err_sys(e, "%s", path)
			             : err_set(e, E_FAIL, "%s got shorter", path);
		if (at < size - BACKUP_SEAL)
			sha256_add(&a, buf, (size_t)n);
		sha256_add(&b, buf, (size_t)n);
		at += n;
		if (interrupted)
			return err_interrupted(e);
	}
	sha256_end(&a, inner);
	sha256_end(&b, whole);
	return 0;
}

static int check_seal(const char *path, struct backup_file *b, struct err *e)
{
	autoclose int fd = open(path, O_RDONLY | O_CLOEXEC);
	unsigned char seal[BACKUP_SEAL], inner[SHA256_SIZE], whole[SHA256_SIZE];
	struct stat st;
	int r;

	if (fd < 0 || fstat(fd, &st) < 0)
		return err_set(e, errno == ENOENT ? E_NOTFOUND : E_FAIL, "%s: %s", path,
			strerror(errno));
	b->size = st.st_size;
	if (!S_ISREG(st.st_mode) || b->size <= BACKUP_SEAL ||
		pread(fd, seal, sizeof(seal), b->size - BACKUP_SEAL) != BACKUP_SEAL ||
		memcmp(seal, seal_head, sizeof(seal_head)) != 0)
		return err_set(e, E_INTEGRITY,
			"%s is no backup of a private server, or was cut short", path);
	if ((r = hash_file(fd, path, b->size, inner, whole, e)) < 0)
		return r;
	if (memcmp(inner, seal + sizeof(seal_head), SHA256_SIZE) != 0)
		return err_set(e, E_INTEGRITY, "%s is damaged: its digest is not that of its seal",
			path);
	sha256_hex(whole, b->digest);
	return 0;
}

/* ---- entries ---- */

struct reading {
	const char *path;
	struct archive *in;
	struct backup_file *b;
};

static void in_free(struct archive **a)
{
	if (*a)
		archive_read_free(*a);
}

static int refuse(const struct reading *k, const char *name, const char *why, struct err *e)
{
	autostr clean = STR_INIT;

	str_add_clean(&clean, name ? name : "?", name ? strnlen(name, 300) : 1, false);
	return err_set(e, E_INTEGRITY, "%s refused: %s: %s", k->path, str_c(&clean), why);
}

static int broken(const struct reading *k, struct err *e)
{
	autostr clean = STR_INIT;
	const char *why = archive_error_string(k->in);

	str_add_clean(&clean, why ? why : "damaged", why ? strlen(why) : 7, false);
	return err_set(e, E_INTEGRITY, "%s refused: %s", k->path, str_c(&clean));
}

static int open_in(struct reading *k, struct err *e)
{
	k->in = archive_read_new();
	archive_read_support_filter_zstd(k->in);
	archive_read_support_format_tar(k->in);
	return archive_read_open_filename(k->in, k->path, BLOCK) == ARCHIVE_OK ? 0 : broken(k, e);
}

/* BACKUP_ROOT itself or a name below it that stays there. */
static bool is_inner(const char *name)
{
	size_t n = strlen(BACKUP_ROOT);

	if (strncmp(name, BACKUP_ROOT, n) != 0 || (name[n] && name[n] != '/'))
		return false;
	for (const char *p = name; p; p = strchr(p, '/'), p = p ? p + 1 : NULL)
		if (p[0] == '.' && p[1] == '.' && (p[2] == '/' || p[2] == '\0'))
			return false;
	return true;
}

static int vet(struct reading *k, struct archive_entry *en, struct err *e)
{
	const char *name = archive_entry_pathname(en), *link = archive_entry_hardlink(en);
	mode_t type = archive_entry_filetype(en);

	if (!name || !is_inner(name))
		return refuse(k, name, "leads out of the private server", e);
	if (link && !is_inner(link))
		return refuse(k, name, "is a hard link out of the private server", e);
	if (!link && type != AE_IFREG && type != AE_IFDIR && type != AE_IFLNK && type != AE_IFIFO)
		return refuse(k, name, "is a device or a socket", e);
	if (archive_entry_uid(en) < 0 || archive_entry_uid(en) > MAX_ID ||
		archive_entry_gid(en) < 0 || archive_entry_gid(en) > MAX_ID)
		return refuse(k, name, "belongs to an id above 65535", e);
	return ++k->b->files > MAX_ENTRIES ? refuse(k, name, "more than 4,000,000 entries", e) : 0;
}

static int count_data(struct reading *k, const char *name, int64_t max, struct err *e)
{
	const void *p;
	size_t n;
	la_int64_t off;
	int rc;

	while ((rc = archive_read_data_block(k->in, &p, &n, &off)) == ARCHIVE_OK) {
		k->b->bytes += (int64_t)n;
		if (k->b->bytes > max)
			return refuse(k, name,
				"the files take more than the private server may hold", e);
		if (interrupted)
			return err_interrupted(e);
	}
	return rc == ARCHIVE_EOF ? 0 : broken(k, e);
}

static int read_manifest(struct reading *k, struct err *e)
{
	struct archive_entry *en;
	la_int64_t size;
	int rc = archive_read_next_header(k->in, &en);

	if (rc != ARCHIVE_OK && rc != ARCHIVE_WARN)
		return broken(k, e);
	size = archive_entry_size(en);
	if (!str_eq(archive_entry_pathname(en), BACKUP_MANIFEST) ||
		archive_entry_filetype(en) != AE_IFREG || size < 2 || size > BACKUP_MANIFEST_MAX)
		return refuse(k, archive_entry_pathname(en), "the manifest does not come first", e);
	free(k->b->manifest);
	k->b->manifest = mem_zalloc((size_t)size + 1);
	return archive_read_data(k->in, k->b->manifest, (size_t)size) == size ? 0 : broken(k, e);
}

int backup_file_open(const char *path, struct backup_file *b, struct err *e)
{
	struct reading k = {.path = path, .b = b};
	autoclean(in_free) struct archive *in = NULL;
	int r = check_seal(path, b, e);

	if (r < 0)
		return r;
	r = open_in(&k, e);
	in = k.in;
	return r < 0 ? r : read_manifest(&k, e);
}

int backup_file_check(const char *path, struct backup_file *b, int64_t max, struct err *e)
{
	struct reading k = {.path = path, .b = b};
	autoclean(in_free) struct archive *in = NULL;
	struct archive_entry *en;
	int rc, r = open_in(&k, e);

	in = k.in;
	b->bytes = b->files = 0;
	if (r < 0 || (r = read_manifest(&k, e)) < 0)
		return r;
	while ((rc = archive_read_next_header(in, &en)) == ARCHIVE_OK || rc == ARCHIVE_WARN) {
		autofree char *name = mem_strdup0(archive_entry_pathname(en));

		if ((r = vet(&k, en, e)) < 0 || (r = count_data(&k, name, max, e)) < 0)
			return r;
	}
	if (rc != ARCHIVE_EOF)
		return broken(&k, e);
	return b->files ? 0 : refuse(&k, path, "there are no files in it", e);
}
